"""Which layers, made how and called on what, go through the conformance suite? A public layer without a case fails."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

import torchkeras_layer as ours
from tests.conformance.pooling_cases import POOLING_CASES
from tests.oracle import keras
from torchkeras_layer._shapes import is_shape, map_shapes


@dataclass(frozen=True)
class Case:
    """A layer and one call of it, in our library and in Keras.

    `arguments`: the constructor's, or a function that gives them for a library. `shape`: of the inputs, batch first;
    a list of shapes for a layer that is called on a list. `below`: for int inputs, what they are less than; else they
    are floats. `marked`: a value that recurs. `has_config`: whether the layer can be written into a config.
    `wraps_torch`: whether a module of torch's computes, in its own dtype, and Keras pickles that into configs.
    `keras_has_halves`: whether Keras computes it in float16 and bfloat16 on the CPU.
    """

    layer: str
    arguments: Any = None
    shape: tuple[int, ...] | list[tuple[int, ...]] = (4, 5)
    training: bool = False
    below: int | None = None
    marked: float | None = None
    has_config: bool = True
    wraps_torch: bool = False
    keras_has_halves: bool = True

    def make(self, library: ModuleType = ours, **arguments: Any) -> Any:
        """Make the layer of a library; further arguments of the constructor may be given."""
        own = self.arguments(library) if callable(self.arguments) else self.arguments or {}
        return getattr(library.layers, self.layer)(**own, **arguments)

    def inputs(self, dtype: torch.dtype = torch.float32) -> Any:
        """Return the inputs, the same at each call: a tensor, or a list of tensors."""
        random = np.random.default_rng(7)
        return map_shapes(lambda shape: self._values(random, shape, dtype), self.shape)

    def _values(self, random: np.random.Generator, shape: Any, dtype: torch.dtype) -> torch.Tensor:
        if self.below is not None:
            return torch.as_tensor(random.integers(self.below, size=shape))
        values = random.normal(size=shape)
        if self.marked is not None:
            values[random.random(shape[:-1]) < 0.5] = self.marked
        return torch.as_tensor(values, dtype=dtype)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the inputs, also where there is only one."""
        return [self.shape] if is_shape(self.shape) else list(self.shape)  # type: ignore[list-item]

    def masks(self) -> list[torch.Tensor]:
        """Return a mask for each input, the same at each call: over all axes but the last."""
        random = np.random.default_rng(3)
        return [torch.as_tensor(random.random(shape[:-1]) < 0.7) for shape in self.shapes]

    def pair(self, **arguments: Any) -> tuple[Any, Any]:
        """Make our layer and Keras's, built, with the same random weights."""
        layers = self.make(ours, **arguments), self.make(keras, **arguments)
        for layer in layers:
            layer.build(self.shape)
        random = np.random.default_rng(8)
        # Near 1, so that they will do for a variance.
        weights = [random.uniform(0.5, 1.5, weight.shape) for weight in layers[1].weights]
        for layer in layers:
            layer.set_weights(weights)
        return layers

    def run(self, layer: Any, inputs: Any, training: bool | None = None) -> torch.Tensor:
        """Call a layer of either library, with the random numbers that it may draw from torch always the same."""
        torch.manual_seed(9)
        return layer(inputs, training=self.training if training is None else training)

    def __str__(self) -> str:
        names = ",".join(self.arguments) if isinstance(self.arguments, dict) else "objects" if self.arguments else ""
        sizes = "+".join("x".join(map(str, shape)) for shape in self.shapes)
        return f"{self.layer}({names})-{sizes}{'-training' if self.training else ''}"


def _objects(**build: Callable[[ModuleType], Any]) -> Callable[[ModuleType], dict[str, Any]]:
    """Give arguments that are objects of the library."""
    return lambda library: {name: make(library) for name, make in build.items()}


def doubled(inputs: Any, factor: float = 2.0) -> Any:
    """Return `factor` times the inputs: a function that both libraries know."""
    return inputs * factor


ours.saving.register_keras_serializable("conformance")(doubled)
keras.saving.register_keras_serializable("conformance")(doubled)


