"""Does real Keras open the operations and torch functions of our graphs, with the same outputs?"""

from __future__ import annotations

import json
import operator

import pytest
import torch
import torch.nn.functional as F

import torchkeras_layer as ours
from tests.models.operation_cases import BATCH, FAMILIES
from tests.models.test_all_operations import _data, _inputs, _names
from tests.oracle import assert_close, keras
from torchkeras_layer import ops
from torchkeras_layer._structures import leaves
from torchkeras_layer.models.configs.keras_3_classes import OperationClass, _by_function, class_of
from torchkeras_layer.models.configs.keras_3_operations import call_of

# Keras writes these, and cannot open what it wrote.
NOT_OPENED = ("AdaptiveAveragePool", "AdaptiveMaxPool")


@pytest.mark.filterwarnings("ignore:.*T.* deprecated")
@pytest.mark.parametrize("family", FAMILIES)
def test_operations_out_of_files_of_keras_can_be_saved_again(family, tmp_path):
    cases = [(function, _names(kinds)) for name, function, kinds in FAMILIES[family] if name not in NOT_OPENED]
    kinds = sorted({name for _, names in cases for name in names})
    inputs = dict(zip(kinds, _inputs([kind.lower() for kind in kinds], BATCH), strict=True))
    found = [leaf for function, names in cases for leaf in leaves(function(keras.ops, *map(inputs.get, names)))]
    theirs = keras.Model(list(inputs.values()), found)
    ours.models.model_from_json(theirs.to_json()).save(tmp_path / "again.keras")
    again = keras.models.load_model(tmp_path / "again.keras")
    data = _data([kind.lower() for kind in kinds])
    for got, expected in zip(again(data), theirs(data), strict=True):
        assert got.dtype == expected.dtype
        torch.testing.assert_close(got, expected, equal_nan=True)


