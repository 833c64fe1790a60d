"""Which LightningModule and Trainer train a model as a call of `fit` does?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torchkeras_layer.port.training.compiled import Compiled
from torchkeras_layer.port.training.data import Batches
from torchkeras_layer.port.training.lightning_callbacks import Parts
from torchkeras_layer.port.training.reading import Left
from torchkeras_layer.port.training.writing_loop import Training, indented, loss_expression, updates


@dataclass
class Module:
    """The names of the module's class, of the module and of the trainer."""

    kind: str
    name: str
    trainer: str


def inside(compiled: Compiled, owner: str) -> Compiled:
    """What a compile says, with the names that its parts have as attributes of the module."""
    names = [
        name if loss is not None and loss.function == name else f"{owner}.{name.removeprefix('self.')}"
        for name, loss in zip(compiled.loss_names, compiled.losses, strict=True)
    ]
    metrics = [replace(metric, name=f"{owner}.{metric.name.removeprefix('self.')}") for metric in compiled.metrics]
    model = "self.model" if owner == "self" else compiled.model
    return replace(compiled, model=model, loss_names=names, metrics=metrics)


def write_lightning(training: Training, parts: Parts, names: Module) -> list[str]:
    """The statements of a `fit`: the module's class, its data, and the trainer."""
    if training.first_epoch != "0":
        raise Left("initial_epoch has no counterpart in Lightning: use --style loop")
    loaders = [training.batches, *([training.validation] if training.validation else [])]
    if any(batches.header or batches.iterable.startswith("range(") for batches in loaders):
        raise Left("a generator has no counterpart in Lightning: write an IterableDataset, or use --style loop")
    return [
        *training.class_weight,
        *_class(training, parts, names),
        *(line for batches in loaders for line in batches.setup),
        *parts.before,
        f"{names.name} = {names.kind}({training.compiled.model})",
        f"{names.trainer} = L.Trainer({', '.join(_options(training, parts))})",
        f"{names.trainer}.fit({names.name}, {', '.join(batches.iterable for batches in loaders)})",
        *(line.replace("{module}", names.name) for line in parts.after),
        *_history(training, names),
    ]


def _options(training: Training, parts: Parts) -> list[str]:
    options = [f"max_epochs={training.epochs}"]
    if parts.callbacks:
        options.append(f"callbacks=[{', '.join(parts.callbacks)}]")
    options.append(f"logger=[{', '.join(parts.loggers)}]" if parts.loggers else "logger=False")
    if not any("ModelCheckpoint" in line for line in [*parts.callbacks, *parts.before]):
        options.append("enable_checkpointing=False")
    if training.verbose in ("0", "False"):
        options += ["enable_progress_bar=False", "enable_model_summary=False"]
    return options


def _history(training: Training, names: Module) -> list[str]:
    if training.history is None:
        return []
    if training.history_is_object:
        return [f"{training.history} = SimpleNamespace(history={names.name}.history)"]
    return [f"{training.history} = {names.name}.history"]


def _class(training: Training, parts: Parts, names: Module) -> list[str]:
    compiled = inside(training.compiled, "self")
    methods = [_init(training, compiled, parts), _step(training, compiled, training.batches, "")]
    if training.validation is not None:
        methods.append(_step(training, _validated(compiled), training.validation, "val_"))
    if training.history is not None or compiled.metrics or training.batches.epoch_end:
        methods.append(_epoch_end(training, compiled))
    if training.history is not None and parts.changes_rate:
        rate = f'self.log("{training.rate_key}", self.optimizers().param_groups[0]["lr"])'
        methods.append(["def on_train_epoch_start(self):", f"    {rate}"])
    if training.validation is not None and compiled.metrics:
        methods.append(_validation_end(_validated(compiled)))
    if compiled.optimizer.clipping:
        lines = compiled.optimizer.clipping.replace("{model}", "self.model").split("\n")
        methods.append(["def on_before_optimizer_step(self, optimizer):", *indented(lines)])
    if compiled.facts.has_constraints:
        lines = ["def on_train_batch_end(self, *arguments):", "    self.model.apply_constraints()"]
        methods.append(lines)
    methods.append(_optimizers(compiled, parts))
    body = [line for method in methods for line in (*method, "")][:-1]
    return [f"class {names.kind}(L.LightningModule):", *indented(body), "", ""]


