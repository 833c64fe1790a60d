"""Does the code of a ported class find the members that Keras's variables, tensors and shapes have?"""

from __future__ import annotations

import copy
import importlib
import inspect

import numpy as np
import pytest
import torch
from torch.utils.checkpoint import checkpoint

import torchkeras_layer as keras
from tests.layer.ported_samples import (
    Adding,
    AddingInPlace,
    Decorated,
    DecoratedByAnObject,
    Masked,
    Members,
    Other,
    Refused,
    Total,
)
from torchkeras_layer import _ported_code
from torchkeras_layer._attribute_reads import names_in

READER = "__torchkeras_read__"
X = torch.ones(2, 3)


def test_it_is_what_keras_computes():
    layer = Total()
    torch.testing.assert_close(layer(X), torch.full((2, 3), 7.0))
    torch.testing.assert_close(layer(2 * X), torch.full((2, 3), 20.0))
    assert layer.total == 18
    assert layer.width == 6
    np.testing.assert_array_equal(layer.array, np.ones(3))
    layer.trainable = False
    layer(X)
    assert layer.total == 24


def test_a_symbolic_call_changes_nothing():
    layer, inputs = Total(), keras.Input((3,))
    model = keras.Model(inputs, layer(inputs))
    assert layer.total == 0
    assert [update.inputs for update in layer.updates] == [(inputs,)]
    torch.testing.assert_close(model(X), torch.full((2, 3), 7.0))
    assert layer.total == 6
    layer.compute_output_shape((4, 3))
    assert layer.total == 6


def test_compiled_and_exported():
    layer = Total()
    layer.build((None, 3))
    compiled = torch.compile(layer, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(X), torch.full((2, 3), 7.0))
    torch.testing.assert_close(compiled(X), torch.full((2, 3), 13.0))
    exported = torch.export.export(layer, (X,)).module()
    torch.testing.assert_close(exported(X), torch.full((2, 3), 19.0))


def test_checkpointing_changes_once_and_repeats_the_value():
    results = []
    for run in (lambda layer, x: layer(x), lambda layer, x: checkpoint(layer, x, use_reentrant=False)):
        layer, x = Total(), torch.full((2, 3), 2.0, requires_grad=True)
        (run(layer, x) ** 2).sum().backward()
        results.append((layer.total, x.grad, layer.scale.grad))
    torch.testing.assert_close(*results)


def test_a_functional_call_changes_what_it_was_given():
    layer = Total()
    layer(X)
    given = {name: tensor.detach().clone() for name, tensor in layer.state_dict().items()}
    torch.testing.assert_close(torch.func.functional_call(layer, given, (X,)), torch.full((2, 3), 13.0))
    assert given["total"] == 12
    assert layer.total == 6


def test_a_mixed_policy_changes_the_weight_itself():
    layer = Total(dtype="mixed_bfloat16")
    assert layer(X).dtype is torch.bfloat16
    assert layer.total == 6
    assert layer.total.dtype is torch.float32


def test_members_of_tensors_shapes_and_dtypes():
    layer = Members()
    assert layer(X).tolist() == [[6.0] * 3] * 2
    assert layer(keras.Input((3,))).shape == (None, 3)
    copied = copy.deepcopy(layer)
    copied(X)
    torch.testing.assert_close(layer.w, torch.ones(3))


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"assign: the value must have the shape of the variable, \(3,\)\. Received"):
        Refused()(X)
    with pytest.raises(ValueError, match=r"set_shape: the tensor has the shape \(2, 3\)\. Received: \(4, 3\)"):
        Refused().resize(X)
    with pytest.raises(AttributeError, match="'TensorShape' object has no attribute 'colour'"):
        Refused().colour(X)


@pytest.mark.parametrize("method", ["decorated", "static", "inner"])
def test_all_kinds_of_functions(method):
    assert getattr(Decorated(), method)(X) == [2, 3]


def test_arrays_of_numpy_take_the_dtype_of_tensors():
    layer = Masked()
    outputs = layer(X)
    assert outputs.dtype is torch.float32
    assert outputs.tolist() == [[1.0, -1.0, 1.0]] * 2
    outputs.sum().backward()
    assert layer.kernel.grad.tolist() == [2.0, 0.0, 2.0]
    torch.testing.assert_close(torch.compile(layer, fullgraph=True, backend="eager")(X), outputs)


