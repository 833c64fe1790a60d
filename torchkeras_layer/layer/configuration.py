"""Which constructor arguments make this layer again?"""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import reprlib
from collections.abc import Callable
from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer import regularizers
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.compiler import make
from torchkeras_layer.layer.state import LayerState

_PLAIN = (str, int, float, bool, type(None))


def capturing(init: Callable[..., None]) -> Callable[..., None]:
    """Wrap a class's `__init__`, so that the arguments it gets are remembered, and lists are tracked after it."""

    @functools.wraps(init)
    def remembering(self: Any, *args: Any, **kwargs: Any) -> None:
        if "_init_arguments" in self.__dict__:
            init(self, *args, **kwargs)
        else:
            make(self, _remember_and_init, init, args, kwargs)

    return remembering


def _remember_and_init(layer: Any, init: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    layer._begin_module()
    if torch.compiler.is_dynamo_compiling():
        # As they are: what is made in a call is gone after it, and the compiler does not follow the copying.
        layer.__dict__["_init_arguments"] = (args, kwargs)
        init(layer, *args, **kwargs)
        return
    kept = {name: _keep(value) for name, value in kwargs.items()}
    layer.__dict__["_init_arguments"] = (tuple(_keep(value) for value in args), kept)
    init(layer, *args, **kwargs)
    if "_unclaimed" in layer.__dict__:
        layer._adopt_containers()


@dataclasses.dataclass(frozen=True)
class _NotPlain:
    """Stands for an argument that a config cannot hold, so that the layer does not keep the argument itself."""

    text: str

    def __repr__(self) -> str:
        return self.text


def _keep(value: Any) -> Any:
    return copy.deepcopy(value) if is_plain(value) else _NotPlain(reprlib.repr(value))


class Configuration(LayerState):
    """`get_config` and `from_config`."""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor that make this layer again, without its weights.

        Without an override, they are the plain values (strings, numbers, booleans, `None`, lists, tuples and dicts of
        them) that the layer was made with. An override adds its own to `super().get_config()`.

        Raises:
            NotImplementedError: if an argument was no plain value and there is no override.

        >>> import torchkeras_layer as keras
        >>> class Scale(keras.Layer):
        ...     def __init__(self, factor, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.factor = factor
        >>> Scale(3, name="triple").get_config()
        {'name': 'triple', 'trainable': True, 'dtype': 'float32', 'factor': 3}
        """
        return self._captured_config() if type(self).get_config is Configuration.get_config else self._base_config()

    def _captured_config(self) -> dict[str, Any]:
        """Return the arguments that the constructor got, as far as they are plain values."""
        base = self._base_config()
        given = self._given_arguments()
        for name, value in given.items():
            if not is_plain(value):
                raise NotImplementedError(self._not_plain(name, value))
        accepted = _accepted_names(type(self))
        kept = base if accepted is None else {k: v for k, v in base.items() if k in accepted}
        return kept | copy.deepcopy({name: value for name, value in given.items() if name not in base})

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from `get_config()`.

        Raises:
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense.from_config(keras.layers.Dense(2, name="head").get_config()).name
        'head'
        """
        if not isinstance(config, dict):
            raise TypeError(f"{cls.__name__}.from_config: a config is a dict. Received: {config!r}.")
        try:
            return cls(**config)
        except Exception as error:
            raise TypeError(
                f"{cls.__name__}.from_config: the constructor does not take this config: {config!r}. "
                f"It said: {type(error).__name__}: {error}"
            ) from error

    def _base_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            "name": self._name,
            "trainable": self._trainable,
            "dtype": self._policy.name,
        }
        if self._batch_input_shape is not None:
            config["batch_input_shape"] = self._batch_input_shape
        if self._dynamic:
            config["dynamic"] = True
        if not self._autocast:
            config["autocast"] = False
        if self._activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self._activity_regularizer)
        return config

    def _given_arguments(self) -> dict[str, Any]:
        """Return the arguments that the constructor got, by name, without those of the base class."""
        args, kwargs = self._init_arguments
        bound = inspect.signature(_constructor(type(self))).bind(self, *args, **kwargs)
        given: dict[str, Any] = {}
        for name, value in list(bound.arguments.items())[1:]:
            kind = bound.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                given.update(value)
            elif kind is inspect.Parameter.VAR_POSITIONAL:
                raise NotImplementedError(self._not_plain(f"*{name}", value))
            else:
                given[name] = value
        for handled in ("weights", "activity_regularizer", "input_shape", "batch_size", "input_dim"):
            given.pop(handled, None)
        return given

    def _not_plain(self, name: str, value: Any) -> str:
        return (
            f"{self._name} ({type(self).__name__}): get_config() cannot write down the argument "
            f"{name}={value!r}, which is no plain value. Define it in the class:\n"
            "    def get_config(self):\n"
            f"        return {{**super().get_config(), {name.lstrip('*')!r}: ...}}"
        )


def _constructor(cls: Any) -> Callable[..., None]:
    return cls.__init__


def is_plain(value: Any) -> bool:
    """Whether a value can stand in a config as it is: strings, numbers, booleans, `None`, nested or not.

    >>> is_plain({"sizes": (3, 4)}), is_plain(object())
    (True, False)
    """
    return all(type(leaf) in _PLAIN for leaf in leaves(value))


def _accepted_names(cls: type) -> set[str] | None:
    """Return the names that a constructor takes, or `None` if it takes any."""
    parameters = inspect.signature(_constructor(cls)).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return None
    return {p.name for p in parameters}
