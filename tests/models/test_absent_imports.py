"""What does a porter get who imports a name of Keras that is not here?"""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import torchkeras_layer as keras
from torchkeras_layer import _absent
from torchkeras_layer._absent import instead_of


def imported(name):
    """Return what `from ... import` gives; as text, because type checkers know that these names are not here."""
    module, _, member = f"torchkeras_layer.{name}".rpartition(".")
    found = {}
    exec(f"from {module} import {member}", found)
    return found[member]


ADVICE = {
    "saving.KerasFileEditor": "h5py",
    "layers.JaxLayer": "TorchModuleWrapper",
    "utils.multi_gpu_model": "DistributedDataParallel",
    "backend.get_session": "no sessions",
    "metrics.matthews_correlation": r"torchmetrics\.MatthewsCorrCoef",
    "mixed_precision.LossScaleOptimizer": "GradScaler",
    "remat": "checkpoint",
    "optimizers.Adam": r"torch\.optim",
    "config.enable_interactive_logging": "Leave it out",
    "preprocessing.image.ImageDataGenerator": r"torch\.utils\.data",
    "applications.ResNet50": r"load_model\('model\.keras'\)",
    "applications.resnet50.ResNet50": r"load_model\('model\.keras'\)",
    "layers.experimental.preprocessing.TextSplitting": r"keras\.layers",
    "layers.convolutional.Deconvolution2D": "Conv2DTranspose",
    "utils.data_utils.get_file": "download_url_to_file",
    "engine.training.standardize_weights": r"from keras\.",
}
# What scripts for Keras 1 and 2 import, also in the wrong place.
OF_OLDER_KERAS = {
    "engine.base_layer_utils.make_variable": "Layer, Input, InputSpec and Model from keras",
    "layers.recurrent.Recurrent": r"keras\.layers\.RNN",
    "layers.AtrousConvolution2D": "dilation_rate=",
    "layers.optimizers": r"torch\.optim",
    "layers.Sequential": r"from keras\.",
    "models.Dense": r"keras\.layers",
    "utils.generic_utils.func_dump": "Register the function",
    "utils.conv_utils.squeeze_batch_dims": r"keras\.utils",
    "backend.tensorflow_backend.set_session": "no sessions",
    "backend.common.global_state": r"keras\.backend",
    "initializations.get_fans": r"keras\.initializers",
    "constraints.maxnorm": r"keras\.constraints\.max_norm",
    "regularizers.activity_l2": "activity_regularizer",
    "src.layers.core.dense.QuantizedDense": r"keras\.layers",
}


def _derive(placeholder):
    class Own(placeholder):
        pass

    keras.saving.register_keras_serializable("tests")(Own)
    Own(3)


def _enter(placeholder):
    with placeholder:
        pass


USES = {
    "call": lambda p: p("x", y=2),
    "attribute": lambda p: p.from_config,
    "set": lambda p: setattr(p, "x", 1),
    "derive": _derive,
    "isinstance": lambda p: isinstance(3, p),
    "issubclass": lambda p: issubclass(int, p),
    "copy": copy.copy,
    "deepcopy": lambda p: copy.deepcopy({"layer": p}),
    "pickle": pickle.dumps,
    "index": lambda p: p[0],
    "unpack": lambda p: [*p],
    "with": _enter,
}


@pytest.mark.parametrize("name", ADVICE)
@pytest.mark.parametrize("use", USES)
def test_each_use_raises_the_advice(name, use):
    placeholder = imported(name)
    with pytest.raises(AttributeError, match=rf"{name.rpartition('.')[2]}.*{ADVICE[name]}.* See docs/differences\.md#"):
        USES[use](placeholder)


@pytest.mark.parametrize("name", OF_OLDER_KERAS)
def test_names_of_older_versions_raise_the_advice(name):
    advice = rf"{name.rpartition('.')[2]}.*{OF_OLDER_KERAS[name]}.* See docs/differences\.md#"
    with pytest.raises(AttributeError, match=advice):
        imported(name)()


