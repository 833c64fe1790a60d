"""Which of TensorFlow's functions change how a function is differentiated, and how do they do it here?"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

from torchkeras_layer._structures import leaves
from torchkeras_layer.ops import function_transforms
from torchkeras_layer.ops.calls import SymbolicTensor
from torchkeras_layer.symbolic.tensor_methods import record


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with a gradient of its own: `f(*args)` returns a result, and a function of its gradient.

    If `f` uses weights that train, the latter takes a list of them as `variables=`, and returns the gradients of the
    arguments and those of the weights.

    Raises:
        TypeError: from the call, if `f` uses weights and its gradient does not take `variables`.

    >>> @custom_gradient
    ... def half_gradient(x):
    ...     return x * 1, lambda upstream: upstream / 2
    >>> x = torch.ones(2, requires_grad=True)
    >>> half_gradient(x).sum().backward(); x.grad
    tensor([0.5000, 0.5000])
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(leaf, SymbolicTensor) for leaf in leaves((args, kwargs))):
            return record(call, *args, **kwargs)
        if torch.compiler.is_compiling():
            return function_transforms.custom_gradient(lambda *own: _traced(f(*own, **kwargs)))(*args)
        return _differentiated(f, args, kwargs)

    call.__name__ = getattr(f, "__name__", "custom_gradient")
    call.__doc__ = f.__doc__
    return call


def _traced(found: Any) -> Any:
    output, gradient = found
    return output, lambda *_, upstream: gradient(*_as_tuple(upstream))


def _differentiated(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return the result of a function, with its own gradient also for the weights that it uses."""
    with torch.no_grad(), _WeightsInUse(leaves((args, kwargs))) as mode:
        output, gradient = f(*args, **kwargs)
    weights = mode.found
    if weights and not _takes_variables(gradient):
        raise TypeError(
            f"tf.custom_gradient: {getattr(f, '__name__', f)} uses {len(weights)} weight(s) that train, and so its "
            "gradient must take them: def grad(upstream, variables=None) returns the gradients of the arguments, and "
            "a list of those of the variables."
        )

    def gradients(*_: Any, upstream: Any) -> Any:
        if not weights:
            return gradient(*_as_tuple(upstream))
        of_arguments, of_weights = gradient(*_as_tuple(upstream), variables=weights)
        given = list(of_arguments) if isinstance(of_arguments, (list, tuple)) else [of_arguments]
        return [*given, *[None] * (len(leaves(args)) - len(given)), *of_weights]

    return function_transforms.custom_gradient(lambda *_: (output, gradients))(*args, *weights)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _takes_variables(function: Callable[..., Any]) -> bool:
    parameters = signature(function).parameters
    return "variables" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


class _WeightsInUse(TorchFunctionMode):
    """Finds the weights that train, and that torch's functions get within a block; arguments do not count."""

    def __init__(self, arguments: list[Any]) -> None:
        super().__init__()
        self.found: list[nn.Parameter] = []
        self._known = {id(argument) for argument in arguments}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function of torch."""
        for leaf in leaves((args, kwargs)):
            if isinstance(leaf, nn.Parameter) and leaf.requires_grad and id(leaf) not in self._known:
                self._known.add(id(leaf))
                self.found.append(leaf)
        return func(*args, **(kwargs or {}))


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes its results again for the gradients, and so needs less memory.

    >>> recompute_grad(torch.exp)(torch.zeros(1))
    tensor([1.])
    """
    return lambda *args, **kwargs: checkpoint(f, *args, use_reentrant=False, **kwargs)


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose gradient is that of the identity.

    >>> x = torch.tensor(1.4, requires_grad=True)
    >>> grad_pass_through(torch.round)(x).backward(); x.grad
    tensor(1.)
    """
    return lambda x, *args, **kwargs: x + (f(x, *args, **kwargs) - x).detach()
