"""What is a model whose layers follow each other?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.core.embedding import Embedding
from torchkeras_layer.layers.core.input_layer import Input, InputLayer
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper
from torchkeras_layer.models._catalog import catalog
from torchkeras_layer.models.configs.sequential_configuration import SequentialConfiguration
from torchkeras_layer.models.model import Model
from torchkeras_layer.models.network.inputs import door_of
from torchkeras_layer.models.network.wiring import Wiring
from torchkeras_layer.symbolic import KerasTensor, TensorSpec, is_symbolic
from torchkeras_layer.symbolic.input_spec import describe


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

    # Where the graph begins and ends, as far as it has been made; and what the first call on real tensors had.
    _start: KerasTensor | None
    _end: KerasTensor | None
    _seen: TensorSpec | None

    def __init__(self, layers: Iterable[Any] | None = None, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.__dict__.update({"_start": None, "_end": None, "_seen": None})
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
        if start is not None:
            self.__dict__["_end"] = self._follow(layer, start if self._end is None else self._end)
        setattr(self, str(len(self)), layer)
        self._begin_at(start)

    def append(self, layer: Any) -> Sequential:
        """Append a layer as `add` does, and return the model, as `nn.Sequential` does."""
        self.add(layer)
        return self

    def pop(self, index: int = -1) -> Any:
        """Take out a layer, the last by default, and return it.

        Raises:
            TypeError: if there is none.
        """
        if not len(self):
            raise TypeError(f"{self._name}: there is no layer to take out.")
        layers = self._steps()
        taken = layers.pop(index)
        for key in range(len(layers) + 1):
            del self._modules[str(key)]
        for key, layer in enumerate(layers):
            self._modules[str(key)] = layer
        self.__dict__["_end"] = None
        for layer in layers if self._start is not None else ():
            self.__dict__["_end"] = self._follow(layer, self._start if self._end is None else self._end)
        self._begin_at(self._start)
        return taken

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Call one layer after the other.

        Args:
            inputs: what the first layer takes.
            mask: mask of the inputs, in place of the one that they carry.
        """
        if self._wiring is not None and self._wiring.sinks:
            return super().call(inputs, mask)
        if self._start is not None and not self._door.accepts_as_it_is(inputs, mask, self._input_dtypes[0]):
            (inputs,) = self._let_in(inputs, mask)
        outputs = inputs
        for key, layer in self._modules.items():
            if key.isdigit():
                outputs = layer(outputs)  # type: ignore[misc]
        if not isinstance(outputs, torch.Tensor):
            raise ValueError(self._gave_several(self._steps()[-1], outputs))
        return outputs

    @property
    def layers(self) -> list[Any]:
        """The layers, without the input layer."""
        return self._steps()

    def build(self, input_shape: Any = None) -> None:
        """Build the layers for inputs of a shape; the model then has a graph. Errors as those of the layers."""
        if self._start is None and input_shape is not None and len(self):
            self._make_graph(TensorSpec(input_shape, _input_dtype_of(self._steps()[0])))

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shape that the model is built for, `None` if there is none."""
        known = self._start.spec if self._start is not None else self._seen
        return None if known is None else {"input_shape": known.shape}

    def _steps(self) -> list[Any]:
        return [layer for key, layer in self._modules.items() if key.isdigit()]

    def _take_input(self, layer: InputLayer) -> None:
        if len(self) or self._start is not None:
            raise ValueError(f"{self._name}: an Input comes first, and once. Received: {layer!r}.")
        self.__dict__["_start"] = layer.output

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

    def _begin_at(self, start: KerasTensor | None) -> None:
        """Get ready for calls from an input on; code and network are made when they are asked for."""
        self.__dict__["_start"] = start
        self.__dict__["_wiring"] = None
        if start is not None and self._end is not None:
            self.__dict__["_door"] = door_of(self._name, start, [start.spec], [start.name])
            self.__dict__["_born_in"] = self._policy.compute
            self.built = True

    def _make_graph(self, spec: TensorSpec) -> None:
        start = Input(batch_shape=spec.shape, dtype=spec.dtype)
        self.__dict__["_end"] = end = None
        for layer in self._steps():
            end = self._follow(layer, start if end is None else end)
        self.__dict__["_end"] = end
        self._begin_at(start)

    def _current_wiring(self) -> Wiring | None:
        if self._wiring is None and self._start is None and self._seen is not None:
            self._make_graph(self._seen)
        if self._wiring is None and self._end is not None:
            self._connect(self._start, self._end, [])
        return self._wiring

    def _follow(self, layer: Any, inputs: Any) -> KerasTensor:
        """Return what a layer gives for a tensor; its node is there already if this was asked before."""
        for node in layer._inbound_nodes:
            if node.call_args and node.call_args[0] is inputs and len(node.keras_inputs) == 1:
                return node.outputs
        outputs = layer(inputs)
        if not is_symbolic(outputs):
            raise ValueError(self._gave_several(layer, outputs))
        return outputs

    def _gave_several(self, layer: Any, outputs: Any) -> str:
        return (
            f"{self._name}: each layer of a Sequential gives one tensor. {layer.name!r} gives {len(leaves(outputs))}: "
            f"{describe(outputs)}. Use Model(inputs, outputs)."
        )

    def _build_for_call(self, inputs: Any, args: Any, kwargs: Any, outer: Any) -> None:
        if is_symbolic(inputs) and len(self):
            self._make_graph(inputs.spec)
            return
        # Each layer builds itself, in order, from what the one before gives.
        if isinstance(inputs, torch.Tensor):
            free_batch = (None, *inputs.shape[1:]) if inputs.dim() else ()
            self.__dict__["_seen"] = TensorSpec([_plain(size) for size in free_batch], inputs.dtype)
        self.built = True

    def _state_to_copy(self) -> dict[str, Any]:
        self._current_wiring() if self._start is not None else None
        return {**super()._state_to_copy(), "_start": None, "_end": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._wiring is not None:
            self.__dict__["_start"], self.__dict__["_end"] = self._wiring.inputs, self._wiring.outputs

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


def _plain(size: Any) -> int | None:
    return None if isinstance(size, torch.SymInt) else size


def _input_dtype_of(layer: Any) -> Any:
    """Return the dtype of inputs that a layer takes, as far as its class tells."""
    if isinstance(layer, Sequential) and len(layer):
        return layer._start.dtype if layer._start is not None else _input_dtype_of(layer._steps()[0])
    if isinstance(layer, Embedding):
        return "int64"
    return layer.compute_dtype
