"""How do functions of Keras's K run a function for each step of a sequence, or one of two functions?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._structures import leaves, map_leaves, pack
from torchkeras_layer.ops.values import as_tensor, promoted


def rnn(
    step_function: Callable[..., Any],
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Any = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: Any = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> tuple[Any, Any, Any]:
    """Run a function for each step of sequences, and return the last output, all outputs and the last states.

    Args:
        step_function: takes the inputs of a step and a list of the states and constants; returns the output and a list
            of the next states.
        inputs: a tensor (batch, steps, …), or a nested structure of them.
        initial_states: a list of tensors.
        go_backwards: whether the last step comes first; the outputs lie in the order in which they were computed.
        mask: bools (batch, steps), or (batch, steps, 1): where false, states and output stay as they were.
        constants: a list of tensors that each step gets after the states.
        unroll: has no effect: the steps always run one after the other.
        input_length: a tensor with the number of steps of each sequence, in place of a mask; an int has no effect.
        time_major: whether inputs, mask and outputs are (steps, batch, …).
        zero_output_for_mask: whether the output is 0 where the mask is false.
        return_all_outputs: whether all outputs are returned; otherwise the last, as one step.

    Raises:
        ValueError: if there are no steps, or the mask does not have them.

    >>> last, outputs, states = rnn(lambda x, s: (x + s[0], [x + s[0]]), torch.ones(1, 3, 1), [torch.zeros(1, 1)])
    >>> outputs.flatten(), last, len(states)
    (tensor([1., 2., 3.]), tensor([[3.]]), 1)
    """
    sequences = map_leaves(as_tensor, inputs)
    axis = 0 if time_major else 1
    steps = list(zip(*(tensor.unbind(axis) for tensor in leaves(sequences)), strict=True))
    kept = _kept_steps(mask, input_length, steps, axis, go_backwards)
    if go_backwards:
        steps.reverse()
    states, fixed = ([as_tensor(tensor) for tensor in given or ()] for given in (initial_states, constants))
    outputs, previous = [], None
    for number, values in enumerate(steps):
        output, found = step_function(pack(sequences, list(values)), [*states, *fixed])
        if kept is not None:
            found = [_chosen(kept[number], new, old) for new, old in zip(found, states, strict=True)]
            earlier = None if zero_output_for_mask else previous
            output = _each(lambda new, old, keep=kept[number]: _chosen(keep, new, old), output, earlier)
        states, previous = list(found), output
        outputs.append(output)
    shown = outputs if return_all_outputs else outputs[-1:]
    stacked = pack(shown[0], [torch.stack(parts, axis) for parts in zip(*map(leaves, shown), strict=True)])
    return previous, stacked, states


def _kept_steps(mask: Any, input_length: Any, steps: list[Any], axis: int, go_backwards: bool) -> list[Tensor] | None:
    """Return for each step, in the order in which they run, which sequences have it; `None` for all."""
    if not steps:
        raise ValueError("K.rnn: the sequences must have steps. Received: sequences of 0 steps.")
    if mask is not None:
        kept = list(as_tensor(mask).to(torch.bool).unbind(axis))
    elif isinstance(input_length, Tensor) and input_length.dim():
        kept = [number < input_length.reshape(-1) for number in range(len(steps))]
    else:
        return None
    if len(kept) != len(steps):
        raise ValueError(
            f"K.rnn: the mask must have a step for each of the inputs. Received: {len(kept)} steps of the mask for "
            f"{len(steps)} of the inputs."
        )
    return kept[::-1] if go_backwards else kept


def _chosen(keep: Tensor, new: Tensor, old: Tensor | None) -> Tensor:
    keep = keep.reshape(keep.shape[0], *[1] * (new.dim() - 1))
    return torch.where(keep, new, torch.zeros_like(new) if old is None else old)


def _each(function: Callable[..., Any], output: Any, previous: Any) -> Any:
    found = leaves(output)
    old = [None] * len(found) if previous is None else leaves(previous)
    return pack(output, [function(*both) for both in zip(found, old, strict=True)])


def map_fn(fn: Callable[..., Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """Return the results of a function for each entry of the first axis, stacked along it.

    >>> map_fn(lambda x: x * 2, [1.0, 2.0])
    tensor([2., 4.])
    """
    results = [fn(entry) for entry in _entries(elems)]
    stacked = [torch.stack([as_tensor(part) for part in parts]) for parts in zip(*map(leaves, results), strict=True)]
    stacked = stacked if dtype is None else [part.to(torch_dtype(dtype)) for part in stacked]
    return pack(results[0], stacked)


def foldl(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """Return `fn(…fn(fn(initializer, first), second)…, last)`; the first entry stands for a missing `initializer`.

    >>> foldl(lambda total, x: total + x, [1.0, 2.0, 3.0])
    tensor(6.)
    """
    return _folded(fn, _entries(elems), initializer)


def foldr(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """Return what `foldl` does, with the entries in reverse order."""
    return _folded(fn, _entries(elems)[::-1], initializer)


def _folded(fn: Callable[..., Any], entries: list[Any], initializer: Any) -> Any:
    (result, entries) = (entries[0], entries[1:]) if initializer is None else (initializer, entries)
    for entry in entries:
        result = fn(result, entry)
    return result


def _entries(elems: Any) -> list[Any]:
    """Return the entries of the first axis of a tensor, or of all those in a structure."""
    is_list_of_numbers = isinstance(elems, list) and not any(isinstance(part, Tensor) for part in elems)
    tensors = as_tensor(elems) if is_list_of_numbers else map_leaves(as_tensor, elems)
    entries = [pack(tensors, list(parts)) for parts in zip(*(part.unbind(0) for part in leaves(tensors)), strict=True)]
    if not entries:
        raise ValueError("K.map_fn, K.foldl and K.foldr need at least one entry. Received: none.")
    return entries


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one value or the other by a condition: a whole tensor by a single one, else entry by entry.

    A condition of a lower rank holds for all that follows its axes; one of rank 1 lies along the last axis. The
    expressions may be functions without arguments, of which a single condition calls one only; in torch.compile, both.

    Raises:
        ValueError: if the condition has a higher rank.

    >>> switch(torch.tensor([[True], [False]]), torch.ones(2, 2), torch.zeros(2, 2))
    tensor([[1., 1.],
            [0., 0.]])
    """
    condition = as_tensor(condition).to(torch.bool)
    if condition.dim() == 0 and not _is_without_value(condition):
        chosen = then_expression if condition else else_expression
        return chosen() if callable(chosen) else as_tensor(chosen)
    first, second = (choice() if callable(choice) else choice for choice in (then_expression, else_expression))
    both = [promoted(*pair) for pair in zip(leaves(first), leaves(second), strict=True)]
    return pack(first, [torch.where(_expanded(condition, one), one, other) for one, other in both])


def _is_without_value(condition: Tensor) -> bool:
    from torch._subclasses.fake_tensor import FakeTensor

    return torch.compiler.is_compiling() or isinstance(condition, FakeTensor)


def _expanded(condition: Tensor, x: Tensor) -> Tensor:
    missing = x.dim() - condition.dim()
    if missing < 0:
        raise ValueError(
            f"K.switch: the condition must not have more axes than the expressions. Received: a condition of rank "
            f"{condition.dim()} for tensors of rank {x.dim()}."
        )
    return condition.reshape(*condition.shape, *[1] * missing) if condition.dim() > 1 else condition
