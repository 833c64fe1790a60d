"""What do the layers have in common that sort strings or ints into bins by a hash?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import leaves
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.encoding import read_output_mode
from torchkeras_layer.layers.preprocessing.string_layer import StringLayer
from torchkeras_layer.symbolic import TensorSpec


class BinLayer(StringLayer):
    """Base of layers that give each string or int a bin. Of strings they are never traced, of tensors they may be.

    Args:
        num_bins: how many bins there are, output_mode: what is made of their numbers; accepted_modes: the choice.

    Raises:
        ValueError: if `num_bins` is not a positive int of 64 bits, `output_mode` is none of the accepted ones, or
            `dtype` is no int type for 'int'.

    >>> BinLayer(3, "int", ("int", "one_hot")).compute_dtype, BinLayer(3, "one_hot", ("int", "one_hot")).compute_dtype
    ('int64', 'float32')
    """

    _torchkeras_unsupported = {"sparse": False}

    def __init__(self, num_bins: int, output_mode: str, accepted_modes: tuple[str, ...], **kwargs: Any) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else floatx()
        super().__init__(**kwargs)
        self.num_bins = self._read_bins(num_bins)
        self.output_mode = read_output_mode(self, output_mode, *accepted_modes)
        if self.output_mode == "int" and self._torchkeras.compute_dtype not in (torch.int64, torch.int32):
            raise ValueError(
                f"{type(self).__name__}: output_mode='int' gives int64 or int32. Received: dtype={kwargs['dtype']!r}."
            )
        # Strings are never traced, as the layer for them inside says; of ints there are tensors.
        self._torchkeras.dynamic = kwargs.get("dynamic") is True
        self.built = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer: torch calls this from `layer(inputs)`."""
        inputs = args[0] if args else kwargs.get("inputs")
        kind = DataLayer if all(isinstance(leaf, torch.Tensor) for leaf in leaves(inputs)) else StringLayer
        return kind.forward(self, *args, **kwargs)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` that the layer gives for inputs of a given one."""
        shape = input_signature.shape if isinstance(input_signature, TensorSpec) else [s.shape for s in input_signature]
        return TensorSpec(self.compute_output_shape(shape), self._torchkeras.compute_dtype)

    def _read_bins(self, num_bins: Any) -> int:
        number = positive_int(self, "num_bins", num_bins)
        if number >= 2**63:
            raise ValueError(
                f"{type(self).__name__}: num_bins must be an int of 64 bits. Received: num_bins={num_bins!r}."
            )
        return number
