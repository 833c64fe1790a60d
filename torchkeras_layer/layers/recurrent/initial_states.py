"""What is the state before the first step of a sequence?"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import torch

from torchkeras_layer._structures import leaves, map_leaves, pack
from torchkeras_layer.layer.symbolic_calls import device_inside
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.recurrent.sizes import map_sizes, shape_of_size, state_sizes
from torchkeras_layer.layers.recurrent.states import as_list, nest, take_kept_state, tensors_of_shapes
from torchkeras_layer.symbolic.keras_tensor import is_symbolic


def read_batch(first: Any, second: Any, axis: int = 0) -> tuple[Any, Any]:
    """Return batch size and inputs, given the first two arguments of `get_initial_state` in the order of Keras 2 or 3.

    Inputs may be nested, or symbolic; the first tensor is returned. The batch is its axis `axis`.

    >>> read_batch(None, 4), read_batch(torch.ones(2, 3), None)[0]
    ((4, None), 2)
    """
    values = [leaves(value)[0] if isinstance(value, (list, tuple, dict)) else value for value in (first, second)]
    inputs = next((value for value in values if isinstance(value, torch.Tensor) or is_symbolic(value)), None)
    size = next((value for value in values if value is not None and value is not inputs), None)
    return (inputs.shape[axis] if size is None and inputs is not None else size), inputs


def device_for_states(layer: Any, inputs: Any) -> torch.device | None:
    """Return the device on which a layer or cell creates states: that of the inputs, else that of its weights.

    >>> import torchkeras_layer as keras
    >>> device_for_states(keras.layers.GRUCell(2), torch.ones(1, 3))
    device(type='cpu')
    """
    return inputs.device if isinstance(inputs, torch.Tensor) else device_inside(layer)


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


def gives_own_states(cell: Any) -> bool:
    """Whether a cell, or one in a stack, has a `get_initial_state` that is the user's: it may differ from `state_size`.

    >>> import torchkeras_layer as keras
    >>> gives_own_states(keras.layers.GRUCell(2))
    False
    """
    method = getattr(type(cell), "get_initial_state", None)
    is_users = method is not None and not method.__module__.startswith("torchkeras_layer.layers.")
    return is_users or any(map(gives_own_states, getattr(cell, "cells", ())))


def first_state(
    cell: Any, taken: tuple[str, ...] | None, batch_size: Any, dtype: torch.dtype, device: Any, inputs: Any
) -> Any:
    """Return the initial state of a cell: the result of its `get_initial_state`, else zeros nested like `state_size`.

    Args:
        taken: the arguments of `get_initial_state`, found by `state_arguments`.
        inputs: passed to built-in cells, which use their device; and to others if they are symbolic.

    >>> class Cell:
    ...     state_size = 2
    >>> first_state(Cell(), None, 1, torch.float32, None, None)
    tensor([[0., 0.]])
    """
    if taken is None:
        return zeros(cell.state_size, batch_size, dtype, device, inputs)
    passes_inputs = isinstance(cell, BuiltInLayer) or is_symbolic(inputs)
    if is_symbolic(inputs) and batch_size is None and "inputs" not in taken:
        raise ValueError(
            f"{type(cell).__name__}: its get_initial_state needs the batch size, which is not known. Received: "
            f"{inputs!r}. Give it an argument `inputs`, to compute the state from that, or fix the batch size of the "
            "Input."
        )
    given = {"batch_size": batch_size, "dtype": dtype, "inputs": inputs if passes_inputs else None}
    return cell.get_initial_state(**{name: given[name] for name in taken})


def zeros(sizes: Any, batch_size: Any, dtype: torch.dtype, device: Any, like: Any = None) -> Any:
    """Return a tensor of zeros (batch, size) for each size, nested like the sizes; symbolic ones if `like` is.

    >>> zeros([1, [2]], 1, torch.float32, None)
    [tensor([[0.]]), [tensor([[0., 0.]])]]
    """
    if is_symbolic(like):
        each = torch.zeros_like(like.flatten(1).sum(1), dtype=dtype)

        def repeated(size: Any) -> Any:
            _, *dimensions = shape_of_size(size, (None,))
            return each.reshape(-1, *[1] * len(dimensions)).repeat(1, *dimensions)

        return map_sizes(repeated, sizes)
    return map_sizes(lambda size: torch.zeros(shape_of_size(size, (batch_size,)), dtype=dtype, device=device), sizes)


def state_before_call(layer: Any, sequences: Any, initial_state: Any) -> list[Any]:
    """Return the state before the first step of a call, in the compute dtype: given, kept, or by `get_initial_state`.

    Raises:
        ValueError: if the initial state does not fit, or the layer keeps a state of another batch size.

    >>> import torchkeras_layer as keras
    >>> state_before_call(keras.layers.GRU(2), torch.ones(1, 5, 3), None)
    [tensor([[0., 0.]])]
    """
    record = layer._torchkeras
    facts = record.derived
    dtype = record.compute_dtype
    first = sequences if isinstance(sequences, torch.Tensor) else leaves(sequences)[0]
    batch_size = first.shape[1 if layer.time_major else 0]
    # The kept state is checked even if another state is given.
    kept = take_kept_state(layer, batch_size) if record.stateful else None
    given = kept if initial_state is None else initial_state
    if given is None and facts.starts_from_zeros:
        cell: Any = layer.cell
        return [first.new_zeros((batch_size, cell.units), dtype=dtype)] * cell.states_count
    if given is None:
        given = state_by_method(layer, batch_size, sequences)
        if not facts.checks_first_state:
            return map_leaves(lambda part: part.to(device=first.device, dtype=dtype), given)
    shapes = layer._torchkeras_state_shapes(batch_size, first)
    tensors = tensors_of_shapes(layer.name, given, shapes, first.device, dtype)
    return pack(kept, tensors) if given is kept else nest(tensors, state_sizes(layer.cell))


def state_of_cell(layer: Any, batch_size: Any, inputs: Any) -> list[Any]:
    """Return the initial state of a recurrent layer's cell, in a list.

    Raises:
        ValueError: if the cell has its own `get_initial_state`, and the batch size is not known.

    >>> import torchkeras_layer as keras
    >>> state_of_cell(keras.layers.GRU(2), None, torch.ones(1, 5, 3))
    [tensor([[0., 0.]])]
    """
    record, cell = layer._torchkeras, layer.cell
    size, like = read_batch(batch_size, inputs, 1 if layer.time_major else 0)
    if is_symbolic(like) and layer.time_major:
        like = like.transpose(0, 1)
    if size is None and not is_symbolic(like):
        raise ValueError(
            f"{layer.name}: get_initial_state needs the batch size, or inputs. Received: batch_size=None. Write "
            "`get_initial_state(batch_size=8)` or `get_initial_state(inputs=x)`."
        )
    device, taken = device_for_states(layer, like), record.derived.cell_state_arguments
    return as_list(first_state(cell, taken, size, record.compute_dtype, device, like))


def state_by_method(layer: Any, batch_size: Any, inputs: Any) -> list[Any]:
    """Call `get_initial_state`, which a subclass may define with the argument of Keras 2 or with that of Keras 3.

    >>> import torchkeras_layer as keras
    >>> state_by_method(keras.layers.GRU(2), 1, None)
    [tensor([[0., 0.]])]
    """
    taken = layer._torchkeras.derived.state_arguments
    if inputs is None and "batch_size" not in taken:
        return state_of_cell(layer, batch_size, None)
    given = {"batch_size": batch_size, "inputs": inputs}
    return as_list(layer.get_initial_state(**{name: given[name] for name in taken}))


@functools.cache
def own_state_arguments(cls: type) -> tuple[str, ...]:
    """Return the arguments of the `get_initial_state` of a recurrent layer's class.

    >>> import torchkeras_layer as keras
    >>> own_state_arguments(keras.layers.GRU)
    ('batch_size', 'inputs')
    """
    return tuple(name for name in state_arguments(cls) or () if name != "dtype")
