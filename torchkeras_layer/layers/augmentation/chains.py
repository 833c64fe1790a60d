"""Which layers apply several other layers to images, one after the other or by chance?"""

from __future__ import annotations

from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, one_of, positive_int
from torchkeras_layer.layers.augmentation import warping
from torchkeras_layer.layers.augmentation.augmentation_layer import AugmentationLayer
from torchkeras_layer.layers.augmentation.filters import RandomColorDegeneration, RandomSharpness
from torchkeras_layer.layers.augmentation.geometry import RandomRotation, RandomShear, RandomTranslation
from torchkeras_layer.layers.augmentation.light import (
    ColorLayer,
    RandomBrightness,
    RandomContrast,
    RandomHue,
    RandomSaturation,
)
from torchkeras_layer.layers.augmentation.random_source import RandomSource
from torchkeras_layer.layers.augmentation.ranges import read_range, read_value_range
from torchkeras_layer.layers.augmentation.tones import AutoContrast, Equalization, RandomPosterization, Solarization
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.registry import deserialize_keras_object

_JITTERS = {
    "brightness": RandomBrightness,
    "contrast": RandomContrast,
    "saturation": RandomSaturation,
    "hue": RandomHue,
}


@catalog.register()
class RandomColorJitter(ColorLayer):
    """In training, change brightness, contrast, saturation and hue of images. Shapes: as `AugmentationLayer`.

    Args:
        value_range: the lowest and the highest value of a pixel.
        brightness_factor: as `factor` in `RandomBrightness`; `None` to leave the brightness alone.
        contrast_factor: as in `RandomContrast`.
        saturation_factor: as in `RandomSaturation`.
        hue_factor: as in `RandomHue`.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomColorJitter(brightness_factor=0.2, hue_factor=0.1)(torch.ones(2, 4, 5, 3)).shape
    torch.Size([2, 4, 5, 3])
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        common = {"data_format": self.data_format, "dtype": self.dtype_policy}
        for name, layer in _JITTERS.items():
            factor = getattr(self, f"{name}_factor")
            if factor is not None:
                setattr(self, f"random_{name}", layer(factor, self.value_range, **common))

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        return {name: layer.get_random_transformation(source.images, seed=source) for name, layer in _jitters(self)}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        for name, layer in _jitters(self):
            images = layer._torchkeras_transform(images, transformation[name])
        return images


def _jitters(layer: RandomColorJitter) -> list[tuple[str, AugmentationLayer]]:
    found = [(name, getattr(layer, f"random_{name}", None)) for name in _JITTERS]
    return [(name, inner) for name, inner in found if inner is not None]


_OF_FORM = ("random_shear", "random_translation", "random_rotation")
_OF_TONES = ("random_posterization", "solarization", "auto_contrast", "equalization")
_OF_LIGHT = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")


class _Choice(AugmentationLayer, adds_losses=False, adds_updates=False):
    """Base of the layers that choose among others by chance; they are on attributes that are called as in Keras."""

    def __init__(
        self,
        value_range: Any,
        factor: Any,
        interpolation: str,
        seed: int | None,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.value_range = read_value_range(self, value_range)
        self.factor = read_range(self, "factor", factor, 0.0)
        self.interpolation = one_of(self, "interpolation", interpolation, *warping.INTERPOLATIONS)

    def _torchkeras_add(self, names: tuple[str, ...]) -> None:
        """Make the layers with the given names."""
        common = {"data_format": self.data_format, "dtype": self.dtype_policy}
        of_form = {**common, "interpolation": self.interpolation}
        of_color = {**common, "value_range": self.value_range}
        factor = self.factor
        make = {
            "random_shear": lambda: RandomShear(factor, factor, **of_form),
            "random_translation": lambda: RandomTranslation(factor, factor, **of_form),
            "random_rotation": lambda: RandomRotation(factor, **of_form),
            "random_brightness": lambda: RandomBrightness(factor, **of_color),
            "random_color_degeneration": lambda: RandomColorDegeneration(factor, **of_color),
            "random_contrast": lambda: RandomContrast(factor, **of_color),
            "random_sharpness": lambda: RandomSharpness(factor, **of_color),
            "random_posterization": lambda: RandomPosterization(max(1, int(8 * factor[1])), **of_color),
            "solarization": lambda: Solarization(factor, factor, **of_color),
            "auto_contrast": lambda: AutoContrast(**of_color),
            "equalization": lambda: Equalization(**of_color),
        }
        for name in names:
            setattr(self, name, make[name]())


@catalog.register()
class RandAugment(_Choice):
    """In training, change a batch of images by some layers, which are drawn from eleven.

    Shapes: as `AugmentationLayer`. They shear, shift and turn images, change light and colors, posterize, solarize,
    spread and equalize values. What is drawn decides what runs, so that `fullgraph=True` of `torch.compile` refuses it
    in training.

    Args:
        value_range: the lowest and the highest value of a pixel.
        num_ops: how many layers are drawn, one after the other.
        factor: how strong they are: a number f for 0 to f, or a pair; from 0 to 1.
        interpolation: 'bilinear' or 'nearest'.
        seed, data_format: as in `AugmentationLayer`; other numbers are drawn than in Keras.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; in a call, if there are not three channels.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandAugment()(torch.ones(2, 4, 5, 3)).shape
    torch.Size([2, 4, 5, 3])
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, factor, interpolation, seed, data_format, **kwargs)
        self.num_ops = positive_int(self, "num_ops", num_ops)
        self._torchkeras_add((*_OF_FORM, *_OF_LIGHT, *_OF_TONES))

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        names = (*_OF_FORM, *_OF_LIGHT, *_OF_TONES)
        indices = source.integers((self.num_ops,), 0, len(names))
        drawn = {name: getattr(self, name).get_random_transformation(source.images, seed=source) for name in names}
        return {"transforms": drawn, "layer_idxes": indices}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        if images.is_meta:
            return images
        drawn = list(transformation["transforms"].items())
        for index in transformation["layer_idxes"].tolist():
            images = _applied(getattr(self, drawn[index][0]), images, drawn[index][1])
        return images


