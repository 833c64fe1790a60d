"""What happens when a layer is called on symbolic tensors, and how are its output shapes found?"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from torchkeras_layer._dtypes import STRING
from torchkeras_layer._in_place import Versions, changes_since, versions_of
from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import masking
from torchkeras_layer.layer.building import shapes_by_name, take_first_argument
from torchkeras_layer.layer.class_facts import ClassFacts
from torchkeras_layer.layer.context import per_thread, tracing
from torchkeras_layer.layer.dry_run import (
    NO_EFFECTS,
    UNKNOWN,
    DryRun,
    Effects,
    LossNote,
    RecordedLoss,
    RecordedUpdate,
    SymbolicRun,
    losses_at,
)
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.weight_lists import is_weight, layers_in
from torchkeras_layer.symbolic import shape_inference
from torchkeras_layer.symbolic.input_spec import TensorSpec, check_input_spec
from torchkeras_layer.symbolic.keras_tensor import KerasTensor, is_symbolic
from torchkeras_layer.symbolic.node import Node, node_of
from torchkeras_layer.symbolic.shape_inference import Inferred, infer, needs_data, readable_message, run_without_data

if TYPE_CHECKING:
    from torchkeras_layer.layer.attributes import LayerBase


def call_symbolically(layer: Any, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Check the inputs, build the layer, infer the outputs, and create the node last, so that errors leave no node."""
    record: Record = layer._torchkeras
    for tensor in filter(is_symbolic, leaves((inputs, args, kwargs))):
        node_of(tensor)
    check_input_spec(record.input_spec, inputs, record.name, layer)
    if not record.built:
        layer._torchkeras_build(inputs, args, kwargs, outer)
        check_input_spec(record.input_spec, inputs, record.name, layer)
    inferred, run = layer._torchkeras_infer(outer, inputs, args, kwargs)
    outputs = _as_symbolic(layer, inferred)
    node = Node(layer, (inputs, *args), kwargs, outputs)
    if run is not None and layer.training:
        node.effects = run.effects_at(node)
    record.has_recorded = True
    return outputs


def infer_call(
    layer: LayerBase, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Inferred, SymbolicRun | None]:
    """Return the specs of the outputs: computed by a built-in layer's `compute_output_shape`, else by a dry run.

    The second result is the dry run, which has recorded the losses and updates, if there was one.
    """
    if layer._torchkeras_facts.declares_specs:
        return stated_outputs(layer, layer.compute_output_spec(inputs, *args, **kwargs)), None
    return infer_by_running(layer, outer, inputs, args, kwargs)


def infer_by_running(
    layer: Any, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Inferred, SymbolicRun | None]:
    """Do the work of `infer_call` without the class's `compute_output_spec`."""
    tensors = [leaf for leaf in leaves((inputs, args, kwargs)) if is_symbolic(leaf)]
    is_plain = not args and all(value is None or name == "training" for name, value in kwargs.items())
    is_stated = is_plain and layer._torchkeras_facts.states_its_shapes and _shapes_are_enough(layer, inputs, tensors)
    if is_stated or is_dynamic(layer):
        inferred = Inferred(*_declared_outputs(layer, inputs, args, kwargs))
        if not is_stated or masking.pass_on_spec(layer, inputs, kwargs, inferred):
            return inferred, None
    run = SymbolicRun(layer)
    try:
        inferred = _run_symbolically(layer, run, outer, (inputs, args, kwargs))
    except Exception as error:
        if not needs_data(error):
            # Torch's messages name neither the layer nor free dimensions; other errors are the layer's own.
            if type(error) is RuntimeError:
                raise RuntimeError(_failed_call_message(layer, inputs, error)) from error
            raise
        if not layer._torchkeras_facts.declares_shapes:
            raise untraceable(layer, error) from error
        return Inferred(*_declared_outputs(layer, inputs, args, kwargs)), None
    _compare_declared(layer, inferred, inputs, args, kwargs)
    return inferred, run


