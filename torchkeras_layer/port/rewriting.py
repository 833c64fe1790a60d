"""How is the text of a file rewritten, from Keras to PyTorch and this library?"""

from __future__ import annotations

from torchkeras_layer.port import training
from torchkeras_layer.port.context import Context
from torchkeras_layer.port.expressions import rewrite_expressions
from torchkeras_layer.port.findings import Finding
from torchkeras_layer.port.formatting import formatted
from torchkeras_layer.port.imports import rewrite_imports
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
    context = Context(text)
    if not any(word in text for word in ("keras", "tensorflow")):
        return text, []
    if not is_ported(text):
        # What was left once is left again: less is known of models whose classes are this library's.
        context = context.after(training.rewrite(context.module, context, style))
    context = context.after(rewrite_expressions(context))
    result = rewrite_imports(context)
    return formatted(text, result.code), sorted(context.findings, key=lambda finding: finding.line)


def is_ported(text: str) -> bool:
    """Whether a file imports this library already.

    >>> is_ported("import torchkeras_layer as keras"), is_ported("import keras")
    (True, False)
    """
    return f"import {LIBRARY}" in text or f"from {LIBRARY}" in text
