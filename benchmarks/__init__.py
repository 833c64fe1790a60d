"""What does the library cost beside hand-written PyTorch, and beside Keras 3? Run `python -m benchmarks`."""
