"""Which operations call Python functions once or many times: branches and loops?

What is known as a Python value decides in Python. Where a compiler traces, a tensor decides in the graph, by
`torch.cond` and `torch.while_loop`; on fake tensors, which have no values, all branches and one step are run.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from torchkeras_layer._structures import leaves, map_leaves, pack
from torchkeras_layer.ops.calls import recorded
from torchkeras_layer.ops.indexing import where
from torchkeras_layer.ops.values import SymbolicTensor, as_tensor


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Return what one of two functions returns: the first one's if a condition is true.

    In a graph of symbolic tensors, both functions are called, and their results chosen between.

    >>> cond(torch.tensor(2) > 1, lambda: torch.ones(1), lambda: torch.zeros(1))
    tensor([1.])
    """
    return switch(pred if isinstance(pred, (bool, SymbolicTensor)) else as_tensor(pred), (false_fn, true_fn))


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Return what the function with a number returns; the first or last one's for numbers outside.

    >>> switch(1, [torch.sin, torch.relu], torch.tensor(-2.0))
    tensor(0.)
    """
    if isinstance(index, SymbolicTensor):
        return _chosen(recorded(where, "where"), index, [branch(*operands) for branch in branches])
    if isinstance(index, Tensor):
        if torch.compiler.is_compiling():
            return _switch_in_graph(index, list(branches), operands)
        if _has_no_value(index):
            return [branch(*operands) for branch in branches][-1]
    return branches[builtins.min(builtins.max(int(index), 0), len(branches) - 1)](*operands)


def _chosen(choose: Callable[..., Any], index: Any, results: list[Any]) -> Any:
    chosen = results[0]
    for number, result in enumerate(results[1:], 1):
        is_it = index if index.dtype is torch.bool else index >= number
        chosen = map_leaves(lambda one, other, is_it=is_it: choose(is_it, one, other), result, chosen)
    return chosen


def _switch_in_graph(index: Tensor, branches: list[Callable[..., Any]], operands: tuple[Any, ...]) -> Any:
    if len(branches) == 1:
        return branches[0](*operands)
    is_last = index.reshape(()) if index.dtype is torch.bool else index.reshape(()) >= len(branches) - 1
    return torch.cond(
        is_last,
        lambda: _copied(branches[-1](*operands)),
        lambda: _copied(_switch_in_graph(index, branches[:-1], operands)),
        (),
    )


def _copied(results: Any) -> Any:
    # A branch of a graph must not return its own argument.
    return map_leaves(lambda leaf: as_tensor(leaf).clone(), results)


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Return variables after `loop_vars = body(*loop_vars)` as long as `cond(*loop_vars)` is true.

    >>> while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (0, 1.0))
    (tensor(3, dtype=torch.int32), tensor(8.))
    """
    is_several = isinstance(loop_vars, (list, tuple))
    values = map_leaves(as_tensor, tuple(loop_vars) if is_several else (loop_vars,))
    is_going_on, count = cond(*values), 0
    if isinstance(is_going_on, Tensor) and torch.compiler.is_compiling():
        values = _loop_in_graph(cond, body, values, maximum_iterations)
    elif isinstance(is_going_on, Tensor) and _has_no_value(is_going_on):
        values = _as_tuple(body(*values))
    else:
        while is_going_on and (maximum_iterations is None or count < maximum_iterations):
            values, count = _as_tuple(body(*values)), count + 1
            is_going_on = cond(*values)
    return values if is_several else values[0]


def _loop_in_graph(cond: Any, body: Any, values: tuple[Any, ...], maximum_iterations: int | None) -> tuple[Any, ...]:
    # The graph must not return an input, and a step must return the dtypes that it gets.
    flat = [value.clone() for value in leaves(values)]

    def goes_on(count: Tensor, *flat: Tensor) -> Tensor:
        found = cond(*pack(values, list(flat))).reshape(())
        return found if maximum_iterations is None else found & (count < maximum_iterations)

    def step(count: Tensor, *flat: Tensor) -> tuple[Tensor, ...]:
        after = leaves(_as_tuple(body(*pack(values, list(flat)))))
        return (count + 1, *(as_tensor(value, before.dtype).clone() for value, before in zip(after, flat, strict=True)))

    _, *results = torch.while_loop(goes_on, step, (torch.zeros((), dtype=torch.int64), *flat))  # type: ignore[attr-defined]
    return pack(values, list(results))


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """Return a value after `value = body_fun(i, value)` for each int from `lower` up to `upper`, without it.

    >>> fori_loop(0, 3, lambda i, x: x + i, 0)
    3
    """
    is_in_tensors = isinstance(lower, Tensor) or isinstance(upper, Tensor)
    if is_in_tensors and (torch.compiler.is_compiling() or _has_no_value(as_tensor(upper))):
        start = as_tensor(lower).reshape(())
        return while_loop(lambda i, _: i < upper, lambda i, value: (i + 1, body_fun(i, value)), (start, init_val))[1]
    value = init_val
    for number in range(int(lower), int(upper)):
        value = body_fun(number, value)
    return value


