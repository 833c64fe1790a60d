"""Does every initializer keep what all of them promise about names, configs, dtypes, devices and shapes?"""

from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest
import torch

from tests.initializers.cases import ALL, FIXED, NOT_FOR_ANY_RANK, RANDOM
from tests.oracle import keras
from torchkeras_layer import initializers
from torchkeras_layer._settings import set_floatx

OURS_ALONE = {"SeedGenerator", "normal", "uniform"}
NAMES = sorted(name for name in dir(keras.initializers) if not name.startswith("_"))


@pytest.fixture
def float64():
    set_floatx("float64")
    yield
    set_floatx("float32")


def _make(name, arguments, **more):
    return getattr(initializers, name)(**arguments, **more)


def test_there_are_no_more_and_no_fewer_than_in_keras():
    assert sorted(set(initializers.__all__) - OURS_ALONE) == NAMES


def test_every_one_is_tried():
    tried = {name for name, _ in ALL} | {"STFT"}
    assert set(initializers._catalog.catalog.names()) == tried


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("get", "serialize", "deserialize", "Initializer")])
def test_names_mean_what_they_mean_in_keras(name):
    ours, theirs = getattr(initializers, name), getattr(keras.initializers, name)
    assert type(initializers.get(name)) is ours
    assert ours.__name__ == theirs.__name__
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    for parameter in inspect.signature(ours).parameters.values():
        assert parameter.default == inspect.signature(theirs).parameters[parameter.name].default


@pytest.mark.parametrize("name", ["zero", "one", "normal", "uniform", "GlorotUniformV2", "he_normalV2", "ZerosV2"])
def test_old_names_are_known(name):
    kind = {"zero": "Zeros", "one": "Ones", "normal": "RandomNormal", "uniform": "RandomUniform"}
    expected = kind.get(name) or re.sub("V2$", "", initializers._catalog.catalog.get(name).__class__.__name__)
    assert type(initializers.get(name)).__name__ == expected


@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_configs_are_those_of_keras(name, arguments):
    arguments = {**arguments, "seed": 3} if (name, arguments) in RANDOM else arguments
    ours, theirs = _make(name, arguments), getattr(keras.initializers, name)(**arguments)
    config = initializers.serialize(ours)
    if name == "Identity":
        # Keras forgets the gain.
        assert config["config"].pop("gain") == arguments.get("gain", 1.0)
    assert config == keras.initializers.serialize(theirs)


@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_configs_of_keras_are_read(name, arguments):
    theirs = keras.initializers.serialize(getattr(keras.initializers, name)(**arguments))
    ours = initializers.deserialize(theirs)
    assert type(ours) is getattr(initializers, name)
    assert keras.initializers.serialize(keras.initializers.deserialize(initializers.serialize(ours))) == theirs


@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_copies_are_equal(name, arguments):
    first = _make(name, arguments)
    for second in (
        first.clone(),
        copy.deepcopy(first),
        pickle.loads(pickle.dumps(first)),
        initializers.get(initializers.serialize(first)),
        initializers.get({"class_name": name, "config": first.get_config()}),
        initializers.get({"class_name": name, "config": {**first.get_config(), "dtype": "float32"}}),
    ):
        assert type(second) is type(first)
        assert repr(second) == repr(first)
        assert second.get_config() == first.get_config()


@pytest.mark.parametrize(("name", "arguments"), ALL)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_dtype_is_the_one_asked_for(name, arguments, dtype):
    values = _make(name, arguments)((3, 4), dtype=dtype)
    assert values.dtype is getattr(torch, dtype)
    assert values.isfinite().all()
    assert _make(name, arguments)((3, 4), dtype=values.dtype).dtype is values.dtype


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_dtype_is_floatx_by_default(name, arguments):
    assert _make(name, arguments)((3, 4)).dtype is torch.float64


