"""In which order does memory hold kernels, gradients, outputs and saved weights, so that torch copies none of them?"""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils import prune

from torchkeras_layer import Input, Model, layers

# What each layer is called on, and the axes of its kernel in the order of its memory.
LAYERS = {
    "Conv1D": (lambda **own: layers.Conv1D(4, 3, **own), (2, 8, 3), (2, 0, 1)),
    "Conv2D": (lambda **own: layers.Conv2D(4, 3, **own), (2, 8, 7, 3), (3, 0, 1, 2)),
    "Conv2D of size 1": (lambda **own: layers.Conv2D(4, 1, **own), (2, 8, 7, 3), (3, 0, 1, 2)),
    "Conv2D of one channel": (lambda **own: layers.Conv2D(4, 3, **own), (2, 8, 7, 1), (3, 0, 1, 2)),
    "Conv3D": (lambda **own: layers.Conv3D(4, 2, **own), (2, 5, 4, 5, 3), (4, 0, 1, 2, 3)),
    "DepthwiseConv1D": (lambda **own: layers.DepthwiseConv1D(3, **own), (2, 8, 3), (1, 2, 0)),
    "DepthwiseConv2D": (
        lambda **own: layers.DepthwiseConv2D(3, depth_multiplier=2, **own),
        (2, 8, 7, 3),
        (2, 3, 0, 1),
    ),
    "SeparableConv1D": (lambda **own: layers.SeparableConv1D(4, 3, **own), (2, 8, 3), (1, 2, 0)),
    "SeparableConv2D": (lambda **own: layers.SeparableConv2D(4, 3, **own), (2, 8, 7, 3), (2, 3, 0, 1)),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def _built(name):
    make, shape, order = LAYERS[name]
    layer = make()
    layer.build(shape)
    return layer, torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape), order


def _kernels(layer):
    return [weight for weight in layer.weights if weight.dim() > 1]


def _order(tensor):
    """Return the strides of the axes that have any."""
    return [stride for stride, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1]


def _strides(layer):
    return [kernel.stride() for kernel in _kernels(layer)]


@every_layer
def test_a_kernel_has_keras_s_shape_and_torch_s_memory(name):
    layer, _, order = _built(name)
    assert _kernels(layer)[0].permute(order).is_contiguous()


def test_with_the_channels_first_torch_wants_its_other_memory_format():
    for rank in (1, 2, 3):
        layer = getattr(layers, f"Conv{rank}D")(4, 2, data_format="channels_first")
        layer.build((None, 3, *[None] * rank))
        assert layer.kernel.permute(rank + 1, rank, *range(rank)).is_contiguous()


def test_torch_sees_its_memory_format():
    layer, images, _ = _built("Conv2D")
    assert layer.kernel.permute(3, 2, 0, 1).is_contiguous(memory_format=torch.channels_last)
    assert images.permute(0, 3, 1, 2).is_contiguous(memory_format=torch.channels_last)


@every_layer
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2])
def test_outputs_are_contiguous(name, padding, strides):
    make, shape, _ = LAYERS[name]
    layer = make(padding=padding, strides=strides)
    assert layer(torch.ones(shape)).is_contiguous()
    with torch.no_grad():
        assert layer(torch.ones(shape)).is_contiguous()


@every_layer
def test_gradients_and_the_state_of_optimizers_lie_as_the_kernels_do(name):
    layer, inputs, _ = _built(name)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(inputs).square().sum().backward()
    optimizer.step()
    for kernel in _kernels(layer):
        assert _order(kernel.grad) == _order(kernel)
        assert _order(optimizer.state[kernel]["exp_avg"]) == _order(kernel)


def _through_pickle(layer):
    return pickle.loads(pickle.dumps(layer))


def _through_torch_save(layer):
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def _through_set_weights(layer):
    twin = copy.deepcopy(layer)
    twin.set_weights(layer.get_weights())
    return twin


def _through_a_state_dict(layer):
    twin = type(layer).from_config(layer.get_config())
    twin.load_state_dict(layer.state_dict())
    return twin


