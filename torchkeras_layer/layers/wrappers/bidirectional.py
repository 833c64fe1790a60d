"""How does a layer go through sequences in both directions?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer._shapes import Shape
from torchkeras_layer._structures import leaves
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, cast_output
from torchkeras_layer.layers.recurrent.rnn import RNN
from torchkeras_layer.layers.recurrent.states import states_as_keywords
from torchkeras_layer.layers.wrappers.directions import (
    check_fit,
    check_merge,
    check_recurrent,
    check_shapes_merge,
    one_direction,
)
from torchkeras_layer.layers.wrappers.one_kernel import common_kind, run_in_one
from torchkeras_layer.layers.wrappers.wrapper import with_layers

_MERGES: dict[Any, Any] = {
    "concat": lambda one, other: torch.cat([one, other], -1),
    "sum": torch.add,
    "mul": torch.mul,
    "ave": lambda one, other: (one + other) / 2,
    None: lambda one, other: (one, other),
}


@catalog.register()
class Bidirectional(BuiltInLayer, has_effects=True, only_merges_masks=True):
    """Run a recurrent layer over sequences, and another one over the reversed sequences, and merge their outputs.

    Shapes: those of the layer, with twice the features for 'concat'; for `merge_mode=None` a tuple of both outputs.
    With `return_state` the states of the forward layer and then of the backward layer follow in the tuple. Each
    step of the backward output stands where its inputs stand; without `return_sequences` it is the output for the
    first step, which comes last. With `return_sequences`, masked steps put out 0.

    Args:
        layer: a recurrent layer. It is not used itself: `forward_layer` is made from its config, with its name after
            'forward_'.
        merge_mode: 'concat', 'sum', 'mul', 'ave' (the mean) or `None`.
        weights: arrays for both layers, applied once they are built.
        backward_layer: a layer for the other direction, used as it is; by default made as `forward_layer`, with
            `go_backwards` turned round, and its name after 'backward_'.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `layer` or `backward_layer` is no recurrent layer, both go in the same direction or differ in
            `return_sequences`, `return_state` or `stateful`, or `merge_mode` is unknown or does not fit their outputs;
            in a call, if the initial states are not as many for both.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True))
    >>> layer(torch.ones(2, 5, 3)).shape
    torch.Size([2, 5, 8])
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        class_name = type(self).__name__
        check_recurrent(class_name, "layer", layer)
        if backward_layer is not None:
            check_recurrent(class_name, "backward_layer", backward_layer)
        if merge_mode not in tuple(_MERGES):
            raise ValueError(
                f"{class_name}: merge_mode must be one of 'concat', 'sum', 'mul', 'ave', None. "
                f"Received: merge_mode={merge_mode!r}."
            )
        self._constants_count = kwargs.pop("num_constants", 0)
        super().__init__(weights=weights, **kwargs)
        self.forward_layer = one_direction(layer, "forward_")
        if backward_layer is None:
            backward_layer = one_direction(layer, "backward_", go_backwards=not layer.go_backwards)
        self.backward_layer = backward_layer
        check_fit(class_name, self.forward_layer, self.backward_layer)
        check_merge(class_name, merge_mode, self.forward_layer, self.backward_layer)
        self.merge_mode = merge_mode
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        for direction in (self.forward_layer, self.backward_layer):
            if hasattr(direction, "zero_output_for_mask"):
                direction.zero_output_for_mask = layer.return_sequences
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def forward(self, inputs: Any = None, /, *args: Any, **kwargs: Any) -> Any:
        """Run the layer: torch calls this from `layer(inputs)`. A list is Keras 2's [inputs, *states, *constants]."""
        if inputs is None:
            # They are among the keywords.
            return super().forward(*args, **kwargs)
        args, kwargs = states_as_keywords(self.name, (inputs, *args), kwargs, self._constants_count)
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
            # The shapes of others may take a trace to find out.
            self.compute_output_shape(input_shape)
        self.input_spec = self.forward_layer.input_spec

    def call(
        self,
        sequences: torch.Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: Any = None,
        constants: Any = None,
    ) -> Any:
        """Return the merged outputs, or both, and the last states if `return_state`.

        Args:
            initial_state: the states of the forward layer, then those of the backward layer; default zeros.
            mask: (batch, steps), false where a step does not count.
            constants: tensors that every call of the cells gets, if they take `constants`.
        """
        before = self._halves(initial_state)
        layers = self.forward_layer, self.backward_layer
        plain = mask is None and constants is None and sequences.shape[1] != 0
        kind = common_kind(*layers, sequences, training) if plain else None
        if kind is not None:
            return self._call_in_one(kind, sequences, before)
        outputs, others = (
            self._run(direction, sequences, state, mask, constants)
            for direction, state in zip(layers, before, strict=True)
        )
        (output, *states), (other, *other_states) = (outputs, others) if self.return_state else ([outputs], [others])
        if self.return_sequences:
            other = other.flip(0 if getattr(self.forward_layer, "time_major", False) else 1)
        return self._with_states(self._merge(output, other), [*states, *other_states])

    def _call_in_one(self, kind: str, sequences: torch.Tensor, before: tuple[Any, Any]) -> Any:
        """Run both directions by one of torch's kernels, without reversing anything."""
        outputs, states = run_in_one(kind, self.forward_layer, self.backward_layer, sequences, before)
        if self.return_sequences:
            is_merged = self.merge_mode == "concat"
            return self._with_states(outputs if is_merged else self._merge(*outputs.chunk(2, -1)), states)
        # The last h of each direction is its output.
        return self._with_states(self._merge(states[0], states[len(states) // 2]), states)

    def _with_states(self, merged: Any, states: list[torch.Tensor]) -> Any:
        if not self.return_state:
            return merged
        return (*(merged if self.merge_mode is None else [merged]), *states)

    def _run(self, direction: Any, sequences: torch.Tensor, state: Any, mask: Any, constants: Any) -> Any:
        given = {"initial_state": state, "constants": constants}
        arguments = {name: value for name, value in given.items() if value is not None}
        if direction._torchkeras.signature.takes_mask:
            arguments["mask"] = mask
        return direction(sequences, **arguments)

    def _halves(self, initial_state: Any) -> tuple[Any, Any]:
        if initial_state is None:
            return None, None
        states = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
        if len(states) % 2:
            raise ValueError(
                f"{self.name}: initial_state must hold the states of the forward layer and as many of the backward "
                f"layer. Received: {len(states)} tensor{'s' * (len(states) > 1)}."
            )
        half = len(states) // 2
        return states[:half], states[half:]

    def _merge(self, output: torch.Tensor, other: torch.Tensor) -> Any:
        return _MERGES[self.merge_mode](cast_output(self, output), cast_output(self, other))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask for the output of all steps, for each if they are not merged."""
        mask = leaves(mask)[0] if isinstance(mask, (list, tuple)) and mask else mask
        of_output = mask if self.return_sequences else None
        # The states, which come after the outputs, have none.
        return (of_output, of_output) if self.merge_mode is None else of_output

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shape of the merged outputs, or of both, and of the states if `return_state`.

        Raises:
            ValueError: if the outputs cannot be merged.
        """
        shapes = self.forward_layer.compute_output_shape(input_shape)
        others = self.backward_layer.compute_output_shape(input_shape)
        (shape, *states), (other, *other_states) = (shapes, others) if self.return_state else ([shapes], [others])
        check_shapes_merge(self.name, self.merge_mode, shape, other)
        merged: list[Shape] = [shape]
        if self.merge_mode is None:
            merged = [shape, other]
        elif self.merge_mode == "concat":
            sizes = shape[-1], other[-1]
            merged = [(*shape[:-1], None if None in sizes else sum(sizes))]
        return (*merged, *states, *other_states) if self.return_state or self.merge_mode is None else merged[0]

    @property
    def layer(self) -> Any:
        """The forward layer: the name of Keras 2."""
        return self.forward_layer

    @property
    def states(self) -> Any:
        """The states that both layers keep, or `None` if they keep none.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Bidirectional(keras.layers.GRU(2)).states
        """
        kept = self.forward_layer.states, self.backward_layer.states
        return None if None in kept else (*kept[0], *kept[1])

    def reset_state(self, states: Any = None) -> None:
        """Set the states that are kept to zeros, or to given ones, in the order of `states`.

        Raises:
            ValueError: if states are given and none are kept, or if they do not fit.
        """
        for direction, part in zip((self.forward_layer, self.backward_layer), self._halves(states), strict=True):
            direction.reset_state(part)

    def reset_states(self, states: Any = None) -> None:
        """Do as `reset_state`: the name of Keras 2."""
        self.reset_state(states)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make the layer, and both layers in it, from `get_config()`, ours, that of Keras 3 or that of TF-Keras.

        Raises:
            DeserializationError: (a ValueError) if the config of a layer means none.
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Bidirectional(keras.layers.GRU(3), merge_mode="sum")
        >>> keras.layers.Bidirectional.from_config(layer.get_config()).backward_layer.units
        3
        """
        return super().from_config(with_layers(config, ("layer", "backward_layer"), custom_objects))
