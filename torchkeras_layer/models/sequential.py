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
from torchkeras_layer.models.chain import (
    ChainState,
    begin_at,
    build_chain,
    chain,
    chain_of,
    gave_several,
    make_graph,
    make_pending_graph,
    steps_of,
)
from torchkeras_layer.models.configs.sequential_configuration import SequentialConfiguration
from torchkeras_layer.models.graph_calls import adapted
from torchkeras_layer.models.graphs import wiring_of
from torchkeras_layer.models.model import Model
from torchkeras_layer.symbolic import KerasTensor, TensorSpec, is_symbolic


@catalog.register()
class Sequential(SequentialConfiguration):
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
        self._torchkeras.graph = ChainState()
        if not isinstance(layers, (Iterable, type(None))):
            raise TypeError(f"{self.name}: layers must be a list. Received: {layers!r}. Write Sequential([layer]).")
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
            _take_input(self, layer)
            return
        layer = _as_step(self, layer)
        start = chain_of(self).start
        if start is None and not len(self):
            start = _start_before(layer)
        steps = [*steps_of(self), layer]
        end = None if start is None else chain(self, start, steps)
        setattr(self, str(len(self)), layer)
        begin_at(self, start, end)

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
        steps = steps_of(self)
        if not -len(steps) <= index < len(steps):
            raise TypeError(f"{self.name}: there is no layer {index} to take out, but {len(steps)} layers.")
        state = chain_of(self)
        if state.sinks:
            raise ValueError(
                f"{self.name}: no layer can be removed, because symbolic losses or metrics depend on them. "
                "Make another model: Model(model.inputs, model.layers[...].output). "
                "See docs/differences.md#symbolic-losses-of-a-sequential"
            )
        taken = steps.pop(index)
        end = chain(self, state.start, steps) if state.start is not None and steps else None
        for key in range(len(steps) + 1):
            del self._modules[str(key)]
        self._modules.update({str(key): layer for key, layer in enumerate(steps)})
        begin_at(self, state.start, end)
        return taken

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Call one layer after the other.

        Args:
            inputs: what the first layer takes.
            mask: mask of the inputs, in place of the one that they carry.
        """
        state = chain_of(self)
        if state.sinks:
            state.current_wiring(self)
            return super().call(inputs, mask)
        # What `build` or the first call was given does not bind the next one: layers see for themselves.
        is_bound = state.start is not None and state.seen is None
        if is_bound and not state.adapter.accepts_as_it_is(inputs, mask, state.input_dtypes[0]):  # type: ignore[union-attr]
            (inputs,) = adapted(self, inputs, mask)
        outputs = inputs
        for key, layer in self._modules.items():
            if key.isdigit():
                outputs = layer(outputs)  # type: ignore[misc]
        if not isinstance(outputs, torch.Tensor):
            raise ValueError(gave_several(self, steps_of(self)[-1], outputs))
        if state.pending is not None and not torch.compiler.is_dynamo_compiling():
            make_pending_graph(self)
        return outputs

    @property
    def layers(self) -> list[Any]:
        """The layers, without the input layer."""
        return steps_of(self)

    def build(self, input_shape: Any = None) -> None:
        """Build the layers for inputs of a shape; the model then has a graph. Errors as those of the layers.

        Other sizes may come later, as far as the layers take them: in both Kerases only an `Input` binds.
        """
        state = chain_of(self)
        if state.start is None and input_shape is not None and len(self):
            spec = TensorSpec(input_shape, _input_dtype_of(steps_of(self)[0]))
            make_graph(self, spec)
            state.seen = spec

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shape that the model is built for, `None` if there is none."""
        start = chain_of(self).start
        return None if start is None else {"input_shape": start.spec.shape}

    def _torchkeras_build(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outer: Any) -> None:
        build_chain(self, inputs)

    def _torchkeras_state_to_copy(self) -> dict[str, Any]:
        # The copy has the layers that are there now.
        wiring_of(self)
        return super()._torchkeras_state_to_copy()

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
        return iter(steps_of(self))

    def __getitem__(self, index: int | slice) -> Any:
        """Return a layer, or a `Sequential` of a slice of the same layers."""
        steps = steps_of(self)
        return Sequential(steps[index]) if isinstance(index, slice) else steps[index]


def _take_input(model: Sequential, layer: InputLayer) -> None:
    if len(model) or chain_of(model).start is not None:
        raise ValueError(f"{model.name}: an Input comes first, and once. Received: {layer!r}.")
    begin_at(model, layer.output, None)


def _as_step(model: Sequential, layer: Any) -> Layer:
    if not isinstance(layer, nn.Module):
        hint = " Make one: put parentheses behind the class." if isinstance(layer, type) else ""
        raise TypeError(f"{model.name}: expects layers and nn.Modules. Received: {layer!r}.{hint}")
    step = layer if isinstance(layer, Layer) else TorchModuleWrapper(layer)
    names = [other.name for other in steps_of(model)]
    if step.name in names:
        raise ValueError(
            f"{model.name}: there is a layer named {step.name!r} already. Within a model, each layer must have a "
            f"name of its own: pass name=. Layers: {names}."
        )
    return step


def _start_before(layer: Any) -> KerasTensor | None:
    """Return an input for the first layer, if its shape is known: from the layer's arguments, or if it is a model."""
    if layer._torchkeras.batch_input_shape is not None:
        return Input(batch_shape=layer._torchkeras.batch_input_shape, dtype=_input_dtype_of(layer))
    wiring = wiring_of(layer) if isinstance(layer, Model) else None
    if wiring is None or not is_symbolic(wiring.inputs):
        return None
    return Input(batch_shape=wiring.inputs.shape, dtype=wiring.inputs.dtype)


def _input_dtype_of(layer: Any) -> Any:
    """Return the dtype of inputs that a layer takes, as far as its class tells."""
    if isinstance(layer, Sequential) and len(layer):
        start = chain_of(layer).start
        return start.dtype if start is not None else _input_dtype_of(steps_of(layer)[0])
    if isinstance(layer, Embedding):
        return "int64"
    return layer.compute_dtype
