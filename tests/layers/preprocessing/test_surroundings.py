"""Do hashing and the lookups go along with what torch does around a layer: copies, files, compilers, graphs?"""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter, CompileCounterWithBackend

import torchkeras_layer as ours

STRINGS = ["the cat", "a", "the"]
INTS = torch.tensor([[5, 7, 5], [0, 9, -1]])


def _learnt(layer: str, **arguments: Any) -> Any:
    made = getattr(ours.layers, layer)(**arguments)
    made.adapt(INTS if layer == "IntegerLookup" else STRINGS)
    return made


# Each with a layer like it that has not learnt anything, and inputs.
LAYERS = [
    (_learnt("StringLookup"), ours.layers.StringLookup(), STRINGS),
    (_learnt("StringLookup", output_mode="tf_idf"), ours.layers.StringLookup(output_mode="tf_idf"), [STRINGS]),
    (_learnt("StringLookup", invert=True), ours.layers.StringLookup(invert=True), [[0, 1, 2]]),
    (_learnt("IntegerLookup", mask_token=0), ours.layers.IntegerLookup(mask_token=0), INTS),
    (
        _learnt("IntegerLookup", output_mode="tf_idf", max_tokens=9, pad_to_max_tokens=True),
        ours.layers.IntegerLookup(output_mode="tf_idf", max_tokens=9, pad_to_max_tokens=True),
        INTS,
    ),
    (_learnt("IntegerLookup", invert=True), ours.layers.IntegerLookup(invert=True), torch.tensor([0, 1, 2, 99])),
    (_learnt("TextVectorization"), ours.layers.TextVectorization(), STRINGS),
    (
        _learnt("TextVectorization", output_mode="tf_idf", ngrams=2),
        ours.layers.TextVectorization(output_mode="tf_idf", ngrams=2),
        STRINGS,
    ),
]
every_layer = pytest.mark.parametrize(
    ("layer", "empty", "inputs"), LAYERS, ids=lambda value: getattr(value, "name", "")
)


def _same(one: Any, other: Any) -> bool:
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one.tolist() == other.tolist()


def _through_a_file(value: Any) -> Any:
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@every_layer
def test_copies_and_pickles_know_the_same(layer, empty, inputs):
    for twin in (copy.deepcopy(layer), copy.copy(layer), pickle.loads(pickle.dumps(layer))):
        assert _same(twin(inputs), layer(inputs))
        assert twin.get_vocabulary() == layer.get_vocabulary()


@every_layer
def test_a_copy_learns_by_itself(layer, empty, inputs):
    before = layer.get_vocabulary()
    copy.deepcopy(layer).set_vocabulary([77] if layer.name.startswith("integer") else ["other"], _weights(layer, 1))
    assert layer.get_vocabulary() == before


@every_layer
def test_a_state_dict_brings_the_vocabulary(layer, empty, inputs):
    state = _through_a_file(layer.state_dict())
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    twin = copy.deepcopy(empty)
    assert not any(twin.load_state_dict(state))
    assert twin.get_vocabulary() == layer.get_vocabulary()
    assert _same(twin(inputs), layer(inputs))
    inside = nn.ModuleDict({"first": copy.deepcopy(empty)})
    inside.load_state_dict({f"first.{key}": value for key, value in state.items()})
    assert _same(inside["first"](inputs), layer(inputs))
    twin.load_state_dict(empty.state_dict())
    assert twin.get_vocabulary() == empty.get_vocabulary()


@every_layer
def test_there_are_no_weights(layer, empty, inputs):
    """Keras has none, so lists of a model's weights fit together."""
    assert layer.weights == []
    assert list(layer.parameters()) == []
    assert [key.rpartition(".")[2] for key in layer.state_dict()] == ["_extra_state"]


@every_layer
def test_a_config_makes_the_layer_again_without_what_it_has_learnt(layer, empty, inputs):
    config = layer.get_config()
    twin = type(layer).from_config(config)
    assert twin.get_config() == config
    assert twin.get_vocabulary() == empty.get_vocabulary()
    given = {"vocabulary": layer.get_vocabulary(), "idf_weights": _weights(layer, layer.vocabulary_size())}
    again = type(layer).from_config({**config, **given})
    assert again.get_vocabulary() == layer.get_vocabulary()
    assert type(layer).from_config(again.get_config()).get_vocabulary() == layer.get_vocabulary()


def _weights(layer: Any, count: int) -> list[float] | None:
    return [0.5] * count if layer.output_mode == "tf_idf" else None


@pytest.mark.parametrize(
    "state",
    [
        torch.tensor([1, 2, 3], dtype=torch.uint8),
        torch.frombuffer(bytearray(b'{"tokens": [1], "idf_weights": []}'), dtype=torch.uint8),
        torch.frombuffer(bytearray(b'{"tokens": ["a"], "idf_weights": [0.5]}'), dtype=torch.uint8),
        torch.frombuffer(bytearray(b'{"tokens": ["a", "b", "c", "d"], "idf_weights": []}'), dtype=torch.uint8),
        torch.frombuffer(bytearray(b'["a"]'), dtype=torch.uint8),
        torch.frombuffer(bytearray(b"[" * 100_000), dtype=torch.uint8),
        "text",
    ],
)
def test_what_is_no_vocabulary_is_refused(state):
    layer = _learnt("StringLookup", name="words", max_tokens=4)
    before = layer.get_vocabulary()
    with pytest.raises(ValueError, match=r"words: '_extra_state' in the state_dict must contain a vocabulary"):
        layer.load_state_dict({"_extra_state": state})
    assert layer.get_vocabulary() == before


