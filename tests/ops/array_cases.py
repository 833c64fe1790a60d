"""With which arguments are operations tried that reduce, reorder, join, choose and sort values?"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.arguments import along, array, call, either, of, one_of

_NAN = "nanmax nanmin nanmean nanmedian nanprod nanstd nansum nanvar"


_MODES = one_of("constant", "reflect", "edge", "symmetric", "wrap")


def _sorted(r: Any) -> Any:
    return np.sort(array(r, "x", (5,)))


def _index(r: Any) -> Any:
    return r.choice([0, (slice(None), -1), (..., slice(None, None, 2)), (None, slice(1, 2)), (0, slice(0, 2), None)])


REDUCTIONS: dict[str, Any] = {
    **dict.fromkeys(["sum", "mean", "max", "min", "amax", "amin", "std", "var", "logsumexp", "median", "ptp"], along()),
    **dict.fromkeys(["all", "any"], along("b")),
    "prod": along(),
    "count_nonzero": along("z", keepdims=False),
    **dict.fromkeys(["argmax", "argmin"], along(several=False)),
    **dict.fromkeys(_NAN.split(), along("n")),
    **dict.fromkeys(["nanargmax", "nanargmin"], call("n 3,6", axis=one_of(0, 1, -1))),
    **dict.fromkeys(["cumsum", "cumprod"], along(several=False, keepdims=False)),
    **dict.fromkeys(["nancumsum", "nancumprod"], along("n", several=False, keepdims=False)),
    "average": either(
        call("x 2,3", axis=one_of(0, 1, None), weights="p 2,3"),
        call("x 2,3", axis=1, weights="p 3"),
        call("x 2,3", axis=one_of(0, None)),
    ),
    "quantile": either(
        along(q=[0.3, [0.1, 0.5]]),
        along(q=[0.3, 0.8], several=False, method=["linear", "lower", "higher", "nearest", "midpoint"]),
    ),
    "percentile": along(q=[30, [10, 50]]),
    "nanquantile": along("n", q=[0.3, [0.1, 0.5]]),
    "nanpercentile": along("n", q=[30.0, [10.0, 50.0]]),
    "trace": call("x 3,2,3", offset=one_of(0, 1), axis1=0, axis2=one_of(1, 2)),
    "trapezoid": either(call("x 3,4", dx=one_of(1.0, 0.5), axis=one_of(0, 1)), call("x 3,4", "p 4")),
    "corrcoef": call("x 3,4"),
    "moments": call("x 2,3,4", one_of([0], [1, 2], [-1]), keepdims=one_of(True, False)),
    "segment_sum": call("x 4,2", np.array([0, 2, 0, 1]), num_segments=one_of(3, 4)),
    "segment_prod": call("x 4,2", np.array([0, 2, 0, 1]), num_segments=one_of(3, 4)),
    "segment_max": call("x 4,2", np.array([0, 2, 0, 1]), num_segments=3),
    "segment_min": call("x 4,2", np.array([0, 2, 0, 1]), num_segments=3),
}
SHAPING: dict[str, Any] = {
    "reshape": call("x 2,3,4", one_of((6, 4), (-1,), (4, -1, 2), (24,))),
    "transpose": call("x 2,3,4", one_of(None, (0, 2, 1), (2, 0, 1))),
    "moveaxis": call("x 2,3,4", one_of(0, -1), one_of(1, 2)),
    "swapaxes": call("x 2,3,4", one_of(0, -1), one_of(1, -2)),
    "expand_dims": call("x 2,3", one_of(0, -1, (0, 2))),
    "squeeze": call("x 2,1,3,1", one_of(None, 1, -1, (1, 3))),
    "broadcast_to": call("x 2,1", one_of((2, 3), (4, 2, 2))),
    "flip": call("x 2,3", one_of(None, 0, -1, (0, 1))),
    "fliplr": call("x 2,3"),
    "flipud": call("x 2,3"),
    "roll": call("x 3,4", one_of(1, -2), axis=one_of(None, 0, 1)),
    "rot90": call("x 3,4", k=one_of(0, 1, 2, 3)),
    "diagonal": call("x 3,4,2", offset=one_of(0, 1, -1), axis1=0, axis2=one_of(1, 2)),
    "diag": call(one_of("x 3", "x 3,4"), k=one_of(0, 1, -1)),
    "diagflat": call(one_of("x 3", "x 2,2"), k=one_of(0, 1)),
    "tril": call("x 3,4", k=one_of(0, 1, -1)),
    "triu": call("x 2,3,4", k=one_of(0, 1, -1)),
    "ndim": of("x"),
    "size": of("x"),
    "rearrange": call("x 2,4,3", one_of("b (t s) c -> b s (t c)", "b (s t) c -> (b s) c t"), s=2),
    "concatenate": call(["x 2,3", "x 2,3"], axis=one_of(0, 1, -1)),
    "append": call("x 2,3", "x 2,3", axis=one_of(None, 0, 1)),
    "stack": call(["x 2,3", "x 2,3"], axis=one_of(0, 1, -1)),
    "hstack": call(["x 2,3", "x 2,1"]),
    "vstack": call(["x 2,3", "x 1,3"]),
    "dstack": call(["x 2,3", "x 2,3"]),
    "split": call("x 4,6", one_of(2, [1, 3]), axis=one_of(0, 1)),
    "array_split": call("x 5,3", one_of(2, 3), axis=0),
    "hsplit": call("x 4,6", one_of(2, [1, 3])),
    "vsplit": call("x 4,6", one_of(2, [1, 3])),
    "dsplit": call("x 2,3,4", one_of(2, [1, 3])),
    "unstack": call("x 2,3", axis=one_of(0, 1)),
    "tile": call("x 2,3", one_of(2, (2,), (1, 3), (2, 1, 2))),
    "repeat": call("x 2,3", one_of(2, 3), axis=one_of(None, 0, 1)),
    "meshgrid": call("x 3", "x 2", indexing=one_of("xy", "ij")),
    "pad": either(
        call("x 3,4", one_of(((1, 2), (0, 1)), ((0, 0), (2, 1)), 1, (1, 2), ((2, 1),)), mode=_MODES),
        call("x 3,4", ((1, 2), (0, 1)), constant_values=one_of(0.5, 2)),
    ),
    "extract_sequences": call("x 2,8", 4, 2),
    "depth_to_space": call(
        "x 2,2,3,8",
        2,
        data_format=one_of(
            "channels_last",
        ),
    ),
    "space_to_depth": call(
        "x 2,4,6,3",
        2,
        data_format=one_of(
            "channels_last",
        ),
    ),
}
CHOOSING: dict[str, Any] = {
    "get_item": call("x 2,3", _index),
    "take": call("x 3,4", one_of([0, 2], [[1, -1]], 1), axis=one_of(0, 1, -1, None)),
    "take_along_axis": call("x 2,5", "i 2,3", axis=1),
    "where": either(call("b 2,3", "x 2,3", one_of("x 3", 0.5, 2)), call("b 2,1", "i 3", one_of("x 2,3", 1.5, 2))),
    "select": call(["b 2,3", "b 2,3"], ["x 2,3", "x 2,3"], -1.0),
    "nonzero": call("z 3,4"),
    "unravel_index": call("i 4", (2, 3)),
    "slice": call("x 3,4", one_of((0, 1), (1, 2)), one_of((2, 2), (1, 1))),
    "slice_update": call("x 3,4", one_of((0, 1), (1, 2)), "x 2,2"),
    "scatter": call([[0], [2], [0]], "x 3,2", (4, 2)),
    "scatter_update": call("x 3,4", [[0, 1], [2, 3], [0, 1]], "x 3", reduction=one_of("add", "max", "min", "mul")),
    "diff": call("x 3,5", n=one_of(1, 2), axis=one_of(0, -1)),
    "sort": along(several=False, keepdims=False, none=False),
    "argsort": along(several=False, keepdims=False),
    "argpartition": call("x 6", 2),
    "top_k": call("x 3,5", one_of(1, 3)),
    "in_top_k": call("i 3", "x 3,6", one_of(1, 2)),
    "searchsorted": call(_sorted, one_of("x 3", "z 2,3"), side=one_of("left", "right")),
    "digitize": call("x 3,2", np.array([-1.0, 0.0, 1.0], "float32")),
    "bincount": either(call("i 6", minlength=one_of(0, 7)), call("i 6", weights="p 6", minlength=one_of(0, 7))),
    "histogram": call("x 20", bins=one_of(5, 10), range=one_of(None, (-1.0, 2.0))),
    "isin": call("i 2,3", "i 2", invert=one_of(True, False)),
    "unique": either(
        call("i 3,4", return_inverse=one_of(True, False), return_counts=one_of(True, False)),
        call("i 12", return_index=True, return_inverse=one_of(True, False)),
        call("i 6,2", axis=0, return_index=one_of(True, False)),
    ),
    "one_hot": call(one_of("i 2,3", "i 4"), 5, axis=one_of(-1, 0, 1), dtype=one_of(None, "int32")),
    "multi_hot": call("i 2,3", 5),
}
CASES: dict[str, Any] = {**REDUCTIONS, **SHAPING, **CHOOSING}
