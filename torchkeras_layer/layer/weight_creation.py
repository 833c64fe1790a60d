"""How is a weight created, which placeholder precedes it, and how does its layer hold it until it is assigned?"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import sys
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from torchkeras_layer.initializers.random import RandomInitializer
from torchkeras_layer.layer.containers import weight_spec_holders
from torchkeras_layer.layer.context import per_thread, prefix_errors
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.unassigned_weights import remember_creator, remember_free
from torchkeras_layer.layer.weight_arguments import WeightRequest, WeightSpec, read_weight

_register_parameter = nn.Module.register_parameter


@contextlib.contextmanager
def creating_weights(device: torch.device | None) -> Iterator[None]:
    """A context in which tensors can be created that are real and can train, on `device` or torch's default device.

    Gradients are on and inference mode is off, so that the weights can train later. Fake tensor modes and functorch
    transforms are suspended, so that the weights are real and random initializers work inside `vmap`.

    >>> with torch.inference_mode(), creating_weights(None):
    ...     torch.ones(2).is_inference()
    False
    """
    with contextlib.ExitStack() as stack:
        # Only what is needed: entering all of them takes longer than creating a small weight.
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        if not torch.is_grad_enabled():
            stack.enter_context(torch.enable_grad())
        if torch._C._functorch.peek_interpreter_stack() is not None:  # pyright: ignore[reportAttributeAccessIssue]
            from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack

            stack.enter_context(temporarily_clear_interpreter_stack())
        if torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.FAKE) is not None:
            from torch._subclasses.fake_tensor import unset_fake_temporarily

            stack.enter_context(unset_fake_temporarily())
        if device is not None:
            stack.enter_context(device)
        yield


MOST_WITHOUT_VALUES = 2**28
"""How many numbers the weights may have of a model whose config has no values for them."""


class WeightAllowance:
    """How many numbers the weights of a model from a file may have, which the file asks for before they are created.

    Args:
        numbers: the most numbers that they may have together.
        has_values: whether the file has the values of all weights, so that random ones need not be drawn.
    """

    def __init__(self, numbers: int, has_values: bool) -> None:
        self._most = self._left = numbers
        self._has_values = has_values

    def make(self, request: WeightRequest) -> Any:
        """Return the first value of a weight.

        Raises:
            ValueError: if there are too many numbers.
        """
        self.take(request.shape)
        is_random = isinstance(request.spec.initializer, RandomInitializer) and request.getter is None
        if self._has_values and is_random:
            return torch.zeros(request.shape, dtype=request.dtype)
        return request.make()

    def take(self, shape: tuple[int, ...]) -> None:
        """Count the numbers of a weight; on the meta device, where they take no memory, it may have any.

        Raises:
            ValueError: if there are too many.
        """
        if torch.get_default_device().type == "meta":
            return
        self._left -= math.prod(shape)
        if self._left < 0:
            reason = "about as many as the file has" if self._has_values else "the most without values in a file"
            raise ValueError(
                f"the model may have weights of {self._most} numbers together, {reason}. Received: more, with a weight "
                f"of shape {shape}. Within torch.device('meta') there is no limit: no memory is taken."
            )


@contextlib.contextmanager
def allowing(allowance: WeightAllowance) -> Iterator[None]:
    """Let weights be created within an allowance in the block.

    >>> import torchkeras_layer as keras
    >>> with allowing(WeightAllowance(100, has_values=False)):
    ...     keras.layers.Dense(1000).build((None, 1000))
    Traceback (most recent call last):
    ...
    ValueError: dense: add_weight('kernel'): the model may have weights of 100 numbers together, the most without ...
    """
    context = per_thread.context
    before, context.allowance = context.allowance, allowance
    try:
        yield
    finally:
        context.allowance = before


def create_weight(layer: Any, request: WeightRequest) -> torch.Tensor:
    """Create a weight: an `nn.Parameter` if it trains, else a tensor.

    Raises:
        ValueError: if the initializer returns another shape.
    """
    record: Record = layer._torchkeras
    with creating_weights(record.pinned_device), prefix_errors(request.where):
        allowance = per_thread.context.allowance
        value = request.make() if allowance is None else allowance.make(request)
        weight = _owned(value, request.shape, pinned_dtype(record, request.dtype))
        return _as_weight(weight, request.spec.trainable, weights_will_train(layer))


def create_variable(request: WeightRequest, device: torch.device | None) -> torch.Tensor:
    """Create a weight outside of any layer, whose spec is remembered until the weight is put on a layer.

    Args:
        request: the arguments.
        device: where it is created; by default torch's default device.

    Raises:
        ValueError: if the initializer returns another shape.
    """
    with creating_weights(device), prefix_errors(request.where):
        weight = _owned(request.make(), request.shape, request.dtype)
        variable = _as_weight(weight, request.spec.trainable, True)
    remember_free(variable, request.spec)
    return variable


def _owned(value: Any, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Return what an initializer returned as a contiguous tensor, which many tools of torch need, with its own memory.

    An initializer may return the same array again.
    """
    weight = torch.as_tensor(value, dtype=dtype)
    check_shape(weight, shape)
    shares_memory = weight is value or isinstance(value, np.ndarray)
    weight = weight.detach().clone(memory_format=torch.contiguous_format) if shares_memory else weight.detach()
    return weight.contiguous()


