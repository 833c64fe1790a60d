"""Train a classifier of handwritten digits: Keras layers and torch modules in one plain PyTorch loop.

Data: the 1,797 images of 8 x 8 pixels that come with scikit-learn. A quarter is held out.
"""

from __future__ import annotations

import pathlib
import tempfile
from typing import Any

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import trange

import torchkeras_layer as keras

EPOCHS = 60


class FeatureGate(keras.layers.Layer):
    """Opens or closes each input feature, and pays for every one that it leaves open. Ported from Keras unchanged."""

    def __init__(self, price: float = 1e-4, **kwargs) -> None:
        super().__init__(**kwargs)
        self.price = price

    def build(self, input_shape) -> None:
        """Make one gate for each feature, all half open."""
        self.logits = self.add_weight(
            name="logits",
            shape=(input_shape[-1],),
            initializer="zeros",
            regularizer=keras.regularizers.L2(1e-4),
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs (batch, features), those behind closed gates made small."""
        gate = torch.sigmoid(4.0 * self.logits)
        self.add_loss(self.price * gate.sum())
        self.add_metric((gate > 0.5).float().mean(), name="open_gates")
        return inputs * gate


def make_model() -> nn.Sequential:
    """Return the model, not built: no layer of it knows its input size yet."""
    return nn.Sequential(
        nn.Flatten(),
        FeatureGate(),
        keras.layers.Dense(128),
        keras.layers.BatchNormalization(),
        nn.ReLU(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(64, activation="relu"),
        nn.Linear(64, 10),
    )


def load_data() -> tuple[TensorDataset, Tensor, Tensor]:
    """Return the training set, and the images and labels that are held out."""
    digits: Any = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32) / 16
    labels = torch.tensor(digits.target)
    train, test = train_test_split(range(len(labels)), test_size=0.25, random_state=0, stratify=digits.target)
    return TensorDataset(images[train], labels[train]), images[test], labels[test]


def train(model: nn.Module, data: TensorDataset) -> None:
    """Train as one would any PyTorch model; the layers' own losses are added to the main one."""
    loader = DataLoader(data, batch_size=64, shuffle=True, drop_last=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    model.train()
    progress = trange(EPOCHS, desc="training", unit="epoch", disable=None)
    for _ in progress:
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            main_loss = F.cross_entropy(model(images), labels)
            (main_loss + sum(keras.collect_losses(model))).backward()
            optimizer.step()
            total += main_loss.item() / len(loader)
        schedule.step()
        progress.set_postfix(loss=f"{total:.3f}")


@torch.no_grad()
def predict(model: nn.Module, images: Tensor) -> Tensor:
    """Return the class scores in inference mode."""
    return model.eval()(images)


def main() -> None:
    """Train, report, save, and load into a model that is not built."""
    keras.utils.set_random_seed(0)
    data, images, labels = load_data()

    # An optimizer needs the weights, so the layers must see the shape of an input first.
    model = make_model()
    keras.build(model, images[:1])
    print(model)
    train(model, data)

    scores = predict(model, images)
    accuracy = (scores.argmax(1) == labels).float().mean().item()
    print(f"accuracy on {len(labels)} held-out digits: {accuracy:.1%}")
    gate = model[1]
    assert isinstance(gate, FeatureGate)
    print(f"gates left open, on average over the training: {gate.metrics[0].result().item():.0%}")

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "digits.pt"
        torch.save(model.state_dict(), path)
        twin = make_model()
        twin.load_state_dict(torch.load(path, weights_only=True))
    same = torch.equal(predict(twin, images), scores)
    print(f"a fresh model that loaded the state_dict predicts the same: {same}")
    if accuracy < 0.97 or not same:
        raise SystemExit("Expected at least 97.0% and the same predictions.")


if __name__ == "__main__":
    main()
