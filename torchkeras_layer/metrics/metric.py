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
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import map_leaves
from torchkeras_layer.precision import as_policy

_UNASSIGNED = "variable_"


class _Last:
    """What a metric's last call gave, kept where `torch.export` does not ask tensors to be buffers."""

    def __init__(self) -> None:
        self.result: Any = None

    def __reduce__(self) -> tuple[type[_Last], tuple[()]]:
        return _Last, ()


class Metric(nn.Module):
    """A statistic that grows with each call: `metric(values)` updates it and returns it.

    Subclasses make their state in `__init__` with `self.total = self.add_variable(...)`, change it in place
    in `update_state` and compute from it in `result`. The state is made of buffers: it moves with
    `.to(device)` and to the device of the tensors that `update_state` gets, but keeps its dtype, and it is
    neither saved in a `state_dict` nor counted among a layer's weights. `update_state` runs without
    gradients, and not at all during a backward pass, where activation checkpointing repeats a forward pass.

    Raises:
        ValueError: if `name` is not a string.
        TypeError: if `dtype` is no dtype.

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

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        super().__init__()
        if name is not None and not isinstance(name, str):
            raise ValueError(f"{type(self).__name__}: name must be a string. Received: name={name!r}.")
        self.name = name or unique_name(to_snake_case(type(self).__name__))
        self._dtype = as_policy(floatx() if dtype is None else dtype).compute_dtype
        self._last = _Last()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update_state" in cls.__dict__:
            setattr(cls, "update_state", _recorded(cls.__dict__["update_state"]))  # noqa: B010 (typed as a method)

    @property
    def dtype(self) -> str:
        """Name of the dtype that values are converted to."""
        return self._dtype

    @property
    def variables(self) -> list[Tensor]:
        """The state: this metric's own tensors, then those of metrics inside it."""
        return list(self.buffers())

    @property
    def last_result(self) -> Any:
        """What the last call gave, the very tensor; `None` before the first."""
        return self._last.result

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Tensor:
        """Make a state tensor (of `floatx()` by default); assign it to an attribute in the same line.

        `aggregation` and `name` are accepted for Keras's sake; the state has the name of its attribute.

        Raises:
            RuntimeError: if `super().__init__()` has not run yet.

        >>> Metric().add_variable((2,), "ones")
        tensor([1., 1.])
        """
        if "_buffers" not in self.__dict__:
            owner = type(self).__name__
            raise RuntimeError(f"{owner}: call super().__init__() in __init__ before anything else.")
        # State made in inference mode could never be updated outside of it.
        with torch.inference_mode(False):
            state = initializers.get(initializer)(tuple(shape), dtype=dtype_name(dtype or floatx()))
        # Its name until it is assigned to an attribute, whose name it then gets.
        self.register_buffer(f"{_UNASSIGNED}{len(self._buffers)}", state, persistent=False)
        return state

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Tensor:
        """Make a state tensor: Keras 2's name for `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take new values in.

        Raises:
            NotImplementedError: if the subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__}: define update_state(), changing the state in place.")

    def result(self) -> Any:
        """Return the statistic so far: a scalar tensor or a dict of them.

        Raises:
            NotImplementedError: if the subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__}: define result(), computing from the state.")

    def reset_state(self) -> None:
        """Set the whole state to zero.

        >>> metric = Metric()
        >>> metric.total = metric.add_variable((), "ones")
        >>> metric.reset_state(); metric.total
        tensor(0.)
        """
        with torch.no_grad():
            for state in self.variables:
                state.zero_()

    def reset_states(self) -> None:
        """Set the whole state to zero: Keras 2's name for `reset_state`."""
        self.reset_state()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Update with the arguments and return the statistic so far."""
        self.update_state(*args, **kwargs)
        self._last.result = self.result()
        return self._last.result

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a metric, without its state, from `get_config()`."""
        return cls(**config)

    def extra_repr(self) -> str:
        """Return what `print` shows in the parentheses."""
        return f"name={self.name!r}"

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor):
            for key, state in self.__dict__.get("_buffers", {}).items():
                if state is value and key.startswith(_UNASSIGNED):
                    delattr(self, key)
                    self.register_buffer(name, value, persistent=False)
                    return
        super().__setattr__(name, value)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        def moved(state: Tensor) -> Tensor:
            converted = fn(state)
            if state.is_meta:
                return torch.zeros_like(converted, dtype=state.dtype)
            # A count in half precision stops at 2048: only the device follows the model.
            return converted if converted.dtype == state.dtype else state.to(converted.device)

        return super()._apply(moved, recurse)

    def _join(self, device: torch.device) -> None:
        for key, state in self._buffers.items():
            if state is not None and state.device != device:
                there = torch.zeros_like(state, device=device) if state.is_meta else state.to(device)
                setattr(self, key, there)


def _recorded(update: Callable[..., None]) -> Callable[..., None]:
    """Wrap `update_state`: no gradients, not in a backward pass, on the device of the first tensor."""

    @functools.wraps(update)
    def update_state(self: Metric, *args: Any, **kwargs: Any) -> None:
        first = next((value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)), None)
        if in_backward() or (first is not None and first.is_meta):
            return
        if first is not None:
            self._join(first.device)
        # Detached rather than run under no_grad, which torch.export cannot save as a block without results.
        given = map_leaves(_without_gradient, (args, kwargs))
        update(self, *given[0], **given[1])

    return update_state


def _without_gradient(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    detached = value.detach()
    mask = getattr(value, "_keras_mask", None)
    if mask is not None:
        detached._keras_mask = mask  # type: ignore[attr-defined]
    return detached
