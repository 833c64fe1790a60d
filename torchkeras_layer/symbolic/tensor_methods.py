"""Which operators and methods does a symbolic tensor have, and how are they recorded?"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch

from torchkeras_layer._tensor_advice import advice_on_member
from torchkeras_layer._tensor_shape import TensorShape
from torchkeras_layer.ops.values import SymbolicTensor
from torchkeras_layer.symbolic.functions import as_operator, function_named, reshape
from torchkeras_layer.symbolic.other_libraries import NAMESPACE

_BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"]
_COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
_UNARY = ["neg", "pos", "abs", "invert"]
_NEED_DATA = {
    "__bool__": "a truth value",
    "__float__": "a number",
    "__int__": "a number",
    "__complex__": "a number",
    "__index__": "a number",
    "__array__": "a numpy array",
    "numpy": "a numpy array",
    "item": "a number",
    "tolist": "a list",
    "backward": "a gradient",
    "__setitem__": "entries that can be set",
    "__delitem__": "entries that can be deleted",
}


def _named_operator(name: str) -> Callable[..., Any]:
    return getattr(operator, f"{name}_" if name in ("and", "or") else name)


class TensorMethods(SymbolicTensor):
    """The operators, methods and properties of a tensor for symbolic ones: each adds a node to the graph.

    Raises:
        TypeError: for operations that need data, or change the tensor in place.
    """

    # So that numpy leaves `array + symbolic` to `__radd__`.
    __array_ufunc__ = None

    name: str

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape: a tuple of ints and of `None` for free dimensions."""
        raise NotImplementedError

    @property
    def dtype(self) -> torch.dtype:
        """The torch dtype."""
        raise NotImplementedError

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Record a torch function that has a symbolic tensor among its arguments."""
        kwargs = kwargs or {}
        if function in (torch.is_floating_point, torch.is_complex, torch.numel):
            return getattr(args[0], function.__name__)()
        return record(as_operator(function, args, kwargs), *args, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        return record(operator.getitem, self, index)

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise TypeError(self._without_data("a length"))
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape or self.shape[0] is None:
            raise TypeError(self._without_data("a first axis of known size to iterate over"))
        return (self[index] for index in range(self.shape[0]))

    def __contains__(self, value: Any) -> bool:
        raise TypeError(self._without_data("a truth value"))

    @property
    def ndim(self) -> int:
        """The rank: the number of axes."""
        return len(self.shape)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return NAMESPACE

    def dim(self) -> int:
        """Return the rank."""
        return len(self.shape)

    def get_shape(self) -> TensorShape:
        """Return the shape, as TensorFlow's tensors do."""
        return TensorShape(self.shape)

    def set_shape(self, shape: Any) -> None:
        """Check that the tensor can have a shape. Raises ValueError if it cannot; its own stays as it is."""
        self.get_shape().assert_is_compatible_with(shape)

    def size(self, dim: int | None = None) -> Any:
        """Return the shape; or the size of the axis `dim`, `None` if it is free."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        """Return the number of entries. Raises TypeError if a dimension is free."""
        if None in self.shape:
            raise TypeError(self._without_data("a number of entries"))
        return int(torch.Size(self.shape).numel())  # type: ignore[arg-type]

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating-point dtype."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the dtype is a complex dtype."""
        return self.dtype.is_complex

    @property
    def device(self) -> torch.device:
        """Torch's default device. A model runs on the device of its weights and inputs."""
        return torch.get_default_device()

    @property
    def requires_grad(self) -> bool:
        """Always false: only calls on real tensors have gradients."""
        return False

    def reshape(self, *shape: Any) -> Any:
        """Return the tensor in another shape, given as ints or as a tuple; `None` keeps the size of that axis."""
        sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return record(reshape, self, sizes) if None in sizes else record(torch.Tensor.reshape, self, *shape)

    def view(self, *shape: Any) -> Any:
        """Return a view in another shape, as `reshape`, or in another dtype."""
        sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return record(reshape, self, sizes) if None in sizes else record(torch.Tensor.view, self, *shape)

    def __getattr__(self, name: str) -> Any:
        """Return a method or property of tensors that this class does not define itself."""
        if name.startswith("__") or not hasattr(torch.Tensor, name):
            where = f"{type(self).__name__} {self.__dict__.get('name')!r}"
            raise AttributeError(f"{where}: no attribute {name!r}. {advice_on_member(name)}".rstrip())
        if name in _NEED_DATA:
            raise TypeError(self._without_data(_NEED_DATA[name]))
        if name.endswith("_"):
            raise TypeError(self._in_place(name))
        function = function_named(f"torch.Tensor.{name}")
        if function is None:
            raise AttributeError(
                f"{self.name}: a {type(self).__name__} has no {name!r}, because it has no data. Use it in the call() "
                "of a layer."
            )
        if not callable(getattr(torch.Tensor, name)):
            return record(function, self)
        return lambda *args, **kwargs: record(function, self, *args, **kwargs)

    def _without_data(self, what: str) -> str:
        return (
            f"{self.name}: a symbolic tensor has no data, and so no {what.removeprefix('a ')}. Received: {self!r}. "
            "Put what needs data into the call() of a layer, or call the model on real tensors. "
            "See docs/differences.md#a-symbolic-call-runs-call"
        )

    def _in_place(self, name: str) -> str:
        return (
            f"{self.name}: {name}() changes a tensor in place, which a graph cannot record. Received: {self!r}. Use an "
            "operation that returns a new tensor. See docs/differences.md#a-symbolic-call-runs-call"
        )

    __hash__ = object.__hash__


