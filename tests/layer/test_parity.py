"""Does one class body, on our `Layer` and on Keras 3's, give the same numbers, weights and names?

Only what the contract decides as Keras 3 has it; where the two differ on purpose, the other tests say how.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import assert_close, to_numpy
from tests.oracle import keras as oracle


def dense(kit):
    class Port(kit.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape):
            self.kernel = self.add_weight(
                shape=(input_shape[-1], self.units), name="kernel", regularizer=kit.regularizers.L2(0.1)
            )
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
            self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

        def call(self, inputs):
            self.add_loss(0.5 * (inputs**2).sum())
            return torch.relu(inputs @ self.kernel + self.bias)

    return Port


def nested(kit):
    inner = dense(kit)

    class Outer(kit.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = inner(4, name="first", activity_regularizer="l1")
            self.rest = [inner(3, name="second"), {"x": inner(2, name="third")}]

        def build(self, input_shape):
            # Keras 3 makes what a call needs by running it: given by hand, both take the same path.
            self.first.build(input_shape)
            self.rest[0].build((None, 4))
            self.rest[1]["x"].build((None, 3))

        def call(self, inputs):
            return self.rest[1]["x"](self.rest[0](self.first(inputs)))

    return Outer


def pair(make, *args, **kwargs):
    """Return the same layer of both libraries, with the same weights, called on the same inputs."""
    ours, theirs = (make(kit)(*args, **kwargs) for kit in (keras, oracle))
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((5, 3)).astype("float32"))
    ours(x), theirs(x)
    by_path = {weight.path.split("/", 1)[-1]: to_numpy(weight) for weight in theirs.weights}
    for inner in (layer for layer in ours.modules() if isinstance(layer, keras.Layer)):
        for name in inner.weight_specs:
            path = f"{inner.path}/{name}".split("/", 1)[-1]
            getattr(inner, name).data.copy_(torch.from_numpy(by_path[path]))
    return ours, theirs, x


CASES = [(dense, (4,)), (nested, ())]


@pytest.mark.parametrize(("make", "args"), CASES, ids=["dense", "nested"])
def test_outputs_losses_and_gradients(make, args):
    ours, theirs, x = pair(make, *args, name="port")
    assert_close(ours(x), theirs(x), "outputs")
    assert_close(sum(ours.losses), sum(theirs.losses), "sum of losses")
    assert_close(sorted(v.item() for v in ours.losses), sorted(v.item() for v in theirs.losses), "losses")
    (ours(x).sum() + sum(ours.losses)).backward()
    (theirs(x).sum() + sum(theirs.losses)).backward()
    for mine, other in zip(ours.trainable_weights, theirs.trainable_weights, strict=True):
        assert_close(mine.grad, other.value.grad, "gradient")


@pytest.mark.parametrize(("make", "args"), CASES, ids=["dense", "nested"])
def test_weights_and_paths(make, args):
    ours, theirs, _ = pair(make, *args, name="port")
    for kind in ("trainable_weights", "non_trainable_weights"):
        assert [tuple(w.shape) for w in getattr(ours, kind)] == [tuple(w.shape) for w in getattr(theirs, kind)]
    paths = [
        f"{layer.path}/{name}"
        for layer in ours.modules()
        if isinstance(layer, keras.Layer)
        for name, spec in layer.weight_specs.items()
    ]
    assert sorted(paths) == sorted(weight.path for weight in theirs.weights)
    assert ours.count_params() == theirs.count_params()
    assert (ours.path, ours.name) == (theirs.path, theirs.name)


# Keras's own get_weights warns so under numpy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_weights_cross_as_arrays():
    ours, theirs, x = pair(dense, 4)
    theirs.set_weights([np.random.standard_normal(array.shape) for array in theirs.get_weights()])
    ours.set_weights(theirs.get_weights())
    assert_close(ours.get_weights(), theirs.get_weights(), "weights")
    assert_close(ours(x), theirs(x), "outputs")


def test_build_configs():
    ours, theirs, _ = pair(dense, 4)
    assert ours.get_build_config() == theirs.get_build_config() == {"input_shape": (5, 3)}


def test_names():
    """[40]"""
    oracle.backend.clear_session()
    for name in ("Conv2DTranspose", "MyLSTMCell", "ReLU", "HTTPServer", "X2Y2", "AB", "ABc", "A", "L1"):
        ours, theirs = (type(name, (kit.layers.Layer,), {}) for kit in (keras, oracle))
        assert [ours().name for _ in range(2)] == [theirs().name for _ in range(2)]


ACTIVITY = [torch.ones(4, 3), torch.ones(4), torch.tensor(2.0), torch.ones(1, 2, 2)]


@pytest.mark.parametrize("x", ACTIVITY, ids=lambda x: str(tuple(x.shape)))
def test_activity_regularizer(x):
    """[23]"""
    losses = []
    for kit in (keras, oracle):
        layer = type("Same", (kit.layers.Layer,), {"call": lambda self, inputs: inputs * 1})(activity_regularizer="l2")
        layer(x)
        losses.append(layer.losses)
    assert_close(*losses, "losses")


MASKED = [
    lambda kit: kit.layers.Layer,
    lambda kit: type("Inverts", (kit.layers.Layer,), {"compute_mask": lambda self, inputs, mask=None: ~mask}),
]


@pytest.mark.parametrize("make", MASKED, ids=["passes", "inverts"])
def test_masks(make):
    """[16]"""
    found = []
    for kit in (keras, oracle):
        kind = make(kit)
        layer = type("Doubles", (kind,), {"call": lambda self, inputs: inputs * 2})()
        layer.supports_masking = True
        x = torch.ones(2)
        x._keras_mask = torch.tensor([True, False])
        found.append(layer(x)._keras_mask)
    assert_close(*found, "mask")


POLICIES = ["float32", "float64", "mixed_float16", "mixed_bfloat16", "bfloat16"]


@pytest.mark.parametrize("dtype", POLICIES)
def test_dtypes_under_a_policy(dtype):
    """[51]"""
    found = []
    for kit, read in ((keras, lambda weight: weight), (oracle, oracle.ops.convert_to_tensor)):
        seen = {}

        class Reads(dense(kit)):
            def call(self, inputs, read=read, seen=seen):
                seen.update(weight=read(self.kernel).dtype, inputs=inputs.dtype)
                return inputs

        layer = Reads(4, dtype=dtype)
        output = layer(torch.ones(2, 3, dtype=torch.float64))
        found.append((layer.dtype, layer.compute_dtype, layer.variable_dtype, seen, output.dtype))
    assert found[0] == found[1]
