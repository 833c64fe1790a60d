"""What does Embedding do beyond the conformance suite: refused arguments, kinds of ints, a given table?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.oracle import assert_close, keras
from torchkeras_layer import layers

TABLE = np.arange(8, dtype="float32").reshape(4, 2)


@pytest.mark.parametrize("argument", ["input_dim", "output_dim"])
@pytest.mark.parametrize("size", [0, -1, True, 2.5, None])
def test_sizes_must_be_positive_ints(argument, size):
    sizes = {"input_dim": 4, "output_dim": 2, argument: size}
    with pytest.raises(ValueError, match=rf"^Embedding: {argument} must be a positive int\. Received: {argument}="):
        layers.Embedding(**sizes)


@pytest.mark.parametrize("argument", ["embeddings_initializer", "embeddings_regularizer", "embeddings_constraint"])
def test_an_unknown_identifier_is_told_with_layer_and_argument(argument):
    with pytest.raises(ValueError, match=f"^Embedding: {argument}: Could not interpret .* 'nothing'"):
        layers.Embedding(4, 2, **{argument: "nothing"})


@pytest.mark.parametrize("argument", ["lora_rank", "lora_alpha", "quantization_config", "sparse"])
def test_what_is_not_built_is_refused(argument):
    with pytest.raises(ValueError, match=f"^Embedding: {argument} is not supported"):
        layers.Embedding(4, 2, **{argument: 4})


def test_arguments_that_stand_elsewhere_in_keras_2_have_no_position():
    with pytest.raises(TypeError, match="by position"):
        layers.Embedding(4, 2, "uniform", None, None, True)


@pytest.mark.parametrize("weights", [TABLE, [TABLE], torch.tensor(TABLE), (TABLE,), TABLE.tolist()])
def test_a_given_table_builds_the_layer_at_once(weights):
    layer = layers.Embedding(4, 2, weights=weights)
    assert layer.built
    assert_close(layer.embeddings, TABLE)
    assert_close(layer(torch.tensor([3, 1])), keras.layers.Embedding(4, 2, weights=TABLE)(torch.tensor([3, 1])))
    assert "weights" not in layer.get_config()


def test_a_given_table_of_another_shape():
    with pytest.raises(ValueError, match=r"embedding.*\(4, 3\).*\(4, 2\)|embedding.*\(4, 2\).*\(4, 3\)"):
        layers.Embedding(4, 3, weights=TABLE)


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float32, torch.float64]
)
def test_inputs_may_have_any_type_that_holds_ints(dtype):
    layer = layers.Embedding(4, 2, weights=TABLE)
    assert_close(layer(torch.tensor([[3, 0]], dtype=dtype)), TABLE[[[3, 0]]])


def test_inputs_may_be_arrays_and_lists_of_numbers():
    layer = layers.Embedding(4, 2, weights=TABLE)
    assert_close(layer(np.array([2, 3])), TABLE[[2, 3]])


def test_row_numbers_are_exact_in_bfloat16():
    layer = layers.Embedding(1000, 1, dtype="bfloat16", weights=np.arange(1000.0).reshape(1000, 1))
    assert layer(torch.tensor([257.0, 999.0])).flatten().tolist() == [256.0, 1000.0]
    assert not torch.equal(layer(torch.tensor([260.0])), layer(torch.tensor([257.0])))


@pytest.mark.parametrize("index", [4, -1])
def test_a_row_that_does_not_exist(index):
    with pytest.raises(IndexError, match=f"words: .* from 0 to .* 3. Received: numbers from {min(index, 1)} to"):
        layers.Embedding(4, 2, name="words")(torch.tensor([1, index]))


def test_a_mixed_policy_casts_the_rows_and_not_the_table():
    layer = layers.Embedding(4, 2, dtype="mixed_bfloat16")
    outputs = layer(torch.tensor([1]))
    outputs.sum().backward()
    assert (outputs.dtype, layer.embeddings.dtype) == (torch.bfloat16, torch.float32)
    assert layer.embeddings.grad.dtype is torch.float32
    assert outputs.grad_fn.name() == "ToCopyBackward0"


def test_zeros_are_masked_only_if_they_should_be():
    inputs = torch.tensor([[2, 0, 1]])
    masking, plain = layers.Embedding(4, 2, mask_zero=True), layers.Embedding(4, 2)
    assert masking(inputs)._keras_mask.tolist() == [[True, False, True]]
    assert not hasattr(plain(inputs), "_keras_mask")
    assert (masking.supports_masking, plain.supports_masking) == (True, False)
    assert plain.compute_mask(inputs) is None


@pytest.mark.parametrize(
    ("length", "shape", "expected"),
    [
        (3, (None, 3), (None, 3, 2)),
        (3, (5, None), (5, 3, 2)),
        ((3, None), (5, 3, 4), (5, 3, 4, 2)),
        (None, (5, None), (5, None, 2)),
    ],
)
def test_a_given_length_completes_the_output_shape(length, shape, expected):
    layer = layers.Embedding(4, 2, input_length=length)
    assert layer.compute_output_shape(shape) == expected
    assert layer.get_config()["input_length"] == length


def test_a_given_length_is_the_layer_s_input_shape():
    assert layers.Embedding(4, 2, input_length=3).get_config()["batch_input_shape"] == (None, 3)


@pytest.mark.parametrize("shape", [(None, 4), (None, 3, 3)])
def test_a_shape_that_contradicts_the_given_length(shape):
    layer = layers.Embedding(4, 2, input_length=3, name="words")
    with pytest.raises(ValueError, match="^words: input_length=3 does not fit inputs of shape"):
        layer.compute_output_shape(shape)


@pytest.mark.parametrize(
    "number",
    [
        torch.tensor([2**33 + 1], dtype=torch.uint64),
        torch.tensor([2**32 - 1], dtype=torch.uint32),
        torch.tensor([2.0**33 + 1]),
        torch.tensor([float("nan")]),
    ],
)
def test_numbers_beyond_32_bits_do_not_come_round(number):
    with pytest.raises(
        IndexError, match="^words: inputs must be row numbers from 0 to .*, which is 2. Received: numbers"
    ):
        layers.Embedding(3, 2, name="words")(number)


@pytest.mark.parametrize("length", [-1, 0, "a", True, (2, -3), 2.5])
def test_lengths_must_be_positive(length):
    with pytest.raises(
        ValueError, match="^Embedding: input_length must be a positive int, or a tuple of them and None. R"
    ):
        layers.Embedding(3, 2, input_length=length)