def _equality(self: TensorMethods, other: Any) -> Any:
    """Return a symbolic tensor, whose truth is whether both are the same one: `tensor in tensors` asks for it."""
    if other is None:
        # Ported code may compare `mask == None`.
        return False
    if not isinstance(other, TensorMethods):
        return record(operator.eq, self, other)
    try:
        result = record(operator.eq, self, other)
    except (ValueError, RuntimeError):
        # The shapes do not fit together.
        return False
    result._is_equality_of_one = self is other
    return result


def _truth(self: TensorMethods) -> bool:
    known = self.__dict__.get("_is_equality_of_one")
    if known is None:
        raise TypeError(self._without_data(_NEED_DATA["__bool__"]))
    return known


def _add_operators() -> None:
    def binary(function: Any) -> Any:
        return lambda self, other: record(function, self, other)

    def comparison(function: Any, with_none: bool) -> Any:
        # Ported code may compare `mask == None`.
        return lambda self, other: with_none if other is None else record(function, self, other)

    def reversed_binary(function: Any) -> Any:
        return lambda self, other: record(function, other, self)

    def unary(function: Any) -> Any:
        return lambda self: record(function, self)

    def needing_data(what: str) -> Any:
        def refuse(self: TensorMethods, *args: Any, **kwargs: Any) -> Any:
            raise TypeError(self._without_data(what))

        return refuse

    methods = {f"__{name}__": binary(_named_operator(name)) for name in [*_BINARY, *_COMPARISONS]}
    methods["__eq__"], methods["__ne__"] = _equality, comparison(operator.ne, True)
    methods |= {f"__r{name}__": reversed_binary(_named_operator(name)) for name in _BINARY}
    methods |= {f"__{name}__": unary(_named_operator(name)) for name in _UNARY}
    methods |= {name: needing_data(what) for name, what in _NEED_DATA.items()}
    methods["__bool__"] = _truth
    for name, method in methods.items():
        method.__name__ = name
        setattr(TensorMethods, name, method)


_add_operators()


Recorder = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]

_recorders: list[Recorder] = []


def set_recorder(recorder: Recorder) -> Recorder:
    """Set the function `recorder(function, args, kwargs)` that creates the nodes of torch functions."""
    _recorders[:] = [recorder]
    return recorder


def record(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Add the call of a function on symbolic tensors to the graph, and return its symbolic outputs."""
    return _recorders[0](function, args, kwargs)
