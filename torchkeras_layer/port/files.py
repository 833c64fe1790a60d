"""How is one file, a module or a notebook, ported?"""

from __future__ import annotations

from pathlib import Path

from torchkeras_layer.port.findings import Finding
from torchkeras_layer.port.notebooks import port_notebook
from torchkeras_layer.port.rewriting import port_text
from torchkeras_layer.port.sources import Source, read


def ported(path: Path, style: str) -> tuple[Source, str, list[Finding]]:
    """Return a file as it is, its new text, and what was done and left; `style` is that of `port_text`.

    Raises:
        Refused: if it cannot be ported.
    """
    source = read(path)
    if path.suffix == ".ipynb":
        return source, *port_notebook(source.text, str(path), lambda text: port_text(text, style))
    return source, *port_text(source.text, style)
