"""Which modules do the tests of wrapped modules share?"""

from __future__ import annotations

import json
from typing import Any

from torch import nn

from torchkeras_layer import layers


def through_json(layer: Any) -> Any:
    return layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))


class Plain(nn.Module):
    def forward(self, x):
        return x


class Scaled(nn.Module):
    """A module that takes all kinds of arguments."""

    def forward(self, a, b=None, *, scale=1.0, mask=None, training=None):
        self.seen = {"scale": scale, "mask": mask, "training": training, "mode": self.training}
        return a["x"] if isinstance(a, dict) else a if b is None else a + b


def make_network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
