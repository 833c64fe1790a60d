"""Which lines of a training loop do what a callback of Keras does?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import libcst as cst

from torchkeras_layer.port.training.arguments import Arguments
from torchkeras_layer.port.training.metrics import rises
from torchkeras_layer.port.training.reading import Left, Renaming, Scope, Source, literal


@dataclass
class Best:
    """The best value of something so far: what is done after an epoch that improved it, and after one that did not."""

    monitor: str
    rising: bool
    delta: str
    name: str
    start: list[str] = field(default_factory=list)
    improved: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)


@dataclass
class Hooks:
    """The lines that callbacks add to a loop, by place."""

    before: list[str] = field(default_factory=list)
    epoch_begin: list[str] = field(default_factory=list)
    after_batch: list[str] = field(default_factory=list)
    epoch_end: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    bests: list[Best] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    logs_rate: bool = False


@dataclass
class Loop:
    """What callbacks can see of a loop: the variable of each of Keras's values, and names."""

    source: Source
    scope: Scope
    model: str
    optimizer: str
    epoch: str
    loss: str
    values: dict[str, str]
    pick: Callable[..., str]
    rising: dict[str, bool | None]
    is_scheduled: bool = False
    hooks: Hooks = field(default_factory=Hooks)

    def value(self, monitor: str) -> str:
        """The variable of a value that is monitored."""
        return self.values[self.key(monitor)]

    def key(self, monitor: str) -> str:
        """The key of a value that is monitored; old and new names of accuracy mean the same."""
        other = monitor.replace("accuracy", "acc") if "accuracy" in monitor else monitor.replace("acc", "accuracy")
        for name in (monitor, other):
            if name in self.values:
                return name
        raise Left(f"it monitors {monitor!r}, which this fit does not compute. It has: {', '.join(self.values)}")

    def is_rising(self, monitor: str, mode: str) -> bool:
        """Whether more of what is monitored is better."""
        if mode in ("min", "max"):
            return mode == "max"
        found = self.rising.get(monitor.removeprefix("val_"), rises(monitor))
        if found is None:
            raise Left(f"it is not clear whether more of {monitor!r} is better: write mode='max' or mode='min'")
        return found

    def best(self, monitor: str, mode: str, delta: str) -> Best:
        """The record of the best value, one for all callbacks that ask for the same."""
        rising = self.is_rising(monitor, mode)
        value = self.value(monitor)
        for found in self.hooks.bests:
            if (found.monitor, found.rising, found.delta) == (value, rising, delta):
                return found
        taken = {found.name for found in self.hooks.bests}
        words = (f"best_{value}", f"saved_{value}", *(f"best_{value}_{number}" for number in range(2, 9)))
        name = next(name for name in map(self.pick, words) if name not in taken)
        best = Best(value, rising, delta, name)
        self.hooks.bests.append(best)
        return best


_PARAMETERS = {
    "EarlyStopping": "monitor min_delta patience verbose mode baseline restore_best_weights start_from_epoch",
    "ReduceLROnPlateau": "monitor factor patience verbose mode min_delta cooldown min_lr",
    "ModelCheckpoint": "filepath monitor verbose save_best_only save_weights_only mode save_freq "
    "initial_value_threshold",
    "CSVLogger": "filename separator append",
    "TensorBoard": "log_dir",
    "LearningRateScheduler": "schedule verbose",
    "TerminateOnNaN": "",
    "LambdaCallback": "on_epoch_begin on_epoch_end on_train_begin on_train_end",
    "History": "",
    "BaseLogger": "",
    "ProgbarLogger": "count_mode stateful_metrics",
}
_SPELLINGS = {
    "ReduceLROnPlateau": {"epsilon": "min_delta"},
    "ModelCheckpoint": {"period": "period"},
    "CSVLogger": {"filepath": "filename"},
}


def add_callback(node: cst.BaseExpression, loop: Loop) -> None:
    """Add the lines of one callback to a loop; Left if it cannot be done."""
    name, given = read_callback(node, loop)
    if name in _WRITERS:
        _WRITERS[name](given, loop)
    given.refuse_others(ignored=WITHOUT_EFFECT.get(name, ()))


