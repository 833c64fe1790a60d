"""Do graphs of TF-Keras with functions of TensorFlow between the layers give TensorFlow's numbers?

What TensorFlow gave is in JSON files, which `write_tensorflow_functions.py` and `write_tensorflow_nodes.py` wrote.
"""

from __future__ import annotations

import copy
import inspect
import json
from pathlib import Path

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close
from torchkeras_layer.models.configs.unknown_layers import check_layers_are_known
from torchkeras_layer.ops.names import operation_named
from torchkeras_layer.ops.tensorflow_names import names_of_tensorflow, spelling_of
from torchkeras_layer.ops.tensorflow_nodes import _table as nodes
from torchkeras_layer.registry import DeserializationError

FILES = ("tensorflow_functions", "tensorflow_nodes")


def _read(name):
    return json.loads(Path(__file__).with_name(f"{name}.json").read_text())


def _function(name, node, function, class_name="TFOpLambda"):
    config = {"name": name, "function": function}
    return {"class_name": class_name, "name": name, "config": config, "inbound_nodes": [node]}


def _model(*functions, outputs=None):
    """A model whose layers are an input `x` and functions."""
    first = {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [None, 3, 4]}}
    layers = [{**first, "inbound_nodes": []}, *functions]
    ends = outputs or [layers[-1]["name"]]
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [[n, 0, 0] for n in ends]}
    return {"class_name": "Functional", "config": config, "keras_version": "2.10.0", "backend": "tensorflow"}


def _loaded(*functions, custom_objects=None, **further):
    return ours.models.model_from_json(json.dumps(_model(*functions, **further)), custom_objects)


@pytest.mark.parametrize("name", FILES)
def test_outputs_are_those_of_tensorflow(name):
    written = _read(name)
    for layer in written["model"]["config"]["layers"]:
        if layer["class_name"] == "InputLayer":
            # Of known size, so that shapes are inferred once and not three times.
            layer["config"]["batch_input_shape"][0] = 2
    model = ours.models.model_from_json(json.dumps(written["model"]))
    dtypes = {tensor.name: tensor.dtype for tensor in model.inputs}
    data = [torch.tensor(values, dtype=dtypes[key]) for key, values in written["inputs"].items()]
    for got, symbolic, (dtype, shape, values) in zip(model(data), model.outputs, written["outputs"], strict=True):
        assert str(got.dtype) == f"torch.{dtype}" == str(symbolic.dtype)
        assert list(got.shape) == shape
        expected = torch.tensor(values).reshape(shape)
        torch.testing.assert_close(got.to(torch.float64), expected.to(torch.float64), rtol=2e-5, atol=2e-5)


def test_rows_of_the_tables_fit_the_functions():
    for name in names_of_tensorflow():
        spelling = spelling_of(name)
        function = operation_named(spelling.target)
        known = inspect.signature(function).parameters
        assert {word for word in spelling.words.values() if word} <= known.keys(), name
    for op, kind in nodes().items():
        words = {word.rstrip("*") for word in kind.inputs} | set(kind.attributes.values())
        assert words <= spelling_of(kind.function).words.keys() | {"_"}, op
    assert len(names_of_tensorflow()) > 250
    assert len(nodes()) > 140


def test_sizes_of_free_axes_reach_the_functions_that_need_them():
    part = {"start": None, "stop": ["less", 0, 0], "step": None}
    whole = {"start": None, "stop": None, "step": None}
    model = _loaded(
        _function("sizes", ["x", 0, 0, {"name": None}], "compat.v1.shape"),
        _function("batch", ["sizes", 0, 0, {"slice_spec": 0}], "__operators__.getitem", "SlicingOpLambda"),
        _function("steps", ["sizes", 0, 0, {"slice_spec": 1}], "__operators__.getitem", "SlicingOpLambda"),
        _function("less", ["steps", 0, 0, {"y": 1}], "math.subtract"),
        _function("flat", ["x", 0, 0, {"shape": [["batch", 0, 0], 12]}], "reshape"),
        _function("cut", ["x", 0, 0, {"slice_spec": [whole, part]}], "__operators__.getitem", "SlicingOpLambda"),
        _function("number", ["steps", 0, 0, {"dtype": "float32"}], "cast"),
        _function("scaled", ["x", 0, 0, {"y": ["number", 0, 0]}], "math.truediv"),
        {
            "class_name": "Dense",
            "name": "d",
            "config": {"name": "d", "units": 2},
            "inbound_nodes": [[["flat", 0, 0, {}]]],
        },
        outputs=["flat", "cut", "scaled", "sizes", "d"],
    )
    x = torch.randn(5, 3, 4)
    for made in (model, copy.deepcopy(model), ours.models.model_from_json(model.to_json())):
        flat, cut, scaled, sizes, _ = made(x)
        assert_close(flat, x.reshape(5, 12))
        assert_close(cut, x[:, :2])
        assert_close(scaled, x / 3)
        assert sizes.tolist() == [5, 3, 4]
    assert [tuple(tensor.shape) for tensor in model.outputs] == [
        (None, 12),
        (None, 2, 4),
        (None, 3, 4),
        (3,),
        (None, 2),
    ]
    free = {0: torch.export.Dim("batch", min=2)}
    exported = torch.export.export(model, (x,), dynamic_shapes=(free,)).module()
    assert_close(exported(x[:3]), [result[:3] if result.dim() > 1 else torch.tensor([3, 3, 4]) for result in model(x)])


