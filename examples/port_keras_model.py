"""Port a model that Keras trained: open its file, get the same predictions, train it further, export it.

Keras trained `keras_files/digits.keras` on the digits of scikit-learn, and `keras_files/predictions_of_keras.npy` is
what it predicted (`train_digits_with_keras.py` made both). Neither Keras nor TensorFlow is used here.
"""

from __future__ import annotations

import pathlib
import sys
import tempfile
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import trange

import torchkeras_layer as keras

FILES = pathlib.Path(__file__).parent / "keras_files"
EPOCHS = 8
EXPECTED = 0.93


def load_data() -> tuple[TensorDataset, Tensor, Tensor]:
    """Return the images (n, 8, 8, 1) and labels for training, and the images and labels that are held out."""
    digits: Any = load_digits()
    images = torch.tensor(digits.images[..., None], dtype=torch.float32)
    labels = torch.tensor(digits.target)
    train, test = train_test_split(range(len(images)), test_size=0.25, random_state=0, stratify=digits.target)
    return TensorDataset(images[train], labels[train]), images[test], labels[test]


@torch.no_grad()
def predict(model: nn.Module, images: Tensor) -> Tensor:
    """Return the probabilities of the ten digits in inference mode."""
    return model.eval()(images)


def accuracy(probabilities: Tensor, labels: Tensor) -> float:
    """Return the share of images whose most probable digit is the right one."""
    return (probabilities.argmax(1) == labels).float().mean().item()


def fine_tune(model: nn.Module, data: TensorDataset) -> None:
    """Train on mirrored images in a plain PyTorch loop; only the parameters that train get a gradient."""
    loader = DataLoader(data, batch_size=64, shuffle=True)
    optimizer = torch.optim.Adam([weight for weight in model.parameters() if weight.requires_grad], lr=3e-3)
    model.train()
    for _ in (progress := trange(EPOCHS, desc="training", unit="epoch", disable=None)):
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.nll_loss(model(images.flip(2)).clamp_min(1e-7).log(), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() / len(loader)
        progress.set_postfix(loss=f"{total:.3f}")


def export(model: nn.Module, images: Tensor) -> float:
    """Export the model with a free batch size, load the program, and return the largest difference of its outputs."""
    batch = torch.export.Dim("batch")
    program = torch.export.export(model.eval(), (images[:2],), dynamic_shapes=({0: batch},))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "digits.pt2"
        torch.export.save(program, path)
        size = path.stat().st_size
        exported = torch.export.load(path).module()
    difference = (exported(images) - predict(model, images)).abs().max().item()
    print(f"exported to {size / 1024:.0f} KB, which run without this library; largest difference: {difference:.1e}")
    return difference


def main() -> None:
    """Load, compare with Keras, fine-tune, export; fail if a number is not what it should be."""
    torch.manual_seed(0)
    data, images, labels = load_data()

    print(
        "\n1. Open the file that Keras saved. Neither Keras nor TensorFlow is imported; nothing in the file is run.\n"
    )
    model = keras.saving.load_model(FILES / "digits.keras")
    model.summary()
    print(f"\nKeras and TensorFlow imported: {'keras' in sys.modules or 'tensorflow' in sys.modules}")

    print("\n2. Compare with what Keras predicted: if these agree, nothing was lost on the way.\n")
    probabilities = predict(model, images)
    difference = np.abs(probabilities.numpy() - np.load(FILES / "predictions_of_keras.npy")).max().item()
    print(f"largest difference of {probabilities.numel()} probabilities: {difference:.1e}")
    print(f"accuracy on {len(labels)} held-out digits: {accuracy(probabilities, labels):.1%}")

    print("\n3. Train it further, in a plain PyTorch loop: it is an nn.Module. New task: digits seen in a mirror.\n")
    mirrored = images.flip(2)
    print(f"accuracy on mirrored digits before: {accuracy(predict(model, mirrored), labels):.1%}")
    model.get_layer("conv2d").trainable = False  # the first layer knows strokes already
    fine_tune(model, data)
    reached = accuracy(predict(model, mirrored), labels)
    print(f"accuracy on mirrored digits after:  {reached:.1%}")

    print("\n4. Export it.\n")
    off = export(model, mirrored)
    if difference > 1e-5 or off > 1e-5 or reached < EXPECTED:
        raise SystemExit(f"Expected differences below 1e-5, and at least {EXPECTED:.0%}.")


if __name__ == "__main__":
    main()
