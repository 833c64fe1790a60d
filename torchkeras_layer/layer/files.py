"""How does a layer become a config, a `state_dict`, a copy or a pickle, and come back? The members for it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from typing_extensions import Self

from torchkeras_layer.layer import configuration
from torchkeras_layer.layer.attributes import Attributes
from torchkeras_layer.layer.building import all_or_nothing, build_from_config
from torchkeras_layer.layer.record import KEY, Record, contents_of, derive_route, restore
from torchkeras_layer.layer.weight_creation import PLACEHOLDER
from torchkeras_layer.layer.weight_lists import layers_in


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
        check_state_dict(self, state_dict, strict, Files._load_from_state_dict)
        return super().load_state_dict(state_dict, strict=strict, assign=assign)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        without_placeholder(self, nn.Module._save_to_state_dict, destination, prefix, keep_vars)
        save_the_rest(self, destination, prefix, keep_vars)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        if not is_ready_to_load(self, state_dict, prefix, local_metadata, error_msgs):
            return
        without_placeholder(
            self, nn.Module._load_from_state_dict, state_dict, prefix, local_metadata, strict,
            missing_keys, unexpected_keys, error_msgs,
        )  # fmt: skip
        load_the_rest(self, state_dict, prefix, strict, missing_keys, unexpected_keys, error_msgs)

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
        record = replica.__dict__[KEY] = copy.copy(self._torchkeras)
        if record.graph is not None:
            # It runs the same code; what it finds out about its own layers stays with it.
            record.graph = type(record.graph)()
            restore(record.graph, contents_of(self._torchkeras.graph))
        derive_route(replica)
        return replica


_BUILD_CONFIG = "build_config"
# What torch calls that of `get_extra_state`.
_EXTRA_STATE = "_extra_state"


def without_placeholder(layer: Any, act: Callable[..., None], *args: Any) -> None:
    """Have torch save or load, and not see the parameter that stands in for weights that there are none of yet."""
    placeholder = layer._parameters.pop(PLACEHOLDER, None)
    try:
        act(layer, *args)
    finally:
        if placeholder is not None:
            layer._parameters[PLACEHOLDER] = placeholder


def save_the_rest(layer: Any, destination: Any, prefix: str, keep_vars: bool) -> None:
    """Save what torch does not know: tensors that are neither parameters nor buffers, and how the layer was built."""
    more = layer._torchkeras_more_to_save()
    destination.update((prefix + name, tensor) for name, tensor in more.items())
    if not keep_vars:
        _save_in_order(layer, destination, prefix)
    if layer._torchkeras.built and hasattr(destination, "_metadata"):
        # Survives torch.save, and loading with weights_only=True: what an unbuilt layer needs to load this.
        destination._metadata[prefix[:-1]][_BUILD_CONFIG] = plain(layer.get_build_config())


def _save_in_order(layer: Any, destination: Any, prefix: str) -> None:
    """Save weights that lie in memory in another order than that of their axes as copies that do not.

    Safetensors refuses others. The price: what is written into these entries does not reach the layer.
    """
    for name in layer._torchkeras.weight_specs:
        saved = destination.get(prefix + name)
        if isinstance(saved, torch.Tensor) and not saved.is_contiguous():
            destination[prefix + name] = saved.contiguous()


def check_state_dict(layer: Any, state_dict: Mapping[str, Any], strict: bool, standard: Any) -> None:
    """Raise before anything is written; torch reports what does not fit after it has written the rest.

    Left to torch where a module reads old files by rules of its own, as batch normalization does; `standard` is the
    method of a layer that has none.
    """
    if any(_has_own_rules(module, standard) for module in layer.modules()) or not all(
        inner._torchkeras.built for inner in layers_in(layer)
    ):
        return
    mine = layer.state_dict(keep_vars=True)
    faults = misfits(mine, state_dict)
    if strict:
        faults += [f"missing key {key!r}" for key in mine if key not in state_dict]
        faults += [f"unexpected key {key!r}" for key in state_dict if key not in mine]
    if faults:
        name = layer._torchkeras.name
        raise RuntimeError(f"{name}: load_state_dict: {'; '.join(faults)}. Nothing was written.")


def _has_own_rules(module: nn.Module, standard: Any) -> bool:
    is_standard = type(module)._load_from_state_dict in (nn.Module._load_from_state_dict, standard)
    return bool(module._load_state_dict_pre_hooks) or not is_standard


def is_ready_to_load(
    layer: Any, state_dict: Any, prefix: str, local_metadata: dict[str, Any], error_msgs: list[str]
) -> bool:
    """Whether loading can go on: a layer that is not built is built with the shapes that were saved."""
    record: Record = layer._torchkeras
    if record.built:
        return True
    build_config = local_metadata.get(_BUILD_CONFIG)
    if build_config is not None:
        try:
            with all_or_nothing(layer):
                _build_again(layer, plain(build_config))
                _check_own_shapes(layer, state_dict, prefix)
        except Exception as error:
            error_msgs.append(f"{record.name}: cannot be built from the saved shapes {build_config!r}: {error}")
            return False
    elif layer._torchkeras_facts.creates_weights and any(
        key.startswith(prefix) and key[len(prefix) :] not in layer._torchkeras_more_to_save() for key in state_dict
    ):
        error_msgs.append(
            f"{record.name}: is not built, and this state_dict does not tell its input shape (safetensors files and "
            "plain dicts do not). Build first: `torchkeras_layer.build(model, example_input)`. "
            "See docs/differences.md#files"
        )
        return False
    return True


def load_the_rest(
    layer: Any, state_dict: Any, prefix: str, strict: bool,
    missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
) -> None:  # fmt: skip
    """Load the tensors that torch does not know."""
    for name, tensor in layer._torchkeras_more_to_save().items():
        key = prefix + name
        if key in unexpected_keys:
            unexpected_keys.remove(key)
        if key in state_dict:
            faults = misfits({key: tensor}, state_dict)
            error_msgs.extend(f"{layer._torchkeras.name}: {fault}" for fault in faults)
            if not faults:
                tensor.copy_(state_dict[key])
        elif strict:
            missing_keys.append(key)


def _build_again(layer: Any, build_config: Any) -> None:
    if build_config == {"input_shape": None}:
        layer.build()
    else:
        layer.build_from_config(build_config)
    if not layer._torchkeras.built:
        raise ValueError("build_from_config() did not build the layer with them.")


def _check_own_shapes(layer: Any, state_dict: Any, prefix: str) -> None:
    weights = [*layer._parameters.items(), *layer._buffers.items()]
    own = {prefix + name: weight for name, weight in weights if name != PLACEHOLDER}
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