def _as_weight(tensor: torch.Tensor, is_parameter: bool, trains: bool) -> torch.Tensor:
    return nn.Parameter(tensor, requires_grad=trains) if is_parameter else nn.Buffer(tensor)


def pinned_dtype(record: Record, dtype: torch.dtype) -> torch.dtype:
    """Return the dtype in which torch was told to store floating-point weights; else the given one."""
    return record.pinned_dtype or dtype if dtype.is_floating_point else dtype


def register_weight(layer: Any, spec: WeightSpec, weight: torch.Tensor) -> torch.Tensor:
    """Register a weight under an unused name, until it is assigned to an attribute."""
    record: Record = layer._torchkeras
    key = free_key(layer, spec.name)
    if not isinstance(weight, nn.Parameter):
        layer._buffers[key] = weight
    elif nn.Module.register_parameter is _register_parameter:
        layer._parameters[key] = weight
    else:
        # Accelerate's `init_empty_weights` replaces torch's function by one that moves the parameter.
        layer.register_parameter(key, weight)
        weight = layer._parameters[key]
    record.weight_count += 1
    record.weight_specs[key] = dataclasses.replace(spec, position=record.weight_count)
    record.unclaimed.add(key)
    remember_creator(weight, layer)
    return weight


def reset_own_weights(layer: Any, names: Collection[str] | None = None) -> None:
    """Write what the initializers return into a layer's own weights; those that torch computes from others stay.

    Args:
        layer: the layer.
        names: the attributes of the weights; `None` for all.

    Raises:
        ValueError: if an initializer returns another shape.
    """
    for holder, specs in weight_spec_holders(layer):
        for key, spec in specs.items():
            weight = read_weight(holder, key) if names is None or key in names else None
            if weight is not None:
                with creating_weights(weight.device), prefix_errors(f"{layer._torchkeras.name}: {spec.name!r}"):
                    value = _first_value(spec.initializer(tuple(weight.shape), dtype=weight.dtype), weight)
                with torch.no_grad():
                    weight.copy_(value)


def _first_value(value: Any, weight: Any) -> torch.Tensor:
    """Return what an initializer returned as a tensor that can be copied into a weight, even a sharded one."""
    tensor = torch.as_tensor(value, dtype=weight.dtype, device=weight.device)
    check_shape(tensor, tuple(weight.shape))
    if not hasattr(weight, "placements"):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor, weight.device_mesh, weight.placements)


def check_shape(tensor: torch.Tensor, shape: tuple[int, ...]) -> None:
    """Check the shape of what an initializer returned.

    Raises:
        ValueError: if it is not the one that was asked for.
    """
    if tensor.shape != torch.Size(shape):
        raise ValueError(
            f"the initializer must return a tensor of shape {shape}. Received: a tensor of shape "
            f"{tuple(tensor.shape)}. Correct the initializer, or the argument `shape`."
        )


def weights_will_train(layer: Any) -> bool:
    """Whether weights that a layer creates now shall train; the placeholder knows whether torch was told otherwise.

    >>> import torchkeras_layer as keras
    >>> weights_will_train(keras.layers.Dense(2).requires_grad_(False))
    False
    """
    placeholder = layer._parameters.get(PLACEHOLDER)
    if placeholder is not None and can_train(placeholder):
        return placeholder.requires_grad
    return layer._torchkeras.trainable


