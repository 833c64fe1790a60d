"""What do TensorFlow's functions do that call Python functions: branches, loops, and maps over a first axis?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.ops import control_flow
from torchkeras_layer.ops.calls import SymbolicTensor, recorded
from torchkeras_layer.ops.function_transforms import vectorized_map as vectorized_map_of_keras
from torchkeras_layer.ops.values import as_tensor


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """Return what one of two functions returns: the first one's if a condition is true.

    A condition of sizes decides in Python, one of tensors in the graph of torch.compile and torch.export. In a graph of
    symbolic tensors, both functions are called.

    >>> cond(torch.tensor(2) > 1, lambda: 1.0, lambda: 0.0)
    1.0
    """
    if not isinstance(pred, (Tensor, SymbolicTensor)):
        return true_fn() if pred else false_fn()
    return control_flow.cond(pred, true_fn, false_fn)


def case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False, name: str = "case"
) -> Any:
    """Return what the function with the first true condition returns, of pairs (condition, function).

    Raises:
        ValueError: if no condition is true and there is no `default`.
    """
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if not pairs:
        if default is None:
            raise ValueError("tf.case: no condition is true, and there is no default.")
        return default()
    (pred, true_fn), rest = pairs[0], pairs[1:]
    if default is None and not rest and isinstance(pred, (Tensor, SymbolicTensor)) and torch.compiler.is_compiling():
        return true_fn()
    return cond(pred, true_fn, lambda: case(rest, default))


def switch_case(branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case") -> Any:
    """Return what the function with a number returns; for other numbers, `default`'s, or the last one's.

    >>> switch_case(1, [lambda: 10, lambda: 20])
    20
    """
    pairs = branch_fns.items() if isinstance(branch_fns, dict) else _numbered(branch_fns)
    ordered = sorted(pairs, key=lambda pair: pair[0])
    last = ordered[-1][1] if default is None else default
    return case([(branch_index == number, function) for number, function in ordered], last)


def _numbered(functions: Sequence[Any]) -> list[Any]:
    return [pair if isinstance(pair, tuple) else (number, pair) for number, pair in enumerate(functions)]


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: int | None = None,
    name: str | None = None,
) -> Any:
    """Return variables after `loop_vars = body(*loop_vars)` as long as `cond(*loop_vars)` is true.

    >>> while_loop(lambda i: i < 3, lambda i: [i + 1], [0])
    [tensor(3, dtype=torch.int32)]
    """
    if any(isinstance(leaf, TensorArray) for leaf in leaves(loop_vars)):
        return _loop_with_arrays(cond, body, list(loop_vars), maximum_iterations)
    if isinstance(loop_vars, (list, tuple)):
        found = control_flow.while_loop(cond, _with_tuples(body), tuple(loop_vars), maximum_iterations)
        return type(loop_vars)(found) if type(loop_vars) in (list, tuple) else found
    return control_flow.while_loop(cond, body, loop_vars, maximum_iterations)


def _with_tuples(body: Callable[..., Any]) -> Callable[..., Any]:
    def step(*values: Any) -> Any:
        found = body(*values)
        return tuple(found) if isinstance(found, list) else found

    return step


def _loop_with_arrays(cond: Any, body: Any, values: Any, limit: int | None) -> Any:
    # A loop in Python, in which ints, such as the number of the step, stay ints: they are the places in the array.
    values, count = [map_leaves(_as_tensor_or_int, value) for value in values], 0
    while (limit is None or count < limit) and cond(*values):
        found = body(*values)
        values, count = list(found) if isinstance(found, (list, tuple)) else [found], count + 1
    return map_leaves(_as_tensor_or_symbol, values)


def _as_tensor_or_int(value: Any) -> Any:
    return value if isinstance(value, int) else _as_tensor_or_symbol(value)


def _as_tensor_or_symbol(value: Any) -> Any:
    return value if isinstance(value, (TensorArray, SymbolicTensor)) else as_tensor(value)


def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: Any = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """Return what a function returns for each part along the first axis of a tensor or a structure of them, stacked.

    The function runs once for each part; `tf.vectorized_map` runs it once.

    >>> map_fn(lambda x: x * 2, torch.tensor([1, 2]))
    tensor([2, 4])
    """
    return _recorded_if_symbolic(control_flow.map, "map_fn")(fn, elems)


def vectorized_map(fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """Return what a function returns for each part along the first axis of tensors, computed for all at once.

    >>> vectorized_map(lambda x: x * 2, torch.tensor([1, 2]))
    tensor([2, 4])
    """
    return _recorded_if_symbolic(vectorized_map_of_keras, "vectorized_map")(fn, elems)


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Return all results of `state = fn(state, x)` for each `x` along the first axis, stacked.

    Without an initializer, the first part is the first state.

    >>> scan(lambda total, x: total + x, torch.tensor([1, 2, 3]))
    tensor([1, 3, 6])
    """
    return _recorded_if_symbolic(_scanned, "scan")(fn, elems, initializer, reverse)


