"""Which losses are compared with Keras's, with which arguments, and on which targets and predictions?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

Pair = tuple[Tensor, Tensor]


def numbers(shape: tuple[int, ...]) -> Pair:
    return torch.randn(shape) * 2, torch.randn(shape) * 2


def counts(shape: tuple[int, ...]) -> Pair:
    return torch.randint(0, 4, shape).float(), torch.rand(shape) * 3 + 0.1


def binary(shape: tuple[int, ...]) -> Pair:
    return torch.randint(0, 2, shape).float(), torch.rand(shape) * 0.98 + 0.01


def binary_logits(shape: tuple[int, ...]) -> Pair:
    return torch.randint(0, 2, shape).float(), torch.randn(shape) * 3


def signs(shape: tuple[int, ...]) -> Pair:
    return torch.randint(0, 2, shape) * 2.0 - 1.0, torch.randn(shape)


def one_hot(shape: tuple[int, ...]) -> Pair:
    classes = torch.randint(0, shape[-1], shape[:-1])
    return torch.nn.functional.one_hot(classes, shape[-1]).float(), torch.rand(shape) + 0.05


def one_hot_logits(shape: tuple[int, ...]) -> Pair:
    return one_hot(shape)[0], torch.randn(shape) * 3


def distributions(shape: tuple[int, ...]) -> Pair:
    return torch.softmax(torch.randn(shape), -1), torch.softmax(torch.randn(shape), -1)


def classes(shape: tuple[int, ...]) -> Pair:
    return torch.randint(0, shape[-1], shape[:-1]), torch.softmax(torch.randn(shape), -1)


def class_logits(shape: tuple[int, ...]) -> Pair:
    return torch.randint(0, shape[-1], shape[:-1]), torch.randn(shape) * 3


def embeddings(shape: tuple[int, ...]) -> Pair:
    return torch.arange(shape[0]) // 2, torch.nn.functional.normalize(torch.randn(shape), dim=-1)


def sequences(shape: tuple[int, ...]) -> Pair:
    batch = shape[0]
    labels = torch.randint(1, 5, (batch, 3))
    labels[:, 2] *= torch.arange(batch) % 2
    return labels, torch.randn(batch, 8, 5)


@dataclass(frozen=True)
class Case:
    """A loss: its class and function in Keras, arguments of both, and what makes targets and predictions."""

    name: str
    function: str
    data: Callable[[tuple[int, ...]], Pair]
    arguments: dict[str, Any] = field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = ((4, 3), (4, 2, 3))

    def __str__(self) -> str:
        return f"{self.name}-{self.data.__name__}-{self.arguments}"


_FOCAL = {"alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1}
CASES = [
    Case("MeanSquaredError", "mean_squared_error", numbers),
    Case("MeanAbsoluteError", "mean_absolute_error", numbers),
    Case("MeanAbsolutePercentageError", "mean_absolute_percentage_error", numbers),
    Case("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", counts),
    Case("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", numbers),
    Case("CosineSimilarity", "cosine_similarity", numbers),
    Case("CosineSimilarity", "cosine_similarity", numbers, {"axis": 1}),
    Case("CosineSimilarity", "cosine_similarity", numbers, {"axis": (0, 1)}),
    Case("Huber", "huber", numbers),
    Case("Huber", "huber", numbers, {"delta": 0.3}),
    Case("LogCosh", "log_cosh", numbers),
    Case("Hinge", "hinge", signs),
    Case("Hinge", "hinge", binary_logits),
    Case("Hinge", "hinge", numbers),
    Case("SquaredHinge", "squared_hinge", signs),
    Case("SquaredHinge", "squared_hinge", binary_logits),
    Case("CategoricalHinge", "categorical_hinge", one_hot_logits),
    Case("CategoricalHinge", "categorical_hinge", signs),
    Case("KLDivergence", "kl_divergence", distributions),
    Case("KLDivergence", "kl_divergence", one_hot),
    Case("Poisson", "poisson", counts),
    Case("BinaryCrossentropy", "binary_crossentropy", binary),
    Case("BinaryCrossentropy", "binary_crossentropy", binary, {"label_smoothing": 0.2, "axis": 1}),
    Case("BinaryCrossentropy", "binary_crossentropy", binary_logits, {"from_logits": True}),
    Case("BinaryCrossentropy", "binary_crossentropy", binary_logits, {"from_logits": True, "label_smoothing": 0.2}),
    Case("BinaryFocalCrossentropy", "binary_focal_crossentropy", binary),
    Case("BinaryFocalCrossentropy", "binary_focal_crossentropy", binary, {"apply_class_balancing": True, **_FOCAL}),
    Case("BinaryFocalCrossentropy", "binary_focal_crossentropy", binary_logits, {"from_logits": True}),
    Case("CategoricalCrossentropy", "categorical_crossentropy", one_hot),
    Case("CategoricalCrossentropy", "categorical_crossentropy", distributions, {"label_smoothing": 0.2}),
    Case("CategoricalCrossentropy", "categorical_crossentropy", one_hot_logits, {"from_logits": True}),
    Case(
        "CategoricalCrossentropy",
        "categorical_crossentropy",
        one_hot_logits,
        {"from_logits": True, "label_smoothing": 0.2, "axis": 1},
    ),
    Case("CategoricalFocalCrossentropy", "categorical_focal_crossentropy", one_hot),
    Case("CategoricalFocalCrossentropy", "categorical_focal_crossentropy", one_hot, {**_FOCAL, "axis": -1}),
    Case(
        "CategoricalFocalCrossentropy",
        "categorical_focal_crossentropy",
        one_hot_logits,
        {"from_logits": True, "alpha": [0.2, 0.3, 0.5]},
    ),
    Case("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", classes),
    Case("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", classes, {"ignore_class": 1}),
    Case("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", class_logits, {"from_logits": True}),
    Case(
        "SparseCategoricalCrossentropy",
        "sparse_categorical_crossentropy",
        class_logits,
        {"from_logits": True, "ignore_class": 0},
    ),
    Case("CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy", classes, {"q": 0.3}),
    Case("Dice", "dice", binary),
    Case("Dice", "dice", binary, {"axis": (1,)}),
    Case("Dice", "dice", binary, {"axis": ()}),
    Case("Tversky", "tversky", binary),
    Case("Tversky", "tversky", binary, {"alpha": 0.3, "beta": 0.9, "axis": 1}),
    Case("Circle", "circle", embeddings, shapes=((6, 4),)),
    Case("Circle", "circle", embeddings, {"gamma": 10.0, "margin": 0.2, "remove_diagonal": False}, shapes=((6, 4),)),
    Case("CTC", "ctc", sequences, shapes=((4,),)),
]
