"""Is each rule of training what the port writes?"""

from __future__ import annotations

import pytest

from tests.port.training.harness import port
from torchkeras_layer.port.training.rules import RULES

_SCRIPT = """\
import keras
from keras.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, Nadam, RMSprop
from keras.callbacks import {callbacks}
from keras.losses import BinaryCrossentropy, SparseCategoricalCrossentropy
from keras.optimizers.schedules import CosineDecay, CosineDecayRestarts, ExponentialDecay, PolynomialDecay
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile(optimizer={optimizer}, loss={loss})
{method}
"""
_CALLBACKS = (
    "CSVLogger EarlyStopping LambdaCallback LearningRateScheduler ModelCheckpoint ReduceLROnPlateau TensorBoard "
    "TerminateOnNaN"
)
_USUAL = {"optimizer": "'sgd'", "loss": "'poisson'", "method": "model.fit(x, y, epochs=2)"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.keras)
def test_a_rule_is_what_is_written(rule):
    used = dict(_USUAL)
    if rule.kind == "callback":
        used["method"] = f"model.fit(x, y, epochs=2, callbacks=[{rule.keras}])"
    else:
        used[rule.kind] = rule.keras
    ported = port(_SCRIPT.format(**used, callbacks=", ".join(_CALLBACKS.split())))
    assert ported.reasons() == []
    assert "".join(rule.torch.split()) in "".join(ported.text.split()).replace(",)", ")").replace("'", '"')
