"""Do operations take symbolic tensors, arrays and lists, and are they compiled?"""

from __future__ import annotations

import pickle
from random import Random

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.ops.test_parity import CASES, OF_ANY_VALUES, function_of, tensors
from tests.oracle import assert_close
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.ops.names import operation_named
from torchkeras_layer.ops.table import _NAMES

# The shapes of their results depend on values.
OF_UNKNOWN_SHAPE = {"bincount", "nonzero", "unique", "histogram"}
WITHOUT_ARRAYS = {
    name for name, draw in CASES.items() if not any(isinstance(x, np.ndarray) for x in leaves(draw(Random(0))))
}
FILES = [file for file in _NAMES if file not in ("control_flow", "function_transforms", "random_numbers")]


def arguments_of(name):
    return CASES[name](Random(0))


def expected_of(name):
    args, kwargs = tensors(arguments_of(name))
    return leaves(function_of(ours, name)(*args, **kwargs))


def check_same(name, mine, expected):
    assert len(mine) == len(expected)
    for got, wanted in zip(mine, expected, strict=True):
        assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
        if name not in OF_ANY_VALUES:
            torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("name", sorted(CASES.keys() - WITHOUT_ARRAYS - OF_UNKNOWN_SHAPE))
def test_symbolic_arguments_make_a_model(name):
    inputs, data = [], []

    def symbolic(leaf):
        if not isinstance(leaf, np.ndarray):
            return leaf
        data.append(torch.tensor(leaf))
        inputs.append(ours.Input(batch_shape=leaf.shape, dtype=str(leaf.dtype)))
        return inputs[-1]

    args, kwargs = map_leaves(symbolic, arguments_of(name))
    outputs = leaves(function_of(ours, name)(*args, **kwargs))
    # They are one node, and not one of each function of torch's inside.
    assert outputs[0]._keras_history.layer.function is operation_named(f"keras.ops.{name}")
    expected = expected_of(name)
    assert [(x.shape, x.dtype) for x in outputs] == [(tuple(x.shape), x.dtype) for x in expected]
    check_same(name, leaves(ours.Model(inputs, outputs)(data)), expected)


@pytest.mark.parametrize("name", sorted(CASES.keys() - WITHOUT_ARRAYS))
def test_arrays_and_lists_are_tensors(name):
    expected = expected_of(name)
    args, kwargs = arguments_of(name)
    check_same(name, leaves(function_of(ours, name)(*args, **kwargs)), expected)
    are_real = all(leaf.dtype.kind in "fib" for leaf in leaves((args, kwargs)) if isinstance(leaf, np.ndarray))
    if are_real and not isinstance(args[0], list):
        args, kwargs = map_leaves(lambda x: x.tolist() if isinstance(x, np.ndarray) else x, (args, kwargs))
        check_same(name, leaves(function_of(ours, name)(*args, **kwargs)), expected)


@pytest.mark.parametrize("file", FILES)
def test_all_operations_of_a_file_are_compiled(file):
    names = [name for name in _NAMES[file].split() if name in CASES and name not in OF_UNKNOWN_SHAPE]
    given = {name: tensors(arguments_of(name)) for name in names}

    def all_of(names, given):
        return [leaves(function_of(ours, name)(*given[name][0], **given[name][1])) for name in names]

    def compiled(names):
        torch._dynamo.reset()
        return torch.compile(lambda given: all_of(names, given), backend="eager", fullgraph=True)(given)

    try:
        found = compiled(names)
    except Exception as error:
        failing = [name for name in names if not _is_compiled(compiled, name)]
        raise AssertionError(f"not compiled: {failing}") from error
    for name, got in zip(names, found, strict=True):
        check_same(name, got, expected_of(name))


def _is_compiled(compiled, name):
    try:
        compiled([name])
    except Exception:
        return False
    return True


def test_a_free_batch_stays_free():
    x = ours.Input((4, 6))
    ops = ours.ops
    outputs = {
        "reshape": ops.reshape(x, (-1, 24)),
        "kept": ops.reshape(x, (ops.shape(x)[0], -1)),
        "mean": ops.mean(x, axis=1),
        "softmax": ops.softmax(x),
        "concatenate": ops.concatenate([x, x], axis=-1),
        "stack": ops.stack([x, x], axis=1),
        "einsum": ops.einsum("bij,kj->bik", x, np.ones((3, 6), "float32")),
        "take": ops.take(x, [0, 2], axis=1),
        "top_k": ops.top_k(x, 2)[0],
        "conv": ops.conv(x, np.ones((3, 6, 2), "float32"), padding="same"),
        "where": ops.where(x > 0, x, 0.0),
        "argmax": ops.argmax(x, axis=-1),
        "one_hot": ops.one_hot(ops.argmax(x, axis=-1), 6),
        "norm": ops.norm(x, axis=-1),
        "pad": ops.pad(x, ((0, 0), (1, 1), (0, 0))),
        "repeat": ops.repeat(x, 2, axis=1),
    }
    assert all(leaf.shape[0] is None for leaf in outputs.values())
    model = ours.Model(x, outputs)
    free = ({0: torch.export.Dim("batch", min=2)},)
    exported = torch.export.export(model, (torch.randn(3, 4, 6),), dynamic_shapes=free).module()
    for batch in (2, 5):
        data = torch.randn(batch, 4, 6)
        found = model(data)
        assert_close(exported(data), found)
        assert all(tuple(found[name].shape[1:]) == out.shape[1:] for name, out in outputs.items())
        assert all(found[name].shape[0] == batch for name in outputs)


def test_functions_are_found_by_pickle():
    for function in (ours.ops.mean, ours.ops.image.resize, ours.ops.nn.relu, ours.random.normal):
        assert pickle.loads(pickle.dumps(function)) is function
