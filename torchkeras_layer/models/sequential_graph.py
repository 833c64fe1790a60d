"""How does a chain of layers become a graph?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.building import build_lock
from torchkeras_layer.layer.creation import creating_weights
from torchkeras_layer.layers.core.input_layer import Input
from torchkeras_layer.models.configs.sequential_configuration import SequentialConfiguration
from torchkeras_layer.models.network.inputs import door_of
from torchkeras_layer.models.network.wiring import Wiring
from torchkeras_layer.symbolic import KerasTensor, TensorSpec, is_symbolic
from torchkeras_layer.symbolic.input_spec import describe


class SequentialGraph(SequentialConfiguration):
    """The side of a `Sequential` that has to do with its graph, which may come late, and change with its layers."""

    # Where the graph begins and ends, and which layers it leads through; the shape that it was given by `build` or the
    # first call on real tensors, if that is where it comes from, or will be; what symbolic losses and metrics hang on
    # it.
    _start: KerasTensor | None
    _end: KerasTensor | None
    _chained: tuple[Any, ...]
    _seen: TensorSpec | None
    _pending: TensorSpec | None
    _sinks: tuple[KerasTensor, ...]

    def _steps(self) -> list[Any]:
        return [layer for key, layer in self._modules.items() if key.isdigit()]

    def _begin_at(self, start: KerasTensor | None, end: KerasTensor | None) -> None:
        """Get ready for calls from an input on; code and network are made when they are asked for."""
        self.__dict__.update(_start=start, _end=end, _wiring=None, _chained=tuple(self._steps()))
        if start is not None:
            self.__dict__["_door"] = door_of(self._name, start, [start.spec], [start.name])
            self.__dict__["_born_in"] = self._policy.compute
            self._choose_route()
        if end is not None:
            self.built = True

    def _make_graph(self, spec: TensorSpec) -> None:
        start = Input(batch_shape=spec.shape, dtype=spec.dtype)
        self._begin_at(start, self._chain(start, self._steps()))

    def _current_wiring(self) -> Wiring | None:
        with build_lock:
            if self._start is None or not self._steps():
                return None
            steps = self._steps()
            if [id(step) for step in steps] != [id(layer) for layer in self._chained]:
                # A layer was replaced.
                self._begin_at(self._start, self._chain(self._start, steps))
            if self._wiring is None:
                self._connect(self._start, self._end, list(self._sinks))
        return self._wiring

    def _connect(self, inputs: Any, outputs: Any, sinks: list[KerasTensor]) -> None:
        super()._connect(inputs, outputs, sinks)
        self.__dict__["_sinks"] = tuple(sinks)

    def _chain(self, start: KerasTensor, steps: list[Any]) -> KerasTensor:
        """Return what layers give one after the other; nodes that are there already are not made again."""
        tensor = start
        for layer in steps:
            tensor = self._follow(layer, tensor)
        return tensor

    def _follow(self, layer: Any, inputs: Any) -> KerasTensor:
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
        with build_lock:
            if self._built:
                return
            if is_symbolic(inputs) and self._steps():
                self._make_graph(inputs.spec)
                return
            # Each layer builds itself, in order, from what the one before gives; then there can be a graph.
            if isinstance(inputs, torch.Tensor) and self._steps():
                shape = [None, *map(_plain, inputs.shape[1:])] if inputs.dim() else []
                self.__dict__["_pending"] = TensorSpec(shape, inputs.dtype)
            self.built = True

    def _make_pending_graph(self) -> None:
        """Make the graph for the inputs of the first call; layers that cannot run without data do without one."""
        with build_lock, creating_weights(None):
            spec = self._pending
            if spec is None:
                return
            self.__dict__["_pending"] = None
            counts = [(layer._inbound_nodes, len(layer._inbound_nodes)) for layer in self._steps()]
            try:
                self._make_graph(spec)
            except Exception:
                for nodes, count in counts:
                    del nodes[count:]
                return
            self.__dict__["_seen"] = spec

    def _state_to_copy(self) -> dict[str, Any]:
        self._current_wiring()
        return {**super()._state_to_copy(), "_start": None, "_end": None, "_sinks": (), "_chained": ()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        wiring = self._wiring
        if wiring is not None:
            self.__dict__.update(
                _start=wiring.inputs, _end=wiring.outputs, _sinks=tuple(wiring.sinks), _chained=tuple(self._steps())
            )


def _plain(size: Any) -> int | None:
    return None if isinstance(size, torch.SymInt) else size
