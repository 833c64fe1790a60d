"""How is a layer saved to and loaded from a `state_dict`, also one that is not built?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from torchkeras_layer.layer.building import all_or_nothing
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.unbuilt import STAND_IN
from torchkeras_layer.layer.walk import layers_in

_BUILD_CONFIG = "build_config"
# What torch calls that of `get_extra_state`.
_EXTRA_STATE = "_extra_state"


def without_stand_in(layer: Any, act: Callable[..., None], *args: Any) -> None:
    """Have torch save or load, and not see the parameter that stands in for weights that there are none of yet."""
    stand_in = layer._parameters.pop(STAND_IN, None)
    try:
        act(layer, *args)
    finally:
        if stand_in is not None:
            layer._parameters[STAND_IN] = stand_in


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
            "plain dicts do not). Build first: `torchkeras_layer.build(model, example_input)`."
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
