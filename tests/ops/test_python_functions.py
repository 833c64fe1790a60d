"""Do the operations that take Python functions do what Keras's do, also compiled, in graphs and without values?"""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer._structures import map_leaves

ops = ours.ops


def _log1pexp(library):
    def function(x):
        e = library.ops.exp(x)

        def grad(*args, upstream=None):
            return library.ops.multiply(upstream, 1.0 - 1.0 / library.ops.add(1, e))

        return library.ops.log(1 + e), grad

    return library.ops.custom_gradient(function)


def _times(factor, gradient):
    return factor * gradient


X = torch.linspace(-1.0, 1.0, 6).reshape(3, 2)
# By what is shown; the second one of each is called with a tensor.
CALLS = {
    "cond": lambda o, x: o.cond(o.sum(x) > 0.5, lambda: x + 1, lambda: x * 2),
    "cond with structures": lambda o, x: o.cond(
        o.sum(x) < 1, lambda: {"a": x, "b": [x * 2]}, lambda: {"a": -x, "b": [x]}
    ),
    "switch": lambda o, x: o.switch(o.cast(o.sum(x) + 1.2, "int32"), [lambda y: y, lambda y: y * 2, lambda y: -y], x),
    "switch above": lambda o, x: o.switch(9, [lambda y: y, lambda y: y * 2], x),
    "while_loop": lambda o, x: o.while_loop(lambda y: o.sum(o.abs(y)) < 9.0, lambda y: y * 1.5, x),
    "while_loop with several": lambda o, x: o.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 2), (0, x)),
    "while_loop with a maximum": lambda o, x: o.while_loop(lambda y: o.sum(y) < 1e9, lambda y: y + 1, x, 4),
    "fori_loop": lambda o, x: o.fori_loop(1, 4, lambda i, y: y * i + 1, x),
    "scan": lambda o, x: o.scan(lambda c, row: (c + row, c * row), o.zeros((2,)), x),
    "scan in reverse": lambda o, x: o.scan(lambda c, row: (c + row, c * row), o.zeros((2,)), x, reverse=True),
    "scan of structures": lambda o, x: o.scan(
        lambda c, row: ({"s": c["s"] + row[0]}, [row[1], c["s"]]), {"s": o.zeros((2,))}, (x, x + 1)
    ),
    "scan of a length": lambda o, x: o.scan(lambda c, _: (c * 2, c), x, length=3),
    "map": lambda o, x: o.map(lambda row: row * 2 + o.sum(row), x),
    "map of structures": lambda o, x: o.map(lambda rows: {"a": rows[0] + rows[1]}, (x, x)),
    "associative_scan": lambda o, x: o.associative_scan(lambda a, b: a * b, x),
    "associative_scan in reverse": lambda o, x: o.associative_scan(lambda a, b: a + b, x, reverse=True),
    "associative_scan of structures": lambda o, x: o.associative_scan(
        lambda a, b: [a[0] * b[0], a[1] * b[0] + b[1]], [x, x + 1], axis=0
    ),
    "vectorized_map": lambda o, x: o.vectorized_map(lambda row: row * o.sum(row), x),
    "vectorized_map of structures": lambda o, x: o.vectorized_map(lambda rows: rows[0] + rows[1], [x, x]),
    "vectorize": lambda o, x: o.vectorize(lambda a, b: a * b + 1)(x, 3.0),
    "vectorize with a signature": lambda o, x: o.vectorize(lambda m, v: m @ v, signature="(m,n),(n)->(m)")(x, x),
    "jvp": lambda o, x: o.jvp(lambda y: o.sin(y) * 2, (x,), (o.ones_like(x),)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_call_is_keras_s(name, sign):
    mine, theirs = (CALLS[name](library.ops, X * sign) for library in (ours, keras))
    # Keras returns a list where the function returned one, or a tuple.
    assert_close(_lists(mine), _lists(theirs))


def _lists(structure):
    if isinstance(structure, dict):
        return {key: _lists(part) for key, part in structure.items()}
    return [_lists(part) for part in structure] if isinstance(structure, (list, tuple)) else structure


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_compiled(name):
    torch._dynamo.reset()
    graphs = []

    def backend(module, inputs):
        graphs.append(module)
        return module.forward

    # A compiler that traces for good may not know which branch will be taken.
    compiled = torch.compile(lambda x: CALLS[name](ops, x), backend=backend, fullgraph=True)
    for sign in (1, -1):
        assert_close(_lists(compiled(X * sign)), _lists(CALLS[name](ops, X * sign)))
    assert len(graphs) == 1


@pytest.mark.parametrize("name", CALLS)
def test_a_layer_that_calls_it_is_symbolic(name):
    class Calling(ours.Layer):
        def call(self, x):
            return CALLS[name](ops, x)

    x = ours.Input(batch_shape=(3, 2))
    outputs = Calling()(x)
    model = ours.Model(x, outputs)
    expected = CALLS[name](ops, X)
    assert_close(_lists(model(X)), _lists(expected))
    shapes = map_leaves(lambda leaf: tuple(leaf.shape), expected)
    assert map_leaves(lambda leaf: tuple(leaf.shape), outputs) == shapes


def test_branches_on_symbolic_tensors_are_chosen_between():
    x = ours.Input((2,))
    outputs = [
        ops.cond(ops.sum(x) > 0, lambda: x + 1, lambda: x * 2),
        ops.switch(ops.cast(ops.max(x), "int32"), [lambda y: y, lambda y: y * 2, lambda y: -y], x),
    ]
    model = ours.Model(x, outputs)
    for data in (X, -X, X + 2, X + 9):
        assert_close(
            model(data),
            [
                ops.cond(ops.sum(data) > 0, lambda d=data: d + 1, lambda d=data: d * 2),
                ops.switch(ops.cast(ops.max(data), "int32"), [lambda y: y, lambda y: y * 2, lambda y: -y], data),
            ],
        )


@pytest.mark.parametrize(
    "name", ["map", "scan", "vectorized_map", "associative_scan", "jvp", "vectorize", "fori_loop", "while_loop"]
)
def test_symbolic_tensors_make_nodes(name):
    x = ours.Input(batch_shape=(3, 2))
    model = ours.Model(x, CALLS[name](ops, x))
    assert_close(_lists(model(X)), _lists(CALLS[name](ops, X)))


def test_a_gradient_of_its_own_is_keras_s():
    mine, theirs = X.clone().requires_grad_(), X.clone().requires_grad_()
    for library, x in ((ours, mine), (keras, theirs)):
        _log1pexp(library)(x).sum().backward()
    assert_close(mine.grad, theirs.grad)


def test_a_gradient_of_its_own_may_take_the_gradient_alone():
    @ops.custom_gradient
    def clipped(x):
        return x * 3, lambda upstream: upstream.clamp(-1, 1)

    @ops.custom_gradient
    def both(pair, factor):
        return (pair[0] * factor, pair[1] * factor), lambda one, other: (one, other * 10)

    x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    (clipped(x) * 5).sum().backward()
    assert x.grad.tolist() == [1, 1]
    scaled = ops.custom_gradient(lambda x: (x * 2, functools.partial(_times, 7)))
    assert torch.autograd.grad(scaled(x).sum(), x)[0].tolist() == [7, 7]
    first, second = both([x, y], 2)
    assert (first.tolist(), second.tolist()) == ([2, 2], [2, 2])
    gradients = torch.autograd.grad((first + second).sum(), [x, y])
    assert [g.tolist() for g in gradients] == [[1, 1], [10, 10]]


# Torch's compiler makes an instance, and warns of it.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
def test_a_gradient_of_its_own_is_compiled():
    def function(x):
        return _log1pexp(ours)(x).sum()

    x = X.clone().requires_grad_()
    torch.compile(function, backend="aot_eager", fullgraph=True)(x).backward()
    y = X.clone().requires_grad_()
    function(y).backward()
    assert_close(x.grad, y.grad)


def test_symbolic_tensors_from_around_are_an_error():
    x = ours.Input((2,))
    with pytest.raises(TypeError, match="Pass it as an argument of the operation"):
        ops.map(lambda row: row + x, X)


def test_a_gradient_of_its_own_is_a_node():
    x = ours.Input((2,))
    model = ours.Model(x, _log1pexp(ours)(x))
    data = X.clone().requires_grad_()
    model(data).sum().backward()
    other = X.clone().requires_grad_()
    _log1pexp(ours)(other).sum().backward()
    assert_close(data.grad, other.grad)


def test_gradients_pass_through_loops():
    for name in ("while_loop", "scan", "map", "associative_scan", "fori_loop", "vectorized_map"):
        x = X.clone().requires_grad_()
        found = CALLS[name](ops, x)
        leaf = found if isinstance(found, torch.Tensor) else found[0]
        leaf.sum().backward()
        assert x.grad.any(), name


def test_loops_over_tensors_are_compiled():
    def function(x, n):
        return ops.fori_loop(0, n, lambda i, y: y * 2 + i, x)

    compiled = torch.compile(function, backend="eager", fullgraph=True)
    for count in (2, 4):
        assert_close(compiled(X, torch.tensor(count)), function(X, torch.tensor(count)))


def test_questions_about_tensors():
    x = ours.Input((None, 3))
    assert ops.shape(x) == keras.ops.shape(keras.Input((None, 3))) == (None, None, 3)
    assert ops.shape(X) == (3, 2)
    assert ops.shape([[1, 2]]) == (1, 2)
    assert (ops.dtype(x), ops.dtype(X.bool()), ops.dtype(1.5)) == ("float32", "bool", "float32")
    assert [ops.is_tensor(value) for value in (X, x, 1, np.ones(1))] == [True, False, False, False]
    array = ops.convert_to_numpy(X.clone().requires_grad_())
    assert isinstance(array, np.ndarray)
    assert_close(array, X)
    assert ops.convert_to_numpy([X, X]).shape == (2, 3, 2)
    assert ops.convert_to_numpy(X.bfloat16()).dtype == np.float32
    assert isinstance(ops.convert_to_numpy(2.5), np.ndarray)
    with pytest.raises(TypeError, match="has no data"):
        ops.convert_to_numpy(x)


def test_free_sizes_in_the_call_of_a_layer():
    class Flat(ours.Layer):
        def call(self, x):
            batch, steps, _ = ops.shape(x)
            return ops.reshape(x, (batch * steps, -1))

    x = ours.Input((None, 3))
    model = ours.Model(x, Flat()(x))
    assert model.output_shape == (None, 3)
    assert model(torch.ones(2, 4, 3)).shape == (8, 3)
    free = ({0: torch.export.Dim("batch"), 1: torch.export.Dim("steps")},)
    exported = torch.export.export(model, (torch.ones(2, 4, 3),), dynamic_shapes=free).module()
    assert exported(torch.ones(5, 6, 3)).shape == (30, 3)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: ops.scan(3, 0, [1]), TypeError, r"scan: f must be callable\. Received: f=3\."),
        (lambda: ops.map(3, [1]), TypeError, "map: f must be callable"),
        (lambda: ops.associative_scan(3, [1]), TypeError, "associative_scan: f must be callable"),
        (lambda: ops.scan(min, 0), ValueError, "xs or length must be given"),
        (lambda: ops.scan(min, 0, [1], unroll=0), ValueError, r"unroll must be a bool or a positive int\. Received"),
        (lambda: ops.associative_scan(min, (X, X[:2])), ValueError, "the same size of axis 0"),
        (lambda: ops.vectorize(3), ValueError, r"vectorize: pyfunc must be callable\. Received: pyfunc=3\."),
        (lambda: ops.vectorize(min, signature="m->"), ValueError, r"Received: signature='m->'\."),
        (lambda: ops.vectorize(min, signature="(n),(n)->()")(X, [1, 2, 3]), ValueError, "must have the axes"),
    ],
)
def test_errors_say_what_is_wrong(act, error, message):
    with pytest.raises(error, match=message):
        act()


def test_arguments_of_vectorize_may_be_excluded():
    function = ops.vectorize(lambda x, table, scale=1: table[0] * x * scale, excluded={1, "scale"})
    assert_close(function(X, [2.0, 3.0], scale=2), X * 4)
