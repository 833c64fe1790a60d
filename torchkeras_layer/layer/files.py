"""Which public members turn a layer into a config, a `state_dict`, a copy or a pickle, and restore it?"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from typing_extensions import Self

from torchkeras_layer.layer import configuration
from torchkeras_layer.layer.attributes import LayerBase
from torchkeras_layer.layer.building import all_or_nothing, build_from_config
from torchkeras_layer.layer.record import KEY, Record, contents_of, derive_route, restore
from torchkeras_layer.layer.weight_creation import PLACEHOLDER
from torchkeras_layer.layer.weight_lists import lacks_weights, layers_in, modules_in


class Files(LayerBase):
    """Configs, `state_dict`, copies and pickles."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this layer, without its weights.

        Unless a subclass overrides it, they are the arguments that the layer was created with, which must be plain
        values: strings, numbers, booleans, `None`, and lists, tuples and dicts of them. An override adds its own
        arguments to `super().get_config()`.

        Raises:
            NotImplementedError: if an argument is not a plain value and no subclass overrides this method.

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
        """Create a layer from a config.

        Args:
            config: what `get_config()` returned; it is not changed.

        Raises:
            TypeError: if the constructor does not accept the config.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense.from_config(keras.layers.Dense(2, name="head").get_config()).name
        'head'
        """
        return configuration.from_config(cls, config)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes with which the layer was built, for `build_from_config`; `None` before the build.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); layer.get_build_config()
        {'input_shape': (None, 3)}
        """
        return self._torchkeras.build_shapes

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build the layer with the shapes in a build config.

        Args:
            config: what `get_build_config()` returned; if it is `None` or empty, nothing happens.

        Raises:
            TypeError: if the config is not a dict of shapes.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build_from_config({"input_shape": (None, 3)}); layer.built
        True
        """
        if config:
            build_from_config(self, config)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Load weights as `nn.Module.load_state_dict` does; a layer that is not built is built first.

        Args:
            state_dict: what `state_dict()` returned, or `torch.load` read.
            strict: whether missing and unexpected keys are errors.
            assign: whether to use the given tensors themselves and not to copy their values.

        Returns:
            a pair of lists: missing keys and unexpected keys.

        Raises:
            RuntimeError: if a key is missing or unexpected (with `strict`), or a shape differs. If this layer and all
                inside it were built before, no weight has been changed then.

        >>> import torchkeras_layer as keras
        >>> layer, twin = keras.layers.Dense(2), keras.layers.Dense(2); layer.build((None, 3))
        >>> twin.load_state_dict(layer.state_dict())
        <All keys matched successfully>
        """
        check_state_dict(self, state_dict, strict, Files._load_from_state_dict)
        return super().load_state_dict(state_dict, strict=strict, assign=assign)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        without_placeholder(self, nn.Module._save_to_state_dict, destination, prefix, keep_vars)
        save_more(self, destination, prefix)

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
        load_more(self, state_dict, prefix, strict, missing_keys, unexpected_keys, error_msgs)

    def _torchkeras_more_to_save(self) -> dict[str, torch.Tensor]:
        """Return the tensors that belong in the `state_dict` and are neither parameters nor buffers, by their keys."""
        return {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Return a copy with its own weights; losses of calls, which belong to an autograd graph, are not copied.

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
        """Return a copy that shares the weights, as torch does, but has its own registries."""
        duplicate = type(self).__new__(type(self))
        own = (dict, set, list, Record)
        state = self._torchkeras_state_to_copy()
        state.update({key: copy.copy(value) for key, value in state.items() if isinstance(value, own)})
        # Unlike a replica, the copy needs its own graph.
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
        """Return the `__dict__` of a copy or a pickle."""
        # Not in __getstate__, which torch replaces by one that raises if a module is parametrized.
        state = dict(self.__dict__)
        # The compiled call runs this layer and not the copy.
        state.pop("_compiled_call_impl", None)
        return state

    def _replicate_for_data_parallel(self) -> Any:
        replica: Any = nn.Module._replicate_for_data_parallel(self)
        record = replica.__dict__[KEY] = copy.copy(self._torchkeras)
        if record.graph is not None:
            # The replica runs the same code, but must not write into the original's graph.
            record.graph = type(record.graph)()
            restore(record.graph, contents_of(self._torchkeras.graph))
        derive_route(replica)
        return replica


_BUILD_CONFIG = "build_config"
# The end of torch's key for the result of `get_extra_state`.
_EXTRA_STATE = "_extra_state"


def without_placeholder(layer: LayerBase, method: Callable[..., None], *args: Any) -> None:
    """Run a method of torch that saves or loads, with the placeholder of an unbuilt layer removed meanwhile."""
    placeholder = layer._parameters.pop(PLACEHOLDER, None)
    try:
        method(layer, *args)
    finally:
        if placeholder is not None:
            layer._parameters[PLACEHOLDER] = placeholder


def save_more(layer: LayerBase, destination: Any, prefix: str) -> None:
    """Save what torch does not: tensors that are neither parameters nor buffers, and the shapes of the build."""
    more = layer._torchkeras_more_to_save()
    destination.update((prefix + name, tensor) for name, tensor in more.items())
    if layer._torchkeras.built and hasattr(destination, "_metadata"):
        # An unbuilt layer needs it to load the weights. `torch.save` keeps it, also for loading with weights_only=True.
        destination._metadata[prefix[:-1]][_BUILD_CONFIG] = as_plain_config(layer.get_build_config())


def _advice_on_torchs_weights(own: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Return what to write, with a space before it, if a state_dict may be that of torch's own modules, else ''."""
    for key, weight in own.items():
        name = key.removesuffix("kernel")
        found = given.get(key, given.get(f"{name}weight")) if name != key else None
        fits = key in given and found is not None and found.shape == weight.shape
        if isinstance(found, torch.Tensor) and found.dim() == weight.dim() and not fits:
            axes = (*range(2, found.dim()), 1, 0)
            if tuple(found.shape[axis] for axis in axes) == tuple(weight.shape):
                return f" If it is of torch's modules: {key} is their {name}weight.permute{axes}."
    return ""