def read_callback(node: cst.BaseExpression, loop: Loop) -> tuple[str, Arguments]:
    """Return the class of a callback of Keras, and its arguments; Left for others."""
    value = loop.source.value_of(node, loop.scope)
    if not isinstance(value, cst.Call):
        raise Left(f"it is not clear what the callback {loop.source.text(node)} does: write its lines in the loop")
    full = loop.source.name_of(value.func)
    name = full.rpartition(".")[2]
    if not full.startswith("keras.callbacks.") or name not in _PARAMETERS:
        called = loop.source.text(value.func)
        raise Left(
            f"the callback {called}: call its on_epoch_end (and others) by hand at the same places of a loop, with a "
            "dict of the values of the epoch"
        )
    return name, Arguments(value, _PARAMETERS[name].split(), _SPELLINGS.get(name, {}))


_TENSORBOARD = (
    "histogram_freq write_graph write_images write_grads embeddings_freq batch_size update_freq "
    "profile_batch write_steps_per_second embeddings_layer_names embeddings_metadata"
)
WITHOUT_EFFECT = {
    "TensorBoard": _TENSORBOARD.split(),
    "ProgbarLogger": ["count_mode", "stateful_metrics"],
    "ModelCheckpoint": ["verbose"],
    "ReduceLROnPlateau": ["verbose"],
    "EarlyStopping": ["verbose"],
    "LearningRateScheduler": ["verbose"],
}


def _text(given: Arguments, name: str, default: str, loop: Loop) -> str:
    node = given.get(name)
    return default if node is None else loop.source.text(node)


def _early_stopping(given: Arguments, loop: Loop) -> None:
    if given.get("baseline") is not None or given.literal("start_from_epoch", 0):
        raise Left("EarlyStopping with baseline or start_from_epoch: write the conditions by hand")
    delta = _text(given, "min_delta", "0", loop).lstrip("-")
    best = loop.best(given.literal("monitor", "val_loss"), given.literal("mode", "auto"), delta)
    if any("+= 1" in line for found in loop.hooks.bests for line in found.otherwise):
        raise Left("two EarlyStopping in one fit: write their conditions by hand")
    wait = loop.pick("wait")
    best.start.append(f"{wait} = 0")
    best.improved.append(f"{wait} = 0")
    best.otherwise += [f"{wait} += 1", f"if {wait} >= {_text(given, 'patience', '0', loop)}:"]
    if given.literal("verbose", 0):
        best.otherwise.append(f'    print(f"epoch {{{loop.epoch} + 1}}: early stopping")')
    best.otherwise.append("    break")
    if given.literal("restore_best_weights", False):
        weights = loop.pick("best_weights")
        best.improved.append(f"{weights} = copy.deepcopy({loop.model}.state_dict())")
        loop.hooks.after.append(f"{loop.model}.load_state_dict({weights})")
        loop.hooks.needs.add("copy")


def _reduce_on_plateau(given: Arguments, loop: Loop) -> None:
    _check_rate_is_free("ReduceLROnPlateau", loop)
    name = loop.pick("plateau")
    made, key = plateau_scheduler(given, loop)
    loop.hooks.before.append(f"{name} = {made.replace('{optimizer}', loop.optimizer)}")
    loop.hooks.epoch_end.append(f"{name}.step({loop.values[key]})")
    loop.hooks.logs_rate = True


def plateau_scheduler(given: Arguments, loop: Loop) -> tuple[str, str]:
    """The scheduler of torch that does what a ReduceLROnPlateau does, and the key of what it looks at."""
    monitor = given.literal("monitor", "val_loss")
    options = ['mode="max"'] if loop.is_rising(monitor, given.literal("mode", "auto")) else []
    options.append(f"factor={_text(given, 'factor', '0.1', loop)}")
    # Keras counts an epoch without improvement at once, torch reduces after one more than `patience`.
    patience = literal(given.get("patience")) if given.get("patience") is not None else 10
    fewer = f"{_text(given, 'patience', '', loop)} - 1" if patience is ... else max(patience, 1) - 1
    options.append(f"patience={fewer}")
    options += [f"threshold={_text(given, 'min_delta', '1e-4', loop)}", 'threshold_mode="abs"']
    cooldown = literal(given.get("cooldown")) if given.get("cooldown") is not None else 0
    if cooldown is ...:
        raise Left("cooldown of ReduceLROnPlateau is not a literal")
    # Keras counts an epoch of the cooldown before it looks at the epoch, torch afterwards.
    options += [f"cooldown={cooldown - 1}"] if cooldown > 1 else []
    if given.get("min_lr") is not None:
        options.append(f"min_lr={_text(given, 'min_lr', '0', loop)}")
    made = f"torch.optim.lr_scheduler.ReduceLROnPlateau({{optimizer}}, {', '.join(options)})"
    return made, loop.key(monitor)


