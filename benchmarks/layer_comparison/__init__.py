"""What does each layer cost beside the torch.nn module that one would write by hand?

Run `python -m benchmarks.layer_comparison`.
"""
