"""How does a graph represent a torch function that is called on symbolic tensors?"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from torchkeras_layer._names import unique_name
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.dry_run import Effects
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.ops import sizes
from torchkeras_layer.registry import DeserializationError, get_registered_object
from torchkeras_layer.symbolic.functions import function_named, name_of, short_name
from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.keras_tensor import KerasTensor, any_symbolic, is_symbolic
from torchkeras_layer.symbolic.node import Node, node_of
from torchkeras_layer.symbolic.shape_inference import Inferred, infer_function, readable_message
from torchkeras_layer.symbolic.size_nodes import with_sizes
from torchkeras_layer.symbolic.tensor_methods import set_recorder


@catalog.register()
class TorchFunction(Layer):
    """One torch function in a graph. Calling a torch function on a symbolic tensor makes one.

    Inputs are not cast, and masks are not passed on, as when the function is called on tensors.

    Args:
        function: the function, or its public name, such as 'torch.nn.functional.relu'.
        supplied_as: the name of a function that is not public and belongs to `custom_objects` when a config is read.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for a name that is not in the table of functions.

    >>> import torchkeras_layer as keras
    >>> y = torch.relu(keras.Input((3,)))
    >>> y._keras_history.layer.get_config()["function"]
    'torch.relu'
    """

    def __init__(self, function: Callable[..., Any] | str, supplied_as: str | None = None, **kwargs: Any) -> None:
        found = _find(function, supplied_as)
        kwargs.setdefault("name", unique_name(short_name(found)))
        super().__init__(**kwargs)
        self.function = found
        self.supplied_as = supplied_as
        self._torchkeras.built = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; on symbolic tensors, add another node to this layer."""
        if any_symbolic(args, (), kwargs):
            return _record_call(self, args, kwargs)
        return self.function(*args, **kwargs)

    def _torchkeras_state_to_copy(self) -> dict[str, Any]:
        # By its name, if it has one, because properties of torch cannot be pickled.
        return {**super()._torchkeras_state_to_copy(), "function": name_of(self.function) or self.function}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.function = _find(self.function)

    def get_config(self) -> dict[str, Any]:
        """Return the name of the layer and the public name of the function.

        Raises:
            TypeError: if the function has none.
        """
        name = name_of(self.function)
        if self.supplied_as is not None:
            return {"name": self._torchkeras.name, "function": self.supplied_as, "supplied_as": self.supplied_as}
        if name is None:
            raise TypeError(
                f"{self.name}: {self.function!r} cannot be written into a config, because it is not a public function "
                "of torch. Call it in a registered layer, or in a registered function in a Lambda."
            )
        return {"name": self._torchkeras.name, "function": name}


def _find(function: Callable[..., Any] | str, supplied_as: str | None = None) -> Callable[..., Any]:
    if isinstance(function, str):
        found = function_named(function) if supplied_as is None else get_registered_object(supplied_as)
    else:
        found = function
    if supplied_as is not None and not callable(found):
        raise DeserializationError(
            f"TorchFunction: the function {supplied_as!r} was supplied when the model was loaded. Supply it again: "
            f'custom_objects={{"{supplied_as}": function}}. See docs/differences.md#custom-objects'
        )
    if not callable(found):
        raise DeserializationError(
            f"TorchFunction: expected a function that a graph can contain. Received: {function!r}. These are the "
            "public functions of torch, torch.nn.functional, torch.linalg, torch.fft and torch.special, tensor "
            "methods and Python's operators, unless they work in place."
        )
    return found


