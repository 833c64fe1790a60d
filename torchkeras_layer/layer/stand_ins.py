"""How does torch.export see a layer that stands at two places?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layer.containers import TrackedContainer


def is_stand_in(cls: type) -> bool:
    """Whether torch.export has made a class for a stand-in: a layer at a path, with the `__dict__` of the real one.

    >>> is_stand_in(TrackedContainer)
    False
    """
    return any(base.__name__ == "_AttrProxy" and base.__module__.startswith("torch.") for base in cls.__mro__)


def show_containers(cls: Any) -> None:
    """Have stand-ins give their lists and dicts as they are: torch has no stand-in for what is a list or a dict too."""

    def read(self: Any, name: str) -> Any:
        value = self.__dict__["_modules"].get(name)
        return value if isinstance(value, TrackedContainer) else super(cls, self).__getattr__(name)

    cls.__getattr__ = read
