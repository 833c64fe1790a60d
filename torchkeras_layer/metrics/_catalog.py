"""Which catalog has the names of the metrics?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

catalog = Catalog("metric", module="keras.metrics")