def _check_rate_is_free(name: str, loop: Loop) -> None:
    """A scheduler that sets the rate at each step would overwrite that of a callback."""
    if loop.is_scheduled:
        raise Left(f"{name} together with a schedule or decay of the optimizer: both set the learning rate")


def _checkpoint(given: Arguments, loop: Loop) -> None:
    node = given.get("filepath")
    path = None if node is None else loop.source.value_of(node, loop.scope)
    if path is None or node is None:
        raise Left("ModelCheckpoint has no path")
    if given.literal("save_freq", "epoch") != "epoch" or given.literal("period", 1) != 1:
        raise Left("ModelCheckpoint that saves after batches, or not after each epoch: call model.save in the loop")
    if given.get("initial_value_threshold") is not None:
        raise Left("ModelCheckpoint with initial_value_threshold: write the condition by hand")
    weights_only = given.literal("save_weights_only", False)
    literal_path = literal(path)
    suffixes = (".h5", ".hdf5") if weights_only else (".h5", ".hdf5", ".keras")
    if isinstance(literal_path, str) and not literal_path.endswith(suffixes):
        raise Left(f"ModelCheckpoint writes {literal_path!r}: the path must end in {' or '.join(suffixes)}")
    save = f"{loop.model}.{'save_weights' if weights_only else 'save'}({_path(node, path, loop)})"
    folder = literal_path.rpartition("/")[0] if isinstance(literal_path, str) else ""
    if folder and "{" not in folder:
        loop.hooks.before.append(f"os.makedirs({folder!r}, exist_ok=True)")
        loop.hooks.needs.add("os")
    monitor, mode = given.literal("monitor", "val_loss"), given.literal("mode", "auto")
    if given.literal("save_best_only", False):
        loop.best(monitor, mode, "0").improved.append(save)
    else:
        loop.hooks.epoch_end.append(save)


def _path(node: cst.BaseExpression, path: cst.BaseExpression, loop: Loop) -> str:
    """The path with its fields filled in: an f-string, or a call of `format`."""
    text = literal(path)
    if isinstance(text, str):
        if "{" not in text:
            return loop.source.text(node)
        first = f"{{{loop.epoch} + 1"
        fields = re.sub(r"\{(\w+)", lambda found: first if found[1] == "epoch" else "{" + loop.value(found[1]), text)
        return (
            f'f"{fields}"' if not set(fields) & set('"\\\n') else _format(node, re.findall(r"{(\w+)[:}]", text), loop)
        )
    code = loop.source.text(path)
    found = [] if "f'" in code or 'f"' in code else re.findall(r"\{(\w+)[:}]", code)
    return _format(node, found, loop) if found else loop.source.text(node)


def _format(node: cst.BaseExpression, found: list[str], loop: Loop) -> str:
    found = list(dict.fromkeys(found))
    values = [f"{name}={loop.epoch + ' + 1' if name == 'epoch' else loop.value(name)}" for name in found]
    return f"{loop.source.text(node)}.format({', '.join(values)})"


def _csv_logger(given: Arguments, loop: Loop) -> None:
    path = _text(given, "filename", "", loop)
    if given.literal("append", False):
        raise Left("CSVLogger with append=True: open the file with mode 'a' in the loop")
    separator = given.literal("separator", ",")
    delimiter = "" if separator == "," else f", delimiter={separator!r}"
    keys = sorted(loop.values)
    file = loop.pick("log_file")
    for mode, row, place in (
        ("w", ["epoch", *keys], loop.hooks.before),
        ("a", [loop.epoch, *(loop.values[key] for key in keys)], loop.hooks.epoch_end),
    ):
        values = ", ".join(repr(value) if mode == "w" else value for value in row)
        place += [
            f'with open({path}, "{mode}", newline="") as {file}:',
            f"    csv.writer({file}{delimiter}).writerow([{values}])",
        ]
    loop.hooks.needs.add("csv")


