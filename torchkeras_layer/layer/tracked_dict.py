"""How does a dict with layers or weights in it behave?"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import torch
from torch import nn

from torchkeras_layer.layer.containers import TrackedContainer


class TrackedDict(TrackedContainer, MutableMapping[Any, Any], dict[Any, Any], wraps=(dict, OrderedDict)):  # type: ignore[misc]
    """A dict on a layer's attribute; a `dict` too, for code that asks.

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
        # torch splits keys of a state_dict at dots.
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
        """Remove and return the last entry."""
        if not self._slots:
            raise KeyError("popitem: the dict is empty.")
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
