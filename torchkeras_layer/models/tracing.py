"""How does `build` of a model that defines `call` build the layers inside it, when there are only shapes?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer.building import all_or_nothing, build_lock
from torchkeras_layer.layer.context import CallContext, per_thread
from torchkeras_layer.layer.dry_run import DryRun
from torchkeras_layer.layer.record import change
from torchkeras_layer.layer.symbolic_calls import device_inside
from torchkeras_layer.layer.weight_lists import layers_in
from torchkeras_layer.models.graphs import state_of
from torchkeras_layer.symbolic import TensorSpec
from torchkeras_layer.symbolic.shape_inference import infer_output, readable_message

# The run is an outermost call in inference mode, although a `build` is running.
_IN_THE_RUN = {"layer": None, "building": False, "alone": False, "training": False, "is_tracing": True}


def build_inside(model: Any, input_shape: Any) -> None:
    """Run a model's `call` on inputs without data, so that the layers inside build themselves.

    The inputs have the compute dtype; if `call` cannot take that, they are integers. Where `call` is about to run
    anyway, and for a model with a graph, nothing happens.

    Raises:
        TypeError: if `input_shape` is not a shape, or a nested structure of shapes.
        ValueError: if `call` fails; no layer is built then.
    """
    state = state_of(model)
    is_called = per_thread.context.is_tracing or state.is_left_unbuilt_inside or torch.compiler.is_dynamo_compiling()
    if is_called or state.wiring is not None:
        return
    specs = map_shapes(lambda shape: TensorSpec(shape, model._torchkeras.policy.compute), input_shape)
    try:
        _run(model, specs)
    except Exception as error:
        with contextlib.suppress(Exception):
            _run(model, map_leaves(lambda spec: spec and TensorSpec(spec.shape, "int64"), specs))
            return
        raise ValueError(
            f"{model.name} ({type(model).__name__}): build({input_shape!r}) cannot build the layers inside, because "
            f"call() fails on inputs of this shape: {readable_message(error)}. Call the model on real inputs instead, "
            "or write `keras.build(model, example_input)`, which takes all arguments of call()."
        ) from error


def _run(model: Any, specs: Any) -> None:
    context = per_thread.context
    around = {name: getattr(context, name) for name in _IN_THE_RUN}
    with contextlib.ExitStack() as undo:
        for layer in layers_in(model):
            if layer is not model:
                undo.enter_context(all_or_nothing(layer))
        undo.enter_context(DryRun(model))
        # The call must not build the model again.
        change(model, built=True)
        _set(context, _IN_THE_RUN)
        try:
            infer_output(model, specs, device_inside(model))
        finally:
            _set(context, around)
            change(model, built=False)


def _set(context: CallContext, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(context, name, value)


@contextlib.contextmanager
def without_layers_inside(model: Any) -> Iterator[None]:
    """Let a `build` in the block leave the layers inside alone: in a call, each of them builds itself."""
    state = state_of(model)
    with build_lock:
        before, state.is_left_unbuilt_inside = state.is_left_unbuilt_inside, True
        try:
            yield
        finally:
            state.is_left_unbuilt_inside = before
