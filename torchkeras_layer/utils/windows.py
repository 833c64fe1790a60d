"""How are arguments of convolutions checked, and how long are their inputs and outputs?"""

from __future__ import annotations

from typing import Any

import numpy as np

from torchkeras_layer._settings import image_data_format

_PADDINGS = ("valid", "same", "causal")
_FORMATS = ("channels_last", "channels_first")


def normalize_tuple(value: Any, n: int, name: str, allow_zero: bool = False) -> tuple[int, ...]:
    """Return a tuple of `n` ints, for one int or for several.

    Args:
        value: an int, or an iterable of `n` ints.
        n: how many ints.
        name: name of the argument, for the error.
        allow_zero: whether an int may be 0.

    Raises:
        ValueError: for anything else, and for ints that are too small.

    >>> normalize_tuple(3, 2, "kernel_size"), normalize_tuple([1, 2], 2, "strides")
    ((3, 3), (1, 2))
    """
    least = 0 if allow_zero else 1
    wrong = ValueError(f"{name} must be an int of at least {least}, or {n} of them. Received: {name}={value!r}.")
    if isinstance(value, int):
        found = (value,) * n
    else:
        try:
            found = tuple(value)
            numbers = [int(number) for number in found]
        except (TypeError, ValueError):
            raise wrong from None
        if len(numbers) != n:
            raise wrong
    if any(number < least for number in found):
        raise wrong
    return found


standardize_tuple = normalize_tuple


def normalize_padding(value: Any, allow_causal: bool = True) -> Any:
    """Return the name of a padding in lower case; a list or tuple of sizes as it is.

    Args:
        value: 'valid', 'same' or 'causal'; or a list or tuple.
        allow_causal: whether 'causal' is one.

    Raises:
        ValueError: for another name.

    >>> normalize_padding("SAME")
    'same'
    """
    if isinstance(value, (list, tuple)):
        return value
    allowed = _PADDINGS if allow_causal else _PADDINGS[:2]
    padding = value.lower() if isinstance(value, str) else value
    if padding not in allowed:
        raise ValueError(f"padding must be one of {allowed}, or a list or tuple of sizes. Received: {value!r}.")
    return padding


def standardize_padding(value: Any, allow_causal: bool = False) -> Any:
    """Return the name of a padding as `normalize_padding` does; 'causal' is one only if it is allowed.

    >>> standardize_padding("Valid")
    'valid'
    """
    return normalize_padding(value, allow_causal)


def normalize_data_format(value: Any) -> str:
    """Return a data format in lower case; by default `image_data_format()`.

    Raises:
        ValueError: if it is neither 'channels_last' nor 'channels_first'.

    >>> normalize_data_format(None), normalize_data_format("Channels_First")
    ('channels_last', 'channels_first')
    """
    found = image_data_format() if value is None else value.lower() if isinstance(value, str) else value
    if found not in _FORMATS:
        raise ValueError(f"data_format must be one of {_FORMATS}, or None for the default. Received: {value!r}.")
    return found


standardize_data_format = normalize_data_format


def convert_data_format(data_format: str, ndim: int) -> str:
    """Return TensorFlow's name of a data format, such as 'NHWC', for inputs of a rank from 3 to 5.

    Raises:
        ValueError: for another data format or rank.

    >>> convert_data_format("channels_last", 4)
    'NHWC'
    """
    axes = {3: "W", 4: "HW", 5: "DHW"}.get(ndim)
    if axes is None or data_format not in _FORMATS:
        raise ValueError(
            f"expected one of {_FORMATS}, and a rank from 3 to 5. Received: data_format={data_format!r}, ndim={ndim!r}."
        )
    return f"N{axes}C" if data_format == "channels_last" else f"NC{axes}"


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Return the length of the output of a convolution along an axis; `None` for a free one.

    Args:
        input_length: length of the input; `None` if it is free.
        filter_size: size of the window.
        padding: 'same', 'valid', 'full' or 'causal'.
        stride: step of the window.
        dilation: distance of the values in a window.

    Raises:
        ValueError: for another padding.

    >>> conv_output_length(10, 3, "valid", 2), conv_output_length(10, 3, "same", 2)
    (4, 5)
    """
    _check_padding(padding, ("same", "valid", "full", "causal"))
    if input_length is None:
        return None
    window = (filter_size - 1) * dilation
    change = {"valid": -window, "full": window}.get(padding, 0)
    return (input_length + change + stride - 1) // stride


def conv_input_length(output_length: int | None, filter_size: int, padding: str, stride: int) -> int | None:
    """Return the length of the input of a convolution along an axis, given that of its output.

    >>> conv_input_length(4, 3, "valid", 2)
    9
    """
    _check_padding(padding, ("same", "valid", "full"))
    if output_length is None:
        return None
    return (output_length - 1) * stride - 2 * _padded(filter_size, padding) + filter_size


def deconv_output_length(
    input_length: int | None,
    filter_size: int,
    padding: str,
    output_padding: int | None = None,
    stride: int = 0,
    dilation: int = 1,
) -> int | None:
    """Return the length of the output of a transposed convolution along an axis; `None` for a free one.

    >>> deconv_output_length(4, 3, "valid", stride=2), deconv_output_length(4, 3, "same", stride=2)
    (9, 8)
    """
    _check_padding(padding, ("same", "valid", "full"))
    if input_length is None:
        return None
    window = (filter_size - 1) * dilation + 1
    if output_padding is not None:
        return (input_length - 1) * stride + window - 2 * _padded(window, padding) + output_padding
    more = {"valid": max(window - stride, 0), "full": -(stride + window - 2)}.get(padding, 0)
    return input_length * stride + more


def deconv_length(
    dim_size: int | None,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None = None,
    dilation: int = 1,
) -> int | None:
    """Return the length of the output of a transposed convolution along an axis: the name and order of Keras 2.

    >>> deconv_length(4, 2, 3, "valid")
    9
    """
    return deconv_output_length(dim_size, kernel_size, padding, output_padding, stride_size, dilation)


def convert_kernel(kernel: Any) -> np.ndarray:
    """Return the kernel of a convolution, as a numpy array, with its spatial axes reversed, as Theano had them.

    >>> convert_kernel(np.arange(3.0).reshape(3, 1, 1)).ravel()
    array([2., 1., 0.])
    """
    array = np.asarray(kernel)
    if not 3 <= array.ndim <= 5:
        raise ValueError(f"convert_kernel: expected a kernel of rank 3 to 5. Received: shape {array.shape}.")
    return np.copy(np.flip(array, axis=tuple(range(array.ndim - 2))))


def _padded(window: int, padding: str) -> int:
    return {"same": window // 2, "full": window - 1}.get(padding, 0)


def _check_padding(padding: str, allowed: tuple[str, ...]) -> None:
    if padding not in allowed:
        raise ValueError(f"padding must be one of {allowed}. Received: {padding!r}.")
