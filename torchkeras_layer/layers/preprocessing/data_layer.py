"""What do the layers that take raw data have in common?"""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.dtypes import weights_device
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import InputSpec
from torchkeras_layer.symbolic.keras_tensor import is_symbolic


class DataLayer(BuiltInLayer):
    """Base of layers that are called on data as it comes: a (nested) list of numbers is one tensor to them.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Rescaling(2.0)([[1, 2], [3, 4]])
    tensor([[2., 4.],
            [6., 8.]])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # One tensor, and no list of them.
        self.input_spec = InputSpec()

    def _in_compute_dtype(self, inputs: torch.Tensor) -> torch.Tensor:
        # A cast to the dtype that it has takes torch as long as an addition of small tensors.
        dtype = self._torchkeras.compute_dtype
        return inputs if inputs.dtype is dtype else inputs.to(dtype)

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        if isinstance(inputs, (list, tuple)) and all(isinstance(leaf, (bool, int, float)) for leaf in leaves(inputs)):
            return self._numbers_as_tensor(inputs)
        tensors = super()._torchkeras_read_inputs(inputs)
        if not all(isinstance(leaf, torch.Tensor) or is_symbolic(leaf) for leaf in leaves(tensors)):
            raise TypeError(
                f"{self.name}: it takes a tensor, or an array or a (nested) list of numbers. "
                f"Received: {reprlib.repr(inputs)}."
            )
        return tensors

    def _numbers_as_tensor(self, numbers: Any) -> torch.Tensor:
        try:
            array = np.asarray(numbers)
        except ValueError:
            raise ValueError(f"{self.name}: the rows of a list must be equally long. Received: {numbers!r}.") from None
        dtype = torch_dtype(floatx()) if array.dtype.kind == "f" or not array.size else None
        return torch.as_tensor(array, dtype=dtype, device=weights_device(self))
