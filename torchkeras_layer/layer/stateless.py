"""How is a layer called as a pure function of its weights?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layer.weight_lists import weights_of


def stateless_call(
    layer: Any,
    trainable_variables: Sequence[torch.Tensor],
    non_trainable_variables: Sequence[torch.Tensor],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, list[torch.Tensor]]:
    """Return what comes out with other weights, and the new values of those that do not train.

    Raises:
        ValueError: if the layer is not built, or a list has the wrong length.
    """
    name = layer._torchkeras.name
    if not layer._torchkeras.built:
        raise ValueError(f"{name}: stateless_call needs a built layer. Call or build it first.")
    mine = weights_of(layer)
    names = {id(t): name for name, t in [*layer.named_parameters(), *layer.named_buffers()]}
    replaced: dict[str, torch.Tensor] = {}
    given = (trainable_variables, non_trainable_variables)
    for kind, weights, values in zip(("trainable", "non_trainable"), mine, given, strict=True):
        if len(values) != len(weights):
            raise ValueError(
                f"{name}: stateless_call: {kind}_variables must hold {len(weights)} tensors. Received: {len(values)}."
            )
        # A call may write into these in place, and must not write into the caller's.
        is_state = kind == "non_trainable"
        replaced |= {names[id(w)]: v.clone() if is_state else v for w, v in zip(weights, values, strict=True)}
    outputs = torch.func.functional_call(layer, replaced, args, kwargs)
    return outputs, [replaced[names[id(weight)]] for weight in mine[1]]