@catalog.register()
class AugMix(_Choice):
    """In training, return a weighted mean of images and of their changes by chains of layers.

    Shapes: as `AugmentationLayer`. All images of a batch go through the same layers. What is drawn decides what runs,
    so that `fullgraph=True` of `torch.compile` refuses it in training.

    Args:
        value_range: the lowest and the highest value of a pixel; results are clipped to it.
        num_chains: how many chains there are.
        chain_depth: how many layers are drawn for a chain, some of which do nothing.
        factor: how strong they are: a number f for 0 to f, or a pair; from 0 to 1.
        alpha: parameter of the distributions of the weights.
        all_ops: whether there are layers that change brightness, colors, contrast and sharpness, too.
        interpolation: 'bilinear' or 'nearest'.
        seed, data_format: as in `AugmentationLayer`; other numbers are drawn than in Keras.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; in a call, if there are not three channels.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AugMix()(torch.ones(2, 4, 5, 3)).shape
    torch.Size([2, 4, 5, 3])
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, factor, interpolation, seed, data_format, **kwargs)
        self.num_chains = positive_int(self, "num_chains", num_chains)
        self.chain_depth = positive_int(self, "chain_depth", chain_depth)
        self.alpha = finite_number(self, "alpha", alpha, 1e-6)
        self.all_ops = bool(all_ops)
        self._torchkeras_add(self._torchkeras_names())

    def _torchkeras_names(self) -> tuple[str, ...]:
        """Return the names of the layers that may be drawn."""
        return (*_OF_FORM, *_OF_TONES, *(_OF_LIGHT if self.all_ops else ()))

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        names = (*self._torchkeras_names(), None)
        shares, weight = source.shares(self.num_chains, self.alpha), source.beta((), self.alpha)
        drawn = source.integers((self.num_chains, self.chain_depth), 0, len(names))
        indices = drawn.tolist() if drawn.device.type != "meta" and not source.images.is_meta else []
        chains = [
            [
                {
                    "layer_name": name,
                    "transformation": getattr(self, name).get_random_transformation(source.images, seed=source),
                }
                for name in (names[index] for index in chain)
                if name is not None
            ]
            for chain in indices
        ]
        return {"chain_mixing_weights": shares, "weight_sample": weight, "chain_transforms": chains}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        weight, total = transformation["weight_sample"].to(images.dtype), torch.zeros_like(images)
        for share, chain in zip(
            transformation["chain_mixing_weights"], transformation["chain_transforms"], strict=False
        ):
            changed = images
            for link in chain:
                changed = _applied(getattr(self, link["layer_name"]), changed, link["transformation"])
            total = total + changed * share.to(images.dtype)
        return (weight * images + (1 - weight) * total).clamp(*self.value_range)


def _applied(layer: AugmentationLayer, images: torch.Tensor, transformation: Any) -> torch.Tensor:
    """Return images (batch, channels, rows, columns) that a layer has changed; some layers draw nothing for that."""
    changed = layer._torchkeras_transform(images, {} if transformation is None else transformation)
    return changed.to(images.dtype)


@catalog.register()
class Pipeline(BuiltInLayer):
    """Call layers one after the other. Unlike a `Sequential`, it is a layer, and has no graph.

    Args:
        layers: the layers.
        name: its name.

    Raises:
        TypeError: if one of the layers is none.

    >>> import torchkeras_layer as keras
    >>> pipeline = keras.layers.Pipeline([keras.layers.RandomFlip(), keras.layers.Rescaling(1 / 255)])
    >>> pipeline(torch.full((1, 1, 1, 3), 255.0)).flatten()
    tensor([1., 1., 1.])
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        given = list(layers) if isinstance(layers, (list, tuple)) else [layers]
        if not all(isinstance(layer, Layer) for layer in given):
            raise TypeError(f"{type(self).__name__}: layers must be a list of layers. Received: layers={layers!r}.")
        self.layers = given

    def call(self, inputs: Any) -> Any:
        """Return what the last layer makes of the inputs."""
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of what the last layer gives."""
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the layers and the name."""
        return {"layers": self._torchkeras_write_argument("layers"), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Create a pipeline from a config."""
        layers = config.get("layers") if isinstance(config, dict) else None
        if not isinstance(layers, (list, tuple)):
            raise TypeError(f"{cls.__name__}: the config must have a list 'layers'. Received: {config!r:.300}.")
        return cls(**{**config, "layers": [deserialize_keras_object(layer) for layer in layers]})
