"""How does a layer apply a function: any function, an activation, or the identity?"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer import activations
from torchkeras_layer._ported_code import read_as_keras
from torchkeras_layer._shapes import Shape, map_shapes
from torchkeras_layer._structures import leaves
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.core.held_modules import held_weights
from torchkeras_layer.registry import DeserializationError, deserialize_keras_object, get_registered_object

_KERAS_2_NOTES = ("function_type", "module", "output_shape_type", "output_shape_module")


@dataclass(slots=True)
class FunctionFacts:
    """What a layer knows of its function: the given output shape, and which of `mask` and `training` it takes.

    >>> FunctionFacts((3,), {"mask"}).output_shape
    (3,)
    """

    output_shape: Any
    taken: set[str]


@catalog.register()
class Lambda(BuiltInLayer):
    """A function as a layer. It has no weights; for those, derive from `Layer`.

    A function that uses a module or a parameter hides it from torch, which a warning says.

    Args:
        function: called as `function(inputs, **arguments)`; also gets `mask` and `training` if it has these arguments.
        output_shape: shape of the output without the batch, or `f(input_shape)`; default: found by running
            the function.
        mask: the mask of the output, or `f(inputs, mask)`; default none.
        arguments: keyword arguments of the function.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `function` is not callable or `arguments` is not a dict; in `get_config`, if the function is not a
            built-in and not registered with `register_keras_serializable()`, because a config contains no code.
        DeserializationError: (a TypeError) in `from_config`, if the config contains code, as Keras's may.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> keras.layers.Lambda(lambda x, factor: factor * x, arguments={"factor": 3})(torch.ones(2))
    tensor([3., 3.])
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"{type(self).__name__}: function must be callable. Received: function={function!r}.")
        if not isinstance(arguments, (dict, type(None))):
            raise TypeError(f"{type(self).__name__}: arguments must be a dict. Received: arguments={arguments!r}.")
        read_as_keras(function)
        self.function = function
        self.mask = mask
        self.arguments = dict(arguments or {})
        self._torchkeras.derived = FunctionFacts(output_shape, _names_of_arguments(function) & {"mask", "training"})
        if not (isinstance(function, torch.nn.Module) or torch.compiler.is_dynamo_compiling()):
            _warn_of_held_weights(self, function)
        self.supports_masking = mask is not None

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """Return the result of the function."""
        from_the_call = {"mask": mask, "training": training}
        taken = self._torchkeras.derived.taken
        given = {name: value for name, value in from_the_call.items() if name in taken}
        return self.function(inputs, **self.arguments, **given)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return `mask`, or its result if it is a function."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return `output_shape` with the batch, or its result if it is a function.

        Raises:
            NotImplementedError: if there is no `output_shape`, and the function cannot run without data.
        """
        stated = self._torchkeras.derived.output_shape
        if callable(stated):
            return stated(input_shape)
        if stated is not None:
            batch = leaves(input_shape)[0]
            return map_shapes(lambda shape: (batch, *shape), stated)
        try:
            return super().compute_output_shape(input_shape)
        except NotImplementedError as error:
            raise NotImplementedError(f"{error} For a Lambda: pass output_shape=.") from error

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the layer from the result of `get_config()`, of this library, Keras 3 or TF-Keras.

        Raises:
            DeserializationError: if the config contains a function as code, or an unknown one.
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> config = keras.layers.Lambda(keras.activations.relu).get_config()
        >>> keras.layers.Lambda.from_config(config).function.__name__
        'relu'
        """
        if not isinstance(config, dict):
            return super().from_config(config)
        arguments = {name: value for name, value in config.items() if name not in _KERAS_2_NOTES}
        for name in ("function", "output_shape", "mask"):
            if name in arguments:
                arguments[name] = _read_function(name, arguments[name], config)
        arguments["arguments"] = deserialize_keras_object(config.get("arguments"))
        return super().from_config(arguments)


@catalog.register()
class Activation(BuiltInLayer):
    """An activation function as a layer. Shapes: any -> the same.

    Args:
        activation: name, function or layer; `None` is `linear`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if there is no such function.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Activation("relu")(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = resolved(self, "activation", activation, activations.get)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(inputs)`."""
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)


@catalog.register()
class Identity(BuiltInLayer):
    """Return the inputs, with their masks. Shapes: any, or a structure of any -> the same.

    Args:
        **kwargs: those of `Layer`.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> keras.layers.Identity()(torch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the inputs, or the structure of their shapes."""
        return map_shapes(tuple, input_shape)


def _warn_of_held_weights(layer: Lambda, function: Callable[..., Any]) -> None:
    held = [f"{name} ({type(value).__name__})" for name, value in held_weights(function)]
    if held:
        warnings.warn(
            f"{layer.name}: the function of a Lambda uses {', '.join(held)}, whose weights the Lambda does not have: "
            "unless they belong to the model in another way, they are not trained, saved or moved with it. Call the "
            "layer itself in place of the Lambda, or define a layer with the module on an attribute, as in "
            "`self.inner = ...` in __init__ and `return self.inner(inputs)` in call.",
            stacklevel=2,
        )


def _names_of_arguments(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except ValueError:
        # Functions of torch that are written in C have no signature.
        return set()


def _read_function(name: str, value: Any, config: dict[str, Any]) -> Any:
    """Return the function for a config, or the value of another argument."""
    if is_code(value, config.get(f"{name}_type")):
        layer = config.get("name")
        supplied = get_registered_object(layer) if name == "function" and isinstance(layer, str) else None
        if callable(supplied):
            return supplied
        can_be_given = name == "function" and isinstance(layer, str)
        way_out = f"pass it under the name of the layer: custom_objects={{{layer!r}: function}}"
        raise DeserializationError(
            f"Lambda: the config contains its {name} as bytecode, which is never run. Received: layer {layer!r}. Write "
            f"the function, and {way_out if can_be_given else 'put its registered name into the config'}. "
            "See docs/differences.md#code-in-configs"
        )
    if isinstance(value, str):
        return deserialize_keras_object({"class_name": "function", "config": value})
    return deserialize_keras_object(value)


def is_code(value: Any, kind: Any) -> bool:
    """Whether a value in the config of a Lambda is a function as bytecode.

    >>> is_code(["4wEAAAA", None, None], "lambda"), is_code({"class_name": "__lambda__", "config": {}}, None)
    (True, True)
    """
    return kind == "lambda" or (isinstance(value, dict) and value.get("class_name") == "__lambda__")
