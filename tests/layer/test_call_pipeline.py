"""What happens around `call`? (contract §2.1)"""

from __future__ import annotations

import threading
import traceback

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Adds, Fails, Linear, Seen, Stack, built, numbers

X = torch.ones(2, 3)


class OneArgument(keras.Layer):
    def call(self, x, y=0):
        return x + y


def test_the_order_of_events():
    log = []

    class Logs(keras.Layer):
        def build(self, input_shape):
            log.append("build")

        def call(self, inputs):
            log.append("call")
            return inputs

        def compute_mask(self, inputs, mask=None):
            log.append(f"mask of {inputs.dtype}")

    layer = Logs(activity_regularizer=lambda outputs: log.append("activity") or outputs.sum())
    layer(torch.ones(2, dtype=torch.float64))
    assert log == ["build", "call", "activity", "mask of torch.float32"]


@pytest.mark.parametrize("arguments", [{}, {"y": 3}, {"training": True}])
def test_the_first_argument_is_needed(arguments):
    """[8]"""
    with pytest.raises(ValueError, match="one_argument: the first argument of a call, 'x', is missing"):
        OneArgument()(**arguments)


@pytest.mark.parametrize("arguments", [{"x": torch.ones(1)}, {"inputs": torch.ones(1)}])
def test_the_first_argument_by_keyword(arguments):
    """[8] By its own name, or by that of the two pages."""
    assert OneArgument()(y=2, **arguments).tolist() == [3.0]


def test_an_unknown_or_doubled_argument_is_a_type_error():
    with pytest.raises(TypeError, match=r"one_argument \(OneArgument\): call\(x, y=0\) has no argument 'z'"):
        OneArgument()(torch.ones(1), z=1)
    with pytest.raises(TypeError):
        OneArgument()(torch.ones(1), x=torch.ones(1))


def test_the_receiver_of_call_may_have_any_name():
    class Odd(keras.Layer):
        def call(this, x, training=None):  # noqa: N805
            return x * 2 if training else x

    assert Odd()(x=torch.ones(1), training=True).item() == 2
    assert Odd()(torch.ones(1), True).item() == 2


def test_a_call_that_takes_anything():
    class Anything(keras.Layer):
        def call(self, *args, **kwargs):
            self.got = args[1:], kwargs
            return args[0]

    layer = Anything()
    layer(torch.ones(1), 2, flag=3)
    assert layer.got == ((2,), {"flag": 3})


@pytest.mark.parametrize("output", [5, "text", [1, 2]])
def test_outputs_that_are_no_tensors_are_returned_as_they_are(output):
    class Gives(keras.Layer):
        def call(self, inputs):
            return output

    assert Gives()(torch.ones(1)) is output


def test_call_must_not_return_none():
    """[46]"""

    class Nothing(keras.Layer):
        def call(self, inputs):
            inputs + 1

    with pytest.raises(ValueError, match=r"nothing: call\(\) of Nothing must return .* Received: None"):
        Nothing()(torch.ones(2))


def test_the_base_class_returns_its_inputs():
    x = torch.ones(2)
    assert keras.Layer()(x) is x
    assert keras.Layer()(x, 3, anything=4) is x


def test_code_in_call_runs_once_at_the_first_call():
    """[54]"""

    class Composite(keras.Layer):
        calls = 0

        def __init__(self):
            super().__init__()
            self.inner = Linear(2)

        def call(self, inputs):
            self.calls += 1
            return self.inner(inputs)

    assert built(Composite()).calls == 1


def test_a_layer_may_call_itself():
    class Deep(keras.Layer):
        def call(self, inputs, depth=0):
            self.add_loss(torch.tensor(1.0))
            return self(inputs, depth=depth + 1) if depth < 2 else inputs

    layer = Deep()
    for _ in range(2):
        layer(torch.ones(1))
        assert numbers(layer.losses) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("where", ["build", "call"])
def test_an_exception_is_told_with_the_layer_and_its_inputs(where):
    layer = Fails(where, name="culprit")
    with pytest.raises(LookupError) as raised:
        layer(torch.ones(2, 3))
    told = "".join(traceback.format_exception(raised.value))
    assert "not today" in told
    assert "culprit" in told.replace("name='culprit'", "")
    assert "(2, 3)" in told


def test_an_exception_leaves_no_context_behind():
    """[12]"""
    layer, after = Fails("call"), Seen()
    with pytest.raises(LookupError):
        Stack(layer)(torch.ones(2, 3), training=False)
    assert numbers(layer.losses) == [8.0], "what was added before it stays readable"
    after(torch.ones(1))
    assert after.modes == [True]
    with pytest.raises(ValueError, match="outside a call"):
        after.add_loss(torch.tensor(1.0))
    layer.where = "nowhere"
    assert layer(torch.ones(2, 3)).shape == (2, 3), "a second try works"
    assert numbers(layer.losses) == [8.0]


def test_the_context_belongs_to_the_thread():
    seen, adds = Seen(), Adds(8.0)

    class Outer(keras.Layer):
        def call(self, inputs):
            thread = threading.Thread(target=lambda: (seen(inputs), adds(inputs)))
            thread.start()
            thread.join()
            return inputs

    outer = Outer()
    outer.inner = adds
    outer(torch.ones(1), training=False)
    assert seen.modes == [True]
    assert outer.losses == [], "losses of another thread"


def test_apply_is_a_call_or_torchs_apply():
    layer, visited = Stack(Linear(2)), []
    assert layer.apply(torch.ones(1, 3)).shape == (1, 2)
    assert layer.apply(np.ones((1, 3), "float32")).shape == (1, 2)
    assert layer.apply(lambda module: visited.append(module)) is layer
    assert visited[-1] is layer
    assert layer.steps[0] in visited


def test_an_optional_first_argument_may_be_left_out():
    class Optional(keras.Layer):
        def call(self, inputs=None):
            return X if inputs is None else inputs

    assert Optional()() is X
