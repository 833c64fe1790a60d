"""Do imports from modules that Keras has, or had, give what is here under another path?"""

from __future__ import annotations

import importlib
import subprocess
import sys
import types

import pytest
import torch

import torchkeras_layer as keras

SAME = {
    "": "Layer Model Input InputSpec Sequential",
    "layers": "Dense Conv2D LSTM concatenate Add BatchNormalization InputLayer",
    "utils": "to_categorical normalize_tuple conv_output_length to_list get_source_inputs plot_model pad_sequences",
    "saving": "register_keras_serializable custom_object_scope",
    "backend": "floatx standardize_dtype int_shape",
    "initializers": "Ones",
}
# By the path of the old module: the module that has its names, and some of them.
OLD = {
    "engine": ("", "Layer InputSpec Input Model"),
    "engine.topology": ("", "Layer InputSpec Input"),
    "engine.base_layer": ("", "Layer InputSpec"),
    "engine.input_layer": ("layers", "InputLayer"),
    "engine.training": ("", "Model"),
    "engine.network": ("utils", "get_source_inputs"),
    "layers.convolutional": ("layers", "Conv2D ZeroPadding2D Cropping1D"),
    "layers.core": ("layers", "Dense Dropout Flatten Reshape Lambda Permute RepeatVector"),
    "layers.recurrent": ("layers", "LSTM GRU SimpleRNN RNN"),
    "layers.merge": ("layers", "Add concatenate"),
    "layers.normalization": ("layers", "BatchNormalization LayerNormalization"),
    "layers.embeddings": ("layers", "Embedding"),
    "layers.advanced_activations": ("layers", "LeakyReLU PReLU"),
    "layers.wrappers": ("layers", "TimeDistributed Bidirectional"),
    "layers.experimental.preprocessing": ("layers", "Rescaling RandomFlip"),
    "utils.np_utils": ("utils", "to_categorical normalize"),
    "utils.conv_utils": ("utils", "normalize_tuple normalize_padding conv_output_length deconv_length"),
    "utils.generic_utils": ("utils", "to_list has_arg get_custom_objects custom_object_scope"),
    "utils.vis_utils": ("utils", "plot_model model_to_dot"),
    "utils.layer_utils": ("utils", "count_params get_source_inputs"),
    "utils.tf_utils": ("utils", "shape_type_conversion smart_cond"),
    "preprocessing.sequence": ("utils", "pad_sequences"),
    "backend.tensorflow_backend": ("backend", "floatx int_shape"),
    "initializations": ("initializers", "get"),
    "src.layers": ("layers", "Dense"),
    "src.layers.layer": ("", "Layer"),
    "src.layers.core.dense": ("layers", "Dense"),
    "src.backend": ("backend", "standardize_dtype epsilon"),
    "src.backend.common.keras_tensor": ("", "KerasTensor"),
    "src.ops.numpy": ("ops", "mean"),
    "src.utils.argument_validation": ("utils", "standardize_tuple standardize_padding"),
    "src.saving.serialization_lib": ("saving", "serialize_keras_object"),
    "src.models.functional": ("", "Functional"),
    "src.api_export": ("utils", "keras_export"),
    "_tf_keras.keras.layers": ("layers", "Dense"),
    "api.layers": ("layers", "Dense"),
    "keras": ("", "Model layers utils"),
    "keras.layers": ("layers", "Dense"),
    "keras.layers.convolutional": ("layers", "Conv2D"),
}
PAIRS = [(old, place, name) for old, (place, names) in OLD.items() for name in names.split()]


@pytest.mark.parametrize(("old", "place", "name"), PAIRS, ids=[f"{old}.{name}" for old, _, name in PAIRS])
def test_a_name_is_the_same_object(old, place, name):
    found = {}
    exec(f"from torchkeras_layer.{old} import {name}", found)
    own = importlib.import_module(f"torchkeras_layer.{place}".rstrip("."))
    assert found[name] is getattr(own, name)


ALIASES = {
    "engine.network.Network": keras.Functional,
    "engine.topology.Container": keras.Functional,
    "K": keras.backend,
    "layers.core.K": keras.backend,
    "src.backend": keras.backend,
    "src.backend.get_keras_mask": keras.utils.get_keras_mask,
    "src.ops": keras.ops,
    "Metric": keras.metrics.Metric,
    "utils.is_keras_tensor": keras.backend.is_keras_tensor,
    "utils.standardize_dtype": keras.backend.standardize_dtype,
    "keras": keras,
}


@pytest.mark.parametrize("path", ALIASES)
def test_a_name_is_another_here(path):
    found = {}
    module, _, name = f"torchkeras_layer.{path}".rpartition(".")
    exec(f"from {module} import {name}", found)
    assert found[name] is ALIASES[path]


