"""How are objects and values written into a config?

Values that JSON lacks have codecs, which write `{'class_name': '__word__', 'config': …}` as Keras 3 does. The words are
a closed list, and their `config` contains data only.
"""

from __future__ import annotations

import inspect
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np
import torch

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer.registry import custom_objects, table
from torchkeras_layer.registry.envelope import excerpt


@dataclass(frozen=True)
class Codec:
    """How one type of value is written and read: `encode` returns plain data for `config`, `decode` takes it."""

    word: str
    type: type
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


_codecs: dict[str, Codec] = {}


def add_codec(codec: Codec) -> None:
    """Add the codec of a type of value.

    Raises:
        ValueError: if its word is taken.
    """
    if codec.word in _codecs:
        raise ValueError(
            f"add_codec: the word is taken by {_codecs[codec.word].type.__name__}. Received: {codec.word!r}."
        )
    _codecs[codec.word] = codec


def codec_for(value: Any) -> Codec | None:
    """Return the codec that writes `value`; `None` if there is none.

    >>> codec_for(b"ab").word, codec_for({1})
    ('__bytes__', None)
    """
    return next((codec for codec in _codecs.values() if isinstance(value, codec.type)), None)


def codec_named(word: str) -> Codec | None:
    """Return the codec with a word; `None` if there is none."""
    return _codecs.get(word)


def name_of_dtype(value: Any) -> str | None:
    """Return the name of a dtype in configs; `None` if `value` is not a dtype.

    >>> name_of_dtype(torch.bfloat16), name_of_dtype(np.dtype("int32")), name_of_dtype(np.float64)
    ('bfloat16', 'int32', 'float64')
    """
    if isinstance(value, (torch.dtype, np.dtype)) or (isinstance(value, type) and issubclass(value, np.generic)):
        return dtype_name(value)
    return None


def _encode_tensor(tensor: torch.Tensor) -> dict[str, Any]:
    if tensor.is_meta:
        raise TypeError(
            "serialize_keras_object: a tensor on the meta device has no values to write. "
            f"Received: a tensor of shape {tuple(tensor.shape)}."
        )
    return {"value": tensor.detach().cpu().tolist(), "dtype": dtype_name(tensor.dtype)}


def _encode_array(array: np.ndarray) -> Any:
    return {"value": array.tolist(), "dtype": dtype_name(array.dtype)}


def _decode_array(config: dict[str, Any]) -> np.ndarray:
    # Our names exclude numpy's object, string and record types, whose items have no size limit.
    return np.array(config["value"], dtype=dtype_name(config["dtype"]))


def _decode_tensor(config: dict[str, Any]) -> torch.Tensor:
    return torch.tensor(config["value"], dtype=torch_dtype(config["dtype"]))


def _encode_slice(value: slice) -> dict[str, Any]:
    parts = {"start": value.start, "stop": value.stop, "step": value.step}
    try:
        return {key: None if part is None else index(part) for key, part in parts.items()}
    except TypeError as error:
        raise TypeError(
            f"serialize_keras_object: a slice must consist of ints and None. Received: {excerpt(value)}. {error}"
        ) from error


add_codec(Codec("__bytes__", bytes, lambda b: {"value": b.decode("utf-8")}, lambda c: c["value"].encode("utf-8")))
add_codec(Codec("__slice__", slice, _encode_slice, lambda c: slice(c["start"], c["stop"], c["step"])))
add_codec(Codec("__ellipsis__", type(...), lambda _: {}, lambda _: ...))
add_codec(Codec("__tensor__", torch.Tensor, _encode_tensor, _decode_tensor))
add_codec(Codec("__numpy__", np.ndarray, _encode_array, _decode_array))


MAX_DEPTH = 200
"""The maximum depth of nested values in a config."""


class _Depth(threading.local):
    now = 0


_depth = _Depth()


