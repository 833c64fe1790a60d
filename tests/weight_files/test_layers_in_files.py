"""Does each layer come out of the files that Keras writes, with the same numbers, and does Keras open ours?"""

from __future__ import annotations

import h5py
import pytest
import torch

import torchkeras_layer as ours
from tests.conformance.cases import CASES
from tests.oracle import keras
from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    # Keras gives its variables to h5py, which asks numpy to convert them.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]


def _is_in_files(case):
    """Whether Keras itself has the layer, and can call it symbolically and write it."""
    return case.has_config and not case.wraps_torch and getattr(keras.layers, case.layer).__module__[:6] == "keras."


# One case of each layer.
_CASES = {case.layer: case for case in reversed(CASES) if _is_in_files(case)}
_WITH_WEIGHTS = [name for name, case in _CASES.items() if case.ready().weights]


def _model(case):
    """Return a model of Keras with the layer of a case, and with its random weights."""
    _, layer = case.pair()
    dtype = "int32" if case.below is not None else "float32"
    inputs = map_shapes(lambda shape: keras.Input(shape[1:], dtype=dtype), case.shape)
    return keras.Model(leaves(inputs), case.call(layer, inputs))


def _paths_in(path):
    """Return the shape of each dataset in a file, by its path."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item.shape} if isinstance(item, h5py.Dataset) else {}))
    return found


def _assert_same(mine, theirs, case):
    given = leaves(case.inputs())
    given = given[0] if len(given) == 1 else given
    expected = [torch.as_tensor(result) for result in leaves(theirs(given, training=False))]
    for result, other in zip(leaves(mine.eval()(given)), expected, strict=True):
        torch.testing.assert_close(result.detach(), other.detach().to(result.dtype), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", _CASES)
def test_a_model_in_a_file(name, suffix, tmp_path):
    case = _CASES[name]
    theirs = _model(case)
    theirs.save(tmp_path / f"model{suffix}")
    mine = ours.saving.load_model(tmp_path / f"model{suffix}")
    _assert_same(mine, theirs, case)
    mine.save(tmp_path / f"again{suffix}")
    _assert_same(mine, keras.saving.load_model(tmp_path / f"again{suffix}"), case)


@pytest.mark.parametrize("name", _WITH_WEIGHTS)
def test_weights_in_a_file(name, tmp_path):
    case = _CASES[name]
    theirs = _model(case)
    theirs.save_weights(tmp_path / "model.weights.h5")
    mine = ours.models.model_from_json(theirs.to_json())
    report = mine.load_weights(tmp_path / "model.weights.h5")
    assert (report.missing, report.unexpected, report.mismatched) == ([], [], [])
    assert len(report.loaded) == len(mine.weights)
    _assert_same(mine, theirs, case)
    mine.save_weights(tmp_path / "again.weights.h5")
    assert _paths_in(tmp_path / "again.weights.h5") == _paths_in(tmp_path / "model.weights.h5")
