"""How is a weight made, whatever surrounds the call that needs it, and how does its layer hold it at first?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from torchkeras_layer.layer.attributes import free_key
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.naming import naming_errors
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.unassigned import remember_maker
from torchkeras_layer.layer.unbuilt import STAND_IN
from torchkeras_layer.layer.weight_arguments import WeightRequest
from torchkeras_layer.layer.weight_spec import WeightSpec


@contextlib.contextmanager
def creating_weights(device: torch.device | None) -> Iterator[None]:
    """Make real, trainable tensors on `device` (default: torch's default device).

    Gradients are on and inference mode is off, so that the weights can train later; fake tensor modes and functorch
    transforms are left, so that the weights are real and a random initializer works inside `vmap`.

    >>> with torch.inference_mode(), creating_weights(None):
    ...     torch.ones(2).is_inference()
    False
    """
    with contextlib.ExitStack() as surroundings:
        # Only what is needed: entering all of them takes longer than making a small weight.
        if torch.is_inference_mode_enabled():
            surroundings.enter_context(torch.inference_mode(False))
        if not torch.is_grad_enabled():
            surroundings.enter_context(torch.enable_grad())
        if torch._C._functorch.peek_interpreter_stack() is not None:  # pyright: ignore[reportAttributeAccessIssue]
            from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack

            surroundings.enter_context(temporarily_clear_interpreter_stack())
        if torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.FAKE) is not None:
            from torch._subclasses.fake_tensor import unset_fake_temporarily

            surroundings.enter_context(unset_fake_temporarily())
        if device is not None:
            surroundings.enter_context(device)
        yield


def create_weight(layer: Any, request: WeightRequest) -> torch.Tensor:
    """Make the weight that was asked for: an `nn.Parameter` if it trains, else a tensor.

    Raises:
        ValueError: if the initializer gives another shape.
    """
    record: Record = layer._torchkeras
    with creating_weights(record.pinned_device), naming_errors(request.where):
        value = request.make()
        weight = torch.as_tensor(value, dtype=request.dtype)
        if weight.shape != torch.Size(request.shape):
            raise ValueError(f"the initializer must give shape {request.shape}. Received: {tuple(weight.shape)}.")
        # An initializer may hand out one array twice; a weight owns its memory.
        is_foreign = weight is value or isinstance(value, np.ndarray)
        weight = weight.detach().clone() if is_foreign else weight.detach()
        is_free = record.trainable and not per_thread.context.frozen
        trains = is_free and _stand_in_requires_grad(layer)
        return nn.Parameter(weight, requires_grad=trains) if request.spec.trainable else weight


def register_weight(layer: Any, spec: WeightSpec, weight: torch.Tensor) -> torch.Tensor:
    """Hold a weight under a free name, until it is assigned to an attribute."""
    record: Record = layer._torchkeras
    key = free_key(layer, spec.name)
    if isinstance(weight, nn.Parameter):
        layer._parameters[key] = weight
        if not weight.requires_grad and _stand_in_requires_grad(layer):
            record.frozen_names.add(key)
    else:
        layer._buffers[key] = weight
    record.weight_specs[key] = spec
    record.unclaimed.add(key)
    remember_maker(weight, layer)
    return weight


def _stand_in_requires_grad(layer: Any) -> bool:
    """Whether torch's own `requires_grad_(False)` was not called before there were weights."""
    stand_in = layer._parameters.get(STAND_IN)
    return stand_in is None or stand_in.requires_grad
