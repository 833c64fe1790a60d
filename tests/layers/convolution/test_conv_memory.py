"""How do kernels lie in memory, also after torch's `.to(memory_format=)`, and what does a call make of them?"""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from torchkeras_layer import Input, Layer, Model, Sequential, layers

# What each layer is called on, the axes of its first kernel in the order of torch's filters, and torch's memory format.
_2D, _3D = torch.channels_last, torch.channels_last_3d
LAYERS = {
    "Conv1D": (lambda **own: layers.Conv1D(4, 3, **own), (2, 8, 3), (2, 0, 1), _2D),
    "Conv2D": (lambda **own: layers.Conv2D(4, 3, **own), (2, 8, 7, 3), (3, 0, 1, 2), _2D),
    "Conv2D of size 1": (lambda **own: layers.Conv2D(4, 1, **own), (2, 8, 7, 3), (3, 0, 1, 2), _2D),
    "Conv2D of one channel": (lambda **own: layers.Conv2D(4, 3, **own), (2, 8, 7, 1), (3, 0, 1, 2), _2D),
    "grouped Conv2D": (lambda **own: layers.Conv2D(4, 3, groups=2, **own), (2, 8, 7, 4), (3, 0, 1, 2), _2D),
    "large Conv2D": (lambda **own: layers.Conv2D(48, 3, **own), (2, 8, 7, 40), (3, 0, 1, 2), _2D),
    "larger Conv2D": (lambda **own: layers.Conv2D(96, 3, **own), (1, 5, 7, 96), (3, 0, 1, 2), _2D),
    "Conv3D": (lambda **own: layers.Conv3D(4, 2, **own), (2, 5, 4, 5, 3), (4, 0, 1, 2, 3), _3D),
    "Conv1DTranspose": (lambda **own: layers.Conv1DTranspose(4, 3, **own), (2, 8, 3), (2, 0, 1), _2D),
    "Conv2DTranspose": (lambda **own: layers.Conv2DTranspose(4, 3, **own), (2, 8, 7, 3), (3, 0, 1, 2), _2D),
    "DepthwiseConv1D": (lambda **own: layers.DepthwiseConv1D(3, **own), (2, 8, 3), (1, 2, 0), _2D),
    "DepthwiseConv2D": (
        lambda **own: layers.DepthwiseConv2D(3, depth_multiplier=2, **own), (2, 8, 7, 3), (2, 3, 0, 1), _2D,
    ),
    "SeparableConv1D": (lambda **own: layers.SeparableConv1D(4, 3, **own), (2, 8, 3), (1, 2, 0), _2D),
    "SeparableConv2D": (lambda **own: layers.SeparableConv2D(4, 3, **own), (2, 8, 7, 3), (2, 3, 0, 1), _2D),
    "ConvLSTM2D": (lambda **own: layers.ConvLSTM2D(3, 3, **own), (2, 4, 6, 5, 2), (3, 0, 1, 2), _2D),
}  # fmt: skip
every_layer = pytest.mark.parametrize("name", LAYERS)
every_order = pytest.mark.parametrize("in_torch_s_order", [False, True], ids=["as it is", "after .to(memory_format)"])


def _built(name, in_torch_s_order=False):
    make, shape, _, memory_format = LAYERS[name]
    torch.manual_seed(0)
    layer = make()
    layer.build(shape)
    if in_torch_s_order:
        layer.to(memory_format=memory_format)
    return layer, torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape)


def _kernels(layer):
    return [weight for weight in layer.weights if weight.dim() > 1]


def _strides(layer):
    return [kernel.stride() for kernel in _kernels(layer)]


def _order(tensor):
    """Return the strides of the axes that have any."""
    return [stride for stride, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1]


@every_layer
def test_kernels_are_contiguous_in_keras_s_axes(name):
    layer, inputs = _built(name)
    assert all(kernel.is_contiguous() for kernel in layer.weights)
    twin = LAYERS[name][0]()
    twin(inputs)
    assert _strides(twin) == _strides(layer)


@every_layer
def test_torch_s_memory_format_is_that_of_its_filters(name):
    layer, inputs = _built(name)
    before, kernels = layer(inputs), _kernels(layer)
    layer.to(memory_format=LAYERS[name][3])
    assert _kernels(layer)[0].permute(LAYERS[name][2]).is_contiguous()
    torch.testing.assert_close(layer(inputs), before)
    assert all(after is kernel for after, kernel in zip(_kernels(layer), kernels, strict=True))
    layer.to(memory_format=torch.contiguous_format)
    assert all(kernel.is_contiguous() for kernel in layer.weights)


@every_layer
def test_a_layer_that_was_not_built_heeds_the_memory_format_too(name):
    layer = LAYERS[name][0]().to(memory_format=LAYERS[name][3])
    layer.build(LAYERS[name][1])
    assert _strides(layer) == _strides(_built(name, True)[0])


def test_layers_that_a_build_makes_heed_the_memory_format_of_their_maker():
    class Maker(Layer):
        def build(self, input_shape):
            self.inner = Sequential([layers.Conv2D(4, 3), layers.Conv2D(4, 3)])
            self.inner.build(input_shape)

        def call(self, inputs):
            return self.inner(inputs)

    model = nn.Sequential(Maker()).to(memory_format=torch.channels_last)
    model(torch.ones(1, 8, 8, 3))
    assert [kernel.permute(3, 0, 1, 2).is_contiguous() for kernel in _kernels(model[0])] == [True, True]