def test_a_decorator_may_be_an_object():
    assert DecoratedByAnObject().sizes(X) == [2, 3]


def test_other_values_have_their_own_members():
    assert Other()(X)[0, 0] == 8
    assert READER in names_in(Other.call.__code__)


def test_code_without_such_members_is_left_alone():
    before = keras.Layer.__init_subclass__

    class Plain(keras.Layer):
        def call(self, inputs):
            return inputs.reshape(inputs.shape[0], -1) + self.name.count("x")

    source_code = compile(inspect.getsource(test_code_without_such_members_is_left_alone), __file__, "exec")
    assert Plain.call.__code__.co_code in {code.co_code for code in _codes(source_code)}
    assert READER not in names_in(Plain.call.__code__)
    assert before == keras.Layer.__init_subclass__


def _codes(code):
    inner = [constant for constant in code.co_consts if hasattr(constant, "co_code")]
    return [code, *(found for one in inner for found in _codes(one))]


def test_code_without_its_source_gets_the_advice():
    space = {"keras": keras}
    exec(
        "class Unknown(keras.Layer):\n    def call(self, inputs):\n        return inputs.get_shape()\n",
        space,
    )
    with pytest.raises(AttributeError, match="no attribute 'get_shape'") as caught:
        space["Unknown"]()(X)
    assert "Write tensor.shape" in "".join(getattr(caught.value, "__notes__", ()))


def test_other_classes_and_lambda_layers():
    class Bounded(keras.constraints.Constraint):
        def __call__(self, w):
            return w * w.get_shape().rank

    class Sized(keras.regularizers.Regularizer):
        def __call__(self, x):
            return x.sum() * x.shape.as_list()[0]

    class Rows(keras.metrics.Metric):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.rows = self.add_weight(name="rows", shape=(), initializer="zeros")

        def update_state(self, values):
            self.rows.assign_add(float(values.get_shape()[0]))

        def result(self):
            return self.rows.read_value()

    assert Bounded()(X).sum() == 12
    assert Sized()(X) == 12
    rows = Rows()
    rows(X)
    assert rows(X) == 4
    layer = keras.layers.Lambda(lambda x: x * x.get_shape().as_list()[1])
    assert layer(X).sum() == 18


def test_code_of_other_packages_is_left_alone():
    assert list(_ported_code.functions_of(keras.Layer)) == []
    assert list(_ported_code.functions_of(torch.nn.Linear)) == []


def test_changes_of_variables_are_those_of_tensorflow():
    given = torch.ones(4, 3)
    total, inputs = Adding()(given)
    assert total.shape == (2, 4, 3)
    assert torch.equal(total, torch.full((2, 4, 3), (2 - 1.5) * 4))
    assert torch.equal(inputs, torch.ones(4, 3))
    assert torch.equal(given, torch.ones(4, 3))
    symbolic = Adding()(keras.Input((3,)))[0]
    assert symbolic.shape == (2, None, 3)
    compiled = torch.compile(Adding(), backend="eager", fullgraph=True)
    assert torch.equal(compiled(given)[0], total)


def test_changes_of_variables_in_code_of_torch_stay_in_place():
    outputs, inputs = AddingInPlace()(torch.ones(4, 3))
    assert torch.equal(outputs, torch.full((4, 3), 2.0))
    assert torch.equal(inputs, outputs)


def test_functions_of_a_file_keep_what_they_were_given(tmp_path, monkeypatch):
    (tmp_path / "two_meanings.py").write_text(
        "import torchkeras_layer as keras\nfrom torchkeras_layer import tf\n\n"
        "class Doubles(keras.Layer):\n"
        "    def call(self, inputs):\n        total = inputs\n        total += tf.identity(inputs)\n"
        "        return total\n\n"
        "class Sizes(keras.Layer):\n"
        "    def call(self, inputs):\n        return inputs * inputs.get_shape().as_list()[-1]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    two_meanings = importlib.import_module("two_meanings")
    given = torch.ones(2, 3)
    for _ in range(2):
        assert torch.equal(two_meanings.Sizes()(given), torch.full((2, 3), 3.0))
        assert torch.equal(two_meanings.Doubles()(given), torch.full((2, 3), 2.0))
    assert torch.equal(given, torch.ones(2, 3))
