"""How are graphs of symbolic tensors run by functions of K?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchkeras_layer._structures import leaves
from torchkeras_layer.backend.modes import LearningPhase
from torchkeras_layer.backend.questions import convert_to_numpy, is_symbolic
from torchkeras_layer.models import Model


def eval(x: Any) -> Any:
    """Return the values of a tensor as an array.

    Raises:
        TypeError: for a symbolic tensor, which has none.

    >>> eval(torch.ones(2))
    array([1., 1.], dtype=float32)
    """
    if is_symbolic(x):
        raise TypeError(
            f"K.eval: a symbolic tensor has no values. Received: {x!r}. Write K.function([inputs], [x]), and call it."
        )
    return convert_to_numpy(x)


def function(
    inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **kwargs: Any
) -> Callable[[Any], Any]:
    """Return a function from arrays to arrays, which runs the graph between symbolic tensors.

    It runs in inference mode. If `K.learning_phase()` is among the inputs, its value is the mode.

    Args:
        inputs: a symbolic tensor or a list of them; also tensors inside a graph.
        outputs: a symbolic tensor, or a list of them.
        updates: not supported, as in TF-Keras.
        name: has no effect.

    Raises:
        ValueError: for updates, or arguments of sessions.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((2,)); run = function([x], [x * 2]); run([np.ones((1, 2), "float32")])
    [array([[2., 2.]], dtype=float32)]
    """
    if updates or kwargs:
        raise ValueError(f"K.function: there are no sessions, and no updates. Received: {updates=}, {kwargs}.")
    listed = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    phases = [place for place, one in enumerate(listed) if isinstance(one, LearningPhase)]
    symbolic = [one for one in listed if not isinstance(one, LearningPhase)]
    wanted = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    model = Model(symbolic, wanted)

    def run(model_inputs: Any) -> Any:
        values = list(model_inputs) if isinstance(model_inputs, (list, tuple)) else [model_inputs]
        if len(values) != len(listed):
            raise ValueError(f"K.function: expected {len(listed)} inputs, in a list. Received: {len(values)}.")
        mode = any(bool(values[place]) for place in phases)
        tensors = [_as_input(value) for place, value in enumerate(values) if place not in phases]
        # With gradients, because a tensor of the graph may be one.
        with torch.enable_grad():
            found = leaves(model(tensors, training=mode))
        arrays = [convert_to_numpy(value) for value in found]
        return arrays if isinstance(outputs, (list, tuple)) else arrays[0]

    return run


def _as_input(value: Any) -> Tensor:
    tensor = value.detach() if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))
    return tensor.requires_grad_() if tensor.is_floating_point() else tensor
