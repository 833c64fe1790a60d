"""`torchkeras-layer plot`: what does the model in a file look like?"""

from __future__ import annotations

import argparse

from torchkeras_layer.command.common import (
    add_code_argument,
    custom_objects_in,
    load_without_values,
    path_to_write_to,
)
from torchkeras_layer.models.drawing import model_to_dot, model_to_mermaid, plot_model
from torchkeras_layer.weight_files.replacing import path_to_write, replacing

NAME = "plot"
SUMMARY = "Draw the graph of the model in a file"
DETAILS = "Pictures (.svg, .png, .pdf) need Graphviz; text (.dot, .mmd for Mermaid) needs nothing."

_TEXTS = {".dot": model_to_dot, ".mmd": model_to_mermaid}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("out", metavar="OUT", help="the picture; its suffix decides the format")
    parser.add_argument("--nested", action="store_true", help="show the layers inside models too")
    add_code_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the picture."""
    out = path_to_write_to(arguments)
    model = load_without_values(arguments.file, custom_objects_in(arguments.code))
    write = _TEXTS.get(out.suffix.lower())
    if write is None:
        plot_model(model, out, show_shapes=True, expand_nested=arguments.nested)
    else:
        text = write(model, show_shapes=True, expand_nested=arguments.nested)
        with replacing(path_to_write(out, overwrite=True)) as new:
            new.write_text(text)
    print(f"{out}: {model.name}, {len(model.layers)} layers")
    return 0
