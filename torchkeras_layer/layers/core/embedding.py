"""How does a layer map ints to vectors, and vectors back to scores of the ints?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import constraints, initializers, regularizers
from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer.dry_run import SymbolicRun
from torchkeras_layer.layer.dtypes import as_tensors
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, positive_int, resolved, sizes_in
from torchkeras_layer.layers.built_in_layer import (
    BuiltInLayer,
    add_parameter,
    cast_output,
    is_torchs_to_cast,
    weight_of,
)
from torchkeras_layer.symbolic import TensorSpec
from torchkeras_layer.symbolic.keras_tensor import is_symbolic
from torchkeras_layer.symbolic.shape_inference import Inferred

_INDEX_DTYPES = (torch.int64, torch.int32)


@catalog.register()
class Embedding(BuiltInLayer):
    """Map ints to vectors: the inputs are row numbers of a table, `embeddings`.

    Shapes: (batch, …) -> (batch, …, output_dim). The inputs may have any int dtype, or be floats with integer values.

    Args:
        input_dim: number of rows. output_dim: size of a row.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: identifiers or callables.
        mask_zero: whether the input 0 means padding; the output's mask is then `inputs != 0`.
        input_length: length of the inputs without the batch, int or tuple, if it is constant.
        weights: the table, or a list of it; the layer is then built at once.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a size or length is not a positive int, an identifier is unknown, or `lora_rank`, `lora_alpha`,
            `quantization_config` or `sparse` is given.
        IndexError: in a call, if there is no row for an input.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Embedding(3, 2, mask_zero=True, weights=torch.tensor([[0.0, 0], [1, 2], [3, 4]]))
    >>> layer(torch.tensor([[2, 0]])), layer.compute_mask(torch.tensor([[2, 0]]))
    (tensor([[[3., 4.],
             [0., 0.]]], grad_fn=<EmbeddingBackward0>), tensor([[ True, False]]))
    """

    _torchkeras_unsupported = {"lora_rank": None, "lora_alpha": None, "quantization_config": None, "sparse": False}

    # Keras 2 and 3 have different orders of the arguments from here on, so they are keyword-only.
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
            kwargs.setdefault("input_shape", _read_lengths(self, input_length))
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
        # Row numbers above 256 are not exact in bfloat16.
        self._torchkeras.autocast = False
        if table is not None:
            self.build()

    def build(self, input_shape: Shape | None = None) -> None:
        """Create `embeddings`; the shape of the inputs does not matter."""
        # `call` casts the rows that are looked up, and not the whole table.
        self.embeddings = add_parameter(self, "embeddings", (self.input_dim, self.output_dim), autocast=False)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the row of each int."""
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
        return as_tensors(self, inputs) != 0 if self.mask_zero else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs followed by `output_dim`.

        Raises:
            ValueError: if the shape contradicts `input_length`.
        """
        lengths = input_shape[1:] if self.input_length is None else _read_lengths(self, self.input_length)
        pairs = list(zip(lengths, input_shape[1:], strict=False))
        if len(lengths) != len(input_shape) - 1 or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise ValueError(
                f"{self.name}: input_length={self.input_length} does not fit inputs of shape {tuple(input_shape)}."
            )
        known = (theirs if ours is None else ours for ours, theirs in pairs)
        return (input_shape[0], *known, self.output_dim)

    def _torchkeras_infer(
        self, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Inferred, SymbolicRun | None]:
        # A mask of rows that are looked up is known without looking them up.
        is_known = self._torchkeras_facts.states_its_shapes and type(self).compute_mask is Embedding.compute_mask
        is_plain = not args and all(value is None for value in kwargs.values())
        if not (is_known and is_plain and is_symbolic(inputs) and isinstance(inputs.dtype, torch.dtype)):
            return super()._torchkeras_infer(outer, inputs, args, kwargs)
        spec = TensorSpec(self.compute_output_shape(inputs.shape), self._torchkeras.policy.compute)
        return Inferred(spec, [TensorSpec(inputs.shape, "bool") if self.mask_zero else None]), None


@catalog.register()
class ReversibleEmbedding(Embedding):
    """An `Embedding` that, called with `reverse=True`, multiplies vectors by its table.

    Shapes: (batch, …) -> (batch, …, output_dim); in reverse, (batch, …, output_dim) -> (batch, …, input_dim).

    Args:
        input_dim: number of rows. output_dim: size of a row.
        tie_weights: whether both directions use `embeddings`; if not, the reverse direction has `reverse_embeddings`,
            of shape (output_dim, input_dim).
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: identifiers or callables.
        mask_zero: whether the input 0 means padding; the mask is then `inputs != 0`. Scores have no mask.
        reverse_dtype: dtype in which scores are computed; default the compute dtype.
        logit_soft_cap: if given, scores become `tanh(scores / logit_soft_cap) * logit_soft_cap`.
        **kwargs: those of `Embedding` and `Layer`.

    Raises:
        ValueError: as `Embedding`; if `logit_soft_cap` is not a positive number, or `reverse_dtype` is not a
            float dtype; in a reverse call, if the vectors do not have `output_dim` features.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.ReversibleEmbedding(3, 2, weights=torch.tensor([[1.0, 0], [0, 1], [1, 1]]))
    >>> layer(layer(torch.tensor([2])), reverse=True)
    tensor([[1., 1., 2.]], grad_fn=<MmBackward0>)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.__dict__["tie_weights"] = bool(tie_weights)
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        dtype = None if reverse_dtype is None else resolved(self, "reverse_dtype", reverse_dtype, _float_dtype)
        self.reverse_dtype = None if dtype is None else dtype_name(dtype)
        self.logit_soft_cap = None if logit_soft_cap is None else _read_soft_cap(self, logit_soft_cap)

    def build(self, input_shape: Shape | None = None) -> None:
        """Create `embeddings` and, if `tie_weights` is false, `reverse_embeddings`."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                "reverse_embeddings", (self.output_dim, self.input_dim), initializer=self.embeddings_initializer
            )

    def call(self, inputs: torch.Tensor, reverse: bool = False) -> torch.Tensor:
        """Return the row of each int or, in reverse, a score for each row."""
        if reverse:
            return _scores(self, inputs)
        outputs = super().call(inputs)
        if self.mask_zero:
            outputs._keras_mask = inputs != 0  # type: ignore[attr-defined]
        return outputs

    def compute_mask(self, inputs: torch.Tensor, mask: Any = None) -> None:
        """Return `None`: only `call` knows the direction, and sets the mask."""

    def compute_output_shape(self, input_shape: Shape, reverse: bool = False) -> Shape:
        """Return the shape of the rows or, in reverse, of the scores."""
        return (*input_shape[:-1], self.input_dim) if reverse else super().compute_output_shape(input_shape)


def _float_dtype(dtype: Any) -> torch.dtype:
    found = torch_dtype(dtype)
    if not found.is_floating_point:
        raise ValueError(f"a float dtype is expected for scores. Received: {dtype!r}.")
    return found


def _read_lengths(layer: Embedding, input_length: Any) -> Shape:
    return sizes_in(layer, "input_length", input_length, "a positive int, or a tuple of them and None")


def _scores(layer: ReversibleEmbedding, inputs: torch.Tensor) -> torch.Tensor:
    if inputs.dim() < 1 or inputs.shape[-1] != layer.output_dim:
        raise ValueError(
            f"{layer.name}: in reverse, the last axis of the inputs must have size output_dim={layer.output_dim}. "
            f"Received: inputs of shape {tuple(inputs.shape)}."
        )
    matrix = weight_of(layer, "embeddings") if layer.tie_weights else weight_of(layer, "reverse_embeddings").t()
    # The attribute is not cast for the call, so that a lookup does not cast the whole table.
    if layer.reverse_dtype is not None:
        dtype = torch_dtype(layer.reverse_dtype)
    else:
        dtype = None if is_torchs_to_cast(inputs) else layer._torchkeras.compute_dtype
    if dtype is not None:
        inputs, matrix = inputs.to(dtype), matrix.to(dtype)
    logits = F.linear(inputs, matrix)
    cap = layer.logit_soft_cap
    return logits if cap is None else torch.tanh(logits / cap) * cap


def _read_soft_cap(layer: ReversibleEmbedding, soft_cap: Any) -> float:
    number = finite_number(layer, "logit_soft_cap", soft_cap)
    if number <= 0:
        raise ValueError(
            f"{type(layer).__name__}: logit_soft_cap must be above 0. Received: logit_soft_cap={soft_cap!r}."
        )
    return number
