"""How is a layer read whose kernel Keras trained by a product of two small matrices (LoRA)?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.models.configs.generations import entries_in
from torchkeras_layer.registry import DeserializationError, get_registered_object

_CHANGED_BY_KERAS = ("Dense", "EinsumDense", "Embedding", "Conv1D", "Conv2D", "Conv3D")


def forget_changes(config: Any, are_merged: bool) -> None:
    """Remove the arguments of LoRA from the layers of a config: layers here have the changed kernel and nothing else.

    Args:
        config: the config of a model, which is changed.
        are_merged: whether the file has the changed kernels, as archives have. An `.h5` has the kernel and both
            matrices, but not how much their product counts, so that must be 1.

    Raises:
        DeserializationError: if it is not.

    >>> layer = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2, "lora_rank": 1}}
    >>> forget_changes(layer, are_merged=True)
    >>> layer["config"]
    {'units': 2}
    """
    for entry in entries_in(config):
        arguments, name = entry["config"], entry["class_name"]
        is_ours = name in _CHANGED_BY_KERAS and entry.get("module") in (None, "keras.layers")
        if not is_ours or not isinstance(arguments, dict) or get_registered_object(name) is not None:
            continue
        rank, alpha = arguments.get("lora_rank"), arguments.get("lora_alpha")
        if rank is None:
            continue
        if not are_merged and alpha not in (None, rank):
            raise DeserializationError(
                f"{arguments.get('name')!r} ({name}): an .h5 file cannot have LoRA with a lora_alpha "
                f"that is not its lora_rank. Received: lora_rank={rank!r}, lora_alpha={alpha!r}. Save the model as "
                ".keras, which has the changed kernel."
            )
        arguments.pop("lora_rank")
        arguments.pop("lora_alpha", None)
