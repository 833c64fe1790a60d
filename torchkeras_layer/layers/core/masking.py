"""How does a layer mask the padded steps of sequences?"""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

import numpy as np
import torch

from torchkeras_layer._shapes import Shape, broadcasts_to
from torchkeras_layer.layer.dry_run import SymbolicRun
from torchkeras_layer.layer.dtypes import as_tensors
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import is_symbolic
from torchkeras_layer.symbolic.input_spec import TensorSpec, describe
from torchkeras_layer.symbolic.shape_inference import Inferred


@catalog.register()
class Masking(BuiltInLayer):
    """Mask the steps in which all features equal a value, and set these features to 0.

    Shapes: (batch, steps, …, features) -> the same; the mask has all axes but the last, and is `False` where masked.

    Args:
        mask_value: the value: a number, or an array or tensor with one for each feature.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `mask_value` is not numeric; in a call, if it does not broadcast to the inputs.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Masking(9.0)(torch.tensor([[[1.0, 9.0], [9.0, 9.0]]]))
    tensor([[[1., 9.],
             [0., 0.]]])
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = _read_value(self, mask_value)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with masked steps set to 0, and with the mask attached."""
        # As in Keras, the compute_mask of a subclass does not change the outputs.
        mask = _steps_with_data(self, inputs)
        steps, value = mask.unsqueeze(-1), self.mask_value
        # Not a product, which would be faster, but gives NaN for 0 times infinity.
        is_finite = not isinstance(value, torch.Tensor) and abs(value) < math.inf
        outputs = inputs * steps if is_finite else torch.where(steps, inputs, 0)
        outputs._keras_mask = mask  # type: ignore[attr-defined]
        return outputs

    def compute_mask(self, inputs: torch.Tensor, mask: Any = None) -> torch.Tensor:
        """Return which steps have a feature that differs from `mask_value`."""
        return _steps_with_data(self, as_tensors(self, inputs))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs.

        Raises:
            ValueError: if `mask_value` does not broadcast to it.
        """
        _check_broadcast(self, TensorSpec(input_shape))
        return tuple(input_shape)

    def _torchkeras_infer(
        self, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Inferred, SymbolicRun | None]:
        is_plain = self._torchkeras_facts.states_its_shapes and self._torchkeras.autocast and not (args or kwargs)
        if not (is_plain and is_symbolic(inputs) and inputs.dtype.is_floating_point):
            return super()._torchkeras_infer(outer, inputs, args, kwargs)
        outputs = TensorSpec(self.compute_output_shape(inputs.shape), self._torchkeras.policy.compute)
        return Inferred(outputs, [TensorSpec(inputs.shape[:-1], "bool")]), None


def _read_value(layer: Masking, mask_value: Any) -> Any:
    if isinstance(mask_value, (Number, torch.Tensor)):
        return mask_value
    try:
        if isinstance(mask_value, (np.ndarray, list, tuple)):
            return torch.as_tensor(mask_value)
    except (TypeError, ValueError, RuntimeError):
        pass
    raise ValueError(
        f"{type(layer).__name__}: mask_value must be a number, or an array of one for each feature. "
        f"Received: mask_value={mask_value!r}."
    )


def _steps_with_data(layer: Masking, inputs: torch.Tensor) -> torch.Tensor:
    value = layer.mask_value
    if not isinstance(value, torch.Tensor):
        # Comparing with 0 takes a quarter to half of the time.
        is_asked_directly = value == 0 and inputs.is_floating_point()
        return torch.any(inputs if is_asked_directly else torch.ne(inputs, value), dim=-1)
    try:
        return torch.any(torch.ne(inputs, value.to(inputs.device)), dim=-1)
    except RuntimeError as error:
        _check_broadcast(layer, inputs, error)
        raise


def _check_broadcast(layer: Masking, inputs: Any, error: Exception | None = None) -> None:
    shape = tuple(inputs.shape)
    wanted = tuple(layer.mask_value.shape) if isinstance(layer.mask_value, torch.Tensor) else ()
    if not broadcasts_to(wanted, shape):
        raise ValueError(
            f"{layer.name}: mask_value must broadcast to the inputs: give one value for each feature. "
            f"Received: a mask_value of shape {wanted}, and inputs of shape {describe(inputs)}."
        ) from error
