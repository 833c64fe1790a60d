"""Which locally connected layers go through the conformance suite, beside what stand-in for Keras 3, which has none?"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import torch

from tests.conformance.case import Case
from tests.oracle import keras, stand_in

_OF_WEIGHTS = [
    f"{weight}_{kind}" for weight in ("kernel", "bias") for kind in ("initializer", "regularizer", "constraint")
]


class _LocallyConnected(keras.layers.Layer):
    """A Dense layer over all values, most of whose weights are 0; tested with the goldens of TF-Keras."""

    rank = 0

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None,
        activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
        implementation: int = 1, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        given = dict(locals())
        self.filters, self.padding, self.use_bias, self.implementation = filters, padding, use_bias, implementation
        self.kernel_size, self.strides = (
            tuple(one) if isinstance(one, (list, tuple)) else (one,) * self.rank for one in (kernel_size, strides)
        )
        self.data_format = data_format or keras.config.image_data_format()
        self.activation = keras.activations.get(activation)
        for name in _OF_WEIGHTS:
            setattr(self, name, getattr(keras, f"{name.split('_')[1]}s").get(given[name]))

    def build(self, input_shape: Any) -> None:
        self._output = self.compute_output_shape(input_shape)[1:]
        counts = self._output[:-1] if self.data_format == "channels_last" else self._output[1:]
        places = np.arange(math.prod(input_shape[1:])).reshape(input_shape[1:])
        results = np.arange(math.prod(self._output)).reshape(self._output)
        pairs = [self._connections(places, results, at) for at in itertools.product(*map(range, counts))]
        if self.implementation == 1:
            shape = (math.prod(counts), len(pairs[0]) // self.filters, self.filters)
        else:
            of_inputs, of_outputs = tuple(input_shape[1:]), tuple(self._output)
            shape = of_inputs + of_outputs if self.implementation == 2 else (sum(map(len, pairs)),)
        flat = [pair for of_window in pairs for pair in of_window]
        # Sorted by where they lead to; a window has its own order.
        flat = flat if self.implementation == 1 else sorted(flat, key=lambda pair: pair[::-1])
        self._pairs = np.array(flat).T
        self._inputs = math.prod(input_shape[1:])
        self.kernel = self._make("kernel", shape)
        self.bias = self._make("bias", (*counts, self.filters)) if self.use_bias else None

    def _make(self, name: str, shape: tuple[int, ...]) -> Any:
        of_weight = {kind: getattr(self, f"{name}_{kind}") for kind in ("initializer", "regularizer", "constraint")}
        return self.add_weight(shape, name=name, **of_weight)

    def _connections(self, places: Any, results: Any, at: tuple[int, ...]) -> list[tuple[int, int]]:
        window: list[Any] = []
        for one, size, stride in zip(at, self.kernel_size, self.strides, strict=True):
            start = one * stride - (size // 2 if self.padding == "same" else 0)
            window.append(slice(max(start, 0), start + size))
        last = self.data_format == "channels_last"
        from_where = places[(*window, slice(None)) if last else (slice(None), *window)].ravel()
        to_where = results[(*at, slice(None)) if last else (slice(None), *at)].ravel()
        return list(itertools.product(from_where, to_where))

    def call(self, inputs: Any) -> Any:
        kernel = keras.ops.convert_to_tensor(self.kernel)
        pairs = torch.as_tensor(self._pairs, device=kernel.device)
        dense = kernel.new_zeros(self._inputs, math.prod(self._output))
        values = kernel.reshape(dense.shape)[tuple(pairs)] if self.implementation == 2 else kernel.reshape(-1)
        outputs = (inputs.flatten(1) @ dense.index_put(tuple(pairs), values)).unflatten(1, self._output)
        if self.use_bias:
            bias = keras.ops.convert_to_tensor(self.bias)
            outputs = outputs + bias.reshape(self._output)
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        last = self.data_format == "channels_last"
        lengths = input_shape[1:-1] if last else input_shape[2:]
        taken = self.kernel_size if self.padding == "valid" else (1,) * self.rank
        axes = zip(lengths, taken, self.strides, strict=True)
        counts = [None if length is None else (length - size) // stride + 1 for length, size, stride in axes]
        return (input_shape[0], *counts, self.filters) if last else (input_shape[0], self.filters, *counts)

    def get_config(self) -> Any:
        own = {name: getattr(self, name) for name in ("filters", "kernel_size", "strides", "padding", "data_format")}
        own |= {"activation": keras.activations.serialize(self.activation), "use_bias": self.use_bias}
        for name in [*_OF_WEIGHTS, "activity_regularizer"]:
            own[name] = keras.saving.serialize_keras_object(getattr(self, name))
        return super().get_config() | own | {"implementation": self.implementation}


@stand_in("layers")
class LocallyConnected1D(_LocallyConnected):
    """Keras 2's layer for sequences."""

    rank = 1


@stand_in("layers")
class LocallyConnected2D(_LocallyConnected):
    """Keras 2's layer for images."""

    rank = 2


def _cases(rank: int) -> list[Case]:
    name, sizes = f"LocallyConnected{rank}D", (5, 4)[:rank]
    first = {"filters": 2, "kernel_size": 3, "strides": 2, "data_format": "channels_first", "activation": "tanh"}
    same = {"filters": 2, "kernel_size": 2, "padding": "same", "use_bias": False, "kernel_regularizer": "l2"}
    return [
        Case(name, {"filters": 3, "kernel_size": 2}, (2, *sizes, 3)),
        Case(name, first, (2, 3, *sizes)),
        *(Case(name, first | {"implementation": one}, (2, 3, *sizes)) for one in (2, 3)),
        *(Case(name, same | {"implementation": one}, (2, *sizes, 2)) for one in (2, 3)),
        Case(name, {"filters": 2, "kernel_size": 2, "implementation": 3}, (2, *sizes, 2)),
    ]


CASES = [case for rank in (1, 2) for case in _cases(rank)]