def can_train(parameter: torch.Tensor) -> bool:
    """Whether torch can compute gradients of a parameter's dtype.

    >>> can_train(torch.ones(2)), can_train(torch.ones(2, dtype=torch.int64))
    (True, False)
    """
    return parameter.dtype.is_floating_point or parameter.dtype.is_complex


PLACEHOLDER = "_weights_to_build"


class UnbuiltWeights(UninitializedParameter):
    """The placeholder parameter of an unbuilt layer: code that iterates over parameters finds that some are missing.

    Creating an optimizer with it raises an error that names the layers, and so does everything that needs a shape or
    values. `.device`, `.dtype`, `requires_grad_` and `zero_grad` work. DistributedDataParallel rejects it, because of
    its base class.
    """

    layer_name: str

    def __new__(cls, layer_name: str, device: Any, dtype: torch.dtype) -> UnbuiltWeights:
        """Create the placeholder for the layer of this name."""
        is_trainable = dtype.is_floating_point or dtype.is_complex
        placeholder = super().__new__(cls, requires_grad=is_trainable, device=device, dtype=dtype)
        placeholder.layer_name = layer_name
        return placeholder

    @property
    def is_leaf(self) -> bool:  # type: ignore[override]
        """Raises a RuntimeError: torch's optimizers read it for every parameter, and nothing else in torch does."""
        raise RuntimeError(not_built_message(self._all_names()))

    @property
    def shape(self) -> Any:  # type: ignore[override]
        """Raises a RuntimeError: there is none before the build."""
        raise RuntimeError(not_built_message([self.layer_name]))

    @property
    def ndim(self) -> Any:  # type: ignore[override]
        """Raises a RuntimeError: there is none before the build."""
        raise RuntimeError(not_built_message([self.layer_name]))

    def _all_names(self) -> list[str]:
        # The optimizer's stack frame holds the whole parameter group, so that one error can name every unbuilt layer.
        group = sys._getframe(2).f_locals.get("param_group")
        found = group.get("params", ()) if isinstance(group, dict) else ()
        return [p.layer_name for p in found if isinstance(p, UnbuiltWeights)] or [self.layer_name]

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run functions that need no values; raise an error that names the layer for all others."""
        if func is torch.Tensor.requires_grad_:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        try:
            return super().__torch_function__(func, types, args, kwargs)
        except ValueError:
            names = [a.layer_name for a in args if isinstance(a, UnbuiltWeights)]
            raise RuntimeError(not_built_message(names)) from None

    def __deepcopy__(self, memo: dict[int, Any]) -> UnbuiltWeights:
        """Copy the placeholder: a copied layer is not built either."""
        duplicate: Any = placeholder_for(self.layer_name, self.device, self.dtype, self.requires_grad)
        memo[id(self)] = duplicate
        return duplicate

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle the arguments that create the placeholder."""
        return placeholder_for, (self.layer_name, self.device, self.dtype, self.requires_grad)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"<weights of {self.layer_name}, not built>"


def placeholder_for(layer_name: str, device: Any, dtype: torch.dtype, requires_grad: bool = True) -> nn.Parameter:
    """Create the placeholder for the weights of the layer of this name.

    >>> placeholder_for("dense", None, torch.float32)
    <weights of dense, not built>
    """
    make: Any = UnbuiltWeights
    with creating_weights(None):
        placeholder = make(layer_name, device, dtype)
        return placeholder.requires_grad_(requires_grad and placeholder.requires_grad)


def not_built_message(names: list[str]) -> str:
    """Return the message that names the layers without weights and says how to build them."""
    return (
        f"{', '.join(names)}: not built, so there are no weights yet. Layers learn their input size from the first "
        "input: call the model once, or `torchkeras_layer.build(model, example_input)`, before you make an optimizer "
        "or count parameters. See docs/differences.md#an-optimizer-before-the-weights-exist"
    )


def free_key(layer: Any, name: str) -> str:
    """Return a name for a weight or submodule that no attribute has; torch allows no dots in it."""
    base = key = name.replace(".", "_").replace("/", "_") or "variable"
    number = 0
    taken = (layer._parameters, layer._buffers, layer._modules, layer.__dict__)
    while any(key in names for names in taken) or hasattr(type(layer), key):
        number += 1
        key = f"{base}_{number}"
    return key
