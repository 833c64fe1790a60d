"""From which state does each test start, the doctests inside the package included?"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import torch
from _pytest.runner import runtestprotocol
from hypothesis import settings

from tests import quick_torch
from torchkeras_layer import _names, _settings, precision
from torchkeras_layer.registry import custom_objects

# The examples are the same in each run; `pytest --hypothesis-profile=explore` looks for new ones.
settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("repeatable")

quick_torch.seed_only_devices_that_are_there()
quick_torch.compile_without_statistics()

# Scripts that need TensorFlow, which is not installed for tests.
collect_ignore = ["tests/weight_files/tf_keras/make_files.py", "tests/weight_files/keras_1/make_file.py"]
# They get the operations that were named before, whose examples are in other files.
collect_ignore += [f"torchkeras_layer/ops/{name}.py" for name in ("__init__", "image", "linalg", "nn", "numpy")]
collect_ignore += ["torchkeras_layer/random.py"]

_PROCESS_WIDE = (_settings._settings, custom_objects._registered, custom_objects._registered_names)


@pytest.fixture(autouse=True)
def _fresh_state() -> Iterator[None]:
    """Start from the same names, defaults, registered classes and random numbers, whatever ran before."""
    before = [dict(state) for state in _PROCESS_WIDE]
    _names.reset_uids()
    _settings.set_random_seed(0)
    yield
    for state, content in zip(_PROCESS_WIDE, before, strict=True):
        state.clear()
        state.update(content)
    precision.set_global_policy(None)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


def pytest_collection_finish() -> None:
    """Set aside what is alive after the collection of tests: a walk through it all takes half a second each time.

    Also look for garbage less often: compilers make many objects, and the search took a fifteenth of the time.
    """
    _freeze_heap()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="module")
def small_heap() -> None:
    """Set aside what is alive, for tests that collect garbage often."""
    _freeze_heap()


def _freeze_heap() -> None:
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Where there are several processes, report what a test did, and of its preparation and end only what went wrong.

    Each report travels to the first process, as does the news that a test begins, which only verbose output shows:
    together that took 0.8 ms a test, a third of what a test costs that does nothing.
    """
    if not hasattr(item.config, "workerinput"):
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
