"""How is a model made of a graph, and how is it called?"""

from __future__ import annotations

import weakref
from typing import Any, ClassVar

import torch
from torch import fx, nn

from torchkeras_layer._positions import in_order
from torchkeras_layer._structures import copy_structure, leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.effects import SymbolicRun
from torchkeras_layer.layer.masking import mask_of
from torchkeras_layer.layers.core.graph_additions import AddLoss, AddMetric
from torchkeras_layer.models.network.checks import check_connected, check_ends
from torchkeras_layer.models.network.code_generation import graph_of
from torchkeras_layer.models.network.inputs import InputDoor, door_of, dtype_at
from torchkeras_layer.models.network.network import Network, read_network
from torchkeras_layer.models.network.rebasing import rebase
from torchkeras_layer.models.network.wiring import Wiring, record_again
from torchkeras_layer.symbolic import KerasTensor, is_symbolic
from torchkeras_layer.symbolic.tracing import Inferred

_SINKS = {"AddLoss": AddLoss, "AddMetric": AddMetric}


class GraphCalls(Layer):
    """The side of a model that has to do with its graph."""

    # Whether `call` is that of a graph; false where a subclass defines one.
    _runs_its_graph: ClassVar[bool] = True

    _wiring: Wiring | None
    _door: InputDoor
    _born_in: torch.dtype
    _input_dtypes: list[torch.dtype | str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Note whether calls still run the graph."""
        super().__init_subclass__(**kwargs)
        if "call" in cls.__dict__ and "_runs_its_graph" not in cls.__dict__:
            cls._runs_its_graph = False

    def __getattr__(self, name: str) -> Any:
        """Find layers first: generated code reads little else, and for small layers it is what a call costs."""
        modules = self.__dict__.get("_modules")
        return modules[name] if modules is not None and name in modules else super().__getattr__(name)

    def _current_wiring(self) -> Wiring | None:
        """Return the wiring, `None` for a model without graph."""
        return self._wiring

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Run the graph; a model without one defines `call` itself.

        Args:
            inputs: tensors in the structure of the model's inputs; a dict may name them, a list give them in the order
                of `inputs`.
            mask: masks of the inputs, in the same structure, in place of those that they carry; `None`: none.

        Raises:
            ValueError: if inputs are missing, too many, or do not fit.
            NotImplementedError: if the model has no graph.
        """
        wiring = self._wiring
        if wiring is None:
            raise NotImplementedError(
                f"{self._name}: a model needs a graph, `Model(inputs, outputs)`, or a class that defines `call`."
            )
        if self._door.accepts_as_it_is(inputs, mask, self._input_dtypes[0]):
            return wiring.run(self, inputs)
        return wiring.run(self, *self._let_in(inputs, mask))

    def _let_in(self, inputs: Any, mask: Any) -> list[torch.Tensor]:
        flat = [self._as_tensor(leaf) for leaf in self._door.flatten(inputs)]
        masks = [None] * len(flat) if mask is None else self._door.flatten(mask)
        fitted = [self._door.conform(leaf, i, self._input_dtypes[i]) for i, leaf in enumerate(flat)]
        return [_with_mask(*pair) for pair in zip(fitted, masks, strict=True)]

    def _cast_inputs(self, inputs: Any) -> Any:
        # A graph's inputs are cast to what their `Input` says, each by itself.
        return super()._cast_inputs(inputs) if self._wiring is None else inputs

    def _connect(self, inputs: Any, outputs: Any, sinks: list[KerasTensor]) -> None:
        """Make the model of the calls that lead from inputs to outputs."""
        check_ends(self._name, inputs, outputs)
        ends = [*leaves(outputs), *sinks]
        check_connected(self._name, inputs, ends)
        inputs, outputs, sinks = rebase(inputs, outputs, sinks)
        parts = read_network(inputs, outputs, sinks, self._held_by_key(), set(dir(self)))
        wiring = Wiring(parts.network)
        wiring.inputs, wiring.outputs, wiring.sinks = copy_structure(inputs), copy_structure(outputs), sinks
        for key, layer in parts.children.items():
            setattr(self, key, layer)
        for key, operand in parts.operands.items():
            self._hold(key, operand)
        self.__dict__["_wiring"] = wiring
        self._open(wiring)

    def _open(self, wiring: Wiring) -> None:
        """Get ready for calls."""
        network = wiring.network
        refs = in_order(network.inputs)
        specs = [network.spec(ref) for ref in refs]
        names = [network.without_state[network.calls[ref.call].key].name for ref in refs]
        self.__dict__["_door"] = door_of(self._name, network.inputs, specs, names)
        self.__dict__["_born_in"] = self._policy.compute
        wiring.generate(self._name, self._layer_under)
        self.built = True
        for layer in self._layers_inside():
            layer._model_reference = weakref.ref(self)

    def _choose_route(self) -> None:
        super()._choose_route()
        if self.__dict__.get("_door") is not None:
            now = self._policy.compute
            self.__dict__["_input_dtypes"] = [dtype_at(spec, self._born_in, now) for spec in self._door.specs]
            # The door looks at the inputs.
            self._call_route.casts, self._call_route.input_spec = False, None
            self._call_route.has_recorded = True

    def _held_by_key(self) -> dict[int, str]:
        """Return where in this model its modules and tensors are, by their ids."""
        held = {id(module): path for path, module in self.named_modules() if path}
        held |= {id(tensor): path for path, tensor in self.named_parameters()}
        return held | {id(tensor): path for path, tensor in self.named_buffers()}

    def _hold(self, key: str, operand: Any) -> None:
        if isinstance(operand, nn.Parameter):
            self.register_parameter(key, operand)
        elif isinstance(operand, torch.Tensor):
            self.register_buffer(key, operand, persistent=False)
        else:
            self.__dict__[key] = operand

    def _held(self, key: str) -> Any:
        """Return an operand of the graph: a tensor on this model or a layer inside, or another object."""
        owner, _, name = key.rpartition(".")
        return getattr(self.get_submodule(owner), name)

    def _layer_under(self, key: str) -> Any:
        wiring = self._wiring
        if wiring is not None and key in wiring.network.without_state:
            return wiring.network.without_state[key]
        module = self.get_submodule(key)
        return module if isinstance(module, Layer) or wiring is None else wiring.stand_in_for(key, module)

    @property
    def _network(self) -> Network:
        wiring = self._current_wiring()
        assert wiring is not None, "only models with a graph are asked"
        return wiring.network

    def _generate_graph(self) -> fx.Graph:
        return graph_of(self._network)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that a model without graph was built with; a graph has its own."""
        return super().get_build_config() if self._wiring is None else None

    def _infer_call(self, outer: Any, inputs: Any, args: Any, kwargs: Any) -> tuple[Inferred, SymbolicRun | None]:
        """Return what comes out of a symbolic call: for inputs such as the model was made of, that is known."""
        if (
            type(self)._runs_its_graph
            and self._wiring is not None
            and not args
            and not kwargs
            and self._is_as_made(inputs)
        ):
            outputs = self._wiring.outputs
            specs = map_leaves(lambda tensor: tensor.spec, outputs)
            return Inferred(specs, [tensor._mask_spec for tensor in leaves(outputs)]), None
        return super()._infer_call(outer, inputs, args, kwargs)

    def _is_as_made(self, inputs: Any) -> bool:
        flat = self._door.flatten(inputs)
        is_known = self._born_in is self._policy.compute and self._wiring.has_its_layers(self._layer_under)  # type: ignore[union-attr]
        return is_known and all(
            is_symbolic(t) and t.spec == s and t._mask_spec is None for t, s in zip(flat, self._door.specs, strict=True)
        )

    def _symbolic_losses_of(self, layer: Any) -> list[Any]:
        """Return those that belong to this graph: its layers may stand in others too."""
        losses = super()._symbolic_losses_of(layer)
        if self._wiring is None:
            return losses
        inputs = leaves(self._wiring.inputs)
        return [loss for loss in losses if not loss.is_conditional or loss.follows_from(inputs)]

    def _sort_out_symbolic(self, values: Any) -> tuple[list[KerasTensor], list[Any]]:
        flat = leaves(values)
        return [leaf for leaf in flat if is_symbolic(leaf)], [leaf for leaf in flat if not is_symbolic(leaf)]

    def _add_sink(self, kind: str, tensor: KerasTensor, arguments: dict[str, Any]) -> None:
        """Put a layer that gives nothing to others behind a tensor of the graph."""
        wiring = self._current_wiring()
        if wiring is None:
            raise ValueError(
                f"{self._name}: a symbolic tensor is added to a model that is made of a graph. Received: {tensor!r}."
            )
        check_connected(self._name, wiring.inputs, [tensor])
        sink = _SINKS[kind](**arguments)(tensor)
        self._connect(wiring.inputs, wiring.outputs, [*wiring.sinks, sink])

    def _take_sinks(self, sinks: list[KerasTensor]) -> None:
        """Add layers that nobody takes anything from, which stand in the graph already."""
        if sinks and self._wiring is not None:
            self._connect(self._wiring.inputs, self._wiring.outputs, [*self._wiring.sinks, *sinks])

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._wiring is not None:
            record_again(self._wiring, self._layer_under, self._held)
            self._open(self._wiring)


def _with_mask(tensor: torch.Tensor, mask: Any) -> torch.Tensor:
    if mask_of(tensor) is mask:
        return tensor
    # Another view of the data, so that the caller's tensor keeps what it carries.
    seen = tensor.view_as(tensor)
    if mask is not None:
        seen._keras_mask = mask  # type: ignore[attr-defined]
    return seen
