"""Train a small convolutional network on images of handwritten digits, in a plain PyTorch loop.

Data: the 1,797 images of 8 x 8 pixels that come with scikit-learn. A quarter is held out.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import trange

import torchkeras_layer as keras
from torchkeras_layer import layers

EPOCHS = 16
EXPECTED = 0.97


def make_model() -> keras.Sequential:
    """Return the network: images (batch, 8, 8, 1) with values from 0 to 16 in, scores (batch, 10) out."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(64, 3, padding="same", activation="relu"),
            layers.SpatialDropout2D(0.1),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        ],
        name="digit_images",
    )


def load_data() -> tuple[TensorDataset, Tensor, Tensor]:
    """Return the training set, and the images and labels that are held out."""
    digits: Any = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(-1)
    labels = torch.tensor(digits.target)
    train, test = train_test_split(range(len(labels)), test_size=0.25, random_state=0, stratify=digits.target)
    return TensorDataset(images[train], labels[train]), images[test], labels[test]


def train(model: nn.Module, data: TensorDataset) -> None:
    """Train as one would any PyTorch model."""
    loader = DataLoader(data, batch_size=64, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=EPOCHS * len(loader))
    model.train()
    progress = trange(EPOCHS, desc="training", unit="epoch", disable=None)
    for _ in progress:
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() / len(loader)
        progress.set_postfix(loss=f"{total:.3f}")


def main() -> None:
    """Train and report."""
    keras.utils.set_random_seed(0)
    data, images, labels = load_data()
    model = make_model()
    model.summary()
    train(model, data)
    with torch.no_grad():
        reached = (model.eval()(images).argmax(1) == labels).float().mean().item()
    print(f"accuracy on {len(labels)} held-out digits: {reached:.1%}")
    if reached < EXPECTED:
        raise SystemExit(f"Expected at least {EXPECTED:.1%}.")


if __name__ == "__main__":
    main()
