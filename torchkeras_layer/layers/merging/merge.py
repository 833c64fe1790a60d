"""Which lists of inputs does a layer accept that makes one tensor of several?"""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from torchkeras_layer._shapes import Shape, as_shape, is_shape
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


class Merge(BuiltInLayer, build_makes_weights=False, only_merges_masks=True):
    """Base of the layers that are called on a list of tensors.

    A subclass defines `_merge_function`, which has Keras's name, and `compute_output_shape`, which raises for shapes
    that do not fit together.

    >>> class Last(Merge):
    ...     def compute_output_shape(self, input_shape):
    ...         return self._read_shapes(input_shape)[-1]
    ...     def _merge_function(self, inputs):
    ...         return inputs[-1]
    >>> Last()([torch.zeros(1), torch.ones(1)])
    tensor([1.])
    """

    # How many inputs there must be; `None`: any number but none.
    _input_count: ClassVar[int | None] = None

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
        """Return one tensor for the list of inputs."""
        self._check_list(inputs)
        return self._merge_function(inputs)

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        raise NotImplementedError(f"{type(self).__name__}: define _merge_function(inputs) in the class.")

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape of the output for a list of shapes. Override it.

        Raises:
            ValueError: if they do not fit together.
        """
        raise NotImplementedError(f"{type(self).__name__}: define compute_output_shape(input_shape) in the class.")

    def _check_list(self, inputs: Any) -> None:
        # At each call, because a tensor in place of the list could pass for one: its rows are tensors too.
        if not isinstance(inputs, (list, tuple)) or not inputs or len(inputs) != (self._input_count or len(inputs)):
            received = f"{len(inputs)} in a list" if isinstance(inputs, (list, tuple)) else type(inputs).__name__
            raise ValueError(self._list_expected(received))

    def _read_shapes(self, input_shape: Any) -> list[Shape]:
        """Return the shapes of the inputs, as many as there must be."""
        is_list = isinstance(input_shape, (list, tuple)) and bool(input_shape) and not is_shape(input_shape)
        if not is_list or not all(map(is_shape, input_shape)) or self._input_count not in (None, len(input_shape)):
            raise ValueError(self._list_expected(f"input_shape={input_shape}"))
        return [as_shape(shape) for shape in input_shape]

    def _list_expected(self, received: str) -> str:
        wanted = "one tensor or more" if self._input_count is None else f"{self._input_count} tensors"
        example = "a, b, …" if self._input_count is None else "a, b"
        return f"{self.name}: expects a list of {wanted}. Received: {received}. Write `{self.name}([{example}])`."

    def _read_masks(self, inputs: Any, mask: Any) -> list[torch.Tensor | None]:
        """Return a mask, or `None`, for each of the inputs.

        Raises:
            ValueError: if there is not one for each.
        """
        self._check_list(inputs)
        if not isinstance(mask, (list, tuple)) or len(mask) != len(inputs):
            received = f"a list of {len(mask)}" if isinstance(mask, (list, tuple)) else type(mask).__name__
            raise ValueError(
                f"{self.name}: mask must be a list with a mask, or None, for each of the {len(inputs)} inputs. "
                f"Received: {received}."
            )
        return list(mask)