def _init(training: Training, compiled: Compiled, parts: Parts) -> list[str]:
    losses = zip(compiled.loss_names, compiled.losses, strict=True)
    made = dict.fromkeys(f"{name} = {loss.construction}" for name, loss in losses if loss and loss.construction)
    metrics = [f"{metric.name} = {metric.construction}" for metric in compiled.metrics]
    if training.validation is not None:
        metrics += [f"{metric.name} = {metric.construction}" for metric in _validated(compiled).metrics]
    history = []
    if training.history is not None:
        keys = [*training.variables.values, *([training.rate_key] if parts.changes_rate else [])]
        history = ["self.history = {" + ", ".join(f'"{key}": []' for key in keys) + "}"]
    return [
        "def __init__(self, model):",
        *indented(["super().__init__()", "self.model = model", *made, *metrics, *history]),
    ]


def _validated(compiled: Compiled) -> Compiled:
    """The same with metrics of its own, since a validation runs before the epoch of training ends."""
    metrics = [replace(metric, name=metric.name.replace("self.", "self.val_", 1)) for metric in compiled.metrics]
    return replace(compiled, metrics=metrics)


def _step(training: Training, compiled: Compiled, batches: Batches, prefix: str) -> list[str]:
    outputs = training.variables.outputs
    lines = [
        f"{batches.parts} = batch",
        *batches.body,
        f"{', '.join(outputs)} = self.model({batches.inputs})",
        f"loss = {loss_expression(compiled, batches, outputs)}",
        f'self.log("{prefix}loss", loss{"" if prefix else ", on_step=False, on_epoch=True"}, prog_bar=True)',
        *updates(compiled, batches, outputs),
        *(["return loss"] if not prefix else []),
    ]
    return [f"def {'validation' if prefix else 'training'}_step(self, batch, batch_index):", *indented(lines)]


def _logged(compiled: Compiled, prefix: str) -> list[str]:
    lines = []
    for metric in compiled.metrics:
        lines += [f'self.log("{prefix}{metric.key}", {metric.name}.result(), prog_bar=True)']
        lines.append(f"{metric.name}.reset_state()")
    return lines


def _validation_end(compiled: Compiled) -> list[str]:
    return ["def on_validation_epoch_end(self):", *indented(_logged(compiled, "val_"))]


def _epoch_end(training: Training, compiled: Compiled) -> list[str]:
    lines = _logged(compiled, "")
    if training.history is not None:
        lines += [
            "for key, values in self.history.items():",
            "    values.append(self.trainer.callback_metrics[key].item())",
        ]
    return ["def on_train_epoch_end(self):", *indented([*lines, *training.batches.epoch_end])]


def _optimizers(compiled: Compiled, parts: Parts) -> list[str]:
    made = compiled.optimizer.construction("self.model.parameters()")
    head = "def configure_optimizers(self):"
    if parts.rate is not None:
        made = made.replace(f"lr={compiled.optimizer.rate}", "lr=1.0", 1)
        scheduler, interval = f"torch.optim.lr_scheduler.LambdaLR({{optimizer}}, {parts.rate})", "epoch"
    elif parts.plateau is not None:
        scheduler, interval = parts.plateau[0], "epoch"
    elif compiled.optimizer.scheduler:
        scheduler, interval = compiled.optimizer.scheduler, "step"
    else:
        return [head, f"    return {made}"]
    monitor = f', "monitor": "{parts.plateau[1]}"' if parts.plateau else ""
    return [
        head,
        *indented(
            [
                f"optimizer = {made}",
                f"scheduler = {scheduler.replace('{optimizer}', 'optimizer')}",
                'return {"optimizer": optimizer, '
                f'"lr_scheduler": {{"scheduler": scheduler, "interval": "{interval}"{monitor}}}}}',
            ]
        ),
    ]
