"""How are the layers inside any `nn.Module` built, and their losses collected?"""

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
    """Build all layers inside a module, without computing anything.

    The module is called on copies of the arguments that have no data. Only the weights are allocated; existing buffers
    and the random state do not change, and no losses and metrics are recorded. In a model on the meta device, and
    inside accelerate's `init_empty_weights`, weights are made on meta, also for real inputs.

    Args:
        module: any `nn.Module`.
        *example_inputs, **example_keywords: the arguments of one call; only their shapes, dtypes and devices matter.

    Returns:
        the module.

    Raises:
        TypeError: if `module` is not an `nn.Module`.
        RuntimeError: if the call cannot run without data. No layer is built then: call the module once on real inputs
            instead.

    >>> import torchkeras_layer as keras
    >>> model = nn.Sequential(keras.layers.Dense(4), nn.ReLU(), keras.layers.Dense(1))
    >>> optimizer = torch.optim.SGD(build(model, torch.ones(2, 3)).parameters(), lr=0.1)
    >>> [tuple(p.shape) for p in model.parameters()]
    [(3, 4), (4,), (4, 1), (1,)]
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"build: expected an nn.Module. Received: {module!r}.")
    lazy = [name for name, parameter in module.named_parameters() if _is_lazy_of_torch(parameter)]
    if lazy:
        raise RuntimeError(
            f"build: torch's lazy modules cannot be initialized without data. Received: {type(module).__name__} with "
            f"the lazy parameter {lazy[0]}. Call the module once on real inputs instead."
        )
    try:
        with contextlib.ExitStack() as undo:
            for layer in layers_in(module):
                undo.enter_context(all_or_nothing(layer))
            dry_run(module, example_inputs, example_keywords)
    except Exception as error:
        raise RuntimeError(
            f"build: calling {type(module).__name__} on inputs without data failed: {type(error).__name__}: {error}. "
            "If the inputs are right and the module needs their values, call it once on real inputs instead."
        ) from error
    return module


def collect_losses(module: nn.Module) -> list[torch.Tensor]:
    """List the losses of the layers inside a module: those added in their last calls, callables, and regularizers.

    The last call is that of the outermost layers, because a plain module does not report when its forward begins: if it
    calls a layer twice, only the losses of the second call are listed.

    Args:
        module: any `nn.Module`.

    Returns:
        a list of scalar tensors.

    >>> import torchkeras_layer as keras
    >>> model = nn.Sequential(nn.Flatten(), keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2"))
    >>> _ = model(torch.ones(2, 3)); collect_losses(model)
    [tensor(0.0300, grad_fn=<MulBackward0>)]
    """
    return [loss for layer in layers_in(module) for loss in own_losses(layer)]


def _is_lazy_of_torch(parameter: nn.Parameter) -> bool:
    return nn.parameter.is_lazy(parameter) and not isinstance(parameter, UnbuiltWeights)
