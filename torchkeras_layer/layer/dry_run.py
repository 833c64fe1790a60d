"""How does a module run without data, to find shapes, and which losses and updates does such a run record?"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.call_records import put_back
from torchkeras_layer.layer.context import per_thread, run_uncast
from torchkeras_layer.layer.weight_lists import modules_in, runs_updates
from torchkeras_layer.metrics import is_metric, muted
from torchkeras_layer.symbolic.dependence import Dependence, Sources
from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.keras_tensor import KerasHistory, KerasTensor, is_symbolic
from torchkeras_layer.symbolic.order import depends_on

if TYPE_CHECKING:
    from torch import nn

    from torchkeras_layer.symbolic.node import Node


class DryRun:
    """A context manager: calls inside it record no loss, metric or update, and writes into buffers are undone.

    Metrics that `add_metric` creates remain, without values.

    Attributes:
        device: where the tensors of the run are; `None` if each is where the data would be.
        build_device: where weights are made, if it is another one.
    """

    def __init__(
        self, module: nn.Module, device: torch.device | None = None, build_device: torch.device | None = None
    ) -> None:
        self.device, self.build_device = device, build_device
        self._module = module
        self._shielded: list[tuple[nn.Module, str, torch.Tensor]] = []
        self._compiled: list[tuple[nn.Module, Any]] = []
        self.replaced: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> DryRun:
        context = per_thread.context
        self._outer = context.dry_run
        context.dry_run = self
        self._muted = contextlib.ExitStack()
        for module in modules_in(self._module):
            if module._compiled_call_impl is not None:
                self._compiled.append((module, module._compiled_call_impl))
                module._compiled_call_impl = None
            if is_metric(module):
                self._muted.enter_context(muted(module))
            else:
                self.shield(module)
        return self

    def shield(self, module: nn.Module) -> None:
        """Replace a module's buffers by copies until the exit; also called for layers that are built inside the run."""
        for name, buffer in module._buffers.items():
            if buffer is not None and not nn.parameter.is_lazy(buffer):
                self._shielded.append((module, name, buffer))
                copy = buffer.detach().clone()
                module._buffers[name] = nn.Buffer(copy if self.device is None else copy.to(self.device))

    def note_losses(self, losses: list[Any], is_conditional: bool) -> None:
        """Handle losses that a call adds: here, ignore them."""

    def note_updates(self, functions: list[Any], owner: Any) -> None:
        """Handle updates that a call adds: here, do not run them."""

    def __exit__(self, *_: Any) -> None:
        per_thread.context.dry_run = self._outer
        self._muted.close()
        put_back(self.replaced)
        for module, compiled in self._compiled:
            module._compiled_call_impl = compiled
        for module, name, buffer in self._shielded:
            module._buffers[name] = buffer


