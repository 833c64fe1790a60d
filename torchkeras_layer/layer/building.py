"""How does a layer get its weights, once it knows its inputs?"""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.attributes import Attributes
from torchkeras_layer.layer.collections import WeightCollections
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.creation import creating_weights
from torchkeras_layer.layer.dry_run import plain_size
from torchkeras_layer.layer.naming import Naming
from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.layer.unbuilt import STAND_IN, stand_in_for
from torchkeras_layer.symbolic.input_spec import InputSpec
from torchkeras_layer.symbolic.keras_tensor import is_symbolic

# One lock for all layers: a build is rare, and a lock on each could not be copied or pickled.
build_lock = threading.RLock()


def building(build: Callable[..., None]) -> Callable[..., None]:
    """Wrap a class's `build`, so that it runs in the right surroundings and all or nothing of it happens.

    A `build` that calls `super().build(...)` passes here once a class, and only the outermost counts.
    """

    @functools.wraps(build)
    def guarded(self: Building, *shapes: Any, **named_shapes: Any) -> None:
        if self._is_building:
            build(self, *shapes, **named_shapes)
            return
        with build_lock, self._all_or_nothing(), self._build_surroundings():
            self.__dict__["_is_building"] = True
            build(self, *shapes, **named_shapes)
            self._finish_build(shapes, named_shapes)

    return guarded


