"""Which names are free in the scopes where a loop is written?"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torchkeras_layer.port.training.reading import Scope, Source

_OTHERS = {
    "inputs": ("batch", "batch_inputs"),
    "targets": ("labels", "batch_targets"),
    "outputs": ("predictions", "batch_outputs"),
    "loss": ("batch_loss",),
    "epoch": ("epoch_number",),
    "split": ("split_at",),
    "dataset": ("data_set",),
    "weights": ("batch_weights",),
    "batch": ("part",),
    "predictions": ("predicted",),
    "wait": ("epochs_without_improvement",),
}


class Names:
    """Free names by scope; one that was chosen before for the same use is chosen again."""

    def __init__(self, source: Source):
        self.source = source
        self.chosen: dict[str, set[int]] = {}

    def taken(self, scope: Scope) -> set[str]:
        """The names that a scope and the functions inside use."""
        found = {name.split(".")[0] for name in scope.names} | scope.parameters | set(scope.assignments)
        for inner in self.source.scopes.values():
            if inner.parent is scope:
                own = inner.parameters | set(inner.assignments)
                found |= {name for name in self.taken(inner) if name not in own}
        return found

    def picker(self, scopes: Iterable[Scope], prefix: str = "") -> Callable[..., str]:
        """Return the function that chooses a name which is free in all of some scopes.

        With the prefix `self.`, names are attributes, free in the class.
        """
        scopes = list(scopes)
        if prefix == "self.":
            owner = self.source._class_of(scopes[0])
            used = {name.removeprefix("self.") for name in owner.assignments}
            scopes = [owner]
        else:
            used = set().union(*(self.taken(scope) for scope in scopes))

        def pick(*words: str) -> str:
            ids = {id(scope) for scope in scopes}
            word = words[0]
            candidates = (*words, *_OTHERS.get(word, ()), *(f"{word}_{number}" for number in range(2, 99)))
            for name in candidates:
                mine = self.chosen.get(name, set())
                if mine and mine & ids or name not in used:
                    self.chosen[name] = mine | ids
                    return prefix + name
            raise AssertionError(f"no free name for {word}")

        return pick
