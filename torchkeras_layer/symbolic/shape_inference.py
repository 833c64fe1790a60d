"""Which shapes and dtypes come out of a function, given those that go in?"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.symbolic.keras_tensor import KerasTensor
from torchkeras_layer.symbolic.tensor_spec import TensorSpec

# What a free dimension counts as where a trace needs a number: one an axis, so that the free batch dimensions of two
# inputs are the same and those of two axes are not; each can be halved, and cut in three. The second row tells a number
# that a program derived from the first one from a constant.
_HINTS = (
    tuple(24 * prime for prime in (5, 7, 11, 13, 17, 19, 23, 29)),
    tuple(24 * p for p in (31, 37, 41, 43, 47, 53)),
)
# Sizes on different axes may be the same too, as those of a matrix and its transpose.
_EQUAL_HINTS = ((24 * 5,), (24 * 31,))


class Inferred(NamedTuple):
    """What comes out of a function: the structure of its outputs, and flat, one for each leaf, their masks."""

    outputs: Any
    masks: list[TensorSpec | None]


def infer_output(function: Callable[[Any], Any], input_specs: Any) -> Any:
    """Run `function` on fake tensors, and return a structure of `TensorSpec` for its outputs.

    A free dimension of the inputs is a symbol while the function runs; what depends on one is free in the outputs.
    Nothing is computed and no memory taken.

    >>> infer_output(lambda x: x.flatten(1).double(), TensorSpec((None, 2, 3)))
    TensorSpec(shape=(None, 6), dtype='float64')
    """
    return infer(function, input_specs).outputs


def infer(function: Callable[[Any], Any], inputs: Any) -> Inferred:
    """Do the work of `infer_output`; symbolic tensors among the inputs carry their masks, and so may the outputs.

    What is neither a spec nor a symbolic tensor goes in as it is. `None` may come out in the place of a tensor.
    """
    try:
        return _infer_with_symbols(function, inputs, _HINTS)
    except Exception as error:
        has_free_sizes = any(None in spec.shape for spec in map(_spec_in, leaves(inputs)) if spec is not None)
        for attempt, rows in _FURTHER_ATTEMPTS if has_free_sizes else ():
            with contextlib.suppress(Exception):
                return attempt(function, inputs, rows)
        raise error


def _infer_with_symbols(function: Callable[[Any], Any], inputs: Any, rows: Any) -> Inferred:
    result, has_constants = _trace(function, inputs, rows[0])
    return _merge(result, _trace(function, inputs, rows[1])[0]) if has_constants else result


def _infer_with_numbers(function: Callable[[Any], Any], inputs: Any, rows: Any) -> Inferred:
    """Run with numbers for the free sizes, and again with others: some of torch's functions take no symbols."""

    def run(row: tuple[int, ...]) -> Inferred:
        return _trace(function, map_leaves(lambda leaf: _fixed(leaf, row), inputs), row)[0]

    return _merge(*map(run, rows))


_FURTHER_ATTEMPTS = (
    (_infer_with_symbols, _EQUAL_HINTS),
    (_infer_with_numbers, _HINTS),
    (_infer_with_numbers, _EQUAL_HINTS),
)


def _merge(result: Inferred, other: Inferred) -> Inferred:
    masks = [_free_where_different(*pair) for pair in zip(result.masks, other.masks, strict=True)]
    return Inferred(map_leaves(_free_where_different, result.outputs, other.outputs), masks)


def _trace(function: Callable[[Any], Any], inputs: Any, hints: tuple[int, ...]) -> tuple[Inferred, bool]:
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental.symbolic_shapes import ShapeEnv

    environment = ShapeEnv()
    mode = FakeTensorMode(shape_env=environment, allow_non_fake_inputs=True)
    fakes = map_leaves(lambda leaf: _fake(mode, leaf, hints), inputs)
    with mode, torch.no_grad(), _without_reports():
        outputs = function(fakes)
    specs = map_leaves(_describe, outputs)
    masks = [_describe(getattr(leaf, "_keras_mask", None)) for leaf in leaves(outputs)]
    return Inferred(specs, masks), any(value.is_number for value in environment.replacements.values())


