"""How must an axis be padded to have the windows that are asked for?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layers.window_counts import reach


def ends(size: Any, window: int, stride: int, dilation: int, padding: str) -> tuple[Any, Any]:
    """Return how many zeros come before and behind an axis: for 'same', Keras puts the odd one behind.

    `size` may be a symbol of torch's; it does not matter where `has_fixed_ends`.

    >>> ends(6, 3, 2, 1, "same"), ends(5, 3, 2, 1, "same"), ends(None, 4, 1, 1, "same"), ends(None, 3, 1, 2, "causal")
    ((0, 1), (1, 1), (1, 2), (4, 0))
    """
    beside = reach(window, dilation) - 1
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return beside, 0
    if has_fixed_ends(window, stride, dilation, padding):
        return beside // 2, beside - beside // 2
    # Twice the same number: torch's symbols prove of this form that it is not negative, of the other that the output
    # has `count_windows`.
    total, same_total = beside - (size - 1) % stride, (size - 1) // stride * stride + beside + 1 - size
    if beside + 1 < stride:
        # Windows further apart than they are long leave values out.
        total, same_total = torch.sym_max(total, 0), torch.sym_max(same_total, 0)
    return total // 2, same_total - total // 2


def has_fixed_ends(window: int, stride: int, dilation: int, padding: str) -> bool:
    """Whether `ends` are the same for all sizes of an axis.

    >>> has_fixed_ends(3, 1, 1, "same"), has_fixed_ends(3, 2, 1, "same"), has_fixed_ends(1, 2, 1, "same")
    (True, False, True)
    """
    return padding != "same" or stride == 1 or reach(window, dilation) == 1


def torch_padding(
    lengths: Sequence[Any],
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: str,
) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """Return how many zeros torch's kernel puts at both ends of each axis, and which others `F.pad` must add, if any.

    The latter are for the last axis first, as `F.pad` wants them.

    >>> torch_padding((6, 5), (3, 3), (2, 2), (1, 1), "same"), torch_padding((5,), (3,), (1,), (1,), "causal")
    (((0, 1), (0, 0, 0, 1)), ((0,), (2, 0)))
    """
    pairs = [ends(*axis, padding) for axis in zip(lengths, window, strides, dilation, strict=True)]
    both = tuple(0 if padding == "causal" else before for before, _ in pairs)
    rest = [(before - common, behind - common) for (before, behind), common in zip(pairs, both, strict=True)]
    others = tuple(amount for pair in reversed(rest) for amount in pair)
    return both, None if all(map(_is_zero, others)) else others


def wide_padding(
    lengths: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: str,
) -> tuple[tuple[int, ...], tuple[slice, ...] | None]:
    """Return how many zeros torch's kernel may put at both ends of each axis, and which windows are then to be kept.

    The latter is `None` where that is all of them.

    >>> wide_padding((6, 5), (3, 3), (2, 2), (1, 1), "same")
    ((2, 1), (slice(1, None, None), slice(0, None, None)))
    """
    both, kept = [], []
    for length, size, stride, apart in zip(lengths, window, strides, dilation, strict=True):
        before, behind = ends(length, size, stride, apart, padding)
        # By whole strides, so that the windows stay where they are.
        more = -(-max(behind - before, 0) // stride)
        both.append(before + more * stride)
        last = more + (length - 1) // stride
        beyond = (length + 2 * both[-1] - reach(size, apart)) // stride - last
        kept.append(slice(more, -beyond if beyond else None))
    return tuple(both), None if kept == [slice(0, None)] * len(kept) else tuple(kept)


# A call pads the same few sizes again and again.
cached_torch_padding = functools.lru_cache(torch_padding)
cached_wide_padding = functools.lru_cache(wide_padding)


def _is_zero(amount: Any) -> bool:
    """Whether an amount is 0; while torch compiles, whether it is 0 for all sizes, so that the code serves them all."""
    if torch.compiler.is_compiling():
        from torch.fx.experimental.symbolic_shapes import statically_known_true

        return statically_known_true(amount == 0)
    return amount == 0
