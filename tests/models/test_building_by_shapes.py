"""Which layers does `build(shapes)` of a model build, when `call` or a list of layers defines it?"""

from __future__ import annotations

from typing import Any

import pytest
import torch

import torchkeras_layer as keras


class Stack(keras.Model):
    """Takes one tensor."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first, self.second = keras.layers.Dense(3), keras.layers.Dense(2)

    def call(self, inputs):
        return self.second(self.first(inputs))


class Takes(keras.layers.Layer):
    """Takes two tensors, in a dict or list, and returns a dict."""

    def __init__(self, one: Any = "a", other: Any = "b", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.one, self.other = one, other
        self.dense = keras.layers.Dense(3)

    def call(self, inputs):
        return {"sum": self.dense(inputs[self.one]) + inputs[self.other]}


class Gives(keras.layers.Layer):
    """Takes the dict that `Takes` returns."""

    def call(self, inputs):
        return inputs["sum"]


class Asks(keras.Model):
    """Calls a layer on a structure of tensors."""

    def __init__(self, one: Any, other: Any) -> None:
        super().__init__()
        self.takes = Takes(one, other)

    def call(self, inputs):
        return self.takes(inputs)["sum"]


def shapes_of(model: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in model.weights]


@pytest.mark.parametrize("shape", [(None, 4), (2, 4), [None, 4], (None, None, 4), torch.Size([5, 4])])
def test_a_subclass_builds_its_layers(shape):
    model = Stack()
    model.build(shape)
    assert model.built
    assert shapes_of(model) == [(4, 3), (3,), (3, 2), (2,)]
    assert model.first.path == "stack/dense"
    # As in Keras, a shape from `build` binds no later sizes but those of the layers.
    assert model(torch.ones(7, 4)).shape == (7, 2)


@pytest.mark.parametrize(
    ("keys", "shapes", "inputs"),
    [
        (("a", "b"), {"a": (None, 4), "b": (None, 3)}, {"a": torch.ones(2, 4), "b": torch.ones(2, 3)}),
        ((0, 1), [(None, 4), (None, 3)], [torch.ones(2, 4), torch.ones(2, 3)]),
        ((1, 0), ((None, 3), (None, 4)), (torch.ones(2, 3), torch.ones(2, 4))),
    ],
    ids=["dict", "list", "tuple"],
)
def test_a_subclass_takes_nested_shapes(keys, shapes, inputs):
    model = Asks(*keys)
    model.build(shapes)
    assert shapes_of(model) == [(4, 3), (3,)]
    assert model(inputs).shape == (2, 3)


def test_only_the_weights_are_made():
    class Noisy(keras.Model):
        def __init__(self):
            super().__init__()
            self.norm, self.drop = keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)

        def call(self, inputs, training=None):
            self.add_loss(inputs.sum())
            return self.drop(self.norm(inputs, training=training), training=training)

    model = Noisy()
    torch.manual_seed(0)
    model.build((None, 4))
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.rand(1) == drawn
    assert model.norm.moving_mean.tolist() == [0.0] * 4
    assert (model.losses, model.inbound_nodes) == ([], [])


def test_models_inside_are_built_too():
    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            self.stack, self.more = Stack(), keras.Sequential([keras.layers.Dense(5)])

        def call(self, inputs):
            return self.more(self.stack(inputs))

    model = Outer()
    model.build((None, 4))
    assert shapes_of(model) == [(4, 3), (3,), (3, 2), (2,), (2, 5), (5,)]
    assert model.stack.first.path == "outer/stack/dense"


def test_a_build_of_ones_own_goes_on_to_the_layers_by_super():
    class Own(keras.Model):
        made = 0

        def build(self, input_shape):
            type(self).made += 1
            self.dense = keras.layers.Dense(2)
            self.bonus = self.add_weight(shape=(2,), name="bonus")
            super().build(input_shape)

        def call(self, inputs):
            return self.dense(inputs) + self.bonus

    by_shape, by_call = Own(), Own()
    by_shape.build((None, 3))
    by_call(torch.ones(1, 3))
    assert Own.made == 2
    assert sorted(shapes_of(by_shape)) == sorted(shapes_of(by_call)) == [(2,), (2,), (3, 2)]


def test_what_was_done_to_the_model_before_reaches_its_layers():
    model = Stack()
    model.double().requires_grad_(False)
    model.build((None, 4))
    assert {weight.dtype for weight in model.weights} == {torch.float64}
    assert model.trainable_weights == []


def test_a_mixed_policy():
    model = Stack(dtype="mixed_bfloat16")
    model.build((None, 4))
    assert [weight.dtype for weight in model.weights] == [torch.float32] * 4


def test_inputs_that_must_be_integers():
    class Tokens(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, inputs):
            return self.dense(torch.nn.functional.one_hot(inputs, 5).float())

    model = Tokens()
    model.build((None, 7))
    assert shapes_of(model) == [(5, 2), (2,)]


class Fails(Stack):
    def call(self, inputs):
        return super().call(inputs) @ torch.ones(7, 7)


class Reads(Stack):
    def call(self, inputs):
        return super().call(torch.tensor(inputs.detach().numpy()))


class NeedsTwo(Stack):
    def call(self, inputs, other):
        return super().call(inputs) + other


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (Fails, (None, 4), r"fails \(Fails\): build\(\(None, 4\)\) cannot build .*Call the model on real inputs"),
        (Reads, (None, 4), r"reads .*numpy"),
        (NeedsTwo, (None, 4), r"needs_two .*'other'.*keras.build\(model, example_input\)"),
        (Stack, (4,), r"stack .*expected min_ndim=2, found ndim=1"),
        (keras.Model, (None, 4), r"model .*neither a graph nor a `call`"),
    ],
)
def test_what_cannot_run_without_data_builds_nothing(make, shape, message):
    model = make()
    with pytest.raises(ValueError, match=message):
        model.build(shape)
    assert not model.built
    assert not any(layer.built for layer in model.layers)


@pytest.mark.parametrize("shape", [4, "ab", {"a": 3}, [(None, 4), 3]])
def test_what_is_no_shape(shape):
    with pytest.raises(TypeError, match="Expected a shape or a nested structure of shapes"):
        Stack().build(shape)


def test_output_shapes_and_saved_states_do_not_need_it():
    assert Stack().compute_output_shape((None, 4)) == (None, 2)
    with pytest.raises(NotImplementedError, match="reads .*compute_output_shape"):
        Reads().compute_output_shape((None, 4))
    model, reads, twin = Reads(), Reads(), Stack()
    model(torch.ones(1, 4))
    reads.load_state_dict(model.state_dict())
    twin.load_state_dict(model.state_dict())
    assert reads.built
    assert torch.equal(twin(torch.ones(1, 4)), model(torch.ones(1, 4)))


def test_a_sequential_of_layers_that_pass_dicts():
    model = keras.Sequential([Takes(), Gives(), keras.layers.Dense(2)])
    model.build({"a": (None, 4), "b": (None, 3)})
    assert model.built
    assert shapes_of(model) == [(4, 3), (3,), (3, 2), (2,)]
    assert model({"a": torch.ones(2, 4), "b": torch.ones(2, 3)}).shape == (2, 2)
    with keras.saving.custom_object_scope({"Takes": Takes, "Gives": Gives}):
        twin = keras.models.model_from_json(model.to_json())
    assert shapes_of(twin) == shapes_of(model)
    other = keras.Sequential([Takes(), Gives(), keras.layers.Dense(2)])
    other.load_state_dict(model.state_dict())
    assert shapes_of(other) == shapes_of(model)


def test_dicts_between_the_layers_of_a_graph():
    class Splits(keras.layers.Layer):
        def call(self, inputs):
            return {"a": inputs + 1, "b": inputs[..., :3]}

    model = keras.Sequential([keras.Input((4,)), Splits(), Takes(), Gives()])
    assert model.output_shape == (None, 3)
    assert model(torch.ones(2, 4)).shape == (2, 3)
    model.pop()
    # Keras 3: [(None, 3)], without the keys.
    assert model.output_shape == {"sum": (None, 3)}
    assert list(model(torch.ones(2, 4))) == ["sum"]
    twin = keras.models.clone_model(model)
    assert twin.output_shape == {"sum": (None, 3)}
