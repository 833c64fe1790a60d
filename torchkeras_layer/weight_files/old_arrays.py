"""How do weights of older versions of Keras, or of its other backends, become those of today's layers?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import torch

from torchkeras_layer.layer.weight_lists import layers_in
from torchkeras_layer.weight_files.source import ModelFileError

Arrays = list[torch.Tensor]
Shape = tuple[int, ...]
Axes = tuple[int, ...]

_RECURRENT = {"LSTM": 4, "GRU": 3}
"""How many gates the recurrent layers have."""
_UPSIDE_DOWN_IN_THEANO = frozenset({"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D"})
"""The layers whose kernels Theano turns; those of depthwise convolutions it does not."""
_OTHER_ORDERS: tuple[Axes, Axes] = ((2, 3, 1, 0), (0, 1, 2, 3))
_ORDERS_OF_KERAS_1: dict[str, tuple[Axes, Axes]] = {
    "Conv2DTranspose": ((2, 3, 0, 1), (0, 1, 3, 2)),
    "Conv3D": ((2, 3, 4, 1, 0), (0, 1, 2, 3, 4)),
}
"""Which axes of a kernel in Keras 1 are those of today, with channels first and with channels last."""


def converter_for(
    layer: Any, shapes: Sequence[Shape], version: str | None, backend: str | None
) -> Callable[[Arrays], Arrays] | None:
    """Return what turns the arrays of a layer in a file into its weights; `None` if they are the weights.

    Args:
        layer: the layer that gets them.
        shapes: the shapes of the arrays.
        version: the version of Keras that wrote the file; `None` before Keras 1.1.
        backend: the backend that it ran on.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dense(2); layer.build((None, 3))
    >>> converter_for(layer, [(3, 2), (2,)], "2.4.0", "tensorflow") is None
    True
    """
    inside = _layers_in_wrapper(layer)
    if inside and len(shapes) % len(inside) == 0:
        return _converter_of_parts(inside, shapes, version, backend)
    steps: list[Callable[[Arrays], Arrays]] = []
    kind = _kind_of(layer)
    if kind in _RECURRENT and len(shapes) == 3 * _RECURRENT[kind]:
        steps.append(_join_gates_of_keras_1(kind))
    if kind in _RECURRENT and _is_of_cudnn(layer, shapes):
        steps.append(_from_cudnn(kind, layer.units))
    if _is_keras_1(version) and kind.startswith(("Conv", "Depthwise", "Separable")):
        steps.append(lambda arrays: _kernels_of_keras_1(layer, arrays))
    if backend == "theano" and kind in _UPSIDE_DOWN_IN_THEANO:
        steps.append(lambda arrays: [_flipped(array) if array.dim() > 2 else array for array in arrays])
    elif backend == "theano" and any(_kind_of(inner) in _UPSIDE_DOWN_IN_THEANO for inner in layers_in(layer)):
        raise ModelFileError(
            f"{layer.name}: convolutions inside another layer or model that Theano computed are not read, because "
            "Theano turns their kernels. Save the inner model in a file of its own."
        )
    if not steps:
        return None

    def convert(arrays: Arrays) -> Arrays:
        for step in steps:
            arrays = step(arrays)
        return arrays

    return convert


def merging_changes(names: Sequence[str]) -> Callable[[Arrays], Arrays] | None:
    """Return what adds the change of a kernel, stored as two matrices (LoRA), to the kernel; `None` without one.

    >>> convert = merging_changes(["d/bias", "d/lora_kernel_a", "d/lora_kernel_b", "d/kernel"])
    >>> convert([torch.zeros(1), torch.ones(1, 2), torch.ones(2, 1), torch.ones(1, 1)])
    [tensor([[3.]]), tensor([0.])]
    """
    own = [name.split("/")[-1].partition(":")[0] for name in names]
    changed = next((name for name in ("kernel", "embeddings") if f"lora_{name}_a" in own), None)
    if changed is None or not {changed, f"lora_{changed}_b"} <= set(own):
        return None

    def convert(arrays: Arrays) -> Arrays:
        found = dict(zip(own, arrays, strict=True))
        found[changed] = found[changed] + found[f"lora_{changed}_a"] @ found[f"lora_{changed}_b"]
        return [found[name] for name in (changed, "bias") if name in found]

    return convert


def _layers_in_wrapper(layer: Any) -> list[Any]:
    """Return the layers inside a wrapper, in the order of their arrays; for any other layer, none."""
    kind = _kind_of(layer)
    if kind == "Bidirectional":
        return [layer.forward_layer, layer.backward_layer]
    return [layer.layer] if kind == "TimeDistributed" else []


def _converter_of_parts(
    layers: list[Any], shapes: Sequence[Shape], version: str | None, backend: str | None
) -> Callable[[Arrays], Arrays] | None:
    """Return what turns the arrays of several layers, which have equally many, one after the other."""
    count = len(shapes) // len(layers)
    parts = [slice(start, start + count) for start in range(0, len(shapes), count or 1)]
    converters = [converter_for(one, shapes[part], version, backend) for one, part in zip(layers, parts, strict=False)]
    if not any(converters):
        return None

    def convert(arrays: Arrays) -> Arrays:
        pairs = zip(converters, parts, strict=True)
        return [array for turn, part in pairs for array in (turn(arrays[part]) if turn else arrays[part])]

    return convert


def _kind_of(layer: Any) -> str:
    """The name of the built-in class that a layer is or derives from."""
    names = [cls.__name__ for cls in type(layer).__mro__ if cls.__module__.startswith("torchkeras_layer.layers.")]
    recurrent = [name for name in names if name in _RECURRENT]
    return (recurrent or names or [""])[0]


def _is_keras_1(version: str | None) -> bool:
    return version is None or version.split(".")[0] == "1"


def _join_gates_of_keras_1(kind: str) -> Callable[[Arrays], Arrays]:
    """Keras 1 has a kernel, a recurrent kernel and a bias for each gate; an LSTM's are in the order i, c, f, o."""
    order = (0, 2, 1, 3) if kind == "LSTM" else (0, 1, 2)

    def join(arrays: Arrays) -> Arrays:
        gates = [arrays[3 * gate : 3 * gate + 3] for gate in order]
        return [torch.cat(parts, -1) for parts in zip(*gates, strict=True)]

    return join


