"""Are the methods honoured that Keras documents for subclasses of its layers?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy

L = ours.layers


def _pair(make, *shapes, **arguments):
    """Make the layer of a class that a function defines for each library, built, with the same weights."""
    mine, theirs = (make(library)(**arguments) for library in (ours, keras))
    for layer in (mine, theirs):
        layer.build(*shapes)
    theirs.set_weights([torch.linspace(-1, 2, weight.numel()).reshape(weight.shape) for weight in mine.weights])
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    return mine, theirs


def _standardized(rank):
    def make(library):
        class Standardized(getattr(library.layers, f"Conv{rank}D")):
            def convolution_op(self, inputs, kernel):
                axes = list(range(rank + 1))
                variance, mean = torch.var_mean(kernel, dim=axes, keepdim=True)
                return super().convolution_op(inputs, (kernel - mean) / (variance + 1e-5).sqrt())

        return Standardized

    return make


CONVOLUTIONS = [
    (1, {}),
    (1, {"padding": "causal", "dilation_rate": 2}),
    (1, {"use_bias": False, "activation": "relu"}),
    (2, {"strides": 2, "padding": "same", "activation": "relu"}),
    (2, {"groups": 2}),
    (2, {"data_format": "channels_first"}),
    (3, {"padding": "same"}),
]


@pytest.mark.parametrize(("rank", "arguments"), CONVOLUTIONS)
def test_convolution_op(rank, arguments):
    is_last = arguments.get("data_format") != "channels_first"
    shape = (2, *[6] * rank, 4) if is_last else (2, 4, *[6] * rank)
    mine, theirs = _pair(_standardized(rank), shape, filters=4, kernel_size=3, **arguments)
    x = torch.linspace(-1, 1, 2 * 4 * 6**rank).reshape(shape)
    # Keras 3.15.1 ignores the one of a Conv1D.
    if rank > 1:
        assert_close(mine(x), theirs(x), atol=1e-4)
    plain = getattr(L, f"Conv{rank}D")(4, 3, **arguments)
    plain.build(shape)
    plain.set_weights(mine.get_weights())
    assert not torch.allclose(mine(x), plain(x), atol=1e-3)
    variance, mean = torch.var_mean(plain.kernel, keepdim=True, dim=list(range(rank + 1)))
    with torch.no_grad():
        plain.kernel.copy_((plain.kernel - mean) / (variance + 1e-5).sqrt())
    assert_close(mine(x), plain(x), atol=1e-4)
    assert mine(ours.Input(shape[1:])).shape[1:] == mine(x).shape[1:]


def test_convolution_op_under_a_mixed_policy_has_gradients():
    layer = _standardized(2)(ours)(3, 3, dtype="mixed_bfloat16")
    outputs = layer(torch.ones(1, 5, 5, 2))
    outputs.float().sum().backward()
    assert outputs.dtype is torch.bfloat16
    assert layer.kernel.grad is not None
    assert layer.kernel.grad.dtype is torch.float32


def test_the_shape_of_a_convolution_op_is_that_which_it_gives():
    class Twice(L.Conv2D):
        def convolution_op(self, inputs, kernel):
            self.add_loss(kernel.abs().mean())
            return super().convolution_op(inputs, kernel)

    layer = Twice(3, 2)
    x = ours.Input((5, 5, 1))
    model = ours.Model(x, layer(x))
    assert len(model.losses) == 1


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
    mine, theirs = _pair(_masking(make_mask), query.shape, value.shape, num_heads=2, key_dim=3)
    given = MASKS[kind]
    if kind == "causal" and make_mask is _next_only:
        # Keras 3.15.1 ignores the override if there is no other mask.
        theirs, given = _pair(_masking(make_mask), query.shape, value.shape, num_heads=2, key_dim=3)[0], {}
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


class Constant:
    """A mask that keeps every other feature."""

    def mask(self, inputs):
        return (torch.arange(inputs.shape[-1]) % 2).to(inputs.dtype).expand_as(inputs)


@pytest.mark.parametrize("name", ["SimpleRNNCell", "GRUCell", "LSTMCell"])
@pytest.mark.parametrize("implementation", [1, 2])
def test_get_dropout_mask_of_a_cell(name, implementation):
    """Masks of Keras 3 are honoured under its names, and those of TF-Keras under theirs."""
    cell_class = getattr(L, name)

    class OfKeras3(cell_class, Constant):
        def get_dropout_mask(self, step_input):
            return self.mask(step_input)

        def get_recurrent_dropout_mask(self, step_input):
            return self.mask(step_input)

    class OfTFKeras(cell_class, Constant):
        def get_dropout_mask_for_cell(self, inputs, training, count=1):
            mask = self.mask(inputs)
            return [mask] * count if count > 1 else mask

        get_recurrent_dropout_mask_for_cell = get_dropout_mask_for_cell

    sequences = torch.randn(2, 5, 4)
    one = {"dropout": 0.5, "recurrent_dropout": 0.5, "implementation": implementation}
    first, second = (L.RNN(cls(4, **one), return_sequences=True) for cls in (OfKeras3, OfTFKeras))
    plain = L.RNN(cell_class(4), return_sequences=True)
    for layer in (first, second, plain):
        layer.build(sequences.shape)
    # A mask on the state is the same as on the rows of the recurrent kernel, but for the GRU's gate.
    kernel, recurrent_kernel, *bias = first.get_weights()
    second.set_weights(first.get_weights())
    rows = (torch.arange(4) % 2).numpy()[:, None]
    plain.set_weights([kernel * rows, recurrent_kernel * rows, *bias])
    expected = plain(sequences)
    for layer in (first, second):
        assert_close(layer(sequences, training=True), expected, atol=1e-5)
        assert_close(layer.eval()(sequences), first.eval()(sequences))
        layer.train()


def test_get_dropout_mask_of_tf_keras_may_be_called():
    cell = L.LSTMCell(3, dropout=0.5, recurrent_dropout=0.5)
    assert cell.get_dropout_mask_for_cell(torch.ones(1, 2), training=False) is None
    masks = cell.get_dropout_mask_for_cell(torch.ones(1, 2), training=True, count=4)
    assert [mask.shape for mask in masks] == [(1, 2)] * 4
    assert len(cell.get_recurrent_dropout_mask_for_cell(torch.ones(1, 3), training=True, count=4)) == 4
    assert L.LSTMCell(3).get_dropout_mask_for_cell(torch.ones(1, 2), training=True) is None


def test_noise_shape_of_a_dropout():
    class Rows(L.Dropout):
        def _get_noise_shape(self, inputs):
            return (inputs.shape[0], 1)

    for seed in (None, 3):
        outputs = Rows(0.5, seed=seed)(torch.ones(50, 4))
        assert set(outputs.sum(1).tolist()) == {0.0, 8.0}


def test_get_initial_state():
    class Ones(L.GRU):
        def get_initial_state(self, batch_size):
            return [torch.ones(batch_size, self.units)]

    layer = Ones(2)
    x = torch.randn(3, 4, 5)
    assert_close(layer(x), layer(x, initial_state=torch.ones(3, 2)))


def test_merge_function():
    class Larger(L.Add):
        def _merge_function(self, inputs):
            self.add_loss(inputs[0].mean())
            return torch.maximum(*inputs)

    layer = Larger()
    assert layer([torch.ones(1, 2), torch.zeros(1, 2)]).tolist() == [[1.0, 1.0]]
    x = ours.Input((2,))
    assert len(ours.Model(x, Larger()([x, x])).losses) == 1


def test_calculate_scores():
    class Uniform(L.Attention):
        def _calculate_scores(self, query, key):
            return torch.zeros(*query.shape[:-1], key.shape[-2])

    x = torch.randn(2, 3, 4)
    assert_close(Uniform()([x, x]), x.mean(1, keepdim=True).expand_as(x))
