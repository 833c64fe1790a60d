"""What do the attention layers say to arguments, shapes and masks that do not fit?"""

from __future__ import annotations

import pytest
import torch

from torchkeras_layer import Input, layers

HEADS = {"num_heads": 2, "key_dim": 3}
GROUPS = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}


@pytest.mark.parametrize("value", [0, -1, True, 2.0, "2"])
@pytest.mark.parametrize(
    ("layer", "argument"),
    [
        ("MultiHeadAttention", "num_heads"),
        ("MultiHeadAttention", "key_dim"),
        ("MultiHeadAttention", "value_dim"),
        ("MultiHeadAttention", "sliding_window"),
        ("GroupQueryAttention", "head_dim"),
        ("GroupQueryAttention", "num_query_heads"),
        ("GroupQueryAttention", "num_key_value_heads"),
        ("GroupQueryAttention", "sliding_window"),
    ],
)
def test_counts_and_sizes_must_be_positive_ints(layer, argument, value):
    arguments = HEADS if layer == "MultiHeadAttention" else GROUPS
    name = "GroupedQueryAttention" if layer == "GroupQueryAttention" else layer
    with pytest.raises(ValueError, match=rf"^{name}: {argument} must be a positive int\. Received: {argument}="):
        getattr(layers, layer)(**arguments | {argument: value})


@pytest.mark.parametrize("argument", [*HEADS, *GROUPS])
def test_counts_and_sizes_have_no_default(argument):
    name, arguments = ("MultiHead", HEADS) if argument in HEADS else ("GroupQuery", GROUPS)
    with pytest.raises(ValueError, match=rf"Attention: {argument} must be a positive int\. Received: {argument}=None"):
        getattr(layers, f"{name}Attention")(**arguments | {argument: None})


def test_heads_of_keys_must_divide_those_of_queries():
    with pytest.raises(ValueError, match=r"^GroupedQueryAttention: num_key_value_heads must divide num_query_heads\. "):
        layers.GroupQueryAttention(3, 4, 3)


@pytest.mark.parametrize(
    ("name", "arguments"), [("MultiHeadAttention", HEADS), ("GroupQueryAttention", GROUPS), ("Attention", {})]
)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dropout": 1.5}, r"dropout must be a number from 0 to 1\. Received: dropout=1\.5"),
        ({"dropout": "much"}, r"dropout must be a number from 0 to 1"),
        ({"seed": "x"}, r"seed must be an int of 64 bits or None\. Received: seed='x'"),
    ],
)
def test_dropout_and_seed(name, arguments, wrong, message):
    with pytest.raises(ValueError, match=message):
        getattr(layers, name)(**arguments, **wrong)


@pytest.mark.parametrize(
    "argument",
    [
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "bias_regularizer",
        "activity_regularizer",
        "kernel_constraint",
        "bias_constraint",
    ],
)
@pytest.mark.parametrize("name", ["MultiHeadAttention", "GroupQueryAttention"])
def test_an_unknown_identifier_is_told_with_the_argument(name, argument):
    with pytest.raises(ValueError, match=f"(?i){argument}|regularizer.*'nothing'"):
        getattr(layers, name)(**HEADS if name == "MultiHeadAttention" else GROUPS, **{argument: "nothing"})


@pytest.mark.parametrize("value", [0, -2, "4", 2.5, (), (2, None), (2, 0), [[1]]])
def test_output_shape_must_be_sizes(value):
    with pytest.raises(ValueError, match=r"^MultiHeadAttention: output_shape must be a positive int, or a list or"):
        layers.MultiHeadAttention(2, 3, output_shape=value)


@pytest.mark.parametrize("value", ["1", 1.5, (), (1, None)])
def test_attention_axes_must_be_ints(value):
    with pytest.raises(ValueError, match=r"^MultiHeadAttention: attention_axes must be an int, or a list or"):
        layers.MultiHeadAttention(2, 3, attention_axes=value)


@pytest.mark.parametrize("value", [0, 3, -1, 4, (1, 1), (1, -3), (1, 9)])
def test_attention_axes_must_be_there(value):
    layer = layers.MultiHeadAttention(2, 3, attention_axes=value, name="heads")
    with pytest.raises(ValueError, match=r"^heads: attention_axes must be axes between the first and the last "):
        layer.build((2, 3, 4, 5), (2, 3, 4, 5))
    assert not layer.built


