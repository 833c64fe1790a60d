"""Does Bidirectional give Keras's outputs, states, gradients and masks, for any layer, and say what it cannot do?"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.layers.recurrent.pairs import DTYPES, assert_digits
from tests.oracle import assert_close, keras, keras_keeps_float64, to_numpy
from torchkeras_layer._structures import leaves

L = ours.layers
_BATCH, _STEPS, _FEATURES = 3, 5, 4


@st.composite
def _layers(draw: Any) -> tuple[str, dict[str, Any]]:
    name = draw(st.sampled_from(["LSTM", "GRU", "SimpleRNN"]))
    arguments: dict[str, Any] = {"units": draw(st.integers(1, 4)), "use_bias": draw(st.booleans())}
    arguments["dtype"] = draw(DTYPES)
    arguments["activation"] = draw(st.sampled_from(["tanh", "relu"]))
    if name != "SimpleRNN":
        arguments["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid"]))
    if name == "GRU":
        arguments["reset_after"] = draw(st.booleans())
    for flag in ("return_sequences", "return_state", "zero_output_for_mask"):
        arguments[flag] = draw(st.booleans())
    return name, arguments


def _pair(make: Any, shape: Any = (None, None, _FEATURES)) -> tuple[Any, Any]:
    """Make the layer in both libraries, built, with the same weights."""
    mine, theirs = make(ours.layers), make(keras.layers)
    for layer in (mine, theirs):
        layer.build(shape)
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    return mine, theirs


def _mask(kind: str | None) -> torch.Tensor | None:
    if kind is None:
        return None
    steps = torch.arange(_STEPS)
    lengths = torch.tensor([_STEPS, 2, 3]).unsqueeze(1)
    masks = {"right": steps < lengths, "left": steps >= _STEPS - lengths, "holes": (steps + lengths) % 3 != 0}
    return masks[kind]


def _gradients(layer: Any, inputs: torch.Tensor, **arguments: Any) -> tuple[Any, Any]:
    inputs = inputs.clone().requires_grad_()
    outputs = layer(inputs, **arguments)
    weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
    loss = sum((one * torch.linspace(-1, 1, one.numel()).reshape(one.shape)).sum() for one in leaves(outputs))
    return outputs, torch.autograd.grad(loss, [inputs, *weights])


# One takes a third of a second, most of it in Keras.
@settings(
    max_examples=settings.default.max_examples // 2,  # type: ignore[union-attr]
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    layer=_layers(),
    merge_mode=st.sampled_from(["concat", "sum", "mul", "ave", None]),
    mask=st.sampled_from([None, None, "right", "left", "holes"]),
    has_state=st.booleans(),
)
def test_random_configurations_give_keras_s_numbers(layer, merge_mode, mask, has_state):
    name, arguments = layer
    of_both = {"merge_mode": merge_mode, "dtype": arguments["dtype"]}
    mine, theirs = _pair(lambda layers: layers.Bidirectional(getattr(layers, name)(**arguments), **of_both))
    torch.manual_seed(1)
    dtype = getattr(torch, arguments["dtype"])
    inputs = torch.randn(_BATCH, _STEPS, _FEATURES, dtype=dtype)
    count = 4 if name == "LSTM" else 2
    state = [torch.randn(_BATCH, arguments["units"], dtype=dtype) for _ in range(count)] if has_state else None
    given_too = {"mask": _mask(mask), "initial_state": state, "training": False}
    with keras_keeps_float64():
        (outputs, gradients), (expected, expected_gradients) = (
            _gradients(one, inputs, **given_too) for one in (mine, theirs)
        )
    assert isinstance(outputs, tuple) == isinstance(expected, tuple)
    assert_digits([outputs, gradients], [expected, expected_gradients], str(arguments), arguments["dtype"])
    assert_shapes(mine, outputs)


def assert_shapes(layer: Any, outputs: Any) -> None:
    """Check that the shapes that a layer tells, and finds by running, are those that it gives."""
    for shape in ((_BATCH, _STEPS, _FEATURES), (None, None, _FEATURES)):
        said = leaves_of_shapes(layer.compute_output_shape(shape))
        assert said == leaves_of_shapes(ours.Layer.compute_output_shape(layer, shape))
        for stated, output in zip(said, leaves(outputs), strict=True):
            assert all(size in (None, found) for size, found in zip(stated, output.shape, strict=True))


def leaves_of_shapes(shapes: Any) -> list[Any]:
    """List the shapes in a structure of them."""
    return [tuple(shapes)] if shapes[0] is None or isinstance(shapes[0], int) else [tuple(shape) for shape in shapes]


class Cell(ours.Layer):
    """A cell that no registry knows."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units))

    def call(self, inputs: torch.Tensor, states: Any) -> Any:
        output = torch.tanh(inputs @ self.kernel + states[0])
        return output, [output]