@importlib.import_module("keras.src.api_export").keras_export("keras.layers.ThresholdedReLU")
class ThresholdedReLU(keras.layers.ReLU):
    """Keras 2's layer, which Keras 3 has under TensorFlow only, as another form of one that it has."""

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(threshold=theta, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return what Keras 2 writes."""
        return keras.layers.Layer.get_config(self) | {"theta": self.threshold}


keras.layers.ThresholdedReLU = ThresholdedReLU

_IMAGES = (3, 4, 6, 5)
_PAIR = [(4, 5), (4, 5)]
_SEQUENCES = [(4, 3, 5), (4, 3, 5), (4, 3, 5)]
# Broadcast, and of different ranks.
_MIXED = [(4, 3, 5), (4, 1, 5), (4, 3, 1)]
_RANKS = [(4, 3, 2, 5), (4, 5), (4, 2, 1)]


def _module(make: Callable[[], nn.Module]) -> Callable[[ModuleType], dict[str, Any]]:
    """Give a module with the same weights at each call, as it would come from a file."""

    def make_again(_: ModuleType) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(6)
            return make()

    return _objects(module=make_again)


def _merges(layer: str) -> list[Case]:
    return [Case(layer, shape=shapes) for shapes in (_PAIR, _SEQUENCES, _MIXED, _RANKS, [(4, 5)])]


CASES = [
    Case("Activation", {"activation": "relu"}),
    Case("Activation", {"activation": "softmax"}, (2, 3, 5)),
    Case("Activation", {"activation": None}),
    Case("ActivityRegularization", {"l1": 0.25}),
    Case("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, (2, 3, 5)),
    *_merges("Add"),
    Case("Add", {"activity_regularizer": "l2"}, _PAIR),
    Case("Add", shape=_PAIR, below=7),
    Case("AlphaDropout", {"rate": 0.5}),
    Case("AlphaDropout", {"rate": 0.4, "seed": 3}, training=True),
    Case("AlphaDropout", {"rate": 0.3, "seed": 5, "noise_shape": (None, 1, 5)}, (2, 3, 5), training=True),
    *_merges("Average"),
    Case("BatchNormalization"),
    Case("BatchNormalization", training=True),
    Case("BatchNormalization", {"momentum": 0.5, "epsilon": 0.1}, (2, 3, 5), training=True),
    Case("BatchNormalization", {"center": False}, _IMAGES, training=True),
    Case("BatchNormalization", {"scale": False}, _IMAGES),
    Case("BatchNormalization", {"center": False, "scale": False}, _IMAGES, training=True),
    Case("BatchNormalization", {"axis": 1}, _IMAGES, training=True),
    Case("BatchNormalization", {"axis": -3}, _IMAGES),
    Case("BatchNormalization", {"axis": 2, "gamma_regularizer": "l2"}, _IMAGES, training=True),
    Case("BatchNormalization", {"trainable": False}, (2, 3, 2, 2, 5), training=True),
    Case("Concatenate", shape=_PAIR),
    Case("Concatenate", {"axis": 1}, [(4, 3, 5), (4, 2, 5), (4, 1, 5)]),
    Case("Concatenate", {"axis": -1}, [(4, 3, 5), (4, 3, 2)]),
    Case("Concatenate", {"axis": -3}, [(4, 3, 2, 5), (4, 1, 2, 5)]),
    Case("Cropping1D", shape=(2, 5, 3)),
    Case("Cropping1D", {"cropping": (0, 2)}, (2, 5, 3), below=7),
    Case("Cropping2D", {"cropping": ((1, 0), (0, 2))}, _IMAGES),
    Case("Cropping2D", {"cropping": (2, 1), "data_format": "channels_first"}, _IMAGES),
    Case("Cropping3D", {"cropping": (1, (0, 1), 0)}, (2, 3, 4, 2, 3)),
    Case("Cropping3D", {"data_format": "channels_first"}, (2, 2, 3, 4, 3)),
    Case("Dense", {"units": 3}),
    Case("Dense", {"units": 3, "use_bias": False, "activation": "relu"}),
    Case("Dense", {"units": 2, "kernel_regularizer": "l2", "bias_constraint": "non_neg"}, (2, 3, 5)),
    Case("Dense", {"units": 2, "use_bias": False, "activation": "gelu"}, (2, 3, 2, 5)),
    Case("Dense", _objects(units=lambda _: 4, activation=lambda k: k.activations.tanh)),
    Case("Dense", _objects(units=lambda _: 3, activity_regularizer=lambda k: k.regularizers.L1(0.25))),
    Case("Dense", {"units": 3}, below=7),
    Case("Dot", {"axes": 1}, _PAIR),
    Case("Dot", {"axes": -1, "normalize": True}, [(4, 3, 5), (4, 2, 5)]),
    Case("Dot", {"axes": (2, 1)}, [(4, 3, 5), (4, 5, 2, 3)]),
    Case("Dot", {"axes": [1, 2]}, [(4, 5), (4, 3, 5)]),
    Case("Dot", {"axes": (-2, -1), "normalize": True}, [(4, 2, 5, 3), (4, 5)]),
    Case("Dropout", {"rate": 0.5}),
    Case("Dropout", {"rate": 0.5}, training=True),
    Case("Dropout", {"rate": 0.3, "seed": 11}, training=True),
    Case("Dropout", {"rate": 0.4, "seed": 5, "noise_shape": (None, 1, 5)}, (2, 3, 5), training=True),
    Case("Dropout", {"rate": 0.0}, training=True),
    Case("Dropout", {"rate": 1.0, "seed": 2}, training=True),
    Case("ELU"),
    Case("ELU", {"alpha": 0.5}, (2, 3, 5)),
    Case("Embedding", {"input_dim": 9, "output_dim": 3}, below=9),
    Case("Embedding", {"input_dim": 9, "output_dim": 3, "mask_zero": True}, (2, 3, 2), below=9),
    Case("Embedding", {"input_dim": 9, "output_dim": 3, "embeddings_regularizer": "l2"}, (4,), below=9),
    Case("Flatten", shape=(2, 3, 4, 5)),
    Case("Flatten", {"data_format": "channels_first"}, (2, 3, 4, 5)),
    Case("Flatten", shape=(4,)),
    Case("GaussianDropout", {"rate": 0.5}),
    Case("GaussianDropout", {"rate": 0.4, "seed": 3}, training=True),
    Case("GaussianDropout", {"rate": 0.3, "seed": 5}, (2, 3, 5), training=True),
    Case("GaussianNoise", {"stddev": 0.5}),
    Case("GaussianNoise", {"stddev": 0.4, "seed": 3}, training=True),
    Case("GaussianNoise", {"stddev": 1.0, "seed": 5}, (2, 3, 5), training=True),
    Case("GroupNormalization", {"groups": 2, "epsilon": 0.1}, (2, 3, 6)),
    Case("GroupNormalization", {"groups": -1, "scale": False}, _IMAGES),
    Case("GroupNormalization", {"groups": 2, "axis": 1, "center": False, "gamma_regularizer": "l2"}, _IMAGES),
    Case("GroupNormalization", {"groups": 3, "axis": -2}, (2, 3, 6, 5)),
    Case("GroupNormalization", {"groups": 1, "center": False, "scale": False}, (4, 6)),
    Case("Identity"),
    Case("Lambda", _objects(function=lambda k: k.activations.relu)),
    Case("Lambda", {"function": doubled, "arguments": {"factor": 3.0}, "output_shape": (5,)}),
    Case("Lambda", {"function": lambda x, training=None: x * 2 if training else x}, training=True, has_config=False),
    Case("LayerNormalization"),
    Case("LayerNormalization", {"axis": [1, 2], "epsilon": 0.1}, (2, 3, 5)),
    Case("LayerNormalization", {"axis": [-2, -1], "center": False}, (2, 3, 5)),
    Case("LayerNormalization", {"axis": [1, 3]}, _IMAGES),
    Case("LayerNormalization", {"center": False, "scale": False}),
    Case("LeakyReLU"),
    Case("LeakyReLU", {"negative_slope": 0.5}, (2, 3, 5)),
    Case("Masking", shape=(4, 3, 5), marked=0.0),
    Case("Masking", {"mask_value": -1.5}, (4, 3, 5), marked=-1.5),
    *(Case(**arguments) for arguments in POOLING_CASES),
    *_merges("Maximum"),
    *_merges("Minimum"),
    *_merges("Multiply"),
    Case("PReLU"),
    Case("PReLU", {"shared_axes": [1, 2], "alpha_regularizer": "l2"}, _IMAGES),
    Case("PReLU", {"shared_axes": 2, "alpha_constraint": "non_neg"}, _IMAGES),
    Case("PReLU", {"shared_axes": [3]}, _IMAGES),
    Case("PReLU", {"shared_axes": [1]}),
    Case("PReLU", below=7),
    Case("Permute", {"dims": (2, 1)}, (4, 3, 5)),
    Case("Permute", {"dims": (3, 1, 2)}, _IMAGES),
    Case("RMSNormalization"),
    Case("RMSNormalization", {"epsilon": 0.1}, (2, 3, 5)),
    Case("ReLU"),
    Case("ReLU", {"max_value": 0.5, "negative_slope": 0.25}),
    Case("ReLU", {"threshold": 0.5, "negative_slope": 0.1}, (2, 3, 5)),
    Case("ReLU", {"max_value": 1.0, "threshold": 0.25}),
    Case("RepeatVector", {"n": 3}),
    Case("Reshape", {"target_shape": (3, 2)}, (4, 6)),
    Case("Reshape", {"target_shape": (-1, 2)}, (4, 3, 2, 5)),
    Case("Reshape", {"target_shape": ()}, (4, 1)),
    Case("Softmax", shape=(5, 5)),
    Case("Softmax", {"axis": 1}, (3, 3, 3)),
    Case("Softmax", {"axis": [1, 2]}, (3, 3, 3)),
    Case("Softmax", {"axis": [-1]}, (5, 5)),
    Case("SpatialDropout1D", {"rate": 0.5}, (4, 3, 5)),
    Case("SpatialDropout1D", {"rate": 0.5, "seed": 3}, (4, 3, 5), training=True),
    Case("SpatialDropout2D", {"rate": 0.4, "seed": 3}, _IMAGES, training=True),
    Case("SpatialDropout2D", {"rate": 0.4, "data_format": "channels_first", "seed": 3}, _IMAGES, training=True),
    Case("SpatialDropout3D", {"rate": 0.3, "seed": 3}, (2, 3, 2, 2, 5), training=True),
    Case("SpatialDropout3D", {"rate": 0.3, "data_format": "channels_first", "seed": 3}, (2, 3, 2, 2, 5), training=True),
    *(Case("Subtract", shape=shapes) for shapes in (_PAIR, _MIXED[:2], _RANKS[:2])),
    Case("ThresholdedReLU"),
    Case("ThresholdedReLU", {"theta": 0.25}, (2, 3, 5)),
    Case("TorchModuleWrapper", _module(lambda: nn.Linear(5, 3)), wraps_torch=True),
    Case("TorchModuleWrapper", _module(lambda: nn.Sequential(nn.Linear(5, 2), nn.ReLU())), (2, 3, 5), wraps_torch=True),
    Case("TorchModuleWrapper", _module(lambda: nn.Dropout(0.5)), training=True, wraps_torch=True),
    Case("UnitNormalization"),
    Case("UnitNormalization", {"axis": 1}, (2, 3, 5)),
    Case("UnitNormalization", {"axis": [1, -1]}, _IMAGES),
    Case("UpSampling1D", shape=(2, 3, 5)),
    Case("UpSampling1D", {"size": 3}, (2, 3, 5), below=7),
    Case("UpSampling2D", {"size": (2, 3)}, _IMAGES),
    Case("UpSampling2D", {"data_format": "channels_first"}, _IMAGES),
    Case("UpSampling2D", {"size": (3, 2), "interpolation": "bilinear"}, _IMAGES),
    Case("UpSampling2D", {"interpolation": "bilinear", "data_format": "channels_first"}, _IMAGES),
    Case("UpSampling3D", {"size": (1, 2, 3)}, (2, 2, 3, 2, 4)),
    Case("UpSampling3D", {"data_format": "channels_first"}, (2, 2, 3, 2, 4)),
    Case("ZeroPadding1D", shape=(2, 3, 5)),
    Case("ZeroPadding1D", {"padding": (0, 2), "data_format": "channels_first"}, (2, 3, 5), below=7),
    Case("ZeroPadding2D", {"padding": ((1, 0), (0, 2))}, _IMAGES),
    Case("ZeroPadding2D", {"padding": (2, 1), "data_format": "channels_first"}, _IMAGES),
    Case("ZeroPadding3D", {"padding": (1, (0, 1), 0)}, (2, 3, 2, 2, 3)),
    Case("ZeroPadding3D", {"data_format": "channels_first"}, (2, 2, 3, 2, 2)),
]
