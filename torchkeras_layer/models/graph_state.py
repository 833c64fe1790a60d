"""What does a model keep of the graph that it is made of, and what stands in it under which key?"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.models.network.inputs import InputAdapter, dtype_at
from torchkeras_layer.models.network.network import Network
from torchkeras_layer.models.network.wiring import Wiring

if TYPE_CHECKING:
    from torchkeras_layer.layer.record import Record


class GraphState:
    """The part of a model's record that is about its graph; without one, nothing is set.

    `wiring`: the graph; `adapter`: makes the inputs of a call into what the graph takes; `creation_dtype`: the compute
    dtype that the model was made in; `input_dtypes`: those that its inputs are cast to.
    """

    __slots__ = ("adapter", "creation_dtype", "input_dtypes", "wiring")

    def __init__(self) -> None:
        self.wiring: Wiring | None = None
        self.adapter: InputAdapter | None = None
        self.creation_dtype = torch.float32
        self.input_dtypes: list[torch.dtype | str] = []

    def take_inputs(self, record: Record) -> None:
        """Follow a change of the dtypes, and have the adapter look at the inputs of calls in the pipeline's stead."""
        if self.adapter is None:
            return
        now = record.policy.compute
        self.input_dtypes = [dtype_at(spec, self.creation_dtype, now) for spec in self.adapter.specs]
        record.casts, record.only_spec = False, None
        record.has_recorded = True

    def keeps_loss(self, loss: Any) -> bool:
        """Whether a symbolic loss of a layer inside belongs to this graph: its layers may stand in others too."""
        wiring = self.wiring
        return wiring is None or not loss.is_conditional or loss.follows_from(leaves(wiring.inputs))

    def current_wiring(self, model: Any) -> Wiring | None:
        """Return the graph of the model whose state this is, `None` for a model without one."""
        return self.wiring

    def take_wiring(self, wiring: Wiring) -> None:
        """Take a graph that was made of calls."""
        self.wiring = wiring

    def take_restored(self, model: Any) -> None:
        """Go on in a copy, whose calls have been recorded again."""

    def __copy__(self) -> GraphState:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphState:
        twin = type(self)()
        twin.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return {"wiring": self.wiring, "creation_dtype": self.creation_dtype}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()
        for name, value in state.items():
            setattr(self, name, value)


def state_of(model: Any) -> GraphState:
    """Return what a model keeps of its graph."""
    return model._torchkeras.graph


def wiring_of(model: Any) -> Wiring | None:
    """Return the graph of a model, `None` for one without."""
    graph: GraphState = model._torchkeras.graph
    return graph.current_wiring(model)


def flatten_inputs(model: Any, inputs: Any) -> list[Any]:
    """Return what a model with a graph is called on, flat, in the order in which its inputs count.

    Raises:
        ValueError: if an input is missing, or there are too many.
    """
    adapter = state_of(model).adapter
    assert adapter is not None, "only models with a graph are asked"
    return adapter.flatten(inputs)


def network_of(model: Any) -> Network:
    """Return the calls that a model with a graph is made of."""
    wiring = wiring_of(model)
    assert wiring is not None, "only models with a graph are asked"
    return wiring.network


def operand_under(model: Any, key: str) -> Any:
    """Return an operand of a model's graph: a tensor on the model or a layer inside, or another object."""
    owner, _, name = key.rpartition(".")
    return getattr(model.get_submodule(owner), name)


def layer_under(model: Any, key: str) -> Any:
    """Return the layer that stands in a model's graph under a key."""
    wiring = model._torchkeras.graph.wiring
    if wiring is not None and key in wiring.network.without_state:
        return wiring.network.without_state[key]
    module = model.get_submodule(key)
    return module if isinstance(module, Layer) or wiring is None else wiring.stand_in_for(key, module)
