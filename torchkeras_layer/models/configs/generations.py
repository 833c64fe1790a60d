"""Which Keras wrote a config, and how does what Keras 1 or 2 wrote get the form of today?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from torchkeras_layer.models.configs.branches import as_graph, begins_with_branches, with_merged_layers
from torchkeras_layer.models.configs.keras_1_layers import HARD_SIGMOID, KERAS_1_LAYERS, WITHOUT_ORDER
from torchkeras_layer.models.configs.keras_2_layers import KERAS_2_0_LAYERS, KERAS_2_LAYERS
from torchkeras_layer.models.configs.keras_2_nodes import has_keras_2_nodes, is_graph_config
from torchkeras_layer.models.configs.layer_rows import Row, Untranslatable
from torchkeras_layer.models.configs.old_sequentials import with_input_layer
from torchkeras_layer.registry import DeserializationError, get_registered_object
from torchkeras_layer.registry.serialization import MAX_DEPTH

_OLD_GATE = "hard_sigmoid"


@dataclass(frozen=True)
class Generation:
    """The versions of Keras that write configs in one way.

    Args:
        name: what it is called in errors.
        rows: how it writes the layers of a class.
        always: how it writes all other layers.
    """

    name: str
    rows: Mapping[str, Row]
    always: Row


_is_of_today: ContextVar[bool] = ContextVar("is_of_today", default=False)
_KERAS_1 = Generation("Keras 1", KERAS_1_LAYERS, Row(dropped=("input_dtype",)))
_KERAS_2_0 = Generation("Keras 2", KERAS_2_0_LAYERS, Row())
_KERAS_2 = Generation("Keras 2", KERAS_2_LAYERS, Row())


@contextmanager
def of_today(config: Any) -> Iterator[Any]:
    """Give the config of a model with its class, with its layers as Keras 3 would write them.

    `keras_version` says who wrote it; without it, what only one generation wrote does. Inside, parts of the config are
    taken as they are.

    Raises:
        DeserializationError: naming all layers that mean what no layer of today does.

    >>> dense = {"class_name": "Dense", "config": {"name": "head", "output_dim": 2, "batch_input_shape": [None, 3]}}
    >>> with of_today({"class_name": "Sequential", "config": [dense]}) as config:
    ...     config["config"]["layers"][1]
    {'class_name': 'Dense', 'config': {'name': 'head', 'units': 2}}
    """
    if _is_of_today.get() and "keras_version" not in config:
        yield config
        return
    token = _is_of_today.set(True)
    try:
        yield _translated(config)
    finally:
        _is_of_today.reset(token)


def _translated(config: Any) -> Any:
    generation = _generation_of(config)
    if generation is None:
        return config
    translation = _Translation(generation, {*_orders_in(config)})
    result = translation.translate({word: value for word, value in config.items() if word != "keras_version"})
    translation.check()
    return result


def _generation_of(config: Any) -> Generation | None:
    version = config.get("keras_version") if isinstance(config, dict) else None
    if isinstance(version, str):
        major, _, rest = version.partition(".")
        if major in ("0", "1"):
            return _KERAS_1
        is_early = rest[:1] in ("0", "1", "2") and not rest[1:2].isdigit() and "tf" not in rest
        return (_KERAS_2_0 if is_early else _KERAS_2) if major == "2" else None
    entries = [*entries_in(config)]
    if any(_is_of_keras_1(entry) for entry in entries):
        return _KERAS_1
    if any(isinstance(entry["config"], list) for entry in entries):
        return _KERAS_2_0
    return _KERAS_2 if any(map(_is_of_keras_2, entries)) else None


def entries_in(value: Any) -> Iterator[dict[str, Any]]:
    """Give all objects in a config, from the outside to the inside; not those that are too deep to be read."""
    level = [value]
    for _ in range(MAX_DEPTH):
        yield from (part for part in level if isinstance(part, dict) and "class_name" in part and "config" in part)
        level = [
            part
            for outer in level
            if isinstance(outer, (dict, list))
            for part in (outer.values() if isinstance(outer, dict) else outer)
        ]


def _orders_in(value: Any) -> Iterator[str]:
    for entry in entries_in(value):
        order = entry["config"].get("dim_ordering") if isinstance(entry["config"], dict) else None
        if order in ("th", "tf"):
            yield order


def _is_of_keras_1(entry: dict[str, Any]) -> bool:
    name, config = entry["class_name"], entry["config"]
    if not isinstance(name, str) or not isinstance(config, dict) or entry.get("module") is not None:
        return False
    row = KERAS_1_LAYERS.get(name)
    return row is not None and row.knows(config) and get_registered_object(name) is None


def _is_of_keras_2(entry: dict[str, Any]) -> bool:
    config = entry["config"]
    if not isinstance(config, dict) or entry.get("module") is not None:
        return False
    if is_graph_config(config) and isinstance(config["layers"], list):
        return has_keras_2_nodes(config)
    return "batch_input_shape" in config


class _Translation:
    """One walk over a config, which applies the rows of a generation and notes what they cannot translate."""

    def __init__(self, generation: Generation, orders: set[str]) -> None:
        self._generation = generation
        self._orders = orders
        self._problems: dict[str, str] = {}
        self._classes: dict[str, None] = {}
        # A function of this name that the program gave is the one that is meant.
        self._has_own_gate = get_registered_object(_OLD_GATE) is not None

    def translate(self, value: Any, word: Any = "", depth: int = 0) -> Any:
        """Return a part of the config in the form of today."""
        if depth > MAX_DEPTH:
            # The reader says that it is too deep.
            return value
        if isinstance(word, str) and word.endswith("activation") and _means_old_gate(value) and not self._has_own_gate:
            return HARD_SIGMOID
        if isinstance(value, list):
            return [self.translate(part, "", depth + 1) for part in value]
        if not isinstance(value, dict):
            return value
        if value.get("class_name") == "Sequential":
            value = with_input_layer(value)
        value = {name: self.translate(part, name, depth + 1) for name, part in value.items()}
        is_object = isinstance(value.get("class_name"), str) and isinstance(value.get("config"), dict)
        return self._object(value) if is_object else value

    def check(self) -> None:
        """Raise an error that names everything that was not translated."""
        if not self._problems:
            return
        given = ", ".join(f'"{name}": {name}' for name in self._classes)
        raise DeserializationError(
            f"The model has layers of {self._generation.name} that cannot be translated: "
            f"{'; '.join(f'{name} {problem}' for name, problem in self._problems.items())}. Write them, and pass them: "
            f"custom_objects={{{given}}}. A class that you pass gets the config of the file as it is. "
            "See docs/differences.md#custom-objects"
        )

    def _object(self, entry: dict[str, Any]) -> dict[str, Any]:
        name, config = entry["class_name"], entry["config"]
        row = self._generation.rows.get(name)
        is_built_in = entry.get("module") in (None, "keras.layers") and get_registered_object(name) is None
        if row is None or not is_built_in:
            row = self._generation.always
        try:
            if name in WITHOUT_ORDER and self._generation is _KERAS_1:
                config = self._with_order(config)
            new_name, new = row.apply(config)
            entry = {**entry, "class_name": new_name or name, "config": new}
            if begins_with_branches(entry):
                return as_graph(entry)
            return with_merged_layers(entry) if is_graph_config(new) else entry
        except Untranslatable as problem:
            said = str(problem)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            said = f"has a config that cannot be read ({type(error).__name__}: {error})"
        subject = entry["config"]["layers"][0] if begins_with_branches(entry) else entry
        self._problems[f"{subject['config'].get('name')!r} ({subject['class_name']})"] = said
        self._classes[subject["class_name"]] = None
        return entry

    def _with_order(self, config: dict[str, Any]) -> dict[str, Any]:
        """Keras 1 took the order of such a layer from a file of settings, and did not write it."""
        if "dim_ordering" in config or "data_format" in config:
            return config
        if len(self._orders) != 1:
            raise Untranslatable(
                'does not say its dim_ordering, and neither do the other layers of the model; write "dim_ordering": '
                '"tf" or "th" into its config'
            )
        return {"dim_ordering": next(iter(self._orders)), **config}


def _means_old_gate(value: Any) -> bool:
    is_function = isinstance(value, dict) and value.get("class_name") == "function"
    return (value.get("config") if is_function else value) == _OLD_GATE
