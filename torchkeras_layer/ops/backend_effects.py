"""Which functions of Keras's K look at a computation instead of computing: gradients, and what is printed?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchkeras_layer.ops.values import as_tensor


def gradients(loss: Any, variables: Any) -> Any:
    """Return the gradients of the sum of a tensor with respect to a tensor, or to each in a list.

    They are 0 for tensors that the loss does not depend on. On symbolic tensors they are nodes of the graph, which
    `K.function` runs.

    Raises:
        ValueError: if the loss, or a variable, was computed without gradients.

    >>> x = torch.ones(2, requires_grad=True); gradients(x * 3, [x])
    [tensor([3., 3.])]
    """
    several = isinstance(variables, (list, tuple))
    wanted = list(variables) if several else [variables]
    total = as_tensor(loss)
    if _is_fake(total):
        found = [torch.zeros_like(variable) for variable in wanted]
    else:
        if not total.requires_grad or not all(variable.requires_grad for variable in wanted):
            raise ValueError(
                "K.gradients: the loss and the variables must be computed with gradients. Received: tensors without. "
                "Run the graph by K.function, or call the model outside of torch.no_grad() on inputs whose "
                "requires_grad is True."
            )
        found = torch.autograd.grad(total.sum(), wanted, create_graph=True, materialize_grads=True)
    return list(found) if several else found[0]


def print_tensor(x: Any, message: str = "", summarize: int = 3) -> Tensor:
    """Print a tensor after a message when it is computed, and return it; not within torch.compile.

    Args:
        x: the tensor.
        message: what is printed before it.
        summarize: how many values are shown at each end of an axis; -1 for all.

    >>> _ = print_tensor(torch.ones(2), "ones:")
    ones: [1. 1.]
    """
    x = as_tensor(x)
    if not torch.compiler.is_compiling() and not _is_fake(x):
        values = x.detach().float() if x.dtype is torch.bfloat16 else x.detach()
        whole = values.numel() + 1
        threshold = whole if summarize < 0 else 2 * summarize
        print(message, np.array2string(values.cpu().numpy(), threshold=threshold, edgeitems=max(summarize, 1)))
    return x


def _is_fake(x: Tensor) -> bool:
    from torch._subclasses.fake_tensor import FakeTensor

    return isinstance(x, FakeTensor)
