"""Does a layer come from its family when it is named, and not before?"""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import torchkeras_layer as keras
from torchkeras_layer.layers import _families

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


def test_all_names_are_listed_before_they_are_imported():
    assert set(keras.layers.__all__) <= set(dir(keras.layers))


def test_a_misspelt_layer():
    with pytest.raises(AttributeError, match=r"no attribute 'LTSM'\. Did you mean 'LSTM'\?"):
        keras.layers.LTSM  # noqa: B018
