"""In which family, which is a subpackage, is each layer? A family is imported when one of its layers is first used.

Importing all families at once takes twice as long as the rest of the library.
"""

from __future__ import annotations

import importlib
from typing import Any

_PACKAGE = __name__.rpartition(".")[0]
# names by family: `make tables` writes what follows from the code.
_NAMES = {
    "activations": "ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU",
    "applications": "CustomScaleLayer LayerScale StochasticDepth",
    "attention": "AdditiveAttention Attention GroupQueryAttention MultiHeadAttention",
    "augmentation": (
        "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MixUp Pipeline "
        "RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop "
        "RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue "
        "RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness "
        "RandomShear RandomTranslation RandomWidth RandomZoom Solarization"
    ),
    "convolution": (
        "Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose Convolution1D Convolution1DTranspose "
        "Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose DepthwiseConv1D DepthwiseConv2D "
        "LocallyConnected1D LocallyConnected2D SeparableConv1D SeparableConv2D SeparableConvolution1D "
        "SeparableConvolution2D"
    ),
    "core": (
        "Activation Dense EinsumDense Embedding Identity Input InputLayer Lambda Masking ReversibleEmbedding "
        "TorchFunction TorchModuleWrapper"
    ),
    "keras_1": "Highway MaxoutDense ParametricSoftplus SReLU",
    "merging": (
        "Add Average Concatenate Dot Maximum Minimum Multiply Subtract add average concatenate dot maximum minimum "
        "multiply subtract"
    ),
    "normalization": "BatchNormalization GroupNormalization LayerNormalization RMSNormalization UnitNormalization",
    "pooling": (
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D "
        "AdaptiveMaxPooling2D AdaptiveMaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D "
        "AvgPool2D AvgPool3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D "
        "GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D "
        "GlobalMaxPooling2D GlobalMaxPooling3D MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D"
    ),
    "preprocessing": (
        "CategoryEncoding CenterCrop Discretization HashedCrossing Hashing IntegerLookup MelSpectrogram Normalization "
        "Rescaling Resizing STFTSpectrogram StringLookup TextVectorization"
    ),
    "recurrent": (
        "GRU LSTM RNN AbstractRNNCell ConvLSTM1D ConvLSTM2D ConvLSTM3D ConvLSTMCell CuDNNGRU CuDNNLSTM GRUCell "
        "LSTMCell SimpleRNN SimpleRNNCell StackedRNNCells"
    ),
    "regularization": (
        "ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D "
        "SpatialDropout3D"
    ),
    "reshaping": (
        "Cropping1D Cropping2D Cropping3D Flatten Permute RepeatVector Reshape UpSampling1D UpSampling2D UpSampling3D "
        "ZeroPadding1D ZeroPadding2D ZeroPadding3D"
    ),
    "wrappers": "Bidirectional SpectralNormalization TimeDistributed Wrapper",
}
# End of names by family.
FAMILY_OF = {name: family for family, names in _NAMES.items() for name in names.split()}


def find(name: str) -> Any:
    """Return the layer class, or the function that makes and calls a layer, of a name in `FAMILY_OF`.

    >>> find("LSTM").__name__
    'LSTM'
    """
    return getattr(importlib.import_module(f"{_PACKAGE}.{FAMILY_OF[name]}"), name)


def import_all() -> None:
    """Import all families, so that a config may name any layer."""
    for family in _NAMES:
        importlib.import_module(f"{_PACKAGE}.{family}")
