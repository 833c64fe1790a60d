"""Which values may the arguments of a built-in layer have, and how are they normalized?"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from torchkeras_layer import constraints, initializers, regularizers
from torchkeras_layer._settings import image_data_format
from torchkeras_layer._shapes import Shape, as_shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.inputs import check_shape


def resolved(layer: Layer, name: str, value: Any, get: Callable[[Any], Any]) -> Any:
    """Return `get(value)`, for a function such as `initializers.get`.

    Raises:
        TypeError, ValueError: those of `get`; the message names the layer and the argument.

    >>> resolved(Layer(), "size", "12", int)
    12
    """
    try:
        return get(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{type(layer).__name__}: {name}: {error}{_advice_on_order(name, value)}") from error


def _advice_on_order(name: str, value: Any) -> str:
    """Return what to write for an int in place of an activation, as in torch's `Linear(in, out)`; '' for others."""
    if not name.endswith("activation") or plain_int(value) is None:
        return ""
    return f" Is {value} the size of the outputs? Write it alone: layers learn the size of their inputs by themselves."


def weight_arguments(
    layer: Layer, weight: str, initializer: Any, regularizer: Any, constraint: Any
) -> tuple[Any, Any, Any]:
    """Return the initializer, regularizer and constraint for a weight, given their identifiers.

    Raises:
        ValueError: if one of them is unknown; the message names the layer and the argument.

    >>> weight_arguments(Layer(), "kernel", "zeros", None, None)[1:]
    (None, None)
    """
    return (
        resolved(layer, f"{weight}_initializer", initializer, initializers.get),
        resolved(layer, f"{weight}_regularizer", regularizer, regularizers.get),
        resolved(layer, f"{weight}_constraint", constraint, constraints.get),
    )


def plain_int(value: Any) -> int | None:
    """Return an int, a numpy integer or a tensor with one integer as an int; `None` for any other value.

    >>> plain_int(np.int64(3)), plain_int(True), plain_int(3.0), plain_int(np.array([1, 2]))
    (3, None, None, None)
    """
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def as_plain(value: Any) -> Any:
    """Return an array or a tensor as a number or a list of numbers, any other value unchanged.

    >>> as_plain(np.array([1, 2])), as_plain(np.array(3)), as_plain("a")
    ([1, 2], 3, 'a')
    """
    return value.tolist() if hasattr(value, "tolist") else value


def positive_int(layer: Layer, name: str, value: Any) -> int:
    """Return an argument that must be a positive int.

    Raises:
        ValueError: if it is not.

    >>> positive_int(Layer(), "units", np.int64(3))
    3
    """
    number = plain_int(value)
    if number is None or number <= 0:
        raise ValueError(f"{type(layer).__name__}: {name} must be a positive int. Received: {name}={value!r}.")
    return number


def sizes_in(
    layer: Layer, name: str, value: Any, expected: str, *, takes_int: bool = True, are_known: bool = False
) -> Shape:
    """Return an argument that must be a tuple of positive sizes and of `None` for free ones.

    Args:
        layer, name, value: the layer, the argument's name and its value.
        expected: what the error message says that the argument must be.
        takes_int: whether one int is accepted in place of a tuple of one.
        are_known: whether there must be at least one size, and no `None`.

    Raises:
        ValueError: if it is anything else.

    >>> sizes_in(Layer(), "noise_shape", [1, None], "a tuple"), sizes_in(Layer(), "lengths", 3, "an int")
    ((1, None), (3,))
    """
    try:
        shape = as_shape((value,) if takes_int and not isinstance(value, (list, tuple)) else value)
    except TypeError:
        shape = (0,)
    if any(size is not None and size <= 0 for size in shape) or (are_known and (not shape or None in shape)):
        raise ValueError(f"{type(layer).__name__}: {name} must be {expected}. Received: {name}={value!r}.")
    return shape


def one_per_axis(layer: Layer, name: str, value: Any, rank: int) -> tuple[int, ...]:
    """Return an argument that must be a positive int, or `rank` of them, as a tuple of `rank` ints.

    Raises:
        ValueError: if it is neither.

    >>> one_per_axis(Layer(), "strides", 2, 3), one_per_axis(Layer(), "strides", [1, 2], 2)
    ((2, 2, 2), (1, 2))
    """
    value = as_plain(value)
    if not isinstance(value, (list, tuple)):
        return (positive_int(layer, name, value),) * rank
    if len(value) != rank:
        wanted = "1 positive int" if rank == 1 else f"{rank} positive ints, or one for all axes"
        raise ValueError(f"{type(layer).__name__}: {name} must be {wanted}. Received: {name}={value!r}.")
    return tuple(positive_int(layer, name, number) for number in value)


def one_of(layer: Layer, name: str, value: Any, *accepted: str) -> str:
    """Return an argument that must be one of the accepted words, in lower case; its own case does not matter.

    Raises:
        ValueError: if it is not one of them.

    >>> one_of(Layer(), "padding", "SAME", "valid", "same")
    'same'
    """
    word = str(value).lower()
    if word not in accepted:
        is_size = name == "padding" and plain_int(value) is not None
        way_out = f" Torch's padding={value} is keras.layers.ZeroPadding2D({value}) before the layer." * is_size
        raise ValueError(
            f"{type(layer).__name__}: {name} must be one of {', '.join(map(repr, accepted))}. "
            f"Received: {name}={value!r}.{way_out}"
        )
    return word


