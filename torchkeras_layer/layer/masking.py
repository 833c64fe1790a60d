"""Which mask does a layer get, and which does it pass on?"""

from __future__ import annotations

import warnings
from typing import Any

import torch

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.building import Building


class MaskPassing(Building):
    """Masks travel as `_keras_mask` on the tensors that they belong to."""

    @property
    def supports_masking(self) -> bool:
        """Whether the layer passes masks on; true by itself where a class defines `compute_mask`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dropout(0.5).supports_masking, keras.layers.Flatten().supports_masking
        (True, False)
        """
        return self._supports_masking

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        self._supports_masking = bool(value)
        self._choose_route()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output: here, the mask of the input. Override it where they differ.

        Args:
            inputs: tensor or nested structure of tensors.
            mask: boolean tensors (True: the entry counts), in the same structure, or `None`.

        Raises:
            TypeError: if there is a mask and the layer does not support masking.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dropout(0.5).compute_mask(torch.ones(1, 2), torch.tensor([[True, False]]))
        tensor([[ True, False]])
        """
        if self._supports_masking:
            return mask
        if any(m is not None for m in leaves(mask)):
            raise TypeError(
                f"{self._name}: does not support masking, but was given a mask. Set `self.supports_masking = True` in "
                "__init__ to pass masks on as they are, or define compute_mask()."
            )
        return None

    def _choose_mask(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the mask of a call: the one given, `None` included, else what the inputs carry."""
        if self._call_signature.is_given("mask", args, kwargs):
            return self._call_signature.argument("mask", args, kwargs)
        masks = map_leaves(mask_of, inputs)
        return masks if any(m is not None for m in leaves(masks)) else None

    def _attach_mask(self, inputs: Any, mask: Any, outputs: Any) -> None:
        """Put the output's mask on it, unless `call` has done so."""
        if not self._supports_masking:
            self._warn_of_lost_mask(mask)
            return
        if mask is None and not self._defines_mask:
            return
        tensors = [leaf for leaf in leaves(outputs) if isinstance(leaf, torch.Tensor)]
        if all(mask_of(tensor) is not None for tensor in tensors) and outputs is not inputs:
            return
        for tensor, output_mask in zip(tensors, leaves(self.compute_mask(inputs, mask)), strict=False):
            if output_mask is not None:
                tensor._keras_mask = output_mask  # type: ignore[attr-defined]

    def _warn_of_lost_mask(self, mask: Any) -> None:
        if mask is None or self._warned_of_mask or self._call_signature.takes_mask:
            return
        if torch.compiler.is_dynamo_compiling():
            return
        self._warned_of_mask = True
        warnings.warn(
            f"{self._name} ({type(self).__name__}) does not support masking: the mask of its input ends here. "
            "Set `supports_masking = True` if it holds for the output too.",
            stacklevel=2,
        )


def mask_of(tensor: Any) -> Any:
    """Return the mask that a tensor carries, or `None`.

    >>> mask_of(torch.ones(2)) is None
    True
    """
    return getattr(tensor, "_keras_mask", None)
