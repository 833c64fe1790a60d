"""Under which path does Keras look for the values of each layer, module and metric inside a model?

Keras walks through attributes by their names, private ones last, and through the layers of a graph before them. What is
reached first under a path is not looked for under another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from torchkeras_layer._names import to_snake_case
from torchkeras_layer.layer.containers import TrackedContainer
from torchkeras_layer.layer.record import is_layer
from torchkeras_layer.layer.weight_lists import layers_in
from torchkeras_layer.metrics.foreign import is_metric

VALUES = "vars"
"""The name of the group that holds the values of a layer."""
LIST = "container"
"""What a list in a list is called."""
NAMES_IN_KERAS = {"CuDNNGRU": "GRU"}
"""Built-in classes that Keras 3 has under another name."""
_OF_THE_CORE = ("torchkeras_layer.layer.", "torchkeras_layer.models.", "torch.")


def places_in(model: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give a model and each layer, module and metric inside it, each once, with its path in the files of Keras 3.

    >>> import torchkeras_layer as keras
    >>> model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(2), keras.layers.LSTM(3)])
    >>> ["/".join(path) for path, _ in places_in(model)]
    ['', 'layers/dense', 'layers/dense_1', 'layers/lstm', 'layers/lstm/cell']
    """
    return _walk(model, (), set())


def branches_of(module: Any) -> Iterator[tuple[str, Any]]:
    """Give what Keras looks into on its way down: the layers of a graph as a list, then attributes by their names.

    >>> import torchkeras_layer as keras
    >>> [name for name, _ in branches_of(keras.layers.Bidirectional(keras.layers.LSTM(2)))]
    ['backward_layer', 'forward_layer', 'layer']
    """
    if not is_layer(module):
        return
    if lists_layers(module):
        yield "layers", list({id(layer): layer for layer in module.layers}.values())
    found = dict(module._modules)
    for name in _properties(type(module)):
        value = _read(module, name)
        if isinstance(value, nn.Module):
            found.setdefault(name, value)
    for name in sorted(found, key=lambda name: (name.startswith("_"), name)):
        if found[name] is not None:
            yield name, found[name]


def lists_layers(module: Any) -> bool:
    """Whether Keras finds the layers of a model by its graph, and not by its attributes.

    >>> import torchkeras_layer as keras
    >>> lists_layers(keras.Sequential()), lists_layers(keras.layers.Dense(2))
    (True, False)
    """
    graph = module._torchkeras.graph
    return graph is not None and graph.lists_layers


def members_of(container: Any) -> list[tuple[str, Any]]:
    """Return what Keras finds in a list or dict, with the names that it gives it: those of the classes, counted.

    >>> import torchkeras_layer as keras
    >>> [name for name, _ in members_of([keras.layers.ReLU(), keras.layers.ReLU(), [keras.layers.ReLU()]])]
    ['re_lu', 're_lu_1', 'container']
    """
    counts: dict[str, int] = {}
    named = []
    for member in contents_of(container):
        kind = LIST if is_container(member) else kind_of(member)
        number = counts[kind] = counts.get(kind, -1) + 1
        named.append((f"{kind}_{number}" if number else kind, member))
    return named


def contents_of(container: Any) -> list[Any]:
    """Return the layers, metrics and containers in a container, in order; Keras passes over the rest.

    >>> contents_of({"a": [nn.ReLU()], "b": 3})
    [[ReLU()]]
    """
    if isinstance(container, TrackedContainer):
        container.current()
    held: Any = container.values() if isinstance(container, (dict, nn.ModuleDict)) else container
    return [one for one in held if is_layer(one) or is_metric(one) or is_container(one)]


def is_container(value: Any) -> bool:
    """Whether Keras looks into something as into a list; torch's lists of layers stand for Python's.

    >>> is_container(nn.ModuleList()), is_container({}), is_container(nn.Sequential(nn.ReLU()))
    (True, True, False)
    """
    if isinstance(value, nn.Sequential):
        return any(layers_in(value))
    return isinstance(value, (list, tuple, dict, TrackedContainer, nn.ModuleList, nn.ModuleDict))


def is_wrapped(value: Any) -> bool:
    """Whether Keras on torch wraps something on an attribute into a layer, which stores its `state_dict`.

    >>> is_wrapped(nn.Linear(2, 2)), is_wrapped(nn.ModuleList())
    (True, False)
    """
    return isinstance(value, nn.Module) and not (is_layer(value) or is_metric(value) or is_container(value))


def kind_of(module: Any) -> str:
    """Return the name of a module's class as the files of Keras have it.

    >>> import torchkeras_layer as keras
    >>> kind_of(keras.layers.ReLU()), kind_of(nn.ReLU())
    ('re_lu', 'torch_module_wrapper')
    """
    if is_wrapped(module):
        return "torch_module_wrapper"
    name = type(module).__name__
    is_built_in = type(module).__module__.startswith("torchkeras_layer.")
    return to_snake_case(NAMES_IN_KERAS.get(name, name) if is_built_in else name)


def _walk(module: Any, path: tuple[str, ...], seen: set[int]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if id(module) in seen:
        return
    # A list of the layers of a graph is made for the walk, and may have the address of an earlier one.
    if not isinstance(module, list) or isinstance(module, nn.Module):
        seen.add(id(module))
    is_list = is_container(module)
    if not is_list:
        yield path, module
    for name, inner in members_of(module) if is_list else branches_of(module):
        yield from _walk(inner, (*path, name), seen)


def _properties(cls: type) -> list[str]:
    """The properties that a class adds to those of every layer, by which Keras may find a layer too."""
    own = (base for base in cls.__mro__ if not base.__module__.startswith(_OF_THE_CORE))
    return [name for base in own for name, member in vars(base).items() if isinstance(member, property)]


def _read(module: Any, name: str) -> Any:
    try:
        return getattr(module, name)
    except Exception:  # a property may need what is not there yet
        return None
