"""Does HashedCrossing give TensorFlow's bins, take what Hashing takes, and stay in one graph on tensors?

`crossings.json` was written by TF-Keras 2.21 on TensorFlow 2.21, by `write_crossings.py`.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend
from torch.func import vmap
from torch.fx.experimental.proxy_tensor import make_fx

import torchkeras_layer as ours
from torchkeras_layer.layers.preprocessing.hashing import unsigned_remainder

GOLDENS = json.loads((Path(__file__).parent / "crossings.json").read_text(encoding="utf-8"))
INTS = torch.tensor([5, 9, -3, 2**60, -(2**63)])
OTHERS = torch.tensor([0, 1, 7, 2**62 + 1, 4])
MODES = [ours.layers.HashedCrossing(1000), ours.layers.HashedCrossing(50, output_mode="one_hot")]
both_modes = pytest.mark.parametrize("layer", MODES, ids=["int", "one_hot"])


@pytest.fixture(autouse=True)
def _fresh_compiler():
    torch._dynamo.reset()


@pytest.mark.parametrize("golden", GOLDENS)
def test_the_numbers_are_those_of_tensorflow(golden):
    layer = ours.layers.HashedCrossing.from_config(golden["config"])
    outputs = layer(golden["inputs"])
    assert outputs.tolist() == golden["outputs"]
    assert str(outputs.dtype) == f"torch.{golden['config']['dtype']}"
    shapes = [np.shape(feature) for feature in golden["inputs"]]
    assert layer.compute_output_shape(shapes) == np.shape(golden["outputs"])


@pytest.mark.parametrize("divisor", [1, 2, 5, 1000, 2**40, 2**62 - 1, 2**62 + 3, 2**63 - 1])
def test_remainders_of_numbers_without_a_sign(divisor):
    draw = random.Random(divisor)
    numbers = [0, 1, 2**63 - 1, 2**63, 2**64 - 1, *(draw.getrandbits(64) for _ in range(1000))]
    with_sign = torch.tensor([number - 2**64 * (number >= 2**63) for number in numbers])
    assert unsigned_remainder(with_sign, divisor).tolist() == [number % divisor for number in numbers]


def test_features_come_in_every_form():
    layer = ours.layers.HashedCrossing(1000)
    expected = layer([["a", "b"], [1, 2]]).tolist()
    words = [("a", "b"), np.array(["a", "b"]), np.array(["a", "b"], dtype=object), [b"a", b"b"]]
    ints = [torch.tensor([1, 2]), np.array([1, 2], dtype="int8"), torch.tensor([1, 2], dtype=torch.uint8), (1, 2)]
    assert [layer((word, number)).tolist() for word in words for number in ints] == [expected] * 16
    assert layer([["b", "a"], [2, 1]]).tolist() == expected[::-1]
    assert layer([[1, 2], ["a", "b"]]).tolist() != expected
    assert layer([[], []]).shape == (0,)


@both_modes
def test_one_graph_for_all_tensors(layer):
    counter = CompileCounterWithBackend("inductor")
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    for step in range(3):
        assert torch.equal(compiled([INTS + step, OTHERS]), layer([INTS + step, OTHERS]))
    assert counter.frame_count == 1


@both_modes
def test_programs_hash_what_they_get(layer):
    class Crossed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, one, other):
            return self.layer([one, other])

    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(Crossed(), (INTS, OTHERS), dynamic_shapes=({0: batch}, {0: batch}))
    traced = make_fx(Crossed())(INTS, OTHERS)
    for one, other in ((OTHERS, INTS), (INTS + 1, INTS)):
        assert torch.equal(traced(one, other), layer([one, other]))
        assert torch.equal(program.module()(one[:3], other[:3]), layer([one[:3], other[:3]]))


@both_modes
def test_transforms_and_shapes_without_data(layer):
    rows = [INTS.reshape(5, 1), OTHERS.reshape(5, 1)]
    of_each = torch.stack([layer([one, other]) for one, other in zip(*rows, strict=True)])
    assert torch.equal(vmap(lambda one, other: layer([one, other]))(*rows), of_each)
    without_data = layer([row.to("meta") for row in rows])
    assert (without_data.shape, without_data.dtype) == (layer(rows).shape, layer(rows).dtype)


def test_in_a_model():
    word, number = ours.Input((1,), dtype="string"), ours.Input((1,), dtype="int64")
    both = ours.layers.HashedCrossing(20)([word, number])
    assert (both.shape, both.dtype) == ((None, 1), torch.int64)
    model = ours.Model([word, number], ours.layers.Embedding(20, 3)(both))
    twin = ours.Model.from_config(model.get_config())
    twin.load_state_dict(model.state_dict())
    inputs = [["a", "b"], torch.tensor([1, 2])]
    assert model(inputs).shape == (2, 1, 3)
    assert torch.equal(twin(inputs), model(inputs))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_bins": 0}, r"HashedCrossing: num_bins must be a positive int. Received: num_bins=0."),
        ({"num_bins": 2**63}, r"HashedCrossing: num_bins must be a 64-bit int"),
        ({"num_bins": 3, "output_mode": "count"}, r"output_mode must be one of 'int', 'one_hot'"),
        (
            {"num_bins": 3, "dtype": "float32"},
            r"dtype must be int64 or int32 for output_mode='int'. Received: dtype='float32'",
        ),
        ({"num_bins": 3, "output_mode": "one_hot", "sparse": True}, r"sparse is not supported"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ours.layers.HashedCrossing(**arguments)


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (
            INTS,
            ValueError,
            r"pairs: expects a list of two or more features. Received: Tensor. Write `pairs\(\[a, b\]\)`",
        ),
        ([INTS], ValueError, r"pairs: expects a list of two or more features. Received: 1 in a list"),
        ([INTS, INTS[:2]], ValueError, r"pairs: features must all have shape .*Received: \(5,\), \(2,\)."),
        ([torch.ones(2, 3, dtype=torch.int64)] * 2, ValueError, r"Received: \(2, 3\), \(2, 3\)."),
        ([INTS, INTS / 2], TypeError, r"pairs: a feature must contain ints or strings. Received: .* torch.float32."),
        ([INTS > 0, INTS], TypeError, r"Received: a feature of torch.bool."),
        ([["a", None], INTS[:2]], TypeError, r"pairs: expects strings. Received: None of type NoneType"),
        ([{"a": INTS}, INTS], TypeError, r"pairs: .*Received"),
        ([None, INTS], TypeError, r"pairs: .*Received"),
    ],
    ids=["a tensor", "one", "lengths", "wide", "floats", "bools", "no string", "a dict", "nothing"],
)
def test_bad_inputs(inputs, error, message):
    with pytest.raises(error, match=message):
        ours.layers.HashedCrossing(5, name="pairs")(inputs)


def test_symbols_of_floats():
    with pytest.raises(TypeError, match=r"pairs: a feature must contain ints or strings. Received: .* torch.float32"):
        ours.layers.HashedCrossing(5, name="pairs")([ours.Input((1,)), ours.Input((1,), dtype="int64")])


def test_bad_shapes():
    layer = ours.layers.HashedCrossing(5, name="pairs")
    for shape in ((None, 1), [(None,)], [(None,), (None, 1)], [(None, 2), (None, 2)], None):
        with pytest.raises(ValueError, match="pairs: "):
            layer.compute_output_shape(shape)