@contextlib.contextmanager
def _without_reports() -> Any:
    """Keep torch from printing a report of every operation that fails; the error that is raised says it."""
    reports = logging.getLogger("torch._subclasses.fake_tensor")
    was_disabled, reports.disabled = reports.disabled, True
    try:
        yield
    finally:
        reports.disabled = was_disabled


def _fake(mode: Any, leaf: Any, hints: tuple[int, ...]) -> Any:
    if isinstance(leaf, TensorSpec):
        return _fake_tensor(mode, leaf, hints)
    if not isinstance(leaf, KerasTensor):
        return leaf
    fake = _fake_tensor(mode, leaf.spec, hints)
    if leaf._mask_spec is not None:
        fake._keras_mask = _fake_tensor(mode, leaf._mask_spec, hints)  # type: ignore[attr-defined]
    return fake


def _fake_tensor(mode: Any, spec: TensorSpec, hints: tuple[int, ...]) -> torch.Tensor:
    from torch.fx.experimental.symbolic_shapes import DimDynamic, StatelessSymbolicContext

    sizes = _with_numbers(spec.shape, hints)
    kinds = [DimDynamic.DUCK if size is None else DimDynamic.STATIC for size in spec.shape]
    example = torch.empty(sizes, dtype=torch_dtype(spec.dtype), device="meta")
    fake = mode.from_tensor(example, symbolic_context=StatelessSymbolicContext(dynamic_sizes=kinds))
    with mode:
        return torch.empty(fake.shape, dtype=example.dtype, device="cpu")


def _spec_in(leaf: Any) -> TensorSpec | None:
    return leaf.spec if isinstance(leaf, KerasTensor) else leaf if isinstance(leaf, TensorSpec) else None


def _fixed(leaf: Any, hints: tuple[int, ...]) -> Any:
    """Return a spec or symbolic tensor with numbers in the place of free sizes."""
    spec = _spec_in(leaf)
    if spec is None:
        return leaf
    fixed = KerasTensor(_with_numbers(spec.shape, hints), spec.dtype, name="")
    mask = leaf._mask_spec if isinstance(leaf, KerasTensor) else None
    fixed._mask_spec = mask and TensorSpec(_with_numbers(mask.shape, hints), mask.dtype)
    return fixed


def _with_numbers(shape: tuple[int | None, ...], hints: tuple[int, ...]) -> list[int]:
    return [hints[axis % len(hints)] if size is None else size for axis, size in enumerate(shape)]


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


def _free_where_different(one: TensorSpec | None, other: TensorSpec | None) -> TensorSpec | None:
    if one is None or other is None:
        return one
    if len(one.shape) != len(other.shape):
        raise TypeError("the number of output dimensions depends on the size of a free dimension.")
    pairs = zip(one.shape, other.shape, strict=True)
    return TensorSpec([a if a == b else None for a, b in pairs], one.dtype)


def in_our_words(error: Exception) -> str:
    """Return the message of an error from a trace, with `None` for the symbols that stand for free sizes.

    >>> in_our_words(RuntimeError("a is [s26, 3]."))
    'a is [None, 3]'
    """
    first = str(error).strip().partition("\n\n")[0]
    return re.sub(r"\bs\d+\b", "None", first).rstrip(".")


def needs_data(error: Exception) -> bool:
    """Whether an error from a trace is there only because the tensors have no data.

    >>> needs_data(ValueError("units must be positive."))
    False
    """
    of_tracing = type(error).__module__.startswith(("torch._subclasses", "torch.fx.experimental"))
    return of_tracing or any(word in str(error) for word in _SIGNS_OF_TRACING)


_SIGNS_OF_TRACING = ("FakeTensor", "tensor subclasses", "customized tensor", "symbolic", "SymInt", "meta tensor")
