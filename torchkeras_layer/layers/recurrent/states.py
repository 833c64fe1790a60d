"""What is the state of a recurrent layer, what is its initial value, and how is it kept for the next batch?

A state is a list with a tensor for each size in the cell's `state_size`, nested like it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence

from torchkeras_layer._autograd import in_backward
from torchkeras_layer._structures import leaves, pack
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.recurrent.sizes import map_sizes
from torchkeras_layer.symbolic.input_spec import describe


def as_list(state: Any) -> list[Any]:
    """Return a state as a list, even if it is a single tensor.

    >>> as_list((1, 2)), as_list(1)
    ([1, 2], [1])
    """
    return list(state) if isinstance(state, (list, tuple)) else [state]


def tensors_of_shapes(name: str, given: Any, shapes: list[Any], device: Any, dtype: torch.dtype) -> list[torch.Tensor]:
    """Return an initial state as a flat list of tensors, which must have the given shapes; `...` is any rest.

    Raises:
        ValueError: if it is anything else; the message begins with `name`.

    >>> tensors_of_shapes("rnn", torch.ones(1, 2), [(1, 2)], None, torch.float64)
    [tensor([[1., 1.]], dtype=torch.float64)]
    """
    try:
        tensors = [torch.as_tensor(part).to(device=device, dtype=dtype) for part in leaves(as_list(given))]
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(_state_expected(name, shapes, describe(given))) from error
    if any(getattr(part, "dtype", None) is torch.bool for part in leaves(as_list(given))):
        raise ValueError(_state_expected(name, shapes, "booleans. Write `mask=...` if they are a mask"))
    found = [tuple(tensor.shape) for tensor in tensors]
    if len(found) != len(shapes) or not all(map(_fits, found, shapes)):
        raise ValueError(_state_expected(name, shapes, _in_words(found)))
    return tensors


def _fits(found: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    return found[: len(wanted) - 1] == wanted[:-1] if wanted[-1:] == (...,) else found == wanted


def _state_expected(name: str, shapes: list[Any], received: str) -> str:
    return f"{name}: the initial state must be {_in_words(shapes)}. Received: {received or 'no tensors'}."


def fault_of_states(given: Any, shapes: list[Any]) -> str | None:
    """Return what is wrong with the states in a call of a cell as text, or `None` if they have the given shapes.

    >>> fault_of_states(torch.ones(1, 2), [(1, 3)])
    'a call needs its states, 1 tensor of shape (1, 3), such as get_initial_state(batch_size). Received: (1, 2).'
    """
    if [tuple(getattr(part, "shape", ())) for part in leaves(as_list(given))] == shapes:
        return None
    return (
        f"a call needs its states, {_in_words(shapes)}, such as get_initial_state(batch_size). "
        f"Received: {describe(given) or 'none'}."
    )


def states_as_keywords(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], constants_count: int
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call on a list [inputs, *states, *constants], as in Keras 2, with states as keywords.

    Raises:
        TypeError: for a packed sequence; the message begins with `name`.

    >>> states_as_keywords("rnn", (["x", "h", "c"],), {}, 0)
    (('x',), {'initial_state': ['h', 'c']})
    """
    if args and isinstance(args[0], PackedSequence):
        raise TypeError(
            f"{name}: expects a tensor, and a mask (batch, steps) that is false for padding. Received: a "
            "PackedSequence. Write `sequences, lengths = pad_packed_sequence(packed, batch_first=True)` and "
            "`layer(sequences, mask=torch.arange(sequences.shape[1]) < lengths[:, None])`."
        )
    if not args or type(args[0]) is not list or not args[0]:
        return args, kwargs
    inputs, *others = args[0]
    count = len(others) - constants_count
    given = {"initial_state": others[:count], "constants": others[count:]}
    return (inputs, *args[1:]), {**kwargs, **{name: value for name, value in given.items() if value}}


def nest(tensors: list[Any], sizes: list[Any]) -> list[Any]:
    """Return the tensors of a flat list, nested like the sizes.

    >>> nest([1, 2, 3], [5, (6, 7)])
    [1, (2, 3)]
    """
    rest = iter(tensors)
    return map_sizes(lambda _: next(rest), sizes)


def keep_buffers(layer: Layer, states: list[Any]) -> None:
    """Store a state of a stateful layer in buffers, which move with the layer but are not in its `state_dict`.

    >>> layer = Layer(); keep_buffers(layer, [torch.ones(1, 2)]); layer.state_0
    tensor([[1., 1.]])
    """
    for index, state in enumerate(leaves(states)):
        layer.register_buffer(_key(index), state.detach().clone(), persistent=False)


def kept_buffers(layer: Layer, structure: list[Any]) -> list[Any]:
    """Return the buffers with the state that a layer keeps, in its structure.

    >>> layer = Layer(); keep_buffers(layer, [torch.ones(1, 2)]); kept_buffers(layer, [None])
    [tensor([[1., 1.]])]
    """
    return pack(structure, [layer._buffers[_key(index)] for index in range(len(leaves(structure)))])


def take_kept_state(layer: Layer, batch_size: Any) -> list[Any]:
    """Return copies of the state that the previous batch has left; the backward pass needs the copies.

    Raises:
        ValueError: if the layer keeps no state, or one for another batch size.
        RuntimeError: if activation checkpointing repeats the call.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.GRU(2, stateful=True); layer.build((1, None, 3)); take_kept_state(layer, 1)
    [tensor([[0., 0.]])]
    """
    structure = layer._torchkeras.derived.kept_structure
    if structure is None:
        raise ValueError(
            f"{layer.name}: keeps no states, because it was not stateful when it was built. Create it with "
            "stateful=True, or also set `built = False`, so that the next call builds it again."
        )
    kept = leaves(kept_buffers(layer, structure))
    if batch_size != kept[0].shape[0]:
        raise ValueError(
            f"{layer.name}: all batches of a stateful layer must have the same size, here {kept[0].shape[0]}. "
            f"Received: a batch of size {batch_size}. Leave out a smaller last batch, as `drop_last=True` of a "
            "DataLoader does."
        )
    if in_backward():
        raise RuntimeError(
            f"{layer.name}: a stateful layer cannot be inside activation checkpointing, which repeats the call when "
            "its initial state is lost. Use stateful=False, and pass initial_state."
        )
    return pack(structure, [_copy_of_state(state) for state in kept])


def _key(index: int) -> str:
    return f"state_{index}"


def _copy_of_state(state: torch.Tensor) -> torch.Tensor:
    """Return a copy; if compiled, by a custom operator: a backward pass would repeat a clone, and of a later state."""
    is_compiled = torch.compiler.is_compiling() and not torch.compiler.is_exporting()
    return _copy(state) if is_compiled else state.clone()


@torch.library.custom_op("torchkeras_layer::copy_state", mutates_args=())
def _copy(state: torch.Tensor) -> torch.Tensor:
    return state.clone()


@_copy.register_fake
def _copy_without_data(state: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(state)


def _in_words(shapes: list[tuple[Any, ...]]) -> str:
    shown = shapes[:1] if all(shape == shapes[0] for shape in shapes) else shapes
    words = ", ".join(map(str, shown)).replace("Ellipsis", "…")
    return f"{len(shapes)} tensor{'s' * (len(shapes) != 1)} of shape {words}"