def scan(
    f: Callable[[Any, Any], Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> Any:
    """Return the last state and all outputs of `state, output = f(state, x)` for each `x` along the first axis of `xs`.

    `unroll` has no effect: each step is in the graph of a compiler.

    Raises:
        TypeError: if `f` is not callable.
        ValueError: if there are neither `xs` nor a `length`, or `unroll` is not a bool or a positive int.

    >>> scan(lambda total, x: (total + x, total), 0, [1, 2, 3])
    (tensor(6, dtype=torch.int32), tensor([0, 1, 3], dtype=torch.int32))
    """
    _check_callable("scan", f)
    if not isinstance(unroll, bool) and not (isinstance(unroll, int) and unroll > 0):
        raise ValueError(f"scan: unroll must be a bool or a positive int. Received: unroll={unroll!r}.")
    if xs is None and length is None:
        raise ValueError("scan: xs or length must be given. Received: xs=None and length=None.")
    inputs = None if xs is None else _as_tensors(xs)
    count = int(length) if length is not None else leaves(inputs)[0].shape[0]
    state, outputs = _as_tensors(init), []
    nothing = map_leaves(torch.zeros_like, state)
    for number in reversed(range(count)) if reverse else range(count):
        state, output = f(state, None if inputs is None else map_leaves(lambda x, place=number: x[place], inputs))
        outputs.append(nothing if output is None else output)
    outputs = outputs[::-1] if reverse else outputs
    if not outputs:
        return state, nothing
    return state, map_leaves(lambda *values: torch.stack([as_tensor(value) for value in values]), *outputs)


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Return what a function returns for each part along the first axis of a tensor or a structure of them, stacked.

    >>> map(lambda x: x + 1, [1, 2])
    tensor([2, 3], dtype=torch.int32)
    """
    _check_callable("map", f)
    return scan(lambda state, x: (state, f(x)), (), xs)[1]


def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Return the results so far of an associative function of two values, along an axis.

    Raises:
        TypeError: if `f` is not callable.
        ValueError: if the tensors differ in the size of the axis.

    >>> associative_scan(torch.add, [1, 2, 3])
    tensor([1, 3, 6], dtype=torch.int32)
    """
    _check_callable("associative_scan", f)
    tensors = _as_tensors(elems)
    flat = leaves(tensors)
    if len({x.shape[axis] for x in flat}) != 1:
        shapes = [tuple(x.shape) for x in flat]
        raise ValueError(f"associative_scan: the tensors must have the same size of axis {axis}. Received: {shapes}.")
    flat = [torch.flip(x, (axis,)) for x in flat] if reverse else flat
    axes = [axis % x.dim() for x in flat]

    def combined(first: list[Tensor], second: list[Tensor]) -> list[Tensor]:
        return leaves(f(pack(tensors, first), pack(tensors, second)))

    results = _scanned(combined, flat, axes)
    return pack(tensors, [torch.flip(x, (axis,)) for x in results] if reverse else results)


def _scanned(combined: Callable[..., list[Tensor]], flat: list[Tensor], axes: list[int]) -> list[Tensor]:
    count = flat[0].shape[axes[0]]
    if count < 2:
        return flat

    def every_second(start: int, stop: int | None) -> list[Tensor]:
        return [_slice(x, axis, start, stop, 2) for x, axis in zip(flat, axes, strict=True)]

    odd = _scanned(combined, combined(every_second(0, count - 1), every_second(1, None)), axes)
    before = odd if count % 2 else [_slice(x, axis, 0, -1) for x, axis in zip(odd, axes, strict=True)]
    even = combined(before, every_second(2, None)) if count > 2 else []
    results = []
    for place, (x, axis) in enumerate(zip(flat, axes, strict=True)):
        first = [_slice(x, axis, 0, 1), even[place]] if even else [_slice(x, axis, 0, 1)]
        results.append(_interleaved(torch.cat(first, axis), odd[place], axis))
    return results


def _interleaved(even: Tensor, odd: Tensor, axis: int) -> Tensor:
    size = odd.shape[axis]
    pairs = torch.stack([_slice(even, axis, 0, size), odd], axis + 1).flatten(axis, axis + 1)
    return pairs if even.shape[axis] == size else torch.cat([pairs, _slice(even, axis, size, None)], axis)


def _slice(x: Tensor, axis: int, start: int, stop: int | None, step: int = 1) -> Tensor:
    return x[(slice(None),) * axis + (slice(start, stop, step),)]


def _has_no_value(x: Tensor) -> bool:
    return isinstance(x, FakeTensor) or x.is_meta


def _as_tensors(structure: Any) -> Any:
    """Return a structure of tensors; a list of numbers is one."""
    is_one = isinstance(structure, list) and not any(isinstance(x, (Tensor, dict, tuple)) for x in structure)
    return as_tensor(structure) if is_one and structure else map_leaves(as_tensor, structure)


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, (list, tuple)) else (values,)


def _check_callable(name: str, f: Any) -> None:
    if not callable(f):
        raise TypeError(f"{name}: f must be callable. Received: f={f!r}.")
