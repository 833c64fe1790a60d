"""How do dicts behave that replace those with layers or weights on a layer's attributes?"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import Any, ClassVar

import torch

from torchkeras_layer.layer.containers import TrackedContainer
from torchkeras_layer.layer.tracked.plain_methods import as_source, behaves_as, is_same, with_known
from torchkeras_layer.layer.weight_arguments import WeightSpec


class _Keys(KeysView[Any]):
    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._mapping)  # type: ignore[attr-defined]


class _Values(ValuesView[Any]):
    def __reversed__(self) -> Iterator[Any]:
        return (self._mapping[key] for key in reversed(self._mapping))  # type: ignore[attr-defined]


class _Items(ItemsView[Any, Any]):
    def __reversed__(self) -> Iterator[Any]:
        return ((key, self._mapping[key]) for key in reversed(self._mapping))  # type: ignore[attr-defined]


_DICT_CHANGING = ("__delitem__", "__ior__", "update", "pop", "popitem", "clear")
_DICT_READING = ("__or__", "__eq__", "__ne__", "copy")


@behaves_as(dict, _DICT_CHANGING, _DICT_READING)
class TrackedDict(TrackedContainer, MutableMapping[Any, Any], dict[Any, Any], wraps=(dict,)):  # type: ignore[misc]
    """A dict that is assigned to a layer's attribute. It is also a `dict`, for code that checks the type.

    Args:
        values: the entries; modules and weights among the values are registered with torch, under their keys.
        source: the dict that was assigned, which other code may change.

    >>> branches = TrackedDict({"left": torch.nn.Linear(2, 2, bias=False), 3: torch.nn.ReLU()})
    >>> list(branches), list(branches.state_dict()), isinstance(branches, dict)
    (['left', 3], ['left.weight'], True)
    """

    _plain_type: ClassVar[type[Any]] = dict
    fromkeys = dict.fromkeys  # type: ignore[assignment]

    def __init__(self, values: Mapping[Any, Any] | None = None, source: Any = None) -> None:
        super().__init__(source)
        self._slots: dict[Any, tuple[str, Any]] = {}
        for key, value in (values or {}).items():
            self._put(key, value, self._new_name(key), None)

    @classmethod
    def holding(cls, values: Any) -> Any:
        """Return a container in place of one that is assigned to an attribute.

        >>> TrackedDict.holding({"a": 3})
        {'a': 3}
        """
        return cls(values, values)

    @classmethod
    def remake(cls) -> Any:
        """Return an empty dict without state, for copies and pickles.

        >>> isinstance(TrackedDict.remake(), dict)
        True
        """
        return cls.__new__(cls)

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._source is not None and not torch.compiler.is_dynamo_compiling():
            self._follow_source()
        self._put(key, value, self._slots[key][0] if key in self._slots else self._new_name(key), None)
        if self._source is not None and not torch.compiler.is_dynamo_compiling():
            self._source[key] = as_source(self._stored(*self._slots[key]))

    def _put(self, key: Any, value: Any, name: str, spec: WeightSpec | None) -> None:
        self._slots[key] = (name, self._register(name, value, spec))
        if not torch.compiler.is_dynamo_compiling():
            self._plain_type.__setitem__(self, key, self._stored(*self._slots[key]))

    def _new_name(self, key: Any, others: Iterable[str] = ()) -> str:
        # Torch splits keys of a state_dict at dots.
        name, taken = str(key).replace(".", "_"), {*others, *(used for used, _ in self._slots.values())}
        while name in taken or not name:
            name += "_"
        return name

    def __getitem__(self, key: Any) -> Any:
        name, kept = self._slots[key]
        return self._read(name, kept)

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key, or a default.

        >>> TrackedDict({"a": 3}).get("b", 4)
        4
        """
        return self[key] if key in self._slots else default

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key, after adding it with a default if it is not there.

        >>> branches = TrackedDict(); branches.setdefault("a", []).append(torch.nn.ReLU()); len(branches["a"])
        1
        """
        if key not in self._slots:
            self[key] = default
        return self[key]

    def __ror__(self, other: Any) -> Any:
        return other | self._as_built_in() if isinstance(other, dict) else NotImplemented

    def __iter__(self) -> Iterator[Any]:
        return iter(self._slots)

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._slots)

    def __contains__(self, key: object) -> bool:
        return key in self._slots

    def __len__(self) -> int:
        return len(self._slots)

    def __bool__(self) -> bool:
        return len(self._slots) > 0

    def keys(self) -> Any:
        """Return a view of the keys.

        >>> list(TrackedDict({"a": 3}).keys())
        ['a']
        """
        return _Keys(self)

    def values(self) -> Any:
        """Return a view of the values.

        >>> list(TrackedDict({"a": 3}).values())
        [3]
        """
        return _Values(self)

    def items(self) -> Any:
        """Return a view of the pairs of key and value.

        >>> list(TrackedDict({"a": 3}).items())
        [('a', 3)]
        """
        return _Items(self)

    def _plain(self, values: dict[Any, Any]) -> Any:
        return self._plain_type(*self._shell(), values)

    def _as_built_in(self) -> Any:
        return self._plain({key: self[key] for key in self._slots})

    def _stored_values(self) -> dict[Any, Any]:
        return {key: self._stored(*slot) for key, slot in self._slots.items()}

    def _agrees_with(self, source: Any) -> bool:
        kept = self._stored_values()
        return list(source) == list(kept) and all(is_same(source[key], value) for key, value in kept.items())

    def _take(self, values: Any) -> None:
        before = self._stored_values()
        names = {key: name for key, (name, _) in self._slots.items()}
        specs = {id(value): self._weight_specs.get(names[key]) for key, value in before.items()}
        entries = dict(zip(values, with_known(values.values(), before.values()), strict=True))
        self._clear_registry()
        self._slots = {}
        if not torch.compiler.is_dynamo_compiling():
            self._plain_type.clear(self)
        for key, value in entries.items():
            name = names[key] if key in names else self._new_name(key, names.values())
            self._put(key, value, name, specs.get(id(value)))
        if self._source is not None and not torch.compiler.is_dynamo_compiling():
            kept = {key: as_source(value) for key, value in self._stored_values().items()}
            self._source.clear()
            self._source.update(kept)

    def _mirror(self, values: Any = ()) -> None:
        self._plain_type.clear(self)
        for key in values:
            self._plain_type.__setitem__(self, key, values[key])

    __repr__ = TrackedContainer.__repr__


@behaves_as(OrderedDict, (*_DICT_CHANGING, "move_to_end"), _DICT_READING)
class TrackedOrderedDict(TrackedDict, OrderedDict[Any, Any], wraps=(OrderedDict,)):  # type: ignore[misc]
    """A `collections.OrderedDict` that is assigned to a layer's attribute.

    >>> order = TrackedOrderedDict({"a": torch.nn.ReLU(), "b": 3}); order.move_to_end("a"); list(order)
    ['b', 'a']
    """

    _plain_type: ClassVar[type[Any]] = OrderedDict
    fromkeys = OrderedDict.fromkeys  # type: ignore[assignment]


@behaves_as(defaultdict, _DICT_CHANGING, _DICT_READING)
class TrackedDefaultDict(TrackedDict, defaultdict[Any, Any], wraps=(defaultdict,)):  # type: ignore[misc]
    """A `collections.defaultdict` that is assigned to a layer's attribute.

    >>> branches = TrackedDefaultDict.holding(defaultdict(list)); branches["a"].append(torch.nn.ReLU())
    >>> len(branches["a"])
    1
    """

    _plain_type: ClassVar[type[Any]] = defaultdict
    fromkeys = defaultdict.fromkeys  # type: ignore[assignment]

    @classmethod
    def holding(cls, values: Any) -> Any:
        """Return a container in place of one that is assigned to an attribute.

        >>> TrackedDefaultDict.holding(defaultdict(list)).default_factory
        <class 'list'>
        """
        held = cls.remake(values.default_factory)
        TrackedDict.__init__(held, values, values)
        return held

    @classmethod
    def remake(cls, default_factory: Any = None) -> Any:
        """Return an empty dict without state, for copies and pickles.

        >>> TrackedDefaultDict.remake(list).default_factory
        <class 'list'>
        """
        empty = cls.__new__(cls)
        defaultdict.__init__(empty, default_factory)
        return empty

    def _shell(self) -> tuple[Any, ...]:
        return (self.default_factory,)

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key) if key in self._slots else self.__missing__(key)

    def __missing__(self, key: Any) -> Any:
        if self.default_factory is None:
            raise KeyError(key)
        self[key] = self.default_factory()
        return self[key]
