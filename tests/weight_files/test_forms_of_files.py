"""Are older forms of files read: lists as configs, groups by layer, by path, and what other backends wrote?

The files are written here with h5py, by the format; those of Keras 3 in `test_layers_in_files.py` are Keras's own.
"""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import layers
from torchkeras_layer.saving import ModelFileError, load_model, load_weights


def _h5(path, groups, config=None, version="2.2.4", backend="tensorflow", more=None):
    """Write a file of Keras 2: the arrays of each layer by their names."""
    with h5py.File(path, "w") as file:
        root = file
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
            root = file.create_group("model_weights")
        for holder in (file, root):
            holder.attrs["backend"] = backend
            if version:
                holder.attrs["keras_version"] = version
        root.attrs["layer_names"] = [name.encode() for name in groups]
        for name, arrays in groups.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{weight}:0".encode() for weight in arrays]
            for weight, array in arrays.items():
                group[f"{name}/{weight}:0"] = array
        if more is not None:
            more(file)
    return path


def _arrays(*shapes, seed=0):
    draw = np.random.default_rng(seed)
    return [draw.normal(size=shape).astype("float32") for shape in shapes]


def _dense(name, units, **more):
    return {"class_name": "Dense", "config": {"name": name, "units": units, **more}}


def _two():
    return keras.Sequential([keras.Input((3,)), layers.Dense(4, name="first"), layers.Dense(2, name="last")])


def _two_arrays(first=(3, 4), last=(4, 2)):
    a, b, c, d = _arrays(first, first[1:], last, last[1:])
    return {"first": {"kernel": a, "bias": b}, "last": {"kernel": c, "bias": d}}


def test_a_sequential_whose_config_is_a_list_also_inside_another(tmp_path):
    inner = {"class_name": "Sequential", "config": [_dense("inside", 4)]}
    config = {"class_name": "Sequential", "config": [_dense("first", 3, batch_input_shape=[None, 2]), inner]}
    a, b, c, d = _arrays((2, 3), (3,), (3, 4), (4,))
    groups = {"first": {"kernel": a, "bias": b}, "sequential_1": {"kernel": c, "bias": d}}
    model = load_model(_h5(tmp_path / "model.keras", groups, config))
    x = torch.ones(5, 2)
    torch.testing.assert_close(model(x).detach(), torch.as_tensor((x.numpy() @ a + b) @ c + d))


@pytest.mark.parametrize(("version", "value"), [("2.1.6", 0.7), ("1.2.2", 0.7), (None, 0.7), ("3.4.0", 4 / 6)])
def test_hard_sigmoid_is_that_of_the_version(version, value, tmp_path):
    activation = {"class_name": "Activation", "config": {"name": "a", "activation": "hard_sigmoid"}}
    config = {"class_name": "Sequential", "config": [_dense("first", 1, batch_input_shape=[None, 1]), activation]}
    if version == "3.4.0":
        config["config"] = {"layers": config["config"]}
    groups = {"first": {"kernel": np.ones((1, 1), "float32"), "bias": np.zeros(1, "float32")}}
    model = load_model(_h5(tmp_path / "model.h5", groups, config, version))
    assert model(torch.ones(1, 1)).item() == pytest.approx(value)


def test_groups_belong_to_layers_by_order_or_by_name(tmp_path):
    arrays = _two_arrays()
    path = _h5(tmp_path / "weights.h5", {"dense_7": arrays["first"], "dense_8": arrays["last"]})
    model = _two()
    report = model.load_weights(path)
    assert report.loaded == {
        "0.kernel": "dense_7/dense_7/kernel:0", "0.bias": "dense_7/dense_7/bias:0",
        "1.kernel": "dense_8/dense_8/kernel:0", "1.bias": "dense_8/dense_8/bias:0",
    }  # fmt: skip
    assert np.array_equal(model.get_weights()[2], arrays["last"]["kernel"])

    path = _h5(tmp_path / "named.h5", {"last": arrays["last"], "other": arrays["first"]})
    model = _two()
    kernel = model.get_weights()[0]
    report = load_weights(model, path, by_name=True)
    assert report.missing == ["0.kernel", "0.bias"]
    assert report.unexpected == ["other/other/kernel:0", "other/other/bias:0"]
    assert np.array_equal(model.get_weights()[0], kernel)
    assert np.array_equal(model.get_weights()[2], arrays["last"]["kernel"])
    assert str(report).startswith("2 weights loaded\n2 missing: 0.kernel, 0.bias\n2 unexpected: other")