def layout(layer: Layer, data_format: Any) -> str:
    """Return 'channels_last' or 'channels_first'; for `None`, the default `backend.image_data_format()`.

    Raises:
        ValueError: for anything else.

    >>> layout(Layer(), None)
    'channels_last'
    """
    value = image_data_format() if data_format is None else data_format
    return one_of(layer, "data_format", value, "channels_last", "channels_first")


def number_between(layer: Layer, name: str, value: Any, least: float, most: float) -> float:
    """Return an argument that must be a number from `least` to `most`.

    Raises:
        ValueError: if it is not.

    >>> number_between(Layer(), "rate", 0.5, 0, 1)
    0.5
    """
    number = _plain_number(value)
    if number is None or not least <= number <= most:
        wanted = f"from {least} to {most}" if most < math.inf else f"of at least {least}"
        raise ValueError(f"{type(layer).__name__}: {name} must be a number {wanted}. Received: {name}={value!r}.")
    return number


def finite_number(layer: Layer, name: str, value: Any, least: float = -math.inf) -> float:
    """Return an argument that must be a finite number of at least `least`.

    Raises:
        ValueError: if it is not.

    >>> finite_number(Layer(), "alpha", np.float32(-0.5))
    -0.5
    """
    number = _plain_number(value)
    if number is None or not least <= number or not abs(number) < math.inf:
        wanted = "" if least == -math.inf else f" of at least {least}"
        raise ValueError(f"{type(layer).__name__}: {name} must be a finite number{wanted}. Received: {name}={value!r}.")
    return number


def _plain_number(value: Any) -> float | None:
    """Return a number as a Python int or float; `None` for other values, and for an int that is too large for a float.

    An int that is too large for torch is returned as a float.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float) or abs(number) < 2**63:
        return number
    try:
        return float(number)
    except OverflowError:
        return None


def one_or_more_axes(layer: Layer, value: Any) -> int | list[int]:
    """Return an argument `axis` that must be an int, or a list or tuple of different ints.

    Raises:
        TypeError: if it is neither.
        ValueError: if it is empty, or contains an axis twice.

    >>> one_or_more_axes(Layer(), -1), one_or_more_axes(Layer(), (1, 2))
    (-1, [1, 2])
    """
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    axes = [axis for axis in map(plain_int, given) if axis is not None]
    if len(axes) < len(given):
        raise TypeError(
            f"{type(layer).__name__}: axis must be an int, or a list or tuple of ints. Received: axis={value!r}."
        )
    if not axes or len(set(axes)) < len(axes):
        raise ValueError(
            f"{type(layer).__name__}: axis must name at least one axis, and each once. Received: axis={value!r}."
        )
    return axes if isinstance(value, (list, tuple)) else axes[0]


def axes_in(layer: Layer, axis: int | Sequence[int], shape: Sequence[int | None]) -> tuple[int, ...]:
    """Return the axes of a shape that an argument `axis` means, as numbers from 0, in ascending order.

    Raises:
        ValueError: if an axis does not exist in the shape, or two are the same; if `shape` is not a shape.

    >>> axes_in(Layer(), [-1, 1], (None, 4, 5))
    (1, 2)
    """
    axes = [axis] if isinstance(axis, int) else list(axis)
    if not isinstance(shape, (tuple, list)):
        check_shape(layer, shape)
    rank = len(shape)
    if not all(-rank <= one < rank for one in axes):
        is_size = len(axes) == 1 and axes[0] == shape[-1]
        way_out = f" Is {axes[0]} the number of features? Leave it out: layers learn it from their inputs." * is_size
        raise ValueError(
            f"{layer.name}: inputs of shape {tuple(shape)} have axes from {-rank} to {rank - 1}. "
            f"Received: axis={axis!r}.{way_out}"
        )
    found = tuple(sorted({one % rank for one in axes}))
    if len(found) < len(axes):
        raise ValueError(f"{layer.name}: axis names one axis twice in shape {tuple(shape)}. Received: axis={axis!r}.")
    return found


def known_sizes(layer: Layer, shape: Sequence[int | None], axes: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of the axes that determine the shapes of weights.

    Raises:
        ValueError: if one of them is free, or if `shape` is not a shape.

    >>> known_sizes(Layer(), (None, 4, 5), [1, 2])
    (4, 5)
    """
    check_shape(layer, shape)
    sizes = tuple(shape[axis] for axis in axes)
    if any(size is None for size in sizes):
        raise ValueError(
            f"{layer.name}: cannot make its weights, whose shapes depend on axes {list(axes)} of the inputs. "
            f"Received: input_shape={tuple(shape)}. Give a size in place of None there."
        )
    return sizes  # type: ignore[return-value]


def filled_sizes(layer: Layer, shape: Sequence[int | None], axes: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of the axes that determine the shapes of weights, none of which may be empty.

    Raises:
        ValueError: if one of them is free or 0, or if `shape` is not a shape.

    >>> filled_sizes(Layer(), (0, 4, 5), [1, 2])
    (4, 5)
    """
    sizes = known_sizes(layer, shape, axes)
    if 0 in sizes:
        raise ValueError(
            f"{layer.name}: axes {list(axes)} of the inputs must not be empty. Received: input_shape={tuple(shape)}."
        )
    return sizes


def sizes_as_counted(axis: int | Sequence[int], shape: Sequence[Any]) -> tuple[Any, ...]:
    """Return the sizes of axes, sorted by the axes as given: -1 comes before 1, as in Keras 3.

    >>> sizes_as_counted([1, -1], (2, 3, 4)), sizes_as_counted(-1, (2, 3, 4))
    ((4, 3), (4,))
    """
    return tuple(shape[one] for one in sorted([axis] if isinstance(axis, int) else axis))
