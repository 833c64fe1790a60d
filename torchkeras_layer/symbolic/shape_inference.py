"""Which shapes and dtypes come out of a function, given those that go in?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._structures import map_leaves
from torchkeras_layer.symbolic.tensor_spec import TensorSpec

# What a free dimension counts as where a trace needs a number: one prime an axis, so that the free batch dimensions of
# two inputs are the same and those of two axes are not. The second row tells a number that a program derived from the
# first one from a constant.
_HINTS = ((97, 101, 103, 107, 109, 113, 127, 131), (137, 139, 149, 151, 157, 163, 167, 173))


def infer_output(function: Callable[[Any], Any], input_specs: Any) -> Any:
    """Run `function` on fake tensors, and return a structure of `TensorSpec` for its outputs.

    A free dimension of the inputs is a symbol while the function runs; what depends on one is free in the outputs.
    Nothing is computed and no memory taken.

    >>> infer_output(lambda x: x.flatten(1).double(), TensorSpec((None, 2, 3)))
    TensorSpec(shape=(None, 6), dtype='float64')
    """
    outputs, has_constants = _trace(function, input_specs, _HINTS[0])
    if not has_constants:
        return outputs
    others, _ = _trace(function, input_specs, _HINTS[1])
    return map_leaves(_free_where_different, outputs, others)


def _trace(function: Callable[[Any], Any], input_specs: Any, hints: tuple[int, ...]) -> tuple[Any, bool]:
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental.symbolic_shapes import ShapeEnv

    environment = ShapeEnv()
    mode = FakeTensorMode(shape_env=environment, allow_non_fake_inputs=True)
    inputs = map_leaves(lambda spec: _fake(mode, spec, hints), input_specs)
    with mode, torch.no_grad():
        outputs = function(inputs)
    specs = map_leaves(_describe, outputs)
    return specs, any(value.is_number for value in environment.replacements.values())


def _fake(mode: Any, spec: TensorSpec, hints: tuple[int, ...]) -> torch.Tensor:
    from torch.fx.experimental.symbolic_shapes import DimDynamic, StatelessSymbolicContext

    sizes = [hints[axis % len(hints)] if size is None else size for axis, size in enumerate(spec.shape)]
    kinds = [DimDynamic.DUCK if size is None else DimDynamic.STATIC for size in spec.shape]
    example = torch.empty(sizes, dtype=torch_dtype(spec.dtype), device="meta")
    fake = mode.from_tensor(example, symbolic_context=StatelessSymbolicContext(dynamic_sizes=kinds))
    with mode:
        return torch.empty(fake.shape, dtype=example.dtype, device="cpu")


def _describe(output: Any) -> Any:
    if not isinstance(output, torch.Tensor):
        raise TypeError(f"expected tensors to come out. Received: {output!r}.")
    return TensorSpec([_size_of(size) for size in output.shape], output.dtype)


def _size_of(size: Any) -> int | None:
    if isinstance(size, torch.SymInt):
        return int(size.node.expr) if size.node.expr.is_number else None
    return size


def _free_where_different(one: TensorSpec, other: TensorSpec) -> TensorSpec:
    if len(one.shape) != len(other.shape):
        raise TypeError("the number of output dimensions depends on the size of a free dimension.")
    pairs = zip(one.shape, other.shape, strict=True)
    return TensorSpec([a if a == b else None for a, b in pairs], one.dtype)
