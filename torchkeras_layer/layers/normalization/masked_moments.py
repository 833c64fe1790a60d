"""What are mean and variance of the values that a mask marks?"""

from __future__ import annotations

import torch

from torchkeras_layer._settings import epsilon


def masked_moments(
    values: torch.Tensor, mask: torch.Tensor, axes: tuple[int, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and biased variance over all axes but `axes`, which are kept with size 1.

    As in Keras 3, `backend.epsilon()` is added to the number of values: where nothing is marked, both are 0.

    Args:
        values: float tensor.
        mask: for all axes of `values` but the last; `True`, or not 0, marks what counts.

    >>> values, mask = torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]])
    >>> mean, variance = masked_moments(values, mask, (2,))
    >>> mean.flatten(), variance.flatten()
    (tensor([2.]), tensor([1.]))
    """
    counts = mask.unsqueeze(-1).to(torch.bool).expand(values.shape)
    others = [axis for axis in range(values.dim()) if axis not in axes]
    number = counts.sum(others, keepdim=True).to(values.dtype) + epsilon()
    mean = torch.where(counts, values, 0).sum(others, keepdim=True) / number
    squares = torch.where(counts, values - mean, 0).square()
    return mean, squares.sum(others, keepdim=True) / number
