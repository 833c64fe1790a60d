"""Which shapes and dtypes does a function give, found by a run on tensors without data?"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.keras_tensor import KerasTensor

Sizes = tuple[int, ...]
Rows = tuple[Sizes, Sizes]
# What a free dimension counts as where a trace needs a number: one an axis, so that the free batch dimensions of two
# inputs are the same and those of two axes are not; each can be halved, and cut in three, and none is so large that a
# loop over it takes long. The second row tells a number that a program derived from the first one from a constant.
DIFFERENT: Rows = ((12, 18, 30, 42, 66, 78, 90, 102), (24, 36, 48, 54, 60, 72, 84, 96))
# Sizes on different axes may be the same too, as those of a matrix and its transpose; and large ones may be needed.
EQUAL: Rows = ((12,), (24,))
# A size that comes out smaller for these was the smaller of two, and not known.
SMALL: Sizes = (2, 3, 4, 5, 6, 7, 8, 9)
LARGE: Rows = (tuple(100 * size for size in DIFFERENT[0]), tuple(100 * size for size in DIFFERENT[1]))

Function = Callable[[Any], Any]
Device = torch.device | None


class Inferred(NamedTuple):
    """What comes out of a function: the structure of its outputs, and flat, one for each leaf, their masks."""

    outputs: Any
    masks: list[TensorSpec | None]


class SymbolicTrace(NamedTuple):
    """What comes out, and whether a symbol was taken for the number behind it, or compared with a bound."""

    result: Inferred
    has_constants: bool
    has_bounds: bool


def trace_with_symbols(function: Function, inputs: Any, sizes: Sizes, device: Device) -> SymbolicTrace:
    """Run a function with a symbol for each free size; equal `sizes`, of which there is one an axis, share a symbol."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv, StatelessSymbolicContext

    environment = ShapeEnv()
    mode = FakeTensorMode(shape_env=environment, allow_non_fake_inputs=True)
    # Torch's cache is one for all modes, and would keep the symbols of each for ever.
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
    """Return what empties torch's caches of symbolic sizes, which would keep those of every trace for ever."""
    from torch.fx.experimental.symbolic_shapes import ShapeEnv

    return [method.cache_clear for method in vars(ShapeEnv).values() if hasattr(method, "cache_clear")]


def trace_with_numbers(function: Function, inputs: Any, sizes: Sizes, device: Device) -> Inferred:
    """Run a function with numbers for the free sizes."""
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
    """Keep torch from printing a report of every operation that fails; the error that is raised says it."""
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
        raise TypeError(f"expected tensors to come out. Received: {output!r}.")
    return TensorSpec([_size_of(size) for size in output.shape], output.dtype)


def _size_of(size: Any) -> int | None:
    if isinstance(size, torch.SymInt):
        return int(size.node.expr) if size.node.expr.is_number else None
    return size


_SIGNS_OF_TRACING = ("FakeTensor", "tensor subclasses", "customized tensor", "symbolic", "SymInt", "meta tensor")

_VALUE_NEEDED = ("GuardOnDataDependentSymNode", "DataDependentOutputException")
_FREE_SIZE = re.compile(rf"\b(s\d+|{'|'.join(str(size) for row in (*DIFFERENT, *LARGE) for size in row)})\b")


def needs_data(error: Exception) -> bool:
    """Whether an error is there only because the tensors have no data.

    >>> needs_data(ValueError("units must be positive."))
    False
    """
    of_tracing = type(error).__module__.startswith(("torch._subclasses", "torch.fx.experimental"))
    return of_tracing or any(word in str(error) for word in _SIGNS_OF_TRACING)


def in_our_words(error: Exception) -> str:
    """Return the message of an error from a trace, with `None` for what stands for free sizes.

    >>> in_our_words(RuntimeError("a is [s26, 3], b is [18, 3]."))
    'a is [None, 3], b is [None, 3]'
    """
    if type(error).__name__ in _VALUE_NEEDED:
        return "it takes the value of a tensor, as `if`, int() and item() do, and there is none yet"
    first = str(error).strip().partition("\n\n")[0]
    return _FREE_SIZE.sub("None", first).rstrip(".")


