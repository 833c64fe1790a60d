"""Layers that let the values of a sequence look at each other."""

from torchkeras_layer.layers.attention.additive_attention import AdditiveAttention
from torchkeras_layer.layers.attention.attention import Attention
from torchkeras_layer.layers.attention.grouped_query_attention import GroupedQueryAttention as GroupQueryAttention
from torchkeras_layer.layers.attention.multi_head_attention import MultiHeadAttention

__all__ = ["AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention"]
