"""Which layer computes a softmax, without masked entries?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer.dry_run import SymbolicRun
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in, one_or_more_axes
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import is_symbolic
from torchkeras_layer.symbolic.shape_inference import Inferred


@catalog.register()
class Softmax(BuiltInLayer):
    """Non-negative values that sum to 1 along `axis`, or over several axes together. Shapes: any -> the same.

    With a mask that broadcasts to the inputs, entries where it is `False` (or at most 0.5) are ignored, and become 0.

    Args:
        axis: int or list of ints.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `axis` is not an int or a list of ints.
        ValueError: in a call, if an axis does not exist or a mask does not broadcast to the inputs.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Softmax()(torch.zeros(1, 3), mask=torch.tensor([[True, True, False]]))
    tensor([[0.5000, 0.5000, 0.0000]])
    """

    # Keras 2's choice between two ways to apply masks, which are the same for masks of 0 and 1.
    _torchkeras_without_effect = ("robust_masking",)

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = one_or_more_axes(self, axis)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor, mask: Any = None) -> torch.Tensor:
        """Return the softmax over the unmasked entries."""
        axes_in(self, self.axis, inputs.shape)
        if mask is None:
            return activations.softmax(inputs, self.axis)
        mask = torch.as_tensor(mask, device=inputs.device)
        _check_mask(self, inputs, mask)
        kept = mask if mask.dtype is torch.bool else mask > 0.5
        # Finite, so that nothing is NaN if all entries are masked.
        excluded = -3e4 if inputs.dtype is torch.float16 else -1e9
        outputs = activations.softmax(torch.where(kept, inputs, excluded), self.axis)
        return torch.where(kept, outputs, 0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        axes_in(self, self.axis, input_shape)
        return tuple(input_shape)

    def _torchkeras_infer(
        self, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Inferred, SymbolicRun | None]:
        if is_symbolic(inputs) and inputs._mask_spec is not None and "mask" not in kwargs:
            _check_mask(self, inputs, inputs._mask_spec)
        return super()._torchkeras_infer(outer, inputs, args, kwargs)


def _check_mask(layer: Softmax, inputs: Any, mask: Any) -> None:
    sizes, mask_sizes = tuple(inputs.shape), tuple(mask.shape)
    pairs = zip(reversed(mask_sizes), reversed(sizes), strict=False)
    if len(mask_sizes) > len(sizes) or any(one not in (1, None, other) and other is not None for one, other in pairs):
        raise ValueError(
            f"{layer.name}: mask must broadcast to the shape of the inputs, {sizes}. "
            f"Received: a mask of shape {mask_sizes}."
        )
