"""Which scalings by the fans have names of their own: Glorot's, He's, LeCun's?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torchkeras_layer.initializers._catalog import catalog
from torchkeras_layer.initializers.variance_scaling import VarianceScaling


class NamedScaling(VarianceScaling):
    """Base class of the scalings with fixed `settings`: scale, mode and distribution."""

    settings: ClassVar[tuple[float, str, str]]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.settings, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this initializer again."""
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


@catalog.register("GlorotUniformV2", "glorot_uniformV2")
class GlorotUniform(NamedScaling):
    """Uniform within ±√(6 / (fan_in + fan_out)), also called Xavier's (Glorot and Bengio, 2010).

    >>> bool(GlorotUniform(seed=1)((3, 3)).abs().max() <= 1)
    True
    """

    settings = (1.0, "fan_avg", "uniform")


@catalog.register("GlorotNormalV2", "glorot_normalV2")
class GlorotNormal(NamedScaling):
    """Truncated normal of standard deviation √(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    >>> round(float(GlorotNormal(seed=1)((200, 200)).std()), 3)
    0.071
    """

    settings = (1.0, "fan_avg", "truncated_normal")


@catalog.register("HeUniformV2", "he_uniformV2")
class HeUniform(NamedScaling):
    """Uniform within ±√(6 / fan_in), also called Kaiming's (He et al., 2015).

    >>> bool(HeUniform(seed=1)((6, 3)).abs().max() <= 1)
    True
    """

    settings = (2.0, "fan_in", "uniform")


@catalog.register("HeNormalV2", "he_normalV2")
class HeNormal(NamedScaling):
    """Truncated normal of standard deviation √(2 / fan_in) (He et al., 2015).

    >>> round(float(HeNormal(seed=1)((200, 200)).std()), 2)
    0.1
    """

    settings = (2.0, "fan_in", "truncated_normal")


@catalog.register("LecunUniformV2", "lecun_uniformV2")
class LecunUniform(NamedScaling):
    """Uniform within ±√(3 / fan_in) (LeCun et al., 1998).

    >>> bool(LecunUniform(seed=1)((3, 3)).abs().max() <= 1)
    True
    """

    settings = (1.0, "fan_in", "uniform")


@catalog.register("LecunNormalV2", "lecun_normalV2")
class LecunNormal(NamedScaling):
    """Truncated normal of standard deviation √(1 / fan_in) (LeCun et al., 1998).

    >>> round(float(LecunNormal(seed=1)((100, 400)).std()), 2)
    0.1
    """

    settings = (1.0, "fan_in", "truncated_normal")
