"""Do the tools of torch that work on parameters take the kernels of convolutions, and when do they refuse them?"""

from __future__ import annotations

import copy

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import parametrizations, parametrize, prune

from torchkeras_layer import Sequential, layers

IMAGES = torch.linspace(-1, 1, 2 * 9 * 9 * 3).reshape(2, 9, 9, 3)


def _model(in_torch_s_order=False):
    torch.manual_seed(0)
    model = Sequential(
        [
            layers.Conv2D(12, 3, strides=2, activation="relu"),
            layers.Conv2D(80, 3, padding="same"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.SeparableConv2D(6, 2),
            layers.Conv2DTranspose(4, 2, 2),
            layers.Conv2D(3, 1),
        ]
    )
    model.build(IMAGES.shape)
    return model.to(memory_format=torch.channels_last) if in_torch_s_order else model


def _assert_lbfgs_lowers_the_loss(model):
    def loss():
        model.zero_grad()
        value = model(IMAGES).square().mean()
        value.backward()
        return value

    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)
    before = optimizer.step(loss).item()
    assert loss().item() < before


def _assert_flattened_and_filled_again(model):
    vector = nn.utils.parameters_to_vector(model.parameters())
    nn.utils.vector_to_parameters(vector * 2, model.parameters())
    assert torch.equal(nn.utils.parameters_to_vector(model.parameters()), vector * 2)


def _assert_pruned_and_trained(model):
    prune.l1_unstructured(model.layers[0], "kernel", 0.5)
    kernels = [(layer, "kernel") for layer in model.layers if "kernel" in layer._parameters]
    prune.global_unstructured(kernels, pruning_method=prune.L1Unstructured, amount=20)
    assert model.layers[0].kernel_mask.shape == (3, 3, 3, 12)
    model(IMAGES).sum().backward()


refused_in_torch_s_order = pytest.mark.parametrize(
    "assert_works", [_assert_lbfgs_lowers_the_loss, _assert_flattened_and_filled_again, _assert_pruned_and_trained]
)


@refused_in_torch_s_order
def test_what_flattens_parameters_works(assert_works):
    assert_works(_model())


@refused_in_torch_s_order
def test_in_torch_s_order_it_fails_as_for_torch_s_own_layers(assert_works):
    with pytest.raises(RuntimeError, match="view"):
        assert_works(_model(in_torch_s_order=True))
    theirs = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    with pytest.raises(RuntimeError, match="view"):
        nn.utils.parameters_to_vector(theirs.parameters())


