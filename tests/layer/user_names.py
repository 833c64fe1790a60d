"""Which private names may a user's class take: those that come to mind, and those that the core once used itself?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

import torchkeras_layer as keras

LIKELY = """
    _activation _args _attention _axes _axis _backbone _batch_size _bias _block _blocks _body _build _built _cache
    _call _cell _channels _compute _config _connect _context _count _cast _data _decoder _depth _device _dim _dims
    _door _dropout _dtype _embed _embedding _encode _encoder _epsilon _eval _factor _features _forward _frozen _fn
    _gate _graph _head _heads _helper _hidden _history _hooks _index _init _initialized _initializer _input _inputs
    _inner _is_built _is_training _kernel _key _keys _kwargs _layer _layers _length _logits _loss _losses _mask
    _masks _mean _merge _metrics _mode _model _module _name_of _nodes _norm _optimizer _options _order _output
    _outputs _padding _params _path _policy _pool _position _prepare _process _project _projection _queries _query
    _rank _rate _read _record _register _reset _residual _route _run _scale _scope _scores _seed _self _shape
    _shapes _signature _size _sizes _spec _specs _split _start _state _states _steps _step _stack _style _table
    _tensor _training _trainable _transform _units _update _updates _value _values _var _variables _variance _vector
    _weight _weights _wiring _write
""".split()  # noqa: SIM905 (as a list it has 200 lines)

# What Layer, Model and Sequential had in every user's class before their state went into a record.
ONCE_OURS = """
    _activity_regularizer _add_activity_loss _add_mean _add_sink _adopt_containers _all_or_nothing
    _apply_declarations _array_as_tensor _as_step _as_symbolic _as_tensor _as_tensors _attach_mask _autocast
    _base_config _batch_input_shape _begin_at _begin_empty _begin_module _begin_recording _begins_as_torch_does
    _born_in _build_again _build_arguments _build_by_signature _build_for_call _build_for_loading _build_in_trace
    _build_shapes _build_surroundings _build_takes_shape _call_for_inference _call_in_full _call_route
    _call_signature _call_states _call_symbolically _can_be_made_in_trace _captured_config _cast_hidden_weights
    _cast_inputs _casts_weights _chain _chained _check_declared _check_own_shapes _check_state_dict _check_tensors
    _choose_mask _choose_path _choose_route _claim_weight _common_shape _create_weight _creates_weights
    _current_wiring _declared _declared_outputs _declares_shapes _defines_mask _describe_build _device_inside
    _dynamic _eager_nodes _effects_of _end _end_recording _explain_missing _fails_on _fill_in _find_metric
    _finish_build _first_node _follow _forget_spec _free_key _frozen_names _gave_nothing _gave_several
    _generate_graph _give_up_weight _given_arguments _gives_its_dtype _has_effects _held _held_by_key
    _hidden_by_class _hold _holds_tensor _infer_call _infer_output _init_arguments _initial_weights
    _input_dtype _input_dtypes _input_spec _is_as_made _is_building _is_frozen_above _is_nothing_of_torchs
    _is_thawed _layer_under _layers_inside _let_in _load_the_rest _loss_functions _make_graph _make_metric
    _make_pending_graph _model_reference _more_to_save _moves_plainly _network _never_symbolic _node_at _not_plain
    _only_merges_masks _open _outbound_links _own_metrics _own_weights _path_below _pending _pinned_device
    _read_too_early _read_weight _record_losses _recorded_effects _recorded_updates _register_weight _returned_by
    _run_symbolically _runs_its_graph _save_in_order _seen _set_early _set_policy _set_property
    _shape_argument_error _sinks _sort_out_symbolic _stand_in_requires_grad _state_to_copy _stateful
    _states_its_shapes _supports_masking _symbolic_losses_of _take_first_argument _take_in _take_input _take_sinks
    _telling_nodes _training_mode _unclaimed _untraceable _update_stand_in _warn_of_lost_mask _warned_of_mask
    _weight_specs _weights_device _wired _with_training
""".split()  # noqa: SIM905 (as a list it has 200 lines)

NAMES = sorted({*LIKELY, *ONCE_OURS})


def private_names(cls: type) -> set[str]:
    """Return the private names of a class that torch's modules and its protocol for lazy ones do not have."""
    torchs = {*dir(nn.Module), *dir(nn.modules.lazy.LazyModuleMixin), *dir(nn.modules.lazy._LazyProtocol)}
    return {name for name in dir(cls) if name.startswith("_") and not name.startswith("__")} - torchs


def class_with(base: type, names: Iterable[str]) -> Any:
    """Make a subclass that has a method under each of the names; none is ever called."""

    def method(self: Any, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("a method of the user's own was called")

    return type(base.__name__, (base,), {**dict.fromkeys(names, method), "__module__": __name__})


def class_setting(base: type, names: Iterable[str], value: Any = "the user's own") -> Any:
    """Make a subclass whose constructor sets each of the names."""

    class Setting(base):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            for name in names:
                setattr(self, name, value)

        def get_config(self) -> dict[str, Any]:
            return base.get_config(self)  # type: ignore[attr-defined]

    Setting.__name__ = base.__name__
    return Setting


class Plain(keras.Layer):
    """A layer with a weight, a layer inside, a loss, an update and a mask, which users write like this."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.inner = keras.layers.Dense(units, kernel_initializer="ones")
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight("scale", (input_shape[-1],), initializer="ones", regularizer="l2")
        self.seen = self.add_weight("seen", (), initializer="zeros", trainable=False)

    def call(self, inputs: torch.Tensor, training: Any = None) -> torch.Tensor:
        if training:
            self.add_update(lambda: self.seen.add_(1))
        self.add_loss(inputs.mean())
        self.add_metric(inputs.sum(), "mean", "total")
        return self.inner(inputs * self.scale)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