def test_other_shapes_are_an_error_or_left_out(tmp_path):
    arrays = _two_arrays(last=(4, 5))
    path, model = _h5(tmp_path / "weights.h5", arrays), _two()
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=r"layer 'last' \(Dense\) has weights of shapes \[\(4, 2\), \(2,\)\]"):
        model.load_weights(path)
    assert all(map(np.array_equal, before, model.get_weights()))
    report = model.load_weights(path, skip_mismatch=True)
    assert report.mismatched == ["last"]
    assert np.array_equal(model.get_weights()[0], arrays["first"]["kernel"])
    assert np.array_equal(model.get_weights()[2], before[2])


def test_other_numbers_of_layers_are_an_error(tmp_path):
    path = _h5(tmp_path / "weights.h5", {"first": _two_arrays()["first"]})
    with pytest.raises(ModelFileError, match=r"has 2 layers with weights, \['first', 'last'\]\. Received: 1"):
        _two().load_weights(path)


def test_a_model_must_be_built_and_have_weights_in_the_file(tmp_path):
    path = _h5(tmp_path / "weights.h5", _two_arrays())
    with pytest.raises(ValueError, match="needs a model that is built"):
        keras.Sequential([layers.Dense(2)]).load_weights(path)
    (tmp_path / "model.json").write_text(_two().to_json())
    with pytest.raises(ModelFileError, match="one that has only the architecture"):
        _two().load_weights(tmp_path / "model.json")
    with pytest.raises(ModelFileError, match="the file has weights, but no model"):
        load_model(path)


@pytest.mark.parametrize(
    "names",
    [
        ("layers/dense/vars", "layers/dense_1/vars"),
        # TF-Keras 2.12 to 2.14 count each layer twice.
        ("_layer_checkpoint_dependencies/dense/vars", "_layer_checkpoint_dependencies/dense_2/vars"),
        ("_layer_checkpoint_dependencies\\dense/vars", "_layer_checkpoint_dependencies\\dense_2/vars"),
    ],
)
def test_paths_of_attributes(names, tmp_path):
    arrays = _two_arrays()
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        for name, values in zip(names, arrays.values(), strict=True):
            for number, array in enumerate(values.values()):
                file[f"{name}/{number}"] = array
        file["optimizer/vars/0"] = 1
    model = _two()
    model.load_weights(tmp_path / "model.weights.h5")
    assert np.array_equal(model.get_weights()[0], arrays["first"]["kernel"])
    assert np.array_equal(model.get_weights()[2], arrays["last"]["kernel"])


def test_more_than_nine_weights_are_read_in_the_order_of_their_numbers(tmp_path):
    class Many(keras.Layer):
        def build(self, input_shape):
            for number in range(12):
                setattr(self, f"w{number:02}", self.add_weight(f"w{number}", (1,)))

    class Holder(keras.Model):
        def __init__(self):
            super().__init__()
            self.many = Many()

        def call(self, inputs):
            return self.many(inputs)

    model = Holder()
    model(torch.ones(1))
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        for number in range(12):
            file[f"many/vars/{number}"] = [float(number)]
    model.load_weights(tmp_path / "model.weights.h5")
    assert [weight.item() for weight in model.weights] == list(range(12))


def test_the_function_of_a_lambda_is_supplied_by_the_name_of_the_layer(tmp_path):
    code = {"class_name": "Lambda", "config": {"name": "twice", "function": ["4wEA"], "function_type": "lambda"}}
    config = {"class_name": "Sequential", "config": [_dense("first", 1, batch_input_shape=[None, 1]), code]}
    groups = {"first": {"kernel": np.ones((1, 1), "float32"), "bias": np.zeros(1, "float32")}}
    path = _h5(tmp_path / "model.h5", groups, config)
    with pytest.raises(ValueError, match=r"""Lambda 'twice' .* custom_objects=\{"twice": function\}"""):
        load_model(path)
    assert load_model(path, custom_objects={"twice": lambda x: 2 * x})(torch.ones(1, 1)).item() == 2


