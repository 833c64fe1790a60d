"""Is what `--style lightning` writes a module and a trainer, and is the rest left with a reason?"""

from __future__ import annotations

import pytest

from tests.port.training.harness import port
from tests.port.training.scripts import SCRIPTS

_SCRIPT = """\
import keras
from keras.callbacks import EarlyStopping

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
model.compile(optimizer=keras.optimizers.SGD(0.1, clipvalue=0.5), loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x, y, epochs=5, verbose=0, validation_data=(x, y), callbacks=[EarlyStopping(patience=2, restore_best_weights=True)]
)
print(history.history["val_accuracy"])
"""
_EXPECTED = """\
import lightning as L
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import torchkeras_layer as keras

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])


class TrainingModule(L.LightningModule):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.loss_function = keras.losses.CategoricalCrossentropy()
        self.accuracy = keras.metrics.CategoricalAccuracy()
        self.val_accuracy = keras.metrics.CategoricalAccuracy()
        self.history = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}

    def training_step(self, batch, batch_index):
        inputs, targets = batch
        outputs = self.model(inputs)
        loss = self.loss_function(targets, outputs)
        self.log("loss", loss, on_step=False, on_epoch=True, prog_bar=True)
        self.accuracy.update_state(targets, outputs)
        return loss

    def validation_step(self, batch, batch_index):
        inputs, targets = batch
        outputs = self.model(inputs)
        loss = self.loss_function(targets, outputs)
        self.log("val_loss", loss, prog_bar=True)
        self.val_accuracy.update_state(targets, outputs)

    def on_train_epoch_end(self):
        self.log("accuracy", self.accuracy.result(), prog_bar=True)
        self.accuracy.reset_state()
        for key, values in self.history.items():
            values.append(self.trainer.callback_metrics[key].item())

    def on_validation_epoch_end(self):
        self.log("val_accuracy", self.val_accuracy.result(), prog_bar=True)
        self.val_accuracy.reset_state()

    def on_before_optimizer_step(self, optimizer):
        nn.utils.clip_grad_value_(self.model.parameters(), 0.5)

    def configure_optimizers(self):
        return torch.optim.SGD(self.model.parameters(), lr=0.1)


train_loader = DataLoader(TensorDataset(torch.as_tensor(x), torch.as_tensor(y)), batch_size=32, shuffle=True)
val_loader = DataLoader(TensorDataset(torch.as_tensor(x), torch.as_tensor(y)), batch_size=32)
best = L.pytorch.callbacks.ModelCheckpoint(monitor="val_loss", mode="min", save_weights_only=True)
module = TrainingModule(model)
trainer = L.Trainer(
    max_epochs=5,
    callbacks=[L.pytorch.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=2), best],
    logger=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(module, train_loader, val_loader)
module.load_state_dict(torch.load(best.best_model_path)["state_dict"])
history = module.history
print(history["val_accuracy"])
"""


def test_a_whole_script():
    ported = port(_SCRIPT, "lightning", formats=True)
    assert ported.reasons() == []
    assert ported.text == _EXPECTED


@pytest.mark.parametrize("name", SCRIPTS)
def test_all_are_written_or_left_whole(name):
    ported = port(SCRIPTS[name], "lightning")
    compile(ported.text, name, "exec")
    fits = SCRIPTS[name].count(".fit(")
    if ported.reasons():
        assert all("use --style loop" in reason or reason.startswith("it belongs") for reason in ported.reasons())
    else:
        assert ported.text.count("L.Trainer(") == fits
