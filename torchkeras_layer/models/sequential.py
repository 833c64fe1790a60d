"""What is a model whose layers follow each other?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.core.embedding import Embedding
from torchkeras_layer.layers.core.input_layer import Input, InputLayer
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper
from torchkeras_layer.models._catalog import catalog
from torchkeras_layer.models.model import Model
from torchkeras_layer.models.sequential_graph import SequentialGraph
from torchkeras_layer.symbolic import KerasTensor, TensorSpec, is_symbolic


@catalog.register()
class Sequential(SequentialGraph):
    """Layers that follow each other, each with one input and one output.

    With an `Input`, or an `input_shape` on the first layer, it is built at once and has a graph; without, its layers
    build on the first call. Plain `nn.Module`s come in by themselves, within a `TorchModuleWrapper`. Indices, slices
    and iteration are as in `nn.Sequential`; `state_dict` keys begin with the index.

    Args:
        layers: layers and modules; the first may be an `Input` or `InputLayer`.
        name: default `sequential`, `sequential_1`, …
        **kwargs: those of `Layer`.

    Raises:
        TypeError: for what is no module.
        ValueError: if two layers have the same name, or a layer gives anything but one tensor.

    >>> import torchkeras_layer as keras
    >>> model = Sequential([keras.Input((3,)), keras.layers.Dense(4), nn.ReLU(), nn.Linear(4, 2)])
    >>> model(torch.ones(1, 3)).shape, list(model.state_dict())
    (torch.Size([1, 2]), ['0.kernel', '0.bias', '2.module.weight', '2.module.bias'])
    """

    def __init__(self, layers: Iterable[Any] | None = None, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.__dict__.update(
            {"_start": None, "_end": None, "_seen": None, "_pending": None, "_chained": (), "_sinks": ()}
        )
        if not isinstance(layers, (Iterable, type(None))):
            raise TypeError(f"{self._name}: layers must be a list. Received: {layers!r}. Write Sequential([layer]).")
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Append a layer or module; the first may be an `Input`. Errors as those of the constructor.

        >>> import torchkeras_layer as keras
        >>> model = Sequential(); model.add(keras.Input((3,))); model.add(keras.layers.Dense(2)); model.output_shape
        (None, 2)
        """
        layer = layer._keras_history.layer if is_symbolic(layer) else layer
        if isinstance(layer, InputLayer):
            self._take_input(layer)
            return
        layer = self._as_step(layer)
        start = self._start
        if start is None and not len(self):
            start = _start_before(layer)
        steps = [*self._steps(), layer]
        end = None if start is None else self._chain(start, steps)
        setattr(self, str(len(self)), layer)
        self._begin_at(start, end)

    def append(self, layer: Any) -> Sequential:
        """Append a layer as `add` does, and return the model, as `nn.Sequential` does."""
        self.add(layer)
        return self

    def pop(self, index: int = -1) -> Any:
        """Take out a layer, the last by default, and return it.

        Raises:
            TypeError: if there is none.
            ValueError: if symbolic losses or metrics were added, or the layers left do not fit together; nothing is
                then changed.
        """
        steps = self._steps()
        if not -len(steps) <= index < len(steps):
            raise TypeError(f"{self._name}: there is no layer {index} to take out, but {len(steps)} layers.")
        if self._sinks:
            raise ValueError(
                f"{self._name}: symbolic losses or metrics hang on its layers, and none can be taken out. "
                "Make another model: Model(model.inputs, model.layers[...].output)."
            )
        taken = steps.pop(index)
        end = self._chain(self._start, steps) if self._start is not None and steps else None
        for key in range(len(steps) + 1):
            del self._modules[str(key)]
        self._modules.update({str(key): layer for key, layer in enumerate(steps)})
        self._begin_at(self._start, end)
        return taken

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Call one layer after the other.

        Args:
            inputs: what the first layer takes.
            mask: mask of the inputs, in place of the one that they carry.
        """
        if self._sinks:
            self._current_wiring()
            return super().call(inputs, mask)
        # What `build` or the first call was given does not bind the next one: layers see for themselves.
        is_bound = self._start is not None and self._seen is None
        if is_bound and not self._door.accepts_as_it_is(inputs, mask, self._input_dtypes[0]):
            (inputs,) = self._let_in(inputs, mask)
        outputs = inputs
        for key, layer in self._modules.items():
            if key.isdigit():
                outputs = layer(outputs)  # type: ignore[misc]
        if not isinstance(outputs, torch.Tensor):
            raise ValueError(self._gave_several(self._steps()[-1], outputs))
        if self._pending is not None and not torch.compiler.is_dynamo_compiling():
            self._make_pending_graph()
        return outputs

    @property
    def layers(self) -> list[Any]:
        """The layers, without the input layer."""
        return self._steps()

    def build(self, input_shape: Any = None) -> None:
        """Build the layers for inputs of a shape; the model then has a graph. Errors as those of the layers.

        Other sizes may come later, as far as the layers take them: in both Kerases only an `Input` binds.
        """
        if self._start is None and input_shape is not None and len(self):
            spec = TensorSpec(input_shape, _input_dtype_of(self._steps()[0]))
            self._make_graph(spec)
            self.__dict__["_seen"] = spec

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shape that the model is built for, `None` if there is none."""
        known = self._start.spec if self._start is not None else None
        return None if known is None else {"input_shape": known.shape}

    def _take_input(self, layer: InputLayer) -> None:
        if len(self) or self._start is not None:
            raise ValueError(f"{self._name}: an Input comes first, and once. Received: {layer!r}.")
        self._begin_at(layer.output, None)

    def _as_step(self, layer: Any) -> Layer:
        if not isinstance(layer, nn.Module):
            hint = " Make one: put parentheses behind the class." if isinstance(layer, type) else ""
            raise TypeError(f"{self._name}: expects layers and nn.Modules. Received: {layer!r}.{hint}")
        step = layer if isinstance(layer, Layer) else TorchModuleWrapper(layer)
        names = [other.name for other in self._steps()]
        if step.name in names:
            raise ValueError(
                f"{self._name}: there is a layer named {step.name!r} already. Within a model, each layer must have a "
                f"name of its own: pass name=. Layers: {names}."
            )
        return step

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a plain module in the place of a layer is wrapped, as the constructor does it."""
        is_plain = name.isdigit() and isinstance(value, nn.Module) and not isinstance(value, Layer)
        super().__setattr__(name, TorchModuleWrapper(value) if is_plain else value)

    def __len__(self) -> int:
        """Return the number of layers."""
        return sum(key.isdigit() for key in self._modules)

    def __bool__(self) -> bool:
        # A model without layers is still a model.
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(self._steps())

    def __getitem__(self, index: int | slice) -> Any:
        """Return a layer, or a `Sequential` of a slice of the same layers."""
        steps = self._steps()
        return Sequential(steps[index]) if isinstance(index, slice) else steps[index]


def _start_before(layer: Any) -> KerasTensor | None:
    """Return an input for the first layer, if its shape is known: from the layer's arguments, or if it is a model."""
    if layer._batch_input_shape is not None:
        return Input(batch_shape=layer._batch_input_shape, dtype=_input_dtype_of(layer))
    wiring = layer._current_wiring() if isinstance(layer, Model) else None
    if wiring is None or not is_symbolic(wiring.inputs):
        return None
    return Input(batch_shape=wiring.inputs.shape, dtype=wiring.inputs.dtype)


def _input_dtype_of(layer: Any) -> Any:
    """Return the dtype of inputs that a layer takes, as far as its class tells."""
    if isinstance(layer, Sequential) and len(layer):
        return layer._start.dtype if layer._start is not None else _input_dtype_of(layer._steps()[0])
    if isinstance(layer, Embedding):
        return "int64"
    return layer.compute_dtype
