"""What does a layer store about itself? One object, under one attribute: all other attribute names are the user's."""

from __future__ import annotations

import copy
import itertools
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from torchkeras_layer.layer.call_records import CallStates, TracedCallStates, new_call_states
from torchkeras_layer.layer.class_facts import CallSignature, ClassFacts
from torchkeras_layer.layer.context import path_below, per_thread
from torchkeras_layer.symbolic.input_spec import InputSpec
from torchkeras_layer.symbolic.node import NodeLinks

if TYPE_CHECKING:
    from torchkeras_layer.layer.weight_arguments import WeightSpec
    from torchkeras_layer.precision import Policy

KEY = "_torchkeras"
# What calls leave. A copy starts without it.
_OF_CALLS = ("calls", "has_recorded", "inbound_nodes", "eager_nodes", "outbound_links", "symbolic_losses", "model")
# Values that are never changed in place, so that copies can share them.
_SHARED = frozenset(
    {"policy", "signature", "init_arguments", "compute_dtype", "pinned_device", "pinned_dtype", "memory_format"}
)
_PLAIN = frozenset({bool, str, type(None)})


class NotInitializedError(RuntimeError, AttributeError):
    """`Layer.__init__` has not run. Also an AttributeError: torch.compile and `hasattr` inspect unfinished layers."""


class HoldsGraph(Protocol):
    """The interface of `Record.graph`: the graph that a model consists of."""

    @property
    def lists_layers(self) -> bool:
        """Whether the layers of the model are those of a graph or a chain, and not those on its attributes."""
        raise NotImplementedError

    @property
    def adapts_inputs(self) -> bool:
        """Whether each input is cast to the dtype of its own `Input`, and not to the model's compute dtype."""
        raise NotImplementedError

    @property
    def takes_several(self) -> bool:
        """Whether the model takes several inputs in one list."""
        raise NotImplementedError

    def take_inputs(self, record: Record) -> None:
        """Adjust in the record which path calls take; called whenever `derive_route` has decided it."""

    def take_losses(self, model: Any, tensors: list[Any]) -> None:
        """Add those symbolic losses of layers inside that the graph can compute from its inputs."""
        raise NotImplementedError

    def calls_of(self, model: Any) -> list[Any] | None:
        """Return the symbolic calls that the graph consists of, without its inputs; `None` for a model without one."""
        raise NotImplementedError


