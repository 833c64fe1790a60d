"""What do layers that a `call` or `build` makes take over from the layer that makes them? (contract §2.4, §2.5)"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Stack, built
from torchkeras_layer import layers as L

X = torch.linspace(-1, 1, 12).reshape(4, 3) + 5


class Drops(keras.Layer):
    """Makes a Dropout in each call."""

    def call(self, inputs):
        return L.Dropout(0.9)(inputs)


class DropsOnce(keras.Layer):
    """Makes a Dropout in the first call, inside another layer."""

    def call(self, inputs):
        if not hasattr(self, "inner"):
            self.inner = Stack(L.Dropout(0.9))
        return self.inner(inputs)


class DropsDeep(keras.Layer):
    """A layer made in a call makes one in its own call."""

    def call(self, inputs):
        return Drops()(inputs)


class DropsInModel(keras.Layer):
    """Makes a model in its call."""

    def call(self, inputs):
        return keras.Sequential([L.Dropout(0.9), L.Activation("linear")])(inputs)


class Plain(nn.Module):
    """A plain module around one of them."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, inputs):
        return self.inner(inputs)


MAKERS = [Drops, DropsOnce, DropsDeep, DropsInModel, lambda: L.Lambda(lambda x: L.Dropout(0.9)(x))]
AROUND = [lambda maker: maker, nn.Sequential, Plain, Stack, lambda maker: keras.Sequential([maker])]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("around", AROUND)
def test_what_a_call_makes_has_its_mode(make, around):
    model = around(make()).eval()
    assert torch.equal(model(X), X)
    assert torch.equal(model(X), X)


@pytest.mark.parametrize("make", MAKERS)
def test_in_training_it_drops(make):
    assert (make()(torch.ones(100)) == 0).any()


def test_a_mode_that_is_given_goes_before():
    layer = Drops().eval()
    assert (layer(torch.ones(100), training=True) == 0).any()
    assert torch.equal(Drops()(X, training=False), X)


def test_a_layer_that_a_call_keeps_follows_train_later():
    layer = DropsOnce().eval()
    layer(X)
    assert not layer.inner.training
    layer.train()
    assert (layer(torch.ones(100)) == 0).any()


def test_what_is_made_outside_of_calls_trains():
    Drops().eval()(X)
    with pytest.raises(ValueError, match="units"):
        L.Lambda(lambda x: L.Dense("three")(x)).eval()(X)
    assert L.Dropout(0.5).training


@pytest.mark.parametrize("make", [Drops, DropsDeep])
def test_in_a_compiled_call(make):
    model = make().eval()
    model(X)
    torch._dynamo.reset()
    assert torch.equal(torch.compile(copy.deepcopy(model), backend="eager", fullgraph=True)(X), X)


class Normalizes(keras.Layer):
    """Makes layers in `build`, which are built later."""

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=input_shape[-1:], initializer="ones", dtype="float32")
        self.norm = L.BatchNormalization()
        self.dense = L.Dense(3)

    def call(self, inputs):
        return self.norm(self.dense(inputs) * self.scale)


class NormalizesDeep(keras.Layer):
    """What its `build` makes makes more: layers in a list, in a model, and in a plain module."""

    def build(self, input_shape):
        self.steps = [Normalizes(), keras.Sequential([Normalizes(), L.Dense(3)])]
        self.plain = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.9), Stack(nn.BatchNorm1d(3), L.BatchNormalization()))
        self.free = nn.Parameter(torch.ones(3))
        self.register_buffer("kept", torch.ones(3))

    def call(self, inputs):
        if not hasattr(self, "late"):
            self.late = L.BatchNormalization()
        outputs = self.steps[1](self.steps[0](inputs))
        return self.late(self.plain(outputs * self.free * self.kept))


class BuildsInside(keras.Layer):
    """Builds the layer that it makes."""

    def build(self, input_shape):
        self.inner = Normalizes()
        self.inner.build(input_shape)

    def call(self, inputs):
        return self.inner(inputs)


