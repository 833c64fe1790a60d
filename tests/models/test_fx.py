"""Do the tools of torch.fx work on `model.graph`, and is `model.code` what one would write?"""

from __future__ import annotations

import ast
import copy
import pickle
import traceback

import pytest
import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional
from torch.testing import assert_close

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, batch_for, chain
from tests.models.test_compiling import KINDS, batch
from torchkeras_layer._structures import in_order


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_module_is_the_model(kind):
    model = KINDS[kind]().eval()
    data = batch(model, 4)
    graph = model.graph
    graph.lint()
    module = fx.GraphModule(model, graph)
    assert_close(module(*in_order(data)), model(data))
    assert_close(fx.Interpreter(module).run(*in_order(data)), model(data))


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_shapes_propagate(make):
    model = make().eval()
    module = fx.GraphModule(model, model.graph)
    ShapeProp(module).propagate(*in_order(batch_for(model, 6)))
    (end,) = [node for node in module.graph.nodes if node.op == "output"]
    found = [node.meta["tensor_meta"].shape for node in in_order(list(end.args))]
    assert [tuple(shape) for shape in found] == [tuple(6 if n is None else n for n in t.shape) for t in model.outputs]


def test_a_pass_that_replaces_a_function():
    x = keras.Input((3,), name="x")
    model = keras.Model(x, torch.relu(keras.layers.Dense(2, name="dense")(x)) * 2)
    graph = model.graph
    for node in graph.nodes:
        if node.target is torch.relu:
            node.target = torch.tanh
    data = torch.randn(4, 3)
    assert_close(fx.GraphModule(model, graph)(data), torch.tanh(model.get_layer("dense")(data)) * 2)
    assert_close(model(data), torch.relu(model.get_layer("dense")(data)) * 2)


def test_a_pass_that_matches_a_pattern():
    x = keras.Input((3,), name="x")
    model = keras.Model(x, functional.relu(x + 1) - 1)

    def pattern(a):
        return functional.relu(a + 1)

    module = fx.GraphModule(model, model.graph)
    assert len(fx.replace_pattern(module, pattern, lambda a: torch.sigmoid(a))) == 1
    assert_close(module(torch.ones(2, 3)), torch.sigmoid(torch.ones(2, 3)) - 1)


def test_a_pass_that_puts_a_module_in_between():
    model = chain()
    graph = model.graph
    (hidden,) = [node for node in graph.nodes if node.target == "hidden"]
    module = fx.GraphModule(model, graph)
    module.add_submodule("norm", nn.LayerNorm(4))
    with graph.inserting_after(hidden):
        norm = graph.call_module("norm", (hidden,))
    hidden.replace_all_uses_with(norm, delete_user_cb=lambda user: user is not norm)
    module.recompile()
    data = torch.randn(2, 3)
    assert_close(module(data), model.head(module.norm(model.hidden(data))))


def test_fx_traces_around_a_model():
    class Leaves(fx.Tracer):
        def is_leaf_module(self, module, name):
            return isinstance(module, keras.Layer) or super().is_leaf_module(module, name)

    whole = nn.Sequential(nn.Linear(3, 3), chain(), nn.ReLU())
    module = fx.GraphModule(whole, Leaves().trace(whole))
    data = torch.randn(2, 3)
    assert_close(module(data), whole(data))


def test_dead_code_elimination_keeps_losses_and_metrics():
    model = chain()
    model.add_loss(model.outputs[0].mean())
    model.add_metric(model.outputs[0].sum(), name="total")
    data = torch.randn(2, 3)
    wanted = model(data).mean()
    module = fx.GraphModule(model, model.graph)
    before = len(module.graph.nodes)
    module.graph.eliminate_dead_code()
    module.recompile()
    assert len(module.graph.nodes) == before
    module(data)
    assert_close(model.losses, [wanted])
    assert [metric.name for metric in model.metrics] == ["total"]
    assert_close(model.metrics[0].result(), 4 * wanted)


