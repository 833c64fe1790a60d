"""How do values that are neither plain nor Keras objects look in a config: bytes, slices, arrays, tensors?

A table of codecs. Each writes `{'class_name': '__word__', 'config': …}` as Keras 3 does; the words are a
closed list and their `config` holds data only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np
import torch

from torchkeras_layer._dtypes import dtype_name, torch_dtype


@dataclass(frozen=True)
class Codec:
    """How one type of value is written, read: `encode` gives plain data for `config`; `decode` takes it."""

    word: str
    type: type
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


_codecs: dict[str, Codec] = {}


def add_codec(codec: Codec) -> None:
    """Add a type of value to the closed list.

    Raises:
        ValueError: if the word is taken.
    """
    if codec.word in _codecs:
        raise ValueError(f"add_codec: {codec.word!r} stands for {_codecs[codec.word].type.__name__} already.")
    _codecs[codec.word] = codec


def codec_for(value: Any) -> Codec | None:
    """Return the codec that writes `value`, None if there is none.

    >>> codec_for(b"ab").word, codec_for({1})
    ('__bytes__', None)
    """
    return next((codec for codec in _codecs.values() if isinstance(value, codec.type)), None)


def codec_named(word: str) -> Codec | None:
    """Return the codec that reads what stands under `word`, None if there is none."""
    return _codecs.get(word)


def name_of_dtype(value: Any) -> str | None:
    """Return the name under which a dtype is written, None if `value` is not a dtype.

    >>> name_of_dtype(torch.bfloat16), name_of_dtype(np.dtype("int32")), name_of_dtype(np.float64)
    ('bfloat16', 'int32', 'float64')
    """
    if isinstance(value, (torch.dtype, np.dtype)) or (isinstance(value, type) and issubclass(value, np.generic)):
        return dtype_name(value)
    return None


def _encode_tensor(tensor: torch.Tensor) -> dict[str, Any]:
    if tensor.is_meta:
        raise TypeError("serialize_keras_object: a tensor on the meta device has no values to write.")
    return {"value": tensor.detach().cpu().tolist(), "dtype": dtype_name(tensor.dtype)}


def _encode_array(array: np.ndarray) -> Any:
    return {"value": array.tolist(), "dtype": dtype_name(array.dtype)}


def _decode_array(config: dict[str, Any]) -> np.ndarray:
    # The detour over our names keeps out numpy's object, string and record types: items without a size limit.
    return np.array(config["value"], dtype=dtype_name(config["dtype"]))


def _decode_tensor(config: dict[str, Any]) -> torch.Tensor:
    return torch.tensor(config["value"], dtype=torch_dtype(config["dtype"]))


def _encode_slice(value: slice) -> dict[str, Any]:
    parts = {"start": value.start, "stop": value.stop, "step": value.step}
    return {key: None if part is None else index(part) for key, part in parts.items()}


add_codec(Codec("__bytes__", bytes, lambda b: {"value": b.decode("utf-8")}, lambda c: c["value"].encode("utf-8")))
add_codec(Codec("__slice__", slice, _encode_slice, lambda c: slice(c["start"], c["stop"], c["step"])))
add_codec(Codec("__ellipsis__", type(...), lambda _: {}, lambda _: ...))
add_codec(Codec("__tensor__", torch.Tensor, _encode_tensor, _decode_tensor))
add_codec(Codec("__numpy__", np.ndarray, _encode_array, _decode_array))
