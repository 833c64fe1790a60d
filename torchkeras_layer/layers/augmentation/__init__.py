"""Which layers change images at random in training?"""

from torchkeras_layer.layers.augmentation.geometry import (
    RandomPerspective,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from torchkeras_layer.layers.augmentation.light import (
    RandomBrightness,
    RandomContrast,
    RandomHue,
    RandomSaturation,
)
from torchkeras_layer.layers.augmentation.placing import RandomCrop, RandomFlip, RandomHeight, RandomWidth

__all__ = [
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomHeight",
    "RandomHue",
    "RandomPerspective",
    "RandomRotation",
    "RandomSaturation",
    "RandomShear",
    "RandomTranslation",
    "RandomWidth",
    "RandomZoom",
]
