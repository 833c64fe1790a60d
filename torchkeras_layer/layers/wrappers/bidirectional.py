"""How does a layer process sequences in both directions?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer._shapes import is_shape
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.weight_lists import modules_in
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, cast_output
from torchkeras_layer.layers.recurrent.rnn import RNN
from torchkeras_layer.layers.recurrent.sequences import for_each_output, read_build_config
from torchkeras_layer.layers.recurrent.sizes import is_size, output_sizes, shape_of_size
from torchkeras_layer.layers.recurrent.states import states_as_keywords
from torchkeras_layer.layers.wrappers.fused_directions import fused_kind, run_fused_directions
from torchkeras_layer.layers.wrappers.wrapper import with_layers
from torchkeras_layer.registry import CustomObjectScope

# Attributes that a layer must have, with the same meaning as for `RNN`.
_NEEDED = ("go_backwards", "return_sequences", "return_state")
# Attributes that must be the same for both layers.
_COMMON = ("stateful", "return_sequences", "return_state", "time_major")
_MERGES: dict[Any, Any] = {
    "concat": lambda one, other: torch.cat([one, other], -1),
    "sum": torch.add,
    "mul": torch.mul,
    "ave": lambda one, other: (one + other) / 2,
    None: lambda one, other: (one, other),
}


@dataclasses.dataclass(slots=True)
class InputLists:
    """The number of constants in a list [inputs, *states, *constants], as in Keras 2."""

    num_constants: int


@catalog.register()
class Bidirectional(BuiltInLayer, only_merges_masks=True, builds_only_inside=True):
    """Run a recurrent layer over sequences and another one over the reversed sequences, and merge their outputs.

    Shapes: those of the layer, with twice the features for 'concat'; for `merge_mode=None` a tuple of both outputs.
    With `return_state`, the states of the forward layer and then those of the backward layer follow in the tuple. The
    steps of the backward output are in the order of the inputs; without `return_sequences`, the output is that of the
    first step, which is computed last. With `return_sequences`, the outputs of masked steps are 0.

    Args:
        layer: a recurrent layer. It is not used itself: `forward_layer` is created from its config, with the name
            'forward_' and the name of the layer.
        merge_mode: 'concat', 'sum', 'mul', 'ave' (the mean) or `None`.
        weights: arrays for both layers, set when they are built.
        backward_layer: a layer for the other direction, which is used itself; by default created like `forward_layer`,
            with the opposite `go_backwards`, and a name that begins with 'backward_'.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `layer` or `backward_layer` is not a recurrent layer; if both have the same direction, or differ
            in `return_sequences`, `return_state` or `stateful`; if `merge_mode` is unknown or does not fit the
            outputs; in a call, if the number of initial states is odd.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True))
    >>> layer(torch.ones(2, 5, 3)).shape
    torch.Size([2, 5, 8])
    """

    _torchkeras_further_inputs = ("initial_state", "constants")

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        class_name = type(self).__name__
        _check_recurrent(class_name, "layer", layer)
        if backward_layer is not None:
            _check_recurrent(class_name, "backward_layer", backward_layer)
        if merge_mode not in tuple(_MERGES):
            raise ValueError(
                f"{class_name}: merge_mode must be one of 'concat', 'sum', 'mul', 'ave', None. "
                f"Received: merge_mode={merge_mode!r}."
            )
        num_constants = kwargs.pop("num_constants", 0)
        super().__init__(weights=weights, **kwargs)
        self._torchkeras.derived = InputLists(num_constants)
        self.forward_layer = _one_direction(layer, "forward_")
        if backward_layer is None:
            backward_layer = _one_direction(layer, "backward_", go_backwards=not layer.go_backwards)
        self.backward_layer = backward_layer
        _check_opposite(class_name, self.forward_layer, self.backward_layer)
        _check_merge(class_name, merge_mode, self.forward_layer, self.backward_layer)
        self.merge_mode = merge_mode
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        for direction in (self.forward_layer, self.backward_layer):
            if hasattr(direction, "zero_output_for_mask"):
                direction.zero_output_for_mask = layer.return_sequences
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def forward(self, inputs: Any = None, /, *args: Any, **kwargs: Any) -> Any:
        """Run the layer; torch calls this. A list of inputs is [inputs, *states, *constants], as in Keras 2."""
        if inputs is None:
            # The inputs are a keyword argument.
            return super().forward(*args, **kwargs)
        args, kwargs = states_as_keywords(self.name, (inputs, *args), kwargs, self._torchkeras.derived.num_constants)
        return super().forward(*args, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Build both layers.

        Raises:
            ValueError: if their outputs cannot be merged.
        """
        directions = self.forward_layer, self.backward_layer
        for direction in directions:
            if not direction.built:
                direction.build(input_shape)
        if all(isinstance(direction, RNN) for direction in directions):
            # Finding the shapes of other layers may need a trace.
            self.compute_output_shape(input_shape)
        self.input_spec = self.forward_layer.input_spec

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build both layers with the shapes in a build config; see `RNN.build_from_config`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Bidirectional(keras.layers.GRU(2))
        >>> layer.build_from_config({"input_shape": [1, 5, 3]}); layer.built
        True
        """
        is_rnn = isinstance(self.forward_layer, RNN)
        super().build_from_config(read_build_config(self.forward_layer.cell, config) if is_rnn else config)

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: Any = None,
        constants: Any = None,
    ) -> Any:
        """Return the merged outputs, or both, and the last states if `return_state`.

        Args:
            sequences: (batch, steps, …).
            initial_state: list of the states of the forward layer, then those of the backward layer; by default zeros.
            mask: (batch, steps), false for steps that are to be ignored.
            constants: tensors that are passed to every call of cells with an argument `constants`.
        """
        before = _split_states(self, initial_state)
        layers = self.forward_layer, self.backward_layer
        if constants is not None:
            # For the config, as in an `RNN`.
            self._torchkeras.derived.num_constants = len(leaves(constants))
        plain = mask is None and constants is None and isinstance(sequences, torch.Tensor) and sequences.shape[1] != 0
        kind = fused_kind(*layers, sequences, training) if plain else None
        if kind is not None:
            return _call_fused(self, kind, sequences, before)
        outputs, others = (
            _call_direction(direction, sequences, state, mask, constants)
            for direction, state in zip(layers, before, strict=True)
        )
        (output, *states), (other, *other_states) = (outputs, others) if self.return_state else ([outputs], [others])
        if self.return_sequences:
            axis = 0 if getattr(self.forward_layer, "time_major", False) else 1
            other = map_leaves(lambda part: part.flip(axis), other)
        return _with_states(self, _merge(self, output, other), [*states, *other_states])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output with `return_sequences`, twice if `merge_mode` is `None`; else `None`."""
        mask = leaves(mask)[0] if isinstance(mask, (list, tuple)) and mask else mask
        of_output = mask if self.return_sequences else None
        if of_output is not None and isinstance(self.forward_layer, RNN):
            of_output = for_each_output(self.forward_layer.cell, mask)
        # The states, which come after the outputs, have no masks.
        return (of_output, of_output) if self.merge_mode is None else of_output

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shape of the merged outputs, or of both, and of the states if `return_state`.

        Raises:
            ValueError: if the outputs cannot be merged.
        """
        shapes = self.forward_layer.compute_output_shape(input_shape)
        others = self.backward_layer.compute_output_shape(input_shape)
        (shape, *states), (other, *other_states) = (shapes, others) if self.return_state else ([shapes], [others])
        merged = [shape, other] if self.merge_mode is None else [_merged_shape(self, shape, other)]
        return (*merged, *states, *other_states) if self.return_state or self.merge_mode is None else merged[0]

    @property
    def layer(self) -> Any:
        """The same as `forward_layer`; this is its name in Keras 2."""
        return self.forward_layer

    @property
    def states(self) -> Any:
        """The states that both stateful layers keep, or `None` if they keep none.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Bidirectional(keras.layers.GRU(2)).states
        """
        kept = self.forward_layer.states, self.backward_layer.states
        return None if None in kept else (*kept[0], *kept[1])

    def reset_state(self, states: Any = None) -> None:
        """Set the states that both layers keep to zeros, or to given ones, in the order of `states`.

        Raises:
            ValueError: if states are given and the layers keep none, or if they do not fit.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Bidirectional(keras.layers.GRU(2)).reset_state()
        """
        for direction, part in zip((self.forward_layer, self.backward_layer), _split_states(self, states), strict=True):
            direction.reset_state(part)

    def reset_states(self, states: Any = None) -> None:
        """Do the same as `reset_state`; this is its name in Keras 2."""
        self.reset_state(states)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this layer; `num_constants` only if it is not 0.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Bidirectional(keras.layers.GRU(3), merge_mode="sum").get_config()["merge_mode"]
        'sum'
        """
        config, count = super().get_config(), self._torchkeras.derived.num_constants
        return {**config, "num_constants": count} if count else config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Create the layer and both layers in it from a config of this library, Keras 3 or TF-Keras.

        Raises:
            DeserializationError: (a ValueError) if the config of one of the layers is invalid.
            TypeError: if the constructor does not accept the config.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Bidirectional(keras.layers.GRU(3), merge_mode="sum")
        >>> keras.layers.Bidirectional.from_config(layer.get_config()).backward_layer.units
        3
        """
        return super().from_config(with_layers(config, ("layer", "backward_layer"), custom_objects))


def _call_fused(layer: Bidirectional, kind: str, sequences: torch.Tensor, before: tuple[Any, Any]) -> Any:
    """Run both directions by one of torch's fused kernels, which reverses nothing."""
    outputs, states = run_fused_directions(kind, layer.forward_layer, layer.backward_layer, sequences, before)
    if layer.return_sequences:
        is_merged = layer.merge_mode == "concat"
        return _with_states(layer, outputs if is_merged else _merge(layer, *outputs.chunk(2, -1)), states)
    # The last h of each direction is its output.
    return _with_states(layer, _merge(layer, states[0], states[len(states) // 2]), states)


def _call_direction(direction: Any, sequences: torch.Tensor, state: Any, mask: Any, constants: Any) -> Any:
    given = {"initial_state": state, "constants": constants}
    arguments = {name: value for name, value in given.items() if value is not None}
    if direction._torchkeras.signature.takes_mask:
        arguments["mask"] = mask
    return direction(sequences, **arguments)


def _merge(layer: Bidirectional, output: Any, other: Any) -> Any:
    if not isinstance(output, torch.Tensor):
        pairs = (map_leaves(lambda part: cast_output(layer, part), parts) for parts in (output, other))
        return tuple(pairs) if layer.merge_mode is None else map_leaves(_MERGES[layer.merge_mode], *pairs)
    return _MERGES[layer.merge_mode](cast_output(layer, output), cast_output(layer, other))


def _with_states(layer: Bidirectional, merged: Any, states: list[torch.Tensor]) -> Any:
    if not layer.return_state:
        return merged
    return (*(merged if layer.merge_mode is None else [merged]), *states)


def _split_states(layer: Bidirectional, initial_state: Any) -> tuple[Any, Any]:
    """Split a list of states into those of the forward layer, which come first, and those of the backward layer."""
    if initial_state is None:
        return None, None
    states = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
    if len(states) % 2:
        raise ValueError(
            f"{layer.name}: initial_state must contain the states of the forward layer and as many of the backward "
            f"layer. Received: {len(states)} tensor{'s' * (len(states) > 1)}."
        )
    half = len(states) // 2
    return states[:half], states[half:]


def _check_recurrent(class_name: str, argument: str, layer: Any) -> None:
    """Check that an argument is a recurrent layer.

    Raises:
        ValueError: if it is not a layer, or lacks an attribute that is needed.
    """
    missing = [name for name in _NEEDED if not hasattr(layer, name)]
    if not isinstance(layer, Layer) or missing:
        received = layer.name if isinstance(layer, Layer) else repr(layer)
        lacking = f", which has no {', '.join(missing)}" if isinstance(layer, Layer) else ""
        raise ValueError(
            f"{class_name}: {argument} must be a recurrent layer, such as LSTM(8) or RNN(cell), or another layer with "
            f"the attributes {', '.join(_NEEDED)}. Received: {received}{lacking}."
        )


def _one_direction(layer: Any, prefix: str, **changes: Any) -> Any:
    """Return a new layer with the config of `layer`, but its own weights, and a name that begins with `prefix`."""
    config = {**layer.get_config(), **changes, "name": prefix + layer.name.removeprefix(prefix)}
    with CustomObjectScope(_classes_in(layer)):
        made = type(layer).from_config(config)
    if isinstance(layer, RNN):
        # This is not in the config.
        made._torchkeras.derived.uses_fused_kernel = layer._torchkeras.derived.uses_fused_kernel
    return made


def _check_opposite(class_name: str, forward: Any, backward: Any) -> None:
    """Check that two layers have opposite directions and are otherwise alike.

    Raises:
        ValueError: if they are not.
    """
    if forward.go_backwards == backward.go_backwards:
        raise ValueError(
            f"{class_name}: layer and backward_layer must have opposite directions. "
            f"Received: go_backwards={forward.go_backwards} for both. Create one of them with "
            f"go_backwards={not forward.go_backwards}."
        )
    for name in _COMMON:
        of_forward, of_backward = getattr(forward, name, False), getattr(backward, name, False)
        if of_forward != of_backward:
            raise ValueError(
                f"{class_name}: layer and backward_layer must have the same {name}. "
                f"Received: {name}={of_forward} and {name}={of_backward}."
            )


def _merged_shape(layer: Bidirectional, shape: Any, other: Any) -> Any:
    """Return the shape of merged outputs, or of each if they are nested.

    Raises:
        ValueError: if they cannot be merged.
    """
    if not is_shape(shape):
        return type(shape)([_merged_shape(layer, *pair) for pair in zip(shape, other, strict=True)])
    _check_shapes_merge(layer.name, layer.merge_mode, shape, other)
    sizes = shape[-1], other[-1]
    return (*shape[:-1], None if None in sizes else sum(sizes)) if layer.merge_mode == "concat" else shape


def _check_merge(class_name: str, merge_mode: str | None, forward: Any, backward: Any) -> None:
    """Check that the outputs of two layers can be merged, if the sizes of their cells are known.

    Raises:
        ValueError: if the numbers of features differ, and `merge_mode` needs equal ones.
    """
    if isinstance(forward, RNN) and isinstance(backward, RNN):
        sizes = [output_sizes(layer.cell) for layer in (forward, backward)]
        if all(map(is_size, sizes)):
            shapes = [shape_of_size(size, ()) for size in sizes]
            _check_shapes_merge(class_name, None if merge_mode == "concat" else merge_mode, *shapes)


def _check_shapes_merge(name: str, merge_mode: str | None, forward: Any, backward: Any) -> None:
    """Check that outputs of the given shapes can be merged; `None` is a free dimension.

    Raises:
        ValueError: if they cannot.
    """
    counted = -1 if merge_mode == "concat" else None
    pairs = zip(forward[:counted], backward[:counted], strict=False)
    is_alike = len(forward) == len(backward) and all(None in pair or pair[0] == pair[1] for pair in pairs)
    if merge_mode is not None and not is_alike:
        raise ValueError(
            f"{name}: merge_mode={merge_mode!r} needs outputs of the same shape from both layers"
            f"{', except for their features' if merge_mode == 'concat' else ''}. "
            f"Received: {tuple(forward)} and {tuple(backward)}. Give both layers the same sizes, or merge_mode=None."
        )


def _classes_in(layer: Layer) -> dict[str, type]:
    """Return the classes of the cells and layers inside a layer that are not built in, by their names."""
    cell = getattr(layer, "cell", None)
    parts = [*modules_in(layer), cell, *leaves(list(getattr(cell, "cells", [])))]
    classes = {type(part) for part in parts if part is not None}
    return {cls.__name__: cls for cls in classes if not cls.__module__.startswith(("torchkeras_layer.", "torch."))}
