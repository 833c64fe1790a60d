"""What does a layer know of itself? One object holds it, under one attribute: all other names are the user's."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from torchkeras_layer.layer.call_states import CallStates, TracedCallStates, new_call_states
from torchkeras_layer.layer.class_facts import CallSignature, ClassFacts
from torchkeras_layer.symbolic.input_spec import InputSpec
from torchkeras_layer.symbolic.node import NodeLinks

if TYPE_CHECKING:
    from torchkeras_layer.layer.weight_spec import WeightSpec
    from torchkeras_layer.precision import Policy

KEY = "_torchkeras"
# Of these, a copy has its own from the beginning.
_OF_CALLS = ("calls", "has_recorded", "inbound_nodes", "eager_nodes", "outbound_links", "model")
# Values that nobody changes in place, so that copies share them.
_SHARED = frozenset({"policy", "signature", "init_arguments", "compute_dtype", "pinned_device"})
_PLAIN = frozenset({bool, str, type(None)})


class NotInitializedError(RuntimeError, AttributeError):
    """`Layer.__init__` has not run. An AttributeError too: torch.compile and `hasattr` ask a layer in the making."""


class HoldsGraph(Protocol):
    """What a model has in its record: the graph that it is made of."""

    @property
    def adapts_inputs(self) -> bool:
        """Whether inputs are cast to what the graph's own inputs say, each by itself."""
        raise NotImplementedError

    def take_inputs(self, record: Record) -> None:
        """Say in the record how calls are led, once anything has changed that decides it."""

    def keeps_loss(self, loss: Any) -> bool:
        """Whether a symbolic loss of a layer inside belongs to this graph."""
        raise NotImplementedError


class Record:
    """The state of one layer beyond what torch keeps (parameters, buffers, children); it does not know its layer.

    Python finds slots an order of magnitude quicker than attributes of a module, which may come from `__getattr__`.
    The record is made by `Layer.__init__`, in one go.
    """

    is_ready = True

    __slots__ = (
        # Name, and where the layer stands among those around it.
        "name", "path",
        # What it was made with.
        "init_arguments", "initial_weights", "batch_input_shape", "pinned_device",
        # How it computes; `casts_weights`: whether a mixed policy reads weights in another dtype.
        "policy", "casts_weights", "autocast", "dynamic", "stateful", "input_spec", "activity_regularizer",
        "supports_masking", "warned_of_mask",
        # Its weights: what is known of each, those that no attribute holds yet, those that freezing turned off.
        "weight_specs", "unclaimed", "frozen_names", "trainable", "is_thawed", "is_frozen_above",
        "built", "is_building", "build_shapes",
        # Losses that belong to no call.
        "loss_functions",
        # What every call reads first: `derive_route` says it.
        "signature", "is_direct", "passes_training", "casts", "compute_dtype", "only_spec",
        # What calls leave, also symbolic ones; the model whose graph it stands in.
        "calls", "has_recorded", "inbound_nodes", "eager_nodes", "outbound_links", "model",
        # Of a model: what its class keeps of its own graph. Of a built-in layer: what it made of its arguments.
        "graph", "derived",
    )  # fmt: skip

    def __init__(self) -> None:
        self.name = ""
        self.path: str | None = None
        self.init_arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
        self.initial_weights: list[Any] | None = None
        self.batch_input_shape: Any = None
        self.pinned_device: torch.device | None = None
        self.policy: Policy
        self.casts_weights = False
        self.autocast = True
        self.dynamic = False
        self.stateful = False
        self.input_spec: Any = None
        self.activity_regularizer: Callable[[torch.Tensor], torch.Tensor] | None = None
        self.supports_masking = False
        self.warned_of_mask = False
        self.weight_specs: dict[str, WeightSpec] = {}
        self.unclaimed: set[str] = set()
        self.frozen_names: set[str] = set()
        self.trainable = True
        self.is_thawed = False
        self.is_frozen_above = False
        self.built = False
        self.is_building = False
        self.build_shapes: Any = None
        self.loss_functions: list[Callable[[], Any]] = []
        self.signature: CallSignature
        self.is_direct = False
        self.passes_training = False
        self.casts = True
        self.compute_dtype = torch.float32
        self.only_spec: InputSpec | None = None
        self.graph: HoldsGraph | None = None
        self.derived: Any = None
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what calls have left, as a copy does."""
        self.calls: CallStates | TracedCallStates = new_call_states()
        self.has_recorded = False
        self.inbound_nodes: list[Any] = []
        self.eager_nodes: list[Any] = []
        self.outbound_links = NodeLinks()
        self.model: weakref.ref[Any] | None = None

    def __copy__(self) -> Record:
        """Return a record for a layer with the same weights and graph: what calls have left is not copied."""
        twin = Record()
        for slot in _COPIED:
            value = getattr(self, slot)
            setattr(twin, slot, copy.copy(value) if isinstance(value, (dict, set, list)) else value)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Record:
        twin = Record()
        memo[id(self)] = twin
        for slot in _COPIED:
            value = getattr(self, slot)
            is_shared = type(value) in _PLAIN or slot in _SHARED
            setattr(twin, slot, value if is_shared else copy.deepcopy(value, memo))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return {slot: getattr(self, slot) for slot in _COPIED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # What a pickle of another version does not have, or has too, makes no difference.
        self.__init__()
        restore(self, {slot: value for slot, value in state.items() if slot in _COPIED})


_COPIED = tuple(slot for slot in Record.__slots__ if slot not in _OF_CALLS)


def contents_of(holder: Any) -> dict[str, Any]:
    """Return what an object with slots holds, by slot; nothing of `None`."""
    slots = [slot for cls in type(holder).__mro__ for slot in getattr(cls, "__slots__", ())]
    return {slot: getattr(holder, slot) for slot in slots if hasattr(holder, slot)}


def restore(holder: Any, contents: dict[str, Any]) -> None:
    """Put contents back into their slots."""
    for slot, value in contents.items():
        setattr(holder, slot, value)


class BeforeInit:
    """Stands in the record's place until `Layer.__init__` has run, and keeps what may be set early."""

    is_ready = False
    # So that parameters which were assigned by then can be read.
    casts_weights = False
    init_arguments: Any = None

    def __init__(self, class_name: str) -> None:
        self.class_name = class_name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotInitializedError(too_early_message(self.class_name, "cannot be used"))


