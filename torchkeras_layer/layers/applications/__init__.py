"""Which layers do the models of `keras.applications` have that `keras.layers` of Keras does not?"""

from torchkeras_layer.layers.applications.residuals import CustomScaleLayer, LayerScale, StochasticDepth

__all__ = ["CustomScaleLayer", "LayerScale", "StochasticDepth"]
