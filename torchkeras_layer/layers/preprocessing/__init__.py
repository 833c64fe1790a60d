"""Which layers turn raw data, such as words and pixels, into inputs of a model?"""

from torchkeras_layer.layers.preprocessing.discretization import Discretization
from torchkeras_layer.layers.preprocessing.encoding import CategoryEncoding
from torchkeras_layer.layers.preprocessing.hashing import HashedCrossing, Hashing
from torchkeras_layer.layers.preprocessing.integer_lookup import IntegerLookup
from torchkeras_layer.layers.preprocessing.mel_spectrogram import MelSpectrogram
from torchkeras_layer.layers.preprocessing.normalization import Normalization
from torchkeras_layer.layers.preprocessing.rescaling import Rescaling
from torchkeras_layer.layers.preprocessing.resizing import CenterCrop, Resizing
from torchkeras_layer.layers.preprocessing.stft_spectrogram import STFTSpectrogram
from torchkeras_layer.layers.preprocessing.string_lookup import StringLookup
from torchkeras_layer.layers.preprocessing.text_vectorization import TextVectorization

__all__ = [
    "CategoryEncoding",
    "CenterCrop",
    "Discretization",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "MelSpectrogram",
    "Normalization",
    "Rescaling",
    "Resizing",
    "STFTSpectrogram",
    "StringLookup",
    "TextVectorization",
]
