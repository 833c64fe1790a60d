"""Which containers replace the lists, tuples and dicts on a layer's attributes?"""

from torchkeras_layer.layer.tracked.mappings import TrackedDefaultDict, TrackedDict, TrackedOrderedDict
from torchkeras_layer.layer.tracked.sequences import TrackedDeque, TrackedList, TrackedTuple

__all__ = ["TrackedDefaultDict", "TrackedDeque", "TrackedDict", "TrackedList", "TrackedOrderedDict", "TrackedTuple"]
