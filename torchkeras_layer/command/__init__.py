"""The command `torchkeras-layer`: look at model files of Keras, check them, draw them, convert them."""

from torchkeras_layer.command.main import main

__all__ = ["main"]
