"""What does ReversibleEmbedding do beyond the conformance suite: in reverse, in other dtypes, with bad input?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import Input, Model, layers


def _results(library, shape, arguments):
    layer = library.layers.ReversibleEmbedding(7, 4, **arguments)
    layer.build()
    random = np.random.default_rng(3)
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.weights])
    ints = torch.as_tensor(random.integers(7, size=shape))
    vectors = torch.tensor(random.normal(size=(*shape, 4)), dtype=torch.float32, requires_grad=True)
    found, logits = layer(ints), layer(vectors, reverse=True)
    again = layer(found, reverse=True)
    weights = [getattr(weight, "value", weight) for weight in layer.weights]
    loss = sum(
        (one.float() * torch.linspace(-1, 1, one.numel()).reshape(one.shape)).sum() for one in (found, logits, again)
    )
    masks = [getattr(one, "_keras_mask", None) for one in (found, logits, again)]
    return {
        "dtypes": [str(one.dtype) for one in (found, logits, again)],
        "masked": [mask is not None for mask in masks],
        "mask": masks[0] if masks[0] is not None else torch.zeros(0),
        "outputs": [found, logits, again],
        "gradients": list(torch.autograd.grad(loss, [vectors, *weights])),
    }


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
    st.fixed_dictionaries(
        {
            "tie_weights": st.booleans(),
            "mask_zero": st.booleans(),
            "logit_soft_cap": st.sampled_from([None, 0.5, 30]),
        },
    ),
)
def test_random_configurations_are_keras_s(shape, arguments):
    mine, theirs = _results(ours, shape, arguments), _results(keras, shape, arguments)
    assert (mine.pop("dtypes"), mine.pop("masked")) == (theirs.pop("dtypes"), theirs.pop("masked"))
    assert_close(mine, theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "reverse_dtype"),
    [("mixed_bfloat16", "bfloat16"), ("mixed_bfloat16", "float32"), ("float32", "bfloat16"), ("bfloat16", "float32")],
)
@pytest.mark.parametrize("tie_weights", [True, False])
def test_scores_are_computed_in_the_dtype_that_keras_takes(dtype, reverse_dtype, tie_weights):
    arguments = {"dtype": dtype, "reverse_dtype": reverse_dtype, "tie_weights": tie_weights}
    mine, theirs = _results(ours, (2, 3), arguments), _results(keras, (2, 3), arguments)
    assert mine["dtypes"] == theirs["dtypes"]
    assert_close(mine["outputs"], theirs["outputs"], rtol=0.02, atol=0.05)


@pytest.mark.parametrize("tie_weights", [True, False])
def test_scores_are_by_default_computed_in_the_compute_dtype(tie_weights):
    """As Keras documents it; its table, which is not cast, has float32 come out in mixed precision."""
    layer = layers.ReversibleEmbedding(7, 4, tie_weights=tie_weights, dtype="mixed_bfloat16")
    assert layer(torch.ones(2, 4), reverse=True).dtype is torch.bfloat16
    with torch.autocast("cpu", torch.bfloat16):
        plain = layers.ReversibleEmbedding(7, 4, tie_weights=tie_weights)
        assert plain(torch.ones(2, 4), reverse=True).dtype is torch.bfloat16


def test_tied_weights_are_one_and_untied_ones_follow_in_keras_s_order():
    tied, untied = layers.ReversibleEmbedding(7, 4), layers.ReversibleEmbedding(7, 4, tie_weights=False)
    tied.build()
    untied.build()
    assert list(tied.state_dict()) == ["embeddings"]
    assert list(untied.state_dict()) == ["embeddings", "reverse_embeddings"]
    assert tuple(untied.reverse_embeddings.shape) == (4, 7)


def test_a_language_model_with_both_directions():
    layer = layers.ReversibleEmbedding(7, 4, mask_zero=True)
    ints = Input((None,), dtype="int64")
    logits = layer(layers.Dense(4)(layer(ints)), reverse=True)
    assert logits.shape == (None, None, 7)
    model = Model(ints, logits)
    assert model(torch.tensor([[1, 2, 0]])).shape == (1, 3, 7)
    assert layer.compute_output_shape((None, 3)) == (None, 3, 4)
    assert layer.compute_output_shape((None, 3, 4), reverse=True) == (None, 3, 7)


def test_both_directions_compile_and_export():
    torch._dynamo.reset()
    layer = layers.ReversibleEmbedding(7, 4, logit_soft_cap=3.0)
    layer.build()

    class Both(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, ints):
            return self.layer(self.layer(ints), reverse=True)

    ints = torch.tensor([[1, 2], [3, 0]])
    expected = Both()(ints)
    torch.testing.assert_close(torch.compile(Both(), backend="aot_eager", fullgraph=True)(ints), expected)
    program = torch.export.export(Both(), (ints,), dynamic_shapes=({0: torch.export.Dim("batch", min=2)},)).module()
    torch.testing.assert_close(program(ints.repeat(2, 1)), expected.repeat(2, 1, 1))


def test_a_table_may_be_given():
    table = torch.arange(6.0).reshape(3, 2)
    layer = layers.ReversibleEmbedding(3, 2, weights=table)
    assert torch.equal(layer(torch.tensor([[0.0, 1.0]]), reverse=True), table[:, 1][None])


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "3", True])
def test_the_soft_cap_must_be_a_positive_number(value):
    with pytest.raises(ValueError, match=r"^ReversibleEmbedding: logit_soft_cap must be "):
        layers.ReversibleEmbedding(3, 2, logit_soft_cap=value)


@pytest.mark.parametrize("dtype", ["float33", "int32", torch.int64, "bool"])
def test_the_reverse_dtype_must_be_a_float_dtype(dtype):
    with pytest.raises((TypeError, ValueError), match=r"^ReversibleEmbedding: reverse_dtype: "):
        layers.ReversibleEmbedding(3, 2, reverse_dtype=dtype)


def test_vectors_must_have_the_size_of_a_row():
    layer = layers.ReversibleEmbedding(3, 2, name="words")
    with pytest.raises(ValueError, match=r"^words: in reverse, the last axis .* size output_dim=2\. .*\(1, 3\)"):
        layer(torch.ones(1, 3), reverse=True)


def test_positions_are_those_of_keras():
    arguments = (7, 4, False, "ones", "l2", "non_neg", True, "bfloat16", 3.0)
    config, theirs = layers.ReversibleEmbedding(*arguments).get_config(), keras.layers.ReversibleEmbedding(*arguments)
    expected = theirs.get_config()
    for name in ("tie_weights", "mask_zero", "reverse_dtype", "logit_soft_cap"):
        assert config[name] == expected[name]
    assert config["embeddings_constraint"]["class_name"] == "NonNeg"