class Record:
    """The state of one layer beyond what torch stores (parameters, buffers, children), without a reference to it.

    Reading a slot is ten times as fast as reading a module's attribute, which may need `__getattr__`. `Layer.__init__`
    creates the complete record at once.
    """

    is_ready = True

    __slots__ = (
        # The name, and the path: the names of the enclosing layers too.
        "name", "path",
        # The how-manieth layer it was to be put into another one; 0 if it was not.
        "place",
        # What it was created with.
        "init_arguments", "initial_weights", "batch_input_shape",
        # Where, in which floating-point dtype and in which memory format (by name) torch was told to store the weights,
        # by `.to()` and the like.
        "pinned_device", "pinned_dtype", "memory_format",
        # How it computes; `given_policy`: the policy or map of policies that was given, `policy` that of the layer's
        # path; `casts_weights`: whether a mixed policy casts weights when `call` reads them.
        "policy", "given_policy", "casts_weights", "autocast", "dynamic", "stateful", "input_spec",
        "activity_regularizer", "supports_masking", "warned_of_change", "warned_of_mask", "warned_of_shape",
        # Its weights: the spec of each, how many it created, the names of those that no attribute holds yet; the names
        # of parameters of the user's that did not train when they were assigned; `trainable` as it was last set: what
        # trains is said by `requires_grad`, and this flag says what is to be done with weights and layers that do not
        # exist yet.
        "weight_specs", "weight_count", "unclaimed", "constants", "trainable",
        "built", "is_building", "build_shapes",
        # Losses that belong to no call.
        "loss_functions",
        # What every call reads first: `derive_route` sets it.
        "signature", "is_direct", "passes_training", "casts", "compute_dtype", "only_spec",
        # What calls leave, also symbolic ones; symbolic tensors that were added as losses; the model whose graph
        # contains the layer.
        "calls", "has_recorded", "inbound_nodes", "eager_nodes", "outbound_links", "symbolic_losses", "model",
        # Of a model: its graph. Of a built-in layer: the values that it derived from its arguments.
        "graph", "derived",
    )  # fmt: skip

    def __init__(self) -> None:
        self.name = ""
        self.path: str | None = None
        self.place = 0
        self.init_arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
        self.initial_weights: list[Any] | None = None
        self.batch_input_shape: Any = None
        self.pinned_device: torch.device | None = None
        self.pinned_dtype: torch.dtype | None = None
        self.memory_format: str | None = None
        self.policy: Policy
        self.given_policy: Policy
        self.casts_weights = False
        self.autocast = True
        self.dynamic = False
        self.stateful = False
        self.input_spec: Any = None
        self.activity_regularizer: Callable[[torch.Tensor], torch.Tensor] | None = None
        self.supports_masking = False
        self.warned_of_mask = False
        self.warned_of_shape = False
        self.warned_of_change = False
        self.weight_specs: dict[str, WeightSpec] = {}
        self.weight_count = 0
        self.unclaimed: set[str] = set()
        self.constants: set[str] = set()
        self.trainable = True
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
        self.forget_calls()

    def forget_calls(self) -> None:
        """Reset what calls have left."""
        self.calls: CallStates | TracedCallStates = new_call_states()
        self.has_recorded = False
        self.inbound_nodes: list[Any] = []
        self.symbolic_losses: list[Any] = []
        self.eager_nodes: list[Any] = []
        self.outbound_links = NodeLinks()
        self.model: weakref.ref[Any] | None = None

    def __copy__(self) -> Record:
        """Return a record for a layer with the same weights and graph; what calls have left is not copied."""
        duplicate = Record()
        for slot in _COPIED:
            value = getattr(self, slot)
            setattr(duplicate, slot, copy.copy(value) if isinstance(value, (dict, set, list)) else value)
        return duplicate

    def __deepcopy__(self, memo: dict[int, Any]) -> Record:
        duplicate = Record()
        memo[id(self)] = duplicate
        for slot in _COPIED:
            value = getattr(self, slot)
            is_shared = type(value) in _PLAIN or slot in _SHARED
            setattr(duplicate, slot, value if is_shared else copy.deepcopy(value, memo))
        return duplicate

    def __getstate__(self) -> dict[str, Any]:
        return {slot: getattr(self, slot) for slot in _COPIED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A pickle of another version may lack slots, or have others.
        self.__init__()
        restore(self, {slot: value for slot, value in state.items() if slot in _COPIED})


_places = itertools.count(1)


def note_place(module: Any) -> None:
    """Note when a layer is put into another one for the first time: files of Keras list layers in this order."""
    record = module.__dict__.get(KEY)
    if isinstance(record, Record) and not record.place and not torch.compiler.is_dynamo_compiling():
        record.place = next(_places)


_COPIED = tuple(slot for slot in Record.__slots__ if slot not in _OF_CALLS)


def contents_of(holder: Any) -> dict[str, Any]:
    """Return the values of an object's slots, by name; `{}` for `None`."""
    slots = [slot for cls in type(holder).__mro__ for slot in getattr(cls, "__slots__", ())]
    return {slot: getattr(holder, slot) for slot in slots if hasattr(holder, slot)}


def restore(holder: Any, contents: dict[str, Any]) -> None:
    """Write values into an object's slots, by name."""
    for slot, value in contents.items():
        setattr(holder, slot, value)


class BeforeInit:
    """Takes the place of the record until `Layer.__init__` has run, and holds the properties that may be set early."""

    is_ready = False
    # Reading a parameter that was assigned early needs it.
    casts_weights = False
    init_arguments: Any = None

    def __init__(self, class_name: str) -> None:
        self.class_name = class_name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotInitializedError(too_early_message(self.class_name, "cannot be used"))


def too_early_message(class_name: str, what: str) -> str:
    """Return the message that `super().__init__()` must come first; `what` is what a layer cannot do before it."""
    return f"{class_name}: call super().__init__() at the start of __init__. Until then, a layer {what}."


def begin_module(layer: Any) -> Any:
    """Have torch create its registries once, without the hooks of lazy modules; return the record or `BeforeInit`."""
    state = layer.__dict__
    if KEY in state:
        return state[KEY]
    if torch.compiler.is_dynamo_compiling():
        # The compiler shows the registries before they exist, and cannot trace `nn.Module.__init__(self)`.
        super(LazyModuleMixin, layer).__init__()
    elif "_modules" not in state:
        nn.Module.__init__(layer)
    before = state[KEY] = BeforeInit(type(layer).__name__)
    return before


def is_layer(module: Any) -> TypeGuard[Any]:
    """Whether a module is a layer, for modules that `Layer` imports and that therefore cannot import it.

    >>> import torchkeras_layer as keras
    >>> is_layer(keras.layers.Dense(2)), is_layer(nn.Linear(2, 2))
    (True, False)
    """
    return KEY in getattr(module, "__dict__", ())


def change(layer: Any, **values: Any) -> None:
    """Write values that decide which path calls take into a layer's record."""
    record: Record = layer._torchkeras
    restore(record, values)
    derive_route(layer)


def take_policy(record: Record, policy: Policy) -> None:
    """Take a policy, or from a map the one of the layer's path, without the rest of `change`."""
    record.given_policy, record.policy = policy, policy.at(record.path)
    record.casts_weights = record.policy.is_mixed


def set_path(layer: Any, path: str) -> None:
    """Give a layer its path, once. With a map of policies, it then takes the policy of its path."""
    record: Record = layer._torchkeras
    if record.path is None:
        record.path = path
        if record.given_policy is not record.policy:
            take_policy(record, record.given_policy)
            derive_route(layer)


def assign_path(layer: Any) -> None:
    """Give a built layer its path, unless it has one."""
    record = layer._torchkeras
    if record.path is None and record.built:
        set_path(layer, path_below(per_thread.context.layer, record.name))


def derive_route(layer: Any) -> None:
    """Decide whether calls on one plain tensor may go straight to `call`, and what must be checked before."""
    record: Record = layer._torchkeras
    facts: ClassFacts = layer._torchkeras_facts
    spec, signature = record.input_spec, record.signature
    needs_inputs_only = signature.masks_are_optional and record.activity_regularizer is None
    creates_masks = facts.defines_mask and record.supports_masking and not facts.only_merges_masks
    has_one_spec = spec is None or isinstance(spec, InputSpec)
    is_plain = needs_inputs_only and has_one_spec and not creates_masks
    record.is_direct = record.built and is_plain and not record.dynamic and not record.casts_weights
    record.passes_training = signature.takes_training
    record.only_spec = spec if has_one_spec else None
    record.casts = record.autocast
    record.compute_dtype = record.policy.compute
    if record.graph is not None:
        record.graph.take_inputs(record)