def stated_outputs(layer: Any, outputs: Any) -> Inferred:
    """Return the specs of the symbolic tensors that a user's `compute_output_spec` has returned.

    Raises:
        TypeError: if it has returned anything else.
    """
    for leaf in leaves(outputs):
        if not (leaf is None or is_symbolic(leaf) or isinstance(leaf, TensorSpec)):
            raise TypeError(
                f"{layer._torchkeras.name} ({type(layer).__name__}): compute_output_spec() must return KerasTensors, "
                f"or a nested structure of them. Received: {leaf!r}. Write `keras.KerasTensor(shape, dtype)`."
            )
    specs = map_leaves(lambda leaf: leaf.spec if is_symbolic(leaf) else leaf, outputs)
    return Inferred(specs, [leaf._mask_spec if is_symbolic(leaf) else None for leaf in leaves(outputs)])


def output_tensors(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return symbolic tensors like the outputs of a call, without a place in a graph; build the layer if needed."""
    record: Record = layer._torchkeras
    args, kwargs = map_leaves(_as_placeholder, (args, dict(kwargs)))
    inputs = args[0] if args else take_first_argument(record, kwargs)
    if not record.built:
        layer._torchkeras_build(inputs, args[1:], kwargs, None)
    # A class of the user's calls this by `super()`.
    infer_outputs = infer_by_running if layer._torchkeras_facts.declares_specs else type(layer)._torchkeras_infer
    return _as_symbolic(layer, infer_outputs(layer, None, inputs, args[1:], kwargs)[0])


def _as_placeholder(leaf: Any) -> Any:
    if isinstance(leaf, torch.Tensor):
        return KerasTensor(leaf.shape, leaf.dtype)
    return KerasTensor.from_spec(leaf, "input") if isinstance(leaf, TensorSpec) else leaf


def _failed_call_message(layer: Any, inputs: Any, error: Exception) -> str:
    shapes, name = map_leaves(_shape_of, inputs), layer._torchkeras.name
    return f"{name} ({type(layer).__name__}): call() fails on inputs of shape {shapes}: {readable_message(error)}."


def _run_symbolically(
    layer: LayerBase,
    run: SymbolicRun,
    outer: Any,
    arguments: tuple[Any, tuple[Any, ...], dict[str, Any]],
    trace: Callable[..., Any] = infer,
) -> Any:
    """Run a layer on tensors without data, and return what `trace` returns; `run` records the losses and updates."""
    are_symbolic = [is_symbolic(leaf) for leaf in leaves(arguments)]

    def call(fakes: Any) -> Any:
        run.begin([fake for fake, is_input in zip(leaves(fakes), are_symbolic, strict=True) if is_input])
        fake_inputs, fake_args, fake_kwargs = fakes
        before = versions_of(fakes)
        with run.dependence:
            outputs = layer(fake_inputs, *fake_args, **fake_kwargs)
        _check_tensors(layer, outputs)
        warn_of_changes(layer, before, is_outermost=outer is None)
        return outputs

    context = per_thread.context
    enclosing, context.layer = context.layer, outer
    try:
        with run, tracing():
            return trace(call, arguments, device_inside(layer))
    finally:
        context.layer = enclosing


def warn_of_changes(layer: Any, before: Versions, is_outermost: bool) -> None:
    """Warn once if a call has changed its inputs in place, and no layer in it was found to have done so.

    Only symbolic calls and the first call are watched: the fast path of later ones has no time for it.
    """
    record, known = layer._torchkeras, per_thread.context.changed
    is_new = changes_since(before, known)
    if is_outermost:
        known.clear()
    if is_new and not layer._torchkeras_facts.may_change_inputs and not record.warned_of_change:
        record.warned_of_change = True
        warnings.warn(
            f"{record.name} ({type(layer).__name__}): a call changes its inputs in place, as `x += y` does in torch, "
            "so what else reads them gets the changed ones. Write `x = x + y` in call(), or begin with x = x.clone(). "
            "See docs/differences.md#changes-in-place",
            stacklevel=2,
        )


def _check_tensors(layer: LayerBase, outputs: Any) -> None:
    others = [leaf for leaf in leaves(outputs) if leaf is not None and not isinstance(leaf, torch.Tensor)]
    if others:
        raise TypeError(
            f"{layer._torchkeras.name} ({type(layer).__name__}): in a graph, call() must return (nested) tensors. "
            f"Received: {others[0]!r} ({type(others[0]).__name__}). Write torch.as_tensor(value), or leave it out."
        )


def _shapes_are_enough(layer: LayerBase, inputs: Any, tensors: list[KerasTensor]) -> bool:
    """Whether `compute_output_shape` determines the output. A user's layer inside might state wrong shapes."""
    facts, record = layer._torchkeras_facts, layer._torchkeras
    return (
        all(inner._torchkeras_facts.runs_built_in_call for inner in layers_in(layer))
        and (not facts.defines_mask or facts.only_merges_masks)
        and len(tensors) == len(leaves(inputs)) == sum(map(is_symbolic, leaves(inputs)))
        and all(one._spec.dtype != STRING and one.dtype.is_floating_point for one in tensors)
        # Plain modules, which may change their inputs, are run in any case.
        and (record.autocast or not facts.may_change_inputs)
        and (record.autocast or all(one.dtype is record.compute_dtype for one in tensors))
    )


def _declared_outputs(
    layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, list[TensorSpec | None]]:
    if layer._torchkeras_facts.names_shapes:
        shapes = _declared_shapes(layer, inputs, args, kwargs)
        outputs = map_shapes(lambda shape: TensorSpec(shape, layer._torchkeras.policy.compute), shapes)
        return outputs, [None] * len(leaves(outputs))
    specs = map_leaves(lambda leaf: leaf.spec if is_symbolic(leaf) else _spec_of(leaf), inputs)
    outputs = layer.compute_output_signature(specs)
    return outputs, [None] * len(leaves(outputs))


def _declared_shapes(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what `compute_output_shape` says; if it takes several shapes, each by the name of an argument."""
    if layer._torchkeras_facts.names_shapes:
        named = shapes_by_name(layer, layer.compute_output_shape, inputs, args, kwargs)
        return layer.compute_output_shape(**named)
    return layer.compute_output_shape(map_leaves(_shape_of, inputs))


def _compare_declared(
    layer: Any, inferred: Inferred, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Warn once if `compute_output_shape` contradicts the outputs of `call`, which count."""
    facts: ClassFacts = layer._torchkeras_facts
    if layer._torchkeras.warned_of_shape or not facts.declares_shapes or facts.states_its_shapes:
        return
    try:
        declared = _declared_shapes(layer, inputs, args, kwargs)
        stated = leaves(map_shapes(lambda shape: TensorSpec(shape), declared))
    except NotImplementedError:
        # It asks `super()`, which cannot tell from shapes alone.
        return
    except Exception as error:
        if facts.names_shapes:
            raise
        declared, stated = f"{type(error).__name__}: {error}", []
    outputs = leaves(inferred.outputs)
    if len(stated) != len(outputs) or not all(map(_agree, stated, outputs)):
        found = map_leaves(lambda spec: None if spec is None else spec.shape, inferred.outputs)
        layer._torchkeras.warned_of_shape = True
        warnings.warn(
            f"{layer._torchkeras.name} ({type(layer).__name__}): compute_output_shape() says {declared}, but call() "
            f"gives {found} for inputs of shape {map_leaves(_shape_of, inputs)}. "
            "The layer goes by call(). Correct or remove compute_output_shape(). "
            "See docs/differences.md#a-wrong-compute_output_shape",
            stacklevel=2,
        )


def _as_symbolic(layer: LayerBase, inferred: Inferred) -> Any:
    """Return symbolic tensors for the inferred outputs, with the specs of their masks."""
    masks = iter(inferred.masks)

    def tensor_of(spec: TensorSpec | None) -> KerasTensor | None:
        mask = next(masks)
        return None if spec is None else KerasTensor.from_spec(spec, layer._torchkeras.name, mask)

    return map_leaves(tensor_of, inferred.outputs)


def losses_of_call(node: Node) -> tuple[RecordedLoss, ...]:
    """Return the losses that the symbolic call at a node adds in training."""
    return _effects_of_call(node, "losses").losses or ()


def updates_of_call(node: Node) -> tuple[RecordedUpdate, ...]:
    """Return the updates that the symbolic call at a node adds in training."""
    return _effects_of_call(node, "updates").updates or ()


def _effects_of_call(node: Node, kind: str) -> Effects:
    """Return the effects of a call, of which at least those of a kind are known then: 'losses' or 'updates'."""
    known: Effects = node.effects or (NO_EFFECTS if node.is_input else UNKNOWN)
    if getattr(known, kind) is None:
        found: Effects = node.layer._torchkeras_effects_at(node, kind)
        # What was returned once stays the same.
        losses = found.losses if known.losses is None else known.losses
        known = Effects(losses, found.updates if known.updates is None else known.updates)
    node.effects = known
    return known


def effects_by_running(layer: Any, node: Node, kind: str) -> Effects:
    """Return the effects of a kind, and others if they are found too, by a dry run if the layer may have any."""
    adding = [inner for inner in layers_in(layer) if _may_add(inner, kind)]
    if not adding:
        return replace(UNKNOWN, **{kind: ()})
    if kind == "losses" and adding == [layer] and _has_activity_losses_only(layer, node):
        return replace(UNKNOWN, losses=losses_at(node, _activity_losses(node)))
    run = SymbolicRun(layer)
    inputs, *args = node.call_args
    context = per_thread.context
    training, context.training = context.training, True
    try:
        _run_symbolically(layer, run, None, (inputs, tuple(args), node.call_kwargs), run_without_data)
    finally:
        context.training = training
    return run.effects_at(node)


def _has_activity_losses_only(layer: Any, node: Node) -> bool:
    """Whether a layer adds losses of its activity alone, which depend on the one symbolic tensor that it was given."""
    facts: ClassFacts = layer._torchkeras_facts
    is_known = facts.is_built_in and not facts.adds_losses
    has_own_regularizer = not type(layer._torchkeras.activity_regularizer).__module__.startswith("torchkeras_layer.")
    return is_known and not has_own_regularizer and len(node.keras_inputs) == 1


def _activity_losses(node: Node) -> list[LossNote]:
    inputs = tuple(node.keras_inputs)
    return [(TensorSpec((), output.dtype), True, inputs) for output in leaves(node.outputs) if is_symbolic(output)]


def _may_add(layer: Any, kind: str) -> bool:
    """Whether the call of a layer, without those inside it, may add 'losses' or 'updates'."""
    facts: ClassFacts = layer._torchkeras_facts
    adds = facts.adds_losses if kind == "losses" else facts.adds_updates
    is_regularized = kind == "losses" and layer._torchkeras.activity_regularizer is not None
    return adds or is_regularized or not facts.is_built_in


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


def is_dynamic(layer: LayerBase) -> bool:
    """Whether a layer or one inside it is dynamic, and so never traced."""
    return any(inner._torchkeras.dynamic for inner in layers_in(layer))


def device_inside(layer: LayerBase) -> torch.device | None:
    """Return the device of the first weight in a layer; if it has none, that of weights made later, else `None`."""
    weights = [*layer.parameters(), *torch.nn.Module.buffers(layer)]
    return next((weight.device for weight in weights if is_weight(weight)), layer._torchkeras.pinned_device)


def infer_output(layer: LayerBase, input_specs: Any) -> Any:
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
        with tracing():
            layer.build(map_leaves(lambda spec: spec.shape, input_specs))
    if layer._torchkeras_facts.declares_specs:
        placeholders = map_leaves(lambda spec: KerasTensor.from_spec(spec, "input"), input_specs)
        return stated_outputs(layer, layer.compute_output_spec(placeholders)).outputs

    def call_for_inference(inputs: Any) -> Any:
        context = per_thread.context
        outer, context.training = context.training, False
        try:
            with tracing():
                return layer(inputs)
        finally:
            context.training = outer

    try:
        with DryRun(layer):
            return shape_inference.infer_output(call_for_inference, input_specs, device_inside(layer))
    except Exception as error:
        raise untraceable(layer, error) from error


def untraceable(layer: LayerBase, error: Exception) -> NotImplementedError:
    """Return the error for a layer whose output shapes cannot be found without data."""
    return NotImplementedError(
        f"{layer._torchkeras.name} ({type(layer).__name__}): its output shape cannot be found by running call() on "
        f"tensors without data: {readable_message(error)}. Define compute_output_shape(input_shape) in the class. "
        "See docs/differences.md#a-symbolic-call-runs-call"
    )
