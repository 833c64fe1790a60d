"""Cases of `tf.debugging`: what does each check raise, and does it say the message that it was given?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _kind(tf: Any, check: Callable[[], Any]) -> list[int]:
    """Return which error a check raises, 0 for none, and whether it says the message 'wrong rows'."""
    try:
        check()
    except (tf.errors.InvalidArgumentError, ValueError, TypeError) as error:
        kinds = (tf.errors.InvalidArgumentError, ValueError, TypeError)
        return [1 + [isinstance(error, kind) for kind in kinds].index(True), int("wrong rows" in str(error))]
    return [0, 0]


# By the name of the check, the arguments that it gets in each of several calls.
CALLS: dict[str, Callable[[Any, Any], list[tuple[Any, ...]]]] = {
    "assert_all_finite": lambda tf, d: [(d["x"],), (d["x"] / 0.0,), (tf.math.log(-d["p"]),)],
    "assert_equal": lambda tf, d: [(d["x"], d["x"]), (d["x"], d["y"]), ([1, 2], [1, 2]), (tf.shape(d["x"])[0], 4)],
    "assert_none_equal": lambda tf, d: [(d["x"], d["x"]), (d["x"], d["y"]), (1, 2)],
    "assert_less": lambda tf, d: [(d["p"], d["big"]), (d["big"], d["p"]), (d["p"], d["p"]), (tf.rank(d["x"]), 3)],
    "assert_less_equal": lambda tf, d: [(d["p"], d["big"]), (d["big"], d["p"]), (d["p"], d["p"])],
    "assert_greater": lambda tf, d: [(d["p"], d["big"]), (d["big"], d["p"]), (d["p"], d["p"])],
    "assert_greater_equal": lambda tf, d: [(d["p"], d["big"]), (d["big"], d["p"]), (d["p"], d["p"])],
    "assert_positive": lambda tf, d: [(d["p"],), (d["x"],), (tf.zeros(3),), ([1, 2],)],
    "assert_negative": lambda tf, d: [(-d["p"],), (d["x"],), (tf.zeros(3),)],
    "assert_non_negative": lambda tf, d: [(d["p"],), (d["x"],), (tf.zeros(3),)],
    "assert_non_positive": lambda tf, d: [(-d["p"],), (d["x"],), (tf.zeros(3),)],
    "assert_near": lambda tf, d: [
        (d["x"], d["x"] + 1e-8), (d["x"], d["x"] + 1e-3), (d["x"], d["x"] + 1e-3, 0.0, 1e-2), (1.0, 2.0)],
    "assert_rank": lambda tf, d: [(d["x"], 2), (d["x"], 3), (d["m"], 3), (1.0, 0)],
    "assert_rank_at_least": lambda tf, d: [(d["x"], 1), (d["x"], 3), (d["x"], 2)],
    "assert_rank_in": lambda tf, d: [(d["x"], (1, 2)), (d["x"], (1, 3)), (d["x"], [2])],
    "assert_scalar": lambda tf, d: [(tf.constant(1.0),), (d["x"],), (tf.reduce_sum(d["x"]),)],
    "assert_type": lambda tf, d: [(d["x"], tf.float32), (d["x"], tf.int32), (d["i"], tf.int32)],
    "assert_integer": lambda tf, d: [(d["i"],), (d["x"],), (d["bytes"],)],
    "assert_shapes": lambda tf, d: [
        ([(d["x"], ("N", "Q")), (d["v"], ("Q",))],), ([(d["x"], ("N", "N"))],), ([(d["x"], (3, 4)), (d["v"], (4,))],),
        ([(d["x"], ("N", 5))],), ([(d["m"], (..., "D")), (d["x"], (None, "D"))],), ([(d["x"], ("N",))],)],
    "assert_proper_iterable": lambda tf, d: [([d["x"]],), ((d["x"], 1),), (d["x"],), (3,), ("ab",)],
    "assert_same_float_dtype": lambda tf, d: [
        ([d["x"], d["y"]],), ([d["x"], d["i"]],), ([d["x"]], tf.float32), ([d["x"]], tf.float64), ([d["i"]],)],
    "check_numerics": lambda tf, d: [(d["x"], "wrong rows"), (d["x"] / 0.0, "wrong rows")],
    "Assert": lambda tf, d: [
        (True, ["shown"]), (False, ["wrong rows"]), (tf.reduce_all(d["p"] > 0), [d["p"]]),
        (tf.reduce_all(d["x"] > 0), ["wrong rows"])],
    "is_numeric_tensor": lambda tf, d: [(d["x"],)],
}  # fmt: skip
_WITHOUT_MESSAGE = (
    "assert_proper_iterable",
    "assert_same_float_dtype",
    "check_numerics",
    "Assert",
    "is_numeric_tensor",
)
_AT_THE_TOP = ("assert_equal", "assert_less", "assert_greater", "assert_rank", "Assert")
_ONLY_IN_DEBUGGING = ("is_numeric_tensor", "Assert", "assert_all_finite", "assert_shapes")


def _case(path: str, name: str) -> Any:
    def run(tf: Any, d: Any) -> Any:
        check, options = tf, {} if name in _WITHOUT_MESSAGE else {"message": "wrong rows"}
        for part in path.split("."):
            check = getattr(check, part)
        return np.array([_kind(tf, lambda given=given: check(*given, **options)) for given in CALLS[name](tf, d)])

    return run


def _returned(tf: Any, d: Any) -> Any:
    checked = tf.debugging.assert_all_finite(d["x"], "wrong"), tf.debugging.check_numerics(d["y"], "wrong")
    kinds = [tf.debugging.is_numeric_tensor(value) for value in (d["x"], d["i"], d["b"], 3, [1.0], np.ones(2))]
    return (
        *checked,
        kinds,
        tf.debugging.assert_same_float_dtype([d["x"]]) == tf.float32,
    )


CASES: list[tuple[str, Any]] = [
    *[(f"debugging.{name}", _case(f"debugging.{name}", name)) for name in CALLS],
    *[(f"compat.v1.{name}", _case(f"compat.v1.{name}", name)) for name in CALLS if name not in _ONLY_IN_DEBUGGING],
    *[(name, _case(name, name)) for name in _AT_THE_TOP],
    ("debugging.check_numerics", _returned),
]