def _through_the_meta_device(layer):
    twin = copy.deepcopy(layer).to("meta").to_empty(device="cpu")
    twin.load_state_dict(layer.state_dict())
    return twin


@every_layer
@pytest.mark.parametrize(
    "through",
    [
        copy.deepcopy,
        _through_pickle,
        _through_torch_save,
        _through_set_weights,
        _through_a_state_dict,
        _through_the_meta_device,
    ],
)
def test_what_keeps_the_order(name, through):
    layer, inputs, _ = _built(name)
    twin = through(layer)
    assert _strides(twin) == _strides(layer)
    assert torch.equal(twin(inputs), layer(inputs))


@every_layer
def test_another_dtype_keeps_the_order(name):
    layer, _, _ = _built(name)
    assert _strides(copy.deepcopy(layer).double()) == _strides(layer)


@every_layer
def test_a_layer_built_without_data_has_the_order(name):
    make, shape, _ = LAYERS[name]
    with torch.device("meta"):
        layer = make()
        layer.build(shape)
    assert _strides(layer) == _strides(_built(name)[0])


@every_layer
def test_a_state_dict_is_contiguous_for_safetensors(name, tmp_path):
    layer, inputs, _ = _built(name)
    model = nn.Sequential(layer)
    assert all(value.is_contiguous() for value in model.state_dict().values())
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    twin = LAYERS[name][0]()
    twin.build(inputs.shape)
    nn.Sequential(twin).load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(twin(inputs), layer(inputs))
    assert _strides(twin) == _strides(layer)


@every_layer
def test_weights_themselves_are_had_by_keep_vars(name):
    layer, _, _ = _built(name)
    assert all(value is getattr(layer, key) for key, value in layer.state_dict(keep_vars=True).items())


@every_layer
def test_assigned_weights_are_used_as_they_lie(name):
    layer, inputs, _ = _built(name)
    twin = type(layer).from_config(layer.get_config())
    state = layer.state_dict()
    twin.load_state_dict(state, assign=True)
    torch.testing.assert_close(twin(inputs), layer(inputs))
    assert all(getattr(twin, key).data_ptr() == value.data_ptr() for key, value in state.items())


@every_layer
def test_a_memory_format_asked_of_torch_changes_no_number(name):
    layer, inputs, _ = _built(name)
    if _kernels(layer)[0].dim() == 4:
        torch.testing.assert_close(copy.deepcopy(layer).to(memory_format=torch.channels_last)(inputs), layer(inputs))


def _flattened(layer):
    """Return all parameters in one vector, as optimizers and `torch.nn.utils` that know no strides do it."""
    return torch.nn.utils.parameters_to_vector(layer.parameters())


def _pruned(layer):
    prune.l1_unstructured(layer, _kernel_name(layer), 0.5)


def _trained_by_lbfgs(layer):
    def loss():
        layer.zero_grad()
        value = layer(torch.ones(layer.get_build_config()["input_shape"])).square().mean()
        value.backward()
        return value

    torch.optim.LBFGS(layer.parameters(), max_iter=2).step(loss)


def _kernel_name(layer):
    return next(name for name, weight in layer.named_parameters() if weight.dim() > 1)


@every_layer
@pytest.mark.parametrize("use", [_flattened, _pruned, _trained_by_lbfgs])
def test_what_flattens_parameters_works_after_the_line_of_the_readme(name, use):
    layer, inputs, order = _built(name)
    before = layer(inputs)
    if not _kernels(layer)[0].is_contiguous():
        with pytest.raises(RuntimeError, match="view"):
            use(layer)
        layer, _, _ = _built(name)
        before = layer(inputs)
    for p in layer.parameters():
        p.data = p.data.contiguous()
    torch.testing.assert_close(layer(inputs), before)
    use(layer)


def test_so_it_is_with_torch_s_own_layer_in_that_format():
    layer = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    with pytest.raises(RuntimeError, match="view"):
        _flattened(layer)


def test_permuted_inputs_are_taken_as_they_lie():
    layer, inputs, _ = _built("Conv2D")
    permuted = inputs.movedim(-1, 1).contiguous().movedim(1, -1)
    assert not permuted.is_contiguous()
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
