"""What can be done to the layers inside any `nn.Module`?"""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from torch import nn

from torchkeras_layer.layer.building import all_or_nothing
from torchkeras_layer.layer.dry_run import dry_run
from torchkeras_layer.layer.losses import own_losses
from torchkeras_layer.layer.weight_creation import UnbuiltWeights
from torchkeras_layer.layer.weight_lists import layers_in


def build(module: nn.Module, *example_inputs: Any, **example_keywords: Any) -> nn.Module:
    """Have every layer inside any module build its weights, without computing anything; return the module.

    The module is called on copies of the arguments that have no data: nothing is allocated but the weights, buffers
    and random state stay as they are, no loss and no metric is recorded.

    Args:
        module: any `nn.Module`.
        *example_inputs, **example_keywords: the arguments of one call, for their shapes, dtypes and devices.

    Raises:
        RuntimeError: if the call cannot run without data; then call the module once on real inputs instead. No layer
            is then built that was not.

    >>> import torchkeras_layer as keras
    >>> model = nn.Sequential(keras.layers.Dense(4), nn.ReLU(), keras.layers.Dense(1))
    >>> optimizer = torch.optim.SGD(build(model, torch.ones(2, 3)).parameters(), lr=0.1)
    >>> [tuple(p.shape) for p in model.parameters()]
    [(3, 4), (4,), (4, 1), (1,)]
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"build: expected an nn.Module. Received: {module!r}.")
    lazy = [name for name, parameter in module.named_parameters() if _is_torchs_lazy(parameter)]
    if lazy:
        raise RuntimeError(
            f"build: {lazy[0]} is a weight of one of torch's lazy modules, which a call without data would spoil. "
            "Call the module once on real inputs instead."
        )
    try:
        with contextlib.ExitStack() as undo:
            for layer in layers_in(module):
                undo.enter_context(all_or_nothing(layer))
            dry_run(module, example_inputs, example_keywords)
    except Exception as error:
        raise RuntimeError(
            f"build: calling {type(module).__name__} on inputs without data failed: {type(error).__name__}: {error}. "
            "If the inputs are right, and the module looks at values as it runs, call it once on real inputs instead."
        ) from error
    return module


def collect_losses(module: nn.Module) -> list[torch.Tensor]:
    """List the losses that the layers inside any module added in their last call, and their regularizers'.

    A plain module does not tell when its forward begins, so each layer that is not inside another layer counts by its
    own last call: one that a plain module calls twice lists the losses of the second.

    >>> import torchkeras_layer as keras
    >>> model = nn.Sequential(nn.Flatten(), keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2"))
    >>> _ = model(torch.ones(2, 3)); collect_losses(model)
    [tensor(0.0300, grad_fn=<MulBackward0>)]
    """
    return [loss for layer in layers_in(module) for loss in own_losses(layer)]


def _is_torchs_lazy(parameter: nn.Parameter) -> bool:
    return nn.parameter.is_lazy(parameter) and not isinstance(parameter, UnbuiltWeights)
