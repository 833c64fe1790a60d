"""Which names are in `keras.mixed_precision`? Dtype policies and the global default."""

from torchkeras_layer.precision import Policy, global_policy, set_global_policy

DTypePolicy = Policy
dtype_policy = global_policy
set_dtype_policy = set_global_policy

__all__ = ["DTypePolicy", "Policy", "dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"]