PARENTS = [Normalizes, NormalizesDeep, BuildsInside, lambda: L.TimeDistributed(Normalizes())]
HOLDERS = [lambda layer: layer, nn.Sequential, lambda layer: keras.Sequential([layer]), Stack, Plain]
BUILDS = [lambda model, x: model(x), keras.build]
_parents = pytest.mark.parametrize("make", PARENTS)
_holders = pytest.mark.parametrize("hold", HOLDERS)
_builds = pytest.mark.parametrize("build", BUILDS)


def _made(make, hold, do, build):
    """Return a model that is built after something was done to it, and inputs for it."""
    model = hold(make())
    x = X[:, None] if "TimeDistributed" in repr(model) else X
    do(model)
    build(model, x)
    model(x)
    return model, x


@_parents
@_holders
@_builds
def test_eval_reaches_what_build_makes(make, hold, build):
    model, x = _made(make, hold, lambda m: m.eval(), build)
    assert not any(module.training for module in model.modules())
    means = [m.moving_mean for m in model.modules() if isinstance(m, L.BatchNormalization)]
    assert means
    assert all((mean == 0).all() for mean in means)
    assert torch.equal(model(x), model(x))
    assert all(module.training for module in model.train().modules())


@_parents
@_holders
@_builds
def test_a_dtype_reaches_what_build_makes(make, hold, build):
    model, x = _made(make, hold, lambda m: m.double(), build)
    assert {t.dtype for t in model.state_dict().values() if t.is_floating_point()} == {torch.float64}
    assert model(x.double()).dtype is torch.float64
    model, x = _made(make, hold, lambda m: m.double().float(), build)
    assert {t.dtype for t in model.state_dict().values() if t.is_floating_point()} == {torch.float32}


@_parents
@_holders
@_builds
def test_requires_grad_reaches_what_build_makes(make, hold, build):
    model, x = _made(make, hold, lambda m: m.requires_grad_(False), build)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert not any(layer.trainable for layer in model.modules() if isinstance(layer, keras.Layer) and layer.weights)
    model.requires_grad_(True)
    assert all(parameter.requires_grad for parameter in model.parameters())
    model, x = _made(make, hold, lambda m: m.requires_grad_(False).requires_grad_(True), build)
    assert all(parameter.requires_grad for parameter in model.parameters())


@_parents
@_holders
def test_a_device_reaches_what_build_makes(make, hold):
    model = hold(make()).to("meta")
    shape = (4, 1, 3) if "TimeDistributed" in repr(model) else (4, 3)
    model(torch.ones(shape, device="meta"))
    assert {t.device.type for t in [*model.parameters(), *model.buffers()]} == {"meta"}


def test_thawed_with_keras_after_torch_froze_it():
    model = keras.Sequential([NormalizesDeep()])
    model.requires_grad_(False)
    assert not model.trainable
    model.layers[0].trainable = True
    built(model)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_what_is_made_is_as_it_was_made_where_nothing_was_done():
    class Makes(keras.Layer):
        def build(self, input_shape):
            self.frozen = L.Dense(2, trainable=False, dtype="float64")
            self.quiet = L.Dropout(0.5).eval()
            self.plain = nn.Dropout(0.5).eval()

        def call(self, inputs):
            return self.plain(self.quiet(self.frozen(inputs)))

    layer = built(Makes())
    assert [layer.frozen.training, layer.quiet.training, layer.plain.training] == [True, False, False]
    assert (layer.frozen.kernel.dtype, layer.frozen.trainable, layer.trainable) == (torch.float64, False, False)


def test_a_policy_that_is_set_later_counts():
    layer = Normalizes().double()
    layer.dtype_policy = "float32"
    assert {weight.dtype for weight in built(layer).weights} == {torch.float32}


def test_a_mixed_policy_stays():
    class Makes(keras.Layer):
        def build(self, input_shape):
            self.inner = L.Dense(3, dtype="mixed_bfloat16")

        def call(self, inputs):
            return self.inner(inputs)

    assert built(Makes().float()).inner.compute_dtype == "bfloat16"
    assert built(Makes().double()).inner.dtype_policy.name == "float64"


def test_hooks_on_parameters_need_weights():
    placeholder = next(L.Dense(2).parameters())
    with pytest.raises(RuntimeError, match="not built"):
        placeholder.register_hook(lambda grad: grad)
    with pytest.raises(RuntimeError, match="not built"):
        placeholder.register_post_accumulate_grad_hook(lambda parameter: None)
