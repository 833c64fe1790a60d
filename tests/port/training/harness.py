"""How are the old and the new text of a script run in tests, and which findings were there?"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np

from torchkeras_layer.port import formatting
from torchkeras_layer.port.rewriting import port_text
from torchkeras_layer.port.training.arguments import PARAMETERS


@dataclass
class Ported:
    """The new text, and the findings as (line, kind, rule, reason)."""

    text: str
    findings: list[tuple[int, str, str, str]] = field(default_factory=list)

    def reasons(self, kind: str = "left") -> list[str]:
        return [reason for _, found, _, reason in self.findings if found == kind]

    @property
    def unchanged(self) -> str:
        """The text with the imports of Keras and TensorFlow as they were."""
        text = self.text.replace("import torchkeras_layer as keras\n", "import keras\n")
        return text.replace("from torchkeras_layer import tf\n", "import tensorflow as tf\n")


def port(text: str, style: str = "loop", formats: bool = False) -> Ported:
    """Rewrite a script, which takes longer if new statements are formatted; findings are those of training only."""
    with nullcontext() if formats else patch.object(formatting, "_ruff", return_value=None):
        new, findings = port_text(text, style)
    rules = (*PARAMETERS, "tf.data", "Sequence")
    return Ported(new, [(one.line, one.kind, one.rule, one.reason) for one in findings if one.rule in rules])


def start(model: Any) -> None:
    """Set the same weights in a model of either library."""
    random = np.random.default_rng(1)
    model.set_weights(
        [
            random.uniform(0.1, 0.5, weight.shape) * (random.choice([-1, 1], weight.shape) if weight.ndim > 1 else 1)
            for weight in model.get_weights()
        ]
    )


def run(text: str) -> dict[str, Any]:
    """Run a script, and return its names."""
    names = {"start": start}
    exec(compile(text, "script", "exec"), names)
    return names
