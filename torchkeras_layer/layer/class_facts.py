"""What must be known about a layer class? It is read once, when the class is created, and never during a call."""

from __future__ import annotations

import inspect
import types
import warnings
from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from torchkeras_layer._ported_code import read_class_as_keras

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class CallSignature:
    """What the call pipeline must know about the signature of `call`.

    Attributes:
        first: name of the first argument.
        positional: names of the later arguments that can be given by position.
        takes_training: whether it has an argument of this name; `**kwargs` do not count, as in Keras 3.
        takes_mask: whether it has an argument `mask`.
        masks_are_optional: whether all arguments for masks have the default `None`.
        first_is_optional: whether the first argument has the default `None`.
        masked: names of the arguments beside which there is an argument `<name>_mask`, for their masks.
    """

    first: str
    positional: tuple[str, ...]
    takes_training: bool
    takes_mask: bool
    masks_are_optional: bool = True
    first_is_optional: bool = False
    masked: tuple[str, ...] = ()

    def argument(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the value given for `name` among the arguments after the first, or `None`."""
        if name in kwargs:
            return kwargs[name]
        if name in self.positional:
            index = self.positional.index(name)
            return args[index] if index < len(args) else None
        return None

    def is_given(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a value was given for `name` among the arguments after the first."""
        return name in kwargs or (name in self.positional and self.positional.index(name) < len(args))


def read_call_signature(call: Callable[..., Any]) -> CallSignature:
    """Read the signature of an unbound `call`.

    >>> read_call_signature(lambda self, x, state, training=None: x)
    CallSignature(first='x', positional=('state', 'training'), takes_training=True,
        takes_mask=False, masks_are_optional=True, first_is_optional=False, masked=())
    """
    parameters = list(inspect.signature(call).parameters.values())[1:]
    positional = tuple(p.name for p in parameters if p.kind in _POSITIONAL)
    names = {p.name for p in parameters}
    masked = tuple(p.name for p in parameters if f"{p.name}_mask" in names)
    mask_names = {"mask", *(f"{name}_mask" for name in masked)}
    return CallSignature(
        first=positional[0] if positional else "inputs",
        positional=positional[1:],
        takes_training="training" in names,
        takes_mask="mask" in names,
        first_is_optional=bool(parameters) and parameters[0].default is None,
        masks_are_optional=all(p.default is None for p in parameters if p.name in mask_names),
        masked=masked,
    )


def read_build_arguments(build: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return the argument names of an unbound `build` that takes several shapes, else `None`.

    As in Keras 2, `build(self, input_shape)` gets the shape of the first argument of `call`, whatever its name. As in
    Keras 3, `build(self, query_shape, value_shape)` gets the shapes of the arguments `query` and `value` of `call`.

    >>> read_build_arguments(lambda self, query_shape, value_shape: None)
    ('query_shape', 'value_shape')
    >>> read_build_arguments(lambda self, input_shape: None)
    """
    parameters = list(inspect.signature(build).parameters.values())[1:]
    names = tuple(p.name for p in parameters if p.kind in _POSITIONAL)
    return names if len(names) > 1 else None


@dataclass(frozen=True)
class ClassFacts:
    """What is known about a layer class.

    Attributes:
        signature: the signature of `call`.
        reads_inputs: whether the class has its own way to turn inputs into tensors.
        build_arguments: the argument names of `build` if it takes several shapes, else `None`.
        build_takes_shape: whether `build` takes any shape.
        creates_weights: whether `build` may create weights.
        builds_only_inside: whether all weights that `build` creates are those of layers inside.
        defines_mask: whether the class overrides `compute_mask`.
        only_merges_masks: whether `compute_mask` returns a mask only if an input has one.
        declares_shapes: whether the class overrides `compute_output_shape`.
        declares_specs: whether the class overrides `compute_output_spec`.
        names_shapes: whether it is the user's, and takes several shapes, each by the name of an argument of `call`.
        states_its_shapes: whether `compute_output_shape` and all that `is_built_in` asks for are a built-in layer's, so
            that the shapes can be trusted without running `call`.
        is_built_in: whether `call`, with the methods that it calls, is that of a built-in layer.
        overrides: the names of the methods that the `call` of built-in layers runs, and this class defines itself.
        runs_built_in_call: whether `call` itself is that of a built-in layer.
        lacks_call: whether it is a user's class that has the `call` of `Layer`, and nothing in its place.
        replaces_forward: whether it has a `forward` of the user's, which takes the place of the whole pipeline.
        takes_a_list: whether the first argument of `call` is a list of several inputs.
        adds_losses: whether a call may add losses, apart from those of an activity regularizer and of layers inside.
        adds_updates: whether a call may add updates, apart from those of layers inside.
        reads_members: whether its code reads members that Keras's tensors and variables have and torch's have not.
        may_change_inputs: whether a call may change its inputs in place without a warning: torch's modules do so on
            purpose, and a model leaves the warning to the layers in it.
        has_torch_base_only: whether the last `super().__init__()` of a constructor runs torch's code only, and not that
            of a mixin.
        declared: values for properties of `Layer` that the class and its bases declare as plain class attributes.
        own_options: the options of the class statement, see `read_facts`.
        own_declarations: the part of `declared` that the class itself declares.
    """

    signature: CallSignature
    reads_inputs: bool
    build_arguments: tuple[str, ...] | None
    build_takes_shape: bool
    creates_weights: bool
    builds_only_inside: bool
    defines_mask: bool
    only_merges_masks: bool
    declares_shapes: bool
    declares_specs: bool
    names_shapes: bool
    states_its_shapes: bool
    is_built_in: bool
    overrides: frozenset[str]
    runs_built_in_call: bool
    lacks_call: bool
    replaces_forward: bool
    takes_a_list: bool
    adds_losses: bool
    adds_updates: bool
    reads_members: bool
    may_change_inputs: bool
    has_torch_base_only: bool
    declared: dict[str, Any]
    own_options: dict[str, bool]
    own_declarations: dict[str, Any]


# The properties of `Layer` for which a class may declare a value as a plain class attribute.
_DECLARABLE = ("input_spec", "stateful", "dynamic", "supports_masking", "activity_regularizer")
# The options that a built-in layer may have in its class statement.
CLASS_OPTIONS = (
    "adds_losses", "adds_updates", "may_change_inputs", "only_merges_masks", "takes_a_list", "build_makes_weights",
    "builds_only_inside", "default_mask",
)  # fmt: skip
# Methods of built-in layers that their `call` runs, and that a subclass may override, as in Keras.
_CALLED_BY_BUILT_IN = (
    *("convolution_op", "_pooling_function", "_merge_function", "_get_noise_shape"),
    *("_moments", "_calculate_mean_and_var"),
    *("_calculate_scores", "_calculate_score_mask", "_apply_scores"),
    *("_compute_attention", "_compute_attention_mask", "_compute_causal_mask", "_masked_softmax"),
    *("inner_loop", "_compute_carry_and_output", "_compute_carry_and_output_fused", "input_conv", "recurrent_conv"),
)
# `Layer.call` accepts any argument and uses only the first.
_PASS_THROUGH = CallSignature(first="inputs", positional=(), takes_training=False, takes_mask=False)


def read_facts(cls: Any, base: Any, options: dict[str, bool]) -> ClassFacts:
    """Collect the facts about a layer class; `base` is `Layer`.

    Options of the class statement state what cannot be inferred. Subclasses inherit them, in the order in which Python
    looks up attributes.

    - `adds_losses`, `adds_updates`, `may_change_inputs`, `only_merges_masks` and `takes_a_list` are facts themselves.
    - `build_makes_weights=False`: the `build` of this class creates no weights.
    - `builds_only_inside=True`: the `build` of this class creates none but those of the layers inside.
    - `default_mask=True`: the `compute_mask` of this class counts as that of `Layer`: `defines_mask` stays false.

    Plain class attributes that declare a value for a property of `Layer` are removed from the class, because they
    would hide the property. Methods of a user's class that read members of Keras's tensors get code that finds them.
    """
    declarations = _remove_declarations(cls)
    inherited = [vars(one)["_torchkeras_facts"] for one in cls.__mro__[1:] if "_torchkeras_facts" in vars(one)]
    stated = [options, *(facts.own_options for facts in inherited)]
    default_masks = {base.compute_mask, *_methods_with(cls, "compute_mask", "default_mask", options)}
    defines_mask = cls.compute_mask not in default_masks
    shapes, mro, overrides = cls.compute_output_shape, cls.__mro__, _overridden(cls)
    is_built_in = _is_built_in(cls.call) and not overrides
    signature = _PASS_THROUGH if cls.call is base.call else read_call_signature(cls.call)
    return ClassFacts(
        signature=signature,
        reads_inputs=cls._torchkeras_read_inputs is not base._torchkeras_read_inputs,
        build_arguments=read_build_arguments(cls.build),
        build_takes_shape=len(inspect.signature(cls.build).parameters) > 1,
        creates_weights=cls.build not in {base.build, *_methods_with(cls, "build", "build_makes_weights", options)},
        builds_only_inside=cls.build in _methods_with(cls, "build", "builds_only_inside", options),
        defines_mask=defines_mask,
        # A user's subclass may create masks.
        only_merges_masks=_nearest_option(stated, "only_merges_masks", False)
        and (not defines_mask or _is_built_in(cls.compute_mask)),
        declares_shapes=shapes is not base.compute_output_shape,
        declares_specs=cls.compute_output_spec is not base.compute_output_spec,
        names_shapes=not _is_built_in(shapes) and _names_arguments(shapes, signature),
        states_its_shapes=is_built_in and _is_built_in(shapes),
        is_built_in=is_built_in,
        overrides=overrides,
        runs_built_in_call=_is_built_in(cls.call),
        lacks_call=cls.call is base.call and not (_is_ours(cls) or defines_mask or _replaces_calls(cls, base)),
        replaces_forward=not _is_ours(cls.forward),
        takes_a_list=_nearest_option(stated, "takes_a_list", False),
        adds_losses=_nearest_option(stated, "adds_losses", True),
        adds_updates=_nearest_option(stated, "adds_updates", True),
        reads_members=read_class_as_keras(cls),
        # A user's `call` may not.
        may_change_inputs=_nearest_option(stated, "may_change_inputs", False) and _is_ours(cls.call),
        has_torch_base_only=mro[mro.index(LazyModuleMixin) + 1] is nn.Module,
        declared=dict(ChainMap(declarations, *(facts.own_declarations for facts in inherited))),
        own_options=options,
        own_declarations=declarations,
    )


def _nearest_option(stated: list[dict[str, bool]], option: str, default: bool) -> bool:
    return next((options[option] for options in stated if option in options), default)


def _methods_with(cls: Any, method: str, option: str, options: dict[str, bool]) -> list[Any]:
    """Return `method` of each class, `cls` and its bases, that has `option` in its class statement."""
    classes = [one for one in cls.__mro__[1:] if "_torchkeras_facts" in vars(one)]
    found = [vars(one)[method] for one in classes if option in vars(one)["_torchkeras_facts"].own_options]
    return [vars(cls)[method], *found] if option in options else found


def _remove_declarations(cls: Any) -> dict[str, Any]:
    """Remove the plain attributes that declare values for properties of `Layer`, and return them."""
    declared = {name: vars(cls)[name] for name in _DECLARABLE if name in vars(cls)}
    for name in [name for name, value in declared.items() if isinstance(value, property)]:
        del declared[name]
    for name in declared:
        delattr(cls, name)
    return declared


def _overridden(cls: Any) -> frozenset[str]:
    found = (name for name in _CALLED_BY_BUILT_IN if hasattr(cls, name))
    return frozenset(name for name in found if not _is_built_in(getattr(cls, name)))


def _names_arguments(compute_output_shape: Any, signature: CallSignature) -> bool:
    """Whether it takes several shapes by the names of arguments; Keras 2 passes `input_shape`, and other values."""
    names = read_build_arguments(compute_output_shape) or ("",)
    return names[0].removesuffix("_shape") in (signature.first, *signature.positional)


def _replaces_calls(cls: Any, base: Any) -> bool:
    """Whether a method of the user's takes the place of `call`, in real or in symbolic calls."""
    is_torchs = cls.__call__ is nn.Module.__call__ and cls.compute_output_spec is base.compute_output_spec
    return not is_torchs or not _is_ours(cls.forward)


def warn_of_two_methods(cls: Any) -> None:
    """Warn if a class defines both `forward` and `call`, and `forward` does not run `call`, which then never runs."""
    forward = vars(cls).get("forward")
    if "call" not in vars(cls) or not isinstance(forward, types.FunctionType) or hasattr(forward, "__wrapped__"):
        return
    if not _is_ours(cls) and not {"call", "super", "forward"} & _names_in(forward.__code__):
        warnings.warn(
            f"{cls.__name__}: it defines both forward and call, and forward does not use call, which never runs. "
            "Define call only: forward is torch's name for it, and skips the build, masks and casts of layers.",
            stacklevel=3,
        )


def _names_in(code: types.CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return {*code.co_names}.union(*map(_names_in, inner))


def _is_ours(target: Any) -> bool:
    return (getattr(target, "__module__", None) or "").startswith("torchkeras_layer.")


def _is_built_in(method: Any) -> bool:
    return (getattr(method, "__module__", None) or "").startswith("torchkeras_layer.layers.")
