"""Under which names are the metrics known?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

catalog = Catalog("metric", module="keras.metrics")
