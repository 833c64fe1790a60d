"""Is a backward pass noticed where code runs during one, and nowhere else?"""

from __future__ import annotations

import torch

from torchkeras_layer._autograd import in_backward


def test_only_a_backward_pass_counts():
    x, seen = torch.ones(2, requires_grad=True), []
    y = x * 2
    y.register_hook(lambda gradient: seen.append(in_backward()))
    assert not in_backward()
    y.sum().backward()
    assert seen == [True]
    assert not in_backward()


def test_it_is_a_constant_to_the_compiler():
    def scaled(x):
        return x if in_backward() else 2 * x

    assert torch.compile(scaled, backend="eager", fullgraph=True)(torch.ones(1)) == 2
