"""What are the mean and the variance of data that comes in batches?"""

from __future__ import annotations

from collections.abc import Sequence

import torch


class Moments:
    """The running mean and variance over some axes, in float64 whatever the data is in.

    >>> moments = Moments()
    >>> moments.add(torch.tensor([[1.0], [2.0]]), [0]); moments.add(torch.tensor([[6.0]]), [0])
    >>> moments.mean, moments.variance, moments.count
    (tensor([3.], dtype=torch.float64), tensor([4.6667], dtype=torch.float64), 3)
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = torch.zeros((), dtype=torch.float64)
        self.variance = torch.zeros((), dtype=torch.float64)

    def add(self, batch: torch.Tensor, axes: Sequence[int]) -> None:
        """Take in a batch; `axes` are those to average over."""
        values = batch.to(torch.float64)
        count = 1
        for axis in axes:
            count *= values.shape[axis]
        if count == 0:
            return
        # Torch takes no axes for all of them.
        mean = values.mean(tuple(axes)) if axes else values
        variance = values.var(tuple(axes), correction=0) if axes else torch.zeros_like(values)
        self.count += count
        weight = count / self.count
        difference = mean - self.mean.to(mean.device)
        self.mean = self.mean.to(mean.device) + weight * difference
        spread = (1 - weight) * self.variance.to(mean.device) + weight * variance
        self.variance = spread + weight * (1 - weight) * difference**2
