"""How are pixels turned into what a pretrained model of `keras.applications` was trained on?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx, image_data_format
from torchkeras_layer.symbolic.keras_tensor import is_symbolic

_FORMATS = ("channels_last", "channels_first")
# The numbers by which each channel is divided, after those in the second row are subtracted: those of ImageNet.
_SCALES = {
    "tf": ((127.5,) * 3, (127.5,) * 3),
    "torch": ((58.395, 57.12, 57.375), (123.675, 116.28, 103.53)),
    "caffe": ((1.0, 1.0, 1.0), (103.939, 116.779, 123.68)),
}
MODES = tuple(_SCALES)


def prepare(x: Any, data_format: str | None, mode: str | None, where: str) -> Any:
    """Return images as a model of a mode expects them, as a new value of the same type; `None` leaves them alone.

    Args:
        x: images, one or a batch of them: an array, a tensor or a symbolic tensor, with numbers from 0 to 255.
        data_format: 'channels_last' or 'channels_first'; by default `backend.image_data_format()`.
        mode: 'tf', 'torch', 'caffe' or `None`.
        where: the function, for errors.

    Raises:
        TypeError: if `x` is none of these.
        ValueError: if `data_format` is unknown, or the mode needs three channels and `x` has not.

    >>> prepare(np.array([[[0, 255, 51]]]), None, "tf", "preprocess_input")
    array([[[-1. ,  1. , -0.6]]], dtype=float32)
    """
    layout = image_data_format() if data_format is None else data_format
    if layout not in _FORMATS:
        raise ValueError(f"{where}: data_format must be one of {_FORMATS}. Received: data_format={data_format!r}.")
    if not isinstance(x, (np.ndarray, torch.Tensor)) and not is_symbolic(x):
        raise TypeError(f"{where}: expects an array, a tensor or a symbolic tensor. Received: {type(x).__name__}.")
    if mode is None:
        return x
    if isinstance(x, np.ndarray):
        # Torch copies what it must not write on.
        values = x if x.dtype.kind == "f" else x.astype(floatx())
        return _scaled(torch.tensor(values), layout, mode, where).numpy()
    return _scaled(x if x.dtype.is_floating_point else x.to(torch_dtype(floatx())), layout, mode, where)


def _scaled(images: Any, layout: str, mode: str, where: str) -> Any:
    if mode == "tf":
        return images / 127.5 - 1.0
    axis = -3 if layout == "channels_first" else -1
    shape = tuple(images.shape)
    if len(shape) not in (3, 4) or shape[axis] != 3:
        raise ValueError(
            f"{where}: expects images with 3 channels, the {'first' if axis == -3 else 'last'} axis of an image. "
            f"Received: shape {shape}, data_format={layout!r}."
        )
    scale, shift = (_per_channel(numbers, images, axis) for numbers in _SCALES[mode])
    if mode == "caffe":
        return torch.flip(images, [axis]) - shift
    return (images - shift) / scale


def _per_channel(numbers: tuple[float, ...], images: Any, axis: int) -> torch.Tensor:
    device = images.device if isinstance(images, torch.Tensor) else None
    tensor = torch.tensor(numbers, dtype=images.dtype, device=device)
    return tensor.reshape(-1, 1, 1) if axis == -3 else tensor
