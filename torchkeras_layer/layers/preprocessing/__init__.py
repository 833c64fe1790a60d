"""Layers that turn raw data, such as words and pixels, into numbers for a model."""

__all__: list[str] = []