def test_score_mode_must_be_known():
    with pytest.raises(ValueError, match=r"^Attention: score_mode must be one of 'dot', 'concat'\. Received: .*'sum'"):
        layers.Attention(score_mode="sum")


@pytest.mark.parametrize(
    ("query", "value", "key", "message"),
    [
        ((2, 3), (2, 3), None, r"heads: query and value must have rank 3 or more: batch, steps, features\."),
        (
            (2, 3, 4),
            (2, 4),
            None,
            r"heads: query, value and key must have rank 3\. Received: query \(2, 3, 4\), value \(2",
        ),
        ((2, 3, 4), (5, 3, 4), None, r"heads: query and value must have the same sizes along the axes \[0\]\."),
        ((2, 3, 4), (2, 3, 4), (2, 5, 4), r"heads: value and key must have the same shape except for their fea"),
        ((2, 3, None), (2, 3, 4), None, r"query: the size of axis 'c', which the weights have, is not known\."),
    ],
)
def test_shapes_that_do_not_fit_together(query, value, key, message):
    layer = layers.MultiHeadAttention(2, 3, name="heads")
    with pytest.raises(ValueError, match=f"^{message}"):
        layer.build(query, value, key)
    assert not layer.built
    if None not in query:
        with pytest.raises(ValueError, match=message):
            layer(*(torch.ones(shape) for shape in (query, value, key) if shape is not None))


def test_groups_want_three_axes():
    with pytest.raises(ValueError, match=r"^groups: query and value must have rank 3: batch, steps, features\. "):
        layers.GroupQueryAttention(**GROUPS, name="groups")(torch.ones(2, 3, 4, 5), torch.ones(2, 3, 4, 5))


def test_a_layer_that_is_built_says_what_does_not_fit():
    layer = layers.MultiHeadAttention(2, 3, name="heads")
    query = torch.ones(2, 3, 4)
    layer(query, query)
    with pytest.raises(ValueError, match=r"heads: query, value and key must have rank 3"):
        layer(query, torch.ones(2, 3, 3, 4))
    with pytest.raises(ValueError, match=r"heads: query and value must have the same sizes"):
        layer(query, torch.ones(4, 3, 4))
    with pytest.raises(ValueError, match=r"query.*axis 2 to have size 4"):
        layer(torch.ones(2, 3, 5), query)
    with pytest.raises(ValueError, match=r"key.*axis 2 to have size 4"):
        layer(query, torch.ones(2, 3, 5))


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"attention_mask": torch.ones(3)}, r"attention_mask must have rank 2 to 4 here\. Received: .* shape \(3,\)"),
        (
            {"attention_mask": torch.ones(2, 3, 6)},
            r"attention_mask must broadcast to the scores, of shape \(2, 2, 3, 5\)",
        ),
        ({"attention_mask": torch.ones(2, 3, 3, 5)}, r"attention_mask must broadcast to the scores"),
        ({"query_mask": torch.ones(2, 3, 4)}, r"query_mask must have rank 2 here"),
        ({"query_mask": torch.ones(2, 5)}, r"query_mask must broadcast to the scores"),
        ({"value_mask": torch.ones(2, 3)}, r"value_mask must broadcast to the scores"),
        ({"key_mask": torch.ones(3, 5)}, r"key_mask must broadcast to the scores"),
        (
            {"attention_mask": "a"},
            r"attention_mask must be a tensor or an array of booleans\. Received: att.*='a'",
        ),
        (
            {"query_mask": [None]},
            r"query_mask must be a tensor or an array of booleans\. Received: .*=\[None\]",
        ),
    ],
)
@pytest.mark.parametrize("name", ["MultiHeadAttention", "GroupQueryAttention"])
def test_masks_that_do_not_fit(name, masks, message):
    arguments = HEADS if name == "MultiHeadAttention" else GROUPS | {"num_query_heads": 2}
    layer = getattr(layers, name)(**arguments, name="heads")
    with pytest.raises(ValueError, match=f"^heads: {message}"):
        layer(torch.ones(2, 3, 4), torch.ones(2, 5, 4), **masks)


