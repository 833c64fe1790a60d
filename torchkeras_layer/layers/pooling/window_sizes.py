"""How many windows does an axis have, and how must torch pad the axis to get them?"""

from __future__ import annotations


def count_windows(size: int | None, window: int, stride: int, padding: str) -> int | None:
    """Return how many windows an axis of some size has, `None` for a free size; 0 or less if it is too short for one.

    >>> count_windows(7, 3, 2, "valid"), count_windows(7, 3, 2, "same"), count_windows(None, 3, 2, "same")
    (3, 4, None)
    """
    if size is None:
        return None
    return (size - 1) // stride + 1 if padding == "same" else (size - window) // stride + 1


def same_padding(size: int, window: int, stride: int) -> tuple[int, int]:
    """Return torch's padding of both ends of an axis, and how many windows to drop then, for Keras's padding 'same'.

    Keras puts the odd one at the end. Torch, in its ceil mode, lets the last window go beyond its padding: padding both
    ends as Keras does the first makes the same windows, and no copy. With stride 1 it would make one too few, so there
    both are padded as Keras does the last, which makes one too many.

    >>> same_padding(5, 3, 2), same_padding(6, 3, 2), same_padding(6, 4, 1)
    ((1, 0), (0, 0), (2, 1))
    """
    if stride == 1:
        return window // 2, (window - 1) % 2
    return max(((size - 1) // stride) * stride + window - size, 0) // 2, 0
