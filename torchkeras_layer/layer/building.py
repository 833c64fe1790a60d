"""How is a layer built: which shapes does `build` get, and what happens around it?"""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from torchkeras_layer._call_mistakes import looks_like_call
from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer._ported_code import read_class_as_keras
from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer._tensor_advice import add_advice
from torchkeras_layer.layer.attributes import LayerBase, adopt_containers
from torchkeras_layer.layer.class_facts import ClassFacts
from torchkeras_layer.layer.context import path_below, per_thread
from torchkeras_layer.layer.dry_run import dry_run, plain_size
from torchkeras_layer.layer.record import Record, contents_of, derive_route, is_layer, restore, set_path, take_policy
from torchkeras_layer.layer.weight_creation import (
    PLACEHOLDER,
    creating_weights,
    not_built_message,
    pinned_dtype,
    placeholder_for,
    weights_will_train,
)
from torchkeras_layer.layer.weight_lists import lacks_weights, weight_holders
from torchkeras_layer.precision import Policy
from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.keras_tensor import is_symbolic

# One lock for all layers: builds are rare, and a lock on each layer could not be copied or pickled.
build_lock = threading.RLock()
_LIBRARIES = ("builtins", "torch", "torchkeras_layer")
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def guarded_build(build: Callable[..., None]) -> Callable[..., None]:
    """Wrap a class's `build` so that it runs in the right context, and is undone if it fails.

    A `build` that calls `super().build(...)` runs several wrapped ones; only the outermost does this.
    """

    @functools.wraps(build)
    def guarded(self: Any, *shapes: Any, **named_shapes: Any) -> None:
        if self._torchkeras.is_building:
            build(self, *shapes, **named_shapes)
            return
        with build_lock, all_or_nothing(self), _build_context(self):
            self._torchkeras.is_building = True
            known = _modules_before(self)
            try:
                build(self, *shapes, **named_shapes)
            except Exception as error:
                add_advice(error)
                raise
            _finish_build(self, shapes, named_shapes, known)

    return guarded


def build_for_call(layer: LayerBase, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outer: Any) -> None:
    """Build a layer for the arguments of a call, on the device of the first tensor among the inputs."""
    with build_lock:
        if layer._torchkeras.built:
            return
        tensors = [leaf for leaf in leaves(inputs) if isinstance(leaf, torch.Tensor)]
        if layer._torchkeras_facts.lacks_call:
            _warn_without_call(layer)
        context = per_thread.context
        device = layer._torchkeras.pinned_device or getattr(context.dry_run, "build_device", None)
        device = device or (tensors[0].device if tensors else None)
        context.outer = outer
        try:
            with device if device is not None else contextlib.nullcontext():
                _build_by_signature(layer, inputs, args, kwargs)
        finally:
            context.outer = None
        if tensors and outer is None and context.dry_run is None:
            # A direct call of a layer that is built leaves no trace.
            layer._torchkeras.calls.state.was_called = True


def _warn_without_call(layer: Any) -> None:
    """Warn if a called layer has neither `call` nor `build`, or has a method that may be a misspelt `call`."""
    cls = type(layer)
    bases = [one for one in cls.__mro__ if one.__module__.split(".")[0] not in _LIBRARIES]
    methods = [name for one in bases for name, value in vars(one).items() if inspect.isfunction(value)]
    misspelt = next(filter(looks_like_call, methods), None)
    if layer._torchkeras.activity_regularizer is None and (misspelt or not layer._torchkeras_facts.creates_weights):
        advice = f"Is its method {misspelt!r} meant to be `call`?" if misspelt else "Define `def call(self, inputs):`."
        warnings.warn(
            f"{layer._torchkeras.name} ({cls.__name__}): {cls.__name__} defines no call, so the layer returns its "
            f"inputs. {advice} A layer that is meant to do so has `return inputs` in its call, or is a "
            "keras.layers.Identity().",
            stacklevel=2,
        )


def build_in_trace(layer: LayerBase, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outer: Any) -> None:
    """Build a layer without weights that was created inside a call that torch.compile traces; all sizes are free."""
    record: Record = layer._torchkeras
    set_path(layer, path_below(outer, record.name))
    # The context of a build is needed for weights only.
    record.is_building = True
    _build_by_signature(layer, inputs, args, kwargs)
    record.is_building = False
    layer.built = True


def take_first_argument(record: Record, kwargs: dict[str, Any]) -> Any:
    """Remove the first argument of a call from the keyword arguments and return it.

    Raises:
        ValueError: if it is missing and has no default.
    """
    signature = record.signature
    for name in (signature.first, "inputs"):
        if name in kwargs:
            return kwargs.pop(name)
    if signature.first_is_optional:
        return None
    raise ValueError(
        f"{record.name}: the first argument of a call, {signature.first!r}, is missing. "
        f"Received: {', '.join(kwargs) or 'no arguments'}. Write `layer({signature.first})`."
    )


