"""Can one compute with the sizes of tensors, real and symbolic ones, as with TensorFlow's `tf.shape`?"""

from __future__ import annotations

import copy
import types

import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import assert_close
from torchkeras_layer._structures import leaves
from torchkeras_layer.ops import sizes
from torchkeras_layer.ops.names import callable_named
from torchkeras_layer.ops.size_calls import callable_on_sizes
from torchkeras_layer.ops.size_tuple import SizeTuple

shape_of, size_of = callable_named("keras.sizes.shape"), callable_named("keras.sizes.size")
random_normal = callable_named("keras.tf.random_normal")


NAMES = "add arange cast concatenate flip max maximum min minimum prod reshape stack sum unstack zeros"
# Those of `keras.ops`, for which ints are sizes.
ops = types.SimpleNamespace(**{name: callable_on_sizes(f"keras.ops.{name}") for name in NAMES.split()})


def _shape(function):
    """Return the shape of what a function of sizes gives: 6 and 4 of them."""
    return lambda x: ops.zeros(function(shape_of(x)))


CASES = {
    "several": _shape(lambda s: s),
    "one": _shape(lambda s: (s[1], 2)),
    "slice": _shape(lambda s: s[1:] * 2 // 3),
    "sum": _shape(lambda s: [s[0] + s[1] - 1, 2 * s[2] % 7]),
    "reflected": _shape(lambda s: [200 - s[0], 200 // s[1], 7 % s[1], s[0] ** 2]),
    "of lists": _shape(lambda s: [1, 2, 3] + s),
    "iterated": _shape(lambda s: [*s, 2]),
    "concatenated": _shape(lambda s: ops.concatenate([s[:-1], [3]], 0)),
    "stacked": lambda x: ops.reshape(x, ops.stack([shape_of(x)[0], -1])),
    "unstacked": _shape(lambda s: ops.unstack(s)[::-1]),
    "product": lambda x: ops.reshape(x, (ops.prod(shape_of(x)[:2]), -1)),
    "extremes": _shape(lambda s: [ops.max(s), ops.min(s), ops.maximum(s[0], 4), ops.minimum(s[1], 2), ops.sum(s[1:])]),
    "flipped": _shape(lambda s: ops.flip(s, 0)),
    "negative": _shape(lambda s: [-s[0] + 200, ops.max(-s) + 200]),
    "fraction": _shape(lambda s: (ops.cast(s[1] / 2, "int32"), 3)),
    "fractions": _shape(lambda s: ops.cast(s / 2, "int32")),
    "number": lambda x: x * ops.cast(shape_of(x)[1], "float32"),
    "numbers": lambda x: x * ops.cast(shape_of(x)[2:], "float32"),
    "added to a tensor": lambda x: ops.add(x, shape_of(x)[2:]) + shape_of(x)[1],
    "range": lambda x: ops.arange(shape_of(x)[1]),
    "up to": lambda x: x[:, : shape_of(x)[1] - 1],
    "at": lambda x: x[:, shape_of(x)[1] - 1],
    "compared": lambda x: [shape_of(x) > 2, shape_of(x) == shape_of(x)[::-1], shape_of(x)[:1] != 4],
    "of sizes": lambda x: ops.zeros(shape_of(shape_of(x)[1:])),
    "torch": lambda x: torch.reshape(x, (shape_of(x)[0], -1)),
    "random": lambda x: 0 * random_normal(shape_of(x)),
    "how many": lambda x: ops.zeros((size_of(x),)),
}


@pytest.mark.parametrize("function", CASES.values(), ids=CASES)
def test_symbolic_sizes_give_what_real_ones_do(function):
    inputs = keras.Input((None, 4))
    outputs = function(inputs)
    model = keras.Model(inputs, outputs)
    for x in (torch.randn(2, 3, 4), torch.randn(5, 6, 4)):
        for symbolic, found, wanted in zip(leaves(outputs), leaves(model(x)), leaves(function(x)), strict=True):
            assert symbolic.dtype == found.dtype == wanted.dtype
            assert keras.TensorSpec(symbolic.shape, symbolic.dtype).is_compatible_with(wanted)
            assert_close(found, wanted)


def _all(x):
    return [
        leaf for name, function in CASES.items() if name not in ("of sizes", "compared") for leaf in leaves(function(x))
    ]


def _without_bounds(x):
    """Those that need no slice, whose bounds torch.export asks about."""
    names = ("several", "one", "sum", "concatenated", "stacked", "product", "number", "numbers", "range", "torch")
    return [CASES[name](x) for name in names]


def test_sizes_are_followed_by_compile():
    compiled = torch.compile(_all, fullgraph=True, dynamic=True, backend="eager")
    for x in (torch.randn(3, 5, 4), torch.randn(5, 6, 4)):
        assert_close(compiled(x), _all(x))


@pytest.mark.parametrize("of_model", [False, True])
def test_sizes_stay_free_in_export(of_model):
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, _without_bounds(inputs)) if of_model else keras.layers.Lambda(_without_bounds)
    free = ({0: torch.export.Dim("batch", min=2, max=8), 1: torch.export.Dim("steps", min=2, max=8)},)
    exported = torch.export.export(model, (torch.randn(2, 3, 4),), dynamic_shapes=free).module()
    x = torch.randn(5, 6, 4)
    assert_close(exported(x), _without_bounds(x))


def test_a_model_gives_sizes_as_tensors_and_is_saved():
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, [shape_of(inputs), shape_of(inputs)[1], inputs[:, : shape_of(inputs)[1] // 2]])
    for made in (model, copy.deepcopy(model), keras.models.model_from_json(model.to_json())):
        whole, one, half = made(torch.ones(2, 7, 4))
        assert whole.tolist() == [2, 7, 4]
        assert one.item() == 7
        assert half.shape == (2, 3, 4)
        assert whole.dtype == one.dtype == torch.int32


def test_a_tuple_of_sizes_describes_itself_as_the_tensor_would():
    found = sizes.shape([[1, 2], [3, 4]])
    assert isinstance(found, SizeTuple)
    assert found.shape == (2,)
    assert found.dtype == torch.int32
    assert found.numpy().tolist() == [2, 2]
    assert (found == None) is False  # noqa: E711
    assert (found != None) is True  # noqa: E711
    assert hash(found) == hash((2, 2))
    assert_close(found + torch.ones(2), torch.full((2,), 3.0))
    assert_close(torch.ones(2) * found, torch.full((2,), 2.0))


def test_tuples_of_other_lengths_do_not_fit():
    with pytest.raises(ValueError, match="zip"):
        sizes.shape(torch.ones(2, 3)) + (1, 2, 3)
