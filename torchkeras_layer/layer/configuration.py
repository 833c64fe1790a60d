"""Which constructor arguments recreate a layer?"""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import reprlib
from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer import regularizers
from torchkeras_layer._constructor_mistakes import advice_on_name, explain_constructor
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.attributes import LayerBase, adopt_containers
from torchkeras_layer.layer.context import run_constructor
from torchkeras_layer.layer.record import KEY, Record, begin_module
from torchkeras_layer.layer.weight_lists import trains
from torchkeras_layer.precision import written

# Arguments of `Layer` that no config has, or that `base_config` writes.
_HANDLED = ("weights", "activity_regularizer", "input_shape", "batch_size", "input_dim")
_PLAIN = (str, int, float, bool, type(None))


def capture_arguments(init: Callable[..., None]) -> Callable[..., None]:
    """Wrap a class's `__init__` so that the layer remembers its arguments, and tracks lists and dicts after it."""

    @functools.wraps(init)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            if KEY in self.__dict__ and self.__dict__[KEY].init_arguments is not None:
                init(self, *args, **kwargs)
            else:
                run_constructor(self, _remember_and_init, init, args, kwargs)
        except (TypeError, ValueError) as error:
            if not torch.compiler.is_dynamo_compiling():
                explain_constructor(error, type(self), init, args, kwargs)
            raise

    return wrapped


def is_of_mixin(cls: type) -> bool:
    """Whether a class inherits the constructor of a mixin, which is no layer and so does not remember its arguments.

    Not if the class declares fields: `dataclasses` may be about to write a constructor for it.
    """
    owner = next(base for base in cls.__mro__ if "__init__" in vars(base))
    return not issubclass(owner, LayerBase) and not vars(cls).get("__annotations__")


def _remember_and_init(
    layer: LayerBase, init: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    record = begin_module(layer)
    if torch.compiler.is_dynamo_compiling():
        # Not copied: a layer made in a call lives no longer than the call, and the compiler cannot trace the copying.
        record.init_arguments = (args, kwargs)
        init(layer, *args, **kwargs)
        return
    kept = {name: _keep(value) for name, value in kwargs.items()}
    record.init_arguments = (tuple(_keep(value) for value in args), kept)
    init(layer, *args, **kwargs)
    if layer.__dict__[KEY].is_ready:
        adopt_containers(layer)


@dataclasses.dataclass(frozen=True)
class _NotPlain:
    """Replaces an argument that a config cannot hold, so that the layer does not keep the argument alive."""

    text: str

    def __repr__(self) -> str:
        return self.text


def _keep(value: Any) -> Any:
    return copy.deepcopy(value) if is_plain(value) else _NotPlain(reprlib.repr(value))


def captured_config(layer: LayerBase) -> dict[str, Any]:
    """Return the config made of the arguments that the constructor was given.

    Raises:
        NotImplementedError: if one of them is not a plain value.
    """
    base = base_config(layer)
    given = {name: value for name, value in given_arguments(layer).items() if name not in base}
    for name, value in given.items():
        if not is_plain(value):
            raise not_plain_error(layer, name, value)
    accepted = _accepted_names(type(layer))
    kept = base if accepted is None else {k: v for k, v in base.items() if k in accepted}
    return kept | copy.deepcopy(given)


def signature_with_device(init: Callable[..., None]) -> inspect.Signature:
    """Return the signature of a class, with the `device` that its `**kwargs` take: torch's `skip_init` looks for it.

    >>> str(signature_with_device(lambda self, units, **kwargs: None))
    '(units, *, device=None, **kwargs)'
    """
    parameters = list(inspect.signature(init).parameters.values())[1:]
    takes_any = bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD
    if takes_any and all(parameter.name != "device" for parameter in parameters):
        parameters.insert(-1, inspect.Parameter("device", inspect.Parameter.KEYWORD_ONLY, default=None))
    return inspect.Signature(parameters)


def base_config(layer: Any) -> dict[str, Any]:
    """Return the arguments of `Layer.__init__` that recreate a layer."""
    record: Record = layer._torchkeras
    config: dict[str, Any] = {"name": record.name, "trainable": trains(layer), "dtype": written(record.given_policy)}
    if record.batch_input_shape is not None:
        config["batch_input_shape"] = record.batch_input_shape
    if record.dynamic:
        config["dynamic"] = True
    if record.activity_regularizer is not None:
        config["activity_regularizer"] = regularizers.serialize(record.activity_regularizer)
    return config


def given_arguments(layer: LayerBase) -> dict[str, Any]:
    """Return the arguments that the constructor was given, by name, without those that `base_config` handles.

    Raises:
        NotImplementedError: if some were collected by `*args` and so have no names, or were not kept.
    """
    cls = type(layer)
    if _is_made_by_dataclass(cls):
        return {name: value for name, value in _given_fields(layer).items() if name not in _HANDLED}
    args, kwargs = layer._torchkeras.init_arguments
    bound = inspect.signature(_constructor(cls)).bind(layer, *args, **kwargs)
    # An `input_dim` that the constructor names is its own, and not that of `Layer`.
    own = _arguments_of(cls)
    given: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            given.update({key: argument for key, argument in value.items() if key != "device"})
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            given.update(_named_by_bases(layer, name, value))
        else:
            given[name] = value
    return {name: value for name, value in given.items() if name not in _HANDLED or name in own}


def _is_made_by_dataclass(cls: type) -> bool:
    """Whether `dataclasses.dataclass` wrote the constructor, after `Layer` could have it remember its arguments."""
    init: Any = _constructor(cls)
    return dataclasses.is_dataclass(cls) and not hasattr(init, "__wrapped__")


def _given_fields(layer: Any) -> dict[str, Any]:
    given = {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer) if field.init}
    for name in inspect.signature(_constructor(type(layer))).parameters:
        if name != "self" and name not in given:
            # An `InitVar`: only `__post_init__` gets it.
            raise not_plain_error(layer, name, dataclasses.InitVar)
    return given


