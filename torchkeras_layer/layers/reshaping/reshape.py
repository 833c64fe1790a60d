"""Which layers reshape, flatten, permute or repeat each sample?"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout, positive_int
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import InputSpec


@catalog.register()
class Reshape(BuiltInLayer):
    """Reshape each sample; its values keep their order.

    Shapes: (batch, …) -> (batch, *target_shape).

    Args:
        target_shape: shape without the batch. One size may be -1, which is inferred from the others.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `target_shape` is not a tuple of sizes, or has more than one -1; in a call, if the number of
            values in a sample differs.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Reshape((-1, 2))(torch.tensor([[1, 2, 3, 4]]))
    tensor([[[1, 2],
             [3, 4]]])
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = _read_target(self, target_shape)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the reshaped inputs, as a view if possible."""
        return inputs.reshape(inputs.shape[0], *_sizes_for(self, inputs.shape[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, *target_shape); the size for -1 is free if one of the inputs is.

        Raises:
            ValueError: if the number of values in a sample differs.
        """
        batch, *sizes = input_shape
        if None in sizes:
            return (batch, *(None if size == -1 else size for size in self.target_shape))
        return (batch, *_sizes_for(self, sizes))


@catalog.register()
class Flatten(BuiltInLayer):
    """Flatten all axes but the batch. Shapes: (batch, …) -> (batch, features), and (batch,) -> (batch, 1).

    Args:
        data_format: 'channels_last', or 'channels_first' if the inputs are (batch, channels, …): channels then vary
            fastest in the output, as if they had come last. Default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Flatten("channels_first")(torch.tensor([[[1, 2], [3, 4]]]))
    tensor([[1, 3, 2, 4]])
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = layout(self, data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the flattened inputs, of rank 2."""
        if inputs.dim() == 1:
            return inputs.unsqueeze(1)
        channels_last = inputs if self.data_format == "channels_last" else inputs.movedim(1, inputs.dim() - 1)
        return channels_last.flatten(1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, number of features)."""
        features = [size for size in input_shape[1:] if size is not None]
        is_known = len(features) == len(input_shape) - 1
        return (input_shape[0], math.prod(features) if is_known else None)


@catalog.register()
class Permute(BuiltInLayer):
    """Permute the axes of the inputs; the batch stays first. The output is a view.

    Shapes: with `dims=(2, 1)`, (batch, a, b) -> (batch, b, a).

    Args:
        dims: for each axis of the output after the batch, the axis of the inputs, counted from 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `dims` does not contain each int from 1 to its length; in a call, if the inputs have another
            rank.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Permute((2, 1))(torch.tensor([[[1, 2], [3, 4]]]))
    tensor([[[1, 3],
             [2, 4]]])
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = _read_dims(self, dims)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return a view of the inputs with permuted axes."""
        return inputs.permute(0, *self.dims)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the permuted shape."""
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))


@catalog.register()
class RepeatVector(BuiltInLayer):
    """Repeat the inputs `n` times. Shapes: (batch, features) -> (batch, n, features).

    The output is an expanded view, as of `torch.Tensor.expand`; clone it before writing into it.

    Args:
        n: number of repetitions.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `n` is not a positive int; in a call, if the inputs do not have rank 2.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RepeatVector(2)(torch.tensor([[1.0, 2.0]]))
    tensor([[[1., 2.],
             [1., 2.]]])
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive_int(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the repeated inputs."""
        return inputs.unsqueeze(1).expand(-1, self.n, -1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, n, features)."""
        return (input_shape[0], self.n, input_shape[1])


def _read_target(layer: Reshape, target_shape: Any) -> tuple[int, ...]:
    try:
        sizes = tuple(operator.index(size) for size in target_shape)
    except TypeError:
        sizes = (-2,)
    if min(sizes, default=0) < -1 or sizes.count(-1) > 1:
        raise ValueError(
            f"{type(layer).__name__}: target_shape must be a tuple of ints of at least 0, the sizes after the "
            f"batch; one may be -1. Received: target_shape={target_shape!r}."
        )
    return sizes


def _sizes_for(layer: Reshape, sizes: Sequence[Any]) -> tuple[int, ...]:
    """Return `target_shape` with the size for -1, which torch cannot infer for an empty batch."""
    target = layer.target_shape
    total, known = math.prod(sizes), math.prod([size for size in target if size != -1])
    is_open = -1 in target
    fits = known != 0 and total % known == 0 if is_open else total == known
    if not fits:
        raise ValueError(
            f"{layer.name}: a sample of shape {tuple(sizes)} has {total} values, which do not fill target_shape. "
            f"Received: target_shape={target}."
        )
    return tuple(total // known if size == -1 else size for size in target) if is_open else target


def _read_dims(layer: Permute, dims: Any) -> tuple[int, ...]:
    try:
        axes = tuple(operator.index(axis) for axis in dims)
    except TypeError:
        axes = (0,)
    if sorted(axes) != list(range(1, len(axes) + 1)):
        raise ValueError(
            f"{type(layer).__name__}: dims must contain each int from 1 to its length once: the axes of the inputs "
            f"without the batch, in their new order. Received: dims={dims!r}."
        )
    return axes
