"""How does TensorFlow's code take gradients here? A tape that asks torch.autograd.grad for them."""

from __future__ import annotations

import enum
import sys
import threading
from typing import Any

import torch
from torch import Tensor, nn

from torchkeras_layer._structures import leaves, pack
from torchkeras_layer.ops.calls import SymbolicTensor
from torchkeras_layer.ops.values import as_tensor


class UnconnectedGradients(enum.Enum):
    """What the gradient of a tensor is that the target does not depend on: `None` or zeros."""

    NONE = "none"
    ZERO = "zero"


class _Tapes(threading.local):
    """The tapes of a thread within which code runs."""

    def __init__(self) -> None:
        self.open: list[Any] = []


_tapes = _Tapes()


class GradientTape:
    """Where gradients are recorded, and taken from: `tape.gradient(loss, weights)`.

    Torch records what trains anyway; `watch` adds a tensor. The gradients can be differentiated again if they are taken
    within another tape or in the call of a layer, or if they are those of other tensors than weights.

    Args:
        persistent: whether gradients can be taken more than once.
        watch_accessed_variables: without effect: weights that train are always recorded.

    Raises:
        RuntimeError: from `gradient`, if gradients are taken once more and the tape is not persistent; from `with`,
            within `torch.inference_mode`.

    >>> x = torch.tensor(3.0)
    >>> with GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tape.gradient(y, x).item()
    6.0
    """

    # torch.compile makes tapes without calling `__init__`, and forgets them.
    _watched: tuple[Tensor, ...] = ()

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._is_persistent = persistent
        self._is_used = False
        self._was_enabled = True

    def __enter__(self) -> GradientTape:
        if torch.is_inference_mode_enabled():
            raise RuntimeError(
                "GradientTape: nothing can be recorded within torch.inference_mode(). Use torch.no_grad() in its "
                "place, or eval() alone."
            )
        self._was_enabled = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        _tapes.open.append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _tapes.open.pop()
        torch.set_grad_enabled(self._was_enabled)

    def watch(self, tensor: Any) -> None:
        """Record what is computed from a tensor, or from those in a structure; ints have no gradients."""
        for leaf in leaves(tensor):
            _refuse_symbolic(leaf)
            if not leaf.requires_grad and (leaf.is_floating_point() or leaf.is_complex()):
                leaf.requires_grad_()
                self._watched = (*self._watched, leaf)

    def watched_variables(self) -> tuple[Tensor, ...]:
        """Return the tensors that `watch` added."""
        return self._watched

    def stop_recording(self) -> Any:
        """Return a context within which nothing is recorded."""
        return torch.no_grad()

    def reset(self) -> None:
        """Do nothing: torch records anew with each computation."""

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Return the gradients of targets, summed, with respect to the sources, in the structure of these."""
        if self._is_used and not self._is_persistent:
            raise RuntimeError(
                "GradientTape: gradients were taken from the tape once. Pass persistent=True to take them again."
            )
        self._is_used = True
        flat = leaves(sources)
        found = _gradients(leaves(target), flat, output_gradients, self._is_persistent)
        if not self._is_persistent:
            self._let_go()
        return pack(sources, [_connected(g, x, unconnected_gradients) for g, x in zip(found, flat, strict=True)])

    def jacobian(
        self, target: Any, sources: Any, unconnected_gradients: Any = UnconnectedGradients.NONE, **_: Any
    ) -> Any:
        """Return the gradients of each value of a target; the axes of the target come first."""
        flat = leaves(sources)
        seeds = torch.eye(target.numel(), dtype=target.dtype, device=target.device).reshape(-1, *target.shape)
        found = torch.autograd.grad(
            target,
            flat,
            seeds,
            retain_graph=True,
            create_graph=_are_differentiable(flat),
            allow_unused=True,
            is_grads_batched=True,
        )
        shaped = [None if g is None else g.reshape(*target.shape, *x.shape) for g, x in zip(found, flat, strict=True)]
        return pack(sources, [_connected(g, x, unconnected_gradients) for g, x in zip(shaped, flat, strict=True)])

    def batch_jacobian(self, target: Any, source: Any, **kwargs: Any) -> Any:
        """Return, for each entry of a batch, the gradients of each of its values with respect to its own inputs."""
        whole = self.jacobian(target, source, **kwargs)
        number = torch.arange(target.shape[0], device=target.device)
        after = target.dim()
        return whole.movedim(after, 1)[number, number]

    def __del__(self) -> None:
        self._let_go()

    def _let_go(self) -> None:
        """Leave the tensors as they were before they were watched."""
        for tensor in self._watched:
            if tensor.is_leaf and tensor.grad_fn is None:
                tensor.requires_grad_(False)
        self._watched = ()


def gradients(ys: Any, xs: Any, grad_ys: Any = None, **options: Any) -> list[Any]:
    """Return the gradients of tensors, summed, with respect to others.

    Raises:
        ValueError: if torch did not record what was computed from one of the others.

    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> gradients(x * x, [x])[0].item()
    6.0
    """
    sources = leaves(xs)
    for number, source in enumerate(sources):
        if isinstance(source, Tensor) and source.is_floating_point() and not source.requires_grad:
            raise ValueError(
                f"tf.gradients: what was computed from xs[{number}], a tensor of shape {tuple(source.shape)}, was not "
                "recorded. Compute within `with tf.GradientTape() as tape:` after tape.watch(x), or after "
                "x.requires_grad_()."
            )
    found = _gradients(leaves(ys), sources, grad_ys, True)
    kind = options.get("unconnected_gradients", UnconnectedGradients.NONE)
    return [_connected(g, x, kind) for g, x in zip(found, sources, strict=True)]


def _gradients(targets: list[Any], sources: list[Any], output_gradients: Any, is_kept: bool) -> list[Any]:
    for leaf in (*targets, *sources):
        _refuse_symbolic(leaf)
    recorded = [place for place, target in enumerate(targets) if target.requires_grad]
    given = [None] * len(targets) if output_gradients is None else leaves(output_gradients)
    wanted = [place for place, source in enumerate(sources) if isinstance(source, Tensor) and source.requires_grad]
    found: list[Any] = [None] * len(sources)
    if not recorded or not wanted:
        return found
    seeds = [
        torch.ones_like(targets[p]) if given[p] is None else as_tensor(given[p], targets[p].dtype) for p in recorded
    ]
    is_again = _are_differentiable(sources)
    results = torch.autograd.grad(
        [targets[place] for place in recorded],
        [sources[place] for place in wanted],
        seeds,
        retain_graph=is_kept or is_again,
        create_graph=is_again,
        allow_unused=True,
    )
    for place, result in zip(wanted, results, strict=True):
        found[place] = result
    return found


def _are_differentiable(sources: list[Any]) -> bool:
    """Whether gradients may be differentiated again: those within a tape or the call of a module, and of its inputs."""
    if not torch.is_grad_enabled():
        return False
    is_of_inputs = not all(isinstance(source, nn.Parameter) for source in sources)
    return is_of_inputs or bool(_tapes.open) or torch.compiler.is_compiling() or _is_in_module()


def _is_in_module() -> bool:
    frame = sys._getframe(1)
    while frame is not None and frame.f_code is not nn.Module._call_impl.__code__:
        frame = frame.f_back
    return frame is not None


def _connected(gradient: Any, source: Any, kind: Any) -> Any:
    is_zero = kind in (UnconnectedGradients.ZERO, "zero")
    return torch.zeros_like(source) if gradient is None and is_zero else gradient


def _refuse_symbolic(leaf: Any) -> None:
    if isinstance(leaf, SymbolicTensor):
        raise TypeError(
            f"GradientTape: a symbolic tensor has no values, and so no gradients. Received: {leaf!r}. Take the "
            "gradient in the call() of a layer."
        )
