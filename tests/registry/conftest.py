"""What is undone after each test of the registry?"""

from __future__ import annotations

import pytest

from torchkeras_layer.registry import get_custom_objects


@pytest.fixture(autouse=True)
def registered_as_before():
    before = dict(get_custom_objects())
    yield
    get_custom_objects().clear()
    get_custom_objects().update(before)
