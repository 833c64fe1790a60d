"""What are TensorFlow's types of tensors here, which ported code asks for with isinstance and writes in annotations?"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import torch
from torch import nn

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.layer import VariableAggregation, VariableSynchronization, variables
from torchkeras_layer.ops.calls import SymbolicTensor
from torchkeras_layer.ops.size_tuple import SizeTuple
from torchkeras_layer.symbolic.input_spec import TensorSpec

__all__ = ["DType", "TensorSpec", "Variable", "VariableAggregation", "VariableSynchronization"]

DType = torch.dtype
newaxis = None
string = "string"
float16 = half = torch.float16
bfloat16 = torch.bfloat16
float32 = torch.float32
float64 = double = torch.float64
bool = torch.bool
int8, int16, int32, int64 = torch.int8, torch.int16, torch.int32, torch.int64
uint8, uint16, uint32, uint64 = torch.uint8, torch.uint16, torch.uint32, torch.uint64
complex64, complex128 = torch.complex64, torch.complex128


# A union and not a class whose `__instancecheck__` decides: torch.compile follows isinstance only with the former.
Tensor = torch.Tensor | SymbolicTensor | SizeTuple


class _Nothing(type):
    def __instancecheck__(cls, instance: Any) -> Any:
        return False

    def __call__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"tf.{cls.__name__}: {cls.__doc__}")

    def __getattr__(cls, name: str) -> NoReturn:
        raise AttributeError(f"tf.{cls.__name__} has no attribute {name!r}: {cls.__doc__}")


class RaggedTensor(metaclass=_Nothing):
    """There are none here: pad the rows to one length. No tensor is one."""


class SparseTensor(metaclass=_Nothing):
    """There are none here: use dense tensors. No tensor is one."""


class IndexedSlices(metaclass=_Nothing):
    """There are none here: gradients are dense tensors."""


class Graph(metaclass=_Nothing):
    """There are no graphs of TensorFlow here: leave it out."""


class Operation(metaclass=_Nothing):
    """There are no operations of TensorFlow here: leave it out."""


class Variable(variables.Variable):
    """A variable, with TensorFlow's arguments: an `nn.Parameter` if it trains, else an `nn.Buffer`.

    See `keras.Variable`.

    Args:
        initial_value: a tensor, an array, a number or a nested list of them; or a function that returns one.
        trainable: whether it trains; by default, if torch can compute gradients for its dtype, as only then it can.
        validate_shape, caching_device, variable_def, import_scope: accepted, without effect.
        name: its name; by default that of the attribute that it is put on.
        dtype: dtype or its name; by default that of the value.
        constraint: a function of the variable; see `add_weight`.
        synchronization, aggregation: stored in the `WeightSpec`, without effect.
        shape: its shape.

    >>> Variable(initial_value=[1.0, 2.0], trainable=False)
    tensor([1., 2.])
    """

    def __new__(
        cls,
        initial_value: Any = None,
        trainable: Any = None,
        validate_shape: Any = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: str | None = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
        **options: Any,
    ) -> Any:
        """Create the parameter or buffer."""
        value = initial_value() if callable(initial_value) else initial_value
        return variables.Variable(
            value,
            shape,
            dtype,
            False if trainable is False else None,
            True,
            aggregation,
            synchronization,
            None if name is None else name.replace("/", "_"),
            constraint=constraint,
        )


class ResizeMethod:
    """The methods of `tf.image.resize`.

    >>> ResizeMethod.BILINEAR
    'bilinear'
    """

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


class Reduction:
    """The reductions of `tf.compat.v1.losses`.

    >>> Reduction.MEAN
    'weighted_mean'
    """

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = SUM_OVER_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"


class Module(nn.Module):
    """A module of TensorFlow: one of torch that also lists its variables.

    Args:
        name: its name; by default that of the class.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = Variable(2.0)
    >>> len(Scale().trainable_variables), Scale().name
    (1, 'Scale')
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        self.name = name or type(self).__name__

    @property
    def variables(self) -> tuple[torch.Tensor, ...]:
        """All parameters and buffers."""
        return (*self.parameters(), *self.buffers())

    @property
    def trainable_variables(self) -> tuple[torch.Tensor, ...]:
        """The parameters that train."""
        return tuple(weight for weight in self.parameters() if weight.requires_grad)

    @property
    def non_trainable_variables(self) -> tuple[torch.Tensor, ...]:
        """The buffers, and the parameters that do not train."""
        return (*(weight for weight in self.parameters() if not weight.requires_grad), *self.buffers())

    @property
    def submodules(self) -> tuple[nn.Module, ...]:
        """All modules inside this one."""
        return tuple(module for module in self.modules() if module is not self)

    @classmethod
    def with_name_scope(cls, method: Any) -> Any:
        """Return the method: names of tensors do not exist here."""
        return method

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module as a function, as its subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__.")


def as_dtype(type_value: Any) -> torch.dtype:
    """Return the dtype of a name, a numpy dtype, a Python type or a dtype.

    >>> as_dtype("float32")
    torch.float32
    """
    return torch_dtype(type_value)


def is_tensor(x: Any) -> Any:
    """Whether something is a tensor, real or symbolic.

    >>> is_tensor(torch.ones(1)), is_tensor([1.0])
    (True, False)
    """
    return isinstance(x, Tensor)


def is_symbolic_tensor(x: Any) -> Any:
    """Whether something is a symbolic tensor.

    >>> is_symbolic_tensor(torch.ones(1))
    False
    """
    return isinstance(x, SymbolicTensor)


def get_static_value(tensor: Any, partial: Any = False) -> Any:
    """Return the value of a tensor as an array, or `None` if it is known only when the graph runs.

    >>> get_static_value(torch.ones(2))
    array([1., 1.], dtype=float32)
    """
    if isinstance(tensor, SymbolicTensor) or torch.compiler.is_compiling():
        return None
    if isinstance(tensor, torch.Tensor):
        is_fake = isinstance(tensor, torch._subclasses.FakeTensor) or tensor.is_meta
        return None if is_fake else tensor.detach().cpu().numpy()
    return tensor.numpy() if isinstance(tensor, SizeTuple) else np.asarray(tensor)


def rank(input: Any, name: str | None = None) -> int:
    """Return the number of axes of a tensor, an int.

    >>> rank(torch.ones(2, 3))
    2
    """
    return len(input.shape) if hasattr(input, "shape") else np.ndim(input)
