"""How is a layer saved to and loaded from a `state_dict`?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer.layer.building import Building
from torchkeras_layer.layer.unbuilt import STAND_IN
from torchkeras_layer.layer.walk import layers_in

_BUILD_CONFIG = "build_config"


class Loading(Building):
    """torch's `state_dict` protocol."""

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

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Load as `nn.Module.load_state_dict` does; a layer that is not built is built first.

        Raises:
            RuntimeError: if a key is missing or unexpected (with `strict`), or a shape differs. Where the whole layer
                was built before, nothing is then written.

        >>> import torchkeras_layer as keras
        >>> layer, twin = keras.layers.Dense(2), keras.layers.Dense(2); layer.build((None, 3))
        >>> twin.load_state_dict(layer.state_dict())
        <All keys matched successfully>
        """
        self._check_state_dict(state_dict, strict)
        return super().load_state_dict(state_dict, strict=strict, assign=assign)

    def _check_state_dict(self, state_dict: Mapping[str, Any], strict: bool) -> None:
        """Raise before anything is written; torch reports what does not fit after it has written the rest."""
        rewrites_keys = any(module._load_state_dict_pre_hooks for module in self.modules())
        if rewrites_keys or not all(layer._built for layer in layers_in(self)):
            return
        mine = self.state_dict(keep_vars=True)
        faults = misfits(mine, state_dict)
        if strict:
            faults += [f"missing key {key!r}" for key in mine if key not in state_dict]
            faults += [f"unexpected key {key!r}" for key in state_dict if key not in mine]
        if faults:
            raise RuntimeError(f"{self._name}: load_state_dict: {'; '.join(faults)}. Nothing was written.")

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        if not self._built and not self._build_for_loading(
            state_dict, prefix, local_metadata.get(_BUILD_CONFIG), error_msgs
        ):
            return
        stand_in = self._parameters.pop(STAND_IN, None)
        nn.Module._load_from_state_dict(
            self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
        if stand_in is not None:
            self._parameters[STAND_IN] = stand_in

    def _build_for_loading(self, state_dict: Any, prefix: str, build_config: Any, error_msgs: list[str]) -> bool:
        """Build with the shapes that were saved; say whether loading can go on."""
        if build_config is not None:
            try:
                with self._all_or_nothing():
                    self.build_from_config(_checked_build_config(build_config))
                    self._check_own_shapes(state_dict, prefix)
            except Exception as error:
                error_msgs.append(f"{self._name}: cannot be built from the saved shapes {build_config!r}: {error}")
                return False
        elif self._creates_weights and any(key.startswith(prefix) for key in state_dict):
            error_msgs.append(
                f"{self._name}: is not built, and this state_dict does not tell its input shape (safetensors files and "
                "plain dicts do not). Build first: `torchkeras_layer.build(model, example_input)`."
            )
            return False
        return True

    def _check_own_shapes(self, state_dict: Any, prefix: str) -> None:
        own = {prefix + name: weight for name, weight in [*self._parameters.items(), *self._buffers.items()]}
        faults = misfits(own, state_dict)
        if faults:
            raise ValueError("; ".join(faults))


def misfits(expected: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Say which entries that both have differ in shape.

    >>> import torch
    >>> misfits({"bias": torch.ones(2)}, {"bias": torch.ones(3)})
    ['bias has shape (2,), received (3,)']
    """
    shapes = [(key, getattr(expected[key], "shape", None), getattr(given.get(key), "shape", None)) for key in expected]
    return [
        f"{key} has shape {tuple(mine)}, received {tuple(theirs)}"
        for key, mine, theirs in shapes
        if mine is not None and theirs is not None and mine != theirs
    ]


def _checked_build_config(config: Any) -> dict[str, Any]:
    """Return a build config that holds nothing but shapes."""
    if not isinstance(config, dict) or not set(config) <= {"input_shape", "shapes_dict"}:
        raise TypeError(f"expected {{'input_shape': ...}} or {{'shapes_dict': ...}}. Received: {config!r}.")
    return {key: map_shapes(tuple, value) for key, value in config.items()}
