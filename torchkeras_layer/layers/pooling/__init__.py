"""Layers that make one value of the values in a window."""