def foldl(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Return the last result of `state = fn(state, x)` for each `x` along the first axis.

    >>> foldl(lambda total, x: total + x, torch.tensor([1, 2, 3]))
    tensor(6)
    """
    return _recorded_if_symbolic(_folded, "foldl")(fn, elems, initializer, False)


def foldr(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Return the last result of `state = fn(state, x)` for each `x` along the first axis, from the last one on."""
    return _recorded_if_symbolic(_folded, "foldr")(fn, elems, initializer, True)


def _states(fn: Any, elems: Any, initializer: Any, reverse: bool) -> list[Any]:
    tensors = map_leaves(as_tensor, elems)
    places = range(leaves(tensors)[0].shape[0])
    parts = [map_leaves(lambda x, at=place: x[at], tensors) for place in (reversed(places) if reverse else places)]
    state = parts.pop(0) if initializer is None else map_leaves(as_tensor, initializer)
    states = [] if initializer is not None else [state]
    for part in parts:
        state = map_leaves(as_tensor, fn(state, part))
        states.append(state)
    return states


def _scanned(fn: Any, elems: Any, initializer: Any, reverse: bool) -> Any:
    states = _states(fn, elems, initializer, reverse)
    return map_leaves(lambda *parts: torch.stack(parts), *(states[::-1] if reverse else states))


def _folded(fn: Any, elems: Any, initializer: Any, reverse: bool) -> Any:
    return (_states(fn, elems, initializer, reverse) or [initializer])[-1]


def _recorded_if_symbolic(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    return recorded(function, name)


def _as_places(indices: Any) -> list[int]:
    return list(indices) if isinstance(indices, (list, tuple, range)) else as_tensor(indices).tolist()


class TensorArray:
    """A list of tensors that loops write and read. `write` changes the array and returns it.

    Args:
        dtype: dtype of the tensors that are read before they are written.
        size: the number of tensors at first; it grows as they are written.

    >>> array = TensorArray("float32", size=2).write(0, 1.0).write(1, 2.0); array.stack(), array.size()
    (tensor([1., 2.]), 2)
    """

    def __init__(self, dtype: Any, size: Any = 0, dynamic_size: Any = None, *args: Any, **kwargs: Any) -> None:
        self.dtype = dtype
        self._values: list[Any] = [None] * int(size or 0)

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put a tensor at an index."""
        place = int(index)
        self._values += [None] * (place + 1 - len(self._values))
        self._values[place] = _as_tensor_or_symbol(value)
        return self

    def read(self, index: Any, name: str | None = None) -> Any:
        """Return the tensor at an index. Raises ValueError if nothing was written there."""
        found = self._values[int(index)]
        if found is None:
            raise ValueError(f"TensorArray: nothing was written at the index {int(index)}.")
        return found

    def stack(self, name: str | None = None) -> Tensor:
        """Return all tensors along a new first axis; zeros for those that were not written."""
        like = next((value for value in self._values if value is not None), None)
        if like is None:
            return torch.empty(0, dtype=as_tensor(0, self.dtype).dtype)
        return torch.stack([torch.zeros_like(like) if value is None else value for value in self._values])

    def concat(self, name: str | None = None) -> Tensor:
        """Return all tensors, one after the other along their first axis."""
        return torch.cat([self.read(place) for place in range(len(self._values))])

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Put the parts along the first axis of a tensor into the array."""
        self._values = list(_as_tensor_or_symbol(value))
        return self

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Return the tensors at indices, along a new first axis."""
        return torch.stack([self.read(place) for place in _as_places(indices)])

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put the parts along the first axis of a tensor at indices."""
        for place, part in zip(_as_places(indices), _as_tensor_or_symbol(value), strict=True):
            self.write(place, part)
        return self

    def size(self, name: str | None = None) -> int:
        """Return the number of tensors."""
        return len(self._values)

    def identity(self) -> TensorArray:
        """Return the array."""
        return self
