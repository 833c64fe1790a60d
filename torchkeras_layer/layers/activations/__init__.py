"""Layers that apply an activation with arguments or weights of its own."""