def test_a_list_of_one_tensor_is_a_list():
    model = _loaded(_function("together", [["x", 0, 0, {"axis": 1}]], "stack"))
    assert model.output_shape == (None, 1, 3, 4)


def test_one_layer_may_be_called_on_tensors_and_on_sizes():
    double = _function("double", ["x", 0, 0, {"y": 2}], "math.multiply")
    double["inbound_nodes"].append(["sizes", 0, 0, {"y": 2}])
    sizes = _function("sizes", ["x", 0, 0, {}], "shape")
    model = _model(double, sizes)
    model["config"]["output_layers"] = [["double", 0, 0], ["double", 1, 0]]
    tensor, size = ours.models.model_from_json(json.dumps(model))(torch.ones(2, 3, 4))
    assert_close(tensor, torch.full((2, 3, 4), 2.0))
    assert size.tolist() == [4, 6, 8]


MISSING = [
    _function("a", ["x", 0, 0, {"name": None}], "math.bessel_k0"),
    _function("b", ["a", 0, 0, {}], "math.bessel_k0"),
    _function("c", ["b", 0, 0, {}], "strings.lower"),
    {
        **_function("d", ["c", 0, 0, {}], "to_tensor", "InstanceMethod"),
        "config": {"name": "d", "method_name": "to_tensor"},
    },
    {
        "class_name": "TensorFlowOpLayer",
        "name": "e",
        "config": {"name": "e", "node_def": {"op": "Igammac"}, "constants": {}},
        "inbound_nodes": [[["d", 0, 0, {}]]],
    },
]


def test_missing_functions_are_listed_together_with_the_line_to_write():
    with pytest.raises(DeserializationError) as raised:
        check_layers_are_known(_model(*MISSING), "model.h5")
    assert str(raised.value).startswith(
        "model.h5: the model has layers that are not here: the operation math.bessel_k0, the operation strings.lower, "
        "the operation InstanceMethod.to_tensor, the operation Igammac. Write them, and pass them: "
        'custom_objects={"math.bessel_k0": function, "strings.lower": function, "InstanceMethod.to_tensor": function, '
        '"Igammac": function}.'
    )
    with pytest.raises(DeserializationError, match=r'custom_objects=\{"math.bessel_k0": function\}'):
        ours.models.model_from_json(json.dumps(_model(MISSING[0])))


def test_functions_are_supplied_by_their_names_or_those_of_the_layers():
    supplied = {"math.bessel_k0": lambda a, x: a * x, "last": lambda x: x + 1}
    functions = (
        _function("first", ["x", 0, 0, {"x": 3.0, "name": None}], "math.bessel_k0"),
        _function("last", ["first", 0, 0, {"name": None}], "nn.relu"),
    )
    model = _loaded(*functions, custom_objects=supplied)
    x = torch.randn(2, 3, 4)
    assert_close(model(x), x * 3 + 1)
    assert_close(ours.models.model_from_json(model.to_json(), supplied)(x), x * 3 + 1)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_function("f", ["x", 0, 0, {"colour": 3}], "nn.relu"), "the argument 'colour' is not here"),
        (_function("f", ["x", 0, 0, {"axis": 7}], "math.reduce_sum"), "Dimension out of range"),
        (_function("f", ["_CONSTANT_VALUE", -1, 2.0, {}], "nn.relu"), "has no tensor of the graph among its arguments"),
        ({**MISSING[4], "config": {"node_def": "\x0a\x03"}, "inbound_nodes": [[["x", 0, 0, {}]]]}, "not JSON"),
    ],
)
def test_a_call_that_cannot_be_is_refused(function, message):
    with pytest.raises(DeserializationError, match=message):
        _loaded(function)


def test_losses_and_metrics_of_tf_keras_pass_their_inputs_on():
    mean = _function("mean", ["x", 0, 0, {"axis": None}], "math.reduce_mean")
    loss = {"class_name": "AddLoss", "name": "l", "config": {"name": "l", "unconditional": False}}
    metric = {
        "class_name": "AddMetric",
        "name": "k",
        "config": {"name": "k", "aggregation": "mean", "metric_name": "k"},
    }
    sinks = [{**sink, "inbound_nodes": [[["mean", 0, 0, {}]]]} for sink in (loss, metric)]
    model = _loaded(mean, *sinks, outputs=["mean"])
    x = torch.randn(2, 3, 4)
    assert_close(model(x), x.mean())
    assert_close(model.losses[0], x.mean())


def test_gradients_go_through():
    model = _loaded(_function("n", ["x", 0, 0, {"axis": -1}], "math.l2_normalize"))
    x = torch.randn(2, 3, 4, requires_grad=True)
    model(x).sum().backward()
    assert x.grad.abs().sum() > 0
