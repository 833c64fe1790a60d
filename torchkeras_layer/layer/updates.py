"""Which changes to a layer's state go with a call?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._autograd import in_backward
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.autocasting import run_uncast
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.graph import GraphPosition


class Updates(GraphPosition):
    """`add_update` and `updates`."""

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Update state, such as moving statistics, as part of a call.

        Args:
            updates: a zero-argument callable, or a nested structure of them. Each runs at once, unless the innermost
                layer that is in its call is frozen. Anything else is the result of an update that has happened, and is
                passed over.
            inputs: not needed; what an update depends on is found out.

        >>> import torchkeras_layer as keras
        >>> class Counter(keras.Layer):
        ...     def build(self, input_shape):
        ...         self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)
        ...     def call(self, inputs):
        ...         self.add_update(lambda: self.calls.add_(1))
        ...         return inputs
        >>> import torch
        >>> layer = Counter(); _ = layer(torch.ones(2)); layer.trainable = False; _ = layer(torch.ones(2))
        >>> layer.calls
        tensor(1.)
        """
        context = per_thread.context
        if context.dry_run is not None or in_backward():
            return
        if context.layer is not None and not context.layer._trainable:
            return
        for update in leaves(updates):
            if callable(update):
                run_uncast(update)

    @property
    def updates(self) -> list[Any]:
        """Updates that were recorded in symbolic calls, to be run later. Those of eager calls have run by then.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).updates
        []
        """
        return []

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Return the updates that depend on symbolic `inputs`; `None` asks for those that depend on none.

        Raises:
            RuntimeError: if the layer was never called on a symbolic input.
        """
        raise RuntimeError(self._never_symbolic("get_updates_for"))
