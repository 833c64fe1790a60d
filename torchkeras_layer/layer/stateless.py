"""How is a layer called as a pure function of its weights?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layer.building import Building
from torchkeras_layer.layer.collections import weights_of
from torchkeras_layer.layer.losses import Losses


class StatelessCalls(Building, Losses):
    """`stateless_call`."""

    def stateless_call(
        self,
        trainable_variables: Sequence[torch.Tensor],
        non_trainable_variables: Sequence[torch.Tensor],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Call the layer with other weights, and leave its own untouched.

        Returns:
            outputs and the new values of the non-trainable weights; with `return_losses=True` also the losses.

        Raises:
            ValueError: if the layer is not built, or a list has the wrong length.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1); layer.build((None, 2))
        >>> outputs, state = layer.stateless_call([torch.ones(2, 1), torch.zeros(1)], [], torch.ones(1, 2))
        >>> outputs, state
        (tensor([[2.]]), [])
        """
        if not self._built:
            raise ValueError(f"{self._name}: stateless_call needs a built layer. Call or build it first.")
        mine = weights_of(self)
        names = {id(t): name for name, t in [*self.named_parameters(), *self.named_buffers()]}
        replaced: dict[str, torch.Tensor] = {}
        given = (trainable_variables, non_trainable_variables)
        for kind, weights, values in zip(("trainable", "non_trainable"), mine, given, strict=True):
            if len(values) != len(weights):
                raise ValueError(
                    f"{self._name}: stateless_call: {kind}_variables must hold {len(weights)} tensors. "
                    f"Received: {len(values)}."
                )
            # A call may write into these in place, and must not write into the caller's.
            is_state = kind == "non_trainable"
            replaced |= {names[id(w)]: v.clone() if is_state else v for w, v in zip(weights, values, strict=True)}
        outputs = torch.func.functional_call(self, replaced, args, kwargs)
        state = [replaced[names[id(weight)]] for weight in mine[1]]
        return (outputs, state, self.losses) if return_losses else (outputs, state)
