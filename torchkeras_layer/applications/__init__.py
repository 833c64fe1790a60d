"""Which functions of `keras.applications` are here? Those that prepare inputs and read outputs of pretrained models.

The functions that make the models are not: a file of one is loaded by `keras.models.load_model`. As in Keras, each kind
of models has a module with the functions for it, such as `applications.resnet50`.

>>> import numpy as np
>>> resnet50.preprocess_input(np.full((1, 1, 3), 128.0)).round(1)
array([[[24.1, 11.2,  4.3]]])
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import find_missing
from torchkeras_layer.applications import pixels, predictions


class Application(ModuleType):
    """The module of one kind of models.

    Args:
        name: its name in `keras.applications`.
        mode: how the models want pixels; `None` if they scale them themselves.

    >>> Application("resnet50", "caffe").mode
    'caffe'
    """

    def __init__(self, name: str, mode: str | None) -> None:
        super().__init__(f"{__name__}.{name}", f"Functions for the models in `keras.applications.{name}`.")
        self.mode = mode
        self.__all__ = ["decode_predictions", "preprocess_input"]

    def preprocess_input(self, x: Any, data_format: str | None = None) -> Any:
        """Return pixels from 0 to 255 as the models were trained on them. Unlike in Keras, `x` is never written on.

        Args:
            x: images, one or a batch of them: an array, a tensor or a symbolic tensor; the result is one too. Ints
                become floats.
            data_format: 'channels_last' or 'channels_first'; by default `backend.image_data_format()`.

        Raises:
            TypeError: if `x` is none of these.
            ValueError: if `data_format` is unknown, or `x` does not have 3 channels where the mode needs them.

        >>> import torch
        >>> mobilenet.preprocess_input(torch.tensor([[[0, 255, 51]]]))
        tensor([[[-1.0000,  1.0000, -0.6000]]])
        """
        return pixels.prepare(x, data_format, self.mode, f"{self.__name__.rpartition('.')[2]}.preprocess_input")

    def decode_predictions(
        self, preds: Any, top: int = 5, class_index: str | os.PathLike[str] | Mapping[str, Any] | None = None
    ) -> list[list[tuple[str, str, float]]]:
        """Return for each sample the `top` most probable classes of ImageNet: (identifier, name, score), best first.

        Args:
            preds: the outputs of a model, a tensor or an array of shape (batch, 1000).
            top: how many.
            class_index: the identifiers and names by their numbers as strings, or the path of a JSON file with them;
                by default the file that Keras once downloaded, `~/.keras/models/imagenet_class_index.json`. Nothing is
                downloaded here.

        Raises:
            ValueError: if an argument is not one of these.
            FileNotFoundError: if there is no class index; the message says where to get it.

        >>> index = {str(number): (f"n{number}", f"class {number}") for number in range(1000)}
        >>> import torch
        >>> vgg16.decode_predictions(torch.eye(1000)[2:3], top=1, class_index=index)
        [[('n2', 'class 2', 1.0)]]
        """
        return predictions.decode(preds, top, class_index)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return find_missing(self.__name__, name, "applications")


class AnyApplication(Application):
    """The module `imagenet_utils`, whose `preprocess_input` is told the mode.

    >>> import numpy as np
    >>> imagenet_utils.preprocess_input(np.array([[[0, 255, 51]]]), mode="tf")
    array([[[-1. ,  1. , -0.6]]], dtype=float32)
    """

    def preprocess_input(self, x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
        """Return pixels from 0 to 255 as the models of a mode were trained on them; `x` is never written on.

        Args:
            x, data_format: as in the other modules.
            mode: 'tf': from -1 to 1. 'torch': divided by 255, then each channel normalized by the mean and standard
                deviation of ImageNet. 'caffe': from RGB to BGR, then each channel minus its mean in ImageNet.

        Raises:
            TypeError, ValueError: as in the other modules, and if `mode` is unknown.
        """
        if mode not in pixels.MODES:
            raise ValueError(
                f"imagenet_utils.preprocess_input: mode must be one of {pixels.MODES}. Received: mode={mode!r}."
            )
        return pixels.prepare(x, data_format, mode, "imagenet_utils.preprocess_input")


convnext = Application("convnext", None)
densenet = Application("densenet", "torch")
efficientnet = Application("efficientnet", None)
efficientnet_v2 = Application("efficientnet_v2", None)
imagenet_utils = AnyApplication("imagenet_utils", "caffe")
inception_resnet_v2 = Application("inception_resnet_v2", "tf")
inception_v3 = Application("inception_v3", "tf")
mobilenet = Application("mobilenet", "tf")
mobilenet_v2 = Application("mobilenet_v2", "tf")
mobilenet_v3 = Application("mobilenet_v3", None)
nasnet = Application("nasnet", "tf")
regnet = Application("regnet", None)
resnet = Application("resnet", "caffe")
resnet50 = Application("resnet50", "caffe")
resnet_rs = Application("resnet_rs", None)
resnet_v2 = Application("resnet_v2", "tf")
vgg16 = Application("vgg16", "caffe")
vgg19 = Application("vgg19", "caffe")
xception = Application("xception", "tf")

__all__ = [
    "convnext",
    "densenet",
    "efficientnet",
    "efficientnet_v2",
    "imagenet_utils",
    "inception_resnet_v2",
    "inception_v3",
    "mobilenet",
    "mobilenet_v2",
    "mobilenet_v3",
    "nasnet",
    "regnet",
    "resnet",
    "resnet50",
    "resnet_rs",
    "resnet_v2",
    "vgg16",
    "vgg19",
    "xception",
]

# So that `from torchkeras_layer.applications.resnet50 import preprocess_input` finds them.
sys.modules.update({value.__name__: value for value in list(globals().values()) if isinstance(value, Application)})

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        return find_missing(__name__, name, "applications")
