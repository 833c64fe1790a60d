"""Which statements of PyTorch train, evaluate and use a model as Keras's methods do?"""

from torchkeras_layer.port.training.rewriting import rewrite

__all__ = ["rewrite"]
