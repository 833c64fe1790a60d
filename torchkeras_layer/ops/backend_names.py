"""Which functions of Keras's K are functions of `keras.ops`, and how are their arguments spelled?

Those in the `backend` files of this folder have K's arguments already. A row is as `spellings.py` says.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchkeras_layer.ops.names import callable_named, functions_of_backend
from torchkeras_layer.ops.size_calls import callable_on_sizes
from torchkeras_layer.ops.spellings import Spelling, read_row, spelled

PREFIX = "keras.backend."
# With the same arguments, and the same defaults.
_SAME = (
    "abs all any cast cos exp log logsumexp max min prod sigmoid sign sin softplus softsign square squeeze stack sum "
    "tanh"
)
# Functions with two more words for arguments, those of Keras 1.
_OF_KERAS_1 = {
    "conv1d": "x kernel strides padding data_format dilation_rate -image_shape -filter_shape",
    "conv2d": "x kernel strides padding data_format dilation_rate -image_shape -filter_shape",
    "conv3d": "x kernel strides padding data_format dilation_rate -volume_shape -filter_shape",
    "pool2d": "x pool_size strides padding data_format pool_mode",
    "pool3d": "x pool_size strides padding data_format pool_mode",
    "resize_images": "x height_factor width_factor data_format interpolation",
    "resize_volumes": "x depth_factor height_factor width_factor data_format",
    "separable_conv2d": "x depthwise_kernel pointwise_kernel strides padding data_format dilation_rate",
    "spatial_2d_padding": "x padding data_format",
    "spatial_3d_padding": "x padding data_format",
}
_OLD_WORDS = "border_mode:padding dim_ordering:data_format filter_dilation:dilation_rate"
_BINARY = "equal not_equal greater greater_equal less less_equal maximum minimum"
_ROWS = {
    "concatenate": "ops.concatenate tensors:xs axis=-1",
    "cumprod": "ops.cumprod x axis=0",
    "cumsum": "ops.cumsum x axis=0",
    "elu": "ops.elu x alpha",
    "expand_dims": "ops.expand_dims x axis=-1",
    "flatten": "ops.ravel x",
    "identity": "tf.identity x -name",
    "in_top_k": "ops.in_top_k predictions targets k",
    "lesser": "ops.less x:x1 y:x2",
    "lesser_equal": "ops.less_equal x:x1 y:x2",
    "one_hot": "tf.one_hot indices num_classes:depth",
    "ones_like": "ops.ones_like x dtype -name",
    "dropout": "random.dropout x:inputs level:rate noise_shape seed",
    "permute_dimensions": "ops.transpose x pattern:axes",
    "pow": "ops.power x:x1 a:x2",
    "random_binomial": "backend.random_bernoulli shape p dtype seed",
    "random_normal": "random.normal shape mean stddev dtype seed std:stddev",
    "random_uniform": "backend.random_uniform shape minval maxval dtype seed low:minval high:maxval",
    "repeat_elements": "ops.repeat x rep:repeats axis",
    "reshape": "ops.reshape x shape:newshape",
    "reverse": "ops.flip x axes:axis",
    "shape": "sizes.shape x",
    "size": "ops.size x -name",
    "slice": "tf.slice x:input_ start:begin size",
    "softmax": "ops.softmax x axis",
    "tile": "ops.tile x n:repeats",
    "transpose": "ops.transpose x",
    "truncated_normal": "random.truncated_normal shape mean stddev dtype seed",
    "zeros_like": "ops.zeros_like x dtype -name",
}


@functools.cache
def spellings() -> dict[str, Spelling]:
    """Return how the functions are spelled here that are spelled in another way in K.

    >>> spellings()["reverse"].arguments(["x"], {"axes": 1})
    ([], {'x': 'x', 'axis': 1})
    """
    rows = {name: f"ops.{name} x:x1 y:x2" for name in _BINARY.split()}
    rows |= {name: f"backend.{name} {words} {_old_words(words)}" for name, words in _OF_KERAS_1.items()}
    return {name: read_row(row) for name, row in {**rows, **_ROWS}.items()}


def _old_words(words: str) -> str:
    return " ".join(word for word in _OLD_WORDS.split() if f" {word.rpartition(':')[2]}" in words)


@functools.cache
def names_of_backend() -> dict[str, str]:
    """Return the full name of the operation that each function of K is.

    >>> names_of_backend()["dot"], names_of_backend()["exp"], names_of_backend()["pow"]
    ('keras.backend.dot', 'keras.ops.exp', 'keras.ops.power')
    """
    own = {name: f"{PREFIX}{name}" for name in functions_of_backend()}
    same = {name: f"keras.ops.{name}" for name in _SAME.split()}
    return {**own, **same, **{name: spelling.target for name, spelling in spellings().items()}}


@functools.cache
def function_of_backend(name: str) -> Callable[..., Any]:
    """Return a function of K that is an operation; on symbolic tensors, it is a node in their graph.

    >>> function_of_backend("permute_dimensions")([[1, 2]], pattern=(1, 0)).shape
    torch.Size([2, 1])
    """
    target = names_of_backend()[name]
    spelling = spellings().get(name)
    function = callable_on_sizes(target)
    if spelling is not None:
        function = spelled(function, spelling, f"K.{name}")
    if not target.startswith("keras.ops.") or function is not callable_named(target):
        # So that pickle finds it.
        function.__module__ = __name__
    return function


def __getattr__(name: str) -> Any:
    # Names such as `__path__` are asked for by each import.
    if not name.startswith("__") and name in names_of_backend():
        return function_of_backend(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def spelling_in_backend(name: str) -> Spelling | None:
    """Return how an operation of K is spelled here, with its own arguments if it is not spelled in another way.

    >>> spelling_in_backend("dot").words
    {'x': 'x', 'y': 'y'}
    """
    if name not in names_of_backend() or name in spellings():
        return spellings().get(name)
    import inspect

    words = inspect.signature(function_of_backend(name)).parameters
    return Spelling(names_of_backend()[name], {word: word for word in words}, False)
