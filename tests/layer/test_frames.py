"""How many functions does a call go through?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from torchkeras_layer import layers


def _frames(function: Callable[..., Any], *args: Any) -> list[str]:
    """Return the names of the Python functions that a call goes through, comprehensions included."""
    names: list[str] = []

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call":
            names.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function(*args)
    finally:
        sys.setprofile(before)
    return names


def _masked() -> torch.Tensor:
    tensor: Any = torch.ones(2, 3, 4)
    tensor._keras_mask = torch.tensor([[True, True, False]] * 2)
    return tensor


@pytest.mark.parametrize(
    ("layer", "inputs", "most"),
    [
        (layers.Dropout(0.5), _masked(), 25),
        (layers.Dense(4), _masked(), 25),
        (layers.Add(), [_masked(), _masked()], 40),
        (layers.Dense(4), torch.ones(2, 3, 4), 8),
        (layers.Dropout(0.5), torch.ones(2, 3, 4), 11),
    ],
    ids=["Dropout, masked", "Dense, masked", "Add, masked", "Dense", "Dropout"],
)
def test_a_call_is_short(layer, inputs, most):
    layer(inputs)
    names = _frames(layer, inputs)
    assert "call" in names
    assert len(names) <= most


def test_a_masked_call_walks_its_structure_twice():
    """Once to flatten the inputs, once to pack them and their masks."""
    layer = layers.Add()
    layer([_masked(), _masked()])
    names = _frames(layer, [_masked(), _masked()])
    assert [name for name in names if name in ("leaves", "map_leaves", "pack", "pack_all")] == ["leaves", "pack_all"]
