"""Does a functional model behave as the `nn.Module` that one would have written by hand?"""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

import torchkeras_layer as keras
from tests.models.samples import chain, names_of
from torchkeras_layer.layers import Dense

ONES = torch.ones(2, 3)


def mixed():
    """Return a model of a layer, a plain module, an operand, a constant and torch functions."""
    x = keras.Input((3,), name="x")
    y = torch.relu(keras.layers.Dense(4, name="dense")(x))
    y = keras.layers.TorchModuleWrapper(nn.Linear(4, 2), name="linear")(y)
    return keras.Model(x, y @ nn.Parameter(torch.full((2, 2), 0.3)) + torch.tensor([0.1, 0.2]))


def by_hand(model, data):
    dense, linear = model.get_layer("dense"), model.get_layer("linear").module
    hidden = linear(torch.relu(data @ dense.kernel + dense.bias))
    return hidden @ model.operand + torch.tensor([0.1, 0.2]).to(data.dtype)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_model_that_is_moved_to_a_dtype_computes_in_it(dtype):
    model = mixed().to(dtype)
    data = torch.randn(5, 3, dtype=dtype)
    found = model(data)
    assert found.dtype is dtype
    tolerance = {torch.float64: 1e-12, torch.bfloat16: 0.05}[dtype]
    torch.testing.assert_close(found, by_hand(model, data), rtol=tolerance, atol=tolerance)


def test_functions_alone_keep_the_precision_of_a_moved_model():
    x = keras.Input((3,))
    model = keras.Model(x, x * nn.Parameter(torch.ones(3)) / 3).double()
    data = torch.full((1, 3), 0.1, dtype=torch.float64)
    assert torch.equal(model(data), data / 3)


def test_a_model_that_is_moved_before_its_inputs_are_other_dtypes():
    x, i = keras.Input((3,)), keras.Input((3,), dtype="int64")
    model = keras.Model([x, i], x * i).double()
    found = model([torch.ones(1, 3), torch.ones(1, 3, dtype=torch.int32)])
    assert found.dtype in (torch.float32, torch.float64)


def test_the_meta_device():
    model = mixed().to("meta")
    assert {tensor.device.type for tensor in [*model.parameters(), *model.buffers()]} == {"meta"}
    assert model(torch.ones(2, 3, device="meta")).shape == (2, 2)


def test_children_are_modules_of_the_model():
    model = mixed()
    assert [name for name, _ in model.named_children()] == ["dense", "linear"]
    assert model.dense is model.get_layer("dense")
    assert model.get_submodule("linear.module").out_features == 2
    assert len(list(model.modules())) == 4


def test_hooks_run():
    model, seen = mixed(), []
    model.get_layer("dense").register_forward_hook(lambda module, args, output: seen.append(tuple(output.shape)))
    model.register_forward_pre_hook(lambda module, args: seen.append("model"))
    model(ONES)
    assert seen == ["model", (2, 4)]


def test_a_child_that_is_replaced():
    model = chain()
    model.head = keras.layers.Dense(5, kernel_initializer="zeros", name="other")
    assert model(ONES).tolist() == [[0.0] * 5] * 2
    assert "head.kernel" in model.state_dict()
    assert names_of(model) == ["x", "hidden", "other"]
    model.hidden = nn.Linear(3, 6)
    model.head = nn.Linear(6, 1)
    assert model(ONES).shape == (2, 1)


def test_gradients():
    model = mixed()
    data = torch.randn(5, 3, requires_grad=True)
    model(data).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert data.grad.shape == (5, 3)


def test_functional_call():
    model = chain()
    zeros = {name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items()}
    assert (torch.func.functional_call(model, zeros, (ONES,)) == 0).all()


def test_vmap_and_grad():
    model = chain()
    rows = torch.func.vmap(lambda row: model(row[None])[0])(torch.randn(4, 3))
    assert rows.shape == (4, 2)
    assert torch.func.grad(lambda row: model(row).sum())(ONES).shape == (2, 3)


def test_fx_passes_run_on_the_graph():
    model = mixed()
    module = torch.fx.GraphModule(model, model.graph)
    torch.testing.assert_close(module(ONES), model(ONES))
    for node in module.graph.nodes:
        if node.op == "call_function" and node.target is torch.relu:
            node.target = torch.tanh
    module.recompile()
    dense = model.get_layer("dense")
    hidden = model.get_layer("linear").module(torch.tanh(functional.linear(ONES, dense.kernel.mT, dense.bias)))
    torch.testing.assert_close(module(ONES), hidden @ model.operand + torch.tensor([0.1, 0.2]))


NAMES = [
    "layers",
    "forward",
    "call",
    "weights",
    "training",
    "0",
    "3x",
    "class",
    "def",
    "a.b",
    "a/b",
    "ein Name",
    "größe",
    "",
]
NAMES += ["self", "torch", "x", "None", "__init__", "_parameters", "input", "inputs", "print", "graph", "code", "head"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_layer_will_do(name):
    x = keras.Input((3,), name="x" if name != "x" else "y")
    layer = keras.layers.Dense(3, name=name)
    model = keras.Model(x, keras.layers.Dense(2, name="head" if name != "head" else "other")(layer(x)))
    assert layer.name == name
    assert model.layers[1] is model.get_layer(name) is layer
    assert model(ONES).shape == (2, 2)
    assert len(model.state_dict()) == 4
    assert len(model.layers) == 3
    other = keras.Model.from_config(model.get_config())
    assert names_of(other) == names_of(model)
    other.load_state_dict(model.state_dict())
    torch.testing.assert_close(other(ONES), model(ONES))


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_an_input_will_do(name):
    x = keras.Input((3,), name=name)
    model = keras.Model({"a": x}, torch.relu(x))
    assert model.input_names == [name]
    assert model({"a": -ONES}).sum() == 0
    assert keras.models.model_from_json(model.to_json()).input_names == [name]


@pytest.mark.parametrize("step", [lambda x: keras.layers.Activation("relu")(x), lambda x: keras.layers.Dense(1)(x)])
def test_a_graph_deeper_than_python_recurses(step):
    x = keras.Input((1,))
    y = x
    for _ in range(1100):
        y = step(y)
    model = keras.Model(x, y)
    assert len(model.layers) == 1101
    assert model(torch.ones(1, 1)).shape == (1, 1)
    assert len(keras.Model.from_config(model.get_config()).layers) == 1101


def test_a_wide_graph():
    x = keras.Input((2,))
    shared = keras.layers.Dense(2, kernel_initializer="ones")
    model = keras.Model(x, keras.layers.Add()([shared(x) for _ in range(300)]))
    assert len(shared.inbound_nodes) == 300
    assert model(torch.ones(1, 2)).tolist() == [[600.0, 600.0]]


def test_a_moved_model_tells_its_new_dtype():
    x = keras.Input((3,))
    model = keras.Model(x, Dense(3)(x)).double()
    assert model(keras.Input((3,))).dtype is torch.float64
