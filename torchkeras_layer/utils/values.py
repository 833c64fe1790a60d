"""Which small functions about lists, arguments, shapes and graphs does ported code import?"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._names import to_snake_case as to_snake_case
from torchkeras_layer._structures import leaves
from torchkeras_layer._tensor_shape import TensorShape
from torchkeras_layer.layer.variables import Variable
from torchkeras_layer.symbolic import KerasTensor, is_symbolic
from torchkeras_layer.symbolic.order import nodes_between


def to_list(x: Any, allow_tuple: bool = False) -> list[Any]:
    """Return a list as it is, and anything else in one; with `allow_tuple`, a tuple as a list.

    >>> to_list(3), to_list([3])
    ([3], [3])
    """
    if isinstance(x, list):
        return x
    return list(x) if allow_tuple and isinstance(x, tuple) else [x]


def unpack_singleton(x: Any) -> Any:
    """Return the only entry of a list or tuple; anything else, and longer ones, as they are.

    >>> unpack_singleton([3]), unpack_singleton([3, 4])
    (3, [3, 4])
    """
    return x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x


def is_all_none(structure: Any) -> bool:
    """Whether all leaves of a nested structure are `None`.

    >>> is_all_none([None, (None,)]), is_all_none([None, 1])
    (True, False)
    """
    return all(leaf is None for leaf in leaves(structure))


def object_list_uid(object_list: Any) -> str:
    """Return a string that stands for these very objects.

    >>> object_list_uid([1, 2]) == object_list_uid([1, 2])
    True
    """
    return ", ".join(str(abs(id(one))) for one in to_list(object_list, allow_tuple=True))


def has_arg(fn: Callable[..., Any], name: str, accept_all: bool = False) -> bool:
    """Whether a function has an argument of a name; with `accept_all`, `**kwargs` count as any.

    >>> has_arg(lambda x, mask=None: x, "mask"), has_arg(lambda **kwargs: 0, "mask")
    (True, False)
    """
    parameters = inspect.signature(fn).parameters.values()
    if accept_all and any(one.kind is one.VAR_KEYWORD for one in parameters):
        return True
    return any(one.name == name and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY) for one in parameters)


def slice_arrays(arrays: Any, start: Any = None, stop: int | None = None) -> Any:
    """Return `array[start:stop]` of one array or of each in a list; `array[start]` if `start` is a list of indices.

    >>> slice_arrays([torch.arange(4), None], 1, 3)
    [tensor([1, 2]), None]
    """
    if arrays is None:
        return [None]
    is_list, chosen = isinstance(arrays, list), start if hasattr(start, "__len__") else slice(start, stop)
    found = [None if array is None else array[chosen] for array in to_list(arrays)]
    return found if is_list else found[0]


def transpose_shape(shape: Any, target_format: str, spatial_axes: Any) -> tuple[int | None, ...]:
    """Return a shape with the channels last in the order of a data format.

    >>> transpose_shape((None, 4, 5, 3), "channels_first", (1, 2))
    (None, 3, 4, 5)
    """
    if target_format == "channels_last":
        return tuple(shape)
    if target_format != "channels_first":
        raise ValueError(
            f"transpose_shape: target_format must be 'channels_last' or 'channels_first'. Received: {target_format!r}."
        )
    return (*shape[: spatial_axes[0]], shape[-1], *(shape[axis] for axis in spatial_axes))


def convert_shapes(input_shape: Any, to_tuples: bool = True) -> Any:
    """Return a nested structure of shapes with each as a tuple, or as a `TensorShape`.

    >>> convert_shapes([[2, 3], (None, 4)])
    [(2, 3), (None, 4)]
    """
    is_one = isinstance(input_shape, (list, tuple)) and all(
        size is None or isinstance(size, int) for size in input_shape
    )
    if input_shape is None or isinstance(input_shape, int) or is_one:
        shape = TensorShape(input_shape)
        return tuple(shape) if to_tuples else shape
    if isinstance(input_shape, dict):
        return {key: convert_shapes(shape, to_tuples) for key, shape in input_shape.items()}
    return type(input_shape)(convert_shapes(shape, to_tuples) for shape in input_shape)


def shape_type_conversion(fn: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Decorate `build` or `compute_output_shape` so that it gets shapes as tuples.

    >>> shape_type_conversion(lambda layer, shape: shape)(None, TensorShape([2, 3]))
    (2, 3)
    """

    @functools.wraps(fn)
    def convert(self: Any, input_shape: Any) -> Any:
        return fn(self, None if input_shape is None else convert_shapes(input_shape))

    return convert


