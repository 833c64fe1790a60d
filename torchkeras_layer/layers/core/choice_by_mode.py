"""How does a graph contain a choice that the mode, training or inference, makes?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


@catalog.register()
class ChoiceByMode(BuiltInLayer):
    """Returns the first of two tensors in training, and the second in inference.

    `keras.backend.in_train_phase` makes one when it is called on symbolic tensors outside of any layer.

    >>> import torch
    >>> layer = ChoiceByMode(); layer([torch.ones(1), torch.zeros(1)]), layer.eval()([torch.ones(1), torch.zeros(1)])
    (tensor([1.]), tensor([0.]))
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return one of two tensors."""
        return inputs[0] if training else inputs[1]
