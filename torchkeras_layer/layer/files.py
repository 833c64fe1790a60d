"""How does a layer become a config, a `state_dict`, a copy or a pickle, and come back? The members for it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from typing_extensions import Self

from torchkeras_layer.layer import configuration, loading
from torchkeras_layer.layer.attributes import Attributes
from torchkeras_layer.layer.building import build_from_config
from torchkeras_layer.layer.record import KEY, Record, derive_route


class Files(Attributes):
    """Configs, `state_dict`, copies and pickles."""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor that make this layer again, without its weights.

        Without an override, they are the plain values (strings, numbers, booleans, `None`, lists, tuples and dicts of
        them) that the layer was made with. An override adds its own to `super().get_config()`.

        Raises:
            NotImplementedError: if an argument was no plain value and there is no override.

        >>> import torchkeras_layer as keras
        >>> class Scale(keras.Layer):
        ...     def __init__(self, factor, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.factor = factor
        >>> Scale(3, name="triple").get_config()
        {'name': 'triple', 'trainable': True, 'dtype': 'float32', 'factor': 3}
        """
        is_inherited = type(self).get_config is Files.get_config
        return configuration.captured_config(self) if is_inherited else configuration.base_config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from `get_config()`.

        Raises:
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense.from_config(keras.layers.Dense(2, name="head").get_config()).name
        'head'
        """
        return configuration.from_config(cls, config)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that the layer was built with, for `build_from_config`; `None` before the build.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); layer.get_build_config()
        {'input_shape': (None, 3)}
        """
        return self._torchkeras.build_shapes

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build with the shapes of `get_build_config()`; without any, do nothing.

        Raises:
            TypeError: if the config holds no shapes.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build_from_config({"input_shape": (None, 3)}); layer.built
        True
        """
        if config:
            build_from_config(self, config)

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
        loading.check_state_dict(self, state_dict, strict, Files._load_from_state_dict)
        return super().load_state_dict(state_dict, strict=strict, assign=assign)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        loading.without_stand_in(self, nn.Module._save_to_state_dict, destination, prefix, keep_vars)
        loading.save_the_rest(self, destination, prefix, keep_vars)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        if not loading.is_ready_to_load(self, state_dict, prefix, local_metadata, error_msgs):
            return
        loading.without_stand_in(
            self, nn.Module._load_from_state_dict, state_dict, prefix, local_metadata, strict,
            missing_keys, unexpected_keys, error_msgs,
        )  # fmt: skip
        loading.load_the_rest(self, state_dict, prefix, strict, missing_keys, unexpected_keys, error_msgs)

    def _torchkeras_more_to_save(self) -> dict[str, torch.Tensor]:
        return {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Copy with own weights; losses of the last call, which belong to its graph of gradients, are left behind.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3))
        >>> twin = copy.deepcopy(layer); twin.name, twin.kernel is layer.kernel
        ('dense', False)
        """
        duplicate = type(self).__new__(type(self))
        memo[id(self)] = duplicate
        duplicate.__setstate__(copy.deepcopy(self._torchkeras_state_to_copy(), memo))
        return duplicate

    def __copy__(self) -> Any:
        """Copy with shared weights, as torch does, but with registries of its own."""
        duplicate = type(self).__new__(type(self))
        own = (dict, set, list, Record)
        state = self._torchkeras_state_to_copy()
        state.update({key: copy.copy(value) for key, value in state.items() if isinstance(value, own)})
        # Its graph is of calls of its own, unlike that of a replica.
        state[KEY].graph = copy.copy(self._torchkeras.graph)
        duplicate.__setstate__(state)
        return duplicate

    def __getstate__(self) -> dict[str, Any]:
        return self._torchkeras_state_to_copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._torchkeras.is_ready:
            derive_route(self)

    def _torchkeras_state_to_copy(self) -> dict[str, Any]:
        # Apart from __getstate__, which torch replaces on a parametrized module by one that raises.
        state = dict(self.__dict__)
        # What `compile()` made runs this layer and no other.
        state.pop("_compiled_call_impl", None)
        return state

    def _replicate_for_data_parallel(self) -> Any:
        replica: Any = nn.Module._replicate_for_data_parallel(self)
        replica.__dict__[KEY] = copy.copy(self._torchkeras)
        derive_route(replica)
        return replica
