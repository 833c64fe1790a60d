"""Which callbacks and loggers of Lightning do what a callback of Keras does?"""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from torchkeras_layer.port.training.arguments import Arguments
from torchkeras_layer.port.training.callbacks import WITHOUT_EFFECT, Loop, plateau_scheduler, read_callback, scheduled
from torchkeras_layer.port.training.reading import Left, literal


@dataclass
class Parts:
    """What callbacks add to a trainer and to its module."""

    callbacks: list[str] = field(default_factory=list)
    loggers: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    plateau: tuple[str, str] | None = None
    rate: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def changes_rate(self) -> bool:
        """Whether a callback changes the learning rate, which Keras then reports."""
        return self.plateau is not None or self.rate is not None

    def add(self, node: cst.BaseExpression, loop: Loop) -> None:
        """Add one callback; Left if Lightning has none that does the same."""
        name, given = read_callback(node, loop)
        if name in ("History", "BaseLogger", "ProgbarLogger"):
            return
        if name not in _WRITERS:
            raise Left(f"{name} has no counterpart in Lightning: use --style loop")
        _WRITERS[name](given, loop, self)
        given.refuse_others(ignored=[*WITHOUT_EFFECT.get(name, ()), *_SHAPE_OF_FILES])


def _watched(given: Arguments, loop: Loop) -> str:
    """The arguments that say what a callback looks at."""
    monitor = given.literal("monitor", "val_loss")
    mode = "max" if loop.is_rising(monitor, given.literal("mode", "auto")) else "min"
    return f'monitor="{loop.key(monitor)}", mode="{mode}"'


def _early_stopping(given: Arguments, loop: Loop, parts: Parts) -> None:
    if given.get("baseline") is not None or given.literal("start_from_epoch", 0):
        raise Left("EarlyStopping with baseline or start_from_epoch: write a callback of Lightning")
    watched = _watched(given, loop)
    options = [watched]
    for name, default in (("patience", "0"), ("min_delta", None)):
        node = given.get(name)
        if node is not None or default is not None:
            options.append(f"{name}={default if node is None else loop.source.text(node)}")
    parts.callbacks.append(f"L.pytorch.callbacks.EarlyStopping({', '.join(options)})")
    if given.literal("restore_best_weights", False):
        best = loop.pick("best")
        parts.before.append(f"{best} = L.pytorch.callbacks.ModelCheckpoint({watched}, save_weights_only=True)")
        parts.callbacks.append(best)
        parts.after.append(f'{{module}}.load_state_dict(torch.load({best}.best_model_path)["state_dict"])')
        if given.get("min_delta") is not None:
            parts.notes.append("the weights that are restored are the best ones, also if they are better by less")


def _plateau(given: Arguments, loop: Loop, parts: Parts) -> None:
    parts.plateau = plateau_scheduler(given, loop)


def _checkpoint(given: Arguments, loop: Loop, parts: Parts) -> None:
    node = given.need("filepath")
    path = literal(loop.source.value_of(node, loop.scope))
    if not isinstance(path, str) or given.literal("save_freq", "epoch") != "epoch" or given.literal("period", 1) != 1:
        raise Left("ModelCheckpoint with a path that is computed, or not after each epoch: use --style loop")
    if sum(text.strip("\"'") == path for text in loop.source.texts) > 1:
        raise Left(f"{path!r} is read later, and Lightning's checkpoints are no files of Keras: use --style loop")
    folder, _, file = path.rpartition("/")
    stem = file.removesuffix(".weights.h5").removesuffix(".h5").removesuffix(".hdf5").removesuffix(".keras")
    options = [f"dirpath={folder or '.'!r}", f"filename={stem!r}"]
    watched = _watched(given, loop)
    options += [watched] if given.literal("save_best_only", False) else ["save_top_k=-1"]
    if given.literal("save_weights_only", False):
        options.append("save_weights_only=True")
    parts.callbacks.append(f"L.pytorch.callbacks.ModelCheckpoint({', '.join(options)})")
    parts.notes.append(f"{path!r} is a checkpoint of Lightning, with the suffix .ckpt; its epochs count from 0")


def _csv_logger(given: Arguments, loop: Loop, parts: Parts) -> None:
    path = literal(loop.source.value_of(given.need("filename"), loop.scope))
    if not isinstance(path, str):
        raise Left("CSVLogger with a path that is computed: use --style loop")
    parts.loggers.append(f"L.pytorch.loggers.CSVLogger({path.removesuffix('.csv')!r})")
    parts.notes.append(f"{path!r} is a folder, in which Lightning writes metrics.csv")


def _tensorboard(given: Arguments, loop: Loop, parts: Parts) -> None:
    folder = given.get("log_dir")
    parts.loggers.append(
        f"L.pytorch.loggers.TensorBoardLogger({repr('logs') if folder is None else loop.source.text(folder)})"
    )


def _rate_scheduler(given: Arguments, loop: Loop, parts: Parts) -> None:
    node = given.need("schedule")
    text = scheduled(node, loop, _BEFORE)
    if _BEFORE in text:
        raise Left("a schedule that takes the rate before has no counterpart in Lightning: use --style loop")
    parts.rate = f"lambda {loop.epoch}: {text}"


_BEFORE = "rate_before"
_SHAPE_OF_FILES = ("separator", "append")
_WRITERS = {
    "EarlyStopping": _early_stopping,
    "ReduceLROnPlateau": _plateau,
    "ModelCheckpoint": _checkpoint,
    "CSVLogger": _csv_logger,
    "TensorBoard": _tensorboard,
    "LearningRateScheduler": _rate_scheduler,
}
