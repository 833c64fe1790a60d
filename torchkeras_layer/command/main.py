"""Which subcommands and options does `torchkeras-layer` have, and what does it print when something fails?"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from torchkeras_layer.command import converting, inspecting, listing_weights, plotting, porting, verifying

_SUBCOMMANDS = (inspecting, listing_weights, verifying, converting, plotting, porting)
_FILE = ("file", "FILE", "a .keras, .h5, .weights.h5 or .json file that Keras saved")
FAILED = 2
"""The exit status after an error; 1 is for `verify`, when outputs differ, and `port`, when something is left."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: what stands behind the name of the command; default: that of this process.

    Returns:
        the exit status: 0, 1 if `verify` found a difference or `port` left something, or 2 after an error.

    >>> main(["inspect", "missing.keras"])
    2
    """
    chosen = _parser().parse_args(arguments)
    try:
        return chosen.run(chosen)
    except BrokenPipeError:
        # Who reads the output has seen enough, as `head` does; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if chosen.debug:
            raise
        print(f"torchkeras-layer {chosen.subcommand}: {_message(error)}", file=sys.stderr)
        return FAILED


def _message(error: Exception) -> str:
    """What an error says; the class too where it is not one that is raised for its text."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"{error.filename}: there is no such file."
    if isinstance(error, (ValueError, OSError, ImportError)) and str(error):
        return str(error)
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    # Errors of exporters go on for pages.
    first = next((line for line in str(cause).splitlines() if line.strip()), "")
    return f"{type(cause).__name__}: {first:.300} (--debug shows where)"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="torchkeras-layer",
        description="Look at model files that Keras saved, check them, draw them, and convert them for PyTorch; "
        "rewrite code for Keras. Neither Keras nor TensorFlow is needed, and nothing in a file is run.",
    )
    subparsers = parser.add_subparsers(title="subcommands", dest="subcommand", required=True, metavar="SUBCOMMAND")
    for subcommand in _SUBCOMMANDS:
        subparser = subparsers.add_parser(
            subcommand.NAME, help=subcommand.SUMMARY, description=f"{subcommand.SUMMARY}. {subcommand.DETAILS}"
        )
        name, shown, text = getattr(subcommand, "ARGUMENT", _FILE)
        subparser.add_argument(name, metavar=shown, help=text)
        subcommand.add_arguments(subparser)
        subparser.add_argument("--debug", action="store_true", help="show the traceback of an error")
        subparser.set_defaults(run=subcommand.run)
    return parser
