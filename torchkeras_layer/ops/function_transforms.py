"""Which operations make another function of a Python function: over whole tensors, and with other gradients?"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._structures import leaves, map_leaves, pack
from torchkeras_layer.ops.calls import recorded
from torchkeras_layer.ops.values import as_tensor

_SIDE = re.compile(r"\(([^()]*)\)")


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Return what a function returns for each part along the first axis of tensors, computed for all at once.

    Random numbers in it differ from part to part.

    >>> vectorized_map(lambda x: x.sum(), torch.ones(2, 3))
    tensor([3., 3.])
    """
    tensors = map_leaves(as_tensor, elements) if isinstance(elements, (tuple, dict)) else elements
    if isinstance(elements, list):
        is_one = not any(isinstance(x, Tensor) for x in elements)
        tensors = as_tensor(elements) if is_one else [as_tensor(x) for x in elements]
    return torch.vmap(function, randomness="different")(tensors)


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """Return a function that calls another one for each value of its arguments, which are broadcast.

    Args:
        pyfunc: the function, of tensors without axes, or with those that `signature` names.
        excluded: positions and names of arguments that are passed as they are.
        signature: such as '(m,n),(n)->(m)'.

    Raises:
        ValueError: if `pyfunc` is not callable, or the signature does not fit the arguments.

    >>> vectorize(lambda a, b: a + b)([1, 2], 2)
    tensor([3, 4], dtype=torch.int32)
    """
    if not callable(pyfunc):
        raise ValueError(f"vectorize: pyfunc must be callable. Received: pyfunc={pyfunc!r}.")
    names = None if signature is None else _core_axes(signature)
    passed = frozenset(excluded or ())

    @functools.wraps(pyfunc)
    def call(*args: Any, **kwargs: Any) -> Any:
        words = [*range(len(args)), *kwargs]
        given = dict(zip(words, [*args, *kwargs.values()], strict=True))
        over = [word for word in words if word not in passed]
        tensors = [as_tensor(given[word]) for word in over]
        depths = _depths_of(tensors, names)

        def one(*values: Any) -> Any:
            found = {**given, **dict(zip(over, values, strict=True))}
            return pyfunc(*(found[place] for place in range(len(args))), **{word: found[word] for word in kwargs})

        return _over_all(one, tensors, depths)

    return recorded(call, "vectorize")


def _over_all(function: Callable[..., Any], tensors: list[Tensor], depths: list[int]) -> Any:
    outer = [x.shape[: x.dim() - depth] for x, depth in zip(tensors, depths, strict=True)]
    shape = torch.broadcast_shapes(*outer)
    expanded = [x.expand(*shape, *x.shape[len(own) :]) for x, own in zip(tensors, outer, strict=True)]
    for _ in shape:
        function = torch.vmap(function, randomness="different")
    return function(*expanded)


def _core_axes(signature: str) -> list[list[str]]:
    """Return the names of the axes of each argument.

    >>> _core_axes("(m,n),()->(m)")
    [['m', 'n'], []]
    """
    left, arrow, right = signature.replace(" ", "").partition("->")
    if not arrow or _SIDE.sub("", left).strip(",") or _SIDE.sub("", right).strip(","):
        raise ValueError(f"vectorize: signature must be such as '(m,n),(n)->(m)'. Received: signature={signature!r}.")
    return [[name for name in group.split(",") if name] for group in _SIDE.findall(left)]


def _depths_of(tensors: list[Tensor], names: list[list[str]] | None) -> list[int]:
    """Return how many of the last axes of each tensor the function gets."""
    if names is None:
        return [0] * len(tensors)
    sizes: dict[str, int] = {}
    fits = len(names) == len(tensors)
    for x, axes in zip(tensors, names, strict=False):
        fits = fits and x.dim() >= len(axes)
        for name, size in zip(axes, x.shape[x.dim() - len(axes) :], strict=False):
            fits = fits and sizes.setdefault(name, size) == size
    if not fits:
        shapes = [tuple(x.shape) for x in tensors]
        raise ValueError(f"vectorize: the arguments must have the axes {names} last. Received: shapes {shapes}.")
    return [len(axes) for axes in names]


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """Return a function's results, and how they change when its arguments move by `tangents`.

    With `has_aux`, the function returns a pair, whose second part is returned third.

    >>> jvp(torch.square, (torch.tensor(3.0),), (torch.tensor(1.0),))
    (tensor(9.), tensor(6.))
    """
    primals, tangents = (tuple(map_leaves(as_tensor, tuple(values))) for values in (primals, tangents))
    return torch.func.jvp(fun, primals, tangents, has_aux=has_aux)


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with a gradient of its own: `f(*args)` returns a result, and a function of gradients.

    The latter is called as `grad(*args, upstream=gradient)`, or as `grad(gradient)` if it takes nothing else, and
    returns the gradients of the arguments.

    >>> @custom_gradient
    ... def half_gradient(x):
    ...     return x * 1, lambda *args, upstream: upstream / 2
    >>> x = torch.ones(2, requires_grad=True)
    >>> half_gradient(x).sum().backward(); x.grad
    tensor([0.5000, 0.5000])
    """

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        flat = leaves(args)
        structure: list[Any] = []

        def flat_function(*flat_args: Any) -> tuple[tuple[Tensor, ...], Callable[..., Any]]:
            output, gradient = f(*pack(args, list(flat_args)), **kwargs)
            structure[:] = [output]
            return tuple(leaves(output)), gradient

        results = _OwnGradient.apply(flat_function, *flat)
        return pack(structure[0], list(results))

    return recorded(call, "custom_gradient")


class _OwnGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], *args: Any) -> tuple[Tensor, ...]:
        results, ctx.gradient = function(*args)
        ctx.others = [None if isinstance(value, Tensor) else value for value in args]
        ctx.are_tensors = [isinstance(value, Tensor) for value in args]
        ctx.save_for_backward(*(value for value in args if isinstance(value, Tensor)))
        return results

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> Any:
        saved = iter(ctx.saved_tensors)
        args = [next(saved) if is_tensor else ctx.others[place] for place, is_tensor in enumerate(ctx.are_tensors)]
        given = upstream[0] if len(upstream) == 1 else upstream
        found = _gradients(ctx.gradient, args, given)
        gradients = leaves(found) if isinstance(found, (list, tuple)) else [found]
        gradients = [*gradients, *[None] * (len(args) - len(gradients))]
        own = zip(gradients, ctx.are_tensors, strict=True)
        return (None, *(value if is_tensor else None for value, is_tensor in own))


def _gradients(gradient: Callable[..., Any], args: list[Any], upstream: Any) -> Any:
    if _takes_arguments(gradient, len(args)):
        return gradient(*args, upstream=upstream)
    return gradient(*upstream) if isinstance(upstream, tuple) else gradient(upstream)


def _takes_arguments(gradient: Callable[..., Any], count: int) -> bool:
    """Whether a function of gradients takes arguments and `upstream`; from its code, which torch.compile can read."""
    code = getattr(gradient, "__code__", None)
    if code is None or hasattr(gradient, "__self__"):
        return "upstream" in inspect.signature(gradient).parameters
    places, further = code.co_varnames[: code.co_argcount], code.co_kwonlyargcount
    names = code.co_varnames[: code.co_argcount + further]
    has_room = bool(code.co_flags & inspect.CO_VARARGS) or len([name for name in places if name != "upstream"]) >= count
    return has_room and ("upstream" in names or bool(code.co_flags & inspect.CO_VARKEYWORDS))
