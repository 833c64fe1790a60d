"""Which attention layers are there?"""

from torchkeras_layer.layers.attention.attention import AdditiveAttention, Attention
from torchkeras_layer.layers.attention.multi_head_attention import GroupedQueryAttention as GroupQueryAttention
from torchkeras_layer.layers.attention.multi_head_attention import MultiHeadAttention

__all__ = ["AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention"]
