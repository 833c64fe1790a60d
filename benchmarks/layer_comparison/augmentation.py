"""What stands beside each layer that changes images in training?"""

from __future__ import annotations

from benchmarks.layer_comparison.entry import Entry
from torchkeras_layer.layers import augmentation

ENTRIES: list[Entry] = []

WITHOUT_COUNTERPART = dict.fromkeys(augmentation.__all__, "has its counterpart in torchvision, not in torch")
