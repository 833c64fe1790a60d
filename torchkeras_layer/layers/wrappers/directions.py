"""How are the two layers made that go through a sequence in both directions?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.recurrent.rnn import RNN
from torchkeras_layer.layers.recurrent.states import output_size
from torchkeras_layer.registry import CustomObjectScope

# What a layer must have for that, with the meaning that they have for `RNN`.
_NEEDED = ("go_backwards", "return_sequences", "return_state")
_COMMON = ("stateful", "return_sequences", "return_state", "time_major")


def check_recurrent(class_name: str, argument: str, layer: Any) -> None:
    """Check that a layer goes through sequences.

    Raises:
        ValueError: if it is no layer, or lacks what the other direction is made with.

    >>> import torchkeras_layer as keras
    >>> check_recurrent("Bidirectional", "layer", keras.layers.GRU(2))
    """
    missing = [name for name in _NEEDED if not hasattr(layer, name)]
    if not isinstance(layer, Layer) or missing:
        received = layer.name if isinstance(layer, Layer) else repr(layer)
        lacking = f", which has no {', '.join(missing)}" if isinstance(layer, Layer) else ""
        raise ValueError(
            f"{class_name}: {argument} must be a recurrent layer, such as LSTM(8), RNN(cell), or one with attributes "
            f"{', '.join(_NEEDED)}. Received: {received}{lacking}."
        )


def one_direction(layer: Any, prefix: str, **changes: Any) -> Any:
    """Return a new layer with the config of one, weights and state of its own, and a name that begins with a prefix.

    >>> import torchkeras_layer as keras
    >>> one_direction(keras.layers.GRU(2, name="gru"), "backward_", go_backwards=True).name
    'backward_gru'
    """
    config = {**layer.get_config(), **changes, "name": prefix + layer.name.removeprefix(prefix)}
    with CustomObjectScope(_classes_in(layer)):
        made = type(layer).from_config(config)
    if isinstance(layer, RNN):
        # No config says it.
        made._fuses = layer._fuses
    return made


def check_fit(class_name: str, forward: Any, backward: Any) -> None:
    """Check that two layers are each other's opposite, and otherwise alike.

    Raises:
        ValueError: if they are not.

    >>> import torchkeras_layer as keras
    >>> check_fit("Bidirectional", keras.layers.GRU(2), keras.layers.GRU(3, go_backwards=True))
    """
    if forward.go_backwards == backward.go_backwards:
        raise ValueError(
            f"{class_name}: layer and backward_layer must go in different directions. "
            f"Received: go_backwards={forward.go_backwards} for both. Make one with go_backwards=True."
        )
    for name in _COMMON:
        of_forward, of_backward = getattr(forward, name, False), getattr(backward, name, False)
        if of_forward != of_backward:
            raise ValueError(
                f"{class_name}: layer and backward_layer must have the same {name}. "
                f"Received: {name}={of_forward} and {name}={of_backward}."
            )


def check_merge(class_name: str, merge_mode: str | None, forward: Any, backward: Any) -> None:
    """Check that what two layers put out can be merged, as far as their cells tell it.

    Raises:
        ValueError: if they have not as many features, and those are to be added or multiplied.

    >>> import torchkeras_layer as keras
    >>> check_merge("Bidirectional", "concat", keras.layers.GRU(2), keras.layers.GRU(3, go_backwards=True))
    """
    if isinstance(forward, RNN) and isinstance(backward, RNN):
        sizes = [(output_size(layer.cell),) for layer in (forward, backward)]
        check_shapes_merge(class_name, None if merge_mode == "concat" else merge_mode, *sizes)


def check_shapes_merge(name: str, merge_mode: str | None, forward: Any, backward: Any) -> None:
    """Check that outputs of the given shapes can be merged; `None` is a free size.

    Raises:
        ValueError: if they cannot.

    >>> check_shapes_merge("bidirectional", "concat", (None, 3), (2, 4))
    """
    counted = -1 if merge_mode == "concat" else None
    pairs = zip(forward[:counted], backward[:counted], strict=False)
    is_alike = len(forward) == len(backward) and all(None in pair or pair[0] == pair[1] for pair in pairs)
    if merge_mode is not None and not is_alike:
        raise ValueError(
            f"{name}: merge_mode={merge_mode!r} needs outputs of the same shape from both layers"
            f"{', but for their features' if merge_mode == 'concat' else ''}. "
            f"Received: {tuple(forward)} and {tuple(backward)}. Give both layers the same sizes, or merge_mode=None."
        )


def _classes_in(layer: Layer) -> dict[str, type]:
    """Return the classes of cells and layers inside that are not built in, by their names."""
    cell = getattr(layer, "cell", None)
    parts = [*layer.modules(), cell, *leaves(list(getattr(cell, "cells", [])))]
    classes = {type(part) for part in parts if part is not None}
    return {cls.__name__: cls for cls in classes if not cls.__module__.startswith(("torchkeras_layer.", "torch."))}
