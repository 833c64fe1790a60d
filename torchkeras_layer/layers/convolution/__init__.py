"""Layers that slide weights over images, sequences and volumes."""

__all__: list[str] = []
