"""What do a layer of ours and Keras's do with the same weights, inputs, masks and options?"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras


def pair(name: str, build_shapes: list[Any], **arguments: Any) -> tuple[Any, Any]:
    """Make and build the layer of both libraries, with the same random weights."""
    layers = [getattr(library.layers, name)(**arguments) for library in (ours, keras)]
    for layer in layers:
        layer.build(*build_shapes)
    random = np.random.default_rng(4)
    weights = [random.normal(scale=0.5, size=weight.shape) for weight in layers[1].weights]
    for layer in layers:
        layer.set_weights(weights)
    return layers[0], layers[1]


def tensors(*shapes: tuple[int, ...], seed: int = 1) -> list[torch.Tensor]:
    """Return random tensors that want gradients."""
    random = np.random.default_rng(seed)
    return [torch.tensor(random.normal(size=shape), dtype=torch.float32, requires_grad=True) for shape in shapes]


def mask(*shape: int, seed: int = 2) -> torch.Tensor:
    """Return a random mask; some rows of it are all false."""
    return torch.as_tensor(np.random.default_rng(seed).random(shape) < 0.5)


def results(layer: Any, call: Any, inputs: list[torch.Tensor], counts: torch.Tensor | None) -> dict[str, Any]:
    """Return all that can be compared of a call: `call(layer, inputs)`.

    Gradients are of the outputs for queries that count: Keras's, of queries that may look at no key, are wrong.
    """
    outputs = call(layer, inputs)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
    directions = [torch.linspace(-1, 1, one.numel()).reshape(one.shape) for one in outputs]
    if counts is not None:
        directions[0] = directions[0] * counts.reshape(*counts.shape, *(1,) * (outputs[0].dim() - counts.dim()))
    loss = sum((one * direction).sum() for one, direction in zip(outputs, directions, strict=True))
    output_mask = getattr(outputs[0], "_keras_mask", None)
    return {
        "outputs": outputs,
        "masks": [] if output_mask is None else [output_mask],
        "gradients": list(torch.autograd.grad(loss + sum(0 * one.sum() for one in inputs + weights), inputs + weights)),
    }


def assert_same(
    layers: tuple[Any, Any], call: Any, make_inputs: Any, counts: torch.Tensor | None = None
) -> dict[str, Any]:
    """Check that both layers give the same outputs, scores, masks and gradients; return what ours gave.

    `counts`: which queries do, all by default.
    """
    found = []
    for library, layer in zip((ours, keras), layers, strict=True):
        with warnings.catch_warnings():
            # Keras's GroupQueryAttention leaves the masks on what it gives to its projections.
            warnings.simplefilter("error" if library is ours else "ignore", UserWarning)
            found.append(results(layer, call, make_inputs(), counts))
    assert_close(found[0], found[1], rtol=1e-5, atol=1e-5)
    return found[0]


def looks_somewhere(layer: Any, call: Any, inputs: list[torch.Tensor]) -> torch.Tensor:
    """Return which queries may look at any key, by the scores that `call(layer, inputs)` gives beside its outputs."""
    _, scores = call(layer, inputs)
    weights = scores.sum(-1)
    return (weights > 0).all(1) if weights.dim() == 3 else weights > 0
