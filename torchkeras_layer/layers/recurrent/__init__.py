"""Layers that go through a sequence step by step, with a state."""

__all__: list[str] = []
