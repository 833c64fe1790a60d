"""How is a layer copied and pickled?"""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from torchkeras_layer.layer.building import Building
from torchkeras_layer.layer.losses import new_call_states
from torchkeras_layer.layer.route import Route
from torchkeras_layer.symbolic.links import NodeLinks


class Copying(Building):
    """Python's copy and pickle protocols."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Copy with own weights; losses of the last call, which belong to its graph of gradients, are left behind.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3))
        >>> twin = copy.deepcopy(layer); twin.name, twin.kernel is layer.kernel
        ('dense', False)
        """
        duplicate = type(self).__new__(type(self))
        memo[id(self)] = duplicate
        duplicate.__setstate__(copy.deepcopy(self._state_to_copy(), memo))
        return duplicate

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._choose_route()

    def __getstate__(self) -> dict[str, Any]:
        return self._state_to_copy()

    def _state_to_copy(self) -> dict[str, Any]:
        # Apart from __getstate__, which torch replaces on a parametrized module by one that raises.
        state = dict(self.__dict__)
        state.update(fresh_call_state())
        # What `compile()` made runs this layer and no other.
        state.pop("_compiled_call_impl", None)
        return state

    def __copy__(self) -> Any:
        """Copy with shared weights, as torch does, but with registries of its own."""
        duplicate = type(self).__new__(type(self))
        state = self._state_to_copy()
        duplicate.__setstate__({k: copy.copy(v) if isinstance(v, (dict, set, list)) else v for k, v in state.items()})
        return duplicate

    def _replicate_for_data_parallel(self) -> Any:
        replica: Any = nn.Module._replicate_for_data_parallel(self)
        replica.__dict__.update(fresh_call_state())
        replica._choose_route()
        return replica


def fresh_call_state() -> dict[str, Any]:
    """Return what a copy of a layer begins with, in place of what calls, also symbolic ones, have left."""
    return {
        "_call_states": new_call_states(),
        "_call_route": Route(),
        "_inbound_nodes": [],
        "_eager_nodes": [],
        "_outbound_links": NodeLinks(),
        "_model_reference": None,
    }
