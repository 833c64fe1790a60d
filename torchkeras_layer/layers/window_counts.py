"""How many windows does an axis have, and how far does one reach?"""

from __future__ import annotations


def reach(window: int, dilation: int) -> int:
    """Return how many neighbouring values a window spans.

    >>> reach(3, 1), reach(3, 2)
    (3, 5)
    """
    return (window - 1) * dilation + 1


def count_windows(size: int | None, window: int, stride: int, dilation: int, padding: str) -> int | None:
    """Return how many windows an axis of some size has, `None` for a free size; 0 or less if it is too short for one.

    >>> count_windows(7, 3, 2, 1, "valid"), count_windows(7, 3, 2, 1, "same"), count_windows(None, 3, 2, 1, "same")
    (3, 4, None)
    """
    if size is None:
        return None
    return (size - (reach(window, dilation) if padding == "valid" else 1)) // stride + 1
