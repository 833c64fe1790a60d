"""Which losses and updates does a symbolic call record?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.autocasting import run_uncast
from torchkeras_layer.layer.dry_run import DryRun
from torchkeras_layer.symbolic.dependence import Dependence, Sources
from torchkeras_layer.symbolic.keras_tensor import KerasHistory, KerasTensor, is_symbolic
from torchkeras_layer.symbolic.order import depends_on
from torchkeras_layer.symbolic.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from torch import nn

    from torchkeras_layer.symbolic.node import Node


@dataclass(frozen=True)
class RecordedLoss:
    """A loss that a symbolic call added: conditional if `add_loss` was told `inputs`."""

    tensor: KerasTensor
    is_conditional: bool
    inputs: tuple[KerasTensor, ...]

    def follows_from(self, tensors: list[KerasTensor]) -> bool:
        """Whether the loss was told to be conditional, and is computed from one of `tensors`."""
        return self.is_conditional and depends_on(self.inputs, tensors)


@dataclass(frozen=True)
class RecordedUpdate:
    """An update that a symbolic call would have run. Call it to run it, if it needs no inputs.

    `inputs`: the symbolic tensors that it depends on. An update that depends on any runs in calls on real tensors.
    """

    function: Callable[[], Any]
    owner: Any
    inputs: tuple[KerasTensor, ...]

    @property
    def is_active(self) -> bool:
        """Whether the layer that asked for the update is not frozen, or keeps state from batch to batch anyway."""
        return self.owner._torchkeras.trainable or self.owner._torchkeras.stateful

    def follows_from(self, tensors: list[KerasTensor]) -> bool:
        """Whether the update is computed from one of `tensors`."""
        return depends_on(self.inputs, tensors)

    def __call__(self) -> None:
        """Run the update.

        Raises:
            TypeError: if it depends on inputs, of which there are none without a call.
        """
        if self.inputs:
            names = ", ".join(tensor.name for tensor in self.inputs)
            raise TypeError(
                f"{self.owner.name}: this update depends on the symbolic input(s) {names}. It runs when the model is "
                "called on real tensors in training mode: `model(inputs, training=True)`."
            )
        run_uncast(self.function)


@dataclass(frozen=True)
class Effects:
    """What one symbolic call recorded, in its order."""

    losses: tuple[RecordedLoss, ...] = ()
    updates: tuple[RecordedUpdate, ...] = ()


class SymbolicRun(DryRun):
    """A run for the shapes, in which losses and updates are noted together with the inputs that they depend on."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self.dependence = Dependence()
        self._losses: list[tuple[TensorSpec, bool, Sources]] = []
        self._updates: list[tuple[Callable[[], Any], Any, Sources]] = []

    def begin(self, inputs: list[Any]) -> None:
        """Begin a run on fake inputs. There may be two, which note the same."""
        self.dependence = Dependence()
        self.dependence.begin(inputs)
        self._losses, self._updates = [], []

    def note_losses(self, losses: list[Any], is_conditional: bool) -> None:
        """Note losses as `add_loss` got them: tensors, numbers and functions."""
        for loss in losses:
            value = run_uncast(loss) if callable(loss) and not hasattr(loss, "dtype") else loss
            if value is not None:
                spec = TensorSpec(getattr(value, "shape", ()), getattr(value, "dtype", "float32"))
                self._losses.append((spec, is_conditional, self.dependence.of(value)))

    def note_updates(self, functions: list[Callable[[], Any]], owner: Any) -> None:
        """Note updates, and run each on what does not count, to see what it depends on."""
        for function in functions:
            self._updates.append((function, owner, self.dependence.met_by(lambda run=function: run_uncast(run))))

    def effects_at(self, node: Node) -> Effects:
        """Return what was noted, as the effects of a node: its losses stand behind its outputs."""
        inputs = [leaf for leaf in leaves((node.call_args, node.call_kwargs)) if is_symbolic(leaf)]
        first = len(leaves(node.outputs))
        losses = []
        for position, (spec, is_conditional, sources) in enumerate(self._losses):
            tensor = KerasTensor(spec.shape, spec.dtype, name=f"{node.layer.name}_loss")
            index = node.layer._torchkeras.inbound_nodes.index(node)
            tensor._keras_history = KerasHistory(node.layer, index, first + position)
            losses.append(RecordedLoss(tensor, is_conditional, tuple(inputs[i] for i in sorted(sources))))
        updates = [RecordedUpdate(run, owner, tuple(inputs[i] for i in sorted(s))) for run, owner, s in self._updates]
        return Effects(tuple(losses), tuple(updates))
