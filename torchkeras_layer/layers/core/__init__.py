"""Layers that the others are built around: dense, lookup, masks, functions."""