def test_a_plain_pytorch_model_reads_texts():
    def make() -> Any:
        texts = ours.layers.TextVectorization(output_sequence_length=4)
        return nn.Sequential(texts, nn.Embedding(9, 3), nn.Flatten(), nn.Linear(12, 2))

    model, twin = make(), make()
    model[0].adapt(STRINGS)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = model(STRINGS)
    model(STRINGS).square().sum().backward()
    optimizer.step()
    assert not torch.equal(model(STRINGS), before)
    twin.load_state_dict(_through_a_file(model.state_dict()))
    assert torch.equal(twin(STRINGS), model(STRINGS))


def test_our_models_read_texts():
    class Classifier(ours.Model):
        def __init__(self):
            super().__init__()
            self.texts = ours.layers.TextVectorization(vocabulary=["the", "cat"])
            self.vectors = ours.layers.Embedding(4, 3)

        def call(self, inputs):  # pyright: ignore[reportIncompatibleMethodOverride]
            return self.vectors(self.texts(inputs))

    assert Classifier()(STRINGS).shape == (3, 2, 3)
    layers = [ours.layers.TextVectorization(vocabulary=["the", "cat"]), ours.layers.Embedding(4, 3)]
    assert ours.Sequential(layers)(STRINGS).shape == (3, 2, 3)


class _Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.texts = ours.layers.TextVectorization(vocabulary=["the", "cat"], output_sequence_length=4)
        self.rest = nn.Sequential(nn.Embedding(9, 3), nn.Flatten(), nn.Linear(12, 2))

    def forward(self, texts: list[str]) -> torch.Tensor:
        return self.rest(self.texts(texts))


def test_new_strings_are_no_reason_to_compile_again():
    torch._dynamo.reset()
    model, counter = _Reader(), CompileCounter()
    compiled = torch.compile(model, backend=counter)
    for number in range(12):
        texts = ["the cat", f"cat {number}"]
        torch.testing.assert_close(compiled(texts), model(texts))
    assert counter.frame_count == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"num_oov_indices": 3, "mask_token": 0},
        {"num_oov_indices": 0},
        {"num_oov_indices": 3, "oov_method": "farmhash"},
        {"output_mode": "count", "mask_token": 0},
        {"output_mode": "tf_idf", "idf_weights": [1.0, 2.0, 3.0, 4.0, 5.0]},
        {"output_mode": "one_hot"},
        {"invert": True},
    ],
)
def test_ints_are_looked_up_in_one_graph_and_exported(arguments):
    torch._dynamo.reset()
    vocabulary = [5, 7, 9, -2, 3]
    layer = ours.layers.IntegerLookup(vocabulary=vocabulary, **arguments)
    inputs = torch.tensor([[5, 7], [9, -2], [3, 3]])
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    torch.testing.assert_close(compiled(inputs), layer(inputs))
    torch.testing.assert_close(compiled(inputs + 0), layer(inputs))
    assert counter.frame_count == 1
    program = torch.export.export(layer, (inputs,), dynamic_shapes=(({0: torch.export.Dim("batch", min=2)}),))
    twice = torch.cat([inputs, inputs])
    torch.testing.assert_close(program.module()(twice), layer(twice))


def test_ints_are_looked_up_in_a_graph_of_layers():
    inputs = ours.Input((3,), dtype="int64")
    indices = ours.layers.IntegerLookup(vocabulary=[5, 7])(inputs)
    model = ours.Model(inputs, ours.layers.Embedding(3, 2)(indices))
    assert indices.shape == (None, 3)
    assert indices.dtype is torch.int64
    assert model(INTS).shape == (2, 3, 2)
    counts = ours.layers.IntegerLookup(vocabulary=[5, 7], output_mode="count")(inputs)
    assert counts.shape == (None, 3)
    assert counts.dtype is torch.float32


def test_ints_without_data_keep_their_shape():
    layer = _learnt("IntegerLookup").to("meta")
    assert layer(INTS.to("meta")).is_meta
    mapped = torch.func.vmap(_learnt("IntegerLookup"))(INTS)
    assert torch.equal(mapped, _learnt("IntegerLookup")(INTS))


def test_safetensors_take_the_state():
    safetensors = pytest.importorskip("safetensors.torch")
    layer = _learnt("TextVectorization")
    twin = ours.layers.TextVectorization()
    twin.load_state_dict(safetensors.load(safetensors.save(layer.state_dict())))
    assert twin.get_vocabulary() == layer.get_vocabulary()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_outputs_are_where_the_layer_was_sent():
    for name in ("StringLookup", "TextVectorization"):
        assert _learnt(name).to("cuda")(STRINGS).is_cuda
        assert _learnt(name, output_mode="tf_idf").to("cuda")([STRINGS] if name == "StringLookup" else STRINGS).is_cuda
    assert ours.layers.Hashing(4).to("cuda")(STRINGS).is_cuda
    assert ours.layers.Hashing(4)(INTS.cuda()).is_cuda
    for arguments in ({}, {"output_mode": "tf_idf"}, {"invert": True}):
        expected = _learnt("IntegerLookup", **arguments)(INTS)
        assert torch.equal(_learnt("IntegerLookup", **arguments).to("cuda")(INTS.cuda()).cpu(), expected)
