"""Of which calls of which layers do we keep what TF-Keras computes? `write_tf_keras.py` writes that down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Golden:
    """A layer and one call of it.

    `shape`: of the inputs, or a list of shapes. `below`: for int inputs, what they are less than. `mask`: the shape of
    a mask, if one is passed.
    """

    layer: str
    arguments: dict[str, Any] = field(default_factory=dict)
    shape: Any = (2, 3)
    training: bool = False
    below: int | None = None
    mask: tuple[int, ...] | None = None


def _windows(kind: str) -> list[Golden]:
    """Return goldens of a pooling layer in each rank, with windows that do not fit the sizes."""
    sizes = {1: (2, 5, 2), 2: (2, 5, 4, 2), 3: (1, 3, 4, 5, 2)}
    argument_sets = [
        {},
        {"pool_size": 3, "strides": 2, "padding": "same"},
        {"pool_size": 2, "strides": 1},
        {"pool_size": 2, "strides": 3, "padding": "same"},
    ]
    return [Golden(f"{kind}Pooling{rank}D", own, shape) for rank, shape in sizes.items() for own in argument_sets]


def _whole(kind: str) -> list[Golden]:
    """Return goldens of a global pooling layer, which know channels_first on the CPU too."""
    sizes = {1: (2, 4, 3), 2: (2, 3, 2, 2), 3: (1, 2, 3, 2, 2)}
    argument_sets = [{}, {"keepdims": True}, {"data_format": "channels_first"}]
    return [Golden(f"Global{kind}Pooling{rank}D", own, shape) for rank, shape in sizes.items() for own in argument_sets]


def _convolutions() -> list[Golden]:
    """Return goldens of convolutions: how kernels meet what does not fit them, and what only Keras 2 has."""
    same = {"kernel_size": (3, 2), "strides": (2, 3), "padding": "same"}
    even = {"kernel_size": 4, "dilation_rate": 3, "padding": "same"}
    square = {"kernel_size": (2, 3), "strides": 2, "padding": "same", "depth_multiplier": 2}
    causal = {"filters": 2, "kernel_size": 3, "padding": "causal"}
    return [
        Golden("Conv1D", {"filters": 2, **even}, (1, 7, 2)),
        Golden("Conv1D", {**causal, "dilation_rate": 2}, (1, 6, 2)),
        Golden("Conv1D", {**causal, "strides": 2}, (1, 6, 2)),
        Golden("Conv2D", {"filters": 2, **same, "activation": "relu"}, (1, 4, 5, 2)),
        Golden("Conv2D", {"filters": 4, "kernel_size": 2, "groups": 2, "use_bias": False}, (1, 3, 3, 4)),
        Golden(
            "Conv3D", {"filters": 1, "kernel_size": (3, 2, 1), "strides": (2, 3, 1), "padding": "same"}, (1, 4, 5, 2, 2)
        ),
        Golden("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, (1, 4, 2)),
        Golden("DepthwiseConv2D", square, (1, 4, 5, 2)),
        Golden("DepthwiseConv2D", even, (1, 5, 4, 1)),
        Golden("SeparableConv1D", {**causal, "dilation_rate": 2, "depth_multiplier": 2}, (1, 6, 2)),
        Golden("SeparableConv1D", {**causal, "strides": 2}, (1, 6, 2)),
        Golden("SeparableConv2D", {"filters": 2, **square}, (1, 4, 5, 2)),
    ]


def _transposed() -> list[Golden]:
    """Return goldens of transposed convolutions: what is cut and what is added for every kernel, stride and padding."""
    steps = [(size, stride) for stride in (1, 2, 3) for size in (1, 2, 3, 4, 5)]
    kernels = [{"filters": 1, "kernel_size": size, "strides": stride} for size, stride in steps]
    own = [kernel | {"padding": padding} for kernel in kernels for padding in ("valid", "same")]
    # TensorFlow takes no even kernel whose output is cut to the least.
    extra = [one | {"output_padding": one["strides"] - 1} for one in own if one["strides"] > 1]
    images = {"filters": 2, "kernel_size": (3, 4), "strides": (2, 1), "padding": "same", "activation": "relu"}
    volumes = {"filters": 1, "kernel_size": (3, 2, 2), "strides": (2, 2, 1), "padding": "same", "use_bias": False}
    dilated = [
        {"filters": 1, "kernel_size": k, "dilation_rate": d, "padding": "same"} for k, d in ((2, 2), (3, 2), (2, 3))
    ]
    return [
        *(Golden("Conv1DTranspose", one, (1, 3, 2)) for one in own + extra),
        *(Golden("Conv2DTranspose", one, (1, 4, 5, 1)) for one in dilated),
        Golden("Conv2DTranspose", images, (1, 3, 2, 2)),
        Golden("Conv2DTranspose", images | {"padding": "valid", "output_padding": (1, 0)}, (1, 2, 2, 1)),
        Golden("Conv3DTranspose", volumes, (1, 2, 1, 2, 2)),
        Golden("Conv3DTranspose", volumes | {"padding": "valid"}, (1, 1, 2, 1, 2)),
    ]


def _local() -> list[Golden]:
    """Return goldens of locally connected layers: each way to keep the weights, in both layouts."""
    goldens = []
    for rank, shape, kernel in ((1, (2, 5, 2), {"kernel_size": 3}), (2, (2, 3, 4, 2), {"kernel_size": (2, 3)})):
        for data_format in ("channels_last", "channels_first"):
            own = {"filters": 2, **kernel, "data_format": data_format}
            of_layout = shape if data_format == "channels_last" else (shape[0], shape[-1], *shape[1:-1])
            for implementation in (1, 2, 3):
                arguments = own | {"implementation": implementation}
                goldens.append(Golden(f"LocallyConnected{rank}D", arguments, of_layout))
            for implementation in (2, 3):
                arguments = own | {"implementation": implementation, "padding": "same", "strides": 2}
                arguments |= {"activation": "tanh", "use_bias": False}
                goldens.append(Golden(f"LocallyConnected{rank}D", arguments, of_layout))
    return goldens


def _recurrent() -> list[Golden]:
    """Return goldens of recurrent layers: masks, steps before the batch, and Keras 2's other ways to compute them."""
    shape, steps_first = (2, 4, 3), {"time_major": True, "return_sequences": True}
    masked = [Golden(layer, {"units": 2, "return_sequences": True}, shape, mask=(2, 4)) for layer in _RECURRENT]
    backwards = {"units": 2, "go_backwards": True, "zero_output_for_mask": True, "return_sequences": True}
    return [
        *(Golden(layer, {"units": 2}, shape) for layer in _RECURRENT),
        *masked,
        *(Golden(layer, {"units": 2, **steps_first}, (4, 2, 3)) for layer in _RECURRENT),
        *(Golden(layer, backwards, shape, mask=(2, 4)) for layer in _RECURRENT),
        Golden("GRU", {"units": 2, "reset_after": False, "implementation": 1}, shape, mask=(2, 4)),
        Golden("LSTM", {"units": 2, "time_major": True, "unroll": True}, (4, 2, 3)),
        Golden("LSTM", {"units": 2, "unit_forget_bias": False, "use_bias": False, "activation": "relu"}, shape),
    ]


