"""How is the way in which an older Keras wrote a layer put down as a row of a table, and applied to a config?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Config = dict[str, Any]


class Untranslatable(Exception):
    """What a layer of an older Keras does that no layer of today does, in words that follow the name of the layer."""


@dataclass(frozen=True)
class Row:
    """How an older Keras wrote the layers of a class.

    Args:
        name: the class today; `None` if it is the same.
        renamed: what the arguments are called today.
        joined: arguments that were several.
        dropped: arguments that change nothing here.
        value: what the value of an argument is today, from its name today and the value of then.
        finish: what else has to change.

    >>> row = Row("Conv2D", {"nb_filter": "filters"}, {"kernel_size": ("nb_row", "nb_col")})
    >>> row.apply({"nb_filter": 8, "nb_row": 3, "nb_col": 5})
    ('Conv2D', {'filters': 8, 'kernel_size': [3, 5]})
    """

    name: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    value: Callable[[str, Any], Any] = lambda word, value: value
    finish: Callable[[Config], Config] | None = None

    def apply(self, config: Config) -> tuple[str | None, Config]:
        """Return the class of today, and its arguments.

        Raises:
            Untranslatable: if there are none.
        """
        parts = {part for several in self.joined.values() for part in several}
        new = {
            self.renamed.get(word, word): value
            for word, value in config.items()
            if word not in self.dropped and word not in parts
        }
        for word, several in self.joined.items():
            if all(part in config for part in several):
                new[word] = [config[part] for part in several]
        new = {word: self.value(word, value) for word, value in new.items()}
        return self.name, new if self.finish is None else self.finish(new)

    def knows(self, config: Mapping[str, Any]) -> bool:
        """Whether a config has an argument that only the older Keras had."""
        words = {*self.renamed, *(part for several in self.joined.values() for part in several)}
        return not words.isdisjoint(config)