@pytest.mark.parametrize("form", ["from torchkeras_layer.utils import {}", "import torchkeras_layer.utils.{} as {}"])
def test_a_file_of_keras_has_the_advice_of_each_name(form):
    found = {}
    exec(form.format("data_utils", "data_utils"), found)
    with pytest.raises(AttributeError, match=r"utils\.data_utils\.get_file is not here\. Nothing is downloaded"):
        found["data_utils"].get_file("x", "y")


def _public_names_of_keras():
    """Yield the modules and names that Keras 3 exports."""
    from tests.oracle import keras as theirs

    root = Path(theirs.__file__).parent
    for file in root.rglob("__init__.py"):
        place = file.parent.relative_to(root).as_posix().replace("/", ".").strip(".")
        if place.partition(".")[0] not in ("src", "_tf_keras"):
            names = re.findall(r"\b([a-zA-Z]\w*) as \1\b", file.read_text(encoding="utf-8"))
            yield from ((place, name) for name in names)


def test_every_public_name_of_keras_can_be_imported():
    names = list(_public_names_of_keras())
    assert ("layers", "Dense") in names
    assert ("optimizers.schedules", "CosineDecay") in names
    assert [name for place, name in names if imported(f"{place}.{name}".strip(".")) is None] == []


@pytest.mark.parametrize(("module", "advice"), [("distribution", r"torch\.distributed"), ("export", r"torch\.export")])
def test_names_in_a_module_raise_the_advice(module, advice):
    with pytest.raises(AttributeError, match=advice):
        imported(module).relu(1)


@pytest.mark.parametrize("name", [name for name in ADVICE if name.count(".") == 1 and "Layer" not in name])
def test_hasattr_tells_the_truth(name):
    place, _, member = name.partition(".")
    if place in _absent.MODULES["keras"].split():
        assert not hasattr(keras, place)
        return
    module = getattr(keras, place)
    assert not hasattr(module, member)
    assert member not in vars(module).get("__all__", ())
    assert member not in dir(module)


def test_a_placeholder_shows_what_it_is():
    assert repr(imported("layers.JaxLayer")) == "<placeholder of torchkeras_layer.layers.JaxLayer, which is not here>"


def test_annotations_are_no_use():
    placeholder = imported("layers.JaxLayer")
    assert (placeholder | None) == (None | placeholder) == typing.Optional[placeholder]  # noqa: UP045


def test_a_module_that_is_not_here_can_be_imported_in_every_form():
    program = (
        "import torchkeras_layer.optimizers, torchkeras_layer.preprocessing.image as image\n"
        "from torchkeras_layer import optimizers\n"
        "import torchkeras_layer as keras\n"
        "print(hasattr(keras, 'optimizers'), hasattr(keras, 'preprocessing'), image.__name__)\n"
    )
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert printed == "False True torchkeras_layer.preprocessing.image\n"


def test_every_module_has_advice():
    modules = [(name, place) for place, names in _absent.MODULES.items() for name in names.split()]
    assert [(name, place) for name, place in modules if not instead_of(name, place)] == []


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        ("from torchkeras_layer.layers import LTSM", ImportError, r"'LTSM' from 'torch.*'\. Did you mean 'LSTM'\?"),
        ("from torchkeras_layer.layers import qqq", ImportError, "cannot import name 'qqq'"),
        ("from torchkeras_layer import qqq", ImportError, "cannot import name 'qqq'"),
        ("from torchkeras_layer.backend import qqq", ImportError, "cannot import name 'qqq'"),
        ("import torchkeras_layer.qqq", ModuleNotFoundError, "torchkeras_layer.qqq"),
    ],
)
def test_other_names_fail_as_before(statement, error, message):
    with pytest.raises(error, match=message):
        exec(statement, {})
