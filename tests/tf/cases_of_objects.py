"""Cases of what is no function of tensors: structures, shapes, dtypes, scopes, Python functions, modules."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from functools import partial
from typing import Any

import numpy as np

_DTYPES = [
    *("float16", "half", "float32", "float64", "double", "bool", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64", "complex64", "complex128"),
]
_Pair = namedtuple("_Pair", ["first", "second"])


def _sizes(shape: Any) -> list[int]:
    """Return the sizes of a shape, -1 for a free one, and -2 for one of unknown rank."""
    return [-2] if shape.rank is None else [-1 if size is None else int(size) for size in shape.as_list()]


def _typed(tf: Any, name: str) -> Any:
    found = getattr(tf, name)
    assert found == getattr(tf.dtypes, name) == tf.as_dtype(found) == tf.dtypes.as_dtype(found)
    assert isinstance(found, tf.DType)
    assert isinstance(found, tf.dtypes.DType)
    return tf.cast(tf.constant([1, 0]), found)


def _raised(run: Any, *errors: type[BaseException]) -> bool:
    try:
        run()
    except errors:
        return True
    return False


def _shapes(tf: Any, d: Any) -> Any:
    shape = tf.TensorShape([None, 3])
    found = [
        shape, shape.concatenate([4, None]), shape.merge_with([2, None]), shape[1:], tf.TensorShape(5),
        tf.TensorShape(None), tf.TensorShape([2]) + tf.TensorShape([3]), tf.TensorShape(None).with_rank(2),
        shape.most_specific_compatible_shape([4, 3]), shape.with_rank_at_least(1), tf.TensorShape(d["x"].shape[:1]),
    ]  # fmt: skip
    facts = [
        shape.rank == 2, shape.ndims == 2, shape.is_fully_defined(), tf.TensorShape([2, 3]).is_fully_defined(),
        shape.is_compatible_with([2, 3]), shape.is_compatible_with([2, 4]), shape.is_compatible_with(None),
        shape.num_elements() is None, tf.TensorShape([2, 3]).num_elements() == 6, len(shape) == 2,
        shape == tf.TensorShape([None, 3]), tf.TensorShape([2, 3]) == [2, 3], shape[0] is None,
        _raised(lambda: shape.assert_is_compatible_with([2, 4]), ValueError),
        _raised(lambda: shape.with_rank(3), ValueError),
        _raised(lambda: tf.TensorShape(None).as_list(), ValueError),
        _raised(lambda: shape.assert_has_rank(3), ValueError), bool(tf.TensorShape(None)), bool(shape),
        tf.compat.dimension_value(shape[1]) == 3, tf.compat.v1.dimension_value(shape[0]) is None,
    ]  # fmt: skip
    return np.concatenate([*map(_sizes, found), facts])


def _mapped_structures(tf: Any, d: Any) -> Any:
    given = OrderedDict([("b", d["x"]), ("a", _Pair(d["y"], [d["v"]]))])
    found = tf.nest.map_structure(lambda one, other: one + other * 2.0, given, given)
    return list(found) == ["b", "a"], type(found["a"]) is _Pair, found["b"], found["a"].first, found["a"].second


def _packed(tf: Any, d: Any) -> Any:
    found = tf.nest.pack_sequence_as({"b": 1, "a": (2, [3])}, [d["x"], d["y"], d["v"]])
    return (
        found["a"][0], found["a"][1][0], found["b"],
        _raised(lambda: tf.nest.pack_sequence_as([1, 2], [d["x"]]), ValueError),
        tf.nest.pack_sequence_as(1, [d["v"]]),
    )  # fmt: skip


def _compared_structures(tf: Any, d: Any) -> Any:
    pairs = [
        ([1, 2], [3, 4]), ([1], [1, 2]), ([1, 2], (1, 2)), ({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}), (1, [1]),
        ([[1], 2], [3, [4]]), ((1, 2), _Pair(1, 2)), (OrderedDict(a=1), {"a": 1}),
    ]  # fmt: skip
    checks = [
        tf.nest.assert_same_structure,
        partial(tf.nest.assert_same_structure, check_types=False),
        partial(tf.nest.map_structure, lambda x, y: 0),
    ]
    return np.array([_raised(partial(check, *pair), ValueError, TypeError) for check in checks for pair in pairs])


def _python_functions(tf: Any, d: Any) -> Any:
    several = tf.py_function(lambda x, y: [x * 2.0, tf.reduce_sum(y)], [d["x"], d["y"]], [tf.float32, tf.float32])
    old = tf.compat.v1.py_func(lambda x: np.sin(x), [d["x"]], tf.float32)
    return *several, old


def _scopes(tf: Any, d: Any) -> Any:
    with tf.name_scope("outer") as name, tf.device("/CPU:0"), tf.init_scope(), tf.control_dependencies([d["x"]]):
        found = tf.identity(d["x"])
    one, other = tf.tuple([d["x"], d["v"]])
    assert name == "outer/"
    assert tf.group(d["x"]) is None
    assert tf.no_op() is None
    return found, one, other, *tf.identity_n([d["x"], d["v"]]), tf.executing_eagerly(), tf.inside_function()


def _functions(tf: Any, d: Any) -> Any:
    @tf.function
    def plain(x):
        return x * 2.0

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)], autograph=False, reduce_retracing=True)
    def with_options(x):
        return x * 3.0

    class Counter(tf.Module):
        def __init__(self):
            super().__init__(name="counter")
            self.weight = tf.Variable([1.0, 2.0], name="weight")
            self.count = tf.Variable(0.0, trainable=False)
            self.inner = tf.Module()

        @tf.function(jit_compile=False)
        def __call__(self, x):
            return x + self.weight

    counter = Counter()
    sizes = [len(counter.variables), len(counter.trainable_variables), len(counter.non_trainable_variables)]
    converted = tf.autograph.experimental.do_not_convert(lambda x: x + 1.0)(d["v"])
    return (
        plain(d["x"]), with_options(d["x"]), tf.function(lambda x: -x)(d["x"]), counter(d["v"][:2]), sizes,
        counter.name == "counter", len(counter.submodules) == 1, converted,
    )  # fmt: skip


def _kinds(tf: Any, d: Any) -> Any:
    found = [
        tf.is_tensor(d["x"]), tf.is_tensor([1.0]), tf.is_tensor(np.ones(2)), isinstance(d["x"], tf.Tensor),
        isinstance(2.0, tf.Tensor), isinstance(d["x"], tf.Variable), isinstance(tf.Variable(1.0), tf.Variable),
        tf.is_tensor(tf.Variable(1.0)), tf.is_symbolic_tensor(d["x"]), tf.rank(d["x"]), tf.rank(3.0), tf.rank([[1.0]]),
        isinstance(d["x"], (tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices, tf.Operation, tf.Graph)),
        bool(tf.compat.v1.is_variable_initialized(tf.Variable(1.0))),
        tf.compat.v1.executing_eagerly_outside_functions(),
    ]  # fmt: skip
    return [np.array(found), tf.get_static_value(d["x"]), tf.get_static_value(3), d["x"][..., tf.newaxis]]


def _errors(tf: Any, d: Any) -> Any:
    words = (
        "InvalidArgument OutOfRange NotFound ResourceExhausted Unimplemented FailedPrecondition Internal Unavailable"
    )
    names = [f"{word}Error" for word in (*words.split(), "AlreadyExists")]
    found = [issubclass(getattr(tf.errors, name), tf.errors.OpError) for name in names]
    return all(found), _raised(lambda: tf.debugging.assert_equal(1, 2), tf.errors.InvalidArgumentError)


def _resized(tf: Any, d: Any) -> Any:
    methods = ("BILINEAR", "NEAREST_NEIGHBOR", "BICUBIC", "AREA", "LANCZOS3", "LANCZOS5", "GAUSSIAN", "MITCHELLCUBIC")
    wanted = [getattr(tf.image.ResizeMethod, name) for name in methods]
    small = tf.image.resize(d["image"], [3, 4], method=tf.image.ResizeMethod.NEAREST_NEIGHBOR)
    return small, [
        str(method) == str(getattr(tf.image.ResizeMethod, n)) for n, method in zip(methods, wanted, strict=True)
    ]


def _broadcast(tf: Any, d: Any) -> Any:
    pairs = [([2, 1], [None, 3]), ([3], [2, 1]), ([], [4]), ([None], [None]), ([5, 1, 2], [4, 1]), ([2], [2])]
    found = [_sizes(tf.broadcast_static_shape(tf.TensorShape(a), tf.TensorShape(b))) for a, b in pairs]
    wrong = _raised(lambda: tf.broadcast_static_shape(tf.TensorShape([2]), tf.TensorShape([3])), ValueError)
    return np.concatenate([*found, [wrong]])


def _specs(tf: Any, d: Any) -> Any:
    spec = tf.TensorSpec([None, 4], tf.float32, name="rows")
    of_tensor = tf.TensorSpec.from_tensor(d["x"])
    return (
        _sizes(tf.TensorShape(spec.shape)), tf.as_dtype(spec.dtype) == tf.float32, spec.name == "rows",
        _sizes(tf.TensorShape(of_tensor.shape)), spec.is_compatible_with(d["x"]), spec.is_compatible_with(d["i"]),
    )  # fmt: skip


def _variables(tf: Any, d: Any) -> Any:
    weight = tf.Variable(d["x"], name="weight", dtype=tf.float32)
    found = [weight.assign(d["y"]) + 0.0, weight.assign_add(d["x"]) + 0.0, weight.assign_sub(d["p"]) + 0.0]
    counter = tf.Variable(3, trainable=False)
    counter.assign_add(1)
    return (
        *found, counter + 0, weight * 2.0, d["x"] @ tf.transpose(weight),
        weight[0] + 0.0, tf.reduce_sum(weight), weight.read_value() + 0.0,
        _sizes(tf.TensorShape(weight.shape)), weight.dtype == tf.float32,
    )  # fmt: skip


CASES: list[tuple[str, Any]] = [
    *[(f"dtypes.{name}", lambda tf, d, name=name: _typed(tf, name)) for name in _DTYPES],
    *[(name, lambda tf, d, name=name: _typed(tf, name)) for name in _DTYPES],
    ("bfloat16", lambda tf, d: tf.cast(tf.cast(d["x"], tf.bfloat16), tf.float32)),
    ("dtypes.bfloat16", lambda tf, d: tf.cast(tf.cast(d["x"], tf.dtypes.bfloat16), tf.float32)),
    ("string", lambda tf, d: tf.string == tf.dtypes.string),
    ("nest.flatten", lambda tf, d: tf.nest.flatten({"b": d["x"], "a": [d["y"], (d["v"], {"z": d["s"]})]})),
    ("nest.flatten", lambda tf, d: tf.nest.flatten(d["x"])),
    ("nest.is_nested", lambda tf, d: np.array(
        [tf.nest.is_nested(x) for x in ([1], (1,), {"a": 1}, _Pair(1, 2), d["x"], 1, "ab", None, np.ones(2), [])])),
    ("nest.map_structure", _mapped_structures),
    ("nest.pack_sequence_as", _packed),
    ("nest.assert_same_structure", _compared_structures),
    ("TensorShape", _shapes),
    ("broadcast_static_shape", _broadcast),
    ("py_function", _python_functions),
    ("numpy_function", lambda tf, d: tf.numpy_function(
        lambda x, y: (np.sin(x), np.float32(y.sum())), [d["x"], d["y"]], [tf.float32, tf.float32])),
    ("name_scope", _scopes),
    ("function", _functions),
    ("is_tensor", _kinds),
    ("errors.InvalidArgumentError", _errors),
    ("image.ResizeMethod", _resized),
    ("TensorSpec", _specs),
    ("Variable", _variables),
]  # fmt: skip