def link_to_free_axes(error: Exception) -> str:
    """Return a link to what differs from Keras on free axes, if the message of an error from a trace names one.

    >>> link_to_free_axes(RuntimeError("a is [s26, 3], b is [18, 3].")).partition("#")[2]
    'a-free-axis-and-a-known-one'
    """
    return " See docs/differences.md#a-free-axis-and-a-known-one" if "None" in in_our_words(error) else ""


def infer_output(function: Function, input_specs: Any, device: Device = None) -> Any:
    """Run `function` on fake tensors, and return a structure of `TensorSpec` for its outputs.

    A free dimension of the inputs is a symbol while the function runs; what depends on one is free in the outputs.
    Nothing is computed and no memory taken.

    >>> infer_output(lambda x: x.flatten(1).double(), TensorSpec((None, 2, 3)))
    TensorSpec(shape=(None, 6), dtype='float64')
    """
    return infer(function, input_specs, device).outputs


def infer(function: Function, inputs: Any, device: Device = None) -> Inferred:
    """Do the work of `infer_output`; symbolic tensors among the inputs carry their masks, and so may the outputs.

    What is neither a spec nor a symbolic tensor goes in as it is. `None` may come out in the place of a tensor. The
    tensors are said to be on `device`: where the weights are that they meet, by default where new tensors are made.
    """
    # Numbers help where one of torch's functions takes no symbols.
    ways = (_by_symbols, _by_numbers)
    return _first_that_works(
        [partial(way, sizes=sizes) for sizes in (DIFFERENT, EQUAL, LARGE) for way in ways], function, inputs, device
    )


def infer_function(function: Function, inputs: Any, device: Device = None) -> Inferred:
    """Do as `infer` for one of torch's functions: numbers tell of these what symbols do, in a fraction of the time."""
    ways = (_by_numbers, _by_symbols)
    return _first_that_works(
        [partial(way, sizes=sizes) for sizes in (DIFFERENT, EQUAL, LARGE) for way in ways], function, inputs, device
    )


def _first_that_works(ways: list[Any], function: Function, inputs: Any, device: Device) -> Inferred:
    try:
        return ways[0](function, inputs, device)
    except Exception as error:
        for way in ways[1:] if _has_free_sizes(inputs) else ():
            with contextlib.suppress(Exception):
                return way(function, inputs, device)
        raise error


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
    """Free the sizes that are others for small inputs, as those of a slice are; small inputs may also fit nowhere."""
    if not (_has_free_sizes(inputs) and _has_fixed_sizes(result)):
        return result
    try:
        return _merge(result, trace_with_numbers(function, inputs, SMALL, device))
    except Exception:
        return result


def _has_fixed_sizes(result: Inferred) -> bool:
    return any(any(spec.shape) for spec in leaves(result.outputs) if spec is not None)


def _has_free_sizes(inputs: Any) -> bool:
    specs = [leaf.spec if isinstance(leaf, KerasTensor) else leaf for leaf in leaves(inputs)]
    return any(None in spec.shape for spec in specs if isinstance(spec, TensorSpec))


def _merge(result: Inferred, other: Inferred) -> Inferred:
    masks = [_free_where_different(*pair) for pair in zip(result.masks, other.masks, strict=True)]
    return Inferred(map_leaves(_free_where_different, result.outputs, other.outputs), masks)


def _free_where_different(one: TensorSpec | None, other: TensorSpec | None) -> TensorSpec | None:
    if one is None or other is None:
        return one
    if len(one.shape) != len(other.shape):
        raise TypeError("the number of output dimensions depends on the size of a free dimension.")
    pairs = zip(one.shape, other.shape, strict=True)
    return TensorSpec([a if a == b else None for a, b in pairs], one.dtype)
