"""How is a layer copied, pickled, saved to and loaded from a `state_dict`?"""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer.layer.building import Building
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.losses import CallState
from torchkeras_layer.layer.unbuilt import STAND_IN

_BUILD_CONFIG = "build_config"


class Copying(Building):
    """Python's copy and pickle protocols, and torch's `state_dict`."""

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
        replica = nn.Module._replicate_for_data_parallel(self)
        replica.__dict__.update(fresh_call_state())
        return replica

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        stand_in = self._parameters.pop(STAND_IN, None)
        try:
            nn.Module._save_to_state_dict(self, destination, prefix, keep_vars)
        finally:
            if stand_in is not None:
                self._parameters[STAND_IN] = stand_in
        if self._built and hasattr(destination, "_metadata"):
            # Survives torch.save, and loading with weights_only=True: what an unbuilt layer needs to load this.
            destination._metadata[prefix[:-1]][_BUILD_CONFIG] = self.get_build_config()

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        if not self._built:
            self._build_for_loading(state_dict, prefix, local_metadata.get(_BUILD_CONFIG), error_msgs)
        stand_in = self._parameters.pop(STAND_IN, None)
        nn.Module._load_from_state_dict(
            self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
        if stand_in is not None:
            self._parameters[STAND_IN] = stand_in

    def _build_for_loading(self, state_dict: Any, prefix: str, build_config: Any, error_msgs: list[str]) -> None:
        if build_config is not None:
            try:
                self.build_from_config(_checked_build_config(build_config))
            except Exception as error:
                error_msgs.append(f"{self._name}: cannot be built from the saved shapes {build_config!r}: {error}")
        elif self._creates_weights and any(key.startswith(prefix) for key in state_dict):
            error_msgs.append(
                f"{self._name}: is not built, and this state_dict does not tell its input shape (safetensors files and "
                "plain dicts do not). Build first: `torchkeras_layer.build(model, example_input)`."
            )


def fresh_call_state() -> dict[str, Any]:
    """Return what a copy of a layer begins with, in place of what calls have left."""
    return {"_call_states": {per_thread.context.thread: CallState()}, "_has_recorded": False}


def _checked_build_config(config: Any) -> dict[str, Any]:
    """Return a build config that holds nothing but shapes."""
    if not isinstance(config, dict) or not set(config) <= {"input_shape", "shapes_dict"}:
        raise TypeError(f"expected {{'input_shape': ...}} or {{'shapes_dict': ...}}. Received: {config!r}.")
    return {key: map_shapes(tuple, value) for key, value in config.items()}
