"""How does a layer run any function?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from typing_extensions import Self

from torchkeras_layer._shapes import Shape, map_shapes
from torchkeras_layer._structures import leaves
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.registry import DeserializationError, deserialize_keras_object

_KERAS_2_NOTES = ("function_type", "module", "output_shape_type", "output_shape_module")


@catalog.register()
class Lambda(BuiltInLayer):
    """A function as a layer. It has no weights of its own: for those, write a layer.

    Args:
        function: `function(inputs, **arguments)`; if it names `mask` or `training`, it gets them too.
        output_shape: shape of the output without the batch, or `f(input_shape)`; by default the function is run to
            find it.
        mask: the mask of the output, or `f(inputs, mask)`; default none.
        arguments: keywords for the function.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `function` cannot be called or `arguments` is no dict; in `get_config`, if the function is neither
            built in nor registered with `register_keras_serializable()`: a config never carries code.
        DeserializationError: (a TypeError) in `from_config`, if the config does carry code, as Keras's may.

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
        self.function = function
        self._output_shape = output_shape
        self.mask = mask
        self.arguments = dict(arguments or {})
        self._wanted = _names_of_arguments(function) & {"mask", "training"}
        self.supports_masking = mask is not None

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """Return what the function returns."""
        from_the_call = {"mask": mask, "training": training}
        wanted = {name: value for name, value in from_the_call.items() if name in self._wanted}
        return self.function(inputs, **self.arguments, **wanted)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the `mask` that the layer was made with, or what it returns."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return `output_shape`, completed by the batch, or what it returns.

        Raises:
            NotImplementedError: if there is no `output_shape`, and the function cannot run without data.
        """
        if self._output_shape is None:
            return self._trace_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        batch = leaves(input_shape)[0]
        return map_shapes(lambda shape: (batch, *shape), self._output_shape)

    def _trace_output_shape(self, input_shape: Any) -> Shape:
        try:
            return super().compute_output_shape(input_shape)
        except NotImplementedError as error:
            raise NotImplementedError(f"{error} For a Lambda: pass output_shape=.") from error

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the layer from `get_config()`, ours, that of Keras 3 or that of TF-Keras.

        Raises:
            DeserializationError: if the config carries a function as code, or names one that is not known.
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
                arguments[name] = _read_function(name, arguments[name], config.get(f"{name}_type"))
        arguments["arguments"] = deserialize_keras_object(config.get("arguments"))
        return super().from_config(arguments)


def _names_of_arguments(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except ValueError:
        # Functions of torch that are written in C do not tell.
        return set()


def _read_function(name: str, value: Any, kind: str | None) -> Any:
    """Return the function that a config means, or any other value that it has for an argument."""
    if kind == "lambda":
        raise DeserializationError(
            f"Lambda: the config carries its {name} as bytecode, which is never run. Register a function with "
            "@register_keras_serializable(), and put its name here instead."
        )
    if isinstance(value, str):
        return deserialize_keras_object({"class_name": "function", "config": value})
    return deserialize_keras_object(value)
