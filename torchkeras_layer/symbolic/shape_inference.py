"""Which shapes and dtypes come out of a function, given those that go in?"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.symbolic.keras_tensor import KerasTensor
from torchkeras_layer.symbolic.tensor_spec import TensorSpec
from torchkeras_layer.symbolic.tracing import (
    DIFFERENT,
    EQUAL,
    LARGE,
    SMALL,
    Device,
    Function,
    Inferred,
    Rows,
    trace_with_numbers,
    trace_with_symbols,
)


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
