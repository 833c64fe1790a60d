"""How does an operation in a config become nodes of a graph?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.models.configs.keras_3_classes import operation_of
from torchkeras_layer.models.configs.keras_3_operations import arguments_in, call_of, is_operation
from torchkeras_layer.models.configs.tf_operations import function_of, is_known, node_call, spelled_call
from torchkeras_layer.registry import DeserializationError, get_registered_object
from torchkeras_layer.symbolic.size_nodes import as_value

# From the arguments of a call in the config to the function, and the arguments that it gets.
Spelling = Callable[[list[Any], dict[str, Any]], tuple[Callable[..., Any], Any, dict[str, Any]]]


class OperationCalls:
    """What stands for a layer while a graph is read: its calls add the nodes of functions to the graph.

    Args:
        name: the name of the layer in the config.
        spelling: which function a call means, and with which arguments.
        supplied_as: the name under which the function was supplied, if it was.
        keeps_structure: whether a list of one tensor in the config means a list.
    """

    def __init__(
        self, name: str, spelling: Spelling, supplied_as: str | None = None, keeps_structure: bool = False
    ) -> None:
        self.name = name
        self.keeps_structure = keeps_structure
        self._spelling = spelling
        self._supplied_as = supplied_as
        self._layers: dict[Callable[..., Any], TorchFunction] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a node, and return its symbolic outputs."""
        function, args, kwargs = self._spelling(list(args), kwargs)
        if function not in self._layers:
            # A second function is rare: it follows from the kinds of the arguments.
            name = self.name if not self._layers else f"{self.name}_{len(self._layers)}"
            self._layers[function] = TorchFunction(function, self._supplied_as, name=name)
        return self._layers[function](*args, **kwargs)


def operation_in(entry: dict[str, Any]) -> OperationCalls | None:
    """Return what stands for an operation in a list of layers; `None` for a layer.

    Raises:
        DeserializationError: if the operation is neither here nor supplied, or its config is malformed.

    >>> operation_in({"module": "keras.src.ops.nn", "class_name": "Relu", "config": {"name": "r"}}).name
    'r'
    """
    if is_operation(entry):
        return _keras_3_operation(entry)
    function = function_of(entry)
    return None if function is None else _tf_operation(entry, function)


def _tf_operation(entry: dict[str, Any], function: str) -> OperationCalls:
    # The config of a node has another name than its layer.
    name = entry.get("name") or entry["config"].get("name")
    supplied_as = next((word for word in (name, function) if callable(_supplied(word))), None)
    if not isinstance(name, str) or (supplied_as is None and not is_known(entry["class_name"], function)):
        raise DeserializationError(
            f"{entry['class_name']}: the function {function!r} is not here. Write it, and pass it: "
            f'custom_objects={{"{function}": function}}. Received: layer {name!r}.'
        )
    supplied, is_node = _supplied(supplied_as), entry["class_name"] == "TensorFlowOpLayer"

    def spelled(args: list[Any], kwargs: dict[str, Any]) -> Any:
        if supplied is None and is_node:
            return node_call(entry["config"], args)
        if supplied is None:
            return spelled_call(function, args, kwargs)
        return supplied, as_value(args), as_value({word: value for word, value in kwargs.items() if word != "name"})

    return OperationCalls(name, spelled, supplied_as, keeps_structure=not is_node)


def _keras_3_operation(entry: dict[str, Any]) -> OperationCalls:
    class_name, config = entry["class_name"], entry.get("config")
    # Operations whose constructors have no name do not write it into their configs.
    name = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    given = arguments_in(entry)
    supplied_as = next((word for word in (name, class_name) if callable(_supplied(word))), None)
    function = _supplied(supplied_as) or operation_of(class_name)
    if not isinstance(name, str) or function is None:
        raise DeserializationError(
            f"{class_name}: an operation must have a name, and be here or in custom_objects. Received: {entry!r:.300}."
        )

    def spelled(args: list[Any], kwargs: dict[str, Any]) -> Any:
        if supplied_as is not None:
            return function, args, {**given, **kwargs}
        return (function, *call_of(class_name, given, args, kwargs))

    return OperationCalls(name, spelled, supplied_as)


def missing_function(entry: dict[str, Any]) -> str | None:
    """Return the name of the function of an operation that is neither here nor supplied; `None` if there is none.

    >>> missing_function({"module": "keras.src.ops.core", "class_name": "WhileLoop", "config": {"name": "loop"}})
    'WhileLoop'
    """
    if is_operation(entry):
        name = entry["class_name"] if operation_of(entry["class_name"]) is None else None
    else:
        name = function_of(entry)
        name = name if name is not None and not is_known(entry["class_name"], name) else None
    return None if name is None or _is_supplied(entry, name) else name


def _is_supplied(entry: dict[str, Any], function: str) -> bool:
    config = entry.get("config")
    names = (function, entry.get("name"), config.get("name") if isinstance(config, dict) else None)
    return any(callable(_supplied(name)) for name in names)


def _supplied(name: Any) -> Any:
    return get_registered_object(name) if isinstance(name, str) else None
