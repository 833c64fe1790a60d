"""Do all operations of Keras 3, in the graphs of its models, give its numbers here?"""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.models.operation_cases import BATCH, DTYPES, FAMILIES, SHAPES, data_for
from tests.oracle import assert_close, keras
from torchkeras_layer._structures import leaves
from torchkeras_layer.models.configs.keras_3_classes import operation_of
from torchkeras_layer.models.configs.keras_3_operations import is_operation
from torchkeras_layer.registry import DeserializationError

# Operations that get Python functions, which a config does not contain, or random numbers.
NOT_HERE = {
    "AssociativeScan",
    "Cond",
    "FakeQuantWithMinMaxVars",
    "ForiLoop",
    "Function",
    "JVP",
    "Map",
    "Scan",
    "SegmentReduction",
    "Switch",
    "VectorizedMap",
    "WhileLoop",
}
WITH_FREE_BATCH = ("Reshape", "GetItem", "Concatenate", "Softmax", "Einsum", "Resize", "Mean", "Conv", "TopK", "Split")


def _inputs(kinds, batch):
    return [keras.Input(batch_shape=(batch, *SHAPES[kind]), dtype=DTYPES.get(kind, "float32")) for kind in kinds]


def _names(kinds):
    """The second input of a kind has a capital letter."""
    return [kind if kind not in kinds[:place] else kind.upper() for place, kind in enumerate(kinds)]


def _data(kinds):
    return [torch.tensor(data_for(kind, number)) for number, kind in enumerate(kinds)]


def _check_same(mine, theirs, data):
    for got, expected, symbolic in zip(leaves(mine(data)), leaves(theirs(data)), theirs.outputs, strict=True):
        # Keras's torch backend computes some other dtypes than Keras says.
        assert str(got.dtype) in (f"torch.{symbolic.dtype}", str(expected.dtype))
        assert got.shape == expected.shape
        torch.testing.assert_close(got, expected.to(got.dtype), rtol=1e-5, atol=1e-5, equal_nan=True)


# Keras calls Tensor.T, which torch deprecates for other ranks than 2.
@pytest.mark.filterwarnings("ignore:.*T.* deprecated")
@pytest.mark.parametrize("family", FAMILIES)
def test_operations_out_of_json_give_the_same(family):
    cases = [(function, _names(kinds)) for _, function, kinds in FAMILIES[family]]
    kinds = sorted({name for _, names in cases for name in names})
    inputs = dict(zip(kinds, _inputs([kind.lower() for kind in kinds], BATCH), strict=True))
    found = [leaf for function, names in cases for leaf in leaves(function(keras.ops, *map(inputs.get, names)))]
    theirs = keras.Model(list(inputs.values()), found)
    mine = ours.models.model_from_json(theirs.to_json())
    _check_same(mine, theirs, _data([kind.lower() for kind in kinds]))


@pytest.mark.parametrize("name", WITH_FREE_BATCH)
def test_the_batch_may_be_free(name):
    _, function, kinds = next(case for family in FAMILIES.values() for case in family if case[0] == name)
    inputs = _inputs(kinds, None)
    theirs = keras.Model(inputs, leaves(function(keras.ops, *inputs)))
    mine = ours.models.model_from_json(theirs.to_json())
    data = _data(kinds)
    _check_same(mine, theirs, data)
    again = copy.deepcopy(ours.models.model_from_json(mine.to_json()))
    _check_same(again, theirs, [torch.cat([values, values]) for values in data])


def test_every_operation_is_here():
    classes, known = [keras.Operation], set()
    while classes:
        classes += (found := classes.pop().__subclasses__())
        known |= {cls for cls in found if not issubclass(cls, keras.Layer)}
    entries = {cls.__name__: {"module": cls.__module__, "class_name": cls.__name__} for cls in known}
    assert all(is_operation(entry) for name, entry in entries.items() if name not in NOT_HERE)
    assert {name for name in entries if operation_of(name) is None} == NOT_HERE
    assert len(entries) > 320


