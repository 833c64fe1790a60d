"""Do locally connected layers compute what Keras 2's do, however their weights are kept, and refuse bad input?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.families import locally_connected
from tests.oracle import assert_close, keras
from torchkeras_layer import Input, Model, layers

RANKS = [1, 2]
CLASSES = [f"LocallyConnected{rank}D" for rank in RANKS]
every_class = pytest.mark.parametrize("name", CLASSES)
GOLDENS = json.loads(
    Path(locally_connected.__file__).parent.with_name("tf_keras").joinpath("locally_connected.json").read_text()
)


@pytest.mark.parametrize("golden", GOLDENS)
def test_the_stand_in_computes_what_tf_keras_does(golden):
    config = {name: value for name, value in golden["config"]["config"].items() if name != "dtype"}
    layer = getattr(keras.layers, golden["config"]["class_name"]).from_config(config)
    inputs = torch.tensor(golden["inputs"])
    layer.build(tuple(inputs.shape))
    layer.set_weights([np.array(weight) for weight in golden["weights"]])
    assert_close(layer(inputs), np.array(golden["outputs"]), atol=1e-5)


@st.composite
def _configurations(draw: Any, rank: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Draw arguments, and the shape of inputs that hold a window."""
    sizes = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    padding = draw(st.sampled_from(["valid", "same"]))
    lengths = [draw(st.integers(size if padding == "valid" else 1, 6 if rank == 1 else 4)) for size in sizes]
    arguments = {
        "filters": draw(st.integers(1, 3)),
        "kernel_size": sizes,
        "strides": tuple(draw(st.integers(1, 3)) for _ in range(rank)),
        "padding": padding,
        "data_format": draw(st.sampled_from(["channels_last", "channels_first"])),
        "activation": draw(st.sampled_from([None, "tanh"])),
        "use_bias": draw(st.booleans()),
        "implementation": draw(st.sampled_from([1, 2, 3] if padding == "valid" else [2, 3])),
    }
    batch, channels = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    is_last = arguments["data_format"] == "channels_last"
    return arguments, (batch, *lengths, channels) if is_last else (batch, channels, *lengths)


