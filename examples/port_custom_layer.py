"""Port a custom Keras layer: its source stays as it is, and only the import line changes.

    import keras                          ->  import torchkeras_layer as keras

`define` holds the body of such a source file. It is run here with both imports, and the two layers, given the same
weights, are compared. Without Keras (`pip install keras`) the ported layer runs alone.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch

import torchkeras_layer


def define(keras: Any) -> type:
    """Return the layer class, as a module that begins with `import ... as keras` would define it."""

    class AttentionPooling(keras.layers.Layer):
        """Averages a sequence (batch, steps, features) over its steps, weighted by a learned score of each step."""

        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.supports_masking = True
            self.score = keras.layers.Dense(1, use_bias=False)

        def build(self, input_shape):
            self.projection = self.add_weight(
                name="projection",
                shape=(input_shape[-1], self.units),
                initializer="glorot_uniform",
                regularizer=keras.regularizers.L2(1e-3),
            )
            self.score.build((*input_shape[:-1], self.units))

        def call(self, inputs, mask=None):
            hidden = torch.tanh(inputs @ self.projection)
            scores = self.score(hidden)
            if mask is not None:
                scores = scores.masked_fill(~mask.unsqueeze(-1), -1e9)
            weights = torch.softmax(scores, 1)
            self.add_loss(1e-2 * (weights * weights).sum(1).mean())
            return (weights * inputs).sum(1)

        def compute_mask(self, inputs, mask=None):
            return None

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return AttentionPooling


def run(layer: Any, inputs: torch.Tensor, mask: torch.Tensor) -> tuple[np.ndarray, list[float]]:
    """Return the output of a layer and its losses."""
    outputs = layer(inputs, mask=mask)
    return outputs.detach().numpy(), sorted(loss.item() for loss in layer.losses)


def main() -> None:
    """Run the ported layer, and compare it with Keras's if that is installed."""
    torchkeras_layer.utils.set_random_seed(0)
    inputs, mask = torch.randn(4, 6, 3), torch.arange(6) < torch.tensor([[6], [5], [3], [1]])
    ported = define(torchkeras_layer)(8, name="pooling")
    outputs, losses = run(ported, inputs, mask)
    print(ported)
    print("output", outputs.shape, "losses", [f"{loss:.6f}" for loss in losses])
    print("config", ported.get_config())

    os.environ["KERAS_BACKEND"] = "torch"
    try:
        import keras
    except ImportError:
        print("Keras is not installed, so there is nothing to compare with: pip install keras")
        return
    original = define(keras)(8, name="pooling")
    original.build(tuple(inputs.shape))
    original.set_weights(ported.get_weights())
    expected, expected_losses = run(original, inputs, mask)
    print("largest difference to Keras:", np.abs(outputs - expected).max())
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    print("The ported layer gives Keras's numbers.")


if __name__ == "__main__":
    main()
