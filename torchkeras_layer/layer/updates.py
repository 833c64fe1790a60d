"""Which changes to a layer's state go with a call?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._autograd import in_backward, is_transformed
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.autocasting import run_uncast
from torchkeras_layer.layer.context import CallContext, per_thread
from torchkeras_layer.layer.effects import RecordedUpdate
from torchkeras_layer.layer.losses import Losses
from torchkeras_layer.symbolic.keras_tensor import symbolic_leaves


class Updates(Losses):
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
        functions = [update for update in leaves(updates) if callable(update)]
        if context.dry_run is not None:
            context.dry_run.note_updates(functions, context.layer or self)
        elif _run_at_once(context):
            for update in functions:
                run_uncast(update)

    def _moves_plainly(self) -> bool:
        """Whether a kernel may itself write what an update would: where nobody follows or transforms the call.

        Who follows it by a mode, as selective checkpoints do, must see the operations that a repetition has too.
        """
        context = per_thread.context
        is_traced = torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None
        is_followed = is_traced or torch._C._len_torch_dispatch_stack() > 0 or is_transformed()
        return context.dry_run is None and not is_followed and _run_at_once(context)

    @property
    def updates(self) -> list[Any]:
        """Updates that symbolic calls of this layer, or of layers inside, recorded. Those of eager calls have run.

        None of a frozen layer, unless it is `stateful`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).updates
        []
        """
        return [update for update in self._recorded_updates() if update.is_active]

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Return the updates that are computed from symbolic `inputs`; `None` asks for those that need no inputs.

        Raises:
            RuntimeError: if the layer was never called on a symbolic input.
        """
        updates = self._recorded_updates("get_updates_for")
        if inputs is None:
            return [update for update in updates if update.is_active and not update.inputs]
        wanted = symbolic_leaves(self._name, "get_updates_for", inputs)
        return [update for update in updates if update.is_active and update.follows_from(wanted)]

    def _recorded_updates(self, needing_nodes: str | None = None) -> list[RecordedUpdate]:
        return [update for effects in self._recorded_effects(needing_nodes) for update in effects.updates]


def _run_at_once(context: CallContext) -> bool:
    return not in_backward() and (context.layer is None or context.layer._trainable)
