"""How did Keras 1 write the layers that there still are, and those that have another name today?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torchkeras_layer.models.configs.keras_1_values import value_today, with_axes_of_today
from torchkeras_layer.models.configs.layer_rows import Config, Row, Untranslatable

HARD_SIGMOID = "hard_sigmoid_keras2"
"""The function that Keras 1 and 2 call hard_sigmoid, by the name of today."""
_ALWAYS = ("input_dtype", "cache_enabled", "custom_name")
_SIZE_OF_INPUTS = ("input_dim", "input_length")
_KERNEL = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_DENSE = {**_KERNEL, "output_dim": "units"}
_WINDOWS = {"border_mode": "padding", "dim_ordering": "data_format"}
_CONVOLUTION = {**_KERNEL, **_WINDOWS, "nb_filter": "filters", "subsample": "strides"}
_OF_SEQUENCES = {
    **_KERNEL,
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample_length": "strides",
    "border_mode": "padding",
}
_RECURRENT = {
    **_KERNEL,
    "output_dim": "units",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
_ROWS_AND_COLUMNS = {"kernel_size": ("nb_row", "nb_col")}
_THREE_DIMENSIONS = {"kernel_size": ("kernel_dim1", "kernel_dim2", "kernel_dim3")}
_RATE = {"p": "rate"}
_FORMAT = {"dim_ordering": "data_format"}


def _row(
    name: str | None = None,
    renamed: Mapping[str, str] | None = None,
    joined: Mapping[str, tuple[str, ...]] | None = None,
    dropped: Sequence[str] = (),
    finish: Callable[[Config], Config] | None = None,
) -> Row:
    return Row(name, renamed or {}, joined or {}, (*_ALWAYS, *dropped), value_today, finish)


def _lstm(config: Config) -> Config:
    given = config.pop("forget_bias_init", "one")
    if given not in ("one", "zero"):
        raise Untranslatable(f"has forget_bias_init={given!r}; 'one' and 'zero' can be translated")
    return {"recurrent_activation": HARD_SIGMOID, **config, "unit_forget_bias": given == "one"}


def _highway(config: Config) -> Config:
    # Up to Keras 1.1 it was a number.
    if "transform_bias" not in config:
        return config
    bias = {"class_name": "Constant", "config": {"value": config.pop("transform_bias")}}
    return {**config, "carry_bias_initializer": bias}


def _gru(config: Config) -> Config:
    return {"recurrent_activation": HARD_SIGMOID, "reset_after": False, **config}


def _batch_normalization(config: Config) -> Config:
    mode = config.pop("mode", 0)
    if mode == 1:
        raise Untranslatable("has mode=1, which normalizes each sample in a way of its own")
    if mode == 2:
        raise Untranslatable("has mode=2, which normalizes each batch by itself, also in inference")
    if mode != 0:
        raise Untranslatable(f"has mode={mode!r:.40}")
    return config


def _embedding(config: Config) -> Config:
    rate = config.pop("dropout", 0)
    if rate:
        warnings.warn(
            f"{config.get('name')}: this Embedding of Keras 1 has dropout={rate!r:.40}, which leaves out words in "
            "training. The one of today does not, and gives the same results in inference. To train the model, pass "
            'a class that does: custom_objects={"Embedding": ...}.',
            stacklevel=2,
        )
    return config


def _padding(*names: tuple[str, str]) -> Callable[[Config], Config]:
    """Return what reads a padding that is a dict, or flat: one number for each side of each axis."""

    def read(config: Config) -> Config:
        given = config.get("padding")
        if isinstance(given, dict):
            sides = [[given.get(side, 0) for side in pair] for pair in names]
        elif isinstance(given, (list, tuple)) and len(given) == 2 * len(names) > 2:
            sides = [list(given[start : start + 2]) for start in range(0, len(given), 2)]
        else:
            return config
        return {**config, "padding": sides[0] if len(sides) == 1 else sides}

    return read


def _transposed(config: Config) -> Config:
    """Find the `output_padding` that gives the `output_shape`, which Keras 1 had instead."""
    shape: Any = config.pop("output_shape", None)
    kernel: Any = config.get("kernel_size")
    strides: Any = config.get("strides", [1, 1])
    is_first = config.get("data_format") == "channels_first"
    if not all(isinstance(part, (list, tuple)) for part in (shape, kernel, strides)) or len(shape) != 4:
        raise Untranslatable(f"has output_shape={shape!r:.100}, which must have four parts")
    sizes = shape[2:] if is_first else shape[1:3]
    if not all(isinstance(size, int) for size in sizes):
        raise Untranslatable(f"has output_shape={shape!r:.100}, which does not say the sizes")
    extra = [
        _output_padding(size, length, stride, config.get("padding") == "same")
        for size, length, stride in zip(sizes, kernel, strides, strict=True)
    ]
    if extra != [None, None]:
        config["output_padding"] = [0 if part is None else part for part in extra]
    return with_axes_of_today(4)(config)


def _output_padding(size: int, kernel: int, stride: int, is_same: bool) -> int | None:
    """Return how many positions follow at the end; `None` if the size is the usual one."""
    if not is_same:
        extra = (size - kernel) % stride
        return None if extra == max(stride - kernel, 0) else extra
    missing = -size % stride
    if missing == 0:
        return None
    if missing != stride - 1 or kernel % 2 == 0:
        raise Untranslatable(f"has border_mode='same' and an output of size {size}, which is not the usual one")
    return 0


KERAS_1_LAYERS: Mapping[str, Row] = {
    "InputLayer": Row(renamed={"batch_input_shape": "batch_shape", "input_dtype": "dtype"}),
    "Dense": _row("Dense", _DENSE, dropped=_SIZE_OF_INPUTS),
    "TimeDistributedDense": _row("Dense", _DENSE, dropped=_SIZE_OF_INPUTS),
    "MaxoutDense": _row("MaxoutDense", _DENSE, dropped=_SIZE_OF_INPUTS),
    "Highway": _row("Highway", _KERNEL, dropped=_SIZE_OF_INPUTS, finish=_highway),
    "Embedding": _row(
        "Embedding",
        {
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
        },
        finish=_embedding,
    ),
    "SimpleRNN": _row("SimpleRNN", _RECURRENT, dropped=(*_SIZE_OF_INPUTS, "consume_less")),
    "LSTM": _row("LSTM", _RECURRENT, dropped=(*_SIZE_OF_INPUTS, "consume_less"), finish=_lstm),
    "GRU": _row("GRU", _RECURRENT, dropped=(*_SIZE_OF_INPUTS, "consume_less"), finish=_gru),
    "ConvLSTM2D": _row(
        "ConvLSTM2D",
        {**_RECURRENT, **_CONVOLUTION},
        _ROWS_AND_COLUMNS,
        (*_SIZE_OF_INPUTS, "consume_less"),
        lambda config: _lstm(with_axes_of_today(4)(config)),
    ),
    "Convolution1D": _row("Conv1D", _OF_SEQUENCES, dropped=_SIZE_OF_INPUTS),
    "AtrousConvolution1D": _row("Conv1D", {**_OF_SEQUENCES, "atrous_rate": "dilation_rate"}, dropped=_SIZE_OF_INPUTS),
    "LocallyConnected1D": _row("LocallyConnected1D", _OF_SEQUENCES, dropped=_SIZE_OF_INPUTS),
    "Convolution2D": _row("Conv2D", _CONVOLUTION, _ROWS_AND_COLUMNS, finish=with_axes_of_today(4)),
    "AtrousConvolution2D": _row(
        "Conv2D", {**_CONVOLUTION, "atrous_rate": "dilation_rate"}, _ROWS_AND_COLUMNS, finish=with_axes_of_today(4)
    ),
    "Deconvolution2D": _row("Conv2DTranspose", _CONVOLUTION, _ROWS_AND_COLUMNS, finish=_transposed),
    "SeparableConvolution2D": _row(
        "SeparableConv2D", {**_CONVOLUTION, "init": "depthwise_initializer"}, _ROWS_AND_COLUMNS
    ),
    "LocallyConnected2D": _row("LocallyConnected2D", _CONVOLUTION, _ROWS_AND_COLUMNS),
    "Convolution3D": _row("Conv3D", _CONVOLUTION, _THREE_DIMENSIONS, finish=with_axes_of_today(5)),
    **{
        name: _row(name, {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"})
        for name in ("MaxPooling1D", "AveragePooling1D")
    },
    **{f"{kind}Pooling{rank}D": _row(renamed=_WINDOWS) for kind in ("Max", "Average") for rank in (2, 3)},
    **{f"Global{kind}Pooling{rank}D": _row(renamed=_FORMAT) for kind in ("Max", "Average") for rank in (1, 2, 3)},
    "UpSampling1D": _row(renamed={"length": "size"}),
    **{name: _row(renamed=_FORMAT) for name in ("UpSampling2D", "UpSampling3D", "Cropping2D", "Cropping3D")},
    "Cropping1D": _row(),
    "ZeroPadding1D": _row(finish=_padding(("left_pad", "right_pad"))),
    "ZeroPadding2D": _row(renamed=_FORMAT, finish=_padding(("top_pad", "bottom_pad"), ("left_pad", "right_pad"))),
    "ZeroPadding3D": _row(renamed=_FORMAT),
    **{name: _row(renamed=_RATE) for name in ("Dropout", "GaussianDropout", "SpatialDropout1D")},
    **{name: _row(renamed={**_RATE, **_FORMAT}) for name in ("SpatialDropout2D", "SpatialDropout3D")},
    "GaussianNoise": _row(renamed={"sigma": "stddev"}),
    "BatchNormalization": _row(
        renamed={"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"}, finish=_batch_normalization
    ),
    "PReLU": _row(renamed={"init": "alpha_initializer"}),
    "ParametricSoftplus": _row(renamed={"alpha_init": "alpha", "beta_init": "beta"}),
    "SReLU": _row(
        renamed={f"{word}_init": f"{word}_initializer" for word in ("t_left", "a_left", "t_right", "a_right")}
    ),
}
"""The layers of Keras 1 by the names of their classes; the others were written as they are today."""

WITHOUT_ORDER = frozenset(
    f"{kind}{rank}D" for kind in ("UpSampling", "ZeroPadding", "Cropping", "SpatialDropout") for rank in (2, 3)
)
"""The layers that have an order of axes, which Keras 1 does not write."""
