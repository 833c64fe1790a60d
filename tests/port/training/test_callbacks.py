"""Do the lines written for callbacks leave the files and stop at the epochs that Keras's callbacks do?"""

from __future__ import annotations

import csv

import numpy as np
import pytest

import torchkeras_layer
from tests.oracle import keras
from tests.port.training.harness import port, run

_SCRIPT = """\
import numpy as np
import keras
from keras import layers
from keras.callbacks import CSVLogger, EarlyStopping, LambdaCallback, ModelCheckpoint, TerminateOnNaN

x = np.linspace(-1, 1, 60).reshape(20, 3)
y = x.sum(axis=1) ** 2
model = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])
start(model)
model.compile(optimizer=keras.optimizers.SGD({rate}), loss="mse")
epochs, begun = [], []
callbacks = [
    CSVLogger("log.csv"),
    TerminateOnNaN(),
    ModelCheckpoint("every/{{epoch:02d}}-{{val_loss:.3f}}.weights.h5", save_weights_only=True),
    ModelCheckpoint("best.keras", monitor="val_loss", save_best_only=True),
    EarlyStopping(patience=2, min_delta=0.01),
    LambdaCallback(
        on_epoch_begin=lambda epoch, logs: begun.append(epoch),
        on_epoch_end=lambda epoch, logs: epochs.append((epoch, logs["val_loss"])),
    ),
]
model.fit(x, y, epochs=12, batch_size=5, shuffle=False, verbose=0, callbacks=callbacks, validation_data=(x, y))
"""


def _run_both(tmp_path, monkeypatch, script):
    found = []
    ported = port(script)
    assert ported.reasons() == []
    for name, text in (("old", script), ("new", ported.text)):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        found.append((folder, run(text)))
    return found


@pytest.mark.filterwarnings("ignore")
def test_files_and_epochs(tmp_path, monkeypatch):
    (old, expected), (new, found) = _run_both(tmp_path, monkeypatch, _SCRIPT.format(rate=0.02))
    assert 2 < len(expected["epochs"]) < 12
    np.testing.assert_allclose(found["epochs"], expected["epochs"], rtol=1e-4)
    assert found["begun"] == expected["begun"]
    names = [sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")) for folder in (old, new)]
    assert names[0] == names[1]
    rows = [list(csv.DictReader((folder / "log.csv").open())) for folder in (old, new)]
    assert [list(row) for row in rows[0]] == [list(row) for row in rows[1]]
    for first, second in zip(*rows, strict=True):
        np.testing.assert_allclose(
            [float(first[key]) for key in first], [float(second[key]) for key in first], rtol=1e-4
        )
    best = keras.models.load_model(old / "best.keras"), torchkeras_layer.models.load_model(new / "best.keras")
    for first, second in zip(best[0].get_weights(), best[1].get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_terminates_on_nan(tmp_path, monkeypatch):
    script = _SCRIPT.format(rate=1e20).replace("    EarlyStopping(patience=2, min_delta=0.01),\n", "")
    script = "\n".join(line for line in script.split("\n") if "ModelCheckpoint(" not in line)
    (_, expected), (_, found) = _run_both(tmp_path, monkeypatch, script)
    assert len(found["epochs"]) == len(expected["epochs"]) == 1


def test_tensorboard_and_plateau_are_written():
    ported = port(
        "import keras\n"
        "model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "model.fit(x, y, callbacks=[keras.callbacks.TensorBoard('runs', histogram_freq=1),\n"
        "                           keras.callbacks.ReduceLROnPlateau('loss', patience=p, cooldown=3)], epochs=3)\n"
    )
    assert ported.reasons() == []
    assert "writer = SummaryWriter('runs')" in ported.text
    assert 'writer.add_scalar("loss/train", train_loss, epoch)' in ported.text
    assert 'factor=0.1, patience=p - 1, threshold=1e-4, threshold_mode="abs", cooldown=2' in ported.text
    assert "plateau.step(train_loss)" in ported.text
    assert "from torch.utils.tensorboard import SummaryWriter\n" in ported.text
