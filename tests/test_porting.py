"""Do the switches for ported code do what they say, and are they undone?"""

from __future__ import annotations

import inspect
import types

import pytest
import torch

import torchkeras_layer as keras
from tests.layer import ported_functions
from torchkeras_layer import porting

NAMES = ("assign", "assign_add", "assign_sub", "read_value", "get_shape", "set_shape", "value")


@pytest.fixture
def methods():
    with porting.variable_methods() as names:
        yield names


def test_all_tensors_have_the_methods_until_it_is_undone(methods):
    assert methods == NAMES
    assert porting.enable_variable_methods() == ()
    weight = keras.Variable([1.0, 2.0])
    assert weight.assign([3.0, 4.0]).tolist() == [3.0, 4.0]
    assert weight.assign_add([1.0, 1.0]).tolist() == weight.tolist() == [4.0, 5.0]
    assert weight.assign_sub([1.0, 1.0]).tolist() == weight.tolist() == [3.0, 4.0]
    assert weight.get_shape().as_list() == [2]
    assert weight.value is weight
    assert weight.read_value() is not weight
    with pytest.raises(ValueError, match="set_shape"):
        weight.set_shape((3,))
    porting.disable_variable_methods()
    assert not any(hasattr(weight, name) for name in NAMES)


def test_nothing_of_others_is_taken_away(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "assign", "another's", raising=False)
    with porting.variable_methods() as names:
        assert names == NAMES[1:]
        with porting.variable_methods() as inner:
            assert inner == ()
        assert hasattr(torch.Tensor, "assign_add")
    assert torch.Tensor.assign == "another's"
    assert not hasattr(torch.Tensor, "assign_add")


@pytest.mark.usefixtures("methods")
def test_torch_compile_takes_them():
    class Counts(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x):
            self.count.assign_add(1.0)
            return x * self.count.value

    model = Counts()
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    assert compiled(torch.ones(2, 3)).sum() == 6
    assert compiled(torch.ones(2, 3)).sum() == 12
    assert model.count == 2


def _copied(module):
    """Return a module with copies of the functions of another one, so that these stay as they are."""
    copied = types.ModuleType(module.__name__)
    copied.__file__ = module.__file__
    exec(compile(inspect.getsource(module), module.__file__, "exec"), vars(copied))
    return copied


@pytest.mark.parametrize(
    "read",
    [
        lambda module: porting.read_members_of_keras(module.size_of),
        lambda module: porting.read_members_of_keras(module),
        lambda module: porting.read_members_of_keras(module.Sizes) and module.Sizes().of,
    ],
)
def test_functions_classes_and_modules(read):
    module = _copied(ported_functions)
    x = torch.ones(2, 3)
    with pytest.raises(AttributeError, match="as_list"):
        module.size_of(x)
    found = read(module)
    assert (found if callable(found) else found.size_of)(x) == [2, 3]


def test_it_takes_functions_only():
    with pytest.raises(TypeError, match=r"expected a function, a class or a module\. Received: 3"):
        porting.read_members_of_keras(3)