_RECURRENT = ("SimpleRNN", "GRU", "LSTM")
_IMAGES = (2, 3, 2, 2)
_VOLUMES = (1, 2, 3, 2, 2)
_PAIR = [(2, 3), (2, 3)]

FAMILIES: dict[str, list[Golden]] = {
    "activations": [
        Golden("ELU", {"alpha": 0.5}),
        Golden("LeakyReLU"),
        Golden("LeakyReLU", {"alpha": 0.1}),
        Golden("PReLU"),
        Golden("PReLU", {"shared_axes": [1]}, (2, 3, 2)),
        Golden("PReLU", {"shared_axes": [1, 2], "alpha_regularizer": "l2"}, _IMAGES),
        Golden("ReLU"),
        Golden("ReLU", {"max_value": 1.0, "negative_slope": 0.25, "threshold": 0.5}, (4, 5)),
        Golden("ReLU", {"max_value": 6}),
        Golden("Softmax"),
        Golden("Softmax", {"axis": [1, 2]}, (2, 2, 3)),
        Golden("Softmax", {"axis": 1, "robust_masking": True}, (2, 3, 2)),
        Golden("Softmax", {}, (4, 5), mask=(4, 5)),
        Golden("ThresholdedReLU"),
        Golden("ThresholdedReLU", {"theta": 0.25}, (4, 5)),
        Golden("ThresholdedReLU", {"theta": 0}),
    ],
    "convolution": _convolutions(),
    "attention": [
        Golden("AdditiveAttention", {"use_scale": False}, [(2, 3, 2), (2, 2, 2)]),
        Golden("AdditiveAttention", {}, [(2, 3, 2), (2, 2, 2), (2, 2, 2)]),
        Golden("Attention", {"dropout": 0.25}, [(2, 3, 2), (2, 2, 2)]),
        Golden("Attention", {"use_scale": True}, [(2, 3, 2), (2, 2, 3), (2, 2, 2)]),
        Golden("Attention", {"score_mode": "concat", "use_scale": True}, [(2, 3, 2), (2, 2, 2)]),
    ],
    "core": [
        Golden("Activation", {"activation": "selu"}),
        Golden("Dense", {"units": 2, "activation": "relu", "kernel_regularizer": "l2"}),
        Golden("Dense", {"units": 2, "activation": "swish", "use_bias": False}, (2, 2, 3)),
        Golden("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (2, 2, 2), "bias_axes": "de"}, (2, 2, 3)),
        Golden("EinsumDense", {"equation": "...ab,bc->...ac", "output_shape": 2, "activation": "relu"}, (2, 3)),
        Golden("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True, "input_length": 3}, below=5),
        Golden("Identity"),
        Golden("Masking", {"mask_value": 1.0}, (2, 2, 2)),
    ],
    "locally_connected": _local(),
    "merging": [
        Golden("Add", {}, [(2, 3), (2, 3), (2, 3)]),
        Golden("Add", {}, [(2, 2, 3), (2, 3)]),
        Golden("Average", {}, _PAIR),
        Golden("Concatenate", {"axis": 1}, [(2, 2, 2), (2, 1, 2)]),
        Golden("Dot", {"axes": (2, 1), "normalize": True}, [(2, 2, 3), (2, 3)]),
        Golden("Dot", {"axes": 1}, _PAIR),
        Golden("Maximum", {}, _PAIR),
        Golden("Minimum", {}, [(2, 2, 2), (2, 2)]),
        Golden("Multiply", {}, _PAIR),
        Golden("Subtract", {}, [(2, 3), (2, 1)]),
    ],
    "normalization": [
        # The fused kernel, for images with one axis of channels, moves another variance than Keras 3: not in training.
        Golden("BatchNormalization", {"momentum": 0.5}, (5, 3), training=True),
        Golden("BatchNormalization", {"momentum": 0.5}, (3, 4, 2), training=True, mask=(3, 4)),
        Golden("BatchNormalization", {"momentum": 0.5, "axis": [1, 3]}, (4, 2, 2, 3), training=True),
        Golden("BatchNormalization", {"axis": 1}, (2, 3, 2, 2)),
        Golden("BatchNormalization", {"scale": False}, (2, 3, 2)),
        Golden("GroupNormalization", {"groups": 2}, (2, 3, 4)),
        Golden("GroupNormalization", {"groups": -1, "axis": 1, "scale": False}, (2, 3, 4)),
        Golden("GroupNormalization", {"groups": 1, "axis": -2, "center": False, "epsilon": 0.1}, (2, 3, 2, 2)),
        Golden("LayerNormalization", {"axis": [1, 2]}, (2, 2, 3)),
        Golden("LayerNormalization", {"axis": 1, "scale": False}, (2, 3, 2)),
        Golden("UnitNormalization"),
        Golden("UnitNormalization", {"axis": 1}, (2, 3, 2)),
        Golden("UnitNormalization", {"axis": [1, -1]}, _IMAGES),
    ],
    "pooling": [
        *_windows("Max"),
        *_windows("Average"),
        *_whole("Max"),
        *_whole("Average"),
        Golden("GlobalAveragePooling1D", {}, (3, 4, 2), mask=(3, 4)),
        Golden("GlobalAveragePooling1D", {"keepdims": True, "data_format": "channels_first"}, (2, 3, 4), mask=(2, 4)),
    ],
    "recurrent": _recurrent(),
    "regularization": [
        Golden("ActivityRegularization", {"l1": 0.1, "l2": 0.2}),
        Golden("AlphaDropout", {"rate": 0.25}),
        Golden("Dropout", {"rate": 0.5, "noise_shape": (None, 1), "seed": 3}),
        Golden("GaussianDropout", {"rate": 0.25, "seed": 3}),
        Golden("GaussianNoise", {"stddev": 2.5}),
        Golden("SpatialDropout1D", {"rate": 0.5}, (2, 3, 2)),
    ],
    "reshaping": [
        Golden("Cropping1D", {"cropping": (0, 1)}, (2, 4, 2)),
        Golden("Cropping2D", {"cropping": ((1, 0), (0, 1))}, (1, 3, 3, 2)),
        Golden("Cropping2D", {"cropping": 1, "data_format": "channels_first"}, (2, 2, 3, 4)),
        Golden("Cropping3D", {"cropping": ((1, 0), (0, 1), (0, 0))}, _VOLUMES),
        Golden("Flatten", {"data_format": "channels_first"}, (2, 2, 3)),
        Golden("Permute", {"dims": (2, 1)}, (2, 2, 3)),
        Golden("RepeatVector", {"n": 2}, (2, 2)),
        Golden("Reshape", {"target_shape": (-1, 2)}, (2, 2, 4)),
        Golden("UpSampling1D", {"size": 3}, (2, 3, 2)),
        Golden("UpSampling2D", {"size": (1, 3)}, _IMAGES),
        Golden("UpSampling2D", {"data_format": "channels_first"}, _IMAGES),
        *(
            Golden("UpSampling2D", {"size": (3, 2), "interpolation": way}, (1, 3, 2, 1))
            for way in ("bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")
        ),
        Golden("UpSampling3D", {"size": (1, 2, 3)}, _VOLUMES),
        Golden("ZeroPadding1D", {"padding": (0, 2)}, (2, 3, 2)),
        Golden("ZeroPadding2D", {"padding": ((1, 0), (0, 2))}, _IMAGES),
        Golden("ZeroPadding2D", {"padding": (2, 1), "data_format": "channels_first"}, _IMAGES),
        Golden("ZeroPadding3D", {"padding": (1, (0, 1), 0)}, _VOLUMES),
    ],
    "transposed_convolution": _transposed(),
}
