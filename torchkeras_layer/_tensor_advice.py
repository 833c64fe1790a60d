"""Which line of torch replaces a member that a variable or tensor of Keras or TensorFlow has, and torch's has not?"""

from __future__ import annotations

import re
import traceback
from typing import Any

import torch

_VARIABLES = "See docs/differences.md#assign-and-value"
_CHANGE = "Write self.add_update(lambda: self.weight.{0}) in call, and `with torch.no_grad(): weight.{0}` elsewhere."
_SPEC = "Read layer.weight_specs['weight'].{0}, where 'weight' is the attribute that holds it."
_VALUE = "A weight is its value: leave {0} out, or write weight.detach().clone() for a copy."

# By the kind of the object, the advice by the member.
_ADVICE = {
    "tensor": {
        "assign": _CHANGE.format("copy_(value)"),
        "assign_add": _CHANGE.format("add_(value)"),
        "assign_sub": _CHANGE.format("sub_(value)"),
        "load": _CHANGE.format("copy_(value)"),
        "scatter_update": _CHANGE.format("index_copy_(0, indices, values)"),
        "scatter_nd_update": _CHANGE.format("index_put_(tuple(indices.T), values)"),
        "scatter_sub": _CHANGE.format("index_add_(0, indices, -values)"),
        "value": _VALUE.format("`.value`"),
        "read_value": _VALUE.format("`.read_value()`"),
        "initialized_value": _VALUE.format("`.initialized_value()`"),
        "sparse_read": "Write weight[indices].",
        "gather_nd": "Write weight[tuple(indices.T)].",
        "trainable": "Read weight.requires_grad.",
        **{name: _SPEC.format(name) for name in ("initializer", "regularizer", "constraint")},
        **{name: _SPEC.format(name) for name in ("synchronization", "aggregation")},
        "path": _SPEC.format("name"),
        "initial_value": _SPEC.format("initializer"),
        "get_shape": "Write tensor.shape, a tuple of ints.",
        "_keras_shape": "Write tensor.shape, a tuple of ints.",
        "set_shape": "Leave it out: the shape of a tensor is known. Write tensor.reshape(shape) to change it.",
        "eval": "Leave it out: a tensor has its values. Write tensor.detach().numpy() for an array.",
        "ref": "Write id(tensor).",
        "experimental_ref": "Write id(tensor).",
        "op": "There are no graphs of operations: leave it out.",
        "graph": "There are no graphs of operations: leave it out.",
        "consumers": "There are no graphs of operations: leave it out.",
    },
    "shape": {
        "as_list": "Write list(tensor.shape).",
        "rank": "Write tensor.dim().",
        "ndims": "Write tensor.dim().",
        "dims": "Write tensor.shape.",
        "num_elements": "Write tensor.numel().",
        "is_fully_defined": "Leave it out: the shape of a tensor is known.",
        "is_compatible_with": "Compare the sizes: tensor.shape == shape.",
        "assert_is_compatible_with": "Compare the sizes: tensor.shape == shape.",
    },
    "dtype": {
        "name": "Write str(dtype).removeprefix('torch.').",
        "base_dtype": "Leave it out: write tensor.dtype.",
        "is_floating": "Write dtype.is_floating_point.",
        "is_integer": "Write not dtype.is_floating_point.",
        "as_numpy_dtype": "Write torch.empty(0, dtype=dtype).numpy().dtype.",
        "min": "Write torch.finfo(dtype).min, or torch.iinfo of an int dtype.",
        "max": "Write torch.finfo(dtype).max, or torch.iinfo of an int dtype.",
        "size": "Write dtype.itemsize.",
    },
    "size": {"value": "A size is an int: leave `.value` out."},
}
_KINDS: dict[str, Any] = {"tensor": torch.Tensor, "shape": torch.Size, "dtype": torch.dtype, "size": int}
_NO_NAME = (
    f"The `name` of a tensor is None: if it is a weight's name that is read here, write "
    f"self.weight_specs['weight'].name, where 'weight' is the attribute that holds it. {_VARIABLES}"
)

_IN_PLACE = "leaf Variable that requires grad is being used in an in-place operation"
_NO_CHANGE = (
    "Torch changes weights that train, or parts of them, only where no gradients are recorded: write "
    "self.add_update(lambda: self.weight.add_(1)) in call, initializer= of add_weight in build, and `with "
    f"torch.no_grad(): weight[0] = 1` elsewhere. {_VARIABLES}"
)

_NUMPY = "Can't call numpy() on Tensor that requires grad"
_ARRAY = (
    "If an array of numpy meets a weight here, as in `self.kernel * self.mask`, make it a tensor: "
    "torch.as_tensor(self.mask, dtype=self.kernel.dtype)."
)


def advice_on_member(name: str, kind: str = "tensor") -> str:
    """Return what to write instead of a member that torch's tensors, shapes or dtypes do not have, else ''.

    Args:
        name: name of the member.
        kind: 'tensor', 'shape', 'dtype', or 'size' for an int in a shape.

    >>> advice_on_member("as_list", "shape")
    'Write list(tensor.shape).'
    """
    advice = _ADVICE[kind].get(name, "")
    is_of_variables = "weight" in advice
    return f"{advice} {_VARIABLES}" if is_of_variables else advice


def add_advice(error: BaseException) -> None:
    """Add a note to an error: the line of torch to write, if code uses a member of Keras's variables.

    The note is on the error itself, also if one that caused it is about the member.

    >>> def caught():
    ...     try:
    ...         torch.ones(2).assign(3)
    ...     except AttributeError as error:
    ...         return error
    >>> error = caught(); add_advice(error)
    >>> "self.add_update(lambda: self.weight.copy_(value))" in "".join([*error.args, *getattr(error, "__notes__", ())])
    True
    """
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    advice = next(filter(None, map(_advice_on, causes)), "")
    if advice and advice not in f"{error}" and advice not in getattr(error, "__notes__", ()):
        note(error, advice)


def note(error: BaseException, text: str) -> None:
    """Add a note to an error; before Python 3.11, to its message.

    >>> error = ValueError("wrong"); note(error, "In dense")
    >>> "In dense" in [*error.args, *getattr(error, "__notes__", ())] or error.args == ("wrong\\nIn dense",)
    True
    """
    add_note = getattr(error, "add_note", None)
    if add_note is not None:
        add_note(text)
    elif error.args and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]}\n{text}", *error.args[1:])


def _advice_on(error: BaseException) -> str:
    if isinstance(error, AttributeError):
        for kind, types in _KINDS.items():
            if isinstance(error.obj, types):
                return advice_on_member(str(error.name), kind)
    if isinstance(error, RuntimeError) and _IN_PLACE in str(error):
        return _NO_CHANGE
    if isinstance(error, RuntimeError) and _NUMPY in str(error) and _is_in(error, "__array__"):
        return _ARRAY
    is_about_none = isinstance(error, (AttributeError, TypeError)) and re.search(r"None\b|NoneType", str(error))
    return _NO_NAME if is_about_none and _reads(error, r"\.name\b(?!\s*=[^=])") else ""


def _is_in(error: BaseException, function: str) -> bool:
    """Whether an error was raised in a function of this name."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].name == function


def _reads(error: BaseException, pattern: str) -> bool:
    """Whether the line that raised an error matches a pattern, such as that of an attribute."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and re.search(pattern, frames[-1].line or "") is not None
