"""`torchkeras-layer convert`: how does a model file become one of PyTorch, ONNX or Keras 3?"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from torchkeras_layer._structures import in_order, map_leaves
from torchkeras_layer.command.common import add_code_argument, check_has_graph, load, path_to_write_to
from torchkeras_layer.models.model import Model
from torchkeras_layer.models.summary.parts import readable_size

NAME = "convert"
SUMMARY = "Convert the model in a file"
DETAILS = (
    "The suffix of OUT decides: .pt, the state_dict for torch.load; .safetensors, the same for safetensors; .pt2, the "
    "whole model for torch.export.load, which needs none of this package; .onnx, the whole model for ONNX runtimes; "
    ".keras, for Keras 3. What was written is read again, run, and compared with the model."
)

_TRIED = 2
_FREE = 32
"""How long the free axes of the inputs are when a model is exported, besides the batch."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("out", metavar="OUT", help="the file to write")
    parser.add_argument(
        "--length",
        type=int,
        default=_FREE,
        help="the length of free axes, such as time, while a .pt2 or .onnx is made (default: %(default)s)",
    )
    add_code_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the file, whole or not at all."""
    out = path_to_write_to(arguments)
    write = _WRITERS.get(out.suffix.lower())
    if write is None:
        raise ValueError(f"OUT must end in {', '.join(_WRITERS)}. Received: {out}")
    model = load(arguments)
    with tempfile.TemporaryDirectory(prefix=".converting-", dir=out.parent) as folder:
        unfinished = Path(folder) / out.name
        said = write(model, unfinished, arguments.length)
        os.replace(unfinished, out)
    print(f"{out}: {readable_size(out.stat().st_size)}, {said}")
    return 0


def _write_state_dict(model: Model, out: Path, length: int) -> str:
    torch.save(model.state_dict(), out)
    written = torch.load(out, weights_only=True)
    return _compared_weights(model, written)


def _write_safetensors(model: Model, out: Path, length: int) -> str:
    try:
        from safetensors.torch import load_model, save_model
    except ImportError as error:
        raise ImportError(
            ".safetensors needs safetensors. Run: pip install 'torchkeras_layer[safetensors]'."
        ) from error
    expected = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    save_model(model, str(out))
    load_model(model, str(out))
    return _compared_weights(model, expected)


def _write_program(model: Model, out: Path, length: int) -> str:
    program, inputs = _exported(model, length)
    torch.export.save(program, out)
    outputs = torch.export.load(out).module()(inputs)
    return f"{_free_axes(program)}; {_compared_outputs(model, inputs, in_order(outputs))}"


def _write_onnx(model: Model, out: Path, length: int) -> str:
    try:
        import onnx  # pyright: ignore[reportMissingImports]
        import onnxscript  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            f".onnx needs onnx and onnxscript. Run: pip install 'torchkeras_layer[onnx]'. ({error})"
        ) from error
    program, inputs = _exported(model, length)
    names = {"input_names": [tensor.name for tensor in model.inputs], "output_names": _output_names(model)}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # What torch's exporter says of itself is no business of who runs it.
        warnings.simplefilter("ignore")
        torch.onnx.export(program, (), out, dynamo=True, external_data=False, verbose=False, **names)
    onnx.checker.check_model(str(out))
    return f"{_free_axes(program)}; {_checked_by_runtime(model, out, inputs)}"


def _write_keras(model: Model, out: Path, length: int) -> str:
    from torchkeras_layer.models.model_files import load_model

    model.save(out)
    return _compared_weights(model, load_model(out).state_dict())


_WRITERS: dict[str, Callable[[Model, Path, int], str]] = {
    ".pt": _write_state_dict,
    ".safetensors": _write_safetensors,
    ".pt2": _write_program,
    ".onnx": _write_onnx,
    ".keras": _write_keras,
}


def _exported(model: Model, length: int) -> tuple[torch.export.ExportedProgram, Any]:
    """Export the model with a free batch, and with the other axes free that its inputs declare so."""
    check_has_graph(model, "it cannot be exported from here: write torch.export.export(model, (inputs,)) in Python")
    dim = torch.export.Dim
    inputs = map_leaves(lambda tensor: _example(tensor, length), model.input)
    free = map_leaves(
        lambda tensor: {
            axis: dim.DYNAMIC if axis == 0 else dim.AUTO for axis, n in enumerate(tensor.shape) if n is None
        },
        model.input,
    )
    with torch.no_grad():
        return torch.export.export(model, (inputs,), dynamic_shapes=(free,)), inputs


def _example(tensor: Any, length: int) -> torch.Tensor:
    shape = [(_TRIED if axis == 0 else length) if size is None else size for axis, size in enumerate(tensor.shape)]
    dtype = torch.empty(0, dtype=tensor.dtype).dtype
    return torch.rand(shape, dtype=dtype) if dtype.is_floating_point else torch.zeros(shape, dtype=dtype)


def _free_axes(program: torch.export.ExportedProgram) -> str:
    names = set(program.graph_signature.user_inputs)
    shapes = [
        [
            str(size) if isinstance(size, int) else "free" if axis else "batch"
            for axis, size in enumerate(node.meta["val"].shape)
        ]
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in names
    ]
    return f"inputs {', '.join('(' + ', '.join(shape) + ')' for shape in shapes)}"


def _output_names(model: Model) -> list[str]:
    return [f"output_{index}" if "/" in tensor.name else tensor.name for index, tensor in enumerate(model.outputs)]


def _checked_by_runtime(model: Model, out: Path, inputs: Any) -> str:
    try:
        import onnxruntime  # pyright: ignore[reportMissingImports]
    except ImportError:
        return "checked by onnx; install onnxruntime to have the outputs compared too"
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    given = {item.name: tensor.numpy() for item, tensor in zip(session.get_inputs(), in_order(inputs), strict=True)}
    return _compared_outputs(model, inputs, [torch.from_numpy(output) for output in session.run(None, given)])


def _compared_outputs(model: Model, inputs: Any, outputs: list[torch.Tensor]) -> str:
    with torch.no_grad():
        expected = in_order(model(inputs))
    gaps = [
        (output.double() - wanted.double()).abs().max().item() if wanted.numel() else 0.0
        for output, wanted in zip(outputs, expected, strict=True)
    ]
    return f"outputs differ by at most {max(gaps):.2g}"


def _compared_weights(model: Model, written: dict[str, torch.Tensor]) -> str:
    weights = model.state_dict()
    wrong = [name for name, tensor in weights.items() if not _is_equal(tensor, written[name])]
    if wrong:
        raise ValueError(f"the weights that were written are not those of the model: {', '.join(wrong)}")
    return f"{len(weights)} weights, read again and equal"


def _is_equal(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether all numbers are the same; those that are not numbers are, in the same places."""
    if tensor.shape != other.shape or tensor.dtype != other.dtype:
        return False
    return bool(((tensor == other) | ((tensor != tensor) & (other != other))).all())
