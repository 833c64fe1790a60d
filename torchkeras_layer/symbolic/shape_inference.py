"""Which shapes and dtypes do the outputs of a function have, found by running it on tensors without data?"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._structures import leaves, map_leaves, pack
from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.keras_tensor import KerasTensor

Sizes = tuple[int, ...]
Rows = tuple[Sizes, Sizes]
# The sizes that free dimensions have in a trace that needs numbers. There is one for each axis, so that the free batch
# sizes of two inputs are equal, and free sizes of different axes are not. Each is divisible by 2 and 3, and small
# enough for a loop over it. An output size that differs with the second row depends on a free size and is no constant.
DIFFERENT: Rows = ((12, 18, 30, 42, 66, 78, 90, 102), (24, 36, 48, 54, 60, 72, 84, 96))
# Some functions need equal sizes on different axes, such as a matrix product with a transpose; some need large ones.
EQUAL: Rows = ((12,), (24,))
# An output size that is smaller with these sizes is the minimum of a constant and a free size, and so is free.
SMALL: Sizes = (2, 3, 4, 5, 6, 7, 8, 9)
# Divisible by 5 and 7 too.
LARGE: Rows = (tuple(280 * size for size in DIFFERENT[0]), tuple(280 * size for size in DIFFERENT[1]))

Function = Callable[[Any], Any]
Device = torch.device | None


class Inferred(NamedTuple):
    """The outputs of a function: `TensorSpec`s in their structure, and a list of the specs of their masks."""

    outputs: Any
    masks: list[TensorSpec | None]


class SymbolicTrace(NamedTuple):
    """The outputs, whether a symbol was replaced by its example value, and whether one was compared with a bound."""

    result: Inferred
    has_constants: bool
    has_bounds: bool


def trace_with_symbols(function: Function, inputs: Any, sizes: Sizes, device: Device) -> SymbolicTrace:
    """Run a function with symbols for the free sizes; axes with equal `sizes`, one for each axis, share a symbol."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv, StatelessSymbolicContext

    environment = ShapeEnv()
    mode = FakeTensorMode(shape_env=environment, allow_non_fake_inputs=True)
    # Torch's cache is shared by all modes, and would keep the symbols of each trace for ever.
    mode.cache_enabled = False

    def make(spec: TensorSpec) -> torch.Tensor:
        kinds = [DimDynamic.DUCK if size is None else DimDynamic.STATIC for size in spec.shape]
        example = torch.empty(_with_numbers(spec, sizes), dtype=torch_dtype(spec.dtype), device="meta")
        fake = mode.from_tensor(example, symbolic_context=StatelessSymbolicContext(dynamic_sizes=kinds))
        with mode:
            return torch.empty(fake.shape, dtype=example.dtype, device=device)

    try:
        result = _run(function, inputs, mode, make)
    finally:
        for clear in _caches_of_symbols():
            clear()
    has_constants = any(value.is_number for value in environment.replacements.values())
    has_bounds = any(type(guard.expr).__name__ in _BOUNDS for guard in environment.guards)
    return SymbolicTrace(result, has_constants, has_bounds)


_BOUNDS = ("GreaterThan", "LessThan", "StrictGreaterThan", "StrictLessThan")


@functools.cache
def _caches_of_symbols() -> list[Callable[[], None]]:
    """Return the functions that clear torch's caches of symbols, which would keep those of every trace for ever."""
    from torch.fx.experimental.symbolic_shapes import ShapeEnv

    return [method.cache_clear for method in vars(ShapeEnv).values() if hasattr(method, "cache_clear")]


