"""Which layers of the models in `keras.applications` go through the conformance suite?"""

from __future__ import annotations

from typing import Any

from tests.conformance.case import Case
from tests.oracle import keras, stand_in

_CONVNEXT = keras.src.applications.convnext
_IMAGES = (3, 4, 6, 5)


class _SameShape:
    """What Keras's classes leave out: which shape comes out."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the (first) inputs."""
        return tuple(input_shape[0] if isinstance(input_shape, list) else input_shape)


@stand_in("layers")
class LayerScale(_SameShape, _CONVNEXT.LayerScale):
    """Keras's layer, with the name of its attribute for the weight, which Keras leaves without one."""

    def build(self, input_shape: Any) -> None:
        """Create the weight."""
        super().build(input_shape)
        self.gamma._name = "gamma"


@stand_in("layers")
class StochasticDepth(_SameShape, _CONVNEXT.StochasticDepth):
    """Keras's layer."""


@stand_in("layers")
class CustomScaleLayer(_SameShape, keras.src.applications.inception_resnet_v2.CustomScaleLayer):
    """Keras's layer."""


CASES = [
    Case("CustomScaleLayer", {"scale": 0.3}, [_IMAGES, _IMAGES]),
    Case("LayerScale", {"init_values": 0.1, "projection_dim": 5}, _IMAGES),
    Case("StochasticDepth", {"drop_path_rate": 0.4}, _IMAGES),
]
