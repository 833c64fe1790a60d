"""Which statements are a training loop, one step of it, and an evaluation, as one writes them in PyTorch?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torchkeras_layer.port.training.callbacks import Hooks
from torchkeras_layer.port.training.compiled import Compiled
from torchkeras_layer.port.training.data import Batches
from torchkeras_layer.port.training.reading import Left


class NeedsWeights(Left):
    """The loss has to be an object that takes weights."""


@dataclass
class Variables:
    """The names that a loop uses besides those of its data."""

    epoch: str
    outputs: list[str]
    loss: str
    values: dict[str, str]
    """The variable of each value that Keras reports, by its key."""


@dataclass
class Training:
    """All that a call of `fit` says, read."""

    compiled: Compiled
    batches: Batches
    validation: Batches | None
    variables: Variables
    hooks: Hooks
    epochs: str
    first_epoch: str = "0"
    verbose: str = "1"
    history: str | None = None
    history_is_object: bool = False
    reports: bool = True
    rate_key: str = "learning_rate"
    class_weight: list[str] = field(default_factory=list)

    @property
    def is_single(self) -> bool:
        """Whether there is one epoch, and nothing that counts epochs."""
        return (self.epochs, self.first_epoch) == ("1", "0") and self.history is None and self.hooks == Hooks()


_ALWAYS = ("1", "True", "'auto'", '"auto"')


def indented(lines: list[str]) -> list[str]:
    """Lines one level further in."""
    return ["    " + part if part else part for line in lines for part in line.split("\n")]


def variables(compiled: Compiled, pick: Callable[..., str], with_validation: bool) -> Variables:
    """Choose the names of a loop."""
    outputs = [f"{name}_outputs" for name in compiled.outputs or []]
    if len(compiled.losses) > 1 and not outputs:
        outputs = [f"output_{number}" for number in range(1, len(compiled.losses) + 1)]
    keys = ["loss", *(metric.key for metric in compiled.metrics)]
    values = {key: pick(f"train_{_word(key)}") for key in keys}
    if with_validation:
        values |= {f"val_{key}": pick(f"val_{_word(key)}") for key in keys}
    return Variables(pick("epoch"), [pick(name) for name in outputs or ["outputs"]], pick("loss"), values)


def _word(key: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in key)


def loss_expression(compiled: Compiled, batches: Batches, outputs: list[str]) -> str:
    """The sum of the losses of all outputs, and of those that layers add."""
    if batches.targets and len(batches.targets) != len(compiled.losses):
        raise Left(f"there are {len(batches.targets)} targets for {len(compiled.losses)} losses")
    same = compiled.facts.units is not None and compiled.facts.units > 1
    terms = []
    for name, loss, weight, target, output in zip(
        compiled.loss_names, compiled.losses, compiled.loss_weights, _targets(compiled, batches), outputs, strict=True
    ):
        if loss is not None:
            if target is None:
                raise Left("there is a loss and no target")
            if batches.weights and (loss.torch or loss.function):
                raise NeedsWeights("a loss function of your own with weights of samples: weight its values by hand")
            if loss.function and compiled.facts.units == 1:
                target = f"{target}.view_as({output})"
            call = loss.call(name, target, output, batches.weights, same)
            terms.append(call if weight is None else f"{weight} * {call}")
    if compiled.facts.adds_losses or not terms:
        terms.append(f"sum(keras.collect_losses({compiled.model}))")
    return " + ".join(terms)


def _targets(compiled: Compiled, batches: Batches) -> list[str | None]:
    return list(batches.targets) or [None] * len(compiled.losses)


def updates(compiled: Compiled, batches: Batches, outputs: list[str]) -> list[str]:
    """The lines that update the metrics with a batch."""
    lines = []
    if compiled.metrics and not batches.targets:
        raise Left("there are metrics and no targets")
    for metric in compiled.metrics:
        target, output = batches.targets[metric.output or 0], outputs[metric.output or 0]
        weights = f", {batches.weights}" if metric.weighted and batches.weights else ""
        lines.append(f"{metric.name}.update_state({target}, {output}{weights})")
    return lines


def step(compiled: Compiled, batches: Batches, names: Variables) -> list[str]:
    """The lines of one step: forward, backward, and the optimizer."""
    lines = [
        f"{compiled.optimizer_name}.zero_grad()",
        f"{', '.join(names.outputs)} = {compiled.model}({batches.inputs})",
        f"{names.loss} = {loss_expression(compiled, batches, names.outputs)}",
        f"{names.loss}.backward()",
    ]
    if compiled.optimizer.clipping:
        lines += compiled.optimizer.clipping.replace("{model}", compiled.model).split("\n")
    lines.append(f"{compiled.optimizer_name}.step()")
    if compiled.optimizer.scheduler:
        lines.append(f"{compiled.scheduler_name}.step()")
    if compiled.facts.has_constraints:
        lines.append(f"{compiled.model}.apply_constraints()")
    return lines


def _head(batches: Batches, bar: str | None) -> list[str]:
    """The line that begins a loop over batches, with a progress bar if there is a text for it."""
    if batches.header:
        return [*batches.start, batches.header]
    iterable = batches.iterable if bar is None else f"tqdm({batches.iterable}{bar and ', '}{bar})"
    return [*batches.start, f"for {batches.parts} in {iterable}:"]


def _counted(batches: Batches, count: str) -> tuple[list[str], list[str], str]:
    """Lines that count samples where the data set does not know their number, and the number."""
    if batches.total is not None:
        return [], [], batches.total
    return [f"{count} = 0"], [f"{count} += {batches.size}"], count


def evaluation(compiled: Compiled, batches: Batches, names: Variables, results: dict[str, str]) -> list[str]:
    """The lines that compute the loss and the metrics of all batches, under given names."""
    loss = results["loss"]
    start, counting, number = _counted(batches, "count")
    expression = loss_expression(compiled, batches, names.outputs)
    if " + " in expression or " * " in expression or "view_as" in expression:
        lines = [f"{names.loss} = {expression}", f"{loss} += {names.loss}.item() * {batches.size}"]
    else:
        lines = [f"{loss} += {expression}.item() * {batches.size}"]
    body = [
        *batches.body,
        f"{', '.join(names.outputs)} = {compiled.model}({batches.inputs})",
        *lines,
        *counting,
        *updates(compiled, batches, names.outputs),
    ]
    return [
        f"{compiled.model}.eval()",
        *(f"{metric.name}.reset_state()" for metric in compiled.metrics),
        f"{loss} = 0.0",
        *start,
        "with torch.no_grad():",
        *indented([*_head(batches, None), *indented(body)]),
        f"{loss} /= {number}",
        *(f"{results[metric.key]} = {metric.name}.result().item()" for metric in compiled.metrics),
    ]


def loop(training: Training) -> list[str]:
    """The statements of a whole `fit`."""
    hooks, names = training.hooks, training.variables
    history = _history(training)
    before = [
        *training.batches.setup,
        *(training.validation.setup if training.validation else []),
        *training.class_weight,
        *history[:1],
        *hooks.before,
        *(line for best in hooks.bests for line in (f"{best.name} = {_worst(best.rising)}", *best.start)),
    ]
    epochs = training.epochs if training.first_epoch == "0" else f"{training.first_epoch}, {training.epochs}"
    body = [*hooks.epoch_begin, f"{training.compiled.model}.train()", *_training_part(training)]
    if training.validation is not None and training.reports:
        results = {key.removeprefix("val_"): name for key, name in names.values.items() if key.startswith("val_")}
        body += ["", *evaluation(training.compiled, training.validation, names, results)]
    if training.reports:
        body += [*history[1:], *_printing(training), *hooks.epoch_end, *training.batches.epoch_end]
    else:
        body += [*hooks.epoch_end, *training.batches.epoch_end]
    for best in sorted(hooks.bests, key=lambda best: bool(best.otherwise)):
        body += _improvement(best)
    if training.is_single:
        return [*before, *body]
    return [*before, f"for {names.epoch} in range({epochs}):", *indented([*body, *hooks.stops]), *hooks.after]


def _training_part(training: Training) -> list[str]:
    compiled, batches, names = training.compiled, training.batches, training.variables
    loss = names.values["loss"]
    start, counting, number = _counted(batches, "count")
    lines = []
    body = [*batches.body, *step(compiled, batches, names)]
    if training.reports:
        lines = [*(f"{metric.name}.reset_state()" for metric in compiled.metrics), f"{loss} = 0.0", *start]
        body += [f"{loss} += {names.loss}.item() * {batches.size}", *counting]
        body += updates(compiled, batches, names.outputs)
    lines += [*_head(batches, _bar(training)), *indented([*body, *training.hooks.after_batch])]
    if training.reports:
        lines.append(f"{loss} /= {number}")
        lines += [f"{names.values[metric.key]} = {metric.name}.result().item()" for metric in compiled.metrics]
    return lines


def _bar(training: Training) -> str | None:
    if training.verbose in ("0", "2", "False"):
        return None
    if training.is_single:
        return "" if training.verbose in _ALWAYS else f"disable={training.verbose} != 1"
    epochs = f"/{{{training.epochs}}}" if training.epochs.isidentifier() else ""
    epochs = f"/{training.epochs}" if training.epochs.isdigit() else epochs
    bar = f'desc=f"epoch {{{training.variables.epoch} + 1}}{epochs}"'
    return bar if training.verbose in _ALWAYS else f"{bar}, disable={training.verbose} != 1"


def _printing(training: Training) -> list[str]:
    if training.verbose in ("0", "False"):
        return []
    values = [f"{key} {{{name}:.4f}}" for key, name in training.variables.values.items()]
    head = "" if training.is_single else f"epoch {{{training.variables.epoch} + 1}}: "
    train = [value for value in values if not value.startswith("val_")]
    line = f'print(f"{head}{", ".join(values)}")'
    if len(line) > 90 and len(train) < len(values):
        line = f'print(f"{head}{", ".join(train)}, " f"{", ".join(values[len(train) :])}")'
    known = training.verbose in (*_ALWAYS, "2")
    return [line] if known else [f"if {training.verbose}:", f"    {line}"]


def _history(training: Training) -> list[str]:
    """The line that makes the history, and those that add an epoch to it."""
    name, values = training.history, dict(training.variables.values)
    if name is None:
        return []
    if training.hooks.logs_rate:
        values[training.rate_key] = f'{training.compiled.optimizer_name}.param_groups[0]["lr"]'
    empty = "{" + ", ".join(f'"{key}": []' for key in values) + "}"
    if not training.history_is_object:
        return [f"{name} = {empty}", *(f'{name}["{key}"].append({value})' for key, value in values.items())]
    return [
        f"{name} = SimpleNamespace(epoch=[], history={empty})",
        f"{name}.epoch.append({training.variables.epoch})",
        *(f'{name}.history["{key}"].append({value})' for key, value in values.items()),
    ]


def _worst(rising: bool) -> str:
    return f'float("{"-" if rising else ""}inf")'


def _improvement(best) -> list[str]:
    sign, shift = (">", "+") if best.rising else ("<", "-")
    delta = "" if best.delta in ("0", "0.0") else f" {shift} {best.delta}"
    lines = [
        f"if {best.monitor} {sign} {best.name}{delta}:",
        *indented([f"{best.name} = {best.monitor}", *best.improved]),
    ]
    if best.otherwise:
        lines += ["else:", *indented(best.otherwise)]
    return lines
