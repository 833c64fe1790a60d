"""Does `keras.config` set what Keras's does?"""

from __future__ import annotations

import inspect

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

NOT_HERE = {
    "enable_interactive_logging": "Leave it out",
    "enable_traceback_filtering": "Leave it out",
    "enable_unsafe_deserialization": "custom_objects",
    "max_epochs": "training loop",
    "max_steps_per_epoch": "training loop",
    "set_max_epochs": "training loop",
    "set_max_steps_per_epoch": "training loop",
}


def test_the_names_and_arguments_are_keras_s():
    names = {name for name in dir(keras.config) if not name.startswith("_")}
    assert names == {*ours.config.__all__, *NOT_HERE}
    for name in ours.config.__all__:
        mine, theirs = (inspect.signature(getattr(module, name)) for module in (ours.config, keras.config))
        assert list(mine.parameters) == list(theirs.parameters), name


@pytest.mark.parametrize("name", NOT_HERE)
def test_names_that_are_not_here_have_advice(name):
    with pytest.raises(AttributeError, match=rf"config.*{name}.*{NOT_HERE[name]}.* See docs/differences\.md#"):
        getattr(ours.config, name)


def test_settings_are_those_of_the_library():
    try:
        ours.config.set_floatx("float64")
        ours.config.set_epsilon(1e-3)
        ours.config.set_image_data_format("channels_first")
        assert ours.backend.floatx() == ours.config.floatx() == "float64"
        assert ours.backend.epsilon() == ours.config.epsilon() == 1e-3
        assert ours.backend.image_data_format() == ours.config.image_data_format() == "channels_first"
    finally:
        ours.config.set_floatx("float32")
        ours.config.set_epsilon(1e-7)
        ours.config.set_image_data_format("channels_last")
    try:
        ours.config.set_dtype_policy("mixed_bfloat16")
        assert ours.mixed_precision.global_policy().name == ours.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        ours.config.set_dtype_policy(None)


def test_flash_attention_is_torch_s():
    ours.config.disable_flash_attention()
    assert not torch.backends.cuda.flash_sdp_enabled()
    ours.config.enable_flash_attention()
    assert torch.backends.cuda.flash_sdp_enabled()
    assert ours.config.is_flash_attention_enabled()


def test_the_backend_is_torch():
    ours.config.set_backend(ours.config.backend())
    with pytest.raises(ValueError, match=r"runs on PyTorch only\. Received: backend='jax'\."):
        ours.config.set_backend("jax")
