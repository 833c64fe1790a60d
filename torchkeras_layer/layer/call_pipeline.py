"""Which steps does a call of a layer go through around `call`, and which `training` and `mask` does that get?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from torchkeras_layer._autograd import in_backward
from torchkeras_layer._call_mistakes import advice_on_failure, explain_arguments
from torchkeras_layer._in_place import versions_of
from torchkeras_layer._structures import leaves, pack
from torchkeras_layer._tensor_advice import add_advice, note
from torchkeras_layer.layer import masking
from torchkeras_layer.layer.building import build_in_trace, take_first_argument
from torchkeras_layer.layer.call_records import begin_call
from torchkeras_layer.layer.context import CallContext, may_be_traced, run_untraced
from torchkeras_layer.layer.dtypes import (
    NUMBERS,
    as_tensor,
    cast_hidden_weights,
    cast_inputs,
    lists_as_tensors,
    read_arguments,
)
from torchkeras_layer.layer.record import Record, is_layer
from torchkeras_layer.layer.symbolic_calls import call_symbolically, warn_of_changes
from torchkeras_layer.layer.weight_lists import modules_in, weights_of
from torchkeras_layer.symbolic.input_spec import check_input_spec, describe
from torchkeras_layer.symbolic.keras_tensor import KerasTensor, any_symbolic

if TYPE_CHECKING:
    from torchkeras_layer.layer.attributes import LayerBase


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING: Any = _Missing()
is_traced = torch.compiler.is_dynamo_compiling


def begin_outermost(
    record: Record, context: CallContext, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Begin a call that is not inside another layer's, unless a backward pass repeats it or it has no data."""
    if context.dry_run is None and not in_backward() and not any_symbolic(inputs, args, kwargs):
        begin_call(record)


def are_plain(record: Record, inputs: list[Any]) -> bool:
    """Whether all inputs in a list are tensors in the layer's dtype without masks."""
    dtype = record.compute_dtype if record.casts else None
    for tensor in inputs:
        if (
            not isinstance(tensor, Tensor)
            or (dtype is not None and tensor.dtype is not dtype)
            or getattr(tensor, "_keras_mask", None) is not None
        ):
            return False
    return True


