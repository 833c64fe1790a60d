"""How many windows does an axis have, and how many values does one span?"""

from __future__ import annotations


def reach(window: int, dilation: int) -> int:
    """Return the number of neighbouring values that a window spans.

    >>> reach(3, 1), reach(3, 2)
    (3, 5)
    """
    return (window - 1) * dilation + 1


def count_windows(size: int | None, window: int, stride: int, dilation: int, padding: str) -> int | None:
    """Return the number of windows along an axis; `None` for a free size, 0 or less if none fits.

    >>> count_windows(7, 3, 2, 1, "valid"), count_windows(7, 3, 2, 1, "same"), count_windows(None, 3, 2, 1, "same")
    (3, 4, None)
    """
    if size is None:
        return None
    return (size - (reach(window, dilation) if padding == "valid" else 1)) // stride + 1