def _is_of_cudnn(layer: Any, shapes: Sequence[Shape]) -> bool:
    """Whether the bias is that of Nvidia's kernels, which have two for each gate, in a row."""
    count = 2 * _RECURRENT[_kind_of(layer)] * layer.units
    return len(shapes) == 3 and tuple(shapes[2]) == (count,)


def _from_cudnn(kind: str, units: int) -> Callable[[Arrays], Arrays]:
    """Nvidia's kernels are stored gate by gate, each transposed; the input's keep the shape of one that is not."""
    gates = _RECURRENT[kind]

    def convert(arrays: Arrays) -> Arrays:
        kernel, recurrent, bias = arrays
        kernel = torch.cat([part.reshape(units, -1).T for part in kernel.chunk(gates, 1)], 1)
        recurrent = torch.cat([part.T for part in recurrent.chunk(gates, 1)], 1)
        halves = bias.reshape(2, gates * units)
        return [kernel, recurrent, halves if kind == "GRU" else halves.sum(0)]

    return convert


def _kernels_of_keras_1(layer: Any, arrays: Arrays) -> Arrays:
    """Turn kernels that are in the order of Keras 1, which was that of Theano with channels first."""
    wanted = [tuple(weight.shape) for weight in chain(layer.trainable_weights, layer.non_trainable_weights)]
    orders = _ORDERS_OF_KERAS_1.get(_kind_of(layer), _OTHER_ORDERS)
    is_first = getattr(layer, "data_format", None) == "channels_first"
    return [
        _in_order_of_today(array, shape, orders if is_first else orders[::-1])
        for array, shape in zip(arrays, wanted, strict=False)
    ]


def _in_order_of_today(array: torch.Tensor, shape: Shape, orders: Sequence[Axes]) -> torch.Tensor:
    """Permute an array by the first of the orders with which it gets the shape."""
    for order in orders:
        if array.dim() == len(order) and tuple(array.permute(order).shape) == shape:
            return array.permute(order).contiguous()
    # A kernel of sequences was that of images with a height of 1.
    for order in orders:
        if array.dim() == len(order) == len(shape) + 1 and tuple(array.permute(order).squeeze(1).shape) == shape:
            return array.permute(order).squeeze(1).contiguous()
    return array


def _flipped(array: torch.Tensor) -> torch.Tensor:
    """Theano convolves with the kernel upside down."""
    return array.flip(tuple(range(array.dim() - 2)))
