"""Are states merged, summed over ranks, passed as values, and computed in one compiled graph?"""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch._dynamo.testing import CompileCounter

from tests.metrics.cases import CASES
from tests.metrics.test_metrics import both
from tests.oracle import assert_close
from torchkeras_layer import metrics

# One case of each class, the last, which has arguments.
ONE_EACH = list({case.name: case for case in CASES if "multi_label" not in case.arguments}.values())
# Each counts in another way.
COMPILED = [
    "Precision",
    "SensitivityAtSpecificity",
    "AUC",
    "MeanIoU",
    "BinaryIoU",
    "BinaryAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "F1Score",
    "R2Score",
    "RootMeanSquaredError",
    "CosineSimilarity",
    "SparseCategoricalCrossentropy",
]


def made(case: Any) -> Any:
    return getattr(metrics, case.name)(name="q", **case.arguments)


@pytest.mark.filterwarnings("ignore:.*score is not adjusted")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_merged_states_are_those_of_all_values(case):
    parts = [case.data(case.shapes[0]) for _ in range(3)]
    whole, one, *others = (made(case) for _ in range(4))
    empty = made(case)
    for part, metric in zip(parts, (one, *others), strict=True):
        whole.update_state(*part)
        metric.update_state(*part)
    one.merge_state(others)
    one.merge_state([made(case)])
    empty.merge_state([one])
    for metric in (one, empty):
        assert_close(metric.variables, whole.variables, rtol=2e-5)
        assert_close(metric.result(), whole.result(), rtol=2e-5)


def test_only_metrics_of_the_same_class_and_shapes_are_merged():
    is_other = r"q: merge_state takes metrics of the class Sum. Received: Mean\(name='mean'\)."
    with pytest.raises(ValueError, match=is_other):
        metrics.Sum(name="q").merge_state([metrics.Mean()])
    with pytest.raises(ValueError, match=r"q: the other state must consist of the same tensors. Received: \["):
        metrics.Recall(name="q").merge_state([metrics.Recall(thresholds=[0.1, 0.2])])
    for wrong in (metrics.Sum(), [3]):
        with pytest.raises(TypeError, match=r"sum: merge_state takes a list of metrics. Received: "):
            metrics.Sum().merge_state(wrong)  # pyright: ignore[reportArgumentType]


@pytest.mark.filterwarnings("ignore:.*(score is not adjusted|djusted R2 score)")
@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_states_passed_as_values_are_those_of_keras(case):
    ours, theirs = both(case)
    first, second = (case.data(case.shapes[0]) for _ in range(2))
    for metric in (ours, theirs):
        metric.update_state(*first)
    before = [state.clone() for state in ours.variables]
    values = ours.stateless_update_state(before, *second)
    expected = theirs.stateless_update_state([variable.value for variable in theirs.variables], *second)
    assert_close(values, list(expected), rtol=2e-5)
    assert_close(ours.stateless_result(values), theirs.stateless_result(expected), rtol=2e-5)
    assert_close(ours.variables, before)
    assert not any(state.any() for state in ours.stateless_reset_state())
    assert_close(ours.variables, before)
    with pytest.raises(ValueError, match=rf"q: expected a list of {len(before)} tensors, as .*: 9"):
        ours.stateless_result([0.0] * 9)


def test_a_first_update_may_be_stateless():
    score = metrics.F1Score()
    values = score.stateless_update_state([], [[1, 0]], [[0.9, 0.1]])
    assert [value.tolist() for value in values] == [[1, 0], [0, 0], [0, 0], [1, 0]]
    assert not any(state.any() for state in score.variables)


@pytest.mark.parametrize("case", [case for case in ONE_EACH if case.name in COMPILED], ids=str)
def test_updates_are_one_compiled_graph(case):
    torch.compiler.reset()
    metric, expected, counter = made(case), made(case), CompileCounter()
    compiled = torch.compile(metric, backend=counter, fullgraph=True)
    first = case.data(case.shapes[0])
    # The first values tell the shape of some states.
    metric.update_state(*first)
    expected.update_state(*first)
    for _ in range(3):
        pair = case.data(case.shapes[0])
        assert_close(compiled(*pair), expected(*pair), rtol=2e-5)
    assert counter.frame_count == 1


def test_a_state_may_be_created_in_a_compiled_step():
    torch.compiler.reset()
    counter = CompileCounter()
    metric, expected = metrics.AUC(multi_label=True), metrics.AUC(multi_label=True)
    compiled = torch.compile(metric, backend=counter, fullgraph=True)
    for _ in range(4):
        pair = torch.randint(0, 2, (8, 3)), torch.rand(8, 3)
        assert_close(compiled(*pair), expected(*pair))
    assert counter.frame_count == 2


def test_a_metric_of_two_ranks(tmp_path):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    ranks = [context.Process(target=measure, args=(rank, tmp_path / "meeting", queue)) for rank in range(2)]
    for rank in ranks:
        rank.start()
    found = [queue.get(timeout=60) for _ in ranks]
    for rank in ranks:
        rank.join()
    values = batches()
    mean, score = metrics.Mean(), metrics.F1Score()
    for rank in range(2):
        mean.update_state(values[rank])
    score.update_state(values[1] > 0.5, values[1])
    for over_ranks, own, scores, message in found:
        assert over_ranks == pytest.approx(mean.result().item())
        assert own != pytest.approx(over_ranks)
        assert scores == pytest.approx(score.result().tolist())
        assert "q: the other state must consist of the same tensors" in message


def batches() -> torch.Tensor:
    return torch.linspace(0, 1, 24).reshape(2, 4, 3) ** 2


def measure(rank: int, meeting: Path, queue: Any) -> None:
    """Measure the batch of a rank; of the scores, the first rank sees none."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    batch = batches()[rank]
    mean, score = metrics.Mean(), metrics.F1Score()
    mean.update_state(batch)
    if rank == 1:
        score.update_state(batch > 0.5, batch)
    results = [mean.result_over_ranks().item() for _ in range(2)]
    assert results[0] == results[1]
    message = ""
    try:
        metrics.Recall(thresholds=[0.5, 0.6, 0.7][: rank + 1], name="q").result_over_ranks()
    except ValueError as error:
        message = str(error)
    queue.put((results[0], mean.result().item(), score.result_over_ranks().tolist(), message))
    dist.destroy_process_group()
