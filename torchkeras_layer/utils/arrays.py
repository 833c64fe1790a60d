"""How are labels, sequences and arrays prepared: one-hot rows, equal lengths, unit norms?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from torchkeras_layer.symbolic import is_symbolic


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Return one-hot rows, in a new last axis, for numbers of classes.

    Args:
        x: array of numbers from 0 to `num_classes - 1`; a last axis of size 1 is dropped. Of a tensor, the result is a
            tensor, else a numpy array of float64, as in Keras.
        num_classes: number of classes; by default the largest number and 1.

    Raises:
        ValueError: if a number is negative or too large, or if `num_classes` is missing for a symbolic tensor.

    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    if isinstance(x, torch.Tensor) or is_symbolic(x):
        return _one_hot(x, num_classes)
    numbers = np.array(x, dtype="int64")
    shape = numbers.shape[:-1] if numbers.ndim > 1 and numbers.shape[-1] == 1 else numbers.shape
    numbers = numbers.reshape(-1)
    count = int(num_classes or (numbers.max() + 1))
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < count):
        raise ValueError(
            f"to_categorical: the numbers of classes must be from 0 to {count - 1}. Received: numbers from "
            f"{numbers.min()} to {numbers.max()}, num_classes={num_classes}."
        )
    rows = np.zeros((numbers.size, count))
    rows[np.arange(numbers.size), numbers] = 1
    return rows.reshape((*shape, count))


def _one_hot(x: Any, num_classes: int | None) -> Any:
    from torchkeras_layer import ops

    if num_classes is None and is_symbolic(x):
        raise ValueError("to_categorical: a symbolic tensor needs num_classes. Received: num_classes=None.")
    if x.ndim > 1 and x.shape[-1] == 1:
        x = x[..., 0]
    return ops.one_hot(x, int(x.max()) + 1 if num_classes is None else num_classes)


def to_ordinal(x: Any, num_classes: int | None = None) -> Any:
    """Return, for numbers of classes, rows with a one for each class below: of class 2 among 4, it is `[1, 1, 0]`.

    Args:
        x: array of numbers from 0 to `num_classes - 1`; a last axis of size 1 is dropped.
        num_classes: number of classes; by default the largest number and 1.

    Returns:
        a numpy array of float32, with `num_classes - 1` numbers in the new last axis.

    >>> to_ordinal([0, 2], num_classes=4)
    array([[0., 0., 0.],
           [1., 1., 0.]], dtype=float32)
    """
    numbers = np.array(x, dtype="int64")
    if numbers.ndim > 1 and numbers.shape[-1] == 1:
        numbers = numbers[..., 0]
    count = int(num_classes or (numbers.max() + 1))
    return (np.arange(count - 1) < numbers[..., None]).astype("float32")


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """Return an array divided by its norms along an axis; what has norm 0 stays 0.

    Args:
        x: array or tensor.
        axis: the axis of the vectors.
        order: which norm: 2 for the Euclidean one.

    >>> normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    if isinstance(x, torch.Tensor) or is_symbolic(x):
        from torchkeras_layer import ops

        return ops.normalize(x, axis=axis, order=order)
    array = np.asarray(x)
    norms = np.atleast_1d(np.linalg.norm(array, order, axis))
    return array / np.expand_dims(np.where(norms == 0, 1, norms), axis)


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Return sequences of different lengths as one array: short ones are padded, long ones cut.

    Args:
        sequences: sequences of numbers, or of arrays of one shape.
        maxlen: the common length; by default that of the longest sequence.
        dtype: dtype of the array; `object` for strings.
        padding: 'pre' or 'post': where short sequences are padded.
        truncating: 'pre' or 'post': where long sequences are cut.
        value: what they are padded with.

    Returns:
        an array of shape (sequences, maxlen, …).

    Raises:
        ValueError: if one of them is no sequence, or has values of another shape; for an unknown `padding` or
            `truncating`; if `value` does not fit `dtype`.

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
    array([[0, 1],
           [2, 3],
           [5, 6]], dtype=int32)
    """
    for name, chosen in (("padding", padding), ("truncating", truncating)):
        if chosen not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} must be 'pre' or 'post'. Received: {name}={chosen!r}.")
    is_text = np.dtype(dtype).kind in "USO"
    if isinstance(value, str) and not is_text:
        raise ValueError(
            f"pad_sequences: the dtype must fit the value. Received: dtype={dtype!r}, value={value!r}. Pass "
            "dtype=object."
        )
    wrong = next((one for one in sequences if not hasattr(one, "__len__")), None)
    if wrong is not None:
        raise ValueError(f"pad_sequences: expected a list of sequences. Received: {wrong!r} among them.")
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    shape = next((np.asarray(one).shape[1:] for one in sequences if len(one)), ())
    padded = np.full((len(sequences), length, *shape), value, dtype=dtype)
    for number, one in enumerate(sequences):
        kept = np.asarray(one[max(len(one) - length, 0) :] if truncating == "pre" else one[:length], dtype=dtype)
        if len(one) and kept.shape[1:] != shape:
            raise ValueError(
                f"pad_sequences: all values must have one shape, {shape}. Received: {kept.shape[1:]} in sequence "
                f"{number}."
            )
        if len(kept):
            start = length - len(kept) if padding == "pre" else 0
            padded[number, start : start + len(kept)] = kept
    return padded
