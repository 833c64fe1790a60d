"""What does a symbolic tensor say of itself, and what does it refuse? (contract §6.1)"""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import torchkeras_layer as keras


def symbolic(*shape, **arguments):
    return keras.Input(shape or (3,), **{"name": "x", **arguments})


def test_attributes():
    x = symbolic(3, None, dtype="int32")
    assert isinstance(x, keras.KerasTensor)
    assert not isinstance(x, torch.Tensor)
    assert x.shape == x._keras_shape == (None, 3, None)
    assert isinstance(x.shape, tuple)
    assert x.dtype is torch.int32
    assert x.name == "x"
    assert x.ndim == x.dim() == 3
    assert x._keras_mask is None
    layer, node_index, tensor_index = x._keras_history
    assert x._keras_history.layer is layer
    assert (x._keras_history.node_index, x._keras_history.tensor_index) == (node_index, tensor_index) == (0, 0)
    assert isinstance(layer, keras.layers.InputLayer)
    assert layer.name == "x"


def test_the_output_of_a_layer():
    dense = keras.layers.Dense(4, dtype="float64", name="dense")
    first, second = dense(symbolic()), dense(symbolic(name="y"))
    assert first.shape == (None, 4)
    assert first.dtype is torch.float64
    assert first._keras_history == (dense, 0, 0)
    assert second._keras_history == (dense, 1, 0)
    assert "dense" in first.name


def test_sizes_are_answered_at_once():
    x = symbolic(3, 4)
    assert x.size() == x.shape == (None, 3, 4)
    assert [x.size(0), x.size(1), x.size(-1)] == [None, 3, 4]
    assert x.is_floating_point()
    assert not x.is_complex()
    assert not symbolic(dtype="int64").is_floating_point()
    assert torch.is_floating_point(x)
    assert not torch.is_complex(x)
    assert torch.numel(keras.Input(batch_shape=(2, 3))) == 6
    assert not x._keras_history.layer.outbound_nodes


def test_what_the_backend_says_of_it():
    x = symbolic()
    assert keras.backend.is_keras_tensor(x)
    assert keras.backend.is_keras_tensor(x + 1)
    assert keras.backend.int_shape(x) == (None, 3)


def test_repr():
    text = repr(symbolic(dtype="float16"))
    assert all(part in text for part in ("KerasTensor", "(None, 3)", "float16", "x"))


def test_equality_is_elementwise_and_hash_by_identity():
    x, y = symbolic(), symbolic(name="y")
    assert (x == y).dtype is torch.bool
    assert {x: 1, y: 2}[x] == 1
    assert hash(x) == hash(x) != hash(y)
    assert x in [x]


@pytest.mark.parametrize("name", ["shape", "dtype", "ndim"])
def test_what_is_read_only(name):
    with pytest.raises(AttributeError):
        setattr(symbolic(), name, (2, 3))


def test_an_unknown_attribute():
    x = symbolic()
    with pytest.raises(AttributeError, match="nonsense"):
        x.nonsense  # noqa: B018
    assert not hasattr(x, "nonsense")
    assert not x._keras_history.layer.outbound_nodes


NEEDS_DATA = {
    "bool": bool,
    "float": float,
    "int": int,
    "len": len,
    "iter": list,
    "unpack": lambda x: torch.add(*x),
    "item": lambda x: x.item(),
    "numpy": lambda x: x.numpy(),
    "tolist": lambda x: x.tolist(),
    "np.array": np.array,
    "np.asarray": lambda x: np.asarray(x, dtype="float32"),
    "if": lambda x: 1 if x > 0 else 2,
    "and": lambda x: (x > 0) and x,
    "in": lambda x: 3 in x,
    "torch.tensor": torch.tensor,
    "torch.as_tensor": torch.as_tensor,
}


@pytest.mark.parametrize("use", NEEDS_DATA.values(), ids=NEEDS_DATA)
@pytest.mark.parametrize("of", ["input", "result"])
def test_what_needs_data(use, of):
    x = symbolic()
    asked = x if of == "input" else keras.layers.Dense(2, name="dense")(x)
    with pytest.raises(TypeError, match=r"(?is)symbolic|no data"):
        use(asked)


def test_entries_cannot_be_set():
    x = symbolic()
    with pytest.raises(TypeError, match="x: .*entries that can be set"):
        x[0] = 1
    with pytest.raises(TypeError, match="x: .*entries that can be deleted"):
        del x[0]


@pytest.mark.parametrize("use", [complex, range, lambda x: [1, 2][x], lambda x: f"{x:.2f}"])
def test_what_python_itself_refuses(use):
    with pytest.raises(TypeError):
        use(symbolic())


def test_the_error_names_the_tensor():
    with pytest.raises(TypeError, match="tokens"):
        bool(keras.Input((3,), name="tokens"))


