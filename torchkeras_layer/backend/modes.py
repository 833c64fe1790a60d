"""What does K's learning phase mean: the mode, training or inference, of the layer that is being called?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from torchkeras_layer._names import reset_uids, unique_name
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layers.core.choice_by_mode import ChoiceByMode
from torchkeras_layer.ops.backend_names import function_of_backend
from torchkeras_layer.symbolic.keras_tensor import any_symbolic

_SWITCH = function_of_backend("switch")


class LearningPhase(int):
    """The learning phase outside of any call: 0 or 1, which `K.function` knows among its inputs."""


def learning_phase() -> Any:
    """Return 1 in training and 0 in inference: the mode of the layer whose `call` is running.

    It is the `training` that this or an outer call was given; else what `set_learning_phase` set; else the layer's own
    mode, that of `train()` and `eval()`. Outside of any call it is what `set_learning_phase` set, else 0.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Lambda(lambda x: x * learning_phase())
    >>> layer(torch.ones(1)), layer.eval()(torch.ones(1)), learning_phase()
    (tensor([1.]), tensor([0.]), 0)
    """
    context = per_thread.context
    given = context.training
    if context.layer is None:
        return LearningPhase(bool(given))
    mode = context.layer.training if given is None else given
    return mode if isinstance(mode, torch.Tensor) else int(mode)


def symbolic_learning_phase() -> Any:
    """Return the same as `learning_phase`."""
    return learning_phase()


def global_learning_phase_is_set() -> bool:
    """Whether `set_learning_phase` was called, or the call that runs was given `training`."""
    return per_thread.context.training is not None


def set_learning_phase(value: Any) -> None:
    """Set the mode of all calls in this thread that are not given `training`, whatever `train()` and `eval()` say.

    `clear_session()` ends it.

    Raises:
        ValueError: if the value is neither 0 nor 1.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dropout(0.5); set_learning_phase(0); layer(torch.ones(3))
    tensor([1., 1., 1.])
    >>> clear_session()
    """
    per_thread.context.training = _checked(value)


@contextlib.contextmanager
def learning_phase_scope(value: Any) -> Iterator[None]:
    """Set the mode of calls in a block, as `set_learning_phase` does.

    >>> with learning_phase_scope(1):
    ...     learning_phase()
    1
    """
    context = per_thread.context
    before, context.training = context.training, _checked(value)
    try:
        yield
    finally:
        context.training = before


deprecated_internal_learning_phase_scope = learning_phase_scope
deprecated_internal_set_learning_phase = set_learning_phase


def clear_session() -> None:
    """Start the numbers of names again, and forget what `set_learning_phase` set.

    >>> clear_session()
    """
    reset_uids()
    if per_thread.context.layer is None:
        per_thread.context.training = None


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `x` in training and `alt` in inference; of functions without arguments, the result of one.

    Args:
        x: a tensor, or a function without arguments.
        alt: likewise.
        training: the mode; by default that of the layer that is being called, see `learning_phase`. For symbolic
            tensors outside of any call, that of the model that they become.

    >>> in_train_phase(torch.ones(1), torch.zeros(1), training=True), in_train_phase(1, lambda: 0, training=0)
    (tensor([1.]), 0)
    """
    mode = training
    if mode is None or isinstance(mode, LearningPhase):
        is_outside = per_thread.context.layer is None
        both = tuple(choice() if is_outside and callable(choice) else choice for choice in (x, alt))
        if is_outside and any_symbolic(both, (), {}):
            return ChoiceByMode(name=unique_name("in_train_phase"))(list(both))
        x, alt, mode = *both, learning_phase()
    if isinstance(mode, torch.Tensor) or any_symbolic(mode, (), {}):
        return switch(mode, x, alt)
    chosen = x if mode else alt
    return chosen() if callable(chosen) else chosen


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `alt` in training and `x` in inference; see `in_train_phase`."""
    return in_train_phase(alt, x, training)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one value or the other by a condition: a whole tensor by a single one, else entry by entry.

    A condition of a lower rank holds for all that follows its axes; one of rank 1 lies along the last axis. The
    expressions may be functions without arguments, of which a single condition calls one only; in torch.compile and on
    symbolic tensors, both.

    Raises:
        ValueError: if the condition has a higher rank.

    >>> switch(torch.tensor([[True], [False]]), torch.ones(2, 2), torch.zeros(2, 2))
    tensor([[1., 1.],
            [0., 0.]])
    """
    choices = [then_expression, else_expression]
    if any_symbolic(condition, (), {}):
        choices = [choice() if callable(choice) else choice for choice in choices]
    return _SWITCH(condition, *choices)


def _checked(value: Any) -> bool:
    if value not in (0, 1):
        raise ValueError(f"set_learning_phase: expected 0 (inference) or 1 (training). Received: {value!r}.")
    return bool(value)