def smart_cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """Return `true_fn()` or `false_fn()`, by a bool, a number or a tensor of one value.

    >>> smart_cond(True, lambda: 1, lambda: 2)
    1
    """
    if is_symbolic(pred):
        from torchkeras_layer import ops

        return ops.cond(pred, true_fn, false_fn)
    return true_fn() if bool(pred) else false_fn()


def is_tensor_or_variable(x: Any) -> bool:
    """Whether a value is a tensor, symbolic or not, or a weight.

    >>> is_tensor_or_variable(torch.ones(2)), is_tensor_or_variable(2)
    (True, False)
    """
    return isinstance(x, torch.Tensor) or is_symbolic(x) or isinstance(x, Variable)


def get_source_inputs(tensor: Any, layer: Any = None, node_index: int | None = None) -> list[Any]:
    """Return the `Input`s from which a symbolic tensor, or each in a list, is computed; `[tensor]` for another tensor.

    Args:
        tensor: a symbolic tensor, or a list of them.
        layer, node_index: ignored; the tensor knows them.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,), name="x"); get_source_inputs(keras.layers.Dense(2)(x) + 1)
    [<KerasTensor x shape=(None, 3) dtype=float32>]
    """
    tensors = [one for one in to_list(tensor, allow_tuple=True) if isinstance(one, KerasTensor)]
    if not tensors:
        return to_list(tensor, allow_tuple=True)
    nodes = [node for node in nodes_between([], tensors) if node.is_input]
    return [leaf for node in nodes for leaf in leaves(node.outputs)]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return inputs, targets and weights of samples as one value: `x` alone, or a tuple of those that are given.

    >>> pack_x_y_sample_weight(1), pack_x_y_sample_weight(1, 2)
    (1, (1, 2))
    """
    if y is None:
        return (x,) if isinstance(x, tuple) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return inputs, targets and weights of samples, `None` for those that are not there.

    Raises:
        ValueError: for a tuple of more than three.

    >>> unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    parts = tuple(data) if isinstance(data, (list, tuple)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"expected x, (x, y) or (x, y, sample_weight). Received: {len(parts)} values.")
    x, y, sample_weight = (*parts, None, None)[:3]
    return x, y, sample_weight


def get_keras_mask(x: Any) -> Any:
    """Return the mask that a tensor has from a layer; `None` if it has none.

    >>> get_keras_mask(torch.ones(2)) is None
    True
    """
    return getattr(x, "_keras_mask", None)


def set_keras_mask(x: Any, mask: Any) -> None:
    """Give a tensor a mask; layers that are called on it find it.

    >>> x = torch.ones(1, 2); set_keras_mask(x, torch.ones(1, 2) > 0); get_keras_mask(x)
    tensor([[True, True]])
    """
    x._keras_mask = mask


def count_params(weights: Any) -> int:
    """Return the number of scalars in weights, each counted once.

    >>> count_params([torch.ones(2, 3), torch.ones(4)])
    10
    """
    distinct = {id(weight): weight for weight in weights}
    return sum(weight.numel() for weight in distinct.values())


def in_tf_graph() -> bool:
    """Whether TensorFlow traces the call, as data pipelines of its do: never here.

    >>> in_tf_graph()
    False
    """
    return False


def default(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a method as one that a subclass may leave as it is.

    >>> is_default(default(lambda self: None))
    True
    """
    method._is_default = True  # type: ignore[attr-defined]
    return method


def is_default(method: Callable[..., Any]) -> bool:
    """Whether a method was marked by `default`.

    >>> is_default(lambda self: None)
    False
    """
    return getattr(method, "_is_default", False)


def keras_export(*paths: Any, **options: Any) -> Callable[[Any], Any]:
    """Return a decorator that returns what it decorates: names are exported by the modules that have them.

    >>> keras_export("keras.layers.Own")(int)
    <class 'int'>
    """
    return lambda decorated: decorated
