"""May the inputs, the outputs and the states of a cell be nested, and have several axes?"""

from __future__ import annotations

import copy

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import layers
from torchkeras_layer._structures import leaves, map_leaves

FLAT, IMAGES = torch.ones(2, 3, 5), torch.ones(2, 3, 4, 6)
INPUTS = (FLAT, IMAGES)
MASK = torch.tensor([[1, 1, 0], [1, 0, 0]])


class Nested(layers.Layer):
    """The cell of Keras's guide to recurrent networks, with outputs that are the new states."""

    def __init__(self, first, second, third, **kwargs):
        self.sizes = first, second, third
        self.state_size = [torch.Size([first]), torch.Size([second, third])]
        self.output_size = [torch.Size([first]), torch.Size([second, third])]
        super().__init__(**kwargs)

    def build(self, input_shapes):
        first, second, third = self.sizes
        (_, features), (_, rows, columns) = input_shapes
        self.kernel = self.add_weight(shape=(features, first), initializer="ones")
        self.kernel_of_images = self.add_weight(shape=(rows, columns, second, third), initializer="ones")

    def call(self, inputs, states):
        flat, images = inputs
        following = (
            states[0] + flat @ self.kernel,
            states[1] + torch.einsum("bij,ijkl->bkl", images, self.kernel_of_images),
        )
        return following, following

    def get_config(self):
        return dict(zip(("first", "second", "third"), self.sizes, strict=True))


CUSTOM = {"Nested": Nested}


def _layer(**kwargs):
    return layers.RNN(Nested(6, 2, 5), **kwargs)


def _shapes(structure):
    return map_leaves(lambda tensor: tuple(tensor.shape), structure)


def _sums(structure):
    return [tensor.detach().sum().item() for tensor in leaves(structure)]


def test_the_sums_of_the_guide():
    outputs = _layer()(INPUTS)
    assert _shapes(outputs) == ((2, 6), (2, 2, 5))
    assert _sums(outputs) == [180.0, 1440.0]


def test_all_steps_and_states():
    layer = _layer(return_sequences=True, return_state=True)
    outputs, *states = layer(INPUTS)
    assert _shapes(outputs) == ((2, 3, 6), (2, 3, 2, 5))
    assert all(torch.equal(part[:, -1], state) for part, state in zip(outputs, states, strict=True))
    declared = layer.compute_output_shape(((2, 3, 5), (2, 3, 4, 6)))
    assert leaves(declared) == leaves((_shapes(outputs), *_shapes(states)))


@pytest.mark.parametrize("go_backwards", [False, True])
def test_masks(go_backwards):
    layer = _layer(return_sequences=True, go_backwards=go_backwards, zero_output_for_mask=True)
    flat, images = layer(INPUTS, mask=MASK)
    expected = [[0, 5, 10], [0, 0, 5]] if go_backwards else [[5, 10, 0], [5, 0, 0]]
    assert flat[:, :, 0].tolist() == expected
    assert images[:, :, 0, 0].tolist() == [[24 / 5 * value for value in row] for row in expected]


def test_the_mask_of_one_input_is_that_of_all_outputs():
    outputs = _layer(return_sequences=True)((layers.Masking()(FLAT), IMAGES))
    assert all(torch.equal(output._keras_mask, torch.ones(2, 3, dtype=torch.bool)) for output in outputs)


def test_initial_states_in_both_ways():
    states = [torch.ones(2, 6), torch.ones(2, 2, 5)]
    layer = _layer()
    assert _sums(layer(INPUTS, initial_state=states)) == [192.0, 1460.0]
    assert _sums(layer([INPUTS, *states])) == [192.0, 1460.0]
    message = r"must be 2 tensors of shape \(2, 6\), \(2, 2, 5\). Received: 2 tensors of shape \(2, 6\), \(2, 2\)"
    with pytest.raises(ValueError, match=message):
        layer(INPUTS, initial_state=[torch.ones(2, 6), torch.ones(2, 2)])


def test_their_zeros():
    layer = _layer()
    assert _shapes(layer.get_initial_state(batch_size=2)) == [(2, 6), (2, 2, 5)]
    assert _shapes(layer.get_initial_state(INPUTS)) == [(2, 6), (2, 2, 5)]


def test_states_are_kept():
    layer = _layer(stateful=True)
    assert [_sums(layer(INPUTS)) for _ in range(2)] == [[180.0, 1440.0], [360.0, 2880.0]]
    assert _shapes(layer.states) == [(2, 6), (2, 2, 5)]
    layer.reset_state()
    assert _sums(layer(INPUTS)) == [180.0, 1440.0]


def test_steps_before_the_batch():
    inputs = map_leaves(lambda tensor: tensor.transpose(0, 1), INPUTS)
    outputs = _layer(time_major=True, return_sequences=True)(inputs)
    assert _shapes(outputs) == ((3, 2, 6), (3, 2, 2, 5))


