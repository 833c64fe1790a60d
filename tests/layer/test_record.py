"""What of a layer's record goes along with copies and pickles, and what does not?"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import layers as L
from torchkeras_layer.layer.record import Record

X = torch.ones(2, 3)


def _dense() -> Any:
    layer = L.Dense(2, kernel_regularizer="l2", name="head")
    layer(X)
    return layer


def _unpickled(layer: Any) -> Any:
    return pickle.loads(pickle.dumps(layer))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, _unpickled])
def test_a_copy_has_a_record_of_its_own(duplicate):
    layer = _dense()
    twin = duplicate(layer)
    assert twin._torchkeras is not layer._torchkeras
    twin._torchkeras.weight_specs.clear()
    twin.supports_masking = not layer.supports_masking
    twin._name = "other"
    assert list(layer.weight_specs) == ["kernel", "bias"]
    assert (layer.name, layer.supports_masking) == ("head", not twin.supports_masking)
    assert (twin(X) == layer(X)).all()


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, _unpickled])
def test_what_calls_have_left_is_not_copied(duplicate):
    layer = keras.Sequential([L.Dense(2, activity_regularizer="l2")])
    layer(X)
    layer(keras.Input((3,)))
    inner = duplicate(layer.layers[0])
    assert (len(layer.losses), inner.losses, inner.inbound_nodes) == (1, [], [])
    with pytest.raises(RuntimeError, match="is in no graph"):
        _ = inner.graph


def test_a_pickle_of_another_version_is_read():
    """Slots that it does not have, or has too, make no difference."""
    state = _dense()._torchkeras.__getstate__()
    older = {slot: value for slot, value in state.items() if slot not in ("is_building", "path")}
    record = Record.__new__(Record)
    record.__setstate__({**older, "of_another_version": 3})
    assert (record.name, record.is_building, record.path, record.built) == ("head", False, None, True)
    assert not hasattr(record, "of_another_version")


@pytest.mark.parametrize("slot", ["weight_specs", "unclaimed", "constants", "loss_functions", "inbound_nodes"])
def test_layers_share_no_container(slot):
    assert getattr(L.Dense(2)._torchkeras, slot) is not getattr(L.Dense(2)._torchkeras, slot)


def _functional() -> Any:
    x = keras.Input((3,), name="x")
    return keras.Model(x, L.Dense(2, kernel_initializer="ones", name="head")(x), name="model")


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, _unpickled])
@pytest.mark.parametrize("make", [_functional, lambda: keras.Sequential([keras.Input((3,)), L.Dense(2)])])
def test_a_copied_model_has_a_graph_of_its_own(make, duplicate):
    model = make()
    outputs = model.output
    twin = duplicate(model)
    assert model.output is outputs
    assert twin.output is not outputs
    assert (twin(X) == model(X)).all()
    assert twin.code == model.code


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, _unpickled])
@pytest.mark.parametrize("make", [_functional, lambda: keras.Sequential([keras.Input((3,)), L.Dense(2)])])
def test_a_copy_of_a_model_that_was_moved_casts_its_inputs_as_that_does(make, duplicate):
    model = make().to(torch.bfloat16)
    twin = duplicate(model)
    assert model(X).dtype is twin(X).dtype is torch.bfloat16
    assert twin.to(torch.float64)(X).dtype is torch.float64


def test_a_chain_whose_input_has_another_dtype_keeps_the_precision_of_its_inputs():
    """Also where a call goes through the whole pipeline."""
    model = keras.Sequential([keras.Input((1,), dtype="float64"), L.Dense(1, use_bias=False, dtype="float64")])
    model.set_weights([[[1.0]]])
    x = torch.tensor([[1 + 1e-12]], dtype=torch.float64)
    assert model(x).item() == model(x, training=False).item() == x.item()
