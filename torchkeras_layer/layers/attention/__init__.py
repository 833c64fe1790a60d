"""Layers that let the values of a sequence look at each other."""

__all__: list[str] = []
