"""How do weights of older versions of Keras, or of its other backends, become those of today's layers?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import torch

from torchkeras_layer.weight_files.pieces import is_weight_of_keras_1
from torchkeras_layer.weight_files.theano import TURNED, turned

Arrays = list[torch.Tensor]
Shape = tuple[int, ...]
Axes = tuple[int, ...]

_RECURRENT = {"LSTM": 4, "GRU": 3}
"""How many gates the recurrent layers have."""
_GATES = {**_RECURRENT, "ConvLSTM2D": 4}
_WITH_KERNELS = ("Conv", "Depthwise", "Separable")


def origin_of(names: Sequence[str], version: str | None, backend: str | None) -> tuple[bool, str | None]:
    """Return whether Keras 1 wrote some arrays, and the backend that computed with them.

    Keras 1 writes no backend, and in files of weights no version; but only TensorFlow's names end with `:0`.

    >>> origin_of(["convolution2d_1_W", "convolution2d_1_b"], None, None)
    (True, 'theano')
    """
    is_keras_1 = version is None or version.split(".")[0] in ("0", "1")
    if is_keras_1 and backend is None and any(map(is_weight_of_keras_1, names)):
        backend = "tensorflow" if any(name.endswith(":0") for name in names) else "theano"
    return is_keras_1, backend


def converter_for(
    layer: Any, names: Sequence[str], shapes: Sequence[Shape], version: str | None, backend: str | None
) -> Callable[[Arrays], Arrays] | None:
    """Return what turns the arrays of a layer in a file into its weights; `None` if they are the weights.

    Args:
        layer: the layer that gets them.
        names: the names of the arrays.
        shapes: the shapes of the arrays.
        version: the version of Keras that wrote the file; `None` if the file does not say it.
        backend: the backend that it ran on; `None` if the file does not say it.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dense(2); layer.build((None, 3))
    >>> converter_for(layer, ["kernel:0", "bias:0"], [(3, 2), (2,)], "2.4.0", "tensorflow") is None
    True
    """
    is_keras_1, backend = origin_of(names, version, backend)
    kind = kind_of(layer)
    steps: list[Callable[[Arrays], Arrays]] = []
    if is_keras_1 and kind.startswith(_WITH_KERNELS):
        steps.append(lambda arrays: _kernels_of_keras_1(layer, kind, arrays))
    if kind in _GATES and len(shapes) == 3 * _GATES[kind]:
        steps.append(_join_gates_of_keras_1(kind))
    if kind in _RECURRENT and _is_of_cudnn(layer, shapes):
        steps.append(_from_cudnn(kind, layer.units))
    if is_keras_1 and kind == "Highway" and [len(shape) for shape in shapes] == [2, 1, 2, 1]:
        # Up to Keras 1.1, the bias of the layer comes before the kernel of the gate.
        steps.append(lambda arrays: [arrays[index] for index in (0, 2, 1, 3)])
    if backend == "theano" and kind in TURNED:
        steps.append(lambda arrays: list(map(turned, arrays)))
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


def kind_of(layer: Any) -> str:
    """Return the name of the built-in class that a layer is or derives from; '' if there is none.

    >>> import torchkeras_layer as keras
    >>> kind_of(keras.layers.Dense(2))
    'Dense'
    """
    names = [cls.__name__ for cls in type(layer).__mro__ if cls.__module__.startswith("torchkeras_layer.layers.")]
    recurrent = [name for name in names if name in _RECURRENT]
    return (recurrent or names or [""])[0]


def _join_gates_of_keras_1(kind: str) -> Callable[[Arrays], Arrays]:
    """Keras 1.2 has a kernel, a recurrent kernel and a bias for each gate; an LSTM's are in the order i, c, f, o."""
    order = (0, 1, 2) if kind == "GRU" else (0, 2, 1, 3)

    def join(arrays: Arrays) -> Arrays:
        gates = [arrays[3 * gate : 3 * gate + 3] for gate in order]
        return [torch.cat(parts, -1) for parts in zip(*gates, strict=True)]

    return join


def _is_of_cudnn(layer: Any, shapes: Sequence[Shape]) -> bool:
    """Whether the bias is that of Nvidia's kernels, which have two for each gate, in a row."""
    count = 2 * _RECURRENT[kind_of(layer)] * layer.units
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


def _kernels_of_keras_1(layer: Any, kind: str, arrays: Arrays) -> Arrays:
    """Kernels are in the order of Theano, (out, in, *spatial), if the channels come first, and those of 1D are 2D."""
    wanted = [tuple(weight.shape) for weight in chain(layer.trainable_weights, layer.non_trainable_weights)]
    if kind in _GATES:
        width = layer.filters
        wanted = [(*shape[:-1], width) for shape in (wanted * _GATES[kind])[: len(arrays)]]
    is_first = getattr(layer, "data_format", None) == "channels_first"
    is_transposed = kind.endswith("Transpose")
    found = []
    for array, shape in zip(arrays, wanted, strict=False):
        if array.dim() < 4:
            found.append(array)
            continue
        axes = range(array.dim())
        as_it_is, moved = array, array.permute(*axes[2:], 1, 0)
        if is_transposed:
            as_it_is, moved = (kernel.transpose(-1, -2) for kernel in (as_it_is, moved))
        choices = [moved, as_it_is] if is_first else [as_it_is, moved]
        if len(shape) == 3:
            # (length, 1, in, out), and in Keras 1.0 (out, in, length, 1).
            choices = [choice.squeeze(1) for choice in choices if choice.shape[1] == 1]
        fitting = [choice for choice in choices if tuple(choice.shape) == shape]
        found.append(fitting[0].contiguous() if fitting else array)
    return found
