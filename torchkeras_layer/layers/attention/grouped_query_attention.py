"""How do several heads of queries share each head of keys and values?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.attention.headed_attention import HeadedAttention


@catalog.register("GroupedQueryAttention", name="GroupQueryAttention")
class GroupedQueryAttention(HeadedAttention):
    """`MultiHeadAttention` with fewer heads of keys and values: each serves several heads of queries.

    Called as `layer(query, value, key=None)`, with the options of `MultiHeadAttention`. Keras shows it as
    `layers.GroupQueryAttention`.

    Shapes: query (batch, steps, features), value and key (batch, other steps, features of their own) -> (batch, steps,
    query's features), and scores (batch, query heads, steps, other steps).

    Args:
        head_dim: size of each head.
        num_query_heads: number of heads of queries.
        num_key_value_heads: number of heads of keys and values; it divides that of queries.
        dropout: probability with which a weight of a value is dropped in training.
        use_bias: whether the projections have biases.
        sliding_window: queries look only at keys less than this many steps away.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables, for each of the projections.
        activity_regularizer: on the outputs of the projections, and on that of the layer.
        use_gate: whether the sigmoid of another projection of the query multiplies what the heads found.
        seed: int for the numbers that `dropout` draws, as in `Dropout`.
        **kwargs: those of `Layer`; `flash_attention` has no effect, torch takes its fastest kernel by itself.

    Raises:
        ValueError: if an argument is not of that kind, the heads do not divide, or shapes or masks do not fit together.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.GroupQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)
    >>> layer(torch.ones(5, 6, 7), torch.ones(5, 8, 9)).shape, layer._key_dense.kernel.shape
    (torch.Size([5, 6, 7]), torch.Size([9, 2, 3]))
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
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
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(dropout, use_bias, sliding_window, use_gate, seed, **kwargs)
        self._take_weight_arguments("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._take_weight_arguments("bias", bias_initializer, bias_regularizer, bias_constraint)
        self._take_activity_regularizer(activity_regularizer)
        self.head_dim = positive_int(self, "head_dim", head_dim)
        self.num_query_heads = positive_int(self, "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive_int(self, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                f"{type(self).__name__}: num_key_value_heads must divide num_query_heads. Received: "
                f"num_query_heads={num_query_heads}, num_key_value_heads={num_key_value_heads}."
            )

    def _head_counts(self) -> tuple[int, int]:
        return self.num_query_heads, self.num_key_value_heads

    def _head_sizes(self) -> tuple[int, int]:
        return self.head_dim, self.head_dim

    def _axes_in(self, rank: int) -> tuple[int, ...]:
        if rank != 3:
            raise ValueError(
                f"{self.name}: query and value must have rank 3: batch, steps, features. Received: rank {rank}."
            )
        return (1,)
