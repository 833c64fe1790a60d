"""Which layers change images at random in training?"""

from torchkeras_layer.layers.augmentation.chains import AugMix, Pipeline, RandAugment, RandomColorJitter
from torchkeras_layer.layers.augmentation.elastic import RandomElasticTransform
from torchkeras_layer.layers.augmentation.filters import (
    RandomColorDegeneration,
    RandomGaussianBlur,
    RandomGrayscale,
    RandomInvert,
    RandomSharpness,
)
from torchkeras_layer.layers.augmentation.geometry import (
    RandomPerspective,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from torchkeras_layer.layers.augmentation.light import RandomBrightness, RandomContrast, RandomHue, RandomSaturation
from torchkeras_layer.layers.augmentation.mixing import CutMix, MixUp, RandomErasing
from torchkeras_layer.layers.augmentation.placing import RandomCrop, RandomFlip, RandomHeight, RandomWidth
from torchkeras_layer.layers.augmentation.tones import (
    AutoContrast,
    ContrastLimitedAdaptiveHistogramEqualization,
    Equalization,
    RandomPosterization,
    Solarization,
)

__all__ = [
    "AugMix",
    "AutoContrast",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "CutMix",
    "Equalization",
    "MixUp",
    "Pipeline",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHeight",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomWidth",
    "RandomZoom",
    "Solarization",
]
