"""How is a weight made, what stands in for it before, and how does its layer hold it at first?"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from torchkeras_layer.layer.containers import remember_maker
from torchkeras_layer.layer.context import naming_errors, per_thread
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.weight_spec import WeightRequest, WeightSpec


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
        trains = is_free and _placeholder_requires_grad(layer)
        return nn.Parameter(weight, requires_grad=trains) if request.spec.trainable else weight


def register_weight(layer: Any, spec: WeightSpec, weight: torch.Tensor) -> torch.Tensor:
    """Hold a weight under a free name, until it is assigned to an attribute."""
    record: Record = layer._torchkeras
    key = free_key(layer, spec.name)
    if isinstance(weight, nn.Parameter):
        layer._parameters[key] = weight
        if not weight.requires_grad and _placeholder_requires_grad(layer):
            record.frozen_names.add(key)
    else:
        layer._buffers[key] = weight
    record.weight_specs[key] = spec
    record.unclaimed.add(key)
    remember_maker(weight, layer)
    return weight


def _placeholder_requires_grad(layer: Any) -> bool:
    """Whether torch's own `requires_grad_(False)` was not called before there were weights."""
    placeholder = layer._parameters.get(PLACEHOLDER)
    return placeholder is None or placeholder.requires_grad


PLACEHOLDER = "_weights_to_build"


class UnbuiltWeights(UninitializedParameter):
    """The one parameter of an unbuilt layer, so that whoever iterates over parameters learns that some are missing.

    An optimizer over it raises an error that names the layers. Whatever needs no values works: `.device`, `.dtype`,
    `requires_grad_`, `zero_grad`. DistributedDataParallel refuses it by its base class.
    """

    layer_name: str

    def __new__(cls, layer_name: str, device: Any, dtype: torch.dtype) -> UnbuiltWeights:
        """Make a placeholder for the weights of the layer of this name."""
        is_trainable = dtype.is_floating_point or dtype.is_complex
        placeholder = super().__new__(cls, requires_grad=is_trainable, device=device, dtype=dtype)
        placeholder.layer_name = layer_name
        return placeholder

    @property
    def is_leaf(self) -> bool:  # type: ignore[override]
        """Raises: torch's optimizers ask this of every parameter, and nobody else does of an unbuilt layer's."""
        raise RuntimeError(not_built_message(self._all_names()))

    @property
    def shape(self) -> Any:  # type: ignore[override]
        """Raises: there is none before the build."""
        raise RuntimeError(not_built_message([self.layer_name]))

    @property
    def ndim(self) -> Any:  # type: ignore[override]
        """Raises: there is none before the build."""
        raise RuntimeError(not_built_message([self.layer_name]))

    def _all_names(self) -> list[str]:
        # The optimizer's frame holds the whole parameter group: one error can then name every unbuilt layer.
        group = sys._getframe(2).f_locals.get("param_group")
        found = group.get("params", ()) if isinstance(group, dict) else ()
        return [p.layer_name for p in found if isinstance(p, UnbuiltWeights)] or [self.layer_name]

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Allow what needs no values; name the layer for everything else."""
        if func is torch.Tensor.requires_grad_:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        try:
            return super().__torch_function__(func, types, args, kwargs)
        except ValueError:
            names = [a.layer_name for a in args if isinstance(a, UnbuiltWeights)]
            raise RuntimeError(not_built_message(names)) from None

    def __deepcopy__(self, memo: dict[int, Any]) -> UnbuiltWeights:
        """Copy; a copied layer is unbuilt too."""
        duplicate: Any = placeholder_for(self.layer_name, self.device, self.dtype, self.requires_grad)
        memo[id(self)] = duplicate
        return duplicate

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle by the arguments."""
        return placeholder_for, (self.layer_name, self.device, self.dtype, self.requires_grad)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"<weights of {self.layer_name}, not built>"


def placeholder_for(layer_name: str, device: Any, dtype: torch.dtype, requires_grad: bool = True) -> nn.Parameter:
    """Make the placeholder for the weights of the layer of this name.

    >>> placeholder_for("dense", None, torch.float32)
    <weights of dense, not built>
    """
    make: Any = UnbuiltWeights
    placeholder = make(layer_name, device, dtype)
    return placeholder.requires_grad_(requires_grad and placeholder.requires_grad)


def not_built_message(names: list[str]) -> str:
    """Say which layers have no weights, and the way out."""
    return (
        f"{', '.join(names)}: not built, so there are no weights yet. Layers learn their input size from the first "
        "input: call the model once, or `torchkeras_layer.build(model, example_input)`, before you make an optimizer "
        "or count parameters. See docs/differences.md#an-optimizer-before-the-weights-exist"
    )


def free_key(layer: Any, name: str) -> str:
    """Return a name for a weight or sub-module that no attribute has; torch allows no dots in it."""
    base = key = name.replace(".", "_").replace("/", "_") or "variable"
    number = 0
    taken = (layer._parameters, layer._buffers, layer._modules, layer.__dict__)
    while any(key in names for names in taken) or hasattr(type(layer), key):
        number += 1
        key = f"{base}_{number}"
    return key
