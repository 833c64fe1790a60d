"""How do the lists, tuples and dicts behave that replace those with layers or weights on a layer's attributes?"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import torch
from torch import nn

from torchkeras_layer._structures import is_namedtuple
from torchkeras_layer.layer.containers import TrackedContainer
from torchkeras_layer.layer.weight_arguments import WeightSpec


class _TrackedSequence(TrackedContainer):
    # torch.compile traces methods written in Python, not those of a built-in base class.
    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__()
        self._slots: list[Any] = []
        for value in values:
            self._slots.append(self._register(str(len(self._slots)), value))

    def __len__(self) -> int:
        return len(self._slots)

    def __bool__(self) -> bool:
        return len(self._slots) > 0

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self._slots)))]
        kept = self._slots[index]
        return self._read(str(index if index >= 0 else index + len(self._slots)), kept)

    def __iter__(self) -> Iterator[Any]:
        for index in range(len(self._slots)):
            yield self[index]

    def __add__(self, other: Any) -> Any:
        return self._plain([*self, *other])

    def __radd__(self, other: Any) -> Any:
        return self._plain([*other, *self])

    def __eq__(self, other: object) -> bool:
        same_kind = isinstance(other, (type(self), type(self._plain([]))))
        return same_kind and list(self) == list(other)  # pyright: ignore[reportArgumentType]

    __hash__ = nn.Module.__hash__

    def _plain(self, values: list[Any]) -> Any:
        return values

    def _as_built_in(self) -> Any:
        return self._plain(list(self))


class TrackedList(_TrackedSequence, MutableSequence[Any], list[Any], wraps=(list,)):  # type: ignore[misc]
    """A list that is assigned to a layer's attribute. It is also a `list`, for code that checks the type.

    Args:
        values: the entries; modules and weights among them are registered with torch.

    >>> blocks = TrackedList([nn.Linear(2, 2, bias=False), None])
    >>> blocks.append(nn.Linear(2, 2, bias=False))
    >>> list(blocks.state_dict()), len(blocks), isinstance(blocks, list)
    (['0.weight', '2.weight'], 3, True)
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__(values)
        self._mirror()

    def __setitem__(self, index: Any, value: Any) -> None:
        entries = self._entries()
        entries[index] = [(v, None) for v in value] if isinstance(index, slice) else (value, None)
        self._replace(entries)

    def __delitem__(self, index: Any) -> None:
        entries = self._entries()
        del entries[index]
        self._replace(entries)

    def insert(self, index: Any, value: Any, /) -> None:
        """Insert a value before the position `index`.

        >>> blocks = TrackedList([nn.ReLU()]); blocks.insert(0, nn.Tanh()); blocks[0]
        Tanh()
        """
        if index < len(self._slots):
            entries = self._entries()
            entries.insert(index, (value, None))
            self._replace(entries)
            return
        self._slots.append(self._register(str(len(self._slots)), value))
        if not torch.compiler.is_dynamo_compiling():
            list.append(self, self[-1])

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Sort in place, as `list.sort` does.

        >>> blocks = TrackedList([nn.Linear(3, 1), nn.Linear(2, 1)])
        >>> blocks.sort(key=lambda block: block.in_features); blocks[0].in_features
        2
        """
        entries = self._entries()
        entries.sort(key=lambda entry: entry[0] if key is None else key(entry[0]), reverse=reverse)
        self._replace(entries)

    def _entries(self) -> list[Any]:
        return [(value, self._weight_specs.get(str(index))) for index, value in enumerate(self)]

    def _replace(self, entries: list[tuple[Any, WeightSpec | None]]) -> None:
        self._clear_registry()
        self._slots = []
        for value, spec in entries:
            self._slots.append(self._register(str(len(self._slots)), value, spec))
        self._mirror()

    def _mirror(self) -> None:
        if not torch.compiler.is_dynamo_compiling():
            values: Any = tuple(self)
            list.__init__(self, values)

    __hash__ = nn.Module.__hash__
    __repr__ = TrackedContainer.__repr__


class TrackedTuple(_TrackedSequence, Sequence[Any], wraps=(tuple,)):
    """A tuple, or a named tuple, that is assigned to a layer's attribute.

    Args:
        values: the entries; modules and weights among them are registered with torch.

    >>> pair = TrackedTuple((nn.Linear(2, 1, bias=False), 3))
    >>> list(pair.state_dict()), pair[1]
    (['0.weight'], 3)
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__(values)
        self._fields: tuple[str, ...] = getattr(values, "_fields", ()) if is_namedtuple(values) else ()

    def __getattr__(self, name: str) -> Any:
        fields = self.__dict__.get("_fields", ())
        return self[fields.index(name)] if name in fields else super().__getattr__(name)

    def _plain(self, values: list[Any]) -> Any:
        return tuple(values)

    __hash__ = nn.Module.__hash__


class TrackedDict(TrackedContainer, MutableMapping[Any, Any], dict[Any, Any], wraps=(dict, OrderedDict)):  # type: ignore[misc]
    """A dict that is assigned to a layer's attribute. It is also a `dict`, for code that checks the type.

    Args:
        values: the entries; modules and weights among the values are registered with torch, under their keys.

    >>> branches = TrackedDict({"left": nn.Linear(2, 2, bias=False), 3: nn.ReLU()})
    >>> list(branches), list(branches.state_dict()), isinstance(branches, dict)
    (['left', 3], ['left.weight'], True)
    """

    def __init__(self, values: Mapping[Any, Any] | None = None) -> None:
        super().__init__()
        self._slots: dict[Any, tuple[str, Any]] = {}
        for key, value in (values or {}).items():
            self[key] = value

    def __setitem__(self, key: Any, value: Any) -> None:
        name = self._slots[key][0] if key in self._slots else self._new_name(key)
        self._slots[key] = (name, self._register(name, value))
        if not torch.compiler.is_dynamo_compiling():
            dict.__setitem__(self, key, self[key])

    def _new_name(self, key: Any) -> str:
        # Torch splits keys of a state_dict at dots.
        name, taken = str(key).replace(".", "_"), {used for used, _ in self._slots.values()}
        while name in taken or not name:
            name += "_"
        return name

    def __getitem__(self, key: Any) -> Any:
        name, kept = self._slots[key]
        return self._read(name, kept)

    def __delitem__(self, key: Any) -> None:
        name, _ = self._slots.pop(key)
        self._release(name)
        if not torch.compiler.is_dynamo_compiling():
            dict.__delitem__(self, key)

    def popitem(self) -> tuple[Any, Any]:
        """Remove the last entry and return it as a pair of key and value.

        Raises:
            KeyError: if the dict is empty.

        >>> TrackedDict({"size": 3}).popitem()
        ('size', 3)
        """
        if not self._slots:
            raise KeyError("TrackedDict: popitem() needs an entry. Received: an empty dict.")
        key = next(reversed(self._slots))
        return key, self.pop(key)

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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    def _mirror(self) -> None:
        dict.clear(self)
        dict.update(self, list(self.items()))

    def _as_built_in(self) -> Any:
        return dict(self.items())

    __hash__ = nn.Module.__hash__
    __repr__ = TrackedContainer.__repr__
