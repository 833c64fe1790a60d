"""What does Bidirectional say to layers that do not fit, and to calls that do not?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours

L = ours.layers


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": 3}, "Bidirectional: layer must be a recurrent layer.* Received: 3."),
        ({"layer": L.Dense(2, name="d")}, "Received: d, which has no go_backwards, return_sequences, return_state."),
        ({"backward_layer": "x"}, "Bidirectional: backward_layer must be a recurrent layer.* Received: 'x'."),
        ({"merge_mode": "avg"}, "merge_mode must be one of 'concat', .* None. Received: merge_mode='avg'."),
        ({"backward_layer": L.GRU(2)}, "opposite directions. Received: go_backwards=False for both."),
        (
            {"backward_layer": L.GRU(2, go_backwards=True, return_sequences=True)},
            "the same return_sequences. Received: return_sequences=False and return_sequences=True.",
        ),
        ({"backward_layer": L.GRU(2, go_backwards=True, return_state=True)}, "the same return_state. "),
        ({"backward_layer": L.GRU(2, go_backwards=True, stateful=True)}, "the same stateful. "),
        ({"backward_layer": L.GRU(2, go_backwards=True, time_major=True)}, "the same time_major. "),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        L.Bidirectional(**{"layer": L.GRU(2), **arguments})


def test_bad_calls():
    layer = L.Bidirectional(L.GRU(2), name="both")
    with pytest.raises(ValueError, match=r"both: input 0 does not fit the layer: expected ndim=3, found ndim=2"):
        layer(torch.ones(2, 3))
    with pytest.raises(ValueError, match="both: the first argument of a call, 'sequences', is missing"):
        layer()
    inputs = torch.ones(2, 3, 4)
    with pytest.raises(ValueError, match=r"both: initial_state must contain .* Received: 1 tensor\."):
        layer(inputs, initial_state=torch.ones(2, 2))
    for states in ([torch.ones(2, 3)] * 2, [torch.ones(2, 2)] * 4):
        with pytest.raises(ValueError, match="forward_gru: the initial state must be 1 tensor"):
            layer(inputs, initial_state=states)
    with pytest.raises(ValueError, match="forward_gru: the mask must"):
        layer(inputs, mask=torch.ones(2, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match="batch size of a stateful layer must be known"):
        L.Bidirectional(L.GRU(2, stateful=True)).build((None, 3, 4))
    stateful = L.Bidirectional(L.GRU(2, stateful=True))
    stateful(inputs)
    with pytest.raises(ValueError, match="must have the same size, here 2. Received: a batch of size 1"):
        stateful(inputs[:1])


@pytest.mark.parametrize("merge_mode", ["sum", "mul", "ave"])
@pytest.mark.parametrize("units", [1, 4])
def test_outputs_that_cannot_be_merged(merge_mode, units):
    other = {"backward_layer": L.LSTM(units, go_backwards=True)}
    with pytest.raises(
        ValueError,
        match=rf"^Bidirectional: merge_mode='{merge_mode}' needs outputs of the same .* \(3,\) and \({units},\)",
    ):
        L.Bidirectional(L.LSTM(3), merge_mode=merge_mode, **other)
    for accepted, size in (("concat", 3 + units), (None, None)):
        outputs = L.Bidirectional(L.LSTM(3), merge_mode=accepted, **other)(torch.ones(2, 3, 4))
        assert isinstance(outputs, tuple) if accepted is None else outputs.shape == (2, size)


@pytest.mark.parametrize("merge_mode", [["sum"], {}, 3])
def test_merge_modes_that_are_no_words(merge_mode):
    with pytest.raises(
        ValueError, match="^Bidirectional: merge_mode must be one of 'concat', .* Received: merge_mode="
    ):
        L.Bidirectional(L.GRU(2), merge_mode=merge_mode)


@pytest.mark.parametrize("merge_mode", ["concat", "sum"])
def test_images_of_different_sizes(merge_mode):
    backward = L.ConvLSTM1D(2, 3, go_backwards=True)
    layer = L.Bidirectional(L.ConvLSTM1D(2, 2), merge_mode=merge_mode, backward_layer=backward, name="both")
    message = rf"^both: merge_mode='{merge_mode}' needs outputs of the same shape .* \(None, 6, 2\) and \(None, 5, 2\)"
    for use in (layer.build, layer.compute_output_shape):
        with pytest.raises(ValueError, match=message):
            use((None, 4, 7, 1))


def test_an_unknown_size_stays_unknown():
    layer = L.Bidirectional(L.ConvLSTM2D(2, 3, data_format="channels_first"))
    assert layer.compute_output_shape((None, 3, 1, None, None)) == (None, 2, None, None)
