"""What is a model whose layers are called one after the other?"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from torchkeras_layer._shapes import is_shape
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
    forget_first_inputs,
    make_graph,
    make_pending_graph,
    no_layers,
    steps_of,
)
from torchkeras_layer.models.configs.sequential_configuration import SequentialConfiguration
from torchkeras_layer.models.graph_calls import adapted
from torchkeras_layer.models.graphs import wiring_of
from torchkeras_layer.models.model import Model
from torchkeras_layer.symbolic import KerasTensor, TensorSpec, is_symbolic
from torchkeras_layer.symbolic.node import history_of


@catalog.register()
class Sequential(SequentialConfiguration, builds_only_inside=True):
    """Layers that are called one after the other, each on what the one before returns: a tensor, or a structure.

    With an `Input`, or an `input_shape` on the first layer, the model is built at once and has a graph; otherwise its
    layers build on the first call. A plain `nn.Module` is wrapped in a `TorchModuleWrapper`. Indexing, slicing and
    iteration work as in `nn.Sequential`; `state_dict` keys begin with the index.

    Args:
        layers: layers and modules; the first may be an `Input` or `InputLayer`.
        name: default `sequential`, `sequential_1`, …
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if one of them is not a module.
        ValueError: if two layers have the same name.

    >>> import torchkeras_layer as keras
    >>> model = Sequential([keras.Input((3,)), keras.layers.Dense(4), nn.ReLU(), nn.Linear(4, 2)])
    >>> model(torch.ones(1, 3)).shape, list(model.state_dict())
    (torch.Size([1, 2]), ['0.kernel', '0.bias', '2.module.weight', '2.module.bias'])
    """

    def __init__(self, layers: Iterable[Any] | None = None, name: str | None = None, **kwargs: Any) -> None:
        if isinstance(name, (nn.Module, KerasTensor)):
            raise TypeError(_not_a_list(type(self).__name__, layers, name))
        super().__init__(name=name, **kwargs)
        self._torchkeras.graph = ChainState()
        if isinstance(layers, (str, dict)) or not isinstance(layers, (Iterable, type(None))):
            raise TypeError(_not_a_list(f"{self.name} ({type(self).__name__})", layers, name))
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Append a layer or module; the first may be an `Input`. Errors are those of the constructor.

        >>> import torchkeras_layer as keras
        >>> model = Sequential(); model.add(keras.Input((3,))); model.add(keras.layers.Dense(2)); model.output_shape
        (None, 2)
        """
        layer = history_of(layer).layer if is_symbolic(layer) else layer
        if isinstance(layer, InputLayer):
            _take_input(self, layer)
            return
        layer = _as_step(self, layer)
        start = chain_of(self).start
        if start is None and not len(self):
            start = _start_before(layer)
        steps = [*steps_of(self), layer]
        end = None if start is None else chain(start, steps)
        setattr(self, str(len(self)), layer)
        layer._torchkeras.model = weakref.ref(self)
        begin_at(self, start, end)

    def append(self, layer: Any) -> Sequential:
        """Append a layer as `add` does, and return the model, as `nn.Sequential` does.

        >>> import torchkeras_layer as keras
        >>> len(Sequential().append(keras.layers.Dense(2)).append(nn.ReLU()))
        2
        """
        self.add(layer)
        return self

    def pop(self, index: int = -1) -> Any:
        """Remove and return a layer, by default the last one.

        Raises:
            TypeError: if there is no such layer.
            ValueError: if symbolic losses or metrics were added, or the remaining layers do not fit together; the
                model then stays as it was.

        >>> import torchkeras_layer as keras
        >>> model = Sequential([keras.layers.Dense(2), keras.layers.Dense(3, name="last")])
        >>> model.pop().name, len(model)
        ('last', 1)
        """
        steps = steps_of(self)
        if not -len(steps) <= index < len(steps):
            raise TypeError(f"{self.name}: there are {len(steps)} layers. Received: index={index}.")
        state = chain_of(self)
        if state.sinks:
            raise ValueError(
                f"{self.name}: no layer can be removed, because symbolic losses or metrics depend on them. "
                "Make another model: Model(model.inputs, model.layers[...].output). "
                "See docs/differences.md#symbolic-losses-of-a-sequential"
            )
        taken = steps.pop(index)
        end = chain(state.start, steps) if state.start is not None and steps else None
        for key in range(len(steps) + 1):
            del self._modules[str(key)]
        self._modules.update({str(key): layer for key, layer in enumerate(steps)})
        begin_at(self, state.start, end)
        if not steps:
            forget_first_inputs(self)
        return taken

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Call the layers one after the other.

        Args:
            inputs: the inputs of the first layer.
            mask: mask of the inputs, which replaces the one that they carry.

        Returns:
            The output of the last layer.

        Raises:
            ValueError: if the inputs do not fit, or there are no layers.
        """
        state = chain_of(self)
        if state.sinks:
            state.current_wiring(self)
            return super().call(inputs, mask)
        # A shape from `build` or the first call does not bind later calls: the layers check their inputs themselves.
        is_bound = state.start is not None and state.seen is None
        if is_bound and not state.adapter.accepts_as_it_is(inputs, mask, state.input_dtypes[0]):  # type: ignore[union-attr]
            (inputs,) = adapted(self, inputs, mask)
        outputs = inputs
        for key, layer in self._modules.items():
            if key.isdigit():
                outputs = layer(outputs)  # type: ignore[misc]
        if state.pending is not None and not torch.compiler.is_dynamo_compiling():
            make_pending_graph(self)
        return outputs

    @property
    def layers(self) -> list[Any]:
        """The layers, without the input layer.

        >>> import torchkeras_layer as keras
        >>> [layer.name for layer in Sequential([keras.Input((3,)), keras.layers.Dense(2, name="head")]).layers]
        ['head']
        """
        return steps_of(self)

    def build(self, input_shape: Any = None) -> None:
        """Build the layers for inputs of a shape; the model then has a graph. Errors are those of the layers.

        Later calls may have other sizes, if the layers accept them: as in Keras, only an `Input` fixes sizes.

        Args:
            input_shape: shape of the input, with the batch; if the first layer takes several tensors, a nested
                structure of shapes, and the model then has no graph.

        Raises:
            ValueError: if there are no layers.

        >>> import torchkeras_layer as keras
        >>> model = Sequential([keras.layers.Dense(2)]); model.build((None, 3)); model.output_shape
        (None, 2)
        """
        state = chain_of(self)
        if state.start is not None or input_shape is None:
            return
        if not len(self):
            raise ValueError(no_layers(self, "built"))
        if not is_shape(input_shape):
            # Nested inputs: each layer builds itself, and there is no graph.
            super().build(input_shape)
            return
        spec = TensorSpec(input_shape, _input_dtype_of(steps_of(self)[0]))
        make_graph(self, spec)
        state.seen = spec

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the input shape, of the graph or of a `build`, as `{'input_shape': ...}`; `None` without one."""
        start = chain_of(self).start
        return super().get_build_config() if start is None else {"input_shape": start.spec.shape}

    def _torchkeras_build(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outer: Any) -> None:
        build_chain(self, inputs)

    def _torchkeras_state_to_copy(self) -> dict[str, Any]:
        # Updates the graph, so that the copy has the present layers.
        wiring_of(self)
        return super()._torchkeras_state_to_copy()

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a plain module that replaces a layer is wrapped, as in the constructor."""
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


def _not_a_list(where: str, layers: Any, name: Any) -> str:
    """Return the message for layers that are not in a list, such as `Sequential(a, b)`."""
    if isinstance(layers, (str, dict)):
        way_out = (
            "Write Sequential(list(layers.values()))." if isinstance(layers, dict) else "Write Sequential(name=...)."
        )
        return f"{where}: layers must be a list. Received: layers={layers!r}. {way_out}"
    given = ", ".join(repr(value) for value in (layers, name) if value is not None)
    several = isinstance(name, (nn.Module, KerasTensor))
    return f"{where}: layers must be a list. Received: layers={given}. Write Sequential([layer{', …' * several}])."


def _instead_of_element(name: str, element: Any) -> str:
    """Return what to write instead of something that is not a layer, with a space before it, or ''."""
    if isinstance(element, type):
        return f" Write {element.__name__}(...) instead of the class."
    if isinstance(element, (list, tuple)):
        return f" Write {name}([*layers]): its elements in one list."
    if isinstance(element, torch.Tensor):
        return f" Make the layers first, and then call the model on the tensor: {name}([...])(x)."
    return " Write keras.layers.Lambda(function), or Activation(function)." if callable(element) else ""


def _take_input(model: Sequential, layer: InputLayer) -> None:
    if len(model) or chain_of(model).start is not None:
        raise ValueError(f"{model.name}: there can be one Input, as the first element. Received: {layer!r}.")
    begin_at(model, layer.output, None)


def _as_step(model: Sequential, layer: Any) -> Layer:
    if not isinstance(layer, nn.Module):
        hint = _instead_of_element(type(model).__name__, layer)
        raise TypeError(f"{model.name}: its elements must be layers or nn.Modules. Received: {layer!r}.{hint}")
    step = layer if isinstance(layer, Layer) else TorchModuleWrapper(layer)
    names = [other.name for other in steps_of(model)]
    if step.name in names:
        raise ValueError(
            f"{model.name}: there already is a layer named {step.name!r}. Each layer of a model must have its own "
            f"name: pass name=. Layers: {names}."
        )
    return step


def _start_before(layer: Any) -> KerasTensor | None:
    """Return an input for the first layer, if its arguments, or its own graph if it is a model, give the shape."""
    if layer._torchkeras.batch_input_shape is not None:
        return Input(batch_shape=layer._torchkeras.batch_input_shape, dtype=_input_dtype_of(layer))
    wiring = wiring_of(layer) if isinstance(layer, Model) else None
    if wiring is None or not is_symbolic(wiring.inputs):
        return None
    return Input(batch_shape=wiring.inputs.shape, dtype=wiring.inputs.dtype)


def _input_dtype_of(layer: Any) -> Any:
    """Return the dtype of the inputs that a layer expects: integers for an embedding, else its compute dtype."""
    if isinstance(layer, Sequential) and len(layer):
        start = chain_of(layer).start
        return start.dtype if start is not None else _input_dtype_of(steps_of(layer)[0])
    if isinstance(layer, Embedding):
        return "int64"
    return layer.compute_dtype
