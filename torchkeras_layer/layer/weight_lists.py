"""Which weights does a layer have, with all that is inside it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from torchkeras_layer.layer.containers import weight_spec_holders
from torchkeras_layer.layer.unbuilt import UnbuiltWeights
from torchkeras_layer.layer.walk import layers_in, weight_holders
from torchkeras_layer.layer.weight_spec import read_weight


def own_weights(layer: Any) -> list[torch.Tensor]:
    """Return the weights that a layer holds itself, on plain attributes: parameters, then buffers."""
    own = [weight for weight in layer._parameters.values() if is_weight(weight)]
    return [*own, *(buffer for buffer in layer._buffers.values() if buffer is not None)]


def check_built(layer: Any) -> None:
    """Check that a layer and all inside it have their weights.

    Raises:
        ValueError: if not.
    """
    is_missing = (inner for inner in layers_in(layer) if not inner._torchkeras.built)
    unbuilt = [inner._torchkeras.name for inner in is_missing if inner._torchkeras_facts.creates_weights]
    name = layer._torchkeras.name
    if unbuilt or not layer._torchkeras.built:
        raise ValueError(
            f"{name}: cannot count parameters, because {', '.join(unbuilt) or name} is not built. "
            f"Call the layer once, or write `{name}.build(input_shape)`."
        )


def apply_constraints(layer: Any) -> None:
    """Apply the constraint of every weight in a layer and in those inside."""
    for inner in layers_in(layer):
        for holder, specs in weight_spec_holders(inner):
            for key, spec in specs.items():
                weight = None if spec.constraint is None else read_weight(holder, key)
                if weight is not None:
                    with torch.no_grad():
                        weight.copy_(spec.constraint(weight))  # type: ignore[misc]


def weights_of(module: nn.Module) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return the weights in a module that train, and the others: parents first, each once."""
    trainable: dict[int, torch.Tensor] = {}
    others: dict[int, torch.Tensor] = {}
    for holder, is_frozen in weight_holders(module):
        for parameter in holder._parameters.values():
            if (
                parameter is not None
                and is_weight(parameter)
                and id(parameter) not in trainable
                and id(parameter) not in others
            ):
                chosen = trainable if parameter.requires_grad and not is_frozen else others
                chosen[id(parameter)] = parameter
        for name, buffer in holder._buffers.items():
            if buffer is not None and name not in holder._non_persistent_buffers_set:
                others.setdefault(id(buffer), buffer)
    return list(trainable.values()), list(others.values())


def is_weight(parameter: Any) -> bool:
    """Whether a registered parameter is there and real.

    >>> is_weight(None)
    False
    """
    return parameter is not None and not isinstance(parameter, UnbuiltWeights)


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """Return a copy of a tensor as a numpy array.

    >>> as_array(torch.ones(1, dtype=torch.bfloat16)).dtype
    dtype('float32')
    """
    values = tensor.detach().cpu()
    return np.array((values.float() if values.dtype is torch.bfloat16 else values).numpy())


def write_weights(layer_name: str, weights: list[torch.Tensor], values: Any) -> None:
    """Copy values into weights in place, once all of them are known to fit.

    Raises:
        ValueError: if their number or a shape differs, or one is no array of numbers; nothing is then written.
    """
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != len(weights):
        received = f"{len(values)}" if isinstance(values, (list, tuple)) else repr(values)
        raise ValueError(
            f"{layer_name}: expected {len(weights)} arrays of shapes {[tuple(w.shape) for w in weights]}. "
            f"Received: {received}. A layer has its weights once it is built."
        )
    arrays = [_as_tensor(layer_name, index, value) for index, value in enumerate(values)]
    for index, (weight, array) in enumerate(zip(weights, arrays, strict=True)):
        if weight.shape != array.shape:
            raise ValueError(
                f"{layer_name}: weight {index} has shape {tuple(weight.shape)}. Received: {tuple(array.shape)}. "
                f"Nothing was written.{_hint_at_order(weights, arrays)}"
            )
    with torch.no_grad():
        for weight, array in zip(weights, arrays, strict=True):
            weight.copy_(array)


def _hint_at_order(weights: list[torch.Tensor], arrays: list[torch.Tensor]) -> str:
    """Say where another order may come from, if that is all that is wrong."""
    wanted, received = (sorted(tuple(tensor.shape) for tensor in tensors) for tensors in (weights, arrays))
    if wanted != received:
        return ""
    return (
        " The shapes are the right ones, in another order. Keras 3 lists the weights of a layer that holds layers part "
        "by part; here, as in TF-Keras, those that train come first. Set such a layer by itself: "
        "layer.set_weights(theirs.trainable_weights + theirs.non_trainable_weights)."
    )


def _as_tensor(layer_name: str, index: int, value: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.detach()
    try:
        return torch.from_numpy(np.array(np.asarray(value)))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{layer_name}: weight {index} takes an array of numbers: {error}. Received: {value!r}. "
            "Nothing was written."
        ) from error
