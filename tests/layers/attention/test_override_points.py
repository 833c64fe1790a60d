"""Are the methods honoured that subclasses of Keras's attention layers override?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from tests.layers.pairs import pair
from tests.oracle import assert_close

L = ours.layers


def _masking(make_mask):
    def make(library):
        class Masking(library.layers.MultiHeadAttention):
            def _compute_attention_mask(
                self,
                query,
                value,
                query_mask=None,
                value_mask=None,
                key_mask=None,
                attention_mask=None,
                use_causal_mask=False,
            ):
                found = super()._compute_attention_mask(
                    query,
                    value,
                    query_mask=query_mask,
                    value_mask=value_mask,
                    key_mask=key_mask,
                    attention_mask=attention_mask,
                    use_causal_mask=use_causal_mask,
                )
                return make_mask(query, value, found)

        return Masking

    return make


def _next_only(query, value, found):
    steps = torch.arange(query.shape[1])
    return (steps[:, None] >= torch.arange(value.shape[1]) - 1)[None].expand(query.shape[0], -1, -1)


def _both(query, value, found):
    own = _next_only(query, value, found)
    return own if found is None else own & found


MASKS = {
    "none": {},
    "causal": {"use_causal_mask": True},
    "value": {"value_mask": torch.tensor([[True, True, False, True, True], [True] * 5])},
    "pairs": {"attention_mask": torch.ones(2, 4, 5, dtype=torch.bool).tril(2)},
}


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("make_mask", [_next_only, _both, lambda query, value, found: found])
def test_compute_attention_mask(make_mask, kind):
    query, value = torch.linspace(-1, 1, 48).reshape(2, 4, 6), torch.linspace(1, -2, 60).reshape(2, 5, 6)
    mine, theirs = pair(_masking(make_mask), query.shape, value.shape, num_heads=2, key_dim=3)
    given = MASKS[kind]
    if kind == "causal" and make_mask is _next_only:
        # Keras 3.15.1 ignores the override if there is no other mask.
        theirs, given = pair(_masking(make_mask), query.shape, value.shape, num_heads=2, key_dim=3)[0], {}
    assert_close(mine(query, value, **MASKS[kind]), theirs(query, value, **given), atol=1e-5)
    scores = mine(query, value, return_attention_scores=True, **MASKS[kind])[1]
    assert_close(scores, theirs(query, value, return_attention_scores=True, **given)[1], atol=1e-5)


def test_compute_attention_mask_with_the_arguments_of_tf_keras():
    class Diagonal(L.MultiHeadAttention):
        def _compute_attention_mask(self, query, value, key=None, attention_mask=None, use_causal_mask=False):
            assert key is not None
            return torch.eye(query.shape[1], value.shape[1])

    query = torch.randn(2, 3, 4)
    layer = Diagonal(2, 3)
    scores = layer(query, query, return_attention_scores=True)[1]
    assert torch.equal(scores, torch.eye(3).expand(2, 2, 3, 3))


def test_calculate_scores():
    class Uniform(L.Attention):
        def _calculate_scores(self, query, key):
            return torch.zeros(*query.shape[:-1], key.shape[-2])

    x = torch.randn(2, 3, 4)
    assert_close(Uniform()([x, x]), x.mean(1, keepdim=True).expand_as(x))


class TwiceTheScores:
    """Scores times 2, and outputs plus 1."""

    def _apply_scores(self, scores, value, scores_mask=None, training=False):
        outputs, weights = super()._apply_scores(scores * 2, value, scores_mask=scores_mask, training=training)
        return outputs + 1, weights


class Reversed:
    """A causal mask for steps that come later."""

    def _calculate_score_mask(self, scores, v_mask, use_causal_mask):
        mask = super()._calculate_score_mask(scores, v_mask, use_causal_mask)
        return mask.flip(-2) if use_causal_mask else mask


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
@pytest.mark.parametrize("of_user", [TwiceTheScores, Reversed])
@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("is_masked", [False, True])
def test_how_scores_are_applied_and_masked(name, of_user, is_causal, is_masked):
    query, value = torch.linspace(-1, 1, 24).reshape(2, 3, 4), torch.linspace(1, -2, 40).reshape(2, 5, 4)
    mask = [torch.tensor([[True, True, False]] * 2), torch.tensor([[True, True, False, True, False]] * 2)]
    shapes = [tuple(query.shape), tuple(value.shape)]
    mine, theirs = pair(lambda library: type("Own", (of_user, getattr(library.layers, name)), {}), shapes)
    given = {"mask": mask if is_masked else None, "use_causal_mask": is_causal}
    assert_close(mine([query, value], **given), theirs([query, value], **given), atol=1e-6)
    assert mine([ours.Input((3, 4)), ours.Input((5, 4))]).shape == (None, 3, 4)


def _sharpened(library):
    class Sharpened(library.layers.MultiHeadAttention):
        def _masked_softmax(self, attention_scores, attention_mask=None):
            return super()._masked_softmax(attention_scores * 2, attention_mask)

    return Sharpened


def _anticausal(library):
    class Anticausal(library.layers.MultiHeadAttention):
        def _compute_causal_mask(self, query, value=None):
            return torch.flip(super()._compute_causal_mask(query, value), [1, 2])

    return Anticausal


@pytest.mark.parametrize("make", [_sharpened, _anticausal])
@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("none", {}),
        ("causal", {}),
        ("pairs", {}),
        ("none", {"attention_axes": (1, 2)}),
        ("pairs", {"attention_axes": (1, 2)}),
    ],
)
def test_softmax_and_causal_mask_of_several_heads(make, arguments, kind):
    shape = (2, 4, 3, 6) if arguments else (2, 4, 6)
    mine, theirs = pair(make, shape, shape, num_heads=2, key_dim=3, **arguments)
    x = torch.linspace(-1, 1, 48 * (3 if arguments else 1)).reshape(shape)
    pairs = torch.ones(2, 4, 3, 4, 3).bool().triu(-1) if arguments else torch.ones(2, 4, 4).bool().tril(1)
    given = {"none": {}, "causal": {"use_causal_mask": True}, "pairs": {"attention_mask": pairs}}[kind]
    expected, scores = theirs(x, x, return_attention_scores=True, **given)
    assert_close(mine(x, x, **given), expected, atol=1e-5)
    assert_close(mine(x, x, return_attention_scores=True, **given)[1], scores, atol=1e-5)


def test_compute_attention_with_the_arguments_of_tf_keras():
    class Own(L.MultiHeadAttention):
        def _compute_attention(self, query, key, value, attention_mask=None, training=None):
            weights = self._masked_softmax(torch.einsum("btnh,bsnh->bnts", query, key) / 3**0.5, attention_mask)
            return torch.einsum("bnts,bsnh->btnh", weights, value), weights

    own, plain, x = Own(2, 3), L.MultiHeadAttention(2, 3), torch.linspace(-1, 1, 48).reshape(2, 4, 6)
    for layer in (own, plain):
        layer.build(x.shape, x.shape)
    own.set_weights(plain.get_weights())
    for given in ({}, {"use_causal_mask": True}, {"attention_mask": torch.ones(2, 4, 4).bool().triu()}):
        for found, expected in zip(
            *(one(x, x, return_attention_scores=True, **given) for one in (own, plain)), strict=True
        ):
            assert_close(found, expected, atol=1e-5)
        assert_close(own(x, x, **given), plain(x, x, **given), atol=1e-5)
