"""How is the text of a file rewritten, from Keras to PyTorch and this library?"""

from __future__ import annotations

import libcst as cst

from torchkeras_layer.port import training
from torchkeras_layer.port.context import Context
from torchkeras_layer.port.expressions import rewrite_expressions
from torchkeras_layer.port.findings import Finding
from torchkeras_layer.port.formatting import formatted
from torchkeras_layer.port.imports import rewrite_imports
from torchkeras_layer.port.lines import LineMap
from torchkeras_layer.port.names import LIBRARY


def port_text(text: str, style: str = "loop") -> tuple[str, list[Finding]]:
    """Rewrite the text of a Python file; one that has nothing of Keras stays as it is.

    Training comes first, then the functions in what is left, then the imports.

    Args:
        text: the file.
        style: what trains: a 'loop', or a module and a trainer of 'lightning'.

    Returns:
        the new text, and what was done and left.

    Raises:
        libcst.ParserSyntaxError: if it is not Python.

    >>> text, findings = port_text("import keras\\nlayer = keras.layers.Dense(2)\\n")
    >>> print(text, end="")
    import torchkeras_layer as keras
    layer = keras.layers.Dense(2)
    """
    module = cst.parse_module(text)
    if not any(word in text for word in ("keras", "tensorflow")):
        return text, []
    context = Context(module, LineMap(text, text))
    trained = training.rewrite(module, context, style)
    second = Context(cst.parse_module(trained.code), LineMap(text, trained.code))
    changed, needed = rewrite_expressions(second)
    third = Context(cst.parse_module(changed.code), LineMap(text, changed.code))
    result = rewrite_imports(third, context.needed | needed)
    findings = [*context.findings, *second.findings, *third.findings]
    return formatted(text, result.code), sorted(findings, key=lambda finding: finding.line)


def is_ported(text: str) -> bool:
    """Whether a file imports this library already.

    >>> is_ported("import torchkeras_layer as keras"), is_ported("import keras")
    (True, False)
    """
    return f"import {LIBRARY}" in text or f"from {LIBRARY}" in text
