"""Do masks flow as in Keras from an Embedding through recurrent layers and attention into a mean over the steps?"""

from __future__ import annotations

from typing import Any

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy

_TOKENS = torch.tensor([[5, 2, 7, 0, 0], [3, 0, 4, 0, 1], [0, 0, 6, 1, 2], [1, 2, 3, 4, 5]])


def _layers(library: Any, recurrent: str) -> list[Any]:
    layers = library.layers
    inner = getattr(layers, recurrent)(4, return_sequences=True)
    return [
        layers.Embedding(8, 3, mask_zero=True),
        layers.Bidirectional(inner),
        layers.TimeDistributed(layers.Dense(6, activation="tanh")),
        layers.Attention(),
        layers.GlobalAveragePooling1D(),
        layers.Dense(2),
    ]


def _apply(steps: list[Any], tokens: Any) -> list[Any]:
    """Call one layer after the other, and return what each gives."""
    results = []
    value = tokens
    for step in steps:
        value = step([value, value]) if type(step).__name__ == "Attention" else step(value)
        results.append(value)
    return results


def _set_weights(mine: Any, theirs: Any) -> None:
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])


def _eager_pair(recurrent: str) -> tuple[list[Any], list[Any]]:
    mine, theirs = _layers(ours, recurrent), _layers(keras, recurrent)
    for steps in (mine, theirs):
        _apply(steps, _TOKENS)
    for one, other in zip(mine, theirs, strict=True):
        _set_weights(one, other)
    return mine, theirs


@pytest.mark.parametrize("recurrent", ["LSTM", "GRU", "SimpleRNN"])
def test_eagerly_outputs_and_masks_are_keras_s_after_each_layer(recurrent):
    mine, theirs = _eager_pair(recurrent)
    for one, other in zip(_apply(mine, _TOKENS), _apply(theirs, _TOKENS), strict=True):
        assert_close(one, other, recurrent)
        masks = [getattr(result, "_keras_mask", None) for result in (one, other)]
        assert (masks[0] is None) == (masks[1] is None)
        assert masks[0] is None or torch.equal(*masks)


def test_the_gradients_are_keras_s():
    mine, theirs = _eager_pair("LSTM")
    gradients = []
    for steps in (mine, theirs):
        weights = [getattr(weight, "value", weight) for step in steps for weight in step.trainable_weights]
        gradients.append(torch.autograd.grad((_apply(steps, _TOKENS)[-1] ** 2).sum(), weights))
    assert_close(gradients[0], gradients[1])


def _model(library: Any, recurrent: str) -> Any:
    tokens = library.Input((None,), dtype="int64")
    return library.Model(tokens, _apply(_layers(library, recurrent), tokens)[-1])


@pytest.mark.parametrize("recurrent", ["LSTM", "GRU"])
def test_as_a_functional_model(recurrent):
    mine, theirs = _model(ours, recurrent), _model(keras, recurrent)
    _set_weights(mine, theirs)
    assert_close(mine(_TOKENS), theirs(_TOKENS))
    # What is masked has no part in it, whatever stands there.
    shorter = _TOKENS[:1, :3]
    assert_close(mine(_TOKENS[:1]), mine(shorter))


def test_the_model_compiles_to_one_graph():
    model = _model(ours, "LSTM").eval()
    expected = model(_TOKENS)
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(_TOKENS), expected)


def test_the_model_goes_through_its_config():
    mine = _model(ours, "LSTM")
    twin = ours.Model.from_config(mine.get_config())
    twin.set_weights(mine.get_weights())
    assert torch.equal(twin(_TOKENS), mine(_TOKENS))
