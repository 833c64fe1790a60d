"""How do lists, tuples and deques behave that replace those with layers or weights on a layer's attributes?"""

from __future__ import annotations

import functools
import operator
from collections import deque
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from typing import Any, ClassVar

import torch

from torchkeras_layer._structures import is_namedtuple
from torchkeras_layer.layer.containers import TrackedContainer, refuse_lost_weight, track
from torchkeras_layer.layer.tracked.plain_methods import COMPARISONS, as_source, behaves_as, is_same, with_known


class TrackedSequence(TrackedContainer):
    """Base of the tracked lists, tuples and deques.

    Args:
        values: the entries.
        source: the container that was assigned, which other code may change.
    """

    _plain_type: ClassVar[type[Any]] = list

    # torch.compile traces methods written in Python, not those of a built-in base class.
    def __init__(self, values: Iterable[Any] = (), source: Any = None) -> None:
        super().__init__(source)
        self._slots: list[Any] = []
        for value in values:
            self._slots.append(self._register(str(len(self._slots)), value))

    @classmethod
    def holding(cls, values: Any) -> Any:
        """Return a container in place of one that is assigned to an attribute.

        >>> TrackedList.holding([3])
        [3]
        """
        return cls(values, values)

    def __len__(self) -> int:
        return len(self._slots)

    def __bool__(self) -> bool:
        return len(self._slots) > 0

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._as_built_in()[index]
        if type(index) is not int:
            index = int(operator.index(index))
        kept = self._slots[index]
        return self._read(str(index if index >= 0 else index + len(self._slots)), kept)

    def __iter__(self) -> Iterator[Any]:
        # Not over a range: the list may grow or shrink meanwhile.
        index = 0
        while index < len(self._slots):
            yield self[index]
            index += 1

    def _plain(self, values: list[Any]) -> Any:
        return self._plain_type(values)

    def _as_built_in(self) -> Any:
        return self._plain(list(self))

    def _stored_values(self) -> list[Any]:
        return [self._stored(str(index), kept) for index, kept in enumerate(self._slots)]

    def _agrees_with(self, source: Any) -> bool:
        kept = self._stored_values()
        return len(source) == len(kept) and all(map(is_same, source, kept))

    def _take(self, values: Any) -> None:
        before = self._stored_values()
        specs = {id(value): self._weight_specs.get(str(index)) for index, value in enumerate(before)}
        entries = with_known(values, before)
        for held, value in zip(before, entries, strict=False):
            refuse_lost_weight(held, value)
        self._clear_registry()
        self._slots = []
        for value in entries:
            self._slots.append(self._register(str(len(self._slots)), value, specs.get(id(value))))
        self._finish_change()

    def _finish_change(self) -> None:
        if not torch.compiler.is_dynamo_compiling():
            values = self._stored_values()
            self._mirror(values)
            if self._source is not None and not self._agrees_with(self._source):
                self._source[:] = list(map(as_source, values))


_SEQUENCE_READING = ("__add__", "__mul__", "__rmul__", "__contains__", "count", "index", *COMPARISONS)
_SEQUENCE_CHANGING = (
    "__setitem__", "__delitem__", "__iadd__", "__imul__", "insert", "extend", "pop", "remove", "clear", "reverse",
)  # fmt: skip


@behaves_as(list, (*_SEQUENCE_CHANGING, "sort"), (*_SEQUENCE_READING, "copy"))
class TrackedList(TrackedSequence, MutableSequence[Any], list[Any], wraps=(list,)):  # type: ignore[misc]
    """A list that is assigned to a layer's attribute. It is also a `list`, for code that checks the type.

    Args:
        values: the entries; modules and weights among them are registered with torch.
        source: the list that was assigned, which other code may change.

    >>> blocks = TrackedList([torch.nn.Linear(2, 2, bias=False), None])
    >>> blocks.append(torch.nn.Linear(2, 2, bias=False))
    >>> list(blocks.state_dict()), len(blocks), isinstance(blocks, list)
    (['0.weight', '2.weight'], 3, True)
    """

    def __init__(self, values: Iterable[Any] = (), source: Any = None) -> None:
        super().__init__(values, source)
        self._finish_change()

    @classmethod
    def remake(cls) -> Any:
        """Return an empty list without state, for copies and pickles.

        >>> isinstance(TrackedList.remake(), list)
        True
        """
        return cls.__new__(cls)

    def append(self, value: Any, /) -> None:
        """Add a value at the end.

        >>> blocks = TrackedList([torch.nn.ReLU()]); blocks.append(torch.nn.Tanh()); blocks[1]
        Tanh()
        """
        if self._source is not None and not torch.compiler.is_dynamo_compiling():
            self._follow_source()
        self._slots.append(self._register(str(len(self._slots)), value))
        if torch.compiler.is_dynamo_compiling():
            return
        kept = self._stored(str(len(self._slots) - 1), self._slots[-1])
        list.append(self, kept)
        if self._source is not None:
            self._source.append(as_source(kept))

    def __radd__(self, other: Any) -> Any:
        return other + self._as_built_in() if isinstance(other, list) else NotImplemented

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._as_built_in())

    def _mirror(self, values: Any = ()) -> None:
        list.__init__(self, values)

    __repr__ = TrackedContainer.__repr__


