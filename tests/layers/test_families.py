"""Does a layer come from its family when it is named, and not before?"""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import torchkeras_layer as keras
from torchkeras_layer._absent import instead_of
from torchkeras_layer.layers import _families

OF_TF_KERAS = Path(__file__).parent / "tf_keras_positions.json"
_PROGRAM = """
import sys
import torchkeras_layer as keras
print("torchkeras_layer.layers.recurrent" in sys.modules)
keras.layers.{}
print("torchkeras_layer.layers.recurrent" in sys.modules)
"""


def _run(expression):
    command = [sys.executable, "-c", _PROGRAM.format(expression)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_a_layer_is_imported_when_it_is_named():
    assert _run("LSTM") == ["False", "True"]


def test_a_config_may_name_any_layer():
    config = {"class_name": "LSTM", "config": {"units": 2}}
    assert _run(f"deserialize({config})") == ["False", "True"]


@pytest.mark.parametrize("family", _families._NAMES)
def test_the_table_says_what_the_family_gives(family):
    module = importlib.import_module(f"torchkeras_layer.layers.{family}")
    assert sorted(name for name, of in _families.FAMILY_OF.items() if of == family) == sorted(module.__all__)
    assert all(getattr(keras.layers, name) is getattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("space", ["layers", "metrics"])
def test_what_keras_has_is_here_or_has_advice(space):
    from tests.oracle import keras as theirs

    of_keras = {name for name, value in vars(getattr(theirs, space)).items() if inspect.isclass(value)}
    of_keras |= set(json.loads(OF_TF_KERAS.read_text())) if space == "layers" else set()
    missing = of_keras - set(getattr(keras, space).__all__)
    assert [name for name in missing if not instead_of(name, space)] == []


def test_all_names_are_listed_before_they_are_imported():
    assert set(keras.layers.__all__) <= set(dir(keras.layers))


def test_all_of_them_are_imported_by_a_star():
    program = "from torchkeras_layer.layers import *; print(LSTM.__name__, MaxPool1D.__name__, get('flatten').name)"
    command = [sys.executable, "-c", program]
    assert subprocess.check_output(command, text=True) == "LSTM MaxPooling1D flatten\n"


def test_a_misspelt_layer():
    with pytest.raises(AttributeError, match=r"no attribute 'LTSM'\. Did you mean 'LSTM'\?"):
        keras.layers.LTSM  # noqa: B018
