"""How is a layer saved to and loaded from a `state_dict`?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from torchkeras_layer.layer.building import Building
from torchkeras_layer.layer.unbuilt import STAND_IN
from torchkeras_layer.layer.walk import layers_in

_BUILD_CONFIG = "build_config"
# What torch calls that of `get_extra_state`.
_EXTRA_STATE = "_extra_state"


class Loading(Building):
    """torch's `state_dict` protocol."""

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        stand_in = self._parameters.pop(STAND_IN, None)
        try:
            nn.Module._save_to_state_dict(self, destination, prefix, keep_vars)
        finally:
            if stand_in is not None:
                self._parameters[STAND_IN] = stand_in
        destination.update((prefix + name, tensor) for name, tensor in self._more_to_save().items())
        if not keep_vars:
            self._save_in_order(destination, prefix)
        if self._built and hasattr(destination, "_metadata"):
            # Survives torch.save, and loading with weights_only=True: what an unbuilt layer needs to load this.
            destination._metadata[prefix[:-1]][_BUILD_CONFIG] = plain(self.get_build_config())

    def _more_to_save(self) -> dict[str, torch.Tensor]:
        """Return what else belongs into the `state_dict`: tensors that are neither parameters nor buffers."""
        return {}

    def _save_in_order(self, destination: Any, prefix: str) -> None:
        """Save weights that lie in memory in another order than that of their axes as copies that do not.

        Safetensors refuses others. The price: what is written into these entries does not reach the layer.
        """
        for name in self._weight_specs:
            saved = destination.get(prefix + name)
            if isinstance(saved, torch.Tensor) and not saved.is_contiguous():
                destination[prefix + name] = saved.contiguous()

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
        """Raise before anything is written; torch reports what does not fit after it has written the rest.

        Left to torch where a module reads old files by rules of its own, as batch normalization does.
        """
        if any(_has_own_rules(module) for module in self.modules()) or not all(
            layer._built for layer in layers_in(self)
        ):
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
        self._load_the_rest(state_dict, prefix, strict, missing_keys, unexpected_keys, error_msgs)

    def _load_the_rest(
        self, state_dict: Any, prefix: str, strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        """Load what `_more_to_save` gave, which torch does not know."""
        for name, tensor in self._more_to_save().items():
            key = prefix + name
            if key in unexpected_keys:
                unexpected_keys.remove(key)
            if key in state_dict:
                faults = misfits({key: tensor}, state_dict)
                error_msgs.extend(f"{self._name}: {fault}" for fault in faults)
                if not faults:
                    tensor.copy_(state_dict[key])
            elif strict:
                missing_keys.append(key)

    def _build_for_loading(self, state_dict: Any, prefix: str, build_config: Any, error_msgs: list[str]) -> bool:
        """Build with the shapes that were saved; say whether loading can go on."""
        if build_config is not None:
            try:
                with self._all_or_nothing():
                    self._build_again(plain(build_config))
                    self._check_own_shapes(state_dict, prefix)
            except Exception as error:
                error_msgs.append(f"{self._name}: cannot be built from the saved shapes {build_config!r}: {error}")
                return False
        elif self._creates_weights and any(
            key.startswith(prefix) and key[len(prefix) :] not in self._more_to_save() for key in state_dict
        ):
            error_msgs.append(
                f"{self._name}: is not built, and this state_dict does not tell its input shape (safetensors files and "
                "plain dicts do not). Build first: `torchkeras_layer.build(model, example_input)`."
            )
            return False
        return True

    def _build_again(self, build_config: Any) -> None:
        if build_config == {"input_shape": None}:
            self.build()
        else:
            self.build_from_config(build_config)
        if not self._built:
            raise ValueError("build_from_config() did not build the layer with them.")

    def _check_own_shapes(self, state_dict: Any, prefix: str) -> None:
        weights = [*self._parameters.items(), *self._buffers.items()]
        own = {prefix + name: weight for name, weight in weights if name != STAND_IN}
        faults = misfits(own, state_dict)
        if faults:
            raise ValueError("; ".join(faults))


def misfits(expected: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Say which entries that both have differ in shape; the extra state of a module may have any.

    >>> import torch
    >>> misfits({"bias": torch.ones(2)}, {"bias": torch.ones(3)})
    ['bias has shape (2,), received (3,)']
    """
    shapes = [(key, getattr(expected[key], "shape", None), getattr(given.get(key), "shape", None)) for key in expected]
    return [
        f"{key} has shape {tuple(mine)}, received {tuple(theirs)}"
        for key, mine, theirs in shapes
        if mine is not None and theirs is not None and mine != theirs and not key.endswith(_EXTRA_STATE)
    ]


def _has_own_rules(module: nn.Module) -> bool:
    is_standard = type(module)._load_from_state_dict in (nn.Module._load_from_state_dict, Loading._load_from_state_dict)
    return bool(module._load_state_dict_pre_hooks) or not is_standard


def plain(config: Any) -> Any:
    """Return a build config of nothing but dicts, lists, tuples, strings and numbers, as `weights_only` loading allows.

    Raises:
        TypeError: if there is anything else in it.

    >>> import torch
    >>> plain({"input_shape": torch.Size([2, 3])})
    {'input_shape': (2, 3)}
    """
    if config is None or isinstance(config, (str, int, float)):
        return config
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [plain(v) for v in config] if isinstance(config, list) else tuple(plain(v) for v in config)
    raise TypeError(f"expected shapes, numbers and strings. Received: {config!r}.")
