"""Does a model run on other batch sizes than its `Input` states? (contract §6.3)"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

BOTH = pytest.mark.parametrize("library", [ours, keras], ids=["ours", "keras"])


def functional(library):
    x = library.Input(batch_shape=(3, 2))
    return library.Model(x, library.layers.Dense(4)(x))


def with_two_inputs(library):
    a, b = library.Input(batch_shape=(3, 2)), library.Input(batch_shape=(3, 2))
    return library.Model([a, b], library.layers.Add()([a, b]))


MODELS = {
    "functional": functional,
    "sequential": lambda library: library.Sequential([library.Input(batch_shape=(3, 2)), library.layers.Dense(4)]),
    "batch_size": lambda library: library.Sequential([library.Input((2,), batch_size=3), library.layers.Dense(4)]),
    "reshaping": lambda library: library.Sequential(
        [library.Input(batch_shape=(3, 2)), library.layers.Reshape((2, 1)), library.layers.Flatten()]
    ),
    "recurrent": lambda library: library.Sequential(
        [library.Input(batch_shape=(3, 2)), library.layers.Reshape((2, 1)), library.layers.LSTM(4)]
    ),
}


@BOTH
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [1, 3, 7])
def test_other_batch_sizes_run(library, name, size):
    assert MODELS[name](library)(np.ones((size, 2), "float32")).shape[0] == size


@BOTH
def test_several_inputs(library):
    model = with_two_inputs(library)
    assert tuple(model([np.ones((5, 2), "float32")] * 2).shape) == (5, 2)


def test_a_nested_model_and_a_dict():
    inner = functional(ours)
    x = ours.Input((2,), name="x")
    model = ours.Model({"x": x}, inner(x))
    assert model({"x": torch.ones(5, 2)}).shape == (5, 4)


def test_strings():
    x = ours.Input(batch_shape=(2, 1), dtype="string")
    model = ours.Model(x, ours.layers.StringLookup(vocabulary=["a", "b"])(x))
    assert model(np.array([["a"], ["b"], ["a"]], dtype=object)).tolist() == [[1], [2], [1]]


def test_other_axes_stay_fixed():
    for model, inputs in ((functional(ours), torch.ones(3, 5)), (with_two_inputs(ours), [torch.ones(3, 5)] * 2)):
        with pytest.raises(ValueError, match=r"expected shape=\(3, 2\)\. Received: shape=\(3, 5\)"):
            model(inputs)


def test_a_stateful_layer_refuses_another_size():
    model = ours.Sequential([ours.Input(batch_shape=(3, 4, 2)), ours.layers.LSTM(5, stateful=True)])
    assert model(torch.ones(3, 4, 2)).shape == (3, 5)
    with pytest.raises(ValueError, match="all batches of a stateful layer must have the same size, here 3"):
        model(torch.ones(2, 4, 2))


def test_compiled_and_exported():
    model = functional(ours)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    assert [compiled(torch.ones(size, 2)).shape[0] for size in (3, 5)] == [3, 5]
