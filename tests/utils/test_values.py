"""Do the small functions that ported code imports do what Keras's do?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import utils
from torchkeras_layer._tensor_shape import TensorShape
from torchkeras_layer.utils import legacy_arguments


def test_lists():
    assert utils.to_list((1, 2)) == [(1, 2)]
    assert utils.to_list((1, 2), allow_tuple=True) == [1, 2]
    assert utils.slice_arrays(torch.arange(4), [0, 2]).tolist() == [0, 2]
    assert utils.slice_arrays(None) == [None]
    assert utils.pack_x_y_sample_weight((1,)) == ((1,),)
    assert utils.unpack_x_y_sample_weight([1, 2, 3]) == (1, 2, 3)
    with pytest.raises(ValueError, match="Received: 0 values"):
        utils.unpack_x_y_sample_weight(())


def test_shapes():
    shapes = {"a": [TensorShape([2, None]), (3,)], "b": None, "c": 4}
    assert utils.convert_shapes(shapes) == {"a": [(2, None), (3,)], "b": (), "c": (4,)}
    assert isinstance(utils.convert_shapes((2, 3), to_tuples=False), TensorShape)
    with pytest.raises(ValueError, match="target_format"):
        utils.transpose_shape((1, 2, 3), "NHWC", (1,))

    class Own(keras.Layer):
        @utils.shape_type_conversion
        def build(self, input_shape):
            self.received = input_shape

    layer = Own()
    layer(torch.ones(2, 3))
    assert layer.received == (2, 3)


def test_conditions():
    assert utils.smart_cond(torch.tensor(0), lambda: 1, lambda: 2) == 2
    pred, x = keras.Input((), batch_size=1), keras.Input((3,))
    model = keras.Model([pred, x], utils.smart_cond(pred[0] > 0, lambda: x + 1, lambda: x - 1))
    assert model([torch.ones(1), torch.ones(1, 3)]).tolist() == [[2.0] * 3]


def test_sources():
    x, y = keras.Input((3,)), keras.Input((3,))
    assert utils.get_source_inputs(keras.layers.Dense(2)(x + y)) == [x, y]
    assert utils.get_source_inputs([x * 2, x]) == [x]
    tensor = torch.ones(2)
    assert utils.get_source_inputs(tensor) == [tensor]
    assert utils.is_tensor_or_variable(x)


class Old:
    """Takes arguments by older names."""

    @legacy_arguments.generate_legacy_interface(
        allowed_positional_args=["units"],
        conversions=[("output_dim", "units"), ("border_mode", "padding")],
        value_conversions={"padding": {"wide": "same"}},
    )
    def __init__(self, units, padding="valid"):
        self.found = (units, padding)

    @legacy_arguments.legacy_dense_support
    def method(self):
        return self.found


def test_older_names_of_arguments():
    assert Old(output_dim=3, border_mode="wide").method() == (3, "same")
    assert Old(3).found == (3, "valid")
    with pytest.raises(TypeError, match=r"^Old: takes 1 arguments by position\. Received: 2"):
        Old(3, "same")
    with pytest.raises(TypeError, match=r"^Old: output_dim is the older name of units\. Received: both"):
        Old(units=1, output_dim=3)
    with pytest.raises(AttributeError, match="no attribute 'qqq'"):
        legacy_arguments.qqq  # noqa: B018


def test_a_preprocessor_comes_first():
    def preprocess(args, kwargs):
        return args, {name.lower(): value for name, value in kwargs.items()}, []

    class Own:
        @legacy_arguments.generate_legacy_interface(preprocessor=preprocess)
        def __init__(self, units):
            self.units = units

    assert Own(UNITS=4).units == 4
