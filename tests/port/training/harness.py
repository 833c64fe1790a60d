"""How is the training of a script rewritten in tests, and how do the old and the new script run?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import libcst as cst
import numpy as np
from libcst.metadata import MetadataWrapper, PositionProvider, QualifiedNameProvider

from torchkeras_layer.port.training import rewrite

_IMPORTS = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "np": "import numpy as np",
    "tqdm": "from tqdm import tqdm",
    "keras": "import torchkeras_layer as keras",
    "SummaryWriter": "from torch.utils.tensorboard import SummaryWriter",
    "SimpleNamespace": "from types import SimpleNamespace",
} | {name: f"from torch.utils.data import {name}" for name in ("DataLoader", "TensorDataset", "Subset")}


@dataclass
class Ported:
    """The new text, without its imports, what it needs, and the findings as (line, kind, rule, reason)."""

    text: str
    needs: list[str] = field(default_factory=list)
    findings: list[tuple[int, str, str, str]] = field(default_factory=list)

    def reasons(self, kind: str = "left") -> list[str]:
        return [reason for _, found, _, reason in self.findings if found == kind]

    def runnable(self) -> str:
        """The text with its imports, where Keras's are this library's."""
        lines = [_IMPORTS.get(name, f"import {name}") for name in dict.fromkeys(self.needs)]
        text = self.text.replace("import keras\n", "").replace("from keras import", "from torchkeras_layer import")
        return "\n".join(["import torchkeras_layer as keras", *lines, text])


class _Context:
    """What rewriting asks: full names by the imports of the file, and where findings go."""

    def __init__(self, wrapper: MetadataWrapper, ported: Ported):
        self.names = wrapper.resolve(QualifiedNameProvider)
        self.positions = wrapper.resolve(PositionProvider)
        self.ported = ported

    def name_of(self, node: cst.CSTNode) -> str | None:
        found: Any = self.names.get(node, ())
        for item in found() if callable(found) else found:
            if item.source.name == "IMPORT":
                name = item.name
                for old, new in (("tensorflow.keras", "keras"), ("tensorflow", "tf")):
                    if name.split(".")[: len(old.split("."))] == old.split("."):
                        name = new + name[len(old) :]
                return name
        return None

    def finding(self, node: cst.CSTNode, kind: str, rule: str, after: str, reason: str) -> None:
        self.ported.findings.append((self.positions[node].start.line, kind, rule, reason))

    def need(self, name: str) -> None:
        self.ported.needs.append(name)


def port(text: str) -> Ported:
    """Rewrite the training of a script."""
    wrapper = MetadataWrapper(cst.parse_module(text))
    ported = Ported(text)
    ported.text = rewrite(wrapper.module, _Context(wrapper, ported)).code
    ported.findings.sort()
    return ported


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