def call_in_full(
    layer: LayerBase, context: CallContext, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Run the whole pipeline: flatten the inputs once, then convert, check, mask and cast their leaves."""
    record: Record = layer._torchkeras
    if inputs is MISSING:
        inputs = take_first_argument(record, kwargs)
    if args or kwargs:
        args, kwargs = read_arguments(layer, args, kwargs)
    given = None if record.built else (inputs, args, kwargs)
    inputs, flat, is_symbolic = _read(layer, inputs)
    if is_symbolic or ((args or kwargs) and any_symbolic(None, args, kwargs)):
        return call_symbolically(layer, outer, inputs, args, kwargs)
    _check(layer, inputs)
    if not record.built:
        _build(layer, inputs, args, kwargs, outer)
        _check(layer, inputs)
    before = None if given is None or is_traced() else versions_of(given)
    cast = cast_inputs(record, inputs, flat)
    inputs, mask = masking.pack_with_mask(record, inputs, cast, flat, args, kwargs)
    outer_training = context.training
    args, kwargs = _add_arguments(layer, context, inputs, mask, args, kwargs)
    hidden = cast_hidden_weights(layer) if record.casts_weights else {}
    try:
        if record.dynamic and may_be_traced():
            outputs = run_untraced(layer.call, inputs, *args, **kwargs)
        else:
            outputs = layer.call(inputs, *args, **kwargs)
    finally:
        context.training = outer_training
        if hidden:
            # Only if there are any, because torch.compile could not trace this line before torch 2.12.
            layer.__dict__.update(hidden)
    if record.activity_regularizer is not None:
        _add_activity_loss(layer, record.activity_regularizer, outputs)
    masking.attach(layer, inputs, mask, outputs)
    if before:
        warn_of_changes(layer, before, is_outermost=outer is None)
    return outputs


def _read(layer: Any, inputs: Any) -> tuple[Any, list[Any], bool]:
    """Turn arrays, Python numbers and lists of numbers among the inputs into tensors.

    Returns:
        the inputs, the list of their leaves, and whether one of them is a symbolic tensor.
    """
    if layer._torchkeras_facts.reads_inputs:
        inputs = layer._torchkeras_read_inputs(inputs)
    if isinstance(inputs, Tensor):
        return inputs, [inputs], False
    if isinstance(inputs, range):
        inputs = list(inputs)
    flat, is_symbolic, is_changed = leaves(inputs), False, False
    for place, leaf in enumerate(flat):
        if isinstance(leaf, KerasTensor):
            is_symbolic = True
        elif not isinstance(leaf, Tensor):
            if isinstance(leaf, NUMBERS) and isinstance(inputs, (list, tuple, dict)):
                # No number is left then.
                return _read(layer, lists_as_tensors(layer, inputs))
            flat[place] = as_tensor(layer, leaf)
            is_changed = is_changed or flat[place] is not leaf
    return (pack(inputs, flat) if is_changed else inputs), flat, is_symbolic


def _check(layer: Any, inputs: Any) -> None:
    record: Record = layer._torchkeras
    if record.input_spec is None:
        return
    spec = record.only_spec
    is_one = spec is not None and isinstance(inputs, Tensor)
    if not (is_one and spec.accepts(inputs)):  # type: ignore[union-attr]
        check_input_spec(record.input_spec, inputs, record.name, layer)


def _build(layer: LayerBase, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outer: Any) -> None:
    if is_traced() and not layer._torchkeras_facts.creates_weights:
        build_in_trace(layer, inputs, args, kwargs, outer)
    elif may_be_traced():
        run_untraced(layer._torchkeras_build, inputs, args, kwargs, outer)
    else:
        layer._torchkeras_build(inputs, args, kwargs, outer)


def no_output_message(layer: LayerBase) -> str:
    """Return the message for a `call` that returned `None`."""
    what = f"call() of {type(layer).__name__}"
    return (
        f"{layer._torchkeras.name}: {what} must return a tensor or a structure of tensors. Received: None. Add a "
        "`return` statement to call()."
    )


def _add_arguments(
    layer: Any, context: CallContext, inputs: Any, mask: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Add `training` and the masks to the arguments if `call` takes them, and set `training` for the layers inside."""
    signature = layer._torchkeras.signature
    explicit = signature.argument("training", args, kwargs)
    if explicit is not None:
        if isinstance(explicit, Tensor) and explicit.dim():
            raise TypeError(
                f"{layer._torchkeras.name} ({type(layer).__name__}): training must be True or False. Received: a "
                f"tensor of shape {tuple(explicit.shape)}. The layer takes one input, and then `training`."
            )
        context.training = explicit
    by_position = "training" in signature.positional and signature.positional.index("training") < len(args)
    if signature.takes_training and not by_position:
        kwargs["training"] = training_mode(layer, context)
    elif by_position:
        place = signature.positional.index("training")
        args = (*args[:place], training_mode(layer, context), *args[place + 1 :])
    else:
        kwargs.pop("training", None)
    if signature.takes_mask and not signature.is_given("mask", args, kwargs):
        kwargs["mask"] = mask
    for name in signature.masked:
        if not signature.is_given(f"{name}_mask", args, kwargs):
            value = inputs if name == signature.first else signature.argument(name, args, kwargs)
            kwargs[f"{name}_mask"] = masking.masks_in(value)
    return args, kwargs


def training_mode(layer: LayerBase, context: CallContext) -> Any:
    """Return the value of `training`: the one given to this call or to an outer one, else the module's own flag."""
    inherited = context.training
    if not is_traced():
        state = layer._torchkeras.calls.state
        if inherited is None and in_backward():
            # Activation checkpointing repeats the call without the outer one, and must use the same mode.
            inherited = state.training
        state.training = inherited
    return layer.training if inherited is None else inherited


# What layers do in training only: how much of it, 0 for nothing.
_AMOUNTS = ("rate", "stddev", "dropout", "recurrent_dropout")


def differs_in_training(layer: LayerBase) -> bool:
    """Whether a layer, or a module inside it, computes something else in training than in inference."""
    modules = nn.modules
    return any(
        _layer_differs(module)
        if is_layer(module)
        else (isinstance(module, modules.dropout._DropoutNd) and module.p > 0)
        or isinstance(module, modules.batchnorm._BatchNorm)
        for module in modules_in(layer)
    )


def _layer_differs(layer: Any) -> bool:
    stated = layer.__dict__.get("uses_learning_phase", getattr(type(layer), "uses_learning_phase", None))
    if isinstance(stated, bool):
        return stated
    facts = layer._torchkeras_facts
    amounts = [getattr(layer, name) for name in _AMOUNTS if hasattr(layer, name)]
    # A built-in layer that has neither passes `training` on.
    is_own = any(amounts) or facts.adds_updates if facts.is_built_in else True
    return facts.signature.takes_training and is_own


def _add_activity_loss(layer: LayerBase, regularizer: Any, outputs: Any) -> None:
    for output in leaves(outputs):
        if isinstance(output, Tensor):
            loss = torch.as_tensor(regularizer(output))
            size = output.shape[0] if output.dim() else 1
            layer.add_loss(loss / size if size else torch.zeros_like(loss), inputs=output)


def add_location(
    error: Exception, layer: LayerBase, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Add notes to an error: the layer in which it was raised, the arguments of the call, and what to write."""
    named = [describe((inputs, *args)), *(f"{name}={describe(value)}" for name, value in kwargs.items())]
    where, received = f"{layer._torchkeras.name} ({type(layer).__name__})", ", ".join(named)
    is_innermost = not getattr(error, "__notes__", ())
    if not is_traced():
        explain_arguments(error, where, layer.call, (inputs, *args), kwargs, received)
    note(error, f"In {where}, called on: {received}")
    if not is_traced():
        add_advice(error)
        advice = "" if layer._torchkeras_facts.reads_inputs else advice_on_failure(error, leaves(inputs))
        if is_innermost and advice:
            note(error, advice)


def stateless_call(
    layer: LayerBase,
    trainable_variables: Sequence[torch.Tensor],
    non_trainable_variables: Sequence[torch.Tensor],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, list[torch.Tensor]]:
    """Return the outputs of a call with other weights, and the new values of the non-trainable ones.

    Raises:
        ValueError: if the layer is not built, or a list has the wrong length.
    """
    name = layer._torchkeras.name
    if not layer._torchkeras.built:
        raise ValueError(
            f"{name}: stateless_call needs a built layer. Received: a {type(layer).__name__} that is not built. Call "
            "it on an input, or call `build(input_shape)`, first."
        )
    own = weights_of(layer)
    names = {id(t): name for name, t in [*layer.named_parameters(), *layer.named_buffers()]}
    replaced: dict[str, torch.Tensor] = {}
    given = (trainable_variables, non_trainable_variables)
    for kind, weights, values in zip(("trainable", "non_trainable"), own, given, strict=True):
        if len(values) != len(weights):
            raise ValueError(
                f"{name}: stateless_call: {kind}_variables must hold {len(weights)} tensors, one for each of "
                f"`layer.{kind}_variables`. Received: {len(values)} tensors."
            )
        # A call may change the non-trainable ones in place, and must not change the caller's tensors.
        is_state = kind == "non_trainable"
        replaced |= {names[id(w)]: v.clone() if is_state else v for w, v in zip(weights, values, strict=True)}
    outputs = torch.func.functional_call(layer, replaced, args, kwargs)
    return outputs, [replaced[names[id(weight)]] for weight in own[1]]