def serialize_keras_object(obj: Any) -> Any:
    """Return the config of an object, in the form of Keras 3.

    `None`, strings, numbers, lists, tuples and dicts are kept, with their items serialized. Dtypes become their names,
    and numpy scalars Python numbers. Tensors, arrays, bytes and slices become `{'class_name': '__tensor__', …}` and
    similar. Functions are written by name, and objects with a `get_config()` as `{'module', 'class_name', 'config',
    'registered_name'}`, with the key 'build_config' if `get_build_config()` returns one.

    Raises:
        TypeError: if the object, or a part of it, cannot be written as data.
        ValueError: if values are nested too deeply, or contain themselves.

    >>> serialize_keras_object({"units": 3, "axes": (0, 1), "dtype": torch.float32})
    {'units': 3, 'axes': (0, 1), 'dtype': 'float32'}
    """
    if _depth.now >= MAX_DEPTH:
        raise _too_deep()
    _depth.now += 1
    try:
        return _write(obj)
    except RecursionError:
        raise _too_deep() from None
    finally:
        _depth.now -= 1


def _write(obj: Any) -> Any:
    if isinstance(obj, np.generic) or (isinstance(obj, np.ndarray) and obj.ndim == 0):
        obj = obj.item()
    if obj is None or isinstance(obj, (str, int, float, bool)):
        return obj
    if isinstance(obj, tuple):
        return tuple(serialize_keras_object(item) for item in obj)
    if isinstance(obj, list):
        return [serialize_keras_object(item) for item in obj]
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    codec = codec_for(obj)
    if codec is not None:
        return {"class_name": codec.word, "config": codec.encode(obj)}
    dtype = name_of_dtype(obj)
    if dtype is not None:
        return dtype
    if inspect.isroutine(obj):
        return _write_function(obj)
    return _write_object(obj)


def _write_function(function: Any) -> dict[str, Any]:
    # The two constants are Keras's; only the name identifies the function.
    return {
        "module": "builtins",
        "class_name": "function",
        "config": _name_function(function),
        "registered_name": "function",
    }


def _name_function(function: Any) -> str:
    entry = table.entry_of(function)
    if entry is not None:
        return entry.name
    name = custom_objects.get_registered_name(function)
    advice = "Register a function: write @register_keras_serializable() above its def."
    if name == "<lambda>":
        raise TypeError(
            f"serialize_keras_object: a lambda has no name to write into a config. {advice} "
            "See docs/differences.md#code-in-configs"
        )
    if ">" in name:
        return name
    if not isinstance(function, types.FunctionType):
        raise TypeError(
            f"serialize_keras_object: {excerpt(function)} cannot be looked up by its name. {advice} "
            "That function may call this one."
        )
    if any(inspect.isroutine(entry.target) for entry in table.find_anywhere(name)):
        raise TypeError(
            f"serialize_keras_object: {excerpt(function)} would be read back as the built-in {name!r}. {advice}"
        )
    return name


def _write_object(obj: Any) -> dict[str, Any]:
    if inspect.isclass(obj):
        raise TypeError(
            f"serialize_keras_object: expected an object. Received: the class {obj.__name__}. Pass {obj.__name__}(...)."
        )
    if not hasattr(obj, "get_config"):
        hint = " A plain nn.Module has none." if isinstance(obj, torch.nn.Module) else ""
        raise TypeError(
            f"serialize_keras_object: {excerpt(obj)} has no get_config() method.{hint} "
            f"Define one in {type(obj).__name__} that returns the arguments of its __init__ as a dict."
        )
    config = obj.get_config()
    if not isinstance(config, dict):
        raise TypeError(f"{type(obj).__name__}: get_config() must return a dict. Received: {excerpt(config)}.")
    entry = table.entry_of(type(obj))
    envelope = {
        "module": entry.module if entry else None,
        "class_name": entry.name if entry else type(obj).__name__,
        "config": serialize_keras_object(config),
        "registered_name": None if entry else custom_objects.get_registered_name(type(obj)),
    }
    build_config = obj.get_build_config() if hasattr(obj, "get_build_config") else None
    if build_config is not None:
        envelope["build_config"] = serialize_keras_object(build_config)
    return envelope


def _too_deep() -> ValueError:
    return ValueError(
        f"serialize_keras_object: values are nested deeper than {MAX_DEPTH} levels, or contain themselves. "
        "Flatten them."
    )