def test_with_the_channels_first_the_filters_have_the_other_order():
    for rank in (1, 2, 3):
        layer = getattr(layers, f"Conv{rank}D")(4, 2, data_format="channels_first")
        layer.build((None, 3, *[None] * rank))
        assert layer.kernel.is_contiguous()
        layer.to(memory_format=_3D if rank == 3 else _2D)
        assert layer.kernel.permute(rank + 1, rank, *range(rank)).is_contiguous()
        large = getattr(layers, f"Conv{rank}D")(120, 2, data_format="channels_first")
        assert large(torch.ones(2, 70, *[4] * rank)).is_contiguous()


def test_volumes_refuse_the_memory_format_of_images_as_torch_s_do():
    for layer in (_built("Conv3D")[0], nn.Conv3d(3, 4, 2)):
        with pytest.raises(RuntimeError, match="rank 4"):
            layer.to(memory_format=torch.channels_last)


def test_locally_connected_kernels_have_no_order_of_torch_s():
    layer = layers.LocallyConnected1D(2, 3).to(memory_format=torch.channels_last)
    layer.build((1, 6, 2))
    assert layer.kernel.is_contiguous()


@every_layer
@every_order
def test_gradients_and_the_state_of_optimizers_lie_as_the_kernels_do(name, in_torch_s_order):
    layer, inputs = _built(name, in_torch_s_order)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(inputs).square().sum().backward()
    optimizer.step()
    for kernel in _kernels(layer):
        assert _order(kernel.grad) == _order(kernel)
        assert _order(optimizer.state[kernel]["exp_avg"]) == _order(kernel)


def test_gradients_are_moved_too():
    layer, inputs = _built("Conv2D")
    layer(inputs).sum().backward()
    before = layer.kernel.grad.clone()
    layer.to(memory_format=torch.channels_last)
    assert layer.kernel.grad.stride() == layer.kernel.stride()
    assert torch.equal(layer.kernel.grad, before)


@every_layer
def test_gradients_are_the_same_in_both_orders(name):
    gradients = []
    for in_torch_s_order in (False, True):
        layer, inputs = _built(name, in_torch_s_order)
        gradients.append(torch.autograd.grad(layer(inputs).square().sum(), layer.parameters()))
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-4)


@every_layer
def test_without_gradients_the_numbers_are_the_same(name):
    layer, inputs = _built(name)
    with torch.no_grad():
        torch.testing.assert_close(layer(inputs), layer.double()(inputs.double()).float(), rtol=1e-4, atol=1e-5)


@every_layer
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2])
def test_outputs_are_contiguous(name, padding, strides):
    make, shape, _, _ = LAYERS[name]
    layer = make(padding=padding, strides=strides)
    outputs = layer(torch.ones(shape))
    assert outputs.is_contiguous() or name == "ConvLSTM2D"
    with torch.no_grad():
        again = layer(torch.ones(shape))
    # The gates of a ConvLSTM are slices.
    assert again.is_contiguous() or name == "ConvLSTM2D"
    torch.testing.assert_close(again, outputs, rtol=1e-4, atol=1e-5)


def test_few_windows_are_padded_and_counted_as_by_keras_s_rules():
    """Without gradients, this is a product of windows and kernel."""
    images = torch.linspace(-1, 1, 9 * 8 * 80).reshape(1, 9, 8, 80)
    for options in ({"padding": "same", "strides": 2}, {"padding": "valid", "strides": (2, 3)}, {"use_bias": False}):
        layer = layers.Conv2D(120, (3, 4), activation="relu", **options)
        expected = layer(images)
        with torch.no_grad():
            torch.testing.assert_close(layer(images), expected, rtol=1e-4, atol=1e-5)
    steps = layers.Conv1D(200, 5, padding="causal")
    expected = steps(images[:, 0])
    with torch.no_grad():
        torch.testing.assert_close(steps(images[:, 0]), expected, rtol=1e-4, atol=1e-5)


def _through_torch_save(layer):
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def _through_set_weights(layer):
    twin = copy.deepcopy(layer)
    twin.set_weights(layer.get_weights())
    return twin


def _through_the_meta_device(layer):
    twin = copy.deepcopy(layer).to("meta").to_empty(device="cpu")
    twin.load_state_dict(layer.state_dict())
    return twin


@every_layer
@every_order
def test_what_keeps_the_order(name, in_torch_s_order):
    layer, inputs = _built(name, in_torch_s_order)
    for twin in (
        copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), _through_torch_save(layer),
        _through_set_weights(layer), _through_the_meta_device(layer),
    ):  # fmt: skip
        assert _strides(twin) == _strides(layer)
        assert torch.equal(twin(inputs), layer(inputs))
    assert _strides(copy.deepcopy(layer).double()) == _strides(layer)


@every_layer
def test_permuted_inputs_are_taken_as_they_lie(name):
    layer, inputs = _built(name)
    permuted = inputs.movedim(-1, 1).contiguous().movedim(1, -1)
    torch.testing.assert_close(layer(permuted), layer(inputs))


def test_a_model_of_several_layers_copies_no_image():
    """Each layer hands on what the next one takes as torch's memory format."""
    inputs = Input((16, 16, 3))
    outputs = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    outputs = layers.DepthwiseConv2D(3, padding="same")(outputs)
    model = Model(inputs, layers.SeparableConv2D(5, 3)(outputs))
    images = torch.ones(2, 16, 16, 3)
    seen = []
    for layer in model.layers:
        layer.register_forward_pre_hook(lambda _, given: seen.append(given[0].is_contiguous()))
    model(images)
    assert seen
    assert all(seen)
