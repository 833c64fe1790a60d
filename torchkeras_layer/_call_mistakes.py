"""Which common mistake lies behind a call that fails, and what should be written instead?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def explain_arguments(
    error: Exception, where: str, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], received: str
) -> None:
    """If Python refused the arguments of a layer's `call`, say in the error what to write. Others stay as they are.

    Args:
        error: the error, whose message is replaced.
        where: the layer, for the message.
        call: the bound method.
        args, kwargs: the arguments that it was given.
        received: them as text.

    >>> class Twice:
    ...     def call(self, x): return 2 * x
    >>> error = TypeError("Twice.call() takes 2 positional arguments but 3 were given")
    >>> explain_arguments(error, "twice (Twice)", Twice().call, (1, 2), {}, "1, 2"); error.args[0].partition(" To")[0]
    'twice (Twice): call(x) takes 1 argument by position. Received: 2, 1, 2.'
    """
    function = getattr(call, "__func__", call)
    if not isinstance(error, TypeError) or not str(error).startswith(f"{getattr(function, '__qualname__', None)}() "):
        return
    try:
        signature = inspect.signature(call)
        signature.bind(*args, **kwargs)
    except TypeError:
        fault = _fault_of(call, args, kwargs, received)
        if fault:
            error.args = (f"{where}: {fault}",)
    except ValueError:
        return


def _fault_of(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], received: str) -> str:
    parameters = inspect.signature(call).parameters
    positional = [name for name, p in parameters.items() if p.kind in _POSITIONAL]
    has_more = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters.values())
    shown = f"call({', '.join(str(p.replace(annotation=p.empty)) for p in parameters.values())})"
    if not parameters and len(args) == 1:
        return f"call() takes no inputs. Received: {received}. Write `def call(self, inputs):`, with self first."
    if len(args) > len(positional) and not has_more:
        plural = "s" * (len(positional) != 1)
        return (
            f"{shown} takes {len(positional)} argument{plural} by position. Received: {len(args)}, {received}. "
            "To use several inputs, call the layer on each of them, or join them first, as in "
            "`keras.layers.Concatenate()([a, b])`; a class of your own names each: `def call(self, a, b):`."
        )
    unknown = next((name for name in kwargs if name not in parameters), None)
    if unknown is not None:
        close = get_close_matches(unknown, list(parameters), n=1, cutoff=0.6)
        advice = (
            f"Did you mean {close[0]!r}?"
            if close
            else f"Leave it out, or add it to call(): its arguments are {', '.join(parameters)}."
        )
        return f"{shown} has no argument {unknown!r}. Received: {received}. {advice}"
    missing = [name for name in positional[len(args) :] if name not in kwargs and _is_required(parameters[name])]
    if not missing:
        return ""
    written = f"layer({', '.join(positional[: len(args) + len(missing)])})"
    is_list = len(args) == 1 and isinstance(args[0], (list, tuple)) and len(args[0]) == 1 + len(missing)
    advice = "Write `layer(*inputs)`: each input is an argument of its own." if is_list else f"Write `{written}`."
    return f"{shown} needs {' and '.join(map(repr, missing))}. Received: {received}. {advice}"


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty


def advice_on_failure(error: Exception, inputs: list[Any]) -> str:
    """Return what to write if `call` called a list of layers, or was given strings or objects, else ''.

    Args:
        error: the error of the call.
        inputs: the leaves of its first argument.

    >>> advice_on_failure(ValueError(), [np.array(["a"])]).partition(".")[0]
    'Strings, and arrays of dtype <U1, are not numbers'
    """
    if isinstance(error, NotImplementedError) and "Module [Tracked" in str(error):
        return "A list of layers cannot be called: write `for layer in self.layers: x = layer(x)`."
    for value in inputs:
        if isinstance(value, (str, bytes)) or (isinstance(value, np.ndarray) and value.dtype.kind in "OSUT"):
            dtype = f", and arrays of dtype {value.dtype}," if isinstance(value, np.ndarray) else ""
            return (
                f"Strings{dtype} are not numbers. Put keras.layers.StringLookup or TextVectorization before the layer; "
                "pad rows of different lengths."
            )
    return ""


def rank_advice(shape: Sequence[Any], rank: int | None, least: int | None) -> str:
    """Return what to write if an input lacks the axis of the batch, else ''.

    Args:
        shape: shape of the input.
        rank: the rank that the layer needs.
        least: the least rank that the layer needs.

    >>> rank_advice((4,), None, 2)
    'Is it one sample, without the batch axis? Write x[None], of shape (1, 4).'
    """
    wanted = least if rank is None else rank
    if wanted is None or len(shape) != wanted - 1:
        return ""
    return f"Is it one sample, without the batch axis? Write x[None], of shape {(1, *shape)}."


def image_advice(layer_rank: int, shape: Sequence[Any], channels_last: bool) -> str:
    """Return what to write if inputs seem to have their channels on the other axis, or none, else ''.

    Args:
        layer_rank: number of spatial axes of the layer.
        shape: shape of the input.
        channels_last: whether the layer expects the channels on the last axis.

    >>> image_advice(2, (8, 3, 32, 32), True)
    "Are the channels first? Write x.permute(0, 2, 3, 1), or pass data_format='channels_first'."
    """
    shape = tuple(shape)
    if len(shape) == layer_rank + 2:
        channels, other = (shape[1], shape[-1]) if channels_last else (shape[-1], shape[1])
        if not (channels in (1, 3, 4) and isinstance(other, int) and other > 4):
            return ""
        axes = (0, *range(2, layer_rank + 2), 1) if channels_last else (0, layer_rank + 1, *range(1, layer_rank + 1))
        there = ("first", "channels_first") if channels_last else ("last", "channels_last")
        return f"Are the channels {there[0]}? Write x.permute{axes}, or pass data_format='{there[1]}'."
    if len(shape) == 2 and layer_rank > 1:
        return "The inputs are flat: leave out Flatten before this layer, or write keras.layers.Reshape(shape) there."
    if len(shape) != layer_rank + 1:
        return ""
    if layer_rank > 1 and shape[-1 if channels_last else 0] in (1, 3, 4):
        return rank_advice(shape, layer_rank + 2, None)
    index, place = ("[..., None]", (*shape, 1)) if channels_last else ("[:, None]", (shape[0], 1, *shape[1:]))
    one_sample = rank_advice(shape, layer_rank + 2, None)
    return f"Is there no axis for the channels? Write x{index}, of shape {place}. {one_sample}"


def sequence_advice(shape: Sequence[Any]) -> str:
    """Return what to write if the inputs of a recurrent layer have no axis for the steps, else ''.

    >>> sequence_advice((None, 4)).partition(":")[0]
    'Do the inputs come from a recurrent layer? It returns its last output only'
    """
    if len(shape) != 2:
        return ""
    return (
        "Do the inputs come from a recurrent layer? It returns its last output only: write return_sequences=True "
        f"there. Is it one sequence, without the batch axis? Write x[None], of shape {(1, *shape)}."
    )


def looks_like_call(name: str) -> bool:
    """Whether the name of a method may be a misspelt `call`.

    >>> [looks_like_call(name) for name in ("cal", "_call_", "Call", "clal", "call_all", "cell", "calc", "all")]
    [True, True, True, True, False, False, False, False]
    """
    word = name.lower().strip("_")
    is_close = word.startswith("c") and bool(get_close_matches(word, ["call"], n=1, cutoff=0.8))
    return is_close or sorted(word) == sorted("call")
