"""What do all layers that merge a list of inputs have in common?"""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from torchkeras_layer._shapes import Shape, as_shape, is_shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.dtypes import as_tensors
from torchkeras_layer.layers.arguments import plain_int
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


class Merge(BuiltInLayer, build_makes_weights=False, only_merges_masks=True, takes_a_list=True):
    """Base class of the layers that are called on a list of tensors.

    A subclass defines `_merge_function`, which has Keras's name, and `compute_output_shape`, which raises an error for
    shapes that do not fit together.

    >>> class Last(Merge):
    ...     def compute_output_shape(self, input_shape):
    ...         return read_shapes(self, input_shape)[-1]
    ...     def _merge_function(self, inputs):
    ...         return inputs[-1]
    >>> Last()([torch.zeros(1), torch.ones(1)])
    tensor([1.])
    """

    # The number of inputs; `None` for any number above 0.
    _torchkeras_input_count: ClassVar[int | None] = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Check that the shapes fit together.

        Raises:
            ValueError: if they do not, their number is wrong, or they are not in a list.
        """
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the merged inputs."""
        check_list(self, inputs)
        return self._merge_function(inputs)

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        raise NotImplementedError(f"{type(self).__name__}: define _merge_function(inputs) in the class.")

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape of the output for a list of shapes. Override it.

        Raises:
            ValueError: if they do not fit together.
        """
        raise NotImplementedError(f"{type(self).__name__}: define compute_output_shape(input_shape) in the class.")


def check_list(layer: Merge, inputs: Any) -> None:
    """Check that a layer is called on a list with the right number of inputs.

    This is checked at each call, because a tensor could be mistaken for a list: its rows are tensors too.

    Raises:
        ValueError: if it is not.

    >>> check_list(Merge(), [torch.ones(1)])
    """
    count = layer._torchkeras_input_count
    if not isinstance(inputs, (list, tuple)) or not inputs or len(inputs) != (count or len(inputs)):
        received = f"{len(inputs)} in a list" if isinstance(inputs, (list, tuple)) else type(inputs).__name__
        raise ValueError(_list_expected(layer, received))


def read_shapes(layer: Merge, input_shape: Any) -> list[Shape]:
    """Return the shapes of the inputs.

    Raises:
        ValueError: if their number is wrong, or they are not in a list.

    >>> read_shapes(Merge(), [(2, 3), [None, 3]])
    [(2, 3), (None, 3)]
    """
    count = layer._torchkeras_input_count
    is_list = isinstance(input_shape, (list, tuple)) and bool(input_shape) and not is_shape(input_shape)
    if not is_list or not all(map(is_shape, input_shape)) or count not in (None, len(input_shape)):
        raise ValueError(_list_expected(layer, f"input_shape={input_shape}"))
    return [as_shape(shape) for shape in input_shape]


def read_masks(layer: Merge, inputs: Any, mask: Any) -> list[torch.Tensor | None]:
    """Return a mask, or `None`, for each of the inputs.

    Raises:
        ValueError: if there is not one for each.

    >>> read_masks(Merge(), [torch.ones(1), torch.ones(1)], [None, None])
    [None, None]
    """
    check_list(layer, inputs)
    if not isinstance(mask, (list, tuple)) or len(mask) != len(inputs):
        received = f"a list of {len(mask)}" if isinstance(mask, (list, tuple)) else type(mask).__name__
        raise ValueError(
            f"{layer.name}: mask must be a list with a mask, or None, for each of the {len(inputs)} inputs. "
            f"Received: {received}."
        )
    return [one if one is None or isinstance(one, torch.Tensor) else as_tensors(layer, one) for one in mask]


def as_axis(layer: Layer, name: str, value: Any) -> int:
    """Return an argument that must be one axis.

    Raises:
        TypeError: if it is not an int.

    >>> as_axis(Layer(), "axis", -1)
    -1
    """
    axis = plain_int(value)
    if axis is None:
        raise TypeError(f"{type(layer).__name__}: {name} must be an int. Received: {name}={value!r}.")
    return axis


def _list_expected(layer: Merge, received: str) -> str:
    count = layer._torchkeras_input_count
    wanted = "one tensor or more" if count is None else f"{count} tensors"
    example = "a, b, …" if count is None else "a, b"
    return (
        f"{layer.name}: expects a list of {wanted}. Received: {received}. Write `{layer.name}([{example}])`, with the "
        "tensors in one list."
    )