def test_all_missing_layers_are_listed_at_once(tmp_path):
    own = [{"class_name": name, "config": {"name": name.lower()}} for name in ("Attend", "Gate", "Attend")]
    config = {"class_name": "Sequential", "config": [_dense("first", 1, batch_input_shape=[None, 1]), *own]}
    with pytest.raises(ValueError, match=r'Attend, Gate\..*custom_objects=\{"Attend": Attend, "Gate": Gate\}'):
        load_model(_h5(tmp_path / "model.h5", {}, config))


def _recurrent_model(layer):
    return keras.Sequential([keras.Input((4, 3)), layer])


@pytest.mark.parametrize(
    ("layer", "order"), [(layers.LSTM(2), "icfo"), (layers.GRU(2, reset_after=False), "zrh")], ids=["LSTM", "GRU"]
)
def test_keras_1_has_three_arrays_for_each_gate(layer, order, tmp_path):
    gates = {gate: _arrays((3, 2), (2, 2), (2,), seed=number) for number, gate in enumerate(order)}
    arrays = {f"{kind}_{gate}": gates[gate][i] for gate in order for i, kind in enumerate("WUb")}
    model = _recurrent_model(layer)
    model.load_weights(_h5(tmp_path / "weights.h5", {"recurrent_1": arrays}, version=None))
    # Since Keras 2, the gates are in this order.
    today = "ifco" if order == "icfo" else order
    for i, weight in enumerate(model.get_weights()):
        assert np.array_equal(weight, np.concatenate([gates[gate][i] for gate in today], -1))


def _of_cudnn(kind, units=2, seed=0):
    """Return arrays of Nvidia's kernels, and the weights that they are."""
    # They have a matrix (units, inputs) for each gate, which Keras 2 stores in the shape (inputs, units).
    gates = {"LSTM": 4, "GRU": 3}[kind]
    of_input = _arrays(*[(units, 3)] * gates, seed=seed)
    of_state = _arrays(*[(units, units)] * gates, seed=seed + 1)
    (bias,) = _arrays((2 * gates * units,), seed=seed + 2)
    arrays = {
        "kernel": np.concatenate([matrix.reshape(3, units) for matrix in of_input], 1),
        "recurrent_kernel": np.concatenate(of_state, 1),
        "bias": bias,
    }
    halves = bias.reshape(2, -1)
    joined = [np.concatenate([matrix.T for matrix in matrices], 1) for matrices in (of_input, of_state)]
    return arrays, [*joined, halves.sum(0) if kind == "LSTM" else halves]


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_weights_of_cudnn(kind, tmp_path):
    arrays, expected = _of_cudnn(kind)
    model = _recurrent_model(getattr(layers, kind)(2))
    model.load_weights(_h5(tmp_path / "weights.h5", {"recurrent_1": arrays}))
    for loaded, weight in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(loaded, weight)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_model_with_weights_of_cudnn_in_both_directions(kind, tmp_path):
    (forward, first), (backward, last) = _of_cudnn(kind), _of_cudnn(kind, seed=5)
    arrays = {f"{way}/{name}": array for way, own in (("f", forward), ("b", backward)) for name, array in own.items()}
    inner = {"class_name": f"CuDNN{kind}", "config": {"name": "inner", "units": 2}}
    layer = {"name": "both", "layer": inner, "merge_mode": "concat", "batch_input_shape": [None, None, 3]}
    config = {"class_name": "Sequential", "config": [{"class_name": "Bidirectional", "config": layer}]}
    model = load_model(_h5(tmp_path / "model.h5", {"both": arrays}, config))
    for loaded, weight in zip(model.get_weights(), [*first, *last], strict=True):
        np.testing.assert_allclose(loaded, weight)


KERNELS_OF_KERAS_1 = {
    "images": ("Conv2D", {}, (0, 1, 2, 3), (2, 3, 1, 0)),
    "transposed": ("Conv2DTranspose", {}, (0, 1, 3, 2), (2, 3, 0, 1)),
    "volumes": ("Conv3D", {}, (0, 1, 2, 3, 4), (2, 3, 4, 1, 0)),
    "many images": ("Conv2D", {"in_wrapper": True}, (0, 1, 2, 3), (2, 3, 1, 0)),
}


