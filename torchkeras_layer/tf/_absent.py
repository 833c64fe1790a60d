"""What does a name of TensorFlow that is not here raise? An error that says what to write in its place."""

from __future__ import annotations

import opcode
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from torchkeras_layer._placeholders import Placeholder

_IMPORT_FROM = opcode.opmap["IMPORT_FROM"]
_NO_GRAPHS = "There are no graphs and sessions: leave it out, and compute with tensors."
_FILES = "Read and write files with Python's own functions, and images with Pillow or torchvision.io."
_DATA = "Load data with torch.utils.data."
_TRAINING = "Train as in PyTorch, with an optimizer of torch.optim; torch.save writes its state."
_STRINGS = "Torch has no tensors of strings: compute with Python's strings and lists of them."
_SPARSE = "Only dense tensors are here; torch.sparse_coo_tensor makes sparse ones."
_RAGGED = "Only dense tensors are here; torch.nested.nested_tensor makes ragged ones."
_LIBRARIES = "Libraries of TensorFlow's own operations cannot be loaded."

# By the advice, the names, with those of modules for all that is in them.
INSTEAD = {
    _NO_GRAPHS: (
        "compat.v1.Session compat.v1.placeholder compat.v1.get_default_graph compat.v1.reset_default_graph "
        "compat.v1.global_variables_initializer compat.v1.disable_eager_execution compat.v1.disable_v2_behavior "
        "compat.v1.ConfigProto compat.v1.get_collection compat.v1.add_to_collection compat.v1.InteractiveSession "
        "Session placeholder ConfigProto get_default_graph global_variables_initializer import_graph_def "
        "register_tensor_conversion_function RegisterGradient no_gradient"
    ),
    "Write layer.add_weight(...) in a layer, tf.Variable(value) elsewhere.": (
        "compat.v1.get_variable compat.v1.variable_scope compat.v1.get_variable_scope get_variable variable_scope "
        "variable_creator_scope"
    ),
    "Leave it out, and read keras.collect_losses(model).": (
        "compat.v1.losses.add_loss compat.v1.losses.get_losses compat.v1.losses.get_total_loss "
        "compat.v1.losses.get_regularization_loss compat.v1.losses.get_regularization_losses"
    ),
    "Read layer.weights.": "compat.v1.global_variables compat.v1.local_variables compat.v1.trainable_variables",
    _FILES: "io gfile compat.v1.gfile image.decode_jpeg image.decode_png image.decode_image audio",
    _DATA: "data",
    _TRAINING: "train estimator compat.v1.train compat.v1.estimator",
    "Use torch.distributed.": "distribute",
    "Save models with model.save(...), or torch.export.save(torch.export.export(model, (x,)), path).": "saved_model",
    "Write with torch.utils.tensorboard.SummaryWriter.": "summary compat.v1.summary",
    _STRINGS: "strings as_string",
    _SPARSE: "sparse SparseTensorSpec SparseTensor.from_dense",
    _RAGGED: "ragged RaggedTensorSpec RaggedTensor.from_row_lengths",
    "Write a dict, or use keras.layers.StringLookup.": "lookup",
    "Devices and threads are torch's: torch.cuda.device_count(), torch.set_num_threads(n).": "config",
    "Make an Input for each feature.": "feature_column",
    "Use torch.profiler.": "profiler",
    "Convert exported models with LiteRT or ONNX.": "lite",
    "Quantize the model with torchao.": "quantization",
    "Compile the model with torch.compile.": "xla tpu",
    _LIBRARIES: "load_op_library load_library sysconfig contrib",
}


def missing(module: str, path: str, name: str, known: Iterable[str]) -> Any:
    """Return a placeholder if a name that is not here is imported; otherwise raise.

    Args:
        module: full name of the module.
        path: its name below `tf`.
        name: the name that it does not have.
        known: those that it has, one of which may be meant.

    Raises:
        AttributeError: with what to write instead.
    """
    full = f"{path}.{name}".removeprefix(".")
    close = get_close_matches(name, known, n=1)
    hint = f". Did you mean {close[0]!r}?" if close else "."
    message = f"module {module!r} has no attribute {name!r}{hint} {_advice(full)}".rstrip()
    if is_source(path):
        return _OfSource(f"{module}.{name}", message)
    if _is_import():
        return Placeholder(f"{module}.{name}", message)
    raise AttributeError(message)


def is_source(path: str) -> bool:
    """Whether a module is one of TensorFlow's source, which are all there, for imports only.

    >>> is_source("python.ops.linalg.sparse"), is_source("linalg")
    (True, False)
    """
    return path.partition(".")[0] in ("python", "core", "compiler")


class _OfSource(Placeholder):
    """What a file of TensorFlow's source has: it may be a file itself, so all that is in it is a placeholder too."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(self._message)
        return _OfSource(f"{self.__name__}.{name}", self._message)


def _is_import() -> bool:
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(f"{__package__}"):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_code[frame.f_lasti] == _IMPORT_FROM


def _advice(full: str) -> str:
    """Return what to write instead of a name, or of the module that it is in; else torch's of that name."""
    parts = full.split(".")
    for end in range(len(parts), 0, -1):
        place = ".".join(parts[:end])
        found = next((advice for advice, names in INSTEAD.items() if place in names.split()), "")
        if found:
            return found
    return _of_torch(parts[-1])


def _of_torch(name: str) -> str:
    import torch

    places = {"torch.linalg": torch.linalg, "torch": torch, "torch.nn.functional": torch.nn.functional}
    places |= {"torch.special": torch.special, "torch.fft": torch.fft}
    found = next((f"{place}.{name}" for place, module in places.items() if callable(getattr(module, name, None))), "")
    return f"Use {found}." if found else "Write it with functions of torch, which take the same tensors."