def test_where_keras_on_torch_computes_something_else_numpy_is_right():
    x = np.random.default_rng(1).normal(size=(2, 3, 4)).astype("float32")
    ops = ours.ops
    widths = ((0, 0), (1, 2), (2, 0))
    for got, expected in [
        (ops.pad(x, widths, mode="symmetric"), np.pad(x, widths, mode="symmetric")),
        (ops.quantile(x, 0.3, axis=(0, 2), method="nearest"), np.quantile(x, 0.3, axis=(0, 2), method="nearest")),
        (ops.cross(x[..., :3], x[..., 1:]), np.cross(x[..., :3], x[..., 1:])),
        (ops.correlate(x[0, 0], x[1, 0, :3], mode="same"), np.correlate(x[0, 0], x[1, 0, :3], mode="same")),
        (ops.get_item(torch.tensor(x), (..., slice(None, None, -1))), x[..., ::-1]),
        (ops.unique(np.array([3, 1, 3]), return_index=True)[1], [1, 0]),
        (ops.histogram(x, bins=5)[0], np.histogram(x, bins=5)[0]),
    ]:
        np.testing.assert_allclose(got, expected, rtol=1e-5)


@pytest.mark.parametrize("arguments", [{"padding": "same"}, {"padding": "valid"}, {"padding": "same", "strides": 3}])
def test_transposed_convolution_is_that_of_the_layer(arguments):
    rng = np.random.default_rng(0)
    x, kernel = (rng.normal(size=shape).astype("float32") for shape in ((2, 7, 6, 3), (3, 3, 4, 3)))
    arguments = {"strides": 2, **arguments}
    layer = ours.layers.Conv2DTranspose(4, 3, use_bias=False, **arguments)
    expected = layer(torch.tensor(x))
    layer.set_weights([kernel])
    expected = layer(torch.tensor(x))
    assert_close(ours.ops.conv_transpose(x, kernel, **arguments), expected)


def test_a_function_that_was_supplied_takes_the_place_of_an_operation():
    x = keras.Input((3,), name="x")
    theirs = keras.Model(x, keras.ops.sum(x, axis=-1))
    text = theirs.to_json().replace('"Sum"', '"WhileLoop"')
    with pytest.raises(DeserializationError, match="the operation WhileLoop. Write them"):
        ours.models.model_from_json(text)

    def twice(x, axis, keepdims):
        return 2 * torch.sum(x, axis, keepdims)

    supplied = {"WhileLoop": twice}
    mine = ours.models.model_from_json(text, custom_objects=supplied)
    again = ours.models.model_from_json(mine.to_json(), custom_objects=supplied)
    assert_close(copy.deepcopy(again)(torch.ones(2, 3)), torch.full((2,), 6.0))
    with pytest.raises(DeserializationError, match=r'Supply it again: custom_objects=\{"WhileLoop": function\}'):
        ours.models.model_from_json(mine.to_json())


@pytest.mark.parametrize("config", [None, 3, {"name": "any", "where": 1}])
def test_a_config_that_is_none_is_refused(config):
    entry = {"module": "keras.src.ops.numpy", "class_name": "Any", "config": config, "inbound_nodes": []}
    graph = {"name": "m", "layers": [entry], "input_layers": [], "output_layers": []}
    with pytest.raises(DeserializationError, match="Any: the config of an operation must be a dict"):
        ours.Model.from_config(graph)


def test_a_model_with_operations_is_exported():
    x = keras.Input((4, 6))
    y = keras.ops.reshape(x[:, 1:], (-1, 9, 2))
    theirs = keras.Model(x, keras.ops.mean(keras.ops.softmax(y, axis=1) * 3.0, axis=-1))
    mine = ours.models.model_from_json(theirs.to_json())
    data = torch.randn(5, 4, 6)
    free = {0: torch.export.Dim("batch", min=2)}
    exported = torch.export.export(mine, (data,), dynamic_shapes=(free,)).module()
    assert_close(exported(data[:3]), theirs(data[:3]))
