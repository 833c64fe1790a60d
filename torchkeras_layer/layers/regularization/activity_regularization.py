"""Which layer penalizes large values of its inputs?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer import regularizers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


@catalog.register()
class ActivityRegularization(BuiltInLayer):
    """Return the inputs, and add `(l1 * sum(|x|) + l2 * sum(x²)) / batch` to the losses. Shapes: any -> the same.

    Args:
        l1: factor of the L1 penalty, a number >= 0.
        l2: factor of the L2 penalty, a number >= 0.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a factor is not a finite number >= 0.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.ActivityRegularization(l1=0.5)
    >>> layer(torch.tensor([[2.0, -4.0]])), layer.losses
    (tensor([[ 2., -4.]]), [tensor(3.)])
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        penalty = resolved(self, "l1, l2", (l1, l2), lambda factors: regularizers.L1L2(*factors))
        self.activity_regularizer = penalty
        self.l1 = penalty.l1
        self.l2 = penalty.l2
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs."""
        # As a view, because callers may conclude from the same tensor that nothing happened.
        return inputs.view_as(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, without the regularizer that is made from them.

        >>> ActivityRegularization(l2=0.5, name="penalty").get_config()
        {'name': 'penalty', 'trainable': True, 'dtype': 'float32', 'l1': 0.0, 'l2': 0.5}
        """
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return config