ROW = torch.arange(6.0)
# By names, because they are made for one model.
FUNCTIONS = {
    "operators": lambda x, b: [
        x + 1, 1 - x, x * 2.5, 2 / x, x // 0.3, x % 0.7, (x * x + 1) ** 0.5, -x, abs(x), x @ torch.ones(6, 2), x + ROW,
    ],
    "comparisons": lambda x, b: [x > 0.5, x >= ROW, (x > 0) & b, (x < 0) | b, (x <= 0) ^ b, operator.eq(x, 1.0)],
    "indices": lambda x, b: [x[:, 0], x[..., None], x[:, None, 1:], x[:, ::2, -1], x[0], x[None]],
    "activations": lambda x, b: [
        torch.relu(x), F.relu(x), x.relu(), x.tanh(), F.silu(x), F.softmax(x, dim=-1), x.softmax(1),
        F.log_softmax(x, 2),
    ],
    "shapes": lambda x, b: [
        torch.cat([x, x], -1), torch.cat((x, x), dim=1), torch.cat([x, x]), torch.stack([x, x], 1), x.permute(0, 2, 1),
        torch.permute(x, (0, 2, 1)), x.transpose(1, 2), x.unsqueeze(1), x.reshape(-1, 3), x.reshape(x.shape[0], 24),
    ],
    "reductions": lambda x, b: [
        x.mean(1), x.mean(dim=(1, 2)), x.mean(-1, keepdim=True), torch.mean(x), x.sum(1), torch.sum(x, dim=[1, 2]),
        x.amax(1),
    ],
    "others": lambda x, b: [
        torch.where(x > 0, x, 0.0), torch.clamp(x, 0, 1), torch.add(x, x), torch.maximum(x, ROW), x.eq(1.0), x.exp(),
        ops.mean(x, axis=1), ops.einsum("abc,abd->acd", x, x), ops.pad(x, ((0, 0), (1, 1), (0, 0))), ops.relu(x),
        ops.cast(x, torch.float64), *ops.meshgrid(x[0, 0], x[0, :, 0]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_torch_functions_are_the_operations_of_keras(name, tmp_path):
    x, b = ours.Input((4, 6), name="x"), ours.Input((4, 6), name="b", dtype="bool")
    mine = ours.Model([x, b], FUNCTIONS[name](x, b))
    mine.save(tmp_path / "model.keras")
    theirs = keras.models.load_model(tmp_path / "model.keras")
    again = ours.saving.load_model(tmp_path / "model.keras")
    data = [torch.randn(2, 4, 6), torch.rand(2, 4, 6) > 0.5]
    for got, read, expected in zip(theirs(data), again(data), mine(data), strict=True):
        assert got.dtype == read.dtype == expected.dtype
        torch.testing.assert_close(got, expected)
        torch.testing.assert_close(read, expected)


def _refusal(output, inputs, path):
    with pytest.raises(ValueError, match="Nothing was written") as refused:
        ours.Model(inputs, output).save(path)
    assert not path.exists()
    return str(refused.value)


def test_what_keras_does_not_compute_is_refused_with_all_reasons(tmp_path):
    x, i = ours.Input((4, 6), name="x"), ours.Input((4,), name="i", dtype="int64")
    weight = torch.nn.Parameter(torch.ones(6))
    outputs = [torch.fft.fft(x), x.clamp(min=0.1), x * weight, i.sum(1), ops.adaptive_max_pool(x, 2)]
    text = _refusal(outputs, [x, i], tmp_path / "model.keras")
    for reason in (
        "(TorchFunction torch.fft.fft) is a function that Keras has no operation for: call it in a registered layer",
        "Keras's Clip does not know: missing a required argument: 'x_max'",
        "Keras's Multiply does not know: a weight among the arguments, which Keras has in layers only",
        "Keras's Sum does not know: torch.Tensor.sum of int64 is something else there",
        "is an operation that Keras writes into files and cannot open",
    ):
        assert reason in text


REFUSED = {
    "indices in a list": (lambda x: x[[0, 2]], "float32", "a list of indices"),
    "indices in a list after others": (lambda x: x[:, [0, 2]], "float32", "a list of indices"),
    "bits of bools and an int": (lambda x: x & 2, "bool", "something else"),
    "bools and an int": (lambda x: x + 2, "bool", "something else"),
    "a method of bools and an int": (lambda x: x.mul(-1), "bool", "something else"),
    "a power of bools": (lambda x: x**2, "bool", "something else"),
    "ints that have no fraction": (torch.floor, "int32", "something else"),
    "an argument by its name": (lambda x: torch.floor(input=x), "int32", "something else"),
    "the larger one of long ints": (lambda x: torch.maximum(x, x - 1), "int64", "something else"),
    "a product of doubles": (lambda x: x.prod(1), "float64", "something else"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_functions_that_differ_for_these_arguments_are_refused(name, tmp_path):
    function, dtype, reason = REFUSED[name]
    x = ours.Input(batch_shape=(4, 3), dtype=dtype)
    assert reason in _refusal(function(x), x, tmp_path / "m.keras")


def test_where_as_a_method_begins_with_the_values_and_not_with_the_condition(tmp_path):
    x, data = ours.Input((3,)), torch.tensor([[-1.0, 2.0, -3.0]])
    ours.Model(x, [x.where(x > 0, 7.0), x.where(condition=x > 0, other=x * 2)]).save(tmp_path / "m.keras")
    expected = [torch.tensor([[7.0, 2.0, 7.0]]), torch.tensor([[-2.0, 2.0, -6.0]])]
    for load in (keras.models.load_model, ours.models.load_model):
        for got, wanted in zip(load(tmp_path / "m.keras")(data), expected, strict=True):
            assert_close(got, wanted)


def test_calls_with_different_arguments_are_not_one_operation(tmp_path):
    x = ours.Input((4, 6), name="x")
    function = ours.layers.TorchFunction("torch.mean")
    text = _refusal([function(x, 1), function(x, 2)], x, tmp_path / "model.keras")
    assert "called with different arguments that Keras's Mean has for all calls: call the function anew" in text
    ours.Model(x, [function(x, 1), function(x * 2, 1)]).save(tmp_path / "model.keras")
    data = torch.randn(2, 4, 6)
    assert_close(keras.models.load_model(tmp_path / "model.keras")(data)[1], data.mean(1) * 2)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_an_old_file_of_keras_3_has_operations_without_modules(tmp_path):
    i, x = keras.Input((4,), dtype="int32", name="i"), keras.Input((3,), name="x")
    masked = keras.layers.LSTM(3)(keras.layers.Embedding(5, 3, mask_zero=True)(i))
    theirs = keras.Model([i, x], keras.ops.softmax((keras.layers.Dense(3)(x) + masked) * 2.0))
    theirs.save(tmp_path / "model.h5")
    mine = ours.saving.load_model(tmp_path / "model.h5")
    data = [torch.tensor([[1, 2, 0, 0], [4, 3, 2, 0]], dtype=torch.int32), torch.randn(2, 3)]
    assert_close(mine(data), theirs(data))


def test_a_layer_that_is_registered_under_the_name_of_an_operation_is_that_layer():
    x = keras.Input((3,), name="x")
    config = json.loads(keras.Model(x, keras.ops.negative(x)).to_json())
    entry = config["config"]["layers"][1]
    del entry["module"], entry["registered_name"]

    class Negative(ours.layers.Layer):
        def call(self, x):
            return x - 100

    mine = ours.models.model_from_json(json.dumps(config), custom_objects={"Negative": Negative})
    assert_close(mine(torch.ones(1, 3)), torch.full((1, 3), -99.0))
    assert_close(ours.models.model_from_json(json.dumps(config))(torch.ones(1, 3)), -torch.ones(1, 3))


def test_the_table_of_classes_is_that_of_keras():
    for kind in _by_function().values():
        assert isinstance(kind, OperationClass)
        source = getattr(__import__(kind.module, fromlist=[kind.name]), kind.name)
        assert source.__module__ == kind.module
    assert class_of(print) is None
    assert call_of("Full", {"shape": (2,)}, [3.0], {}) == ([], {"shape": (2,), "fill_value": 3.0})
