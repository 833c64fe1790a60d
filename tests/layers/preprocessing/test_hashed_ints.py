"""Does Hashing take ints wherever torch traces, transforms or has no data, and hash what it gets there?"""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend
from torch.func import functional_call, grad, vmap
from torch.fx.experimental.proxy_tensor import make_fx

import torchkeras_layer as ours

INTS = torch.tensor([[5, 9], [7, -3], [123, 2**60]])
OTHERS = torch.tensor([[1, 2], [7, 4], [5, 9], [0, -(2**63)]])
LAYERS = [
    ours.layers.Hashing(1000),
    ours.layers.Hashing(1000, salt=[2**64 - 1, 7], dtype="int32"),
    ours.layers.Hashing(1000, mask_value=7),
    ours.layers.Hashing(1000, output_mode="one_hot", mask_value=5),
    ours.layers.Hashing(1000, output_mode="multi_hot"),
    ours.layers.Hashing(1000, output_mode="count", salt=3),
    ours.layers.IntegerLookup(vocabulary=[5, 7], num_oov_indices=1000, oov_method="farmhash", salt=3),
]
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: f"{layer.name}-{layer.output_mode}")


@pytest.fixture(autouse=True)
def _fresh_compiler():
    torch._dynamo.reset()


def _as_strings(ints: torch.Tensor) -> np.ndarray:
    return np.array(ints.tolist()).astype(str)


@pytest.mark.parametrize("arguments", [{}, {"salt": [2**64 - 1, 7]}, {"mask_value": 7}, {"mask_value": 7.0}])
def test_ints_fall_where_their_digits_do(arguments):
    of_strings = arguments | ({"mask_value": "7"} if "mask_value" in arguments else {})
    expected = ours.layers.Hashing(1000, **of_strings)(_as_strings(OTHERS))
    assert torch.equal(ours.layers.Hashing(1000, **arguments)(OTHERS), expected)


@pytest.mark.parametrize("mask_value", ["7", b"7", 7.5, float("nan"), 2**70])
def test_what_no_int_is_equal_to_masks_none(mask_value):
    assert (ours.layers.Hashing(4, mask_value=mask_value)(torch.arange(50)) > 0).all()


@every_layer
def test_one_graph_hashes_all_ints(layer):
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    for step in range(4):
        torch.testing.assert_close(compiled(INTS + step), layer(INTS + step))
    assert counter.frame_count == 1


@every_layer
def test_an_exported_program_hashes_what_it_gets(layer):
    model = torch.nn.Sequential(copy.deepcopy(layer), torch.nn.Identity())
    program = torch.export.export(model, (INTS,), dynamic_shapes=({0: torch.export.Dim("batch", min=2)},))
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    for read in (program, torch.export.load(file)):
        for ints in (INTS, OTHERS):
            torch.testing.assert_close(read.module()(ints), layer(ints))


@every_layer
def test_a_traced_function_hashes_what_it_gets(layer):
    traced = make_fx(layer)(INTS)
    torch.testing.assert_close(traced(OTHERS[:3]), layer(OTHERS[:3]))


# Of the order of memory that vmap itself makes, in IntegerLookup.
@pytest.mark.filterwarnings("ignore:.*searchsorted.*non-contiguous:UserWarning")
@every_layer
def test_vmap_does_as_a_loop_does(layer):
    torch.testing.assert_close(vmap(layer)(OTHERS), torch.stack([layer(row) for row in OTHERS]))
    torch.testing.assert_close(vmap(layer, in_dims=1)(OTHERS), torch.stack([layer(row) for row in OTHERS.T]))
    by_loops = torch.stack([torch.stack([layer(number) for number in row]) for row in OTHERS])
    torch.testing.assert_close(vmap(vmap(layer))(OTHERS), by_loops)


@every_layer
def test_without_data_there_are_shapes(layer):
    expected, outputs = layer(INTS), copy.deepcopy(layer).to("meta")(INTS.to("meta"))
    assert outputs.is_meta
    assert (outputs.shape, outputs.dtype) == (expected.shape, expected.dtype)
    symbol = layer(ours.Input((2,), dtype="int64"))
    assert (symbol.shape[1:], symbol.dtype) == (expected.shape[1:], expected.dtype)


def test_the_rest_of_a_model_learns():
    model = torch.nn.Sequential(ours.layers.Hashing(50), torch.nn.Embedding(50, 3))
    weights = dict(model.named_parameters())
    gradients = grad(lambda values: functional_call(model, values, (INTS,)).sum())(weights)
    rows = gradients["1.weight"].sum(1).nonzero().flatten().tolist()
    assert rows == sorted(set(ours.layers.Hashing(50)(INTS).flatten().tolist()))


def test_floats_count_as_ints_and_have_no_gradient():
    layer = ours.layers.Hashing(50, output_mode="count")
    floats = torch.tensor([[3.7, -1.2]], requires_grad=True)
    assert torch.equal(layer(floats), layer(torch.tensor([[3, -1]])))
    assert not layer(floats).requires_grad


def test_strings_and_ints_may_alternate():
    layer = ours.layers.Hashing(100)
    compiled = torch.compile(layer, backend="eager")
    for inputs in (INTS, ["5", "9"], OTHERS, [["7", "-3"]], INTS + 1):
        assert torch.equal(compiled(inputs), layer(inputs))


def test_a_layer_with_strings_inside_is_not_traced():
    class Words(ours.Layer):
        def __init__(self):
            super().__init__()
            self.bins = ours.layers.Hashing(9)
            self.vectors = ours.layers.Embedding(9, 2)

        def call(self, inputs):
            return self.vectors(self.bins(inputs))

        def compute_output_shape(self, input_shape):
            return (*input_shape, 2)

    inputs = ours.Input((3,), dtype="string")
    assert ours.Model(inputs, Words()(inputs))([["a", "b", "c"]]).shape == (1, 3, 2)


def test_more_bins_than_ints_are_refused():
    with pytest.raises(ValueError, match=r"Hashing: num_bins must be a 64-bit int. Received: num_bins=9223372"):
        ours.layers.Hashing(2**63)
    assert int(ours.layers.Hashing(2**63 - 1)(torch.tensor([5]))) >= 0
