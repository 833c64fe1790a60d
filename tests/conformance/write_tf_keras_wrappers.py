"""Which numbers does TF-Keras give for layers in layers? Run by hand, as write_tf_keras.py, to have them in a file.

python -m tests.conformance.write_tf_keras_wrappers
"""

from __future__ import annotations

import json
import os
from typing import Any

from tests.conformance.write_tf_keras import FOLDER, Golden, _call

_SEQUENCES = (2, 3, 2)
_FILM = (1, 2, 4, 3, 2)
# The default of Keras 2 is another hard_sigmoid than that of Keras 3.
_CONV_LSTM = {"filters": 2, "kernel_size": 2, "recurrent_activation": "sigmoid"}

# A wrapper, the layer in it, and that layer's arguments.
WRAPPED: list[tuple[Golden, str, dict[str, Any]]] = [
    (Golden("TimeDistributed", {}, _SEQUENCES), "Dense", {"units": 2}),
    (Golden("TimeDistributed", {}, _FILM), "Conv2D", {"filters": 1, "kernel_size": 2, "padding": "same"}),
    (Golden("TimeDistributed", {}, (2, 2, 3, 2)), "Flatten", {}),
    (Golden("Bidirectional", {}, _SEQUENCES), "LSTM", {"units": 2}),
    (Golden("Bidirectional", {"merge_mode": "sum"}, _SEQUENCES, mask=(2, 3)), "GRU", {"units": 2}),
    (Golden("Bidirectional", {}, _SEQUENCES, mask=(2, 3)), "LSTM", {"units": 2, "return_sequences": True}),
    (Golden("Bidirectional", {"merge_mode": "mul"}, _SEQUENCES), "SimpleRNN", {"units": 2, "go_backwards": True}),
    (Golden("Bidirectional", {"merge_mode": "ave"}, _SEQUENCES), "GRU", {"units": 2, "reset_after": False}),
]
ALONE = [
    Golden("ConvLSTM1D", {**_CONV_LSTM, "return_sequences": True}, (2, 3, 4, 2), mask=(2, 3)),
    Golden("ConvLSTM2D", {**_CONV_LSTM, "padding": "same", "go_backwards": True}, _FILM),
    Golden("ConvLSTM2D", {**_CONV_LSTM, "strides": (2, 1), "unit_forget_bias": False}, _FILM),
    Golden("ConvLSTM3D", {**_CONV_LSTM, "use_bias": False}, (1, 2, 2, 3, 2, 1)),
]


def main() -> None:
    """Write the goldens."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tf_keras

    goldens = list(ALONE)
    for golden, inner, arguments in WRAPPED:
        golden.arguments["layer"] = getattr(tf_keras.layers, inner)(**arguments)
        goldens.append(golden)
    lines = [json.dumps(_call(tf_keras, golden)) for golden in goldens]
    (FOLDER / "wrappers.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