IN_PLACE = {
    "add_": lambda x: x.add_(1),
    "zero_": lambda x: x.zero_(),
    "relu_": lambda x: torch.relu_(x),
    "inplace=True": lambda x: functional.relu(x, inplace=True),
    "inplace by position": lambda x: functional.relu(x, True),
    "dropout": lambda x: functional.dropout(x, 0.5, inplace=True),
    "out=": lambda x: torch.add(x, 1, out=torch.ones(3)),
    "requires_grad_": lambda x: x.requires_grad_(),
    "into a real tensor": lambda x: torch.ones(3).add_(x),
    "item of a real tensor": lambda x: torch.ones(2, 3).__setitem__(0, x),
}


@pytest.mark.parametrize("change", IN_PLACE.values(), ids=IN_PLACE)
def test_nothing_happens_in_place(change):
    x = symbolic()
    with pytest.raises(TypeError, match="(?i)in.place|out="):
        change(x)
    assert not x._keras_history.layer.outbound_nodes


def test_a_known_first_dimension_has_a_length():
    x = keras.Input(batch_shape=(2, 3))
    assert len(x) == 2
    first, second = x
    assert first.shape == second.shape == (3,)
    found = keras.Model(x, [first, second])(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    assert [row.tolist() for row in found] == [[1, 2, 3], [4, 5, 6]]


WRONG = {
    "shapes": (lambda x: x + keras.Input((4,)), ValueError, "add"),
    "matmul": (lambda x: x @ torch.ones(5, 5), ValueError, "matmul"),
    "an axis": (lambda x: x.sum(7), (ValueError, IndexError), "sum"),
    "view": (lambda x: x.view(x.shape[0], 7), ValueError, "view|reshape"),
    "cat": (lambda x: torch.cat([x, keras.Input((4,))]), ValueError, "cat"),
    "index": (lambda x: x[:, 5], (ValueError, IndexError), "getitem"),
}


@pytest.mark.parametrize(("function", "error", "name"), WRONG.values(), ids=WRONG)
def test_what_torch_refuses_is_refused_at_once(function, error, name):
    x = symbolic()
    with pytest.raises(error, match=rf"(?s)({name}).*\(None, 3\)"):
        function(x)
    assert not x._keras_history.layer.outbound_nodes


@pytest.mark.parametrize("make", [lambda: nn.Linear(3, 4), lambda: nn.Dropout(0.5), lambda: nn.Sequential(nn.ReLU())])
def test_a_bare_module(make):
    x, module = symbolic(), make()
    with pytest.raises(TypeError, match=r"keras\.layers\.TorchModuleWrapper\(.*\)\(.*\)"):
        module(x)
    assert not x._keras_history.layer.outbound_nodes
    y = keras.layers.TorchModuleWrapper(module)(x)
    torch.manual_seed(0)
    expected = module(torch.ones(2, 3))
    torch.manual_seed(0)
    torch.testing.assert_close(keras.Model(x, y)(torch.ones(2, 3)), expected)


def test_operands_that_train_belong_to_the_model():
    x, w, b = symbolic(), nn.Parameter(torch.ones(3, 2)), nn.Parameter(torch.zeros(2))
    model = keras.Model(x, functional.linear(x @ w, w) @ w + b + b)
    assert list(model.state_dict()) == ["operand", "operand_1"]
    assert {id(p) for p in model.parameters()} == {id(w), id(b)}
    assert [id(p) for p in model.trainable_weights] == [id(w), id(b)]
    model(torch.ones(1, 3)).sum().backward()
    assert w.grad is not None
    assert b.grad.tolist() == [2.0, 2.0]
    with torch.no_grad():
        w.zero_()
    assert model(torch.ones(1, 3)).sum() == 0


def test_a_weight_of_a_layer_of_the_model_is_not_listed_twice():
    x, dense = symbolic(), keras.layers.Dense(4, name="dense")
    y = dense(x)
    model = keras.Model(x, functional.linear(y, dense.kernel))
    assert list(model.state_dict()) == ["dense.kernel", "dense.bias"]
    assert len(list(model.parameters())) == 2


def test_constants_move_with_the_model_but_are_not_saved():
    x = symbolic(dtype="float64")
    model = keras.Model(x, x * torch.ones(3, dtype=torch.float64) + np.ones(3))
    assert not model.state_dict()
    assert not model.weights
    assert len(list(model.buffers())) == 2
    assert model(torch.ones(1, 3, dtype=torch.float64)).tolist() == [[2.0, 2.0, 2.0]]
    assert all(buffer.device.type == "meta" for buffer in model.to("meta").buffers())


def test_an_unknown_argument_of_a_function():
    with pytest.raises(TypeError, match="sum"):
        torch.sum(symbolic(), nonsense=1)


def test_a_constant_array_is_taken_as_it_is_now():
    x, array = symbolic(), np.ones(3, dtype="float32")
    model = keras.Model(x, x + array)
    array[:] = 7
    assert model(torch.zeros(1, 3)).tolist() == [[1.0, 1.0, 1.0]]


def test_a_tensor_that_depends_on_a_parameter_cannot_be_kept():
    x, w = symbolic(), nn.Parameter(torch.ones(3))
    with pytest.raises(ValueError, match=r"mul: .*gradients"):
        x * (w * 2)
    assert not x._keras_history.layer.outbound_nodes


def test_copies_share_the_history():
    x = symbolic()
    assert copy.copy(x)._keras_history == x._keras_history