def test_models_and_their_json():
    inputs = keras.Input((None, 5)), keras.Input((None, 4, 6))
    outputs = _layer(return_sequences=True, return_state=True)(inputs)
    shapes = [tensor.shape for tensor in leaves(outputs)]
    assert shapes == [(None, None, 6), (None, None, 2, 5), (None, 6), (None, 2, 5)]
    model = keras.Model(list(inputs), outputs)
    twin = keras.models.model_from_json(model.to_json(), custom_objects=CUSTOM)
    twin.set_weights(model.get_weights())
    for one in (model, twin):
        assert [tuple(part.shape) for part in leaves(one(list(INPUTS)))][:2] == [(2, 3, 6), (2, 3, 2, 5)]
    assert _sums(twin(list(INPUTS))) == _sums(model(list(INPUTS)))


def test_copies_and_state_dicts():
    layer = _layer()
    expected = _sums(layer(INPUTS))
    twin = _layer()
    twin.load_state_dict(layer.state_dict())
    assert _sums(twin(INPUTS)) == _sums(copy.deepcopy(layer)(INPUTS)) == expected


@pytest.mark.parametrize("merge_mode", ["concat", "sum", None])
def test_both_directions(merge_mode):
    layer = layers.Bidirectional(_layer(return_sequences=True), merge_mode=merge_mode)
    outputs = layer(INPUTS, mask=MASK)
    assert leaves(layer.compute_output_shape(((2, 3, 5), (2, 3, 4, 6)))) == leaves(_shapes(outputs))
    features = outputs[0] if merge_mode != "concat" else outputs[0][..., :6]
    first = features[0] if merge_mode is None else features
    expected = [[15, 15, 0], [10, 0, 0]] if merge_mode == "sum" else [[5, 10, 0], [5, 0, 0]]
    assert first[:, :, 0].tolist() == expected


def test_a_stack_begins_with_such_a_cell():
    class Total(layers.Layer):
        state_size = 1

        def call(self, inputs, states):
            total = states[0] + sum(part.flatten(1).sum(1, keepdim=True) for part in inputs)
            return total, [total]

    outputs, first, second = layers.RNN([Nested(6, 2, 5), Total()], return_state=True)(INPUTS)
    assert outputs.tolist() == [[1620.0], [1620.0]]
    assert (_shapes(first), _shapes(second)) == ([(2, 6), (2, 2, 5)], (2, 1))


def test_dicts():
    class Cell(layers.Layer):
        state_size = torch.Size([2, 2])
        output_size = 2

        def call(self, inputs, states):
            return inputs["a"], [states[0] + inputs["b"]]

    layer = layers.RNN(Cell(), return_state=True)
    outputs, state = layer({"a": torch.ones(1, 3, 2), "b": torch.ones(1, 3, 2, 2)})
    assert (outputs.tolist(), state.tolist()) == ([[1.0, 1.0]], [[[3.0, 3.0], [3.0, 3.0]]])
    symbolic = layer({"a": keras.Input((None, 2)), "b": keras.Input((None, 2, 2))})
    assert [tensor.shape for tensor in symbolic] == [(None, 2), (None, 2, 2)]


def test_a_state_of_several_axes_that_the_cell_makes_itself():
    class Images(layers.Layer):
        state_size = 3

        def get_initial_state(self, batch_size=None):
            return [torch.zeros(batch_size, 4, 4, 3)]

        def call(self, inputs, states):
            return states[0] + inputs, [states[0] + inputs]

    layer = layers.RNN(Images(), return_state=True)
    state = torch.ones(2, 4, 4, 3)
    assert _sums(layer(torch.ones(2, 5, 4, 4, 3), initial_state=state)) == [576.0, 576.0]
    assert [tensor.shape for tensor in layer(keras.Input((5, 4, 4, 3)))] == [(None, 4, 4, 3), (None, 4, 4, 3)]


def test_bad_inputs():
    with pytest.raises(ValueError, match="all sequences must have the same batch size and number of steps. Received"):
        _layer()((FLAT, torch.ones(2, 4, 4, 6)))
    with pytest.raises(ValueError, match=r"at least one step. Received: inputs of shape \(2, 0, 5\), \(2, 0, 4, 6\)"):
        _layer()((FLAT[:, :0], IMAGES[:, :0]))
    with pytest.raises(ValueError, match="input 1 does not fit the layer: expected min_ndim=2, found ndim=1"):
        _layer()((FLAT, torch.ones(2)))
    cell = layers.Layer()
    cell.state_size = 0.5
    with pytest.raises(ValueError, match="several axes after the batch has a torch.Size. Received: state_size=0.5"):
        layers.RNN(cell)