@pytest.mark.parametrize("kind", KERNELS_OF_KERAS_1)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_kernels_of_keras_1_with_equal_sizes_are_in_the_order_of_the_channels(kind, data_format, tmp_path):
    name, how, last, first = KERNELS_OF_KERAS_1[kind]
    rank = len(last)
    layer = getattr(layers, name)(3, 3, use_bias=False, data_format=data_format, padding="same")
    steps = (2,) if how else ()
    model = keras.Sequential(
        [keras.Input((*steps, *(3,) * (rank - 1))), layers.TimeDistributed(layer) if how else layer]
    )
    (kernel,) = _arrays((3,) * rank)
    model.load_weights(_h5(tmp_path / "weights.h5", {"layer_1": {"W": kernel}}, version="1.2.2"))
    order = last if data_format == "channels_last" else first
    assert np.array_equal(model.get_weights()[0], kernel.transpose(order))
    model.load_weights(_h5(tmp_path / "weights.h5", {"layer_1": {"W": kernel}}, version="2.0.0"))
    assert np.array_equal(model.get_weights()[0], kernel)


def test_theano_stores_kernels_upside_down_but_for_depthwise_ones(tmp_path):
    for shape, layer, turned in (
        ((3, 2, 2, 4), layers.Conv2D(4, (3, 2), use_bias=False), (0, 1)),
        ((3, 2, 4), layers.Conv1D(4, 3, use_bias=False), (0,)),
        ((3, 2, 2, 1), layers.DepthwiseConv2D((3, 2), use_bias=False), ()),
    ):
        (kernel,) = _arrays(shape)
        model = keras.Sequential([keras.Input((5,) * (len(shape) - 2) + (2,)), layer])
        model.load_weights(_h5(tmp_path / "weights.h5", {"layer_1": {"kernel": kernel}}, backend="theano"))
        assert np.array_equal(model.get_weights()[0], np.flip(kernel, turned))


def test_weights_that_belong_to_the_model_itself(tmp_path):
    class Scaled(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1, name="dense")
            self.scale = self.add_weight("scale", (1,))

        def call(self, inputs):
            return self.scale * self.dense(inputs)

    def add_top(file):
        top = file.create_group("top_level_model_weights")
        top.attrs["weight_names"] = [b"scale:0"]
        top["scale:0"] = np.full(1, 7, "float32")

    model = Scaled()
    model(torch.ones(1, 2))
    kernel, bias = _arrays((2, 1), (1,))
    model.load_weights(_h5(tmp_path / "weights.h5", {"dense": {"kernel": kernel, "bias": bias}}, more=add_top))
    assert model.scale.item() == 7
    assert np.array_equal(model.dense.kernel.detach().numpy(), kernel)


def test_big_endian_and_other_dtypes(tmp_path):
    arrays = _two_arrays()
    arrays["first"]["kernel"] = arrays["first"]["kernel"].astype(">f8")
    arrays["last"]["bias"] = np.array([1, 2], "uint16")
    model = _two()
    model.load_weights(_h5(tmp_path / "weights.h5", arrays))
    assert np.array_equal(model.get_weights()[0], arrays["first"]["kernel"].astype("float32"))
    assert model.get_weights()[3].tolist() == [1, 2]


def test_values_must_be_numbered_from_0_on(tmp_path):
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        file["layers/dense/vars/1"], file["layers/dense/vars/2"] = _arrays((3, 4), (4,))
    with pytest.raises(ModelFileError, match=r"model\.weights\.h5: the values of 'first' must be numbered from 0 on"):
        _two().load_weights(tmp_path / "model.weights.h5")


def test_a_layer_that_cannot_read_its_weights_leaves_the_model_as_it_was(tmp_path):
    class Own(layers.Dense):
        def load_own_variables(self, store):
            super().load_own_variables(store)
            raise KeyError("scale")

    model = keras.Sequential([keras.Input((3,)), layers.Dense(3), Own(3)])
    before = model.get_weights()
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        for name in ("dense", "own"):
            for number, array in enumerate(_arrays((3, 3), (3,))):
                file[f"layers/{name}/vars/{number}"] = array
    with pytest.raises(ModelFileError, match="could not read its weights: KeyError: 'scale'. Nothing was loaded"):
        model.load_weights(tmp_path / "model.weights.h5")
    assert all(map(np.array_equal, before, model.get_weights()))
