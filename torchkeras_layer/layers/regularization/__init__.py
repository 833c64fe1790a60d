"""Layers that act against overfitting."""