@set_recorder
def record_function(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make the node of a torch function, and return its symbolic outputs.

    Raises:
        TypeError: if the function changes its input in place, is called inside a plain module, or needs values.
        ValueError: if the tensors do not fit it, or a real tensor was computed with gradients.
    """
    symbolic = [leaf for leaf in leaves((args, kwargs)) if is_symbolic(leaf)]
    for tensor in symbolic:
        node_of(tensor)
    _refuse_bare_module(symbolic)
    function, args, kwargs = with_sizes(function, args, kwargs)
    name = short_name(function)
    # Torch's functions in Python pass their own default arguments too.
    kwargs = {word: value for word, value in kwargs.items() if not word.startswith("_")}
    in_place = getattr(function, "__name__", "").endswith("_") and name_of(function) is None
    if in_place or kwargs.get("inplace") or kwargs.get("out") is not None:
        raise TypeError(symbolic[0]._in_place(name))
    return _record_call(function, args, kwargs)


def _record_call(caller: TorchFunction | Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Add a node to a function's layer; for a function, make the layer, once the outputs are known."""
    function = caller.function if isinstance(caller, TorchFunction) else caller
    args, kwargs = map_leaves(lambda leaf: _as_constant(function, leaf), (args, kwargs))
    inferred = _infer(function, short_name(function), args, kwargs)
    layer = caller if isinstance(caller, TorchFunction) else TorchFunction(function)
    outputs = map_leaves(lambda spec: spec and KerasTensor(spec.shape, spec.dtype, layer.name), inferred.outputs)
    if sizes.gives_sizes(function):
        for number, tensor in enumerate(leaves(outputs)):
            place = None if tensor is outputs else number
            tensor._remake = functools.partial(_remade, function, args, kwargs, place)
    Node(layer, args, kwargs, outputs, Effects())
    return outputs


def _remade(
    function: Callable[..., Any], args: Any, kwargs: Any, place: int | None, stand_in: Callable[[Any], Any]
) -> Any:
    """Return a size, or one of several, of what stands for the arguments of its function."""
    args, kwargs = map_leaves(stand_in, (args, kwargs))
    found = function(*args, **kwargs)
    return found if place is None else found[place]


def _infer(function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Inferred:
    try:
        device = next((leaf.device for leaf in leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)), None)
        run = sizes.described(function)
        inferred = infer_function(lambda fakes: run(*fakes[0], **fakes[1]), (args, kwargs), device)
    except Exception as error:
        symbolic = [leaf for leaf in leaves((args, kwargs)) if is_symbolic(leaf)]
        shapes = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in symbolic)
        kind = TypeError if isinstance(error, (TypeError, AttributeError)) else ValueError
        raise kind(
            f"{name}: cannot be applied to the symbolic tensor(s) {shapes}: {type(error).__name__}: "
            f"{readable_message(error)}. {_hint(args, kwargs)}Code that needs values goes into the call() of a layer. "
            "See docs/differences.md#a-symbolic-call-runs-call"
        ) from error
    if not any(isinstance(leaf, TensorSpec) for leaf in leaves(inferred.outputs)):
        raise TypeError(f"{name}: must return a tensor to be part of a graph. Received: {inferred.outputs!r}.")
    return inferred


def _hint(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    if None not in leaves((args[1:], kwargs)):
        return ""
    return "Is a None among the arguments the size of a free axis? reshape and view take it; elsewhere write -1. "


def _as_constant(function: Callable[..., Any], leaf: Any) -> Any:
    """Return an argument as the graph stores it: an array as a tensor; a tensor must not be computed with gradients."""
    if isinstance(leaf, np.ndarray):
        return torch.tensor(leaf)
    if isinstance(leaf, np.generic):
        return leaf.item()
    if isinstance(leaf, slice):
        return slice(*(part if part is None else operator.index(part) for part in (leaf.start, leaf.stop, leaf.step)))
    if isinstance(leaf, torch.Tensor) and leaf.requires_grad and not leaf.is_leaf:
        raise ValueError(
            f"{short_name(function)}: a real tensor in a graph must not be computed with gradients, "
            f"which belong to one forward pass. Received: a tensor of shape {tuple(leaf.shape)} with "
            f"{leaf.grad_fn}. Compute it within the graph, from its nn.Parameter, or detach() it."
        )
    return leaf


def _refuse_bare_module(symbolic: list[KerasTensor]) -> None:
    """Raise an error if a plain module was called on symbolic tensors: torch reports only the functions it calls."""
    frame, module = sys._getframe(1), None
    while frame is not None:
        if frame.f_code is nn.Module._call_impl.__code__:
            given = leaves((frame.f_locals.get("args"), frame.f_locals.get("kwargs")))
            if any(is_symbolic(leaf) for leaf in given):
                module = frame.f_locals["self"]
        frame = frame.f_back
    if module is not None and not isinstance(module, Layer):
        raise TypeError(
            f"{type(module).__name__}: a plain nn.Module was called on the symbolic tensor {symbolic[0]!r}. Torch "
            "reports only the functions that it calls, without its mode and its state_dict. Write\n"
            f"    y = keras.layers.TorchModuleWrapper(module)(x)   # module = {type(module).__name__}(...)\n"
            "instead of y = module(x). See docs/differences.md#plain-modules"
        )
