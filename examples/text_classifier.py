"""Tell whether a review is good or bad: words in, one number out, trained in a plain PyTorch loop.

Data: short reviews written for this example, by the little grammar below. In half of them a word like "hardly" turns
the meaning round, and of two statements joined by "but" the second one counts, so that counting words is not enough.
"""

from __future__ import annotations

import itertools
import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import trange

import torchkeras_layer as keras

EPOCHS = 3
EXPECTED = 0.97

GOOD = ["friendly", "fresh", "clean", "quick", "lovely", "tasty", "fair", "bright"]
BAD = ["rude", "stale", "dirty", "slow", "awful", "bland", "greedy", "gloomy"]
THINGS = ["waiter", "bread", "room", "soup", "price", "terrace", "coffee", "bill"]
TURNS = ["", "", "", "not ", "hardly ", "never "]
DEGREES = ["", "very ", "really ", "quite "]


def statements() -> list[tuple[str, bool]]:
    """Return everything that one can say of one thing, and whether it is good."""
    parts = itertools.product(THINGS, TURNS, DEGREES, GOOD + BAD)
    return [
        (f"the {thing} was {turn}{degree}{word}", (word in GOOD) != bool(turn)) for thing, turn, degree, word in parts
    ]


def make_reviews(count: int, seed: int) -> tuple[list[str], Tensor]:
    """Return different reviews, and for each 1 if it is good, else 0: a float tensor (count,)."""
    chance = random.Random(seed)
    known = statements()
    found: dict[str, bool] = {}
    while len(found) < count:
        (first, _), (second, is_good) = chance.sample(known, 2)
        text = f"{first}, but {second}." if chance.random() < 0.7 else f"{second}!"
        found[text.capitalize()] = is_good
    return list(found), torch.tensor([float(is_good) for is_good in found.values()])


def make_model(texts: list[str]) -> nn.Sequential:
    """Return a model that takes a list of strings, with the words of the texts for a vocabulary."""
    words = keras.layers.TextVectorization()
    words.adapt(texts)
    return nn.Sequential(
        words,
        keras.layers.Embedding(words.vocabulary_size(), 16, mask_zero=True),
        keras.layers.Bidirectional(keras.layers.LSTM(16)),
        keras.layers.Dense(1),
        nn.Flatten(0),
    )


def train(model: nn.Module, texts: list[str], labels: Tensor) -> None:
    """Train as one would any PyTorch model."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    model.train()
    progress = trange(EPOCHS, desc="training", unit="epoch", disable=None)
    for _ in progress:
        total = 0.0
        for rows in torch.randperm(len(texts)).split(64):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model([texts[row] for row in rows]), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows) / len(texts)
        progress.set_postfix(loss=f"{total:.3f}")


@torch.no_grad()
def accuracy(model: nn.Module, texts: list[str], labels: Tensor) -> float:
    """Return the share of texts that the model judges rightly."""
    return ((model.eval()(texts) > 0) == labels.bool()).float().mean().item()


def main() -> None:
    """Train, report, and judge some sentences."""
    keras.utils.set_random_seed(0)
    texts, labels = make_reviews(4000, seed=0)
    held_out = 1000
    model = make_model(texts[held_out:])
    keras.build(model, texts[:1])
    print(model)
    train(model, texts[held_out:], labels[held_out:])

    reached = accuracy(model, texts[:held_out], labels[:held_out])
    print(f"accuracy on {held_out} held-out reviews: {reached:.1%}")
    sentences = ["The soup was tasty.", "The soup was hardly tasty.", "The room was dirty, but the bread was fresh."]
    with torch.no_grad():
        for sentence, score in zip(sentences, torch.sigmoid(model(sentences)), strict=True):
            print(f"  {score:.2f}  {sentence}")
    if reached < EXPECTED:
        raise SystemExit(f"Expected at least {EXPECTED:.1%}.")


if __name__ == "__main__":
    main()
