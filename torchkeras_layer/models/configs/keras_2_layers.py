"""How did Keras 2 write the layers that are written in another way today?"""

from __future__ import annotations

from collections.abc import Mapping

from torchkeras_layer.models.configs.keras_1_layers import HARD_SIGMOID, KERAS_1_LAYERS
from torchkeras_layer.models.configs.layer_rows import Config, Row


def _embedding(config: Config) -> Config:
    # Up to Keras 2.0.4, this was the dtype of the inputs.
    return {**config, "dtype": "float32"} if config.get("dtype") == "int32" else config


def _with_hard_sigmoid(config: Config) -> Config:
    return {"recurrent_activation": HARD_SIGMOID, **config}


_OF_ONE_KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
KERAS_2_LAYERS: Mapping[str, Row] = {
    "InputLayer": Row(renamed={"batch_input_shape": "batch_shape"}),
    "Embedding": Row(finish=_embedding),
    # They took the arguments of other convolutions, and made no use of them.
    **{name: Row(dropped=_OF_ONE_KERNEL) for name in ("SeparableConv1D", "SeparableConv2D")},
    # Keras 2.0 kept these as they were.
    **{name: KERAS_1_LAYERS[name] for name in ("Highway", "MaxoutDense")},
}
"""The layers of Keras 2.3 and later."""

_GATED = ("GRU", "LSTM", "GRUCell", "LSTMCell", "ConvLSTM2D", "ConvLSTM2DCell")
KERAS_2_0_LAYERS: Mapping[str, Row] = {**KERAS_2_LAYERS, **{name: Row(finish=_with_hard_sigmoid) for name in _GATED}}
"""The layers of Keras 2.0 to 2.2, whose gates are `hard_sigmoid` unless their configs say something else."""
