"""How is an axis padded for its windows?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layers.window_counts import reach


def ends(size: Any, window: int, stride: int, dilation: int, padding: str) -> tuple[Any, Any]:
    """Return the numbers of zeros before and after an axis; for 'same', Keras adds an odd one after it.

    `size` may be a symbol of torch's; it has no effect if `has_fixed_ends`.

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
    # The same number in two forms: torch can prove for the one that it is not negative, for the other that the output
    # has `count_windows`.
    total, same_total = beside - (size - 1) % stride, (size - 1) // stride * stride + beside + 1 - size
    if beside + 1 < stride:
        # Windows with steps larger than their size skip values.
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
    """Return the zeros that torch's kernel adds at both ends of each axis, and those that `F.pad` must add, if any.

    The latter are in the order of `F.pad`, the last axis first.

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
    """Return the zeros that torch's kernel may add at both ends of each axis, and the windows to keep then.

    The latter is `None` to keep all.

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


# Calls pad the same few sizes repeatedly.
cached_torch_padding = functools.lru_cache(torch_padding)
cached_wide_padding = functools.lru_cache(wide_padding)


def _is_zero(amount: Any) -> bool:
    """Whether an amount is 0; while torch compiles, whether it is 0 for all sizes, so that the code fits them all."""
    if torch.compiler.is_compiling():
        from torch.fx.experimental.symbolic_shapes import statically_known_true

        return statically_known_true(amount == 0)
    return amount == 0
