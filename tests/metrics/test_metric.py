"""Is a metric an honest module: does its state move, copy, compile and stay out of gradients and weights?"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter
from torch.utils.checkpoint import checkpoint

from tests.oracle import assert_close, keras
from torchkeras_layer.metrics import Mean, Metric, Sum


class Largest(Metric):
    """A metric as a user writes it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.largest = self.add_variable((2,), "ones", name="running")
        self.inner = Sum()

    def update_state(self, values):
        self.largest.copy_(torch.maximum(self.largest, values))
        self.inner.update_state(values)

    def result(self):
        return self.largest.clone()


class Measured(nn.Module):
    """A module that measures what passes through it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.mean = Mean()

    def forward(self, x):
        y = self.linear(x)
        self.mean(y)
        return y


def test_names_are_those_of_keras():
    for module in (keras.metrics, None):
        mean = module.Mean if module else Mean
        base = module.Metric if module else Metric
        assert [mean().name, mean().name, mean(name="tokens").name] == ["mean", "mean", "tokens"]
        assert [mean(name=None).name, mean(name=None).name][1].startswith("mean_")
        assert base().name.startswith("metric")
    assert [Largest().name, Largest().name, Largest(name="").name] == ["largest", "largest_1", "largest_2"]


@pytest.mark.parametrize("name", [5, ["a"], b"a"])
def test_a_name_is_a_string(name):
    with pytest.raises(ValueError, match=r"Mean: name must be a string. Received: name="):
        Mean(name=name)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(None, "float32"), ("float64", "float64"), (torch.float16, "float16"), ("mixed_bfloat16", "bfloat16")],
)
def test_dtypes(dtype, expected):
    mean = Mean(dtype=dtype)
    assert mean.dtype == expected
    assert mean.result().dtype is getattr(torch, expected)


@pytest.mark.parametrize("dtype", ["nope", 3, object()])
def test_unknown_dtypes(dtype):
    with pytest.raises(TypeError, match="nknown dtype"):
        Mean(dtype=dtype)


@pytest.mark.parametrize("kind", ["Mean", "Sum"])
def test_configs_are_those_of_keras_and_make_it_again(kind):
    ours = {"Mean": Mean, "Sum": Sum}[kind](name="q", dtype="float16")
    config = ours.get_config()
    assert config == getattr(keras.metrics, kind)(name="q", dtype="float16").get_config()
    assert type(ours).from_config(config).get_config() == config


def test_state_is_named_after_its_attribute_and_inner_metrics_come_last():
    metric = Largest()
    assert [name for name, _ in metric.named_buffers()] == ["largest", "inner.total"]
    assert [state.shape for state in metric.variables] == [(2,), ()]
    assert metric.largest is metric.variables[0]


@pytest.mark.parametrize("name", [None, "a/b", "name", "dtype", "two words"])
def test_state_without_a_usable_name_is_kept_too(name):
    metric = Metric()
    first, second = metric.add_variable((), "ones", name=name), metric.add_weight((2,), name=name)
    assert [id(state) for state in metric.variables] == [id(first), id(second)]
    assert (first.item(), second.tolist(), first.dtype) == (1.0, [0.0, 0.0], torch.float32)


def test_state_may_be_returned_and_have_two_names():
    class Raw(Metric):
        def __init__(self):
            super().__init__()
            self.total = self.add_variable(name="sum of everything")
            self.alias = self.total

        def update_state(self, values):
            self.total.add_(values)

        def result(self):
            return self.total

    raw = Raw()
    assert raw(2.0) is raw.total
    assert raw(3.0) == 5.0
    assert [name for name, _ in raw.named_buffers()] == ["total"]


def test_state_dtype_of_its_own():
    assert Metric(dtype="float16").add_variable((), dtype="int64").dtype is torch.int64


def test_state_needs_the_base_class_first():
    class Hasty(Metric):
        def __init__(self):
            self.total = self.add_variable()

    with pytest.raises(RuntimeError, match=r"Hasty: super\(\).__init__\(\) has not been called. Call it first"):
        Hasty()


def test_state_may_be_replaced():
    metric = Largest()
    metric.largest = torch.tensor([5.0, 6.0])
    assert metric.variables[0].tolist() == [5.0, 6.0]


def test_updates_and_results_must_be_defined():
    with pytest.raises(NotImplementedError, match=r"Metric: define update_state\(\)"):
        Metric()(1.0)
    with pytest.raises(NotImplementedError, match=r"Metric: define result\(\)"):
        Metric().result()


@pytest.mark.parametrize("method", ["reset_state", "reset_states"])
def test_reset_zeroes_all_state(method):
    metric = Largest()
    metric(torch.tensor([3.0, 4.0]))
    getattr(metric, method)()
    assert [state.sum().item() for state in metric.variables] == [0.0, 0.0]


def test_it_is_no_weight_and_is_not_saved():
    module = Measured()
    assert set(module.state_dict()) == {"linear.weight", "linear.bias"}
    assert len(list(module.parameters())) == 2
    module(torch.ones(4, 3))
    assert module.load_state_dict(Measured().state_dict()).missing_keys == []
    assert module.mean.count == 4


def test_no_gradient_is_kept_and_memory_stays():
    metric, x = Largest(), torch.ones(2, requires_grad=True)
    places = [state.data_ptr() for state in metric.variables]
    for _ in range(3):
        result = metric(x * 2)
        assert not result.requires_grad
    assert [state.data_ptr() for state in metric.variables] == places
    assert not any(state.requires_grad for state in metric.variables)


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_a_recomputation_in_the_backward_pass_does_not_count(use_reentrant):
    module, x = Measured(), torch.randn(4, 3, requires_grad=True)
    result = checkpoint(module, x, use_reentrant=use_reentrant)
    assert isinstance(result, torch.Tensor)
    result.sum().backward()
    assert module.mean.count == 4


def test_hooks_run():
    mean, seen = Mean(), []
    mean.register_forward_hook(lambda module, args, result: seen.append(result.item()))
    mean([1.0, 3.0])
    assert seen == [2.0]


def test_only_the_device_follows_the_model():
    module = Measured()
    module(torch.ones(4, 3))
    for converted in (module.to(torch.bfloat16), module.half(), module.double()):
        assert [state.dtype for state in converted.mean.variables] == [torch.float32] * 2
    assert module.mean.count == 4
    module.to("meta")
    assert module.mean.total.is_meta
    module.to_empty(device="cpu")
    assert [state.item() for state in module.mean.variables] == [0.0, 0.0]


def test_state_follows_the_values_off_the_meta_device():
    with torch.device("meta"):
        mean = Mean()
    assert mean(torch.ones(2)) == 1.0
    assert mean.total.device == torch.device("cpu")


def test_values_without_numbers_are_passed_over():
    mean = Mean()
    mean(torch.ones(3))
    assert mean(torch.ones(5, device="meta")) == 1.0
    assert mean.count == 3


def test_inference_mode_and_training_share_the_state():
    with torch.inference_mode():
        mean = Mean()
        mean(torch.zeros(2))
    mean(torch.ones(2))
    with torch.inference_mode():
        assert mean(torch.ones(2)).item() == pytest.approx(2 / 3)


def test_copies_are_independent():
    metric = Largest(name="mine")
    metric(torch.tensor([3.0, 0.0]))
    for twin in (copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))):
        assert twin.last_result is None
        twin(torch.tensor([9.0, 9.0]))
        assert (twin.name, twin.result().tolist(), twin.inner.result().item()) == ("mine", [9.0, 9.0], 21.0)
    assert (metric.result().tolist(), metric.inner.result().item()) == ([3.0, 1.0], 3.0)


@pytest.mark.parametrize("kind", [Mean, Sum, Largest])
def test_many_calls_are_one_compiled_graph(kind):
    metric, expected, counter = kind(), kind(), CompileCounter()
    compiled = torch.compile(metric, backend=counter, fullgraph=True)
    for _ in range(5):
        x = torch.randn(2)
        assert_close(compiled(x), expected(x))
    assert counter.frame_count == 1


def test_a_compiled_training_step_measures_once():
    module = Measured()
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    for _ in range(3):
        compiled(torch.randn(4, 3)).sum().backward()
    assert module.mean.count == 12


def test_an_exported_program_goes_on_counting():
    exported = torch.export.export(Measured(), (torch.ones(2, 3),)).module()
    for _ in range(3):
        exported(torch.ones(2, 3))
    assert exported.get_buffer("mean.count") == 6


def test_in_place_addition_to_an_attribute():
    class Count(Metric):
        def __init__(self) -> None:
            super().__init__()
            self.total = self.add_variable()

        def update_state(self, values):
            self.total += values.numel()

        def result(self):
            return self.total.clone()

    count, counter = Count(), CompileCounter()
    count(torch.ones(3))
    assert torch.compile(count, backend=counter, fullgraph=True)(torch.ones(3)) == 6
    assert [name for name, _ in count.named_buffers()] == ["total"]


def test_it_prints_its_name():
    assert repr(Mean(name="tokens")) == "Mean(name='tokens')"
