"""Does GroupQueryAttention compute what Keras's does, for whatever heads, masks and options?"""

from __future__ import annotations

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.layers.attention.comparison import assert_same, looks_somewhere, mask, pair, tensors
from tests.oracle import assert_close
from torchkeras_layer import layers

BATCH, STEPS, OTHERS = 2, 3, 4


@st.composite
def configurations(draw):
    """Draw arguments of the constructor."""
    groups = draw(st.integers(1, 3))
    return {
        "head_dim": draw(st.integers(1, 4)),
        "num_query_heads": groups * draw(st.integers(1, 3)),
        "num_key_value_heads": groups,
        "use_bias": draw(st.booleans()),
        "use_gate": draw(st.booleans()),
        "sliding_window": draw(st.sampled_from([None, None, 1, 2])),
        **draw(st.sampled_from([{}, {}, {"dropout": 0.3, "seed": 7}])),
    }


def _call(layer, inputs, carried, shape, switches):
    named = {name: tensor + 0 for name, tensor in zip(("query", "value", "key"), inputs, strict=False)}
    masks = {"query": mask(BATCH, STEPS, seed=3), "value": mask(BATCH, OTHERS, seed=4), "key": mask(BATCH, OTHERS)}
    for name in carried & set(named):
        named[name]._keras_mask = masks[name]
    given_masks = {} if shape is None else {"attention_mask": mask(*shape, seed=5)}
    return layer(named.pop("query"), **named, **given_masks, **switches)


@given(
    configurations(),
    st.sets(st.sampled_from(["query", "value", "key"])),
    st.sampled_from([None, (STEPS, OTHERS), (1, STEPS, OTHERS), (BATCH, STEPS, 1), (BATCH, 1, STEPS, OTHERS)]),
    st.fixed_dictionaries({name: st.booleans() for name in ("use_causal_mask", "return_attention_scores", "training")}),
    st.booleans(),
)
def test_random_configurations_are_keras_s(arguments, carried, shape, switches, has_key):
    # Keras merges a mask with an axis for heads with the others as if it had none.
    has_others = carried or switches["use_causal_mask"] or arguments["sliding_window"]
    assume(shape is None or len(shape) < 4 or not has_others)
    shapes = [(BATCH, STEPS, 5), (BATCH, OTHERS, 6), (BATCH, OTHERS, 4)][: 3 if has_key else 2]
    both = pair("GroupQueryAttention", shapes, **arguments)
    with_scores = {**switches, "return_attention_scores": True, "training": False}
    counts = looks_somewhere(
        both[0], lambda layer, inputs: _call(layer, inputs, carried, shape, with_scores), tensors(*shapes)
    )
    assert_same(
        both, lambda layer, inputs: _call(layer, inputs, carried, shape, switches), lambda: tensors(*shapes), counts
    )


def test_as_many_groups_as_heads_are_multi_head_attention():
    groups, heads = layers.GroupQueryAttention(3, 2, 2), layers.MultiHeadAttention(2, 3)
    query = tensors((2, 3, 4))[0]
    groups.build(query.shape, query.shape)
    heads.build(query.shape, query.shape)
    heads.set_weights(groups.get_weights())
    assert_close(groups(query, query), heads(query, query))


def test_float64_has_all_its_digits():
    """A head of keys that serves two of queries is as good as two that are the same."""
    groups, heads = (
        layers.GroupQueryAttention(3, 4, 2, dtype="float64"),
        layers.MultiHeadAttention(4, 3, dtype="float64"),
    )
    query = torch.randn(2, 5, 4, dtype=torch.float64)
    groups.build(query.shape, query.shape)
    heads.build(query.shape, query.shape)
    repeated = [
        weight.repeat_interleave(2, dim=-2) if weight.shape[-2:] == (2, 3) else weight for weight in groups.weights
    ]
    heads.set_weights([weight.detach().numpy() for weight in repeated])
    for options in ({}, {"use_causal_mask": True}):
        assert_close(groups(query, query, **options), heads(query, query, **options), rtol=1e-10, atol=1e-12)
        outputs, scores = groups(query, query, return_attention_scores=True, **options)
        expected = heads(query, query, return_attention_scores=True, **options)
        assert_close([outputs, scores], list(expected), rtol=1e-10, atol=1e-12)


def test_no_batch_is_no_trouble_with_scores():
    layer = layers.GroupQueryAttention(3, 4, 2)
    outputs, scores = layer(torch.ones(0, 3, 4), torch.ones(0, 5, 4), return_attention_scores=True)
    assert (outputs.shape, scores.shape) == ((0, 3, 4), (0, 4, 3, 5))


def test_it_is_known_under_both_of_keras_s_names():
    layer = layers.GroupQueryAttention(3, 4, 2)
    assert layer.name == "grouped_query_attention"
    assert layers.serialize(layer)["class_name"] == "GroupQueryAttention"
    config = {"class_name": "GroupedQueryAttention", "config": layer.get_config()}
    assert type(layers.deserialize(config)) is layers.GroupQueryAttention
