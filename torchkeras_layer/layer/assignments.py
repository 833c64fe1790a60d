"""What does assigning to a weight do in the call of a layer?"""

from __future__ import annotations

import functools
from typing import Any

import torch

from torchkeras_layer._autograd import in_backward
from torchkeras_layer._keras_members import changers, new_value, write
from torchkeras_layer.layer.context import UNCAST, CallContext, per_thread
from torchkeras_layer.layer.weight_lists import modules_in


def change_in_call(variable: torch.Tensor, how: str, value: Any) -> torch.Tensor:
    """Change a weight, and return its new value; `how` is 'assign', 'assign_add' or 'assign_sub'.

    The weight changes in place at once, in calls and outside of them, also that of a frozen layer. A symbolic call, or
    another run without data, changes nothing. Where a backward pass repeats a call, the weight has changed already.

    Raises:
        ValueError: if the value has another shape.
    """
    read, context = variable, per_thread.context
    variable = getattr(read, UNCAST, read)
    if context.dry_run is None and in_backward():
        return _value_again(variable, how, value).to(read.dtype)
    new = new_value(variable, how, value)
    if context.dry_run is None:
        write(variable, new)
    else:
        _record(context, variable, how, value)
    return new.to(read.dtype)


def _value_again(variable: torch.Tensor, how: str, value: Any) -> torch.Tensor:
    """Return the value that a change gave the first time, as a function of the same tensors."""
    if how == "assign":
        return new_value(variable, how, value)
    step = new_value(variable, "assign", value).detach()
    before = variable - step if how == "assign_add" else variable + step
    return new_value(before, how, value)


def _record(context: CallContext, variable: torch.Tensor, how: str, value: Any) -> None:
    """Record a change in a symbolic call as an update of the layer; in the run, buffers are copies of the layer's."""
    for holder in () if context.layer is None else modules_in(context.layer):
        for key, buffer in holder._buffers.items():
            if buffer is variable:
                update = functools.partial(_update, holder, key, how, value)
                context.dry_run.note_updates([update], context.layer)


def _update(holder: Any, key: str, how: str, value: Any) -> None:
    variable = holder._buffers[key]
    write(variable, new_value(variable, how, value))


changers.insert(0, change_in_call)