def _values(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def _built(library: Any, name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> Any:
    layer = getattr(library, name)(**arguments, dtype="float64")
    layer.build(shape)
    layer.set_weights([_values(*weight.shape) for weight in layer.weights])
    return layer


@every_class
@given(data=st.data())
def test_random_configurations_with_gradients(name, data):
    arguments, shape = data.draw(_configurations(int(name[-2])))
    inputs = torch.tensor(_values(*shape), requires_grad=True)
    results = []
    for library in (layers, keras.layers):
        layer = _built(library, name, arguments, shape)
        outputs = layer(inputs)
        direction = torch.linspace(-1, 2, outputs.numel()).reshape(outputs.shape)
        weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
        results.append([outputs, *torch.autograd.grad((outputs * direction).sum(), [inputs, *weights])])
        assert layer.compute_output_shape(shape) == tuple(outputs.shape)
    assert_close(results[0], results[1], f"{name} {arguments} {shape}", rtol=1e-10, atol=1e-12)


@every_class
@pytest.mark.parametrize("implementation", [1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_gradients_are_right(name, implementation, data_format):
    shape = (2, *[4] * int(name[-2]), 3) if data_format == "channels_last" else (2, 3, *[4] * int(name[-2]))
    arguments = {"filters": 2, "kernel_size": 3, "data_format": data_format, "implementation": implementation}
    layer = _built(layers, name, arguments, shape)
    weights = {key: weight.detach().clone().requires_grad_() for key, weight in layer.named_parameters()}

    def call(inputs: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, dict(zip(weights, values, strict=True)), (inputs,))

    inputs = torch.tensor(_values(*shape), requires_grad=True)
    assert torch.autograd.gradcheck(call, [inputs, *weights.values()], fast_mode=True)


@every_class
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_all_implementations_give_the_same_numbers(name, data_format):
    rank = int(name[-2])
    inputs = torch.tensor(_values(2, *[4] * (rank + 1)))
    made = [
        _built(
            layers,
            name,
            {"filters": 2, "kernel_size": 2, "data_format": data_format, "implementation": one},
            inputs.shape,
        )
        for one in (1, 2, 3)
    ]
    flat = made[2].get_weights()[0]
    # What 3 keeps, as 1 keeps it: by windows. As 2: in the places of a Dense layer whose other weights are never used.
    if data_format == "channels_last":
        by_windows = flat.reshape(3**rank, 2, -1).swapaxes(1, 2)
    else:
        by_windows = np.moveaxis(flat.reshape(2, 3**rank, -1), 0, -1)
    made[0].set_weights([by_windows, made[2].get_weights()[1]])
    dense = made[1].get_weights()[0]
    for index, numbers in zip(np.ndindex(*[3] * rank), by_windows, strict=True):
        window = tuple(slice(one, one + 2) for one in index)
        if data_format == "channels_last":
            dense[(*window, slice(None), *index)] = numbers.reshape(*[2] * rank, 4, 2)
        else:
            # Between indices, numpy puts the axes that they leave first.
            for filter_number in range(2):
                dense[(slice(None), *window, filter_number, *index)] = numbers[:, filter_number].reshape(4, *[2] * rank)
    made[1].set_weights([dense, made[2].get_weights()[1]])
    outputs = [layer(inputs) for layer in made]
    assert_close(outputs[0], outputs[2], rtol=1e-10, atol=1e-12)
    assert_close(outputs[1], outputs[2], rtol=1e-10, atol=1e-12)


@every_class
@pytest.mark.parametrize("implementation", [1, 2, 3])
def test_batches_are_free(name, implementation):
    rank = int(name[-2])
    layer = getattr(layers, name)(3, 2, implementation=implementation)
    inputs = Input((*[4] * rank, 2))
    model = Model(inputs, layer(inputs))
    assert model.output_shape == (None, *[3] * rank, 3)
    free = {0: torch.export.Dim.DYNAMIC}
    program = torch.export.export(layer, (torch.ones(2, *[4] * rank, 2),), dynamic_shapes=(free,)).module()
    images = torch.tensor(_values(5, *[4] * rank, 2)).float()
    assert torch.equal(model(images), layer(images))
    torch.testing.assert_close(program(images), layer(images))


@every_class
def test_only_kernel_and_bias_are_weights(name):
    rank = int(name[-2])
    layer = getattr(layers, name)(3, 2, implementation=3)
    layer.build((None, *[4] * rank, 2))
    assert len(layer.weights) == 2
    assert list(layer.state_dict()) == ["kernel", "bias"]
    assert layer(torch.ones(1, *[4] * rank, 2, dtype=torch.int64)).dtype is torch.float32


@every_class
def test_sizes_are_those_of_the_build(name):
    rank = int(name[-2])
    layer = getattr(layers, name)(3, 2, name="local")
    layer(torch.zeros(2, *[4] * rank, 2))
    message = "^local: input 0 does not fit the layer: expected axis 1 to have size 4, found size 5."
    with pytest.raises(ValueError, match=message):
        layer(torch.zeros(2, *[5] * rank, 2))


@every_class
@pytest.mark.parametrize("argument", ["filters", "kernel_size", "strides", "implementation"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True])
def test_numbers_are_positive_ints(name, argument, value):
    with pytest.raises(ValueError, match=f"^{name}: {argument} must be a positive int. Received: {argument}="):
        getattr(layers, name)(**{"filters": 2, "kernel_size": 3} | {argument: value})


@every_class
def test_other_arguments_are_checked(name):
    make = getattr(layers, name)
    with pytest.raises(ValueError, match=f"^{name}: implementation must be 1, 2 or 3. Received: implementation=4."):
        make(2, 3, implementation=4)
    with pytest.raises(
        ValueError, match=f"^{name}: padding must be 'valid' if implementation is 1. Received: padd.* Give"
    ):
        make(2, 3, padding="same")
    with pytest.raises(ValueError, match=f"^{name}: padding must be one of 'valid', 'same'. Received: padding='causal"):
        make(2, 3, padding="causal")
    with pytest.raises(ValueError, match=f"^{name}: data_format must be one of .* Received: data_format='last'"):
        make(2, 3, data_format="last")
    with pytest.raises(ValueError, match=f"^{name}: activation: "):
        make(2, 3, activation="no such")


@every_class
def test_inputs_are_checked(name):
    rank = int(name[-2])
    layer = getattr(layers, name)(2, 3, name="local")
    with pytest.raises(ValueError, match=rf"^local: expects inputs of rank {rank + 2}, .*a shape of rank 2, \(2, 3\)"):
        layer.build((2, 3))
    message = r"^local: cannot make its weights, whose shapes depend on axes .* of the inputs. Received: input_shape"
    with pytest.raises(ValueError, match=message):
        layer.build((None, *[None] * rank, 3))
    with pytest.raises(ValueError, match=message):
        layer.build((None, *[4] * rank, None))
    with pytest.raises(ValueError, match=r"^local: inputs of shape \(1, .*2, 3\) are too small for kernel_size="):
        layer.build((1, *[2] * rank, 3))


@pytest.mark.parametrize(
    ("implementation", "padding"), [(1, "valid"), (2, "valid"), (3, "valid"), (2, "same"), (3, "same")]
)
def test_a_layer_made_without_data_takes_a_state_dict(implementation, padding):
    make = lambda: layers.LocallyConnected2D(2, 2, padding=padding, implementation=implementation)  # noqa: E731
    layer, inputs = make(), torch.linspace(-1, 1, 48).reshape(1, 4, 4, 3)
    expected = layer(inputs)
    for assign in (False, True):
        with torch.device("meta"):
            twin = make()
            twin.build((1, 4, 4, 3))
        twin = twin if assign else twin.to_empty(device="cpu")
        twin.load_state_dict(layer.state_dict(), assign=assign)
        assert torch.equal(twin(inputs), expected)