def test_an_order_of_steps_is_there_along_one_axis_only():
    layer = layers.MultiHeadAttention(2, 3, name="heads")
    images = torch.ones(2, 3, 4, 5)
    with pytest.raises(
        ValueError, match=r"^heads: use_causal_mask is for attention over one axis, whose steps are in "
    ):
        layer(images, images, use_causal_mask=True)
    with pytest.raises(ValueError, match=r"^heads: sliding_window is for attention over one axis"):
        layers.MultiHeadAttention(2, 3, sliding_window=2, name="heads").build(images.shape, images.shape)


@pytest.mark.parametrize("name", ["MultiHeadAttention", "GroupQueryAttention"])
def test_a_call_without_a_value_says_so(name):
    layer = getattr(layers, name)(**HEADS if name == "MultiHeadAttention" else GROUPS, name="heads")
    query = torch.ones(2, 3, 4)
    message = r"^heads: needs a query and a value\. .* Write `heads\(query, value\)`, or `heads\.build\(query"
    for without_value in (lambda: layer(query), lambda: layer.build((None, 3, 4))):
        with pytest.raises(TypeError, match=message):
            without_value()
    layer(query, query)
    with pytest.raises(TypeError, match=message):
        layer(query)


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ((2, 3, 4), r"expects a list of 2 or 3 tensors\. Received: (one of shape \(2, 3, 4\)|Tensor)\."),
        ([(2, 3, 4)], r"expects a list of 2 or 3 tensors\. Received: 1 of them\. Write `one\(\[query, value\]\)`"),
        ([(2, 3, 4)] * 4, r"expects a list of 2 or 3 tensors\. Received: 4 of them"),
        ([(3, 4), (3, 4)], r"query and value must have rank 3 or more"),
        ([(2, 3, 4), (2, 3, 4, 4)], r"query, value and key must have rank 3"),
        ([(2, 3, 4), (3, 3, 4)], r"query and value must have the same sizes along the axes \[0\]"),
        ([(2, 3, 4), (2, 5, 6)], r"query and key must have the same number of features\. Received: query \(2, 3, 4\)"),
        ([(2, 3, 4), (2, 5, 6), (2, 4, 4)], r"value and key must have the same shape except for their features"),
    ],
)
def test_inputs_that_do_not_fit(name, shapes, message):
    layer = getattr(layers, name)(name="one")
    with pytest.raises(ValueError, match=f"^one: {message}"):
        layer.build(shapes)
    inputs = [torch.ones(shape) for shape in shapes] if isinstance(shapes, list) else torch.ones(shapes)
    with pytest.raises(ValueError, match=f"^one: {message}"):
        layer(inputs)
    layer.build([(None, 3, 4), (None, 3, 4)])
    with pytest.raises(ValueError, match=f"^one: {message}"):
        layer(inputs)


def test_additive_attention_must_know_the_features():
    with pytest.raises(ValueError, match=r"^one: cannot make its weights.*input_shape=\(None, 3, None\)"):
        layers.AdditiveAttention(name="one").build([(None, 3, None), (None, 3, None)])


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (torch.ones(2, 3), r"mask must be a list with a mask, or None, for the query and for the value\. .*Tensor"),
        ([None], r"mask must be a list"),
        (["a", None], r"mask of the query must be a tensor or an array of booleans"),
        ([torch.ones(2, 3, 4), None], r"mask of the query must have rank 2 here"),
        ([None, torch.ones(2, 3)], r"its mask must broadcast to the steps of the value, of shape \(2, 5\)"),
    ],
)
def test_lists_of_masks_that_do_not_fit(masks, message):
    with pytest.raises(ValueError, match=f"^one: {message}"):
        layers.Attention(name="one")([torch.ones(2, 3, 4), torch.ones(2, 5, 4)], mask=masks)


def test_symbolic_inputs_that_do_not_fit():
    with pytest.raises(ValueError, match=r"^heads: query, value and key must have rank 3"):
        layers.MultiHeadAttention(2, 3, name="heads")(Input((3, 4)), Input((3, 4, 5)))
    with pytest.raises(ValueError, match=r"^one: query and key must have the same number of features"):
        layers.Attention(name="one")([Input((3, 4)), Input((5, 6))])


def test_two_tensors_in_place_of_a_list_of_them():
    query = torch.ones(2, 3, 4)
    with pytest.raises(ValueError, match=r"^one: expects a list .* one of shape \(2, 3, 4\)\. Write `one\(\[query"):
        layers.Attention(name="one")(query, query)