class Building(Naming, WeightCollections, Attributes):
    """Lazy build from the shapes of the inputs."""

    @property
    def built(self) -> bool:
        """Whether the layer has its weights. Set it to `False` to have the next call build again."""
        return self._built

    @built.setter
    def built(self, value: bool) -> None:
        self._built = bool(value)
        self._update_stand_in()
        self._choose_path()
        self._choose_route()

    @building
    def build(self, input_shape: Any = None) -> None:
        """Create the layer's weights with `add_weight`; runs once, before the first `call`. Override it.

        Args:
            input_shape: tuple of ints, `None` for a free dimension; for a nested first argument the same structure of
                tuples. A `build` with several arguments named `<argument of call>_shape` gets one shape for each.

        >>> import torchkeras_layer as keras
        >>> class Scale(keras.Layer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight(shape=input_shape[-1:], initializer="ones")
        ...     def call(self, inputs):
        ...         return inputs * self.scale
        >>> layer = Scale()
        >>> _ = layer(torch.ones(2, 3))
        >>> layer.built, tuple(layer.scale.shape)
        (True, (3,))
        """

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that the layer was built with, for `build_from_config`; `None` before the build.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); layer.get_build_config()
        {'input_shape': (None, 3)}
        """
        return self._build_shapes

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build with the shapes of `get_build_config()`; without any, do nothing.

        Raises:
            TypeError: if the config holds no shapes.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build_from_config({"input_shape": (None, 3)}); layer.built
        True
        """
        if not config:
            return
        if not isinstance(config, dict):
            raise TypeError(f"{self._name}: a build config is a dict of shapes. Received: {config!r}.")
        if "shapes_dict" in config:
            named = {name: map_shapes(tuple, shape) for name, shape in config["shapes_dict"].items()}
            # Keras 3 names the shapes of all tensors of a call, also where ours needs only that of the inputs.
            self.build(next(iter(named.values()))) if self._build_arguments is None else self.build(**named)
        elif config.get("input_shape") is not None:
            self.build(map_shapes(tuple, config["input_shape"]))

    def _build_for_call(
        self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outer: LayerState | None
    ) -> None:
        """Build for the arguments of a call, on the device of the first tensor in them."""
        with build_lock:
            if self._built:
                return
            tensors = [leaf for leaf in leaves(inputs) if isinstance(leaf, torch.Tensor)]
            device = self._pinned_device or (tensors[0].device if tensors else None)
            context = per_thread.context
            context.outer = outer
            try:
                with device if device is not None else contextlib.nullcontext():
                    self._build_by_signature(inputs, args, kwargs)
            finally:
                context.outer = None

    def _build_in_trace(
        self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outer: LayerState | None
    ) -> None:
        """Build a layer without weights that torch.compile meets where a call has made it; for sizes that stay free."""
        self._path = self._path or self._path_below(outer)
        # What surrounds a build is there for the sake of weights.
        self.__dict__["_is_building"] = True
        self._build_by_signature(inputs, args, kwargs)
        self.__dict__["_is_building"] = False
        self.built = True

    def _take_first_argument(self, kwargs: dict[str, Any]) -> Any:
        for name in (self._call_signature.first, "inputs"):
            if name in kwargs:
                return kwargs.pop(name)
        if self._call_signature.first_is_optional:
            return None
        raise ValueError(
            f"{self._name}: the first argument of a call, {self._call_signature.first!r}, is missing. "
            f"Write `layer({self._call_signature.first})`."
        )

    def _build_by_signature(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._build_arguments is None:
            self.build(*([_shapes_of(inputs)] if self._build_takes_shape else []))
            return
        given = {
            self._call_signature.first: inputs,
            **dict(zip(self._call_signature.positional, args, strict=False)),
        }
        given.update(kwargs)
        shapes = {}
        for name, parameter in inspect.signature(self.build).parameters.items():
            argument = name.removesuffix("_shape")
            if argument != name and argument in given:
                shapes[name] = _shapes_of(given[argument])
            elif parameter.default is inspect.Parameter.empty:
                raise self._shape_argument_error(name)
        self.build(**shapes)

    def _shape_argument_error(self, name: str) -> Exception:
        argument = name.removesuffix("_shape")
        known = (self._call_signature.first, *self._call_signature.positional)
        if argument != name and argument in known:
            return TypeError(f"{self._name}: build() needs {name}, but the call got no {argument!r}. Pass it.")
        return ValueError(
            f"{self._name}: arguments of a build() that takes several shapes are named `<argument of call>_shape`. "
            f"Received: {name!r}. Arguments of call(): {', '.join(known)}."
        )

    @contextlib.contextmanager
    def _build_surroundings(self) -> Iterator[None]:
        context = per_thread.context
        around = context.layer
        # In its own call the layer is already the innermost one.
        parent = context.outer if around is self else around
        saved = context.building, context.alone, context.frozen
        self._path = self._path or self._path_below(parent)
        with creating_weights(self._pinned_device):
            context.alone = context.alone if context.building else around is None
            self._is_frozen_above = not self._is_thawed and (context.frozen or _freezes_what_is_inside(parent))
            context.frozen = self._is_frozen_above
            context.layer, context.building = self, True
            try:
                yield
            finally:
                context.layer = around
                context.building, context.alone, context.frozen = saved

    @contextlib.contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Put everything back as it was if a build fails, so that a second try starts from the same state."""
        containers = (dict, list, set)
        before = {k: v.copy() if isinstance(v, containers) else v for k, v in self.__dict__.items()}
        contents = dict(self.__dict__)
        try:
            yield
        except BaseException:
            for name, value in contents.items():
                if isinstance(value, containers):
                    value.clear()
                    value.extend(before[name]) if isinstance(value, list) else value.update(before[name])
            self.__dict__.clear()
            self.__dict__.update(contents)
            self._choose_route()
            raise
        finally:
            self.__dict__["_is_building"] = False

    def _finish_build(self, shapes: tuple[Any, ...], named_shapes: dict[str, Any]) -> None:
        self._adopt_containers()
        self._build_shapes = self._describe_build(shapes, named_shapes)
        self.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None
        if per_thread.context.dry_run is not None:
            per_thread.context.dry_run.shield(self)

    def _describe_build(self, shapes: tuple[Any, ...], named_shapes: dict[str, Any]) -> dict[str, Any]:
        if self._build_arguments is None:
            return {"input_shape": next(iter([*shapes, *named_shapes.values()]), None)}
        named = dict(zip(inspect.signature(self.build).parameters, shapes, strict=False)) | named_shapes
        return {"shapes_dict": named}

    def _choose_route(self) -> None:
        """Decide whether a call on one plain tensor may go straight to `call`: see `Calling.forward`."""
        route, spec = self._call_route, self._input_spec
        wants_nothing = self._call_signature.is_plain and self._activity_regularizer is None
        makes_mask = self._defines_mask and self._supports_masking and not self._only_merges_masks
        takes_one = spec is None or isinstance(spec, InputSpec)
        is_plain = wants_nothing and takes_one and not makes_mask
        route.is_direct = self._built and is_plain and not self._dynamic and not self._casts_weights
        route.passes_training = self._call_signature.takes_training
        route.input_spec = spec if takes_one else None
        route.casts = self._autocast
        route.dtype = self._policy.compute

    def _update_stand_in(self) -> None:
        """Have a parameter stand in for the weights as long as there are none, if `build` makes any."""
        if self._built:
            self._parameters.pop(STAND_IN, None)
        elif self._creates_weights and STAND_IN not in self._parameters:
            self._parameters[STAND_IN] = stand_in_for(self._name, self._pinned_device, self._policy.variable)


def _freezes_what_is_inside(parent: LayerState | None) -> bool:
    return parent is not None and (not parent._trainable or parent._is_frozen_above)


def _shapes_of(inputs: Any) -> Any:
    """Return the shapes of the tensors in a structure; `None` is a free size, and what is no tensor has none."""

    def shape_of(leaf: Any) -> tuple[int | None, ...] | None:
        is_tensor = isinstance(leaf, torch.Tensor) or is_symbolic(leaf)
        return tuple(_size_in_build(size) for size in leaf.shape) if is_tensor else None

    return map_leaves(shape_of, inputs)


def _size_in_build(size: Any) -> int | None:
    if torch.compiler.is_dynamo_compiling():
        # To look at it, which is all that a layer without weights does, would make a graph for each size.
        return None
    is_free = size is None or (per_thread.context.is_tracing and isinstance(size, torch.SymInt))
    return None if is_free else plain_size(size)