def test_names_and_state_dict():
    layer = L.Bidirectional(L.LSTM(2, name="lstm"), name="both")
    layer.build((None, None, 3))
    assert (layer.forward_layer.name, layer.backward_layer.name) == ("forward_lstm", "backward_lstm")
    assert list(layer.state_dict())[:4] == [
        "forward_layer.cell.kernel",
        "forward_layer.cell.recurrent_kernel",
        "forward_layer.cell.bias",
        "backward_layer.cell.kernel",
    ]
    assert layer.forward_layer.path == "both/forward_lstm"
    twin = L.Bidirectional.from_config(layer.get_config())
    assert (twin.forward_layer.name, twin.backward_layer.name) == ("forward_lstm", "backward_lstm")


def test_the_given_layer_is_not_used_itself():
    given_layer = L.GRU(2)
    given_layer.build((None, None, 3))
    layer = L.Bidirectional(given_layer)
    assert not layer.forward_layer.built
    layer.build((None, None, 3))
    assert layer.forward_layer.cell.kernel is not given_layer.cell.kernel
    assert layer.layer is layer.forward_layer


def test_a_layer_that_goes_backwards_first():
    torch.manual_seed(0)
    inputs = torch.randn(2, 4, 3)
    one, other = (L.Bidirectional(L.GRU(2, go_backwards=back), merge_mode=None) for back in (False, True))
    for layer in (one, other):
        layer.build((None, None, 3))
    assert (other.forward_layer.go_backwards, other.backward_layer.go_backwards) == (True, False)
    weights = one.get_weights()
    other.set_weights(weights[3:] + weights[:3])
    assert_close(other(inputs), one(inputs)[::-1])


def test_a_backward_layer_of_its_own():
    def make(layers: Any) -> Any:
        backward = layers.LSTM(2, activation="relu", return_sequences=True, go_backwards=True, name="own")
        return layers.Bidirectional(layers.GRU(3, return_sequences=True), backward_layer=backward)

    mine, theirs = _pair(make)
    assert mine.backward_layer.name == "own"
    inputs = torch.randn(2, 5, _FEATURES)
    assert_close(mine(inputs), theirs(inputs))
    assert mine.compute_output_shape((None, None, _FEATURES)) == (None, None, 5)
    twin = L.Bidirectional.from_config(theirs.get_config())
    twin.build((None, None, _FEATURES))
    twin.set_weights(mine.get_weights())
    assert_close(twin(inputs), mine(inputs))


def test_weights_are_given_to_both():
    weights = [to_numpy(weight) for weight in _pair(lambda layers: layers.Bidirectional(layers.GRU(2)))[1].weights]
    layer = L.Bidirectional(L.GRU(2), weights=weights)
    layer.build((None, None, _FEATURES))
    assert_close(layer.get_weights(), weights)


