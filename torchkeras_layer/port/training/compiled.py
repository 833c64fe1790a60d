"""What does a call of `compile` say: optimizer, losses and metrics, and the names under which the loop has them?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import libcst as cst

from torchkeras_layer.port.training.arguments import WITHOUT_EFFECT, method_arguments
from torchkeras_layer.port.training.losses import Loss, read_loss
from torchkeras_layer.port.training.metrics import Metric, name_metrics, read_metrics
from torchkeras_layer.port.training.models import Facts
from torchkeras_layer.port.training.optimizers import Optimizer, read_optimizer
from torchkeras_layer.port.training.reading import Expression, Left, Scope, Source, literal


@dataclass
class Compiled:
    """How a model trains. One loss an output; `None` for an output without one."""

    model: str
    facts: Facts
    optimizer: Optimizer
    losses: list[Loss | None]
    loss_weights: list[str | None]
    metrics: list[Metric]
    outputs: list[str] | None
    optimizer_name: str = "optimizer"
    scheduler_name: str = "scheduler"
    loss_names: list[str] = field(default_factory=list)
    weighted: bool = False

    @property
    def needs_floats(self) -> bool:
        """Whether targets must be of the dtype of the outputs."""
        return any(loss is not None and loss.needs_floats for loss in self.losses)

    def notes(self) -> list[str]:
        """What a reader of the ported code has to know."""
        return [*self.optimizer.notes, *(metric.note for metric in self.metrics if metric.note)]

    def lines(self) -> list[str]:
        """The statements that stand in the place of `compile`."""
        lines = [f"{self.optimizer_name} = {self.optimizer.construction(f'{self.model}.parameters()')}"]
        if self.optimizer.scheduler:
            made = self.optimizer.scheduler.replace("{optimizer}", self.optimizer_name)
            lines.append(f"{self.scheduler_name} = {made}")
        made_losses = zip(self.loss_names, self.losses, strict=True)
        lines += dict.fromkeys(
            f"{name} = {loss.construction}" for name, loss in made_losses if loss and loss.construction
        )
        return lines + [f"{metric.name} = {metric.construction}" for metric in self.metrics]


def read_compiled(
    call: cst.Call, model: str, facts: Facts, weighted: bool, source: Source, scope: Scope, pick: Callable[..., str]
) -> Compiled:
    """Read a call of `compile`; Left if one of its arguments has no counterpart."""
    given = method_arguments(call, "compile")
    optimizer = read_optimizer(given.get("optimizer"), source, scope)
    if facts.outputs is not None and len(facts.outputs) < 2:
        facts.outputs = None
    losses = _by_output(given.get("loss"), facts.outputs, source, scope)
    read = [None if node is None else read_loss(node, source, scope, weighted) for node in losses]
    weights = given.get("loss_weights")
    weight_texts: list[str | None] = [None] * len(read)
    if weights is not None:
        nodes = _by_output(weights, facts.outputs, source, scope)
        weight_texts = [None if node is None or literal(node) == 1 else source.text(node) for node in nodes]
        if len(nodes) != len(read):
            raise Left("loss_weights has another length than loss")
    metrics = []
    for name in ("metrics", "weighted_metrics"):
        node = given.get(name)
        if node is not None:
            metrics += _metrics(node, read, facts, name == "weighted_metrics", source, scope)
    given.refuse_others(ignored=WITHOUT_EFFECT | {"sample_weight_mode"})
    compiled = Compiled(model, facts, optimizer, read, weight_texts, metrics, facts.outputs, weighted=weighted)
    _name(compiled, pick)
    compiled.optimizer_name = _own_name(given.get("optimizer"), model, source, scope) or compiled.optimizer_name
    return compiled


def _own_name(node: Expression | None, model: str, source: Source, scope: Scope) -> str | None:
    """The script's name of an optimizer that this model alone has, and that is known wherever the model is."""
    if not isinstance(node, cst.Name) or source.value_of(node, scope) is node or source.renames:
        return None
    home = source.home_of(node.value, scope)
    is_alone = source.uses_of(node.value, node.value, home) == [node] and home is source.home_of(model, scope)
    return node.value if is_alone else None


def _by_output(
    node: Expression | None, outputs: list[str] | None, source: Source, scope: Scope
) -> list[Expression | None]:
    """The values of a list or dict, one an output; one value counts for all outputs."""
    value = source.value_of(node, scope)
    if isinstance(value, (cst.List, cst.Tuple)):
        values = [element.value for element in value.elements]
        if outputs is not None and len(values) != len(outputs) and len(values) > 1:
            raise Left(f"there are {len(values)} values for {len(outputs)} outputs")
        return [*values] if outputs is None or len(values) > 1 else [*values] * len(outputs)
    if isinstance(value, cst.Dict):
        by_name = {literal(item.key): item.value for item in value.elements if isinstance(item, cst.DictElement)}
        if outputs is None and len(by_name) == 1:
            return list(by_name.values())
        if outputs is None or not set(by_name) <= set(outputs):
            raise Left("the order of the outputs that the dict names is not clear: write lists")
        return [by_name.get(name) for name in outputs]
    return [node] * len(outputs or [""])


def _metrics(
    node: Expression, losses: list[Loss | None], facts: Facts, weighted: bool, source: Source, scope: Scope
) -> list[Metric]:
    kinds = [loss.kind if loss else "" for loss in losses]
    if facts.outputs is None and len(losses) == 1:
        value = source.value_of(node, scope)
        if isinstance(value, cst.Dict) and len(value.elements) == 1:
            node = value.elements[0].value
        return read_metrics(node, kinds[0], facts.units, weighted, source, scope)
    names = facts.outputs or [""] * len(losses)
    value = source.value_of(node, scope)
    flat = isinstance(value, (cst.List, cst.Tuple)) and all(
        not isinstance(element.value, (cst.List, cst.Tuple)) for element in value.elements
    )
    if flat and len(value.elements) != len(names):  # type: ignore[union-attr]
        raise Left("it is not clear to which outputs the metrics belong: write a list of lists")
    found = []
    if facts.outputs is None and not (isinstance(value, (cst.List, cst.Tuple)) and len(value.elements) == len(names)):
        raise Left("it is not clear to which outputs the metrics belong: write a list of lists")
    for number, (entry, kind, name) in enumerate(
        zip(_by_output(node, facts.outputs, source, scope), kinds, names, strict=True)
    ):
        for metric in read_metrics(entry, kind, None, weighted, source, scope):
            metric.output = number
            metric.key = f"{name or f'output_{number + 1}'}_{metric.key}"
            found.append(metric)
    return found


def _name(compiled: Compiled, pick: Callable[..., str]) -> None:
    compiled.optimizer_name = pick("optimizer")
    compiled.scheduler_name = pick("scheduler") if compiled.optimizer.scheduler else ""
    several = len({loss.construction for loss in compiled.losses if loss}) > 1
    for number, loss in enumerate(compiled.losses):
        word = (compiled.outputs or [])[number : number + 1] or [f"output_{number + 1}"]
        name = pick(f"{word[0]}_loss_function" if several else "loss_function")
        compiled.loss_names.append(loss.function if loss and loss.function and not loss.construction else name)
    name_metrics(compiled.metrics)
    for metric in compiled.metrics:
        metric.name = pick(metric.name, f"{metric.name}_metric")