@behaves_as(
    deque,
    (*_SEQUENCE_CHANGING, "append", "appendleft", "extendleft", "popleft", "rotate"),
    (*_SEQUENCE_READING, "copy"),
)
class TrackedDeque(TrackedSequence, MutableSequence[Any], deque[Any], wraps=(deque,)):  # type: ignore[misc]
    """A `collections.deque` that is assigned to a layer's attribute.

    Args:
        values: the entries; modules and weights among them are registered with torch.
        source: the deque that was assigned, which other code may change.
        maxlen: the largest number of entries.

    >>> recent = TrackedDeque([torch.nn.ReLU()], maxlen=2)
    >>> recent.extend([torch.nn.Tanh(), torch.nn.GELU()]); list(recent)
    [Tanh(), GELU(approximate='none')]
    """

    def __init__(self, values: Iterable[Any] = (), source: Any = None, maxlen: int | None = None) -> None:
        deque.__init__(self, (), maxlen)
        super().__init__(values, source)
        self._finish_change()

    @classmethod
    def holding(cls, values: Any) -> Any:
        """Return a container in place of one that is assigned to an attribute.

        >>> TrackedDeque.holding(deque([3], 2)).maxlen
        2
        """
        return cls(values, values, values.maxlen)

    @classmethod
    def remake(cls, maxlen: int | None = None) -> Any:
        """Return an empty deque without state, for copies and pickles.

        >>> TrackedDeque.remake(2).maxlen
        2
        """
        empty = cls.__new__(cls)
        deque.__init__(empty, (), maxlen)
        return empty

    def _shell(self) -> tuple[Any, ...]:
        return (self.maxlen,)

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._as_built_in())

    def _plain(self, values: list[Any]) -> Any:
        return deque(values, self.maxlen)

    def _mirror(self, values: Any = ()) -> None:
        deque.clear(self)
        deque.extend(self, values)

    def _finish_change(self) -> None:
        values = self._stored_values()
        self._mirror(values)
        if self._source is not None and not self._agrees_with(self._source):
            self._source.clear()
            self._source.extend(map(as_source, values))

    __repr__ = TrackedContainer.__repr__


@behaves_as(tuple, (), _SEQUENCE_READING)
class TrackedTuple(TrackedSequence, Sequence[Any], tuple[Any, ...], wraps=(tuple,)):  # type: ignore[misc]
    """A tuple that is assigned to a layer's attribute. A named tuple has a class of its own, derived from this one.

    Args:
        values: the entries; modules and weights among them are registered with torch.

    >>> pair = TrackedTuple((torch.nn.Linear(2, 1, bias=False), 3))
    >>> list(pair.state_dict()), pair[1]
    (['0.weight'], 3)
    """

    def __new__(cls, values: Iterable[Any] = ()) -> Any:
        """Create the tuple with tracked containers in place of plain ones."""
        return tuple.__new__(cls, map(track, values))

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__(tuple.__iter__(self))

    @classmethod
    def holding(cls, values: Any) -> Any:
        """Return a container in place of one that is assigned to an attribute.

        >>> from collections import namedtuple
        >>> TrackedTuple.holding(namedtuple("Pair", "left right")(torch.nn.ReLU(), 3)).left
        ReLU()
        """
        kind = _named_kind(type(values)) if is_namedtuple(values) else cls
        held = tuple.__new__(kind, map(track, values))
        TrackedSequence.__init__(held, tuple.__iter__(held), values)
        return held

    @classmethod
    def remake(cls, kind: type[Any], values: list[Any]) -> Any:
        """Return a tuple with its values but without state, for copies and pickles.

        >>> tuple.__len__(TrackedTuple.remake(TrackedTuple, [1, 2]))
        2
        """
        return tuple.__new__(kind if issubclass(kind, TrackedTuple) else _named_kind(kind), values)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copy and pickle as a module; a pickle cannot name the class of a tracked named tuple, but that of a plain."""
        is_named = self._plain_type is not tuple and type(self) is _named_kind(self._plain_type)
        kind = self._plain_type if is_named else type(self)
        return TrackedTuple.remake, (kind, self._stored_values()), {**self.__dict__, "_source": None}

    def __radd__(self, other: Any) -> Any:
        return other + self._as_built_in() if isinstance(other, tuple) else NotImplemented

    def _plain(self, values: list[Any]) -> Any:
        return tuple.__new__(self._plain_type, values)

    def _with_present_weights(self) -> Any:
        """Return a tuple with the weights that torch has registered in place of others; it has the same state."""
        present = list(self)
        if all(map(operator.is_, present, tuple.__iter__(self))):
            return self
        twin = tuple.__new__(type(self), present)
        object.__setattr__(twin, "__dict__", self.__dict__)
        return twin

    def _agrees_with(self, source: Any) -> bool:
        return True

    __repr__ = TrackedContainer.__repr__


@functools.cache
def _named_kind(kind: Any) -> Any:
    """Return the class of tracked named tuples of a class; called, it makes plain ones, as code that rebuilds does."""

    def make(cls: Any, *values: Any, **fields: Any) -> Any:
        return kind(*values, **fields)

    members = {"__new__": make, "_make": kind._make, "_plain_type": kind}
    return type(kind.__name__, (TrackedTuple, kind), {**members, "__module__": kind.__module__})
