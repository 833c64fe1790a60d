"""What happens when a layer is called on symbolic tensors, and how are its output shapes found?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.class_facts import ClassFacts
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.dry_run import DryRun, Effects, SymbolicRun
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.weight_lists import is_weight, layers_in
from torchkeras_layer.symbolic import shape_inference
from torchkeras_layer.symbolic.input_spec import TensorSpec, check_input_spec
from torchkeras_layer.symbolic.keras_tensor import KerasTensor, is_symbolic
from torchkeras_layer.symbolic.node import Node, node_of
from torchkeras_layer.symbolic.shape_inference import Inferred, infer, link_to_free_axes, needs_data, readable_message


def call_symbolically(layer: Any, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Check the inputs, build the layer, infer the outputs, and create the node last, so that errors leave no node."""
    record: Record = layer._torchkeras
    for tensor in filter(is_symbolic, leaves((inputs, args, kwargs))):
        node_of(tensor)
    check_input_spec(record.input_spec, inputs, record.name)
    if not record.built:
        layer._torchkeras_build(inputs, args, kwargs, outer)
        check_input_spec(record.input_spec, inputs, record.name)
    inferred, run = layer._torchkeras_infer(outer, inputs, args, kwargs)
    outputs = _as_symbolic(layer, inferred)
    node = Node(layer, (inputs, *args), kwargs, outputs)
    if run is not None and layer.training:
        node.effects = run.effects_at(node)
    record.has_recorded = True
    return outputs


def infer_call(
    layer: Any, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Inferred, SymbolicRun | None]:
    """Return the specs of the outputs: computed by a built-in layer's `compute_output_shape`, else by a dry run.

    The second result is the dry run, which has recorded the losses and updates, if there was one.
    """
    tensors = [leaf for leaf in leaves((inputs, args, kwargs)) if is_symbolic(leaf)]
    is_plain = not args and kwargs.keys() <= {"training"}
    if is_plain and layer._torchkeras_facts.states_its_shapes and _shapes_are_enough(layer, inputs, tensors):
        return Inferred(*_declared_outputs(layer, inputs)), None
    if is_dynamic(layer):
        return Inferred(*_declared_outputs(layer, inputs)), None
    run = SymbolicRun(layer)
    try:
        inferred = _run_symbolically(layer, run, outer, inputs, args, kwargs)
    except Exception as error:
        if not needs_data(error):
            # Torch's messages name neither the layer nor free dimensions; other errors are the layer's own.
            if type(error) is RuntimeError:
                raise RuntimeError(_failed_call_message(layer, inputs, error)) from error
            raise
        if not layer._torchkeras_facts.declares_shapes:
            raise untraceable(layer, error) from error
        return Inferred(*_declared_outputs(layer, inputs)), None
    _check_declared(layer, inputs, inferred)
    return inferred, run


def _failed_call_message(layer: Any, inputs: Any, error: Exception) -> str:
    shapes, name = map_leaves(_shape_of, inputs), layer._torchkeras.name
    fault = f"{readable_message(error)}.{link_to_free_axes(error)}"
    return f"{name} ({type(layer).__name__}): call() fails on inputs of shape {shapes}: {fault}"