def test_dead_code_goes():
    x = keras.Input((3,), name="x")
    model = keras.Model(x, [x + 1, torch.relu(x), keras.layers.Dense(2, name="dense")(x)])
    module = fx.GraphModule(model, model.graph)
    (end,) = [node for node in module.graph.nodes if node.op == "output"]
    end.args = (end.args[0][0],)
    module.graph.eliminate_dead_code()
    module.recompile()
    assert [node.op for node in module.graph.nodes] == ["placeholder", "call_function", "output"]
    assert_close(module(torch.ones(1, 3)), torch.full((1, 3), 2.0))


def test_a_graph_is_new_each_time():
    model = chain()
    graph = model.graph
    for node in reversed(list(graph.nodes)):
        graph.erase_node(node)
    assert len(model.graph.nodes) == 4
    assert_close(model(torch.ones(1, 3)), model.head(model.hidden(torch.ones(1, 3))))


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_is_what_runs(kind):
    model = KINDS[kind]().eval()
    text = model.code
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    assert function.name == "forward"
    assert [argument.arg for argument in function.args.args][0] == "self"
    assert len(function.args.args) == 1 + len(model.inputs)
    assert max(map(len, text.splitlines())) < 200
    assert "getattr(" not in text or isinstance(model, keras.Sequential)
    assert "torchkeras_layer" not in text.replace("torchkeras_layer_symbolic_functions_reshape", "")


def test_code_reads_as_one_would_write_it():
    x, tokens = keras.Input((3,), name="x"), keras.Input((5,), dtype="int64", name="tokens")
    encode = keras.layers.Dense(4, name="encode")
    rows = keras.layers.Embedding(7, 4, name="rows")(tokens)
    left, right = torch.split(encode(x), 2, dim=-1)
    gate = functional.softmax(torch.relu(left) @ nn.Parameter(torch.ones(2, 2)), dim=-1)
    outputs = {"gate": gate[:, 1:], "all": [right.mT if right.ndim > 2 else -right, rows.mean((1, 2))]}
    lines = [line.partition(";")[0].strip() for line in keras.Model([x, tokens], outputs).code.splitlines()]
    assert sorted(lines) == sorted(
        [
            "def forward(self, x, tokens):",
            "encode = self.encode(x)",
            "rows = self.rows(tokens)",
            "split = torch.split(encode, 2, dim = -1)",
            "getitem = split[0]",
            "relu = torch.relu(getitem)",
            "operand = self.operand",
            "matmul = relu @ operand",
            "softmax = torch.nn.functional.softmax(matmul, dim = -1, dtype = None)",
            "getitem_2 = softmax[(slice(None, None, None), slice(1, None, None))]",
            "getitem_1 = split[1]",
            "neg = -getitem_1",
            "mean = rows.mean((1, 2))",
            "return {'gate': getitem_2, 'all': [neg, mean]}",
        ]
    )


def test_an_error_shows_the_line_of_the_code():
    x = keras.Input((None,), name="x")
    model = keras.Model(x, x.reshape(-1, 3))
    with pytest.raises(RuntimeError) as caught:
        model(torch.ones(2, 2))
    assert "x.reshape(-1, 3)" in "".join(traceback.format_exception(caught.value))


def test_models_of_one_name_show_their_own_lines():
    x = keras.Input((None,), name="x")
    first, _ = keras.Model(x, x.reshape(-1, 3), name="same"), keras.Model(x, x * 2, name="same")
    with pytest.raises(RuntimeError) as caught:
        first(torch.ones(2, 2))
    assert "x.reshape(-1, 3)" in "".join(traceback.format_exception(caught.value))


def test_a_replaced_child_counts():
    model = chain()
    data = torch.randn(2, 3)
    model.head = nn.Linear(4, 5)
    assert_close(model(data), model.head(model.hidden(data)))
    assert list(model.state_dict())[-2:] == ["head.weight", "head.bias"]
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Dense", "TorchModuleWrapper"]
    assert_close(fx.GraphModule(model, model.graph)(data), model(data))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_close(twin(data), model(data))


def test_the_shape_after_a_child_is_replaced():
    model = chain()
    model.head = keras.layers.Dense(5, name="head")
    assert model(torch.ones(2, 3)).shape == (2, 5)
    assert model(keras.Input((3,))).shape == (None, 5)
