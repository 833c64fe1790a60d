"""What did Keras 1 write for initializers, regularizers, constraints and orders of axes?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torchkeras_layer.models.configs.layer_rows import Untranslatable

_INITIALIZERS: Mapping[str, Any] = {
    "zero": "zeros",
    "one": "ones",
    "uniform": {"class_name": "RandomUniform", "config": {"minval": -0.05, "maxval": 0.05}},
    "normal": {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 0.05}},
    "orthogonal": {"class_name": "Orthogonal", "config": {"gain": 1.1}},
}
_REGULARIZERS = {"WeightRegularizer", "ActivityRegularizer", "L1L2Regularizer"}
_CONSTRAINTS: Mapping[str, Mapping[str, str]] = {
    "MaxNorm": {"m": "max_value", "axis": "axis"},
    "MinMaxNorm": {"low": "min_value", "high": "max_value", "rate": "rate", "axis": "axis"},
    "NonNeg": {},
    "UnitNorm": {"axis": "axis"},
}
_AXES_OF_THEANO = {
    # (out, in, *spatial) became (*spatial, in, out).
    4: {0: 3, 1: 2, 2: 0, 3: 1},
    5: {0: 4, 1: 3, 2: 0, 3: 1, 4: 2},
}


def initializer(value: Any) -> Any:
    """Return what Keras 1 calls by one of its own names in today's form.

    >>> initializer("zero"), initializer("he_normal")
    ('zeros', 'he_normal')
    """
    return _INITIALIZERS.get(value, value) if isinstance(value, str) else value


def regularizer(value: Any) -> Any:
    """Return a regularizer that is written flat, `{"name", "l1", "l2"}`, in today's form.

    Raises:
        Untranslatable: if there is none of this name today.

    >>> regularizer({"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5})
    {'class_name': 'L1L2', 'config': {'l1': 0.0, 'l2': 0.5}}
    """
    if not isinstance(value, dict) or "class_name" in value:
        return value
    name = value.get("name")
    if name not in _REGULARIZERS:
        raise Untranslatable(f"has the regularizer {name!r}, which is not here")
    return {"class_name": "L1L2", "config": {word: value[word] for word in ("l1", "l2") if word in value}}


def constraint(value: Any) -> Any:
    """Return a constraint that is written flat, such as `{"name": "MaxNorm", "m": 4}`, in today's form.

    Raises:
        Untranslatable: if there is none of this name today.

    >>> constraint({"name": "MaxNorm", "m": 4, "axis": 0})
    {'class_name': 'MaxNorm', 'config': {'max_value': 4, 'axis': 0}}
    """
    if not isinstance(value, dict) or "class_name" in value:
        return value
    name = value.get("name")
    if not isinstance(name, str) or name not in _CONSTRAINTS:
        raise Untranslatable(f"has the constraint {name!r}, which is not here")
    words = _CONSTRAINTS[name]
    return {"class_name": name, "config": {words[word]: part for word, part in value.items() if word in words}}


def data_format(value: Any) -> Any:
    """Return today's name of an order of axes.

    >>> data_format("th")
    'channels_first'
    """
    return {"th": "channels_first", "tf": "channels_last"}.get(value, value) if isinstance(value, str) else value


def padding(value: Any) -> Any:
    """Return the padding; `full` is not there any more.

    >>> padding("same")
    'same'
    """
    if isinstance(value, str) and value == "full":
        raise Untranslatable("has border_mode='full', which no layer of today has")
    return value


def with_axes_of_today(rank: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what moves the axes of constraints on kernels in the order of Theano.

    >>> limit = {"class_name": "MaxNorm", "config": {"max_value": 4, "axis": [1, 2, 3]}}
    >>> with_axes_of_today(4)({"data_format": "channels_first", "kernel_constraint": limit})["kernel_constraint"]
    {'class_name': 'MaxNorm', 'config': {'max_value': 4, 'axis': [2, 0, 1]}}
    """

    def move(config: dict[str, Any]) -> dict[str, Any]:
        found = config.get("kernel_constraint")
        if config.get("data_format") != "channels_first" or not isinstance(found, dict) or "config" not in found:
            return config
        arguments = dict(found["config"])
        axes, moved = arguments.get("axis", 0), _AXES_OF_THEANO[rank]
        if found["class_name"] != "NonNeg":
            arguments["axis"] = [moved.get(axis, axis) for axis in axes] if isinstance(axes, list) else moved.get(axes)
        return {**config, "kernel_constraint": {**found, "config": arguments}}

    return move


def value_today(word: str, value: Any) -> Any:
    """Return the value of an argument today, whose name today is `word`.

    Raises:
        Untranslatable: if there is none.

    >>> value_today("kernel_initializer", "zero"), value_today("units", 3)
    ('zeros', 3)
    """
    kinds = {"initializer": initializer, "regularizer": regularizer, "constraint": constraint}
    translate = {"data_format": data_format, "padding": padding}.get(word) or kinds.get(word.rpartition("_")[2])
    return value if translate is None else translate(value)