def _run_symbolically(
    layer: Any, run: SymbolicRun, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Inferred:
    are_symbolic = [is_symbolic(leaf) for leaf in leaves((inputs, args, kwargs))]

    def call(fakes: Any) -> Any:
        run.begin([fake for fake, is_input in zip(leaves(fakes), are_symbolic, strict=True) if is_input])
        fake_inputs, fake_args, fake_kwargs = fakes
        with run.dependence:
            outputs = layer(fake_inputs, *fake_args, **fake_kwargs)
        _check_tensors(layer, outputs)
        return outputs

    context = per_thread.context
    enclosing, context.layer = context.layer, outer
    tracing, context.is_tracing = context.is_tracing, True
    try:
        with run:
            return infer(call, (inputs, args, kwargs), device_inside(layer))
    finally:
        context.layer, context.is_tracing = enclosing, tracing


def _check_tensors(layer: Any, outputs: Any) -> None:
    others = [leaf for leaf in leaves(outputs) if leaf is not None and not isinstance(leaf, torch.Tensor)]
    if others:
        raise TypeError(
            f"{layer._torchkeras.name} ({type(layer).__name__}): in a graph, call() must return tensors, or a nested "
            f"structure of tensors. Received: {others[0]!r}. Return a tensor instead."
        )


def _shapes_are_enough(layer: Any, inputs: Any, tensors: list[KerasTensor]) -> bool:
    """Whether `compute_output_shape` determines the output: floating-point inputs without masks that are cast.

    All symbolic tensors must be in the first argument.
    """
    facts: ClassFacts = layer._torchkeras_facts
    return (
        layer._torchkeras.autocast
        and (not facts.defines_mask or facts.only_merges_masks)
        and len(tensors) == len(leaves(inputs))
        and all(tensor.dtype.is_floating_point and tensor._mask_spec is None for tensor in tensors)
        and all(map(is_symbolic, leaves(inputs)))
    )


def _declared_outputs(layer: Any, inputs: Any) -> tuple[Any, list[TensorSpec | None]]:
    specs = map_leaves(lambda leaf: leaf.spec if is_symbolic(leaf) else _spec_of(leaf), inputs)
    outputs = layer.compute_output_signature(specs)
    return outputs, [None] * len(leaves(outputs))


def _check_declared(layer: Any, inputs: Any, inferred: Inferred) -> None:
    facts: ClassFacts = layer._torchkeras_facts
    if not facts.declares_shapes or facts.states_its_shapes:
        return
    declared = layer.compute_output_shape(map_leaves(_shape_of, inputs))
    stated = map_shapes(lambda shape: TensorSpec(shape), declared)
    pairs = list(zip(leaves(stated), leaves(inferred.outputs), strict=False))
    if len(leaves(stated)) != len(leaves(inferred.outputs)) or not all(_agree(*pair) for pair in pairs):
        found = map_leaves(lambda spec: None if spec is None else spec.shape, inferred.outputs)
        raise ValueError(
            f"{layer._torchkeras.name} ({type(layer).__name__}): compute_output_shape() says {declared}, but call() "
            f"gives {found} for inputs of shape {map_leaves(_shape_of, inputs)}. Correct one of them. "
            "See docs/differences.md#a-wrong-compute_output_shape"
        )


def _as_symbolic(layer: Any, inferred: Inferred) -> Any:
    """Return symbolic tensors for the inferred outputs, with the specs of their masks."""
    masks = iter(inferred.masks)

    def tensor_of(spec: TensorSpec | None) -> KerasTensor | None:
        mask = next(masks)
        return None if spec is None else KerasTensor.from_spec(spec, layer._torchkeras.name, mask)

    return map_leaves(tensor_of, inferred.outputs)


def effects_of(layer: Any, node: Node) -> Effects:
    """Return the losses and updates that the call at a node records in training; if unknown, do a dry run."""
    record: Record = layer._torchkeras
    facts: ClassFacts = layer._torchkeras_facts
    has_none = facts.states_its_shapes and not facts.has_effects and record.activity_regularizer is None
    if node.effects is None and not node.is_input and not has_none:
        run = SymbolicRun(layer)
        inputs, *args = node.call_args
        context = per_thread.context
        training, context.training = context.training, True
        try:
            _run_symbolically(layer, run, None, inputs, tuple(args), node.call_kwargs)
        finally:
            context.training = training
        node.effects = run.effects_at(node)
    return node.effects or Effects()


def _shape_of(leaf: Any) -> Any:
    return tuple(leaf.shape) if hasattr(leaf, "shape") else None


def _spec_of(leaf: Any) -> TensorSpec | None:
    return TensorSpec(leaf.shape, leaf.dtype) if hasattr(leaf, "dtype") else None


def _agree(stated: TensorSpec | None, found: TensorSpec | None) -> bool:
    """Whether two shapes can be those of one tensor: a dimension that is free in one may be known in the other."""
    if stated is None or found is None:
        return stated is found
    if len(stated.shape) != len(found.shape):
        return False
    return all(a is None or b is None or a == b for a, b in zip(stated.shape, found.shape, strict=True))


def is_dynamic(layer: Any) -> bool:
    """Whether a layer or one inside it is dynamic, and so never traced."""
    return any(inner._torchkeras.dynamic for inner in layers_in(layer))


def device_inside(layer: Any) -> torch.device | None:
    """Return the device of the first weight in a layer; if it has none, that of weights made later, else `None`."""
    weights = [*layer.parameters(), *layer.buffers()]
    return next((weight.device for weight in weights if is_weight(weight)), layer._torchkeras.pinned_device)


def infer_output(layer: Any, input_specs: Any) -> Any:
    """Return the `TensorSpec`s of the outputs, found by a dry run; this builds the layer if needed.

    Raises:
        NotImplementedError: if the layer cannot run without data.
    """
    if is_dynamic(layer):
        raise NotImplementedError(
            f"{layer._torchkeras.name} ({type(layer).__name__}): a dynamic layer is never traced, so its output shape "
            "cannot be found by running call(). Define compute_output_shape(input_shape) in the class."
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
    """Return the error for a layer whose output shapes cannot be found without data."""
    return NotImplementedError(
        f"{layer._torchkeras.name} ({type(layer).__name__}): its output shape cannot be found by running call() on "
        f"tensors without data: {readable_message(error)}. Define compute_output_shape(input_shape) in the class."
        f"{link_to_free_axes(error) or ' See docs/differences.md#a-symbolic-call-runs-call'}"
    )
