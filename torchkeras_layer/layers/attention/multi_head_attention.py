"""How do several heads look at a sequence, each through projections of its own?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import Self

from torchkeras_layer import regularizers
from torchkeras_layer._shapes import Shape, as_shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int, sizes_in
from torchkeras_layer.layers.attention.headed_attention import HeadedAttention


@catalog.register()
class MultiHeadAttention(HeadedAttention):
    """Heads that each compare projected queries with projected keys, and take the mean of projected values by that.

    Called as `layer(query, value, key=None)`, with `value` for the key by default, and as options `attention_mask`
    (boolean, broadcast to the scores or to them without heads; true: the query may look at the key), `use_causal_mask`,
    `return_attention_scores` and `query_mask`, `value_mask`, `key_mask`, by default those that the tensors carry; the
    output carries that of the query. A query that may look at no key gets, as in Keras, the mean of all values; but 0
    where scores are returned, `dropout` is not 0 or the inputs have more than 3 axes. Second derivatives: as for
    `Attention`.

    Shapes: query (batch, steps, features), value and key (batch, other steps, features of their own) -> (batch, steps,
    query's features), and scores (batch, heads, steps, other steps). There may be more axes between batch and features.

    Args:
        num_heads: number of heads. key_dim: size of each for queries and keys. value_dim: for values, default key_dim.
        dropout: probability with which a weight of a value is dropped in training.
        use_bias: whether the projections have biases.
        output_shape: int or several, in place of the query's features in the output.
        attention_axes: axes over which queries look at keys, default all but the first and the last.
        sliding_window: queries look only at keys less than this many steps away.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: identifiers or callables, for each of the projections.
        use_gate: whether the sigmoid of another projection of the query multiplies what the heads found.
        seed: int for the numbers that `dropout` draws, as in `Dropout`.
        **kwargs: those of `Layer`; `flash_attention` has no effect, torch takes its fastest kernel by itself.

    Raises:
        ValueError: if an argument is not of that kind, or shapes or masks do not fit together.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=3)
    >>> query, value = torch.ones(4, 5, 6), torch.ones(4, 7, 8)
    >>> outputs, scores = layer(query, value, return_attention_scores=True)
    >>> outputs.shape, scores.shape, list(layer.state_dict())[:2]
    (torch.Size([4, 5, 6]), torch.Size([4, 2, 5, 7]), ['_query_dense.kernel', '_query_dense.bias'])
    """

    # Keras 2 and 3 disagree on the order of the arguments from `sliding_window` on: none is taken by its position.
    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        *,
        sliding_window: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dropout, use_bias, sliding_window, use_gate, seed, **kwargs)
        self._take_weight_arguments("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._take_weight_arguments("bias", bias_initializer, bias_regularizer, bias_constraint)
        self._take_activity_regularizer(activity_regularizer)
        self.num_heads = positive_int(self, "num_heads", num_heads)
        self.key_dim = positive_int(self, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else positive_int(self, "value_dim", value_dim)
        expected = "a positive int, or several"
        self._output_shape = (
            None if output_shape is None else sizes_in(self, "output_shape", output_shape, expected, are_known=True)
        )
        self.attention_axes = None if attention_axes is None else self._read_axes(attention_axes)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from `get_config()`, ours, that of Keras 3 or that of TF-Keras, which holds shapes to build for.

        Raises:
            TypeError: if the constructor does not take the config.

        >>> config = {"num_heads": 2, "key_dim": 3, "query_shape": [None, 4, 5], "value_shape": [None, 4, 5]}
        >>> MultiHeadAttention.from_config(config).built
        True
        """
        names = ("query_shape", "value_shape", "key_shape")
        if not isinstance(config, dict) or not set(names) & set(config):
            return super().from_config(config)
        layer = super().from_config({name: value for name, value in config.items() if name not in names})
        query_shape, value_shape, key_shape = (config.get(name) for name in names)
        if query_shape is not None and value_shape is not None:
            layer.build(query_shape, value_shape, key_shape)
        return layer

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build with the shapes of `get_build_config()`. That of TF-Keras holds the query's only: then do nothing."""
        if not self.built or not config or "shapes_dict" in config:
            super().build_from_config(config)

    @property
    def query_dense(self) -> Any:
        """The layer that projects queries, once the layer is built."""
        return self._query_dense

    @property
    def key_dense(self) -> Any:
        """The layer that projects keys, once the layer is built."""
        return self._key_dense

    @property
    def value_dense(self) -> Any:
        """The layer that projects values, once the layer is built."""
        return self._value_dense

    @property
    def output_dense(self) -> Any:
        """The layer that makes the output of what the heads found, once the layer is built."""
        return self._output_dense

    def _head_counts(self) -> tuple[int, int]:
        return self.num_heads, self.num_heads

    def _head_sizes(self) -> tuple[int, int]:
        return self.key_dim, self.value_dim

    def _axes_in(self, rank: int) -> tuple[int, ...]:
        if rank < 3:
            raise ValueError(
                f"{self.name}: query and value must have rank 3 or more: batch, steps, features. Received: rank {rank}."
            )
        axes = tuple(axis % rank for axis in self.attention_axes or range(1, rank - 1) if -rank <= axis < rank)
        if len(set(axes)) < len(self.attention_axes or axes) or {0, rank - 1} & set(axes):
            raise ValueError(
                f"{self.name}: attention_axes must name axes between the first and the last of inputs of rank {rank}, "
                f"each once. Received: attention_axes={self.attention_axes}."
            )
        return axes

    def _output_sizes(self, query_shape: Shape) -> Shape:
        return query_shape[-1:] if self._output_shape is None else self._output_shape

    def _read_axes(self, attention_axes: Any) -> tuple[int, ...]:
        try:
            axes = as_shape(attention_axes if isinstance(attention_axes, (list, tuple)) else (attention_axes,))
        except TypeError:
            axes = ()
        if not axes or None in axes:
            raise ValueError(
                f"{type(self).__name__}: attention_axes must be an int, or several. "
                f"Received: attention_axes={attention_axes!r}."
            )
        return axes  # type: ignore[return-value]

    def _torchkeras_write_argument(self, name: str) -> Any:
        if name == "activity_regularizer":
            # It is for the outputs of the projections, and not for those of this layer.
            return regularizers.serialize(self._projection_regularizer)
        return super()._torchkeras_write_argument(name)