def too_early_message(class_name: str, what: str) -> str:
    """Say that `super().__init__()` comes first."""
    return (
        f"{class_name}: call super().__init__() at the start of __init__, before anything else. Until then a layer "
        f"{what}."
    )


def begin_module(layer: Any) -> Any:
    """Have torch make its registries, once, but not the hooks of its lazy modules; return the record or its place."""
    state = layer.__dict__
    if KEY in state:
        return state[KEY]
    if torch.compiler.is_dynamo_compiling():
        # The compiler shows the registries before they are made, and follows no `nn.Module.__init__(self)`.
        super(LazyModuleMixin, layer).__init__()
    elif "_modules" not in state:
        nn.Module.__init__(layer)
    place = state[KEY] = BeforeInit(type(layer).__name__)
    return place


def is_layer(module: Any) -> TypeGuard[Any]:
    """Whether a module is a layer: what lies below `Layer` cannot name it.

    >>> import torchkeras_layer as keras
    >>> is_layer(keras.layers.Dense(2)), is_layer(nn.Linear(2, 2))
    (True, False)
    """
    return KEY in getattr(module, "__dict__", ())


def change(layer: Any, **values: Any) -> None:
    """Write into a layer's record what decides how its calls are led."""
    record: Record = layer._torchkeras
    restore(record, values)
    derive_route(layer)


def derive_route(layer: Any) -> None:
    """Decide whether a call on one plain tensor may go straight to `call`, and what it must then look at."""
    record: Record = layer._torchkeras
    facts: ClassFacts = layer._torchkeras_facts
    spec, signature = record.input_spec, record.signature
    wants_nothing = signature.is_plain and record.activity_regularizer is None
    makes_mask = facts.defines_mask and record.supports_masking and not facts.only_merges_masks
    takes_one = spec is None or isinstance(spec, InputSpec)
    is_plain = wants_nothing and takes_one and not makes_mask
    record.is_direct = record.built and is_plain and not record.dynamic and not record.casts_weights
    record.passes_training = signature.takes_training
    record.only_spec = spec if takes_one else None
    record.casts = record.autocast
    record.compute_dtype = record.policy.compute
    if record.graph is not None:
        record.graph.take_inputs(record)
