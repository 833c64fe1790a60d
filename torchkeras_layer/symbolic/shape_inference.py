"""Which shapes and dtypes come out of a function, given those that go in?"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.symbolic.keras_tensor import KerasTensor
from torchkeras_layer.symbolic.tensor_spec import TensorSpec

# What a free dimension counts as where a trace needs a number: one prime an axis, so that the free batch dimensions of
# two inputs are the same and those of two axes are not. The second row tells a number that a program derived from the
# first one from a constant.
_HINTS = ((97, 101, 103, 107, 109, 113, 127, 131), (137, 139, 149, 151, 157, 163, 167, 173))


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
    result, has_constants = _trace(function, inputs, _HINTS[0])
    if not has_constants:
        return result
    other, _ = _trace(function, inputs, _HINTS[1])
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

    sizes = [hints[axis % len(hints)] if size is None else size for axis, size in enumerate(spec.shape)]
    kinds = [DimDynamic.DUCK if size is None else DimDynamic.STATIC for size in spec.shape]
    example = torch.empty(sizes, dtype=torch_dtype(spec.dtype), device="meta")
    fake = mode.from_tensor(example, symbolic_context=StatelessSymbolicContext(dynamic_sizes=kinds))
    with mode:
        return torch.empty(fake.shape, dtype=example.dtype, device="cpu")


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
