"""Does MultiHeadAttention compute what Keras's does, for whatever arguments, masks and options?"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.layers.attention.comparison import assert_same, looks_somewhere, mask, pair, tensors
from tests.oracle import assert_close, keras
from torchkeras_layer import layers

BATCH, STEPS, OTHERS = 2, 3, 4


@st.composite
def configurations(draw):
    """Draw arguments of the constructor."""
    return {
        "num_heads": draw(st.integers(1, 3)),
        "key_dim": draw(st.integers(1, 4)),
        "value_dim": draw(st.sampled_from([None, 2, 5])),
        "use_bias": draw(st.booleans()),
        "output_shape": draw(st.sampled_from([None, 3, (2, 3)])),
        "use_gate": draw(st.booleans()),
        "sliding_window": draw(st.sampled_from([None, None, 1, 2])),
        **draw(st.sampled_from([{}, {}, {"dropout": 0.3, "seed": 7}])),
    }


@st.composite
def options(draw):
    """Draw options of a call that Keras knows how to combine."""
    carried = draw(st.sets(st.sampled_from(["query", "value", "key"])))
    is_causal = draw(st.booleans())
    shape = draw(st.sampled_from([None, (STEPS, OTHERS), (1, STEPS, OTHERS), (BATCH, STEPS, 1), (BATCH, 2, STEPS, 1)]))
    return {
        "carried": carried,
        "explicit": draw(st.sets(st.sampled_from(["value_mask", "key_mask"]))) - {f"{name}_mask" for name in carried},
        "attention_mask": shape,
        "use_causal_mask": is_causal,
        "return_attention_scores": draw(st.booleans()),
        "training": draw(st.booleans()),
        "has_key": draw(st.booleans()),
    }


def _call(layer, inputs, chosen):
    carried = {"query": mask(BATCH, STEPS, seed=3), "value": mask(BATCH, OTHERS, seed=4), "key": mask(BATCH, OTHERS)}
    named = dict(zip(("query", "value", "key"), inputs, strict=False))
    # New tensors, because Keras takes the masks off.
    named = {name: tensor + 0 for name, tensor in named.items()}
    for name in chosen["carried"] & set(named):
        named[name]._keras_mask = carried[name]
    given_masks = {name: carried[name.removesuffix("_mask")] for name in chosen["explicit"]}
    shape = chosen["attention_mask"]
    if shape is not None:
        given_masks["attention_mask"] = mask(*shape, seed=5)
    switches = {name: chosen[name] for name in ("use_causal_mask", "return_attention_scores", "training")}
    return layer(named.pop("query"), **named, **given_masks, **switches)


@given(configurations(), options())
def test_random_configurations_are_keras_s(arguments, chosen):
    shape = chosen["attention_mask"]
    # Keras merges a mask with an axis for heads with the others as if it had none.
    has_others = chosen["carried"] or chosen["explicit"] or chosen["use_causal_mask"] or arguments["sliding_window"]
    assume(shape is None or len(shape) < 4 or (arguments["num_heads"] == 2 and not has_others))
    shapes = [(BATCH, STEPS, 5), (BATCH, OTHERS, 6), (BATCH, OTHERS, 4)][: 3 if chosen["has_key"] else 2]
    both = pair("MultiHeadAttention", shapes, **arguments)
    with_scores = chosen | {"return_attention_scores": True, "training": False}
    counts = looks_somewhere(both[0], lambda layer, inputs: _call(layer, inputs, with_scores), tensors(*shapes))
    assert_same(both, lambda layer, inputs: _call(layer, inputs, chosen), lambda: tensors(*shapes), counts)


@given(
    st.sampled_from([(2, 3, 4, 5), (2, 3, 1, 4)]),
    st.sampled_from([None, 1, -2, (1, 2), (2, 1)]),
    st.booleans(),
    st.booleans(),
)
def test_more_axes_and_attention_over_some_of_them(shape, attention_axes, has_mask, wants_scores):
    axes = (1, 2) if attention_axes is None else np.atleast_1d(attention_axes) % 4
    others = tuple(size + 1 if axis in axes else size for axis, size in enumerate(shape))
    # Keras counts a negative axis from the heads.
    arguments = {"attention_axes": 2 if attention_axes == -2 else attention_axes}
    both = pair("MultiHeadAttention", [shape, others], num_heads=2, key_dim=3, **arguments)
    steps = [size for sizes in (shape, others) for size in (sizes[axis] for axis in axes)]
    given_masks = {"attention_mask": mask(shape[0], *steps)} if has_mask else {}

    def call(layer, inputs):
        return layer(*inputs, return_attention_scores=wants_scores, **given_masks)

    assert_same(both, call, lambda: tensors(shape, others))


def test_masks_that_tensors_carry_count_along_any_axis():
    shape = (2, 3, 4, 5)
    layer = layers.MultiHeadAttention(2, 3, attention_axes=1)
    query, value = (tensor.detach() for tensor in tensors(shape, shape))
    layer(query, value)
    query_mask, value_mask = mask(2, 3, 4, seed=1), mask(2, 3, 4, seed=9)
    pairs = query_mask.transpose(1, 2)[:, :, None, :, None] & value_mask.transpose(1, 2)[:, :, None, None, :]
    expected = layer(query, value, attention_mask=pairs)
    query._keras_mask, value._keras_mask = query_mask, value_mask
    outputs = layer(query, value)
    assert_close(outputs, expected)
    assert outputs._keras_mask is query_mask


def test_all_masks_count_together_with_one_that_has_heads():
    layer = layers.MultiHeadAttention(2, 3)
    query, value = (tensor.detach() for tensor in tensors((2, 3, 4), (2, 5, 4)))
    by_heads, by_values = mask(2, 2, 3, 5), mask(2, 5, seed=8)
    _, scores = layer(
        query, value, attention_mask=by_heads, value_mask=by_values, use_causal_mask=True, return_attention_scores=True
    )
    allowed = by_heads & by_values[:, None, None, :] & torch.ones(3, 5, dtype=torch.bool).tril()
    assert torch.equal(scores != 0, allowed)


def test_an_explicit_query_mask_counts_and_goes_on():
    layer = layers.MultiHeadAttention(2, 3)
    query = tensors((2, 3, 4))[0].detach()
    given_mask = torch.tensor([[True, False, True], [True, True, False]])
    outputs, scores = layer(query, query, query_mask=given_mask, return_attention_scores=True)
    assert outputs._keras_mask is given_mask
    assert not hasattr(scores, "_keras_mask")
    assert torch.equal(scores.sum(-1)[:, 0] > 0, given_mask)


@pytest.mark.parametrize("kind", ["array", "ints", "floats"])
def test_masks_may_be_arrays_and_numbers(kind):
    layer = layers.MultiHeadAttention(2, 3)
    query = tensors((2, 3, 4))[0].detach()
    allowed = mask(2, 3, 3)
    other = {"array": allowed.numpy(), "ints": allowed.int(), "floats": allowed.float()}[kind]
    assert torch.equal(layer(query, query, attention_mask=other), layer(query, query, attention_mask=allowed))


def test_a_query_without_keys_gets_the_mean_of_the_values_or_nothing_as_in_keras():
    nothing = torch.zeros(1, 2, 3, dtype=torch.bool)
    both = pair("MultiHeadAttention", [(1, 2, 4), (1, 3, 4)], num_heads=2, key_dim=3, use_bias=False)
    for options_of_call in ({}, {"return_attention_scores": True}):
        found = assert_same(
            both,
            lambda layer, inputs, options_of_call=options_of_call: layer(
                *inputs, attention_mask=nothing, **options_of_call
            ),
            lambda: tensors((1, 2, 4), (1, 3, 4)),
            torch.zeros(1, 2),
        )
        assert bool((found["outputs"][0] == 0).all()) == bool(options_of_call)
    dropping = pair("MultiHeadAttention", [(1, 2, 4), (1, 3, 4)], num_heads=2, key_dim=3, use_bias=False, dropout=0.2)
    found = assert_same(
        dropping,
        lambda layer, inputs: layer(*inputs, attention_mask=nothing, training=False),
        lambda: tensors((1, 2, 4), (1, 3, 4)),
        torch.zeros(1, 2),
    )
    assert (found["outputs"][0] == 0).all()


@pytest.mark.parametrize("options_of_call", [{}, {"return_attention_scores": True}])
def test_gradients_are_right_also_where_a_query_may_look_at_no_key(options_of_call):
    layer = layers.MultiHeadAttention(2, 2, dtype="float64")
    query, value = torch.randn(2, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    allowed = torch.tensor([[[True, False, True], [False, False, False], [True, True, True]]])
    layer(query, value)
    function = functools.partial(layer, attention_mask=allowed, **options_of_call)
    assert torch.autograd.gradcheck(function, (query, value))


@pytest.mark.parametrize("options_of_call", [{}, {"use_causal_mask": True}, {"return_attention_scores": True}])
def test_float64_has_all_its_digits(options_of_call):
    layer = layers.MultiHeadAttention(2, 3, value_dim=4, dtype="float64", bias_initializer="random_normal")
    random = np.random.default_rng(0)
    query, value = random.normal(size=(2, 3, 5)), random.normal(size=(2, 4, 6))
    outputs = layer(torch.tensor(query), torch.tensor(value), **options_of_call)
    kernels = {key: weight.detach().numpy() for key, weight in layer.state_dict().items()}

    def project(inputs, name, letters):
        return np.einsum(letters, inputs, kernels[f"_{name}_dense.kernel"]) + kernels[f"_{name}_dense.bias"]

    heads = [project(query, "query", "btf,fnh->btnh"), project(value, "key", "btf,fnh->btnh")]
    scores = np.einsum("btnh,bsnh->bnts", *heads) / math.sqrt(3)
    if options_of_call.get("use_causal_mask"):
        scores = np.where(np.tril(np.ones((3, 4))) > 0, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights = weights / weights.sum(-1, keepdims=True)
    attended = np.einsum("bnts,bsnh->btnh", weights, project(value, "value", "btf,fnh->btnh"))
    expected = project(attended, "output", "btnh,nhf->btf")
    result = outputs[0] if isinstance(outputs, tuple) else outputs
    assert_close(result, expected, rtol=1e-10, atol=1e-12)


def test_dropout_without_a_seed_is_torch_s():
    layer = layers.MultiHeadAttention(2, 8, dropout=0.5, use_bias=False).train()
    query = torch.randn(4, 16, 8)
    layer(query, query)
    torch.manual_seed(1)
    first = layer(query, query)
    torch.manual_seed(1)
    assert torch.equal(layer(query, query), first)
    assert not torch.equal(layer(query, query), first)
    assert torch.equal(layer.eval()(query, query), layer(query, query))


def test_dropout_keeps_the_mean():
    layer = layers.MultiHeadAttention(1, 4, dropout=0.5, use_bias=False).train()
    query = torch.randn(1, 8, 4)
    many = torch.stack([layer(query, query) for _ in range(3000)]).mean(0)
    torch.testing.assert_close(many, layer.eval()(query, query), rtol=0, atol=0.06)


@pytest.mark.parametrize("kernel_seed", [3, 11])
def test_a_seeded_initializer_gives_keras_s_weights(kernel_seed):
    found = []
    for library in (ours, keras):
        initializer = library.initializers.GlorotUniform(seed=kernel_seed)
        layer = library.layers.MultiHeadAttention(2, 3, kernel_initializer=initializer)
        layer.build((2, 3, 4), (2, 3, 4))
        found.append(list(layer.weights))
    assert_close(*found)


def test_positions_are_those_of_keras():
    arguments = (2, 3, 4, 0.5, False, (5,), (1,))
    config, theirs = layers.MultiHeadAttention(*arguments).get_config(), keras.layers.MultiHeadAttention(*arguments)
    expected = theirs.get_config()
    assert {name: config[name] for name in expected if name not in ("name", "dtype")} == {
        name: value for name, value in expected.items() if name not in ("name", "dtype")
    }


def test_the_options_that_choose_a_kernel_have_no_effect():
    layer = layers.MultiHeadAttention(2, 3, flash_attention=True, softmax_robust_masking=True)
    assert not {"flash_attention", "softmax_robust_masking"} & set(layer.get_config())


def test_a_config_of_tf_keras_builds_for_the_shapes_in_it():
    written = {
        "class_name": "MultiHeadAttention",
        "config": {
            "name": "heads",
            "num_heads": 2,
            "key_dim": 3,
            "query_shape": [None, 3, 4],
            "key_shape": [None, 5, 6],
            "value_shape": [None, 5, 7],
            "softmax_robust_masking": False,
        },
        "build_config": {"input_shape": [None, 3, 4]},
    }
    layer = layers.deserialize(written)
    assert [tuple(weight.shape) for weight in layer.weights[:5:2]] == [(4, 2, 3), (6, 2, 3), (7, 2, 3)]
    unbuilt = layers.MultiHeadAttention.from_config(written["config"] | {"value_shape": None})
    assert not unbuilt.built


def test_the_projections_are_layers_with_keras_s_names():
    layer = layers.MultiHeadAttention(2, 3, name="heads")
    layer.build((2, 3, 4), (2, 5, 6))
    assert [dense.name for dense in (layer.query_dense, layer.key_dense, layer.value_dense, layer.output_dense)] == [
        "query",
        "key",
        "value",
        "attention_output",
    ]
    assert list(layer.state_dict())[::2] == [
        "_query_dense.kernel",
        "_key_dense.kernel",
        "_value_dense.kernel",
        "_output_dense.kernel",
    ]
    assert layer.query_dense.path == "heads/query"


def test_a_subclass_may_define_another_attention_as_in_keras():
    class Uniform(layers.MultiHeadAttention):
        def _compute_attention(
            self, query, key, value, attention_mask=None, training=None, return_attention_scores=False
        ):
            self.seen = attention_mask
            return value.mean(1, keepdim=True).expand(-1, query.shape[1], -1, -1), None

    layer = Uniform(2, 3)
    query = torch.randn(2, 3, 4)
    assert layer(query, query).shape == query.shape
    assert layer.seen is None
    layer(query, query, use_causal_mask=True)
    assert torch.equal(layer.seen[..., :, :].reshape(3, 3), torch.ones(3, 3, dtype=torch.bool).tril())