def _named_by_bases(layer: Any, name: str, values: tuple[Any, ...]) -> dict[str, Any]:
    """Name the arguments that a constructor collected by `*args` as the next constructor does, to which it passes them.

    Raises:
        NotImplementedError: if none names them, or the config could not be read because there is no `**kwargs`.
    """
    mro = type(layer).__mro__
    owner = next(cls for cls in mro if "__init__" in vars(cls))
    takes_any_keyword = _accepted_names(owner) is None
    named: dict[str, Any] = {}
    left = values
    for cls in mro[mro.index(owner) + 1 :]:
        if not left or not takes_any_keyword or cls.__module__ == "torchkeras_layer.layer.layer":
            break
        if "__init__" not in vars(cls):
            continue
        parameters = list(inspect.signature(vars(cls)["__init__"]).parameters.values())[1:]
        positional = [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        named.update(zip(positional, left, strict=False))
        left = left[len(positional) :]
    if left:
        raise not_plain_error(layer, f"*{name}", values)
    return named


def not_plain_error(layer: LayerBase, name: str, value: Any) -> NotImplementedError:
    """Return the error for an argument that is not a plain value."""
    return NotImplementedError(
        f"{layer._torchkeras.name} ({type(layer).__name__}): get_config() cannot write the argument {name}, because it "
        f"is not a string, number, bool, None, or a list, tuple or dict of them. Received: {name}={value!r}. Define "
        "get_config in the class:\n"
        "    def get_config(self):\n"
        f"        return {{**super().get_config(), {name.lstrip('*')!r}: ...}}"
    )


def from_config(cls: Any, config: Any) -> Any:
    """Create a layer of a class from a config.

    Raises:
        TypeError: if the constructor does not accept the config.
    """
    if not isinstance(config, dict):
        way_out = " Does get_config() end with `return config`?" if config is None else ""
        raise TypeError(f"{cls.__name__}.from_config: config must be a dict. Received: config={config!r}.{way_out}")
    try:
        return cls(**config)
    except Exception as error:
        raise TypeError(
            f"{cls.__name__}.from_config: the constructor does not accept this config. Received: {config!r}. "
            f"It raised {type(error).__name__}: {error}"
        ) from error


def advice_on_argument(cls: Any, name: str) -> str:
    """Return the end of a message about an argument that a class does not take: a similar one, if there is one.

    >>> import torchkeras_layer as keras
    >>> advice_on_argument(keras.layers.Dense, "unit"), advice_on_argument(keras.layers.Dense, "speed")
    ("Did you mean 'units'?", 'Remove it.')
    """
    known = {argument for base in cls.__mro__ if "__init__" in vars(base) for argument in _arguments_of(base)}
    return advice_on_name(name, sorted(known))


def _arguments_of(cls: Any) -> list[str]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    try:
        parameters = inspect.signature(_constructor(cls)).parameters
    except ValueError:
        return []
    return [name for name, parameter in parameters.items() if parameter.kind in named]


def _constructor(cls: Any) -> Callable[..., None]:
    return cls.__init__


def is_plain(value: Any) -> bool:
    """Whether a config can hold a value unchanged: strings, numbers, booleans and `None`, nested or not.

    >>> is_plain({"sizes": (3, 4)}), is_plain(object())
    (True, False)
    """
    return all(type(leaf) in _PLAIN for leaf in leaves(value))


def _accepted_names(cls: type) -> set[str] | None:
    """Return the argument names of a constructor, or `None` if it accepts any."""
    parameters = inspect.signature(_constructor(cls)).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return None
    return {p.name for p in parameters}
