"""Which shapes and dtypes does a layer give, for given ones of its inputs?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.dry_run import DryRun
from torchkeras_layer.layer.walk import layers_in
from torchkeras_layer.layer.weight_lists import is_weight
from torchkeras_layer.symbolic import shape_inference
from torchkeras_layer.symbolic.tracing_errors import in_our_words


def is_dynamic(layer: Any) -> bool:
    """Whether this layer or one inside is never traced."""
    return any(inner._torchkeras.dynamic for inner in layers_in(layer))


def device_inside(layer: Any) -> torch.device | None:
    """Return the device of the first weight in a layer; `None` if there is none yet."""
    weights = [*layer.parameters(), *layer.buffers()]
    return next((weight.device for weight in weights if is_weight(weight)), layer._torchkeras.pinned_device)


def infer_output(layer: Any, input_specs: Any) -> Any:
    """Return the `TensorSpec`s that come out, found by a run on tensors without data; builds the layer if need be.

    Raises:
        NotImplementedError: if the layer cannot run so.
    """
    if is_dynamic(layer):
        raise NotImplementedError(
            f"{layer._torchkeras.name}: a dynamic layer is never traced. Define compute_output_shape(input_shape) in "
            "its class."
        )
    if not layer._torchkeras.built:
        layer.build(map_leaves(lambda spec: spec.shape, input_specs))

    def call_for_inference(inputs: Any) -> Any:
        context = per_thread.context
        outer, context.training = context.training, False
        tracing, context.is_tracing = context.is_tracing, True
        try:
            return layer(inputs)
        finally:
            context.training, context.is_tracing = outer, tracing

    try:
        with DryRun(layer):
            return shape_inference.infer_output(call_for_inference, input_specs, device_inside(layer))
    except Exception as error:
        raise untraceable(layer, error) from error


def untraceable(layer: Any, error: Exception) -> NotImplementedError:
    """Say that the shapes of a layer cannot be found without data."""
    return NotImplementedError(
        f"{layer._torchkeras.name} ({type(layer).__name__}): its output shape cannot be found by running call() on "
        f"tensors without data: {in_our_words(error)}. Define compute_output_shape(input_shape) in the class."
    )
