"""What is the state of a recurrent layer, what is its initial value, and how is it kept for the next batch?

A state is a list with a tensor for each number in the cell's `state_size`, nested like it.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence

from torchkeras_layer._autograd import in_backward
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic.input_spec import describe


def state_sizes(cell: Any) -> list[Any]:
    """Return the `state_size` of a cell as a list, even if there is only one state.

    >>> class Cell:
    ...     state_size = 3
    >>> state_sizes(Cell())
    [3]
    """
    sizes = cell.state_size
    return list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]


def output_size(cell: Any) -> Any:
    """Return the number of features of a cell's output: its `output_size`, else the size of its first state.

    >>> class Cell:
    ...     state_size = [3, 4]
    >>> output_size(Cell())
    3
    """
    size = getattr(cell, "output_size", None)
    return leaves(state_sizes(cell))[0] if size is None else size


def state_shapes(sizes: Any, batch_size: int | None) -> Any:
    """Return the shapes of a state, nested like the sizes.

    >>> state_shapes([3, [4, 5]], None)
    [(None, 3), [(None, 4), (None, 5)]]
    """
    return map_leaves(lambda size: (batch_size, size), sizes)


def read_batch(first: Any, second: Any) -> tuple[Any, torch.Tensor | None]:
    """Return batch size and inputs, given the first two arguments of `get_initial_state` in the order of Keras 2 or 3.

    >>> read_batch(None, 4), read_batch(torch.ones(2, 3), None)[0]
    ((4, None), 2)
    """
    inputs = next((value for value in (first, second) if isinstance(value, torch.Tensor)), None)
    size = next((value for value in (first, second) if value is not None and not isinstance(value, torch.Tensor)), None)
    return (inputs.shape[0] if size is None and inputs is not None else size), inputs


def state_arguments(cell: Any) -> tuple[str, ...] | None:
    """Return the names of the arguments that a cell's `get_initial_state` takes; `None` if it has no such method.

    >>> import torchkeras_layer as keras
    >>> state_arguments(keras.layers.GRUCell(2)), state_arguments(torch.nn.ReLU())
    (('batch_size', 'inputs', 'dtype'), None)
    """
    method = getattr(cell, "get_initial_state", None)
    if method is None:
        return None
    parameters = inspect.signature(method).parameters
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    return tuple(name for name in ("batch_size", "inputs", "dtype") if takes_all or name in parameters)


def first_state(
    cell: Any, taken: tuple[str, ...] | None, batch_size: Any, dtype: torch.dtype, device: Any, inputs: Any
) -> list[Any]:
    """Return the initial state of a cell: the result of its `get_initial_state`, else zeros.

    Args:
        taken: the arguments of `get_initial_state`, found by `state_arguments`.
        inputs: passed to built-in cells only, which use their device.

    >>> class Cell:
    ...     state_size = 2
    >>> first_state(Cell(), None, 1, torch.float32, None, None)
    [tensor([[0., 0.]])]
    """
    if taken is None:
        return zeros(state_sizes(cell), batch_size, dtype, device)
    given = {"batch_size": batch_size, "dtype": dtype, "inputs": inputs if isinstance(cell, BuiltInLayer) else None}
    return as_list(cell.get_initial_state(**{name: given[name] for name in taken}))


def zeros(sizes: Any, batch_size: Any, dtype: torch.dtype, device: Any) -> Any:
    """Return a tensor of zeros (batch, size) for each size, nested like the sizes.

    >>> zeros([1, [2]], 1, torch.float32, None)
    [tensor([[0.]]), [tensor([[0., 0.]])]]
    """
    return map_leaves(lambda size: torch.zeros(batch_size, size, dtype=dtype, device=device), sizes)


def as_list(state: Any) -> list[Any]:
    """Return a state as a list, even if it is a single tensor.

    >>> as_list((1, 2)), as_list(1)
    ([1, 2], [1])
    """
    return list(state) if isinstance(state, (list, tuple)) else [state]


def tensors_of_shapes(name: str, given: Any, shapes: list[Any], device: Any, dtype: torch.dtype) -> list[torch.Tensor]:
    """Return an initial state as a flat list of tensors, which must have the given shapes.

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
    if found != shapes:
        raise ValueError(_state_expected(name, shapes, _in_words(found)))
    return tensors


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
    """Return the tensors of a flat list in lists nested like the sizes.

    >>> nest([1, 2, 3], [5, (6, 7)])
    [1, [2, 3]]
    """
    rest = iter(tensors)

    def place(size: Any) -> Any:
        return [place(part) for part in size] if isinstance(size, (list, tuple)) else next(rest)

    return place(sizes)


def keep_buffers(layer: Layer, states: list[Any]) -> None:
    """Store a state of a stateful layer in buffers, which move with the layer but are not in its `state_dict`.

    >>> layer = BuiltInLayer(); keep_buffers(layer, [torch.ones(1, 2)]); layer.state_0
    tensor([[1., 1.]])
    """
    for index, state in enumerate(leaves(states)):
        layer.register_buffer(_key(index), state.detach().clone(), persistent=False)


def kept_buffers(layer: Layer, sizes: list[Any]) -> list[Any]:
    """Return the buffers with the state that a layer keeps, nested like the sizes.

    >>> layer = BuiltInLayer(); keep_buffers(layer, [torch.ones(1, 2)]); kept_buffers(layer, [2])
    [tensor([[1., 1.]])]
    """
    return nest([layer._buffers[_key(index)] for index in range(len(leaves(sizes)))], sizes)


def take_kept_state(layer: Layer, batch_size: Any) -> list[Any]:
    """Return copies of the state that the previous batch has left; the backward pass needs the copies.

    Raises:
        ValueError: if the layer keeps no state, or one for another batch size.
        RuntimeError: if activation checkpointing repeats the call.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.GRU(2, stateful=True); layer.build((1, None, 3)); take_kept_state(layer, 1)
    [tensor([[0., 0.]])]
    """
    sizes = layer._torchkeras.derived.kept_sizes
    if sizes is None:
        raise ValueError(
            f"{layer.name}: keeps no states, because it was not stateful when it was built. Create it with "
            "stateful=True, or also set `built = False`, so that the next call builds it again."
        )
    kept = leaves(kept_buffers(layer, sizes))
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
    return nest([_copy_of_state(state) for state in kept], sizes)


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
    return f"{len(shapes)} tensor{'s' * (len(shapes) != 1)} of shape {', '.join(map(str, shown))}"
