"""Which state do all facets of a layer share? Declared here, born in `Layer.__init__`."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

if TYPE_CHECKING:
    from torchkeras_layer.layer.losses import CallStates, TracedCallStates
    from torchkeras_layer.layer.route import Route
    from torchkeras_layer.layer.signatures import CallSignature
    from torchkeras_layer.layer.weight_spec import WeightSpec
    from torchkeras_layer.precision import Policy
    from torchkeras_layer.symbolic.eager_node import EagerNode
    from torchkeras_layer.symbolic.links import NodeLinks
    from torchkeras_layer.symbolic.node import Node


class LayerState(LazyModuleMixin, nn.Module):
    """The attributes that facets read and write; a base class so that they, and type checkers, know them."""

    if TYPE_CHECKING:

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    _call_signature: ClassVar[CallSignature]
    _build_arguments: ClassVar[tuple[str, ...] | None]
    _build_takes_shape: ClassVar[bool]
    _creates_weights: ClassVar[bool]
    _defines_mask: ClassVar[bool]
    _states_its_shapes: ClassVar[bool]
    # Whether calls of a class that states its shapes may add losses or updates.
    _has_effects: ClassVar[bool] = True
    # Whether torch's modules are all that `super().__init__()` comes to in the base of all facets.
    _begins_as_torch_does: ClassVar[bool] = True
    # Whether `compute_mask` gives a mask only where there is one among the inputs.
    _only_merges_masks: ClassVar[bool] = False
    _declared: ClassVar[dict[str, Any]] = {}

    _name: str
    _trainable: bool
    _is_thawed: bool
    _is_frozen_above: bool
    _built: bool
    _is_building: bool
    _policy: Policy
    _call_route: Route
    _autocast: bool
    # Also before `Layer.__init__` has run, so that parameters which were assigned by then can be read.
    _casts_weights: bool = False
    _pinned_device: torch.device | None
    _dynamic: bool
    _stateful: bool
    _supports_masking: bool
    _input_spec: Any
    _activity_regularizer: Callable[[torch.Tensor], torch.Tensor] | None
    _path: str | None
    _build_shapes: Any
    _batch_input_shape: Any
    _initial_weights: list[Any] | None
    _weight_specs: dict[str, WeightSpec]
    _unclaimed: set[str]
    _frozen_names: set[str]
    _loss_functions: list[Callable[[], Any]]
    _call_states: CallStates | TracedCallStates
    _warned_of_mask: bool
    _inbound_nodes: list[Node]
    _eager_nodes: list[EagerNode]
    _outbound_links: NodeLinks
    _model_reference: weakref.ref[Any] | None
    _init_arguments: tuple[tuple[Any, ...], dict[str, Any]]

    def _begin_module(self) -> None:
        """Have torch make its registries, once, but not the hooks of its lazy modules."""
        if torch.compiler.is_dynamo_compiling():
            # The compiler shows the registries before they are made, and follows no `nn.Module.__init__(self)`.
            if "_init_arguments" not in self.__dict__:
                super(LazyModuleMixin, self).__init__()
        elif "_modules" not in self.__dict__:
            nn.Module.__init__(self)

    def _can_be_made_in_trace(self) -> bool:
        return not self._creates_weights and self._begins_as_torch_does