def dry_run(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Call a module on fake copies of the arguments, without data, so that all layers in it build real weights.

    If its weights are on the meta device, or will be, so are the copies.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    # Torch would also log every operation that fails; the error that it raises is enough.
    reports = logging.getLogger("torch._subclasses.fake_tensor")
    was_disabled, reports.disabled = reports.disabled, True
    device, build_device = _devices_of_run(module, (args, kwargs))
    try:
        with (
            DryRun(module, device, build_device),
            FakeTensorMode(allow_non_fake_inputs=True),
            torch.no_grad(),
            # For constants that a `call` makes.
            device or contextlib.nullcontext(),
        ):
            fake_args, fake_kwargs = map_leaves(lambda leaf: _without_data(leaf, device), (tuple(args), dict(kwargs)))
            module(*fake_args, **fake_kwargs)
    finally:
        reports.disabled = was_disabled


def _devices_of_run(module: nn.Module, inputs: Any) -> tuple[torch.device | None, torch.device | None]:
    """Return the device of a dry run, and that on which weights are made; `None` for those of the inputs."""
    # Accelerate's `init_empty_weights` moves each parameter that a module registers, but no buffer.
    probe = nn.Module()
    probe.register_parameter("weight", nn.Parameter(torch.empty(0, device="cpu")))
    if probe._parameters["weight"].is_meta:  # type: ignore[union-attr]
        of_inputs = [leaf.device for leaf in leaves(inputs) if isinstance(leaf, torch.Tensor)]
        return torch.device("meta"), of_inputs[0] if of_inputs else torch.device("cpu")
    is_on_meta = any(parameter.device.type == "meta" for parameter in module.parameters())
    return torch.device("meta") if is_on_meta else None, None


def _without_data(leaf: Any, device: torch.device | None) -> Any:
    if not isinstance(leaf, torch.Tensor):
        return leaf
    fake = torch.empty([plain_size(size) for size in leaf.shape], dtype=leaf.dtype, device=device or leaf.device)
    if getattr(leaf, "_keras_mask", None) is not None:
        fake._keras_mask = _without_data(leaf._keras_mask, device)  # type: ignore[attr-defined]
    return fake


def plain_size(size: Any) -> int:
    """Return a size as an int; for a symbol of torch.compile, its example value, without making it a constant.

    >>> plain_size(3)
    3
    """
    return size.node.hint if isinstance(size, torch.SymInt) else int(size)


@dataclass(frozen=True)
class RecordedLoss:
    """A loss that a symbolic call added; it is conditional if `add_loss` was given `inputs`."""

    tensor: KerasTensor
    is_conditional: bool
    inputs: tuple[KerasTensor, ...]

    def follows_from(self, tensors: list[KerasTensor]) -> bool:
        """Whether the loss is conditional and is computed from one of `tensors`."""
        return self.is_conditional and depends_on(self.inputs, tensors)


@dataclass(frozen=True)
class RecordedUpdate:
    """An update that a symbolic call added. An update that needs no inputs is run by calling it.

    `inputs` are the symbolic tensors that it depends on. If there are any, it runs in calls on real tensors only.
    """

    function: Callable[[], Any]
    owner: Any
    inputs: tuple[KerasTensor, ...]

    @property
    def is_active(self) -> bool:
        """Whether the layer that added the update is not frozen, or is stateful."""
        return runs_updates(self.owner) or self.owner._torchkeras.stateful

    def follows_from(self, tensors: list[KerasTensor]) -> bool:
        """Whether the update is computed from one of `tensors`."""
        return depends_on(self.inputs, tensors)

    def __call__(self) -> None:
        """Run the update.

        Raises:
            TypeError: if it depends on the inputs of a call.
        """
        if self.inputs:
            names = ", ".join(tensor.name for tensor in self.inputs)
            raise TypeError(
                f"{self.owner.name}: this update depends on the symbolic input(s) {names}. It runs when the model is "
                "called on real tensors in training mode: `model(inputs, training=True)`. "
                "See docs/differences.md#updates-of-symbolic-calls"
            )
        run_uncast(self.function)


@dataclass(frozen=True)
class Effects:
    """The losses and updates of one symbolic call, each in the order in which they were added; `None`: not known."""

    losses: tuple[RecordedLoss, ...] | None = ()
    updates: tuple[RecordedUpdate, ...] | None = ()


NO_EFFECTS, UNKNOWN = Effects(), Effects(None, None)
LossNote = tuple[TensorSpec, bool, tuple[KerasTensor, ...]]


def losses_at(node: Node, notes: list[LossNote]) -> tuple[RecordedLoss, ...]:
    """Return the losses of a node, numbered after its outputs.

    Args:
        node: the symbolic call.
        notes: the spec of each loss, whether it is conditional, and the inputs of the call that it depends on.
    """
    first, layer = len(leaves(node.outputs)), node.layer
    index = layer._torchkeras.inbound_nodes.index(node) if notes else 0
    losses = []
    for position, (spec, is_conditional, inputs) in enumerate(notes):
        tensor = KerasTensor(spec.shape, spec.dtype, name=f"{layer.name}_loss")
        tensor._keras_history = KerasHistory(layer, index, first + position)
        losses.append(RecordedLoss(tensor, is_conditional, inputs))
    return tuple(losses)


class SymbolicRun(DryRun):
    """A dry run that records losses and updates, together with the inputs that they depend on."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self.dependence = Dependence()
        self._losses: list[tuple[TensorSpec, bool, Sources]] = []
        self._updates: list[tuple[Callable[[], Any], Any, Sources]] = []

    def begin(self, inputs: list[Any]) -> None:
        """Begin a run on fake inputs. If there is a second run, it replaces what the first one recorded."""
        self.dependence = Dependence()
        self.dependence.begin(inputs)
        self._losses, self._updates = [], []

    def note_losses(self, losses: list[Any], is_conditional: bool) -> None:
        """Record losses as `add_loss` was given them: tensors, numbers and functions."""
        for loss in losses:
            value = run_uncast(loss) if callable(loss) and not hasattr(loss, "dtype") else loss
            if value is not None:
                # Several values count as their sum.
                spec = TensorSpec((), getattr(value, "dtype", "float32"))
                self._losses.append((spec, is_conditional, self.dependence.of(value)))

    def note_updates(self, functions: list[Callable[[], Any]], owner: Any) -> None:
        """Record updates; each is run once, on the copies of the buffers, to find which inputs it depends on."""
        for function in functions:
            self._updates.append((function, owner, self.dependence.used_by(lambda run=function: run_uncast(run))))

    def effects_at(self, node: Node) -> Effects:
        """Return the recorded effects of a node."""
        inputs = [leaf for leaf in leaves((node.call_args, node.call_kwargs)) if is_symbolic(leaf)]
        losses = [
            (spec, is_conditional, tuple(inputs[i] for i in sorted(s))) for spec, is_conditional, s in self._losses
        ]
        updates = [RecordedUpdate(run, owner, tuple(inputs[i] for i in sorted(s))) for run, owner, s in self._updates]
        return Effects(losses_at(node, losses), tuple(updates))