def build_from_config(layer: LayerBase, config: dict[str, Any]) -> None:
    """Build a layer with the shapes in a build config.

    Raises:
        TypeError: if the config is not a dict of shapes.
    """
    if not isinstance(config, dict):
        raise TypeError(
            f"{layer._torchkeras.name}: build_from_config takes a dict of shapes, such as "
            f"{{'input_shape': (None, 3)}}. Received: config={config!r}."
        )
    if "shapes_dict" in config:
        named = {name: map_shapes(tuple, shape) for name, shape in config["shapes_dict"].items()}
        # Keras 3 writes the shapes of all tensors of a call, even if our `build` takes only that of the inputs.
        takes_one = layer._torchkeras_facts.build_arguments is None
        layer.build(next(iter(named.values()))) if takes_one else layer.build(**named)
    elif config.get("input_shape") is not None:
        layer.build(map_shapes(tuple, config["input_shape"]))


def _build_by_signature(layer: LayerBase, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    facts: ClassFacts = layer._torchkeras_facts
    if facts.build_arguments is None:
        layer.build(*([_shapes_of(inputs)] if facts.build_takes_shape else []))
        return
    layer.build(**shapes_by_name(layer, layer.build, inputs, args, kwargs))


def shapes_by_name(
    layer: Any, method: Callable[..., Any], inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Return the shapes that `build` or `compute_output_shape` takes as `<argument of call>_shape`, for a call.

    Raises:
        TypeError: if the call lacks an argument whose shape is required.
        ValueError: if a required argument of the method has another name.
    """
    signature = layer._torchkeras.signature
    given = {signature.first: inputs, **dict(zip(signature.positional, args, strict=False)), **kwargs}
    for name in signature.masked:
        given.setdefault(f"{name}_mask", map_leaves(_mask_or_spec_of, given.get(name)))
    shapes = {}
    for name, parameter in inspect.signature(method).parameters.items():
        argument = name.removesuffix("_shape")
        if argument != name and argument in given:
            shapes[name] = _shapes_of(given[argument])
        elif parameter.default is inspect.Parameter.empty and parameter.kind not in _VARIADIC:
            raise _shape_argument_error(layer._torchkeras, method.__name__, name)
    return shapes


def _mask_or_spec_of(leaf: Any) -> Any:
    return leaf._mask_spec if is_symbolic(leaf) else getattr(leaf, "_keras_mask", None)


def _shape_argument_error(record: Record, method: str, name: str) -> Exception:
    argument = name.removesuffix("_shape")
    known = (record.signature.first, *record.signature.positional)
    if argument != name and argument in known:
        return TypeError(
            f"{record.name}: {method}() needs {name}, but the call got no {argument!r}. Pass {argument!r} in the call."
        )
    return ValueError(
        f"{record.name}: if {method}() takes several shapes, each must be named `<argument of call>_shape`. "
        f"Received: {name!r}. The arguments of call() are {', '.join(known)}. Rename it."
    )


@contextlib.contextmanager
def _build_context(layer: LayerBase) -> Iterator[None]:
    read_class_as_keras(type(layer), is_complete=True)
    context, record = per_thread.context, layer._torchkeras
    enclosing = context.layer
    # In its own call, the layer is already the innermost one.
    parent = context.outer if enclosing is layer else enclosing
    saved = context.building, context.alone
    set_path(layer, path_below(parent, record.name))
    # For the layers that `build` makes.
    record.trainable = weights_will_train(layer)
    with creating_weights(record.pinned_device):
        context.alone = context.alone if context.building else enclosing is None
        context.layer, context.building = layer, True
        try:
            yield
        finally:
            context.layer = enclosing
            context.building, context.alone = saved


@contextlib.contextmanager
def all_or_nothing(layer: LayerBase) -> Iterator[None]:
    """Restore a layer's state if the block, a build, raises, so that a second attempt starts from the same state."""
    record: Record = layer._torchkeras
    state = layer.__dict__
    before = [(holder, contents_of(holder)) for holder in (record, record.graph, record.derived)]
    values = [state, *state.values(), *(value for _, contents in before for value in contents.values())]
    undo = [_undo_of(value) for value in values if _is_mutable(value)]
    try:
        yield
    except BaseException:
        for clear, refill, content in undo:
            clear()
            refill(content)
        for holder, contents in before:
            restore(holder, contents)
        derive_route(layer)
        raise
    finally:
        record.is_building = False


def _is_mutable(value: Any) -> bool:
    return isinstance(value, (dict, list, set))


def _undo_of(container: Any) -> tuple[Callable[[], Any], Callable[[Any], Any], Any]:
    refill = container.extend if isinstance(container, list) else container.update
    return container.clear, refill, container.copy()


def _finish_build(layer: Any, shapes: tuple[Any, ...], named_shapes: dict[str, Any], known: set[int] | None) -> None:
    record: Record = layer._torchkeras
    adopt_containers(layer)
    record.build_shapes = _describe_build(layer, shapes, named_shapes)
    layer.built = True
    _pass_on(layer, known)
    if record.initial_weights is not None:
        layer.set_weights(record.initial_weights)
        record.initial_weights = None
    if per_thread.context.dry_run is not None:
        per_thread.context.dry_run.shield(layer)


def _describe_build(layer: LayerBase, shapes: tuple[Any, ...], named_shapes: dict[str, Any]) -> dict[str, Any]:
    if layer._torchkeras_facts.build_arguments is None:
        return {"input_shape": next(iter([*shapes, *named_shapes.values()]), None)}
    named = dict(zip(inspect.signature(layer.build).parameters, shapes, strict=False)) | named_shapes
    return {"shapes_dict": named}


def inherit(layer: Any, record: Record) -> None:
    """Do to a layer that is made in the `call` or `build` of another one what was done to that one before.

    It begins in the same mode, frozen if that one is, and in the dtype that `.to()` gave to that one.
    """
    maker = per_thread.context.layer
    if maker is None:
        return
    if not maker.training:
        layer.training = False
    outer: Record = maker._torchkeras
    record.trainable = record.trainable and outer.trainable
    record.pinned_dtype, record.memory_format = outer.pinned_dtype, outer.memory_format
    dtype = pinned_dtype(record, record.policy.variable)
    if dtype is not record.policy.variable:
        take_policy(record, Policy(dtype_name(dtype)))


def _pass_on(layer: Any, known: set[int] | None) -> None:
    """Do to plain modules and parameters that a `build` made what torch did to the layer before it."""
    record: Record = layer._torchkeras
    for module in weight_holders(layer) if known is not None else ():
        is_new = id(module) not in known and not is_layer(module)  # type: ignore[operator]
        if is_new and not layer.training:
            module.training = False
        if is_new and not record.trainable:
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(False)
        if record.pinned_dtype is not None and (is_new or module is layer):
            apply = module._apply if is_new else functools.partial(nn.Module._apply, module)
            apply(lambda t: t.to(pinned_dtype(record, t.dtype)), recurse=False)


def _modules_before(layer: Any) -> set[int] | None:
    """Return the ids of the modules in a layer, if anything must be done to those that its `build` will make."""
    record: Record = layer._torchkeras
    is_as_made = layer.training and record.trainable and record.pinned_dtype is None
    return None if is_as_made else {id(module) for module in weight_holders(layer)}


def update_placeholder(layer: Any) -> None:
    """Register a placeholder parameter while a layer that creates weights is not built; remove it afterwards."""
    record: Record = layer._torchkeras
    if record.built:
        layer._parameters.pop(PLACEHOLDER, None)
    elif lacks_weights(layer) and PLACEHOLDER not in layer._parameters:
        dtype = record.policy.variable
        layer._parameters[PLACEHOLDER] = placeholder_for(record.name, record.pinned_device, dtype, record.trainable)


def _shapes_of(inputs: Any) -> Any:
    """Return the shapes of the tensors in a structure; `None` for free dimensions, and for leaves without a shape."""

    def shape_of(leaf: Any) -> tuple[int | None, ...] | None:
        is_tensor = isinstance(leaf, (torch.Tensor, TensorSpec)) or is_symbolic(leaf)
        return tuple(_size_in_build(size) for size in leaf.shape) if is_tensor else None

    return map_leaves(shape_of, inputs)


def _size_in_build(size: Any) -> int | None:
    if torch.compiler.is_dynamo_compiling():
        # Reading the size would compile a graph for each size; a layer without weights does not need it.
        return None
    is_free = size is None or (per_thread.context.is_tracing and isinstance(size, torch.SymInt))
    return None if is_free else plain_size(size)


def infer_parameters(layer: LayerBase, args: Any, kwargs: Any) -> None:
    """Build a layer for the arguments of a call, and the layers inside it if `call` can run without data."""
    record: Record = layer._torchkeras
    kwargs = dict(kwargs or {})
    if torch.compiler.is_exporting():
        # An exported program has the parameters that existed when the export began.
        raise RuntimeError(not_built_message([record.name]))
    if record.dynamic:
        inputs = args[0] if args else take_first_argument(record, kwargs)
        layer._torchkeras_build(inputs, tuple(args[1:]), kwargs, None)
        return
    try:
        dry_run(layer, tuple(args), kwargs)
    except Exception:
        # A `call` that reads values cannot run without data, but the layer itself is built before its `call`. If the
        # call has a real error, the compiled call raises it.
        if not record.built:
            raise


def build_and_call(layer: LayerBase, compiled: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Build a layer if needed, then run its compiled call: torch initializes only the modules inside a compiled one."""
    if not layer._torchkeras.built:
        infer_parameters(layer, args, kwargs)
    return compiled(*args, **kwargs)
