"""How is a model cloned: new layers and weights, the same configs and graph?"""

from __future__ import annotations

import copy as copy_module
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from torchkeras_layer._structures import in_order, leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.configuration import base_config
from torchkeras_layer.layers.core.function_layers import Lambda
from torchkeras_layer.layers.core.input_layer import Input, InputLayer
from torchkeras_layer.models.chain import chain_of
from torchkeras_layer.models.graphs import layer_under, operand_under, take_sinks, wiring_of
from torchkeras_layer.models.model import Function, Model
from torchkeras_layer.models.network.network import Call, Network, Operand, TensorRef
from torchkeras_layer.models.sequential import Sequential
from torchkeras_layer.symbolic import is_symbolic


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Model:
    """Return a model of new layers with the same configs and names, fresh weights, and the same graph.

    A model without a graph is made from its own config. A `Lambda` shares its functions with its clone.

    Args:
        model: the model to clone.
        input_tensors: symbolic tensors for the clone to begin with; default: new inputs.
        clone_function: returns the clone of a layer, for each layer but the input layers; default: a layer made from
            its config.
        call_function: called as `call_function(layer, *args, **kwargs)` with each clone and the arguments of its call;
            default: calls the clone. It may call other layers too. Not for a `Sequential`.
        recursive: whether models inside are cloned in the same way; otherwise `clone_function` is given each of them as
            one layer.

    Raises:
        ValueError: if `model` is not a model, if the number of input tensors differs, or if an argument does not apply
            to such a model.
        TypeError: if `clone_function` or `call_function` is not callable, the first does not return a layer, or the
            second not as many symbolic tensors as the original call.

    >>> import torchkeras_layer as keras
    >>> model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,), name="head")])
    >>> twin = clone_model(model); twin.layers[0].name, twin.layers[0] is model.layers[0]
    ('head', False)
    """
    if not isinstance(model, Model):
        raise ValueError(f"clone_model: expected a model. Received: {model!r}.")
    for name, function in (("clone_function", clone_function), ("call_function", call_function)):
        if function is not None and not callable(function):
            raise TypeError(f"clone_model: {name} must be callable. Received: {function!r}.")
    return _clone(model, input_tensors, _Cloner(clone_function, call_function, bool(recursive)))


@dataclass
class _Cloner:
    """Clones layers, each once: `made` has the clones by the ids of their originals."""

    clone_function: Callable[[Layer], Layer] | None = None
    call_function: Callable[..., Any] | None = None
    recursive: bool = False
    made: dict[int, Any] = field(default_factory=dict)

    def clone(self, layer: Any) -> Any:
        if id(layer) not in self.made:
            self.made[id(layer)] = self._new(layer)
        return self.made[id(layer)]

    def _new(self, layer: Any) -> Any:
        is_transparent = isinstance(layer, Sequential) or (isinstance(layer, Model) and wiring_of(layer) is not None)
        if self.recursive and is_transparent:
            call = None if isinstance(layer, Sequential) else self.call_function
            return _clone(layer, None, _Cloner(self.clone_function, call, True, self.made))
        if self.clone_function is None:
            return self._from_config(layer)
        made = self.clone_function(layer)
        if not isinstance(made, Layer):
            raise TypeError(f"clone_model: clone_function must return a layer for {layer.name!r}. Received: {made!r}.")
        return made

    def _from_config(self, layer: Any) -> Any:
        if isinstance(layer, Model) and wiring_of(layer) is not None:
            # Unlike its config, the model has its classes at hand, registered or not.
            return _clone(layer, None, _Cloner(made=self.made))
        if type(layer) is Lambda:
            # A config contains registered functions only; a clone shares any function, as in TF-Keras.
            shape = layer._torchkeras.derived.output_shape
            return Lambda(layer.function, shape, layer.mask, layer.arguments, **base_config(layer))
        return type(layer).from_config(layer.get_config())

    def call(self, layer: Any, original: Call, args: Any, kwargs: Any) -> list[Any]:
        if self.call_function is None:
            return leaves(layer(*args, **kwargs))
        outputs = self.call_function(layer, *args, **kwargs)
        expected = [spec is not None for spec in leaves(original.outputs)]
        if [is_symbolic(leaf) for leaf in leaves(outputs)] != expected:
            raise TypeError(
                f"clone_model: call_function must return what a call of {layer.name!r} returns: {sum(expected)} "
                f"symbolic tensor(s). Received: {outputs!r}. Write `return layer(*args, **kwargs)`."
            )
        return leaves(outputs)