@pytest.mark.parametrize("in_torch_s_order", [False, True])
def test_a_moving_average_over_the_state_dict_moves_the_weights(in_torch_s_order):
    model = _model(in_torch_s_order)
    average = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 1.0
    for v, w in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        v.mul_(0.5).add_(w, alpha=0.5)
    for mine, other in zip(average.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(mine, other - 0.5)


@pytest.mark.parametrize("in_torch_s_order", [False, True])
def test_a_state_dict_gives_the_weights_themselves(in_torch_s_order):
    model = _model(in_torch_s_order)
    parameters = dict(model.named_parameters())
    assert all(value.data_ptr() == parameters[key].data_ptr() for key, value in model.state_dict().items())
    assert all(value.stride() == parameters[key].stride() for key, value in model.state_dict().items())


def test_a_weight_from_a_transposed_tensor_is_contiguous():
    """So are other weights than kernels, whatever an initializer returns."""
    layer = layers.Dense(3, kernel_initializer=lambda shape, dtype: torch.ones(shape[::-1], dtype=dtype).t())
    layer.build((None, 2))
    assert layer.state_dict()["kernel"].is_contiguous()


def test_safetensors_takes_kernels_as_they_lie_and_refuses_torch_s_order(tmp_path):
    model, twin = _model(), _model()
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    twin.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(twin(IMAGES), model(IMAGES))
    with pytest.raises(ValueError, match="contiguous"):
        save_file(_model(in_torch_s_order=True).state_dict(), tmp_path / "refused.safetensors")


@pytest.mark.parametrize("in_torch_s_order", [False, True])
def test_assigned_weights_are_used_as_they_lie(in_torch_s_order):
    model, twin = _model(in_torch_s_order), _model()
    twin.load_state_dict(model.state_dict(), assign=True)
    assert all(a.data_ptr() == b.data_ptr() for a, b in zip(twin.parameters(), model.parameters(), strict=True))
    torch.testing.assert_close(twin(IMAGES), model(IMAGES))


@pytest.mark.parametrize("in_torch_s_order", [False, True])
class TestInBothOrders:
    """What must work in both orders of memory."""

    def test_parametrizations(self, in_torch_s_order):
        model = _model(in_torch_s_order)
        before = model(IMAGES)
        parametrizations.weight_norm(model.layers[1], "kernel", dim=3)
        torch.testing.assert_close(model(IMAGES), before)
        parametrize.remove_parametrizations(model.layers[1], "kernel")
        torch.testing.assert_close(model(IMAGES), before)

    def test_functional_calls_of_several_models_at_once(self, in_torch_s_order):
        models = [_model(in_torch_s_order) for _ in range(2)]
        nn.init.ones_(models[1].layers[5].kernel)
        stacked, buffers = torch.func.stack_module_state(models)

        def call(parameters, constants):
            return torch.func.functional_call(models[0], (parameters, constants), (IMAGES,))

        outputs = torch.vmap(call)(stacked, buffers)
        torch.testing.assert_close(outputs, torch.stack([model(IMAGES) for model in models]), rtol=1e-4, atol=1e-5)

    def test_forward_derivatives_and_those_of_gradients(self, in_torch_s_order):
        model = _model(in_torch_s_order).double()
        parameters = {key: value.detach() for key, value in model.named_parameters()}

        def loss(parameters):
            return torch.func.functional_call(model, parameters, (IMAGES.double(),)).square().mean()

        gradients = torch.func.grad(loss)(parameters)
        _, change = torch.func.jvp(loss, (parameters,), (gradients,))
        expected = sum(gradient.square().sum() for gradient in gradients.values())
        torch.testing.assert_close(change, expected)

    @pytest.mark.filterwarnings("ignore:`torch.jit.trace.*` is deprecated:DeprecationWarning")
    @pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
    def test_a_traced_and_an_exported_program(self, in_torch_s_order):
        model = _model(in_torch_s_order).eval()
        expected = model(IMAGES)
        torch.testing.assert_close(torch.jit.trace(model, (IMAGES,))(IMAGES), expected)
        torch.testing.assert_close(torch.export.export(model, (IMAGES,)).module()(IMAGES), expected)

    def test_a_compiled_call_is_one_graph(self, in_torch_s_order):
        model = _model(in_torch_s_order)
        expected = model(IMAGES)
        compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
        outputs = compiled(IMAGES)
        torch.testing.assert_close(outputs, expected)
        outputs.sum().backward()
        assert all(parameter.grad is not None for parameter in model.parameters())

    def test_autocast(self, in_torch_s_order):
        model = _model(in_torch_s_order)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = model(IMAGES)
        assert outputs.dtype is torch.bfloat16
        torch.testing.assert_close(outputs.float(), model(IMAGES), rtol=0.1, atol=0.1)

    def test_fused_adam_equals_adam(self, in_torch_s_order):
        models = [_model(in_torch_s_order) for _ in range(2)]
        for model, fused in zip(models, (False, True), strict=True):
            optimizer = torch.optim.Adam(model.parameters(), fused=fused)
            model(IMAGES).square().mean().backward()
            optimizer.step()
        torch.testing.assert_close(*[model(IMAGES) for model in models])

    def test_averaged_models(self, in_torch_s_order):
        model = _model(in_torch_s_order)
        average = torch.optim.swa_utils.AveragedModel(model)
        average.update_parameters(model)
        torch.testing.assert_close(average(IMAGES), model(IMAGES))


@pytest.fixture
def one_process(tmp_path):
    store = dist.FileStore(str(tmp_path / "store"), 1)
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_gloo_available(), reason="this torch is built without gloo")
@pytest.mark.usefixtures("one_process")
@pytest.mark.filterwarnings("error:Grad strides do not match bucket view strides")
@pytest.mark.parametrize(
    ("in_torch_s_order", "options"),
    [(False, {}), (False, {"gradient_as_bucket_view": True, "static_graph": True}), (True, {})],
    ids=["as they lie", "in views", "in torch's order"],
)
def test_steps_in_distributed_data_parallel_are_those_of_the_bare_model(in_torch_s_order, options):
    model, bare = _model(in_torch_s_order), _model(in_torch_s_order)
    wrapped = DistributedDataParallel(model, **options)
    for module in (wrapped, bare):
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            module(IMAGES).square().mean().backward()
            optimizer.step()
    for mine, other in zip(model.parameters(), bare.parameters(), strict=True):
        torch.testing.assert_close(mine, other)
        torch.testing.assert_close(mine.grad, other.grad)
        assert mine.stride() == other.stride()


def test_inductor_computes_the_same():
    model = Sequential([layers.Conv2D(80, 3), layers.Conv2D(80, 3), layers.Conv2D(4, 1)])
    expected = model(IMAGES)
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(model)(IMAGES), expected, rtol=1e-4, atol=1e-5)