def check_state_dict(layer: LayerBase, state_dict: Mapping[str, Any], strict: bool, standard: Any) -> None:
    """Raise an error for a `state_dict` that does not fit before any weight is changed; torch raises it afterwards.

    Leave the check to torch if a module has its own rules for loading, as batch normalization has for old files;
    `standard` is the `_load_from_state_dict` of a layer without such rules.
    """
    if any(_has_own_rules(module, standard) for module in modules_in(layer)) or not all(
        inner._torchkeras.built for inner in layers_in(layer)
    ):
        return
    own = layer.state_dict(keep_vars=True)
    faults = shape_mismatches(own, state_dict)
    if strict:
        faults += [f"missing key {key!r}" for key in own if key not in state_dict]
        faults += [f"unexpected key {key!r}" for key in state_dict if key not in own]
    if faults:
        name = layer._torchkeras.name
        raise RuntimeError(
            f"{name}: load_state_dict: the state_dict does not fit: {'; '.join(faults)}. Nothing was written."
            f"{_advice_on_torchs_weights(own, state_dict)}"
        )


def _has_own_rules(module: nn.Module, standard: Any) -> bool:
    is_standard = type(module)._load_from_state_dict in (nn.Module._load_from_state_dict, standard)
    return bool(module._load_state_dict_pre_hooks) or not is_standard


def is_ready_to_load(
    layer: LayerBase, state_dict: Any, prefix: str, local_metadata: dict[str, Any], error_msgs: list[str]
) -> bool:
    """Whether a layer can load weights; one that is not built is built with the saved shapes first."""
    record: Record = layer._torchkeras
    if record.built:
        return True
    build_config = local_metadata.get(_BUILD_CONFIG)
    if build_config is not None:
        try:
            with all_or_nothing(layer):
                _build_again(layer, as_plain_config(build_config))
                _check_own_shapes(layer, state_dict, prefix)
        except Exception as error:
            error_msgs.append(f"{record.name}: cannot be built from the saved shapes {build_config!r}: {error}")
            return False
    elif record.graph is not None and _BUILD_CONFIG in local_metadata:
        # A `Sequential` on strings, which have no shape: the layers inside build themselves.
        layer.built = True
    elif lacks_weights(layer) and any(
        key.startswith(prefix) and key[len(prefix) :] not in layer._torchkeras_more_to_save() for key in state_dict
    ):
        error_msgs.append(
            f"{record.name}: is not built, and this state_dict does not tell its input shape (safetensors files and "
            "plain dicts do not). Build first: `torchkeras_layer.build(model, example_input)`. "
            "See docs/differences.md#files"
        )
        return False
    return True


def load_more(
    layer: LayerBase, state_dict: Any, prefix: str, strict: bool,
    missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
) -> None:  # fmt: skip
    """Load the tensors that `save_more` saved."""
    for name, tensor in layer._torchkeras_more_to_save().items():
        key = prefix + name
        if key in unexpected_keys:
            unexpected_keys.remove(key)
        if key in state_dict:
            faults = shape_mismatches({key: tensor}, state_dict)
            error_msgs.extend(f"{layer._torchkeras.name}: {fault}" for fault in faults)
            if not faults:
                tensor.copy_(state_dict[key])
        elif strict:
            missing_keys.append(key)


def _build_again(layer: LayerBase, build_config: Any) -> None:
    if build_config == {"input_shape": None}:
        layer.build()
    else:
        layer.build_from_config(build_config)
    if not layer._torchkeras.built:
        raise ValueError("build_from_config() did not build the layer.")


def _check_own_shapes(layer: LayerBase, state_dict: Any, prefix: str) -> None:
    weights = [*layer._parameters.items(), *layer._buffers.items()]
    own = {prefix + name: weight for name, weight in weights if name != PLACEHOLDER}
    faults = shape_mismatches(own, state_dict)
    if faults:
        raise ValueError("; ".join(faults))


def shape_mismatches(expected: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Describe the entries of two dicts of tensors that differ in shape; extra states of modules are not compared.

    >>> import torch
    >>> shape_mismatches({"bias": torch.ones(2)}, {"bias": torch.ones(3)})
    ['bias has shape (2,), received (3,)']
    """
    shapes = [(key, getattr(expected[key], "shape", None), getattr(given.get(key), "shape", None)) for key in expected]
    return [
        f"{key} has shape {tuple(own)}, received {tuple(other)}"
        for key, own, other in shapes
        if own is not None and other is not None and own != other and not key.endswith(_EXTRA_STATE)
    ]


def as_plain_config(config: Any) -> Any:
    """Return a build config made of Python's own types only, as loading with `weights_only=True` requires.

    Raises:
        TypeError: if it contains anything but dicts, lists, tuples, strings, numbers and `None`.

    >>> import torch
    >>> as_plain_config({"input_shape": torch.Size([2, 3])})
    {'input_shape': (2, 3)}
    """
    if config is None or isinstance(config, (str, int, float)):
        return config
    if isinstance(config, dict):
        return {key: as_plain_config(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        parts = [as_plain_config(value) for value in config]
        return parts if isinstance(config, list) else tuple(parts)
    raise TypeError(
        f"a build config must contain only shapes, numbers, strings and None. Received: {config!r}. Correct "
        "get_build_config()."
    )