def test_cells_that_are_not_built_in():
    stack = L.RNN([Cell(2), Cell(3)], return_sequences=True)
    layer = L.Bidirectional(stack)
    assert layer(torch.ones(2, 4, 3)).shape == (2, 4, 6)
    assert type(layer.backward_layer.cell.cells[1]) is Cell
    with pytest.raises(ValueError, match="Cell"):
        L.Bidirectional.from_config(layer.get_config())
    twin = L.Bidirectional.from_config(layer.get_config(), custom_objects={"Cell": Cell})
    assert twin(torch.ones(2, 4, 3)).shape == (2, 4, 6)


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_stateful_layers_go_on_as_keras_s(name):
    mine, theirs = _pair(
        lambda layers: layers.Bidirectional(getattr(layers, name)(3, stateful=True, return_sequences=True)), (2, 4, 3)
    )
    inputs = torch.randn(2, 4, 3)
    for _ in range(3):
        assert_close(mine(inputs), theirs(inputs))
    assert mine.stateful
    assert_close(list(mine.states), [state.value for state in theirs.states])
    mine.reset_states()
    theirs.reset_states()
    assert_close(mine(inputs), theirs(inputs))
    states = [torch.ones(2, 3) for _ in mine.states]
    mine.reset_state(states)
    assert all(torch.equal(state, one) for state, one in zip(mine.states, states, strict=True))


def test_states_that_are_not_kept():
    layer = L.Bidirectional(L.GRU(2))
    assert layer.states is None
    layer.reset_states()
    with pytest.raises(ValueError, match="forward_gru: keeps no state"):
        layer.reset_state([torch.ones(1, 2), torch.ones(1, 2)])


def test_a_list_of_inputs_and_states():
    layer = L.Bidirectional(L.GRU(2))
    inputs, states = torch.randn(3, 4, 5), [torch.randn(3, 2), torch.randn(3, 2)]
    assert torch.equal(layer([inputs, *states]), layer(inputs, initial_state=states))
    assert torch.equal(layer(inputs, states), layer(inputs, initial_state=states))
    assert torch.equal(layer(sequences=inputs, initial_state=states), layer(inputs, states))
    symbols = ours.Input((4, 5)), ours.Input((2,)), ours.Input((2,))
    model = ours.Model(symbols, layer(list(symbols)))
    torch.testing.assert_close(model([inputs, *states]), layer(inputs, states))


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_one_kernel_gives_what_two_give(name, return_sequences):
    layer = L.Bidirectional(getattr(L, name)(3, return_sequences=return_sequences, return_state=True))
    torch.manual_seed(0)
    inputs = torch.randn(2, 5, 4, requires_grad=True)
    together = layer(inputs)
    seen: list[Any] = []
    layer.forward_layer.register_forward_hook(lambda *call: seen.append(call))
    apart = layer(inputs)
    assert len(seen) == 1
    assert_close(together, apart)
    wanted = [inputs, *layer.weights]
    assert_close(*(torch.autograd.grad(sum((x**2).sum() for x in out), wanted) for out in (together, apart)), atol=1e-5)


def test_dropout_is_drawn_for_each_direction():
    layer = L.Bidirectional(L.LSTM(3, dropout=0.5))
    inputs = torch.randn(2, 5, 4)
    assert not torch.equal(layer(inputs, training=True), layer(inputs, training=True))
    assert torch.equal(layer(inputs, training=False), layer(inputs, training=False))


def test_use_cudnn_is_kept():
    layer = L.Bidirectional(L.GRU(3, use_cudnn=False))
    assert not layer.forward_layer._torchkeras.derived.uses_fused_kernel
    assert not layer.backward_layer._torchkeras.derived.uses_fused_kernel


def test_time_major():
    layer = L.Bidirectional(L.GRU(3, return_sequences=True))
    turned = L.Bidirectional(L.GRU(3, return_sequences=True, time_major=True))
    inputs = torch.randn(2, 5, 4)
    layer(inputs), turned(inputs.transpose(0, 1))
    turned.set_weights(layer.get_weights())
    torch.testing.assert_close(turned(inputs.transpose(0, 1)).transpose(0, 1), layer(inputs))


def test_recording_a_history_sees_both_layers():
    layer = L.Bidirectional(L.GRU(3))
    layer(torch.ones(2, 5, 4))
    with ours.record_history():
        layer(torch.ones(2, 5, 4))
    assert layer.forward_layer.input_shape == (2, 5, 4)
