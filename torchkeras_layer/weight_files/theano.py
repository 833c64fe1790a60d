"""What did Theano compute in another way than TensorFlow, and which weights does that change?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.weight_files.source import ModelFileError

TURNED = frozenset({"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D"})
"""The layers whose kernels Theano turns; those of depthwise convolutions it does not."""
_POOLING = ("MaxPooling", "AveragePooling")


def turned(array: torch.Tensor) -> torch.Tensor:
    """Return a kernel of (*spatial, in, out) upside down, since Theano convolves and does not correlate.

    >>> turned(torch.arange(3.0).reshape(3, 1, 1)).flatten()
    tensor([2., 1., 0.])
    """
    return array.flip(tuple(range(array.dim() - 2))) if array.dim() > 2 else array


def check_padding(layer: Any, kind: str) -> None:
    """Check that "same" padding means what it means here: Theano puts half a window before the first position.

    Args:
        layer: the layer.
        kind: the name of its class.

    Raises:
        ModelFileError: if the results would be others.
    """
    is_pooling = kind.startswith(_POOLING)
    if getattr(layer, "padding", None) != "same" or not (is_pooling or kind in TURNED):
        return
    window = layer.pool_size if is_pooling else _dilated(layer)
    sizes = _spatial_sizes(layer, kind)
    parts = zip(window, layer.strides, sizes, strict=False)
    agrees = all(_agrees(*part, is_pooling) for part in parts)
    if not (_agrees_transposed(layer) if kind.endswith("Transpose") else agrees):
        raise ModelFileError(
            f"{layer.name}: Theano computed this model. It pads for border_mode='same' with windows of {tuple(window)} "
            f"and strides of {tuple(layer.strides)} in another way than TensorFlow does and this library, so that the "
            "results would be wrong. Write a ZeroPadding layer and padding='valid' in its place."
        )


def _dilated(layer: Any) -> list[int]:
    rates = getattr(layer, "dilation_rate", (1,) * len(layer.kernel_size))
    return [(length - 1) * rate + 1 for length, rate in zip(layer.kernel_size, rates, strict=True)]


def _agrees(length: int, stride: int, size: int | None, is_pooling: bool) -> bool:
    """Whether both put as many positions before the first one."""
    pooled = length - 2 if length > 2 and length % 2 else length - 1
    before = pooled if is_pooling else length // 2
    if stride == 1:
        return before == (length - 1) // 2
    if size is None:
        return length == 1
    return before == max((-(-size // stride) - 1) * stride + length - size, 0) // 2


def _agrees_transposed(layer: Any) -> bool:
    """Whether both cut as much from the start of the result; with an `output_padding`, that is half a window here."""
    usual = [
        length // 2 == max(length - stride, 0) // 2
        for length, stride in zip(layer.kernel_size, layer.strides, strict=True)
    ]
    return layer.output_padding is not None or all(usual)


def _spatial_sizes(layer: Any, kind: str) -> tuple[int | None, ...]:
    rank = len(layer.strides)
    try:
        shape = tuple(layer.input_shape)
    except (AttributeError, RuntimeError, TypeError):
        return (None,) * rank
    if getattr(layer, "data_format", None) == "channels_first":
        return shape[-rank:]
    return shape[-rank - 1 : -1]
