"""What do the rules for one file share: its names, what they found, and what the new file must import?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider

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
        text: the file as it was.
        code: what earlier rules have made of it; default: the same.

    Raises:
        libcst.ParserSyntaxError: if it is not Python.
    """

    def __init__(self, text: str, code: str | None = None) -> None:
        self._text = text
        self.code = text if code is None else code
        self.module = cst.parse_module(self.code)
        self.wrapper = MetadataWrapper(self.module, unsafe_skip_copy=True)
        self.findings: list[Finding] = []
        self.needed: set[str] = set()

    def after(self, module: cst.Module) -> Context:
        """Return the context for what a rule has made of the file, with all that was found up to now."""
        code = module.code
        if code == self.code:
            # To parse a file and to find its names takes most of the time.
            return self
        context = Context(self._text, code)
        context.findings, context.needed = self.findings, self.needed
        return context

    @cached_property
    def names(self) -> Names:
        """The names of Keras and TensorFlow."""
        return Names(self.wrapper)

    @cached_property
    def parents(self) -> Mapping[cst.CSTNode, cst.CSTNode]:
        """The node around each node but the module."""
        return self.wrapper.resolve(ParentNodeProvider)

    @cached_property
    def _positions(self) -> Mapping[cst.CSTNode, CodeRange]:
        return self.wrapper.resolve(PositionProvider)

    @cached_property
    def _lines(self) -> LineMap:
        return LineMap(self._text, self.code)

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
        if name not in IMPORTS:
            raise KeyError(name)
        self.needed.add(name)
