"""What do the rules for one file share: its names, what they found, and what the new file must import?"""

from __future__ import annotations

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from torchkeras_layer.port.findings import Finding
from torchkeras_layer.port.lines import LineMap
from torchkeras_layer.port.names import Names

IMPORTS = {
    "bisect": "import bisect",
    "copy": "import copy",
    "csv": "import csv",
    "itertools": "import itertools",
    "math": "import math",
    "os": "import os",
    "SimpleNamespace": "from types import SimpleNamespace",
    "np": "import numpy as np",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "nn": "from torch import nn",
    "DataLoader": "from torch.utils.data import DataLoader",
    "Dataset": "from torch.utils.data import Dataset",
    "Subset": "from torch.utils.data import Subset",
    "SummaryWriter": "from torch.utils.tensorboard import SummaryWriter",
    "TensorDataset": "from torch.utils.data import TensorDataset",
    "tqdm": "from tqdm import tqdm",
    "L": "import lightning as L",
    "keras": "import torchkeras_layer as keras",
}
"""What each name that a rule may need is imported by, in the order of the imports."""


class Context:
    """One parsed file: names, positions, and what the rules leave behind.

    Args:
        module: the file; its nodes are those that rules ask about.
        lines: the lines of the file as it was, for each line of the module.
    """

    def __init__(self, module: cst.Module, lines: LineMap) -> None:
        self.wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        self.module = module
        self.names = Names(self.wrapper)
        self.findings: list[Finding] = []
        self.needed: set[str] = set()
        self._positions = self.wrapper.resolve(PositionProvider)
        self._lines = lines

    def name_of(self, node: cst.CSTNode) -> str | None:
        """Return the full name of what an expression or the function of a call means, such as `keras.layers.Dense`."""
        return self.names.of(node)

    def finding(self, node: cst.CSTNode, kind: str, rule: str, after: str = "", reason: str = "") -> None:
        """Note what became of a node."""
        line = self._lines.old(self._positions[node].start.line)
        self.findings.append(Finding(line, kind, rule, self.module.code_for_node(node).strip(), after, reason))

    def need(self, name: str) -> None:
        """Let the new file import a name, which is one of `IMPORTS`.

        Raises:
            KeyError: if it is none of them.
        """
        self.needed.add(IMPORTS[name] and name)
