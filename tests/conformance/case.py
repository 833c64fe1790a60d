"""How is a layer made, built and called in our library and in Keras, for the conformance suite?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch

import torchkeras_layer as ours
from tests.oracle import keras
from torchkeras_layer._shapes import is_shape, map_shapes
from torchkeras_layer._structures import leaves


@dataclass(frozen=True)
class Case:
    """A layer and one call of it, in our library and in Keras.

    `arguments`: the constructor's, or a function that gives them for a library. `shape`: of the inputs, batch first;
    a list of shapes for a layer that is called on a list; a dict of them for one that is called on several tensors by
    the names of its arguments. `below`: for int inputs, what they are less than; else they are floats. `marked`: a
    value that recurs. `weights`: the range of the random weights; by default near 1, so that they will do for a
    variance. `has_config`: whether the layer can be written into a config. `wraps_torch`: whether a module of torch's
    computes, in its own dtype, and Keras pickles that into configs. `keras_has_halves`: whether Keras computes it in
    float16 and bfloat16 on the CPU. `mask_axes`: how many axes of the inputs a mask has; by default all but the last.
    """

    layer: str
    arguments: Any = None
    shape: Any = (4, 5)
    training: bool = False
    below: int | None = None
    marked: float | None = None
    weights: tuple[float, float] = (0.5, 1.5)
    has_config: bool = True
    wraps_torch: bool = False
    keras_has_halves: bool = True
    mask_axes: int = -1

    def make(self, library: ModuleType = ours, **arguments: Any) -> Any:
        """Make the layer of a library; further arguments of the constructor may be given."""
        own = self.arguments or {}
        if callable(own):
            # A layer in a layer has the dtype of that.
            default = library.mixed_precision.global_policy()
            library.mixed_precision.set_global_policy(arguments.get("dtype") or default)
            try:
                own = own(library)
            finally:
                library.mixed_precision.set_global_policy(default)
        return getattr(library.layers, self.layer)(**own, **arguments)

    def build(self, layer: Any) -> Any:
        """Build a layer of either library for the shapes of the inputs, and return it."""
        layer.build(*self._by_position(self.shape))
        return layer

    def output_shape(self, layer: Any, shape: Any) -> Any:
        """Return what the layer of either library says that it makes of inputs of some shape."""
        return layer.compute_output_shape(*self._by_position(shape))

    def inputs(self, dtype: torch.dtype = torch.float32) -> Any:
        """Return the inputs, the same at each call: a tensor, or a list or dict of tensors."""
        random = np.random.default_rng(7)
        return map_shapes(lambda shape: self._values(random, shape, dtype), self.shape)

    def _values(self, random: np.random.Generator, shape: Any, dtype: torch.dtype) -> torch.Tensor:
        if self.below is not None:
            return torch.as_tensor(random.integers(self.below, size=shape))
        values = random.normal(size=shape)
        if self.marked is not None:
            values[random.random(shape[:-1]) < 0.5] = self.marked
        return torch.as_tensor(values, dtype=dtype)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the inputs, also where there is only one."""
        if is_shape(self.shape):
            return [self.shape]
        return list(self.shape.values() if isinstance(self.shape, dict) else self.shape)

    def masks(self) -> list[torch.Tensor]:
        """Return a mask for each input, the same at each call: over the first `mask_axes` axes."""
        random = np.random.default_rng(3)
        return [torch.as_tensor(random.random(shape[: self.mask_axes]) < 0.7) for shape in self.shapes]

    def pair(self, **arguments: Any) -> tuple[Any, Any]:
        """Make our layer and Keras's, built, with the same random weights."""
        mine, theirs = (self._built(library, **arguments) for library in (ours, keras))
        return mine, theirs

    def ready(self) -> Any:
        """Make our layer alone, built, with the weights that it has in `pair`."""
        return self._built(ours)

    def _built(self, library: ModuleType, **arguments: Any) -> Any:
        layer = self.build(self.make(library, **arguments))
        random = np.random.default_rng(8)
        layer.set_weights([random.uniform(*self.weights, tuple(weight.shape)) for weight in layer.weights])
        return layer

    def call(self, layer: Any, inputs: Any, **arguments: Any) -> Any:
        """Call a layer of either library, or what was made of one."""
        if not isinstance(inputs, dict):
            return layer(inputs, **arguments)
        first, *_ = inputs.values()
        return layer(first, **dict(list(inputs.items())[1:]), **arguments)

    def run(self, layer: Any, inputs: Any, training: bool | None = None) -> Any:
        """Call a layer of either library, with the random numbers that it may draw from torch always the same."""
        torch.manual_seed(9)
        return self.call(layer, inputs, training=self.training if training is None else training)

    def _by_position(self, shape: Any) -> list[Any]:
        return list(shape.values()) if isinstance(shape, dict) else [shape]

    def __str__(self) -> str:
        names = ",".join(self.arguments) if isinstance(self.arguments, dict) else "objects" if self.arguments else ""
        sizes = "+".join("x".join(map(str, shape)) for shape in self.shapes)
        return f"{self.layer}({names})-{sizes}{'-training' if self.training else ''}"


def objects(**build: Callable[[ModuleType], Any]) -> Callable[[ModuleType], dict[str, Any]]:
    """Give arguments that are objects of the library."""
    return lambda library: {name: make(library) for name, make in build.items()}


def assert_same(results: Any, expected: Any) -> None:
    """Fail unless two tensors, or sequences of tensors, are equal to the last bit."""
    pairs = zip(leaves(results), leaves(expected), strict=True)
    assert [torch.equal(one, other) for one, other in pairs] == [True] * len(leaves(expected))
