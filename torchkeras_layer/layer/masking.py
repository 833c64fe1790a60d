"""Which mask is a layer given, and which does it pass on? A mask is the attribute `_keras_mask` of its tensor."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch

from torchkeras_layer._structures import leaves, pack, pack_all
from torchkeras_layer.layer.record import Record
from torchkeras_layer.symbolic.keras_tensor import is_symbolic
from torchkeras_layer.symbolic.shape_inference import Inferred

if TYPE_CHECKING:
    from torchkeras_layer.layer.attributes import LayerBase


def mask_of(tensor: Any) -> Any:
    """Return the mask of a tensor, or `None`.

    >>> mask_of(torch.ones(2)) is None
    True
    """
    return getattr(tensor, "_keras_mask", None)


def masks_in(value: Any) -> Any:
    """Return the masks of the tensors in one argument of a call, in its structure; `None` if none has a mask.

    >>> masks_in([torch.ones(2), 3]) is None
    True
    """
    if isinstance(value, torch.Tensor):
        return getattr(value, "_keras_mask", None)
    masks = [getattr(leaf, "_keras_mask", None) for leaf in leaves(value)]
    return pack(value, masks) if any(mask is not None for mask in masks) else None


def pack_with_mask(
    record: Record, inputs: Any, cast: list[Any], flat: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    """Return the inputs in new containers, and the mask: the one given to the call, also `None`, else the inputs' own.

    `flat` are the leaves of the inputs, `cast` the same leaves in the dtype that `call` is given.
    """
    if record.signature.is_given("mask", args, kwargs):
        return pack(inputs, cast), record.signature.argument("mask", args, kwargs)
    if isinstance(inputs, torch.Tensor):
        return cast[0], getattr(inputs, "_keras_mask", None)
    for leaf in flat:
        if getattr(leaf, "_keras_mask", None) is not None:
            packed, mask = pack_all(inputs, cast, [getattr(other, "_keras_mask", None) for other in flat])
            return packed, mask
    return pack(inputs, cast), None


def default(layer: LayerBase, mask: Any) -> Any:
    """Return the mask of the output for a class that does not override `compute_mask`: the mask of the input.

    Raises:
        TypeError: if there is a mask and the layer does not support masking.
    """
    record: Record = layer._torchkeras
    if record.supports_masking:
        return mask
    if any(m is not None for m in leaves(mask)):
        raise TypeError(
            f"{record.name} ({type(layer).__name__}): does not support masking. Received: mask={mask!r}. Set "
            "`self.supports_masking = True` in __init__ to pass masks on unchanged, or define compute_mask()."
        )
    return None


def attach(layer: LayerBase, inputs: Any, mask: Any, outputs: Any) -> None:
    """Attach the mask to the output, unless `call` has done so."""
    record: Record = layer._torchkeras
    if not record.supports_masking:
        if mask is not None and not _have_masks(outputs):
            _warn_of_lost_mask(layer, record)
        return
    if mask is None and not layer._torchkeras_facts.defines_mask:
        return
    if isinstance(outputs, torch.Tensor):
        tensors = [outputs]
    else:
        tensors = [leaf for leaf in leaves(outputs) if isinstance(leaf, torch.Tensor)]
    is_needed = outputs is inputs
    for tensor in tensors:
        if getattr(tensor, "_keras_mask", None) is None:
            is_needed = True
    if not is_needed:
        return
    masks = layer.compute_mask(inputs, mask)
    flat_masks = leaves(masks) if isinstance(masks, (list, tuple, dict)) else [masks]
    for tensor, output_mask in zip(tensors, flat_masks, strict=False):
        if output_mask is not None:
            tensor._keras_mask = output_mask  # type: ignore[attr-defined]


def pass_on_spec(layer: Any, inputs: Any, kwargs: dict[str, Any], inferred: Inferred) -> bool:
    """Give the outputs of a symbolic call, whose shapes are known, the specs of the masks that `attach` would give.

    Returns:
        False if only a run of the layer tells the masks.
    """
    if all(leaf._mask_spec is None for leaf in leaves(inputs)):
        return True
    record, facts = layer._torchkeras, layer._torchkeras_facts
    # The layers inside a model attach masks themselves. Built-in layers with one input only choose among its masks.
    is_chosen = not facts.defines_mask or facts.only_merges_masks
    if not is_chosen or record.graph is not None or "mask" in kwargs or not is_symbolic(inputs):
        return False
    mask: Any = inputs._mask_spec
    is_of_steps = len(mask.shape) == len(inputs.shape) - 1 and all(
        None in sizes or sizes[0] == sizes[1] for sizes in zip(mask.shape, inputs.shape, strict=False)
    )
    if not record.supports_masking:
        if any(spec.shape == inputs.shape for spec in leaves(inferred.outputs)):
            # It may be the input itself, which keeps its mask.
            return False
        _warn_of_lost_mask(layer, record)
    elif record.signature.takes_mask and not is_of_steps:
        return False
    else:
        masks = layer.compute_mask(inputs, mask)
        for place, output_mask in enumerate(leaves(masks) if isinstance(masks, (list, tuple)) else [masks]):
            inferred.masks[place] = output_mask
    return True


def _have_masks(outputs: Any) -> bool:
    """Whether all tensors have masks, as inputs have that `call` has returned."""
    tensors = [outputs] if isinstance(outputs, torch.Tensor) else leaves(outputs)
    return all(mask_of(tensor) is not None for tensor in tensors if isinstance(tensor, torch.Tensor))


def _warn_of_lost_mask(layer: Any, record: Record) -> None:
    signature = record.signature
    takes_mask = signature.takes_mask or signature.first in signature.masked
    if record.warned_of_mask or takes_mask or torch.compiler.is_dynamo_compiling():
        return
    record.warned_of_mask = True
    warnings.warn(
        f"{record.name} ({type(layer).__name__}) does not support masking: it drops the mask of its input. "
        "Set `supports_masking = True` if the mask applies to the output too.",
        stacklevel=2,
    )
