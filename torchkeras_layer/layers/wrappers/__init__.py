"""Layers that apply another layer in a way of their own."""

__all__: list[str] = []