def trace_with_numbers(function: Function, inputs: Any, sizes: Sizes, device: Device) -> Inferred:
    """Run a function with the numbers `sizes`, one for each axis, for the free sizes."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    mode = FakeTensorMode(allow_non_fake_inputs=True)

    def make(spec: TensorSpec) -> torch.Tensor:
        with mode:
            return torch.empty(_with_numbers(spec, sizes), dtype=torch_dtype(spec.dtype), device=device)

    return _run(function, inputs, mode, make)


def _run(function: Function, inputs: Any, mode: Any, make: Callable[[TensorSpec], torch.Tensor]) -> Inferred:
    def fake(leaf: Any) -> Any:
        if isinstance(leaf, TensorSpec):
            return make(leaf)
        if not isinstance(leaf, KerasTensor):
            return leaf
        if leaf._remake is not None:
            return leaf._remake(fake)
        tensor = make(leaf.spec)
        if leaf._mask_spec is not None:
            tensor._keras_mask = make(leaf._mask_spec)  # type: ignore[attr-defined]
        return tensor

    fakes = map_leaves(fake, inputs)
    with mode, torch.no_grad(), _without_reports():
        outputs = function(fakes)
    masks = [_describe(getattr(leaf, "_keras_mask", None)) for leaf in leaves(outputs)]
    return Inferred(map_leaves(_describe, outputs), masks)


@contextlib.contextmanager
def _without_reports() -> Any:
    """Stop torch from logging every operation that fails; the error that it raises is enough."""
    reports = logging.getLogger("torch._subclasses.fake_tensor")
    was_disabled, reports.disabled = reports.disabled, True
    try:
        yield
    finally:
        reports.disabled = was_disabled


def _with_numbers(spec: TensorSpec, sizes: Sizes) -> list[int]:
    return [sizes[axis % len(sizes)] if size is None else size for axis, size in enumerate(spec.shape)]


def _describe(output: Any) -> Any:
    if output is None:
        return None
    if not isinstance(output, torch.Tensor):
        raise TypeError(f"expected tensors as outputs. Received: {output!r}.")
    return TensorSpec([_size_of(size) for size in output.shape], output.dtype)


def _size_of(size: Any) -> int | None:
    if isinstance(size, torch.SymInt):
        return int(size.node.expr) if size.node.expr.is_number else None
    return size


_SIGNS_OF_TRACING = ("FakeTensor", "tensor subclasses", "customized tensor", "symbolic", "SymInt", "meta tensor")

_VALUE_NEEDED = ("GuardOnDataDependentSymNode", "DataDependentOutputException")
_FREE_SIZE = re.compile(rf"\b(s\d+|{'|'.join(str(size) for row in (*DIFFERENT, *LARGE) for size in row)})\b")


def needs_data(error: Exception) -> bool:
    """Whether an error was raised only because the tensors have no data.

    >>> needs_data(ValueError("units must be positive."))
    False
    """
    of_tracing = type(error).__module__.startswith(("torch._subclasses", "torch.fx.experimental"))
    return of_tracing or any(word in str(error) for word in _SIGNS_OF_TRACING)


def readable_message(error: Exception) -> str:
    """Return the message of an error from a trace, with `None` in place of the symbols and numbers for free sizes.

    >>> readable_message(RuntimeError("a is [s26, 3], b is [18, 3]."))
    'a is [None, 3], b is [None, 3]'
    """
    if type(error).__name__ in _VALUE_NEEDED:
        return "it needs the value of a tensor, as `if`, int() and item() do, and there is none yet"
    first = str(error).strip().partition("\n\n")[0]
    return _FREE_SIZE.sub("None", first).rstrip(".")


def infer_output(function: Function, input_specs: Any, device: Device = None) -> Any:
    """Run `function` on fake tensors, and return a structure of `TensorSpec` for its outputs.

    Free dimensions of the inputs are symbols while the function runs; output sizes that depend on one are free too.
    Nothing is computed, and no memory is allocated.

    >>> infer_output(lambda x: x.flatten(1).double(), TensorSpec((None, 2, 3)))
    TensorSpec(shape=(None, 6), dtype='float64')
    """
    return infer(function, input_specs, device).outputs


def infer(function: Function, inputs: Any, device: Device = None) -> Inferred:
    """Do the work of `infer_output`, also for symbolic tensors as inputs, and return the masks of the outputs too.

    Inputs that are neither specs nor symbolic tensors are passed unchanged. An output may be `None`. The fake tensors
    are on `device`, which must be that of the weights; by default, it is torch's default device.
    """
    # Numbers are for functions of torch that cannot handle symbols.
    ways = (_by_symbols, _by_numbers)
    return _first_that_works(
        [partial(way, sizes=sizes) for sizes in (DIFFERENT, EQUAL, LARGE) for way in ways], function, inputs, device
    )


def infer_function(function: Function, inputs: Any, device: Device = None) -> Inferred:
    """Do the same as `infer` for a function of torch: for those, numbers are as good as symbols, and much faster."""
    ways = (_by_numbers, _by_symbols)
    return _first_that_works(
        [partial(way, sizes=sizes) for sizes in (DIFFERENT, EQUAL, LARGE) for way in ways], function, inputs, device
    )


def run_without_data(function: Function, inputs: Any, device: Device = None) -> None:
    """Run a function as `infer` does, for what it does and not for its outputs: once, with numbers for free sizes."""
    try:
        trace_with_numbers(function, inputs, DIFFERENT[0], device)
    except Exception:
        infer(function, inputs, device)


def _first_that_works(ways: list[Any], function: Function, inputs: Any, device: Device) -> Inferred:
    try:
        return ways[0](function, inputs, device)
    except Exception as error:
        # The size of an output may depend on values, as that of torch.unique: then only symbols help.
        if not _has_free_sizes(inputs) and type(error).__name__ != "DynamicOutputShapeException":
            raise
        for way in ways[1:]:
            with contextlib.suppress(Exception):
                return way(function, inputs, device)
        found = _with_known_sizes(function, inputs, device)
        if found is None:
            raise error
        return found


# A layer whose free sizes need more attempts than this is left to the user.
_MOST_ATTEMPTS = 60


def _with_known_sizes(function: Function, inputs: Any, device: Device) -> Inferred | None:
    """Run a function with known sizes for those free axes that must have them; `None` if none do.

    A free axis that meets a known size, as in the product of (None, 5) and (None, 8), has that size when the function
    runs on data. First, all inputs are taken to line up at the last axis. Then, one free axis after the other gets a
    known size, or one that the error names: it also names the axis, because each has a number of its own.
    """
    flat = leaves(inputs)
    known = {size for leaf in flat for size in getattr(leaf, "shape", ()) if isinstance(size, int)}
    rows = next((rows for rows in (DIFFERENT, LARGE) if not {*rows[0], *rows[1]} & known), LARGE)
    level = [flat, _lined_up(flat)]
    attempts = 0
    for _ in range(3):
        failed: list[tuple[list[Any], Exception]] = []
        for attempt in level:
            attempts += 1
            try:
                return _by_numbers(function, pack(inputs, attempt), device, rows)
            except Exception as error:
                failed.append((attempt, error))
            if attempts == _MOST_ATTEMPTS:
                return None
        level = [refined for attempt, error in failed for refined in _refined(attempt, str(error), rows[0], known)]
    return None


def _lined_up(flat: list[Any]) -> list[Any]:
    """Give free axes the size that all known ones have there, counted from the last axis; 1 broadcasts, and is none."""
    shapes = [tuple(getattr(leaf, "shape", ())) for leaf in flat]
    found: dict[int, set[Any]] = {}
    for shape in shapes:
        for axis, size in enumerate(shape, -len(shape)):
            found.setdefault(axis, set()).update({size} - {None, 1})
    sizes = {axis: next(iter(known)) for axis, known in found.items() if len(known) == 1}
    return [_with_sizes(leaf, sizes) for leaf in flat]


def _refined(flat: list[Any], message: str, row: Sizes, known: set[int]) -> Iterator[list[Any]]:
    """Give each free axis that an error names a size that it names, one at a time."""
    named = [int(number) for number in re.findall(r"(?<![-\d])\d+", message)]
    axes = {axis for axis, size in enumerate(row) if size in named}
    # First the sizes of the inputs, because the message may contain other numbers, and last 1, which hides others.
    sizes = sorted({*named} - {*row, 0}, key=lambda size: (size == 1, size not in known))
    for size in sizes:
        for place, leaf in enumerate(flat):
            for axis in sorted(axes & _free_axes(leaf)):
                yield [*flat[:place], _with_sizes(leaf, {axis - len(leaf.shape): size}), *flat[place + 1 :]]


def _free_axes(leaf: Any) -> set[int]:
    is_free = isinstance(leaf, (KerasTensor, TensorSpec))
    return {axis for axis, size in enumerate(leaf.shape) if size is None} if is_free else set()


def _with_sizes(leaf: Any, sizes: dict[int, int]) -> Any:
    """Return a symbolic tensor with known sizes on free axes, counted from the last, and its mask likewise."""
    if not _free_axes(leaf):
        return leaf
    spec, mask = (leaf.spec, leaf._mask_spec) if isinstance(leaf, KerasTensor) else (leaf, None)
    shape = [sizes.get(axis) if size is None else size for axis, size in enumerate(spec.shape, -len(spec.shape))]
    of_mask = mask and TensorSpec(
        [shape[axis] if size is None else size for axis, size in enumerate(mask.shape)], mask.dtype
    )
    return KerasTensor.from_spec(TensorSpec(shape, spec.dtype), "input", of_mask)


def _by_symbols(function: Function, inputs: Any, device: Device, sizes: Rows) -> Inferred:
    result, has_constants, has_bounds = trace_with_symbols(function, inputs, sizes[0], device)
    if has_constants:
        result = _merge(result, trace_with_symbols(function, inputs, sizes[1], device).result)
    return _compare_with_small(result, function, inputs, device) if has_bounds else result


def _by_numbers(function: Function, inputs: Any, device: Device, sizes: Rows) -> Inferred:
    result = trace_with_numbers(function, inputs, sizes[0], device)
    if not _has_free_sizes(inputs):
        return result
    result = _merge(result, trace_with_numbers(function, inputs, sizes[1], device))
    return _compare_with_small(result, function, inputs, device)


def _compare_with_small(result: Inferred, function: Function, inputs: Any, device: Device) -> Inferred:
    """Mark sizes as free that differ for small inputs, such as that of a slice; small inputs may also be invalid."""
    if not (_has_free_sizes(inputs) and _has_fixed_sizes(result)):
        return result
    try:
        return _merge(result, trace_with_numbers(function, inputs, SMALL, device))
    except Exception:
        return result


def _has_fixed_sizes(result: Inferred) -> bool:
    return any(any(spec.shape) for spec in leaves(result.outputs) if spec is not None)


def _has_free_sizes(inputs: Any) -> bool:
    if any(isinstance(leaf, KerasTensor) and leaf._remake is not None for leaf in leaves(inputs)):
        return True
    specs = [leaf.spec if isinstance(leaf, KerasTensor) else leaf for leaf in leaves(inputs)]
    return any(None in spec.shape for spec in specs if isinstance(spec, TensorSpec))


def _merge(result: Inferred, other: Inferred) -> Inferred:
    masks = [_free_where_different(*pair) for pair in zip(result.masks, other.masks, strict=True)]
    return Inferred(map_leaves(_free_where_different, result.outputs, other.outputs), masks)


def _free_where_different(one: TensorSpec | None, other: TensorSpec | None) -> TensorSpec | None:
    if one is None or other is None:
        return one
    if len(one.shape) != len(other.shape):
        raise TypeError("the rank of an output depends on the size of a free dimension.")
    pairs = zip(one.shape, other.shape, strict=True)
    return TensorSpec([a if a == b else None for a, b in pairs], one.dtype)