def _clone(model: Model, input_tensors: Any, cloner: _Cloner) -> Model:
    if isinstance(model, Sequential):
        return _clone_sequential(model, input_tensors, cloner)
    wiring = wiring_of(model)
    if wiring is None:
        given = {
            "input_tensors": input_tensors,
            "clone_function": cloner.clone_function,
            "call_function": cloner.call_function,
        }
        if any(value is not None for value in given.values()):
            raise ValueError(
                f"clone_model: {model.name} ({type(model).__name__}) has no graph, because its class defines `call`, "
                "and can only be cloned as a whole. "
                f"Received: {', '.join(f'{name}={value!r}' for name, value in given.items())}. Leave them out."
            )
        return type(model).from_config(model.get_config())
    inputs, outputs, sinks = _call_again(model, wiring.network, input_tensors, cloner)
    make = Function if isinstance(model, Function) else Model
    twin = make(inputs, outputs, name=model.name, dtype=model.dtype_policy)
    take_sinks(twin, sinks)
    return twin


def _clone_sequential(model: Sequential, input_tensors: Any, cloner: _Cloner) -> Sequential:
    if cloner.call_function is not None:
        raise ValueError(
            f"clone_model: {model.name} is a Sequential, which takes no call_function: its layers are called later. "
            f"Received: call_function={cloner.call_function!r}. Leave it out."
        )
    state = chain_of(model)
    if state.sinks:
        raise ValueError(
            f"clone_model: {model.name} is a Sequential with symbolic losses or metrics, which cannot be cloned. Make "
            "it a functional model, Model(model.inputs, model.outputs), and add them there. "
            "See docs/differences.md#symbolic-losses-of-a-sequential"
        )
    layers = [cloner.clone(layer) for layer in model.layers]
    if input_tensors is not None:
        starts = leaves(input_tensors)
        if len(starts) != 1 or not is_symbolic(starts[0]):
            raise ValueError(
                f"clone_model: a Sequential takes one symbolic tensor. Received: input_tensors={input_tensors!r}."
            )
        layers = [starts[0], *layers]
    elif state.start is not None:
        spec = state.start.spec
        layers = [Input(batch_shape=spec.shape, dtype=spec.dtype, name=state.start.name), *layers]
    return type(model)(layers, name=model.name)


def _call_again(model: Model, network: Network, input_tensors: Any, cloner: _Cloner) -> tuple[Any, Any, Any]:
    starts = _starts(model, network, input_tensors)
    twins: dict[str, Any] = {}
    results: list[list[Any]] = []
    operands: dict[str, Any] = {}

    def operand(key: str) -> Any:
        if key not in operands:
            child, _, path = key.partition(".")
            held = operand_under(model, key)
            own = copy_module.deepcopy(held) if isinstance(held, nn.Parameter) else held
            operands[key] = twins[child].get_parameter(path) if child in twins else own
        return operands[key]

    def argument(leaf: Any) -> Any:
        if isinstance(leaf, TensorRef):
            return results[leaf.call][leaf.position]
        return operand(leaf.key) if isinstance(leaf, Operand) else leaf

    def call_again(number: int, call: Call) -> list[Any]:
        if number in starts:
            return [starts[number]]
        if call.key not in twins:
            twins[call.key] = cloner.clone(layer_under(model, call.key))
        args, kwargs = map_leaves(argument, (call.args, call.kwargs))
        return cloner.call(twins[call.key], call, args, kwargs)

    for number, call in enumerate(network.calls):
        results.append(call_again(number, call))
    ends = map_leaves(argument, network.outputs)
    return map_leaves(argument, network.inputs), ends, [argument(ref) for ref in network.sinks]


def _starts(model: Model, network: Network, input_tensors: Any) -> dict[int, Any]:
    refs = in_order(network.inputs)
    if input_tensors is None:
        layers = [layer_under(model, network.calls[ref.call].key) for ref in refs]
        tensors: list[Any] = [InputLayer.from_config(layer.get_config()).output for layer in layers]
    else:
        tensors = in_order(input_tensors)
    if len(tensors) != len(refs) or not all(map(is_symbolic, tensors)):
        raise ValueError(
            f"clone_model: {model.name} takes {len(refs)} symbolic input tensor(s). "
            f"Received: input_tensors={input_tensors!r}."
        )
    return {ref.call: tensor for ref, tensor in zip(refs, tensors, strict=True)}
