"""Read handwritten digits from two halves: a functional model with a shared layer and torch inside, in a plain loop.

Data: the 1,797 images of 8 x 8 pixels that come with scikit-learn, each cut into its upper and its lower four rows. A
quarter is held out. `python examples/functional_digits.py 5` trains with five seeds.
"""

from __future__ import annotations

import pathlib
import sys
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

EPOCHS = 20
EXPECTED = 0.97


def make_model() -> keras.Model:
    """Return the model: each half goes through the same module and the same layer."""
    upper = keras.Input((4, 8), name="upper")
    lower = keras.Input((4, 8), name="lower")
    strokes = keras.layers.TorchModuleWrapper(
        nn.Sequential(
            nn.Unflatten(1, (1, 4)),
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Flatten(),
        ),
        name="strokes",
    )
    shape = keras.layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4), name="shape")

    above, below = shape(strokes(upper)), shape(strokes(lower))
    contrast = torch.abs(above - below)
    both = keras.layers.Concatenate(name="both")([above, below, contrast])
    scores = keras.layers.Dense(10, name="scores")(keras.layers.Dropout(0.3, name="dropout")(both))

    model = keras.Model([upper, lower], scores, name="digit_reader")
    # A loss on tensors inside the graph: scores that grow without need cost something.
    model.add_loss(1e-3 * torch.logsumexp(scores, -1).square().mean())
    return model


def load_data(seed: int) -> tuple[TensorDataset, list[Tensor], Tensor]:
    """Return the training set, and the halves and labels that are held out."""
    digits: Any = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32) / 16
    labels = torch.tensor(digits.target)
    train, test = train_test_split(range(len(labels)), test_size=0.25, random_state=seed, stratify=digits.target)
    upper, lower = images.split(4, dim=1)
    return TensorDataset(upper[train], lower[train], labels[train]), [upper[test], lower[test]], labels[test]


def train(model: keras.Model, data: TensorDataset) -> None:
    """Train as one would any PyTorch model; what the graph and its layers add goes to the main loss."""
    loader = DataLoader(data, batch_size=64, shuffle=True, drop_last=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    model.train()
    progress = trange(EPOCHS, desc="training", unit="epoch", disable=None)
    for _ in progress:
        total = 0.0
        for upper, lower, labels in loader:
            optimizer.zero_grad()
            main_loss = F.cross_entropy(model([upper, lower]), labels)
            (main_loss + sum(model.losses)).backward()
            optimizer.step()
            total += main_loss.item() / len(loader)
        schedule.step()
        progress.set_postfix(loss=f"{total:.3f}")


@torch.no_grad()
def predict(model: nn.Module, halves: list[Tensor]) -> Tensor:
    """Return the class scores in inference mode."""
    return model.eval()(halves)


def show(model: keras.Model) -> None:
    """Print what the model is made of and what it runs as, and draw it."""
    model.summary()
    print(f"\nThe code that runs:\n\n{model.code}")
    print(f"The graph, for a README:\n\n{keras.utils.model_to_mermaid(model)}")
    path = pathlib.Path(tempfile.gettempdir()) / "functional_digits.svg"
    try:
        keras.utils.plot_model(model, path, show_shapes=True)
        print(f"Its picture is in {path}\n")
    except ImportError as error:
        print(f"No picture was drawn. {error}\n")


def save_and_load(model: keras.Model, halves: list[Tensor]) -> bool:
    """Say whether a model made of the JSON and the state_dict of another predicts the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "digits.pt"
        torch.save(model.state_dict(), path)
        twin = keras.models.model_from_json(model.to_json())
        twin.load_state_dict(torch.load(path, weights_only=True))
    return torch.equal(predict(twin, halves), predict(model, halves))


def run(seed: int) -> tuple[keras.Model, list[Tensor], float]:
    """Make and train a model; return it, the halves that are held out, and its accuracy on them."""
    keras.utils.set_random_seed(seed)
    data, halves, labels = load_data(seed)
    model = make_model()
    train(model, data)
    accuracy = (predict(model, halves).argmax(1) == labels).float().mean().item()
    print(f"seed {seed}: accuracy on {len(labels)} held-out digits: {accuracy:.1%}")
    return model, halves, accuracy


def main(seeds: int = 1) -> None:
    """Show the model, train it with several seeds, save and load the last."""
    # Tensors as small as these are quicker with one thread.
    torch.set_num_threads(1)
    show(make_model())
    runs = [run(seed) for seed in range(seeds)]
    model, halves, _ = runs[-1]
    same = save_and_load(model, halves)
    print(f"a model made of its JSON and its state_dict predicts the same: {same}")
    if min(accuracy for _, _, accuracy in runs) < EXPECTED or not same:
        raise SystemExit(f"Expected at least {EXPECTED:.1%} and the same predictions.")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
