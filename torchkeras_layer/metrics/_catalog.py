"""Which catalogs have the names of the metrics and of their functions?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

catalog = Catalog("metric", module="keras.metrics")
# Apart, because the name of a function gives a metric in Keras.
function_catalog = Catalog("function of metrics", module="keras.metrics")
