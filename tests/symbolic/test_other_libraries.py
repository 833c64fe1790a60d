"""Do libraries that choose functions by the type of a tensor take symbolic tensors?"""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer._structures import leaves


def _unpacked(x, y):
    einops = pytest.importorskip("einops")
    packed, shapes = einops.pack([x, y], "b * c")
    return einops.unpack(packed * 2, shapes, "b * c")


# Functions of einops and of one or two tensors, and the shapes of these.
EINOPS = {
    "transposed": (lambda e, x: e.rearrange(x, "b t c -> b c t"), (4, 6)),
    "split": (lambda e, x: e.rearrange(x, "b (h w) c -> b h w c", h=2), (4, 6)),
    "split free": (lambda e, x: e.rearrange(x, "b (t n) c -> b t n c", n=7), (None, 6)),
    "joined with the batch": (lambda e, x: e.rearrange(x, "b t c -> (b t) c"), (None, 6)),
    "ellipsis": (lambda e, x: e.rearrange(x, "b ... c -> b c ..."), (4, None, 6)),
    "list": (lambda e, x, y: e.rearrange([x, y], "n b t c -> b (n t) c"), (4, 6), (4, 6)),
    "repeated": (lambda e, x: e.repeat(x, "b t c -> b t (r c)", r=3), (None, 6)),
    **{
        name: (lambda e, x, name=name: e.reduce(x, "b (t n) c -> b t c", name, n=2), (4, 6))
        for name in ("mean", "sum", "max", "min", "prod")
    },
    "einsum": (lambda e, x, y: e.einsum(x, y, "b t c, b s c -> b t s"), (4, 6), (None, 6)),
    "packed": (lambda e, x, y: e.pack([x, y], "b * c")[0], (4, 6), (3, 6)),
    "unpacked": (lambda e, x, y: _unpacked(x, y), (4, 6), (2, 3, 6)),
    "parsed": (lambda e, x: e.rearrange(x, "b t c -> b (c t)", **e.parse_shape(x, "_ t c")), (4, 6)),
}


@pytest.mark.parametrize("name", EINOPS)
def test_einops(name):
    einops = pytest.importorskip("einops")
    function, *shapes = EINOPS[name]
    inputs = [keras.Input(shape) for shape in shapes]
    outputs = function(einops, *inputs)
    model = keras.Model(inputs, outputs)
    models = [model, keras.Model.from_config(model.get_config())]
    for batch in (2, 5):
        values = [torch.randn(batch, *(7 if size is None else size for size in shape)) for shape in shapes]
        wanted = leaves(function(einops, *values))
        for one in models:
            torch.testing.assert_close(leaves(one(values)), wanted)
    for symbolic, value in zip(leaves(outputs), wanted, strict=True):
        assert keras.TensorSpec(symbolic.shape, symbolic.dtype).is_compatible_with(value)


def test_einops_in_the_call_of_a_layer():
    einops = pytest.importorskip("einops")

    class Halves(keras.Layer):
        def call(self, inputs):
            return einops.rearrange(inputs, "b (t n) c -> (b t) n c", n=2)

    layer, x = Halves(), torch.randn(2, 4, 6)
    assert layer(keras.Input((None, 6))).shape == (None, None, 6)
    torch.testing.assert_close(torch.compile(layer, fullgraph=True, backend="eager")(x), x.reshape(4, 2, 6))


def test_modules_of_einops():
    einops = pytest.importorskip("einops.layers.torch")
    module, x = einops.Rearrange("b t c -> b c t"), torch.randn(2, 4, 6)
    assert keras.layers.TorchModuleWrapper(module)(keras.Input((4, 6))).shape == (None, 6, 4)
    model = keras.Sequential([keras.Input((4, 6)), module])
    torch.testing.assert_close(model(x), x.mT)


def test_einops_is_told_when_it_is_imported_later():
    pytest.importorskip("einops")
    program = (
        "import sys, torchkeras_layer as keras\n"
        "x = keras.Input((4, 6))\n"
        "assert 'einops' not in sys.modules\n"
        "import einops\n"
        "print(einops.rearrange(keras.Input((4, 6)), 'b t c -> b c t').shape)\n"
        "print(einops.rearrange(x, 'b t c -> b c t').shape)\n"
    )
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert printed == "(None, 6, 4)\n" * 2


def test_the_array_api():
    x = keras.Input((3, 4))
    space = x.__array_namespace__(api_version="2023.12")
    outputs = space.astype(
        space.permute_dims(space.concat([x, space.acos(x) * space.pi], axis=1), (0, 2, 1)), space.float64
    )
    value = torch.rand(2, 3, 4)
    wanted = torch.cat([value, value.acos() * torch.pi], 1).mT.double()
    torch.testing.assert_close(keras.Model(x, outputs)(value), wanted)
    with pytest.raises(AttributeError, match="the array API of symbolic tensors has no 'qqq'"):
        _ = space.qqq
