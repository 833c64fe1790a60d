"""What does `torchkeras-layer port` do?"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchkeras_layer.port.findings import Report

NAME = "port"
SUMMARY = "Rewrite code for Keras into code for PyTorch and this library"
DETAILS = (
    "Prints what would change as a diff, and what was done, left, and why, line by line, on standard error. Nothing is "
    "run without --check. Exit status: 0 if nothing was left, 1 if something was, or differs, 2 after an error"
)
ARGUMENT = ("source", "SOURCE", "a .py file, a notebook, or a folder of them")
LEFT = 1
"""The exit status if something was left, or computes something else."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this subcommand takes besides the source."""
    parser.add_argument("--write", action="store_true", help="change the files, in place of printing a diff")
    parser.add_argument(
        "--style",
        choices=("loop", "lightning"),
        default="loop",
        help="what `fit` becomes: a training loop, or a LightningModule and a Trainer (default: %(default)s)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="run the layer classes of the old file with Keras and of the new one with PyTorch, with the same inputs "
        "and weights, and compare; this runs the file's imports and definitions",
    )
    parser.add_argument("--quiet", action="store_true", help="of the report, print the last lines only")


def run(arguments: argparse.Namespace) -> int:
    """Port a file, or all of a folder, and return the exit status.

    Raises:
        ImportError: if libcst is not installed.
        ValueError: if a file cannot be ported; nothing is written then.
    """
    _check_installed()
    from torchkeras_layer.port.files import ported
    from torchkeras_layer.port.findings import Report
    from torchkeras_layer.port.sources import Refused, files_in, write

    results, refusals = [], []
    for path in _watched(files_in(Path(arguments.source))):
        try:
            results.append(ported(path, arguments.style))
        except Refused as refusal:
            refusals.append(str(refusal))
    if refusals:
        raise ValueError("\n".join([*refusals, "Nothing was written."]))
    reports = [Report(str(source.path), findings) for source, _, findings in results if findings]
    if not reports:
        print(f"{arguments.source}: there is no code for Keras in it; nothing to do.", file=sys.stderr)
        return 0
    agree = not arguments.check or _check([(source.text, text) for source, text, found in results if found])
    for source, text, _ in results:
        if arguments.write and text != source.text:
            write(source, text)
        elif not arguments.write:
            _show(source.path, source.text, text)
    _report(reports, arguments.quiet)
    return 0 if agree and all(report.is_complete for report in reports) else LEFT


def _check(texts: list[tuple[str, str]]) -> bool:
    """Print what the layers compute before and after, and return whether none differs."""
    from torchkeras_layer.port.checking import check

    seen = [one for old, new in texts for one in check(old, new)]
    for one in seen:
        print(one, file=sys.stderr)
    if not seen:
        print("check: there are no layer classes to run.", file=sys.stderr)
    return all(one.verdict != "differs" for one in seen)


def _check_installed() -> None:
    try:
        import libcst  # noqa: F401
    except ImportError:
        raise ImportError("Porting code needs libcst: pip install 'torchkeras_layer[port]'") from None


def _watched(paths: list[Path]) -> Iterable[Path]:
    """Return the paths, with a progress bar if a person watches."""
    if not sys.stderr.isatty():
        return paths
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        return paths
    return track(paths, description="porting", console=Console(stderr=True), transient=True)


def _show(path: Path, old: str, new: str) -> None:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"{path} (Keras)", f"{path} (PyTorch)"
    )
    text = "".join(lines)
    show = _colored() if sys.stdout.isatty() else None
    if show is None:
        print(text, end="")
    else:
        show(text)


def _colored() -> Callable[[str], None] | None:
    try:
        from rich.console import Console
        from rich.syntax import Syntax
    except ImportError:
        return None
    return lambda text: Console().print(Syntax(text, "diff", background_color="default"))


def _report(reports: list[Report], quiet: bool) -> None:
    for report in reports:
        if not quiet:
            print(report.path, *(f"  {line}" for line in report.lines()), sep="\n", file=sys.stderr)
    for report in reports:
        print(report.summary(), file=sys.stderr)