@pytest.mark.parametrize(("name", "arguments"), FIXED)
@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "bool", "complex64"])
def test_fixed_numbers_come_in_any_dtype(name, arguments, dtype):
    values = _make(name, arguments)((3, 3), dtype=dtype)
    expected = _make(name, arguments)((3, 3), dtype="float64").to(values.dtype)
    assert values.dtype is getattr(torch, dtype)
    assert torch.equal(values, expected)


@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_nothing_is_allocated_on_the_meta_device(name, arguments):
    with torch.device("meta"):
        values = _make(name, arguments)((3, 4), dtype="bfloat16")
        seeded = _make(name, arguments, seed=1)((3, 4)) if (name, arguments) in RANDOM else values
    assert values.is_meta
    assert seeded.is_meta
    assert values.shape == (3, 4)
    assert values.dtype is torch.bfloat16


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_numbers_are_made_on_the_default_device(name, arguments):
    seed = {"seed": 1} if (name, arguments) in RANDOM else {}
    initializer = _make(name, arguments, **seed)
    with torch.device("cuda"):
        first, second = initializer((3, 4)), initializer((3, 4))
    assert first.device.type == "cuda"
    assert torch.equal(first, second)
    assert initializer((3, 4)).device.type == "cpu"


@pytest.mark.parametrize(("name", "arguments"), ALL)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_shapes_may_be_empty(name, arguments, shape):
    assert _make(name, arguments)(shape).shape == shape


@pytest.mark.parametrize(("name", "arguments"), [case for case in ALL if case[0] not in NOT_FOR_ANY_RANK])
@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4)])
def test_shapes_may_have_any_rank(name, arguments, shape):
    if "input_axes" in arguments and len(shape) < 2:
        shape = (3, 2)
    assert _make(name, arguments)(shape).shape == shape


@pytest.mark.parametrize("shape", [[2, 3], torch.Size([2, 3]), torch.tensor([2, 3]), torch.tensor([2, 3]).numpy()])
def test_shapes_may_be_of_any_sort(shape):
    assert initializers.get("glorot_uniform")(shape).shape == (2, 3)


@pytest.mark.parametrize(("name", "arguments"), ALL)
@pytest.mark.parametrize("shape", [(None, 3), (-1, 3), (2.0, 3), (True, 3), 3, "ab", None, {2: 3}, [(2,), 3]])
def test_what_is_no_shape_is_an_error(name, arguments, shape):
    with pytest.raises(ValueError, match=rf"{name}: shape must be .* Received: shape={re.escape(repr(shape))}"):
        _make(name, arguments)(shape)


@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_unknown_arguments_of_a_call_are_errors(name, arguments):
    initializer = _make(name, arguments)
    assert initializer((2, 2), None, layout=None, partition_shape=None).shape == (2, 2)
    for unknown in ({"size": 3}, {"size": None}, {"layout": "a"}):
        with pytest.raises(ValueError, match=f"{name}: a call takes only shape and dtype"):
            initializer((2, 2), **unknown)
    with pytest.raises(TypeError, match="Unknown dtype"):
        initializer((2, 2), dtype="float31")


@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_each_call_gives_new_contiguous_memory_without_history(name, arguments):
    initializer = _make(name, arguments)
    first, second = initializer((4, 4)), initializer((4, 4))
    assert first.data_ptr() != second.data_ptr()
    assert first.is_contiguous()
    assert first.untyped_storage().nbytes() == 4 * 16
    assert not first.requires_grad


@pytest.mark.parametrize(("name", "arguments"), [case for case in RANDOM if case[0] != "RandomUniform"])
@pytest.mark.parametrize("dtype", ["int32", "bool", "complex64"])
def test_random_numbers_are_floats(name, arguments, dtype):
    with pytest.raises(ValueError, match=f"{name}: dtype must be a float type. Received: dtype=torch.{dtype}"):
        _make(name, arguments)((2, 3), dtype=dtype)
