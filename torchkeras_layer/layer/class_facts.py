"""What is there to know of a class of layers? Read once a class, never at a call."""

from __future__ import annotations

import inspect
from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class CallSignature:
    """What the pipeline must know of `call`.

    `first`: name of the first argument. `positional`: names of those after it that can be given by position.
    `takes_training`, `takes_mask`: whether the argument is declared, `**kwargs` counting as both.
    """

    first: str
    positional: tuple[str, ...]
    takes_training: bool
    takes_mask: bool
    mask_is_optional: bool = False
    first_is_optional: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether `call` wants nothing but its inputs from the pipeline."""
        return not self.takes_mask or self.mask_is_optional

    def argument(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the value given for `name` beside the first argument, or `None`."""
        if name in kwargs:
            return kwargs[name]
        if name in self.positional:
            index = self.positional.index(name)
            return args[index] if index < len(args) else None
        return None

    def is_given(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a value was given for `name` beside the first argument."""
        return name in kwargs or (name in self.positional and self.positional.index(name) < len(args))


def read_call_signature(call: Callable[..., Any]) -> CallSignature:
    """Read the signature of an unbound `call`.

    >>> read_call_signature(lambda self, x, state, training=None: x)
    CallSignature(first='x', positional=('state', 'training'), takes_training=True,
        takes_mask=False, mask_is_optional=False, first_is_optional=False)
    """
    parameters = list(inspect.signature(call).parameters.values())[1:]
    positional = tuple(p.name for p in parameters if p.kind in _POSITIONAL)
    names = {p.name for p in parameters}
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    return CallSignature(
        first=positional[0] if positional else "inputs",
        positional=positional[1:],
        takes_training=takes_any or "training" in names,
        takes_mask=takes_any or "mask" in names,
        first_is_optional=bool(parameters) and parameters[0].default is None,
        mask_is_optional=any(p.name == "mask" and p.default is None for p in parameters),
    )


def read_build_arguments(build: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return the names of the shapes that an unbound `build` takes, or `None` if it takes no more than one.

    Keras 2's `build(self, input_shape)` gets the shape of the first argument whatever it is called; Keras 3's
    `build(self, query_shape, value_shape)` gets the shape of the `call` argument that each name begins with.

    >>> read_build_arguments(lambda self, query_shape, value_shape: None)
    ('query_shape', 'value_shape')
    >>> read_build_arguments(lambda self, input_shape: None)
    """
    parameters = list(inspect.signature(build).parameters.values())[1:]
    names = tuple(p.name for p in parameters if p.kind in _POSITIONAL)
    return names if len(names) > 1 else None


@dataclass(frozen=True)
class ClassFacts:
    """What is read once a class, and not at every call.

    `signature`: that of `call`; `reads_inputs`: whether the class turns inputs into tensors in a way of its own;
    `build_arguments`: the names of the shapes that `build` takes, if several; `build_takes_shape`: whether it takes
    any; `creates_weights`: whether it may make weights; `defines_mask`: whether the class has a `compute_mask` of its
    own; `only_merges_masks`: whether that gives a mask only where the inputs have one; `declares_shapes`: whether the
    class has a `compute_output_shape` of its own; `states_its_shapes`: whether that and `call` are both ours;
    `has_effects`: whether calls of such a class may add losses or updates; `begins_as_torch_does`: whether nothing but
    torch's own modules runs where the constructors of all layers call `super().__init__()`; `declared`: what the class
    and those above it set for all their layers by plain attributes; `own_options`, `own_declarations`: what the class
    statement itself says, see `read_facts`.
    """

    signature: CallSignature
    reads_inputs: bool
    build_arguments: tuple[str, ...] | None
    build_takes_shape: bool
    creates_weights: bool
    defines_mask: bool
    only_merges_masks: bool
    declares_shapes: bool
    states_its_shapes: bool
    has_effects: bool
    begins_as_torch_does: bool
    declared: dict[str, Any]
    own_options: dict[str, bool]
    own_declarations: dict[str, Any]


# What a class may set for all its layers by a plain attribute.
_DECLARABLE = ("input_spec", "stateful", "dynamic", "supports_masking", "activity_regularizer")
# What a built-in layer may tell in its class statement.
CLASS_OPTIONS = ("has_effects", "only_merges_masks", "build_makes_weights", "default_mask")
# The call of the base class takes any argument and wants none of them.
_PASS_THROUGH = CallSignature(first="inputs", positional=(), takes_training=False, takes_mask=False)


def read_facts(cls: Any, base: Any, options: dict[str, bool]) -> ClassFacts:
    """Read what there is to know of a class of layers; `base` is `Layer`.

    Options of the class statement tell what cannot be read off. They hold for the classes below, in the order in which
    Python looks for attributes: `has_effects` and `only_merges_masks` are facts themselves;
    `build_makes_weights=False`: the `build` of this class makes none; `default_mask=True`: a class that inherits this
    `compute_mask` has none of its own. What the class declares by plain attributes is taken off it, so that the
    properties of these names work.
    """
    declarations = _take_declarations(cls)
    above = [vars(one)["_torchkeras_facts"] for one in cls.__mro__[1:] if "_torchkeras_facts" in vars(one)]
    said = [options, *(facts.own_options for facts in above)]
    defines_mask = cls.compute_mask not in {
        base.compute_mask,
        *_methods_with(cls, "compute_mask", "default_mask", options),
    }
    shapes, mro = cls.compute_output_shape, cls.__mro__
    return ClassFacts(
        signature=_PASS_THROUGH if cls.call is base.call else read_call_signature(cls.call),
        reads_inputs=cls._torchkeras_read_inputs is not base._torchkeras_read_inputs,
        build_arguments=read_build_arguments(cls.build),
        build_takes_shape=len(inspect.signature(cls.build).parameters) > 1,
        creates_weights=cls.build not in {base.build, *_methods_with(cls, "build", "build_makes_weights", options)},
        defines_mask=defines_mask,
        # A subclass may make masks.
        only_merges_masks=_first(said, "only_merges_masks", False)
        and (not defines_mask or _is_built_in(cls.compute_mask)),
        declares_shapes=shapes is not base.compute_output_shape,
        states_its_shapes=shapes is not base.compute_output_shape and _is_built_in(shapes) and _is_built_in(cls.call),
        has_effects=_first(said, "has_effects", True),
        begins_as_torch_does=mro[mro.index(LazyModuleMixin) + 1] is nn.Module,
        declared=dict(ChainMap(declarations, *(facts.own_declarations for facts in above))),
        own_options=options,
        own_declarations=declarations,
    )


def _first(said: list[dict[str, bool]], option: str, default: bool) -> bool:
    return next((options[option] for options in said if option in options), default)


def _methods_with(cls: Any, method: str, option: str, options: dict[str, bool]) -> list[Any]:
    """Return the methods of the classes, from `cls` upwards, whose class statements have an option."""
    classes = [one for one in cls.__mro__[1:] if "_torchkeras_facts" in vars(one)]
    found = [vars(one)[method] for one in classes if option in vars(one)["_torchkeras_facts"].own_options]
    return [vars(cls)[method], *found] if option in options else found


def _take_declarations(cls: Any) -> dict[str, Any]:
    """Take off a class what it declares."""
    declared = {name: vars(cls)[name] for name in _DECLARABLE if name in vars(cls)}
    for name in [name for name, value in declared.items() if isinstance(value, property)]:
        del declared[name]
    for name in declared:
        delattr(cls, name)
    return declared


def _is_built_in(method: Any) -> bool:
    return method.__module__.startswith("torchkeras_layer.layers.")
