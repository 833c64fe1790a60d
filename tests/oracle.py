"""What does Keras 3 itself answer? The one place that imports it, on its torch backend.

A test module with `from tests.oracle import assert_close, keras` is skipped where Keras is not installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

os.environ["KERAS_BACKEND"] = "torch"

keras = pytest.importorskip("keras", minversion="3.0")
_T = TypeVar("_T")

if keras.backend.backend() != "torch":
    raise RuntimeError(
        f"Keras runs on {keras.backend.backend()}: something imported it before tests/oracle.py did. "
        "Write `from tests.oracle import keras` there."
    )


@contextmanager
def keras_keeps_float64() -> Iterator[None]:
    """Have Keras compute in float64 what is float64, as it does on TensorFlow; elsewhere many operations round it."""
    table = keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE
    table["float64"] = "float64"
    try:
        yield
    finally:
        table["float64"] = "float32"


def stand_in(space: str) -> Callable[[_T], _T]:
    """Return a decorator that shows a class or function as one of `keras.layers`, `keras.initializers` and so on.

    For what Keras 3 on torch lacks: written with Keras, it computes what ours does in another way.
    """

    def add(target: _T) -> _T:
        module, name = getattr(keras, space), getattr(target, "__name__", "")
        assert not hasattr(module, name), f"keras.{space} has a {name} of its own."
        keras.src.api_export.keras_export(f"keras.{space}.{name}")(target)
        setattr(module, name, target)
        # All but layers are looked up here too.
        getattr(getattr(keras.src, space), "ALL_OBJECTS_DICT", {})[name] = target
        return target

    return add


def to_numpy(value: Any) -> np.ndarray:
    """Return a tensor, weight or array of either library as a numpy array; bfloat16 becomes float32."""
    tensor = getattr(value, "value", value)
    if not isinstance(tensor, torch.Tensor):
        return np.asarray(tensor)
    tensor = tensor.detach().cpu().resolve_conj()
    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy()


def assert_close(ours: Any, theirs: Any, what: str = "result", rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Fail, naming `what` and where, unless two nested structures hold the same numbers in the same shapes.

    Dtypes are not compared: `assert ours.dtype == …` says that more clearly.
    """
    keys = _keys(theirs)
    assert _keys(ours) == keys, f"{what}: {ours!r} is not nested like {theirs!r}"
    if keys is None:
        _assert_arrays_close(to_numpy(ours), to_numpy(theirs), what, rtol, atol)
        return
    for key in keys:
        assert_close(ours[key], theirs[key], f"{what}[{key!r}]", rtol, atol)


def _keys(structure: Any) -> list[Any] | None:
    if isinstance(structure, dict):
        return list(structure)
    return list(range(len(structure))) if isinstance(structure, (list, tuple)) else None


def _assert_arrays_close(ours: np.ndarray, theirs: np.ndarray, what: str, rtol: float, atol: float) -> None:
    assert ours.shape == theirs.shape, f"{what}: our shape {ours.shape} is not Keras's {theirs.shape}"
    different = ~np.isclose(ours, theirs, rtol, atol, equal_nan=True)
    if different.any():
        first = tuple(int(index) for index in np.argwhere(np.atleast_1d(different))[0])[: ours.ndim]
        largest = np.abs(ours.astype("complex128") - theirs.astype("complex128"))[different].max()
        raise AssertionError(
            f"{what}: {different.sum()} of {different.size} numbers differ, by {largest:.3g} at the most "
            f"(allowed: {atol} + {rtol} × Keras's). "
            f"First at {list(first)}: ours {ours[first]!r}, Keras's {theirs[first]!r}."
        )
