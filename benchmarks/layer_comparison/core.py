"""What stands beside each of the core layers?"""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.layer_comparison.entry import Entry, by_function

_SEQUENCES = (64, 128)

ENTRIES = [
    Entry("Activation", {"activation": "tanh"}, _SEQUENCES, nn.Tanh),
    Entry("Dense", {"units": 64}, (128,), lambda: nn.Linear(128, 64)),
    Entry(
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": (None, 64)},
        _SEQUENCES,
        lambda: nn.Linear(128, 64, bias=False),
    ),
    Entry("Embedding", {"input_dim": 1000, "output_dim": 64}, (50,), lambda: nn.Embedding(1000, 64), below=1000),
    Entry("Identity", {}, _SEQUENCES, nn.Identity, why="a module that returns its input takes 0.5 µs."),
    Entry("Lambda", {"function": torch.square}, _SEQUENCES, by_function(torch.square)),
    Entry("Masking", {}, _SEQUENCES, by_function(lambda x: x * (x != 0).any(-1, keepdim=True))),
    Entry(
        "ReversibleEmbedding",
        {"input_dim": 1000, "output_dim": 64},
        (50,),
        lambda: nn.Embedding(1000, 64),
        below=1000,
    ),
    Entry("TorchModuleWrapper", lambda _: {"module": nn.Linear(128, 64)}, _SEQUENCES, lambda: nn.Linear(128, 64)),
]

WITHOUT_COUNTERPART = {
    "InputLayer": "stands for the inputs of a graph, and is not called",
    "Layer": "is what a user derives from; `python -m benchmarks identity` measures it",
    "TorchFunction": "stands for a function in a graph; what runs is the function",
}