def _tensorboard(given: Arguments, loop: Loop) -> None:
    name = loop.pick("writer")
    loop.hooks.before.append(f"{name} = SummaryWriter({_text(given, 'log_dir', repr('logs'), loop)})")
    for key, value in loop.values.items():
        part = "validation" if key.startswith("val_") else "train"
        tag = f"{key.removeprefix('val_')}/{part}"
        loop.hooks.epoch_end.append(f'{name}.add_scalar("{tag}", {value}, {loop.epoch})')
    loop.hooks.after.append(f"{name}.close()")
    loop.hooks.needs.add("SummaryWriter")


def _rate_scheduler(given: Arguments, loop: Loop) -> None:
    node = given.get("schedule")
    if node is None:
        raise Left("LearningRateScheduler has no schedule")
    _check_rate_is_free("LearningRateScheduler", loop)
    rate = scheduled(node, loop, 'group["lr"]')
    loop.hooks.epoch_begin += [f"for group in {loop.optimizer}.param_groups:", f'    group["lr"] = {rate}']
    loop.hooks.logs_rate = True


def scheduled(node: cst.BaseExpression, loop: Loop, rate: str) -> str:
    """The learning rate of an epoch, from that before: a call of the function, or what its lambda computes."""
    value = loop.source.value_of(node, loop.scope)
    if isinstance(value, cst.Lambda):
        names = [parameter.name.value for parameter in value.params.params]
        new = dict(zip(names, (loop.epoch, rate), strict=False))
        return loop.source.text(value.body.visit(Renaming(new)))  # type: ignore[arg-type]
    name = loop.source.text(node)
    found = loop.source.assigned(name, loop.scope)
    function = next((item.statement for item in found if isinstance(item.statement, cst.FunctionDef)), None)
    if function is None:
        raise Left(f"it is not clear whether the schedule {name} takes the epoch, or the epoch and the rate")
    several = len(function.params.params) > 1
    return f"{name}({loop.epoch}, {rate})" if several else f"{name}({loop.epoch})"


def _terminate_on_nan(given: Arguments, loop: Loop) -> None:
    loop.hooks.after_batch += [f"if not math.isfinite({loop.loss}.item()):", "    break"]
    loop.hooks.stops += [f"if not math.isfinite({loop.value('loss')}):", "    break"]
    loop.hooks.needs.add("math")


def _lambda(given: Arguments, loop: Loop) -> None:
    logs = "{" + ", ".join(f'"{key}": {value}' for key, value in loop.values.items()) + "}"
    for name, place, arguments in (
        ("on_train_begin", loop.hooks.before, ["{}"]),
        ("on_epoch_begin", loop.hooks.epoch_begin, [loop.epoch, "{}"]),
        ("on_epoch_end", loop.hooks.epoch_end, [loop.epoch, logs]),
        ("on_train_end", loop.hooks.after, ["{}"]),
    ):
        node = given.get(name)
        if node is not None:
            place += _called(node, arguments, loop)


def _called(node: cst.BaseExpression, arguments: list[str], loop: Loop) -> list[str]:
    """The call of a function, or what a lambda does."""
    value = loop.source.value_of(node, loop.scope)
    if not isinstance(value, cst.Lambda):
        return [f"{loop.source.text(node)}({', '.join(arguments)})"]
    names = [parameter.name.value for parameter in value.params.params]
    lines, new = [], {}
    for name, argument in zip(names, arguments, strict=False):
        if not argument.startswith("{"):
            new[name] = argument
        elif argument != "{}":
            new[name] = loop.pick("logs")
            lines.append(f"{new[name]} = {argument}")
    return [*lines, loop.source.text(value.body.visit(Renaming(new)))]  # type: ignore[arg-type]


_WRITERS = {
    "EarlyStopping": _early_stopping,
    "ReduceLROnPlateau": _reduce_on_plateau,
    "ModelCheckpoint": _checkpoint,
    "CSVLogger": _csv_logger,
    "TensorBoard": _tensorboard,
    "LearningRateScheduler": _rate_scheduler,
    "TerminateOnNaN": _terminate_on_nan,
    "LambdaCallback": _lambda,
}