def test_they_are_modules():
    assert isinstance(keras.utils.conv_utils, types.ModuleType)
    assert keras.utils.conv_utils.normalize_tuple(2, 2, "strides") == (2, 2)
    assert keras.engine.base_layer.Layer is keras.Layer
    assert keras.layers.convolutional.Conv2D is keras.layers.Conv2D
    found = {}
    exec("from torchkeras_layer.layers.convolutional import *", found)
    assert found["Conv2D"] is keras.layers.Conv2D


def test_a_module_exists_once_under_both_names():
    program = (
        "import torchkeras_layer.keras.layers as first\n"
        "import torchkeras_layer as keras\n"
        "from torchkeras_layer import keras as second\n"
        "from torchkeras_layer.keras import backend as K\n"
        "import torchkeras_layer.keras.layers.core\n"
        "print(first is keras.layers, second is keras, K is keras.backend, first.__spec__.name)\n"
    )
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert printed == "True True True torchkeras_layer.layers\n"


def test_import_loads_no_more():
    program = (
        "import sys, torchkeras_layer\n"
        "print([name for name in ('utils', 'backend', 'tf') if f'torchkeras_layer.{name}' in sys.modules])\n"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"


def test_scripts_may_correct_files_of_keras():
    found = {}
    exec("import torchkeras_layer as keras; keras.engine.base_layer.Node = 3", found)
    exec("from torchkeras_layer.engine import base_layer", found)
    assert found["base_layer"].Node == 3
    del found["base_layer"].Node


def test_a_function_that_is_added_to_the_table_of_keras_is_found():
    found = {}
    exec("from torchkeras_layer.src.activations import ALL_OBJECTS_DICT", found)
    with keras.saving.custom_object_scope({}):
        found["ALL_OBJECTS_DICT"]["lecun_tanh"] = abs
        assert keras.activations.get("lecun_tanh") is abs


def test_names_that_are_not_here_are_placeholders():
    found = {}
    exec("from torchkeras_layer.engine.topology import Layer, preprocess_weights_for_loading", found)
    assert found["Layer"] is keras.Layer
    with pytest.raises(AttributeError, match=r"preprocess_weights_for_loading is not here\. Import layers from"):
        found["preprocess_weights_for_loading"]()


def test_a_file_may_define_optimizers_beside_its_layers():
    found = {}
    program = (
        "from torchkeras_layer import optimizers\n"
        "from torchkeras_layer.optimizers import Optimizer\n"
        "class Own(Optimizer):\n"
        "    def __init__(self, kind=optimizers.Kind.AUTO):\n"
        "        super().__init__(kind)\n"
    )
    exec(program, found)
    with pytest.raises(AttributeError, match=r"^Own: .*Use an optimizer of torch\.optim"):
        found["Own"]()


def test_files_of_losses_are_those_of_keras_3():
    found = {}
    program = (
        "from torchkeras_layer.objectives import mse, MAE\n"
        "from torchkeras_layer.src.losses.losses import LossFunctionWrapper, log_cosh\n"
        "from torchkeras_layer.src.losses.loss import Loss\n"
        "from torchkeras_layer.tf.keras.losses import Reduction\n"
        "from torchkeras_layer.tf.python.keras.losses import Huber\n"
        "from torchkeras_layer.tf.python.keras.utils.losses_utils import ReductionV2\n"
        "from torchkeras_layer.src.losses.loss import squeeze_or_expand_to_same_rank\n"
    )
    exec(program, found)
    names = ("mse", "MAE", "LossFunctionWrapper", "log_cosh", "Loss", "Reduction", "Huber")
    assert all(found[name] is getattr(keras.losses, name) for name in names)
    assert found["ReductionV2"] is keras.losses.Reduction
    pair = found["squeeze_or_expand_to_same_rank"](torch.ones(2), torch.ones(2, 1))
    assert [x.shape for x in pair] == [(2, 1), (2, 1)]
    assert keras.objectives.mse is keras.losses.mean_squared_error


def test_modules_inside_sources_do_not_take_the_place_of_ours():
    importlib.import_module("torchkeras_layer.src.ops.numpy")
    importlib.import_module("torchkeras_layer.src.layers.core.dense")
    assert keras.ops.numpy.__name__ == "torchkeras_layer.ops.numpy"
    assert keras.layers.core.__name__ == "torchkeras_layer.layers.core"
    assert importlib.import_module("torchkeras_layer.src.ops") is keras.ops
    assert importlib.import_module("torchkeras_layer.src.ops.numpy").mean is keras.ops.mean
