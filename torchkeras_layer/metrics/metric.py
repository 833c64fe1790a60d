"""How does a statistic over many calls keep its state, so that it moves, copies and compiles as a module?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Self

from torchkeras_layer import initializers
from torchkeras_layer._autograd import in_backward
from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer._names import to_snake_case, unique_name
from torchkeras_layer._ported_code import read_class_as_keras
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import map_leaves
from torchkeras_layer.metrics import state
from torchkeras_layer.precision import as_policy

_UNASSIGNED = "variable_"
_ARGUMENTS = ("shape", "initializer", "dtype", "name")
_ARGUMENTS_OF_KERAS_2 = ("name", "shape", "aggregation", "synchronization", "initializer", "dtype")
_WITHOUT_EFFECT = ("synchronization", "trainable")


class _Last:
    """The result of a metric's last call, stored where `torch.export` does not require tensors to be buffers."""

    def __init__(self) -> None:
        self.result: Any = None

    def __reduce__(self) -> tuple[type[_Last], tuple[()]]:
        return _Last, ()


class Metric(nn.Module):
    """A statistic over all calls: `metric(values)` updates it and returns its value.

    Subclasses create their state in `__init__` with `self.total = self.add_variable(...)`, change it in place in
    `update_state`, and compute the value from it in `result`. The state consists of buffers. It moves with
    `.to(device)`, and to the device of the tensors that `update_state` gets, but keeps its dtype. It is not saved in a
    `state_dict`, and not one of a layer's weights. `update_state` runs without gradients, and not during a backward
    pass, where activation checkpointing repeats a forward pass.

    Args:
        dtype: dtype that values are converted to; default `floatx()`.
        name: default the class name in snake case, counted: `mean`, `mean_1`, …

    Raises:
        ValueError: if `name` is not a string.
        TypeError: if there is no such dtype.

    >>> class Largest(Metric):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.largest = self.add_variable((), "zeros")
    ...     def update_state(self, values):
    ...         self.largest.copy_(torch.maximum(self.largest, values.max()))
    ...     def result(self):
    ...         return self.largest.clone()
    >>> largest = Largest()
    >>> largest(torch.tensor([1.0, 3.0])), largest(torch.tensor([2.0]))
    (tensor(3.), tensor(3.))
    """

    # The arguments of the constructor beside `name` and `dtype`, each an attribute; `None` if a class writes its own.
    _torchkeras_arguments: tuple[str, ...] | None = None

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        super().__init__()
        if name is not None and not isinstance(name, str):
            raise ValueError(f"{type(self).__name__}: name must be a string. Received: name={name!r}.")
        self.name = name or unique_name(to_snake_case(type(self).__name__))
        self._dtype = as_policy(floatx() if dtype is None else dtype).compute_dtype
        self._last = _Last()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        read_class_as_keras(cls)
        if "update_state" in cls.__dict__:
            setattr(cls, "update_state", _recorded(cls.__dict__["update_state"]))  # noqa: B010 (typed as a method)

    @property
    def dtype(self) -> str:
        """The name of the dtype that values are converted to.

        >>> Metric(dtype="float64").dtype
        'float64'
        """
        return self._dtype

    @property
    def variables(self) -> list[Tensor]:
        """The state tensors of this metric, then those of metrics inside it.

        >>> metric = Metric(); metric.total = metric.add_variable(()); metric.variables
        [tensor(0.)]
        """
        return list(self.buffers())

    @property
    def last_result(self) -> Any:
        """The result of the last call, the same tensor; `None` before the first call."""
        return self._last.result

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: Any = "sum",
        name: str | None = None,
    ) -> Tensor:
        """Create a state tensor. Assign it to an attribute, which gives it its name.

        Args:
            shape: tuple of ints.
            initializer: identifier of an initializer; `None` for zeros.
            dtype: default `floatx()`.
            aggregation, name: accepted as in Keras, without effect: `result_over_ranks` adds states.

        Raises:
            RuntimeError: if `super().__init__()` has not run yet.

        >>> Metric().add_variable((2,), "ones")
        tensor([1., 1.])
        """
        if "_buffers" not in self.__dict__:
            owner = type(self).__name__
            raise RuntimeError(f"{owner}: super().__init__() has not been called. Call it first in __init__.")
        # State that is created in inference mode cannot be updated outside of it.
        with torch.inference_mode(False):
            made = initializers.get(initializer or "zeros")(tuple(shape), dtype=dtype_name(dtype or floatx()))
        # A temporary name, until the state is assigned to an attribute and gets that name.
        self.register_buffer(f"{_UNASSIGNED}{len(self._buffers)}", made, persistent=False)
        return made

    def add_weight(self, *args: Any, **kwargs: Any) -> Tensor:
        """Create a state tensor, as `add_variable` does, with the arguments of Keras 2 or 3.

        Args:
            *args: (shape, initializer, dtype, name), or if the first one is a string, Keras 2's order: (name, shape,
                aggregation, synchronization, initializer, dtype).
            **kwargs: the same by name. `synchronization` and `trainable` have no effect.

        >>> Metric().add_weight("total", (2,), initializer="ones")
        tensor([1., 1.])
        """
        of_keras_2 = bool(args) and isinstance(args[0], str)
        names = _ARGUMENTS_OF_KERAS_2 if of_keras_2 else _ARGUMENTS
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        return self.add_variable(**{name: value for name, value in given.items() if name not in _WITHOUT_EFFECT})

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Update the state with new values. Subclasses define it.

        Raises:
            NotImplementedError: in this base class.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: define update_state() in the class; it changes the state in place."
        )

    def result(self) -> Any:
        """Return the present value: a scalar tensor, or a dict of them. Subclasses define it.

        Raises:
            NotImplementedError: in this base class.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: define result() in the class; it computes the value from the state."
        )

    def reset_state(self) -> None:
        """Set the whole state to zero.

        >>> metric = Metric()
        >>> metric.total = metric.add_variable((), "ones")
        >>> metric.reset_state(); metric.total
        tensor(0.)
        """
        if type(self).reset_states is not Metric.reset_states:
            self.reset_states()
        else:
            self._zero()

    def reset_states(self) -> None:
        """Set the whole state to zero: Keras 2's name of `reset_state`, which a subclass may define instead."""
        if type(self).reset_state is not Metric.reset_state:
            self.reset_state()
        else:
            self._zero()

    def merge_state(self, metrics: Sequence[Metric]) -> None:
        """Add the states of other metrics of the same class and arguments to this one.

        Args:
            metrics: a list of metrics.

        Raises:
            TypeError: if it is no list of metrics.
            ValueError: if one has state tensors of other names, shapes or dtypes.

        >>> from torchkeras_layer.metrics import Sum
        >>> one, other = Sum(), Sum(); _ = one(2.0), other(3.0)
        >>> one.merge_state([other]); one.result()
        tensor(5.)
        """
        state.merge(self, metrics)

    def result_over_ranks(self, group: Any = None) -> Any:
        """Return what `result` would be if this process had seen the values of all ranks; the state does not change.

        The states of all ranks are added with `torch.distributed`, so all ranks must call it. Without a process group,
        it is `result()`. It suits metrics whose state consists of sums, as all of this library's do.

        Args:
            group: the process group; default that of all ranks.

        Raises:
            ValueError: if the state tensors of a rank have other names, shapes or dtypes.

        >>> from torchkeras_layer.metrics import Mean
        >>> mean = Mean(); _ = mean([1.0, 3.0]); mean.result_over_ranks()
        tensor(2.)
        """
        return state.summed_over_ranks(self, group).result()

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Tensor]:
        """Return the state after an update of the state `metric_variables`; the own state does not change.

        Args:
            metric_variables: tensors, one for each of `variables`.
            *args, **kwargs: the arguments of `update_state`.

        Raises:
            ValueError: if there are more or fewer tensors.

        >>> from torchkeras_layer.metrics import Mean
        >>> Mean().stateless_update_state([1.0, 1.0], 5.0)
        [tensor(6.), tensor(2.)]
        """
        return state.with_state(self, metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """Return the value for the state `metric_variables`.

        Args:
            metric_variables: tensors, one for each of `variables`.

        Raises:
            ValueError: if there are more or fewer tensors.

        >>> from torchkeras_layer.metrics import Mean
        >>> Mean().stateless_result([6.0, 2.0])
        tensor(3.)
        """
        return state.with_state(self, metric_variables, self.result)[0]

    def stateless_reset_state(self) -> list[Tensor]:
        """Return the state after `reset_state`; the own state does not change.

        >>> from torchkeras_layer.metrics import Mean
        >>> Mean().stateless_reset_state()
        [tensor(0.), tensor(0.)]
        """
        return state.with_state(self, self.variables, self.reset_state)[1]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Update the state with the arguments, and return the present value."""
        self.update_state(*args, **kwargs)
        self._last.result = self.result()
        return self._last.result

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {name: getattr(self, name) for name in self._torchkeras_arguments or ()}
        return {"name": self.name, "dtype": self.dtype, **own}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a metric, without its state, from the result of `get_config()`.

        >>> Metric.from_config(Metric(name="seen").get_config()).name
        'seen'
        """
        return cls(**config)

    def extra_repr(self) -> str:
        """Return the part of the `repr` in parentheses."""
        return f"name={self.name!r}"

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor):
            for key, variable in self.__dict__.get("_buffers", {}).items():
                if variable is value and key.startswith(_UNASSIGNED):
                    delattr(self, key)
                    self.register_buffer(name, value, persistent=False)
                    return
        super().__setattr__(name, value)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        def moved(variable: Tensor) -> Tensor:
            converted = fn(variable)
            if variable.is_meta:
                return torch.zeros_like(converted, dtype=variable.dtype)
            # A count in half precision stops at 2048, so that only the device follows the model.
            return converted if converted.dtype == variable.dtype else variable.to(converted.device)

        return super()._apply(moved, recurse)

    def _zero(self) -> None:
        with torch.no_grad():
            for variable in self.variables:
                variable.zero_()

    def _join(self, device: torch.device) -> None:
        for key, variable in self._buffers.items():
            if variable is not None and variable.device != device:
                there = torch.zeros_like(variable, device=device) if variable.is_meta else variable.to(device)
                setattr(self, key, there)


def _recorded(update: Callable[..., None]) -> Callable[..., None]:
    """Wrap `update_state` to run without gradients, not in a backward pass, and on the device of the first tensor."""

    @functools.wraps(update)
    def update_state(self: Metric, *args: Any, **kwargs: Any) -> None:
        first = next((value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)), None)
        if in_backward() or (first is not None and first.is_meta):
            return
        if first is not None:
            self._join(first.device)
        # Arguments are detached, because torch.export cannot save a no_grad block without results.
        if any(isinstance(value, (dict, list, tuple)) for value in args) or kwargs:
            args, kwargs = map_leaves(_without_gradient, (args, kwargs))
        else:
            args = tuple([_without_gradient(value) for value in args])
        update(self, *args, **kwargs)

    return update_state


def _without_gradient(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    # Also without gradients, because torch.jit.trace compares two programs, one of which has none.
    detached = value.detach()
    mask = getattr(value, "_keras_mask", None)
    if mask is not None:
        detached._keras_mask = mask  # type: ignore[attr-defined]
    return detached
