"""Do Attention and AdditiveAttention compute what Keras's do, for whatever arguments, masks and options?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.layers.attention.comparison import assert_same, mask, pair, tensors
from tests.oracle import assert_close, keras
from torchkeras_layer import layers

BATCH, STEPS, OTHERS, FEATURES = 2, 3, 4, 5
arguments_of_both = {"use_scale": st.booleans(), "dropout": st.sampled_from([0.0, 0.0, 0.3]), "seed": st.just(7)}
options = st.fixed_dictionaries(
    {name: st.booleans() for name in ("use_causal_mask", "return_attention_scores", "training")}
)
MASKS = {"query": mask(BATCH, STEPS, seed=3), "value": mask(BATCH, OTHERS, seed=4)}


def _assert_keras_s(name, arguments, switches, how_masked, which_masked, has_key):
    shapes = [(BATCH, STEPS, FEATURES), (BATCH, OTHERS, 6 if has_key else FEATURES), (BATCH, OTHERS, FEATURES)]
    shapes = shapes[: 3 if has_key else 2]

    def call(layer, inputs):
        masks = [MASKS[kind] if kind in which_masked else None for kind in ("query", "value")]
        inputs = [tensor + 0 for tensor in inputs]
        if how_masked == "given" and which_masked:
            return layer(inputs, mask=masks, **switches)
        for tensor, carried in zip(inputs, masks, strict=False):
            if carried is not None:
                tensor._keras_mask = carried
        return layer(inputs, **switches)

    steps = torch.ones(BATCH, STEPS, OTHERS, dtype=torch.bool)
    allowed = steps.tril() if switches["use_causal_mask"] else steps
    allowed = allowed & MASKS["value"][:, None] if "value" in which_masked else allowed
    assert_same(pair(name, [shapes], **arguments), call, lambda: tensors(*shapes), allowed.any(-1))


@given(
    st.fixed_dictionaries(arguments_of_both | {"score_mode": st.sampled_from(["dot", "dot", "concat"])}),
    options,
    st.sampled_from(["given", "carried"]),
    st.sets(st.sampled_from(["query", "value"])),
    st.booleans(),
)
def test_random_configurations_are_keras_s(arguments, switches, how_masked, which_masked, has_key):
    _assert_keras_s("Attention", arguments, switches, how_masked, which_masked, has_key)


@given(
    st.fixed_dictionaries(arguments_of_both),
    options,
    st.sampled_from(["given", "carried"]),
    st.sets(st.sampled_from(["query", "value"])),
    st.booleans(),
)
def test_random_additive_configurations_are_keras_s(arguments, switches, how_masked, which_masked, has_key):
    _assert_keras_s("AdditiveAttention", arguments, switches, how_masked, which_masked, has_key)


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
def test_more_axes_are_more_batches(name):
    shapes = [(2, 3, 4, 5), (2, 3, 6, 5)]
    layer, theirs = pair(name, [shapes])
    assert_same((layer, theirs), lambda one, inputs: one(inputs), lambda: tensors(*shapes))
    query, value = tensors(*shapes)
    over_values = mask(2, 3, 6)
    over_values[..., 0] = True
    outputs = layer([query, value], mask=[None, over_values])
    expected = [layer([query[:, i], value[:, i]], mask=[None, over_values[:, i]]) for i in range(3)]
    assert_close(outputs, torch.stack(expected, 1))


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
@pytest.mark.parametrize("options_of_call", [{}, {"use_causal_mask": True}, {"return_attention_scores": True}])
def test_float64_has_all_its_digits(name, options_of_call):
    layer = getattr(layers, name)(use_scale=True, dtype="float64")
    random = np.random.default_rng(0)
    query, value = random.normal(size=(2, 3, 5)), random.normal(size=(2, 4, 5))
    layer.build([query.shape, value.shape])
    (scale,) = (random.uniform(0.5, 1, weight.shape) for weight in layer.weights)
    layer.set_weights([scale])
    outputs = layer([torch.tensor(query), torch.tensor(value)], **options_of_call)
    if name == "Attention":
        scores = scale * np.einsum("btf,bsf->bts", query, value)
    else:
        scores = (scale * np.tanh(query[:, :, None] + value[:, None])).sum(-1)
    if options_of_call.get("use_causal_mask"):
        scores = np.where(np.tril(np.ones((3, 4))) > 0, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights = weights / weights.sum(-1, keepdims=True)
    outputs = outputs[0] if isinstance(outputs, tuple) else outputs
    assert_close(outputs, np.einsum("bts,bsf->btf", weights, value), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
def test_a_query_whose_keys_are_all_masked_gets_keras_s_numbers(name):
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    layer, theirs = pair(name, [[(1, 2, 4), (1, 3, 4)]])
    for switches in ({}, {"return_attention_scores": True}):
        assert_same(
            (layer, theirs),
            lambda one, inputs, switches=switches: one(inputs, mask=[None, nothing], **switches),
            lambda: tensors((1, 2, 4), (1, 3, 4)),
            torch.zeros(1, 2),
        )


def test_half_precision_stays_finite_where_all_is_masked():
    layer = layers.Attention(dtype="float16")
    query = torch.randn(1, 2, 4).half()
    outputs = layer([query, query], mask=[None, torch.zeros(1, 2, dtype=torch.bool)])
    assert outputs.isfinite().all()


def test_causal_is_keras_2_s_way_to_ask_for_it():
    query = torch.randn(1, 3, 4)
    layer, by_option = layers.Attention(causal=True), layers.Attention()
    assert torch.equal(layer([query, query]), by_option([query, query], use_causal_mask=True))
    twin = layers.Attention.from_config(layer.get_config())
    assert torch.equal(twin([query, query]), layer([query, query]))
    assert "causal" not in by_option.get_config()


def test_masks_may_be_arrays_and_inputs_a_tuple():
    query = torch.randn(2, 3, 4)
    over_values = np.array([[True, False, True], [True, True, False]])
    layer = layers.Attention()
    expected = layer([query, query], mask=[None, torch.tensor(over_values)])
    assert torch.equal(layer((query, query), mask=[None, over_values]), expected)
    assert torch.equal(layer([query, query], mask=(None, over_values.astype("float32"))), expected)


def test_the_mask_of_the_query_goes_on_unless_none_is_given():
    query, value = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
    query._keras_mask = mask(2, 3)
    layer = layers.Attention()
    assert layer([query, value])._keras_mask is query._keras_mask
    assert not hasattr(layer([query, value], mask=[None, None]), "_keras_mask")


def test_a_subclass_may_define_other_scores_as_in_keras():
    class Distance(layers.Attention):
        def _calculate_scores(self, query, key):
            return -torch.cdist(query, key)

    query, value = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
    outputs, scores = Distance()([query, value], return_attention_scores=True)
    assert_close(scores, torch.softmax(-torch.cdist(query, value), -1))
    assert_close(Distance()([query, value]), outputs)


@pytest.mark.parametrize("arguments", [(True, "concat", 0.25, 3), (False, "dot", 0.0)])
def test_positions_are_those_of_keras(arguments):
    mine, theirs = layers.Attention(*arguments).get_config(), keras.layers.Attention(*arguments).get_config()
    assert {**mine, "name": "", "dtype": ""} == {**theirs, "name": "", "dtype": ""}
