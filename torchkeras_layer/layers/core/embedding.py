"""How does a layer turn ints into vectors?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer import constraints, initializers, regularizers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int, resolved, sizes_in
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, add_parameter, cast_output, weight_of

_INDEX_DTYPES = (torch.int64, torch.int32)


@catalog.register()
class Embedding(BuiltInLayer):
    """A table of vectors, `embeddings`, of which the inputs are the row numbers.

    Shapes: (batch, …) -> (batch, …, output_dim). The inputs may be of any int type, or floats that hold ints.

    Args:
        input_dim: number of rows. output_dim: size of a row.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: identifiers or callables.
        mask_zero: whether the input 0 stands for padding; the output's mask is then `inputs != 0`.
        input_length: length of the inputs beyond the batch, int or tuple, if it is always the same.
        weights: the table, or a list of it; the layer is then built at once.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a size or length is not a positive int, an identifier is unknown, or `lora_rank`, `lora_alpha`,
            `quantization_config` or `sparse` is given.
        IndexError: in a call, if there is no such row.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Embedding(3, 2, mask_zero=True, weights=torch.tensor([[0.0, 0], [1, 2], [3, 4]]))
    >>> layer(torch.tensor([[2, 0]])), layer.compute_mask(torch.tensor([[2, 0]]))
    (tensor([[[3., 4.],
             [0., 0.]]], grad_fn=<EmbeddingBackward0>), tensor([[ True, False]]))
    """

    _torchkeras_unsupported = {"lora_rank": None, "lora_alpha": None, "quantization_config": None, "sparse": False}

    # Keras 2 and 3 disagree on the order of the arguments from here on: none is taken by its position.
    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        *,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        input_length: int | tuple[int | None, ...] | None = None,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        if input_length is not None:
            kwargs.setdefault("input_shape", self._read_lengths(input_length))
        table = weights if weights is None or isinstance(weights, (list, tuple)) and len(weights) == 1 else [weights]
        super().__init__(weights=table, **kwargs)
        self.input_dim = positive_int(self, "input_dim", input_dim)
        self.output_dim = positive_int(self, "output_dim", output_dim)
        self.embeddings_initializer = resolved(self, "embeddings_initializer", embeddings_initializer, initializers.get)
        self.embeddings_regularizer = resolved(self, "embeddings_regularizer", embeddings_regularizer, regularizers.get)
        self.embeddings_constraint = resolved(self, "embeddings_constraint", embeddings_constraint, constraints.get)
        self.mask_zero = bool(mask_zero)
        self.input_length = input_length
        self.supports_masking = self.mask_zero
        # Row numbers beyond 256 are not exact in bfloat16.
        self._torchkeras.autocast = False
        if table is not None:
            self.build()

    def build(self, input_shape: Shape | None = None) -> None:
        """Create `embeddings`; the shape of the inputs does not matter."""
        # The rows that are looked up are cast in `call`, and not the whole table.
        self.embeddings = add_parameter(self, "embeddings", (self.input_dim, self.output_dim), autocast=False)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return a row for each int."""
        if inputs.dtype not in _INDEX_DTYPES:
            inputs = inputs.to(torch.int64)
        try:
            outputs = torch.embedding(weight_of(self, "embeddings"), inputs)
        except IndexError as error:
            raise IndexError(
                f"{self.name}: inputs must be row numbers from 0 to input_dim - 1, which is {self.input_dim - 1}. "
                f"Received: numbers from {int(inputs.min())} to {int(inputs.max())}."
            ) from error
        return outputs if outputs.dtype is self._torchkeras.compute_dtype else cast_output(self, outputs)

    def compute_mask(self, inputs: torch.Tensor, mask: Any = None) -> torch.Tensor | None:
        """Return `inputs != 0` if zeros are masked, else `None`."""
        return inputs != 0 if self.mask_zero else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs and, after it, `output_dim`.

        Raises:
            ValueError: if the shape contradicts `input_length`.
        """
        lengths = input_shape[1:] if self.input_length is None else self._read_lengths(self.input_length)
        pairs = list(zip(lengths, input_shape[1:], strict=False))
        if len(lengths) != len(input_shape) - 1 or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise ValueError(
                f"{self.name}: input_length={self.input_length} does not fit inputs of shape {tuple(input_shape)}."
            )
        known = (theirs if ours is None else ours for ours, theirs in pairs)
        return (input_shape[0], *known, self.output_dim)

    def _read_lengths(self, input_length: Any) -> Shape:
        return sizes_in(self, "input_length", input_length, "a positive int, or a tuple of them and None")
