"""Which optimizer of PyTorch takes the same steps as one of Keras, with which arguments?"""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from torchkeras_layer.port.training.arguments import Arguments
from torchkeras_layer.port.training.reading import Left, Scope, Source, literal
from torchkeras_layer.port.training.schedules import Schedule, inverse_time, read_schedule


@dataclass
class Optimizer:
    """What to write for an optimizer: its class and arguments after the parameters, and what each step needs."""

    name: str
    arguments: list[str]
    rate: str
    scheduler: str | None = None
    imports: list[str] = field(default_factory=list)
    clipping: str | None = None
    notes: list[str] = field(default_factory=list)

    def construction(self, parameters: str) -> str:
        """The expression that makes it."""
        return f"torch.optim.{self.name}({', '.join([parameters, *self.arguments])})"


@dataclass(frozen=True)
class _Kind:
    """A class of Keras: torch's class, Keras's default rate, its arguments as (Keras's, torch's, default), a note."""

    torch: str
    rate: str
    arguments: tuple[tuple[str, str, str], ...]
    always: tuple[str, ...] = ()
    note: str = ""


_EPSILON = ("epsilon", "eps", "1e-7")
_ADAM_NOTE = "Keras adds epsilon before the correction of the bias, torch after it: seen with gradients below 1e-5 only"
_BETAS = ("beta_1", "beta_2")
KINDS = {
    "SGD": _Kind("SGD", "0.01", (("momentum", "momentum", ""), ("nesterov", "nesterov", ""))),
    "Adam": _Kind("Adam", "0.001", (_EPSILON, ("amsgrad", "amsgrad", "")), note=_ADAM_NOTE),
    "AdamW": _Kind("AdamW", "0.001", (_EPSILON, ("amsgrad", "amsgrad", "")), note=_ADAM_NOTE),
    "RMSprop": _Kind(
        "RMSprop",
        "0.001",
        (("rho", "alpha", "0.9"), ("momentum", "momentum", ""), _EPSILON, ("centered", "centered", "")),
        note="Keras 3 adds epsilon inside the root, torch (and Keras 1 and 2) outside: steps differ while gradients "
        "are below 1e-2",
    ),
    "Adagrad": _Kind(
        "Adagrad",
        "0.001",
        (("initial_accumulator_value", "initial_accumulator_value", "0.1"), _EPSILON),
    ),
    "Adadelta": _Kind("Adadelta", "0.001", (("rho", "rho", "0.95"), _EPSILON)),
    "Adamax": _Kind("Adamax", "0.001", (_EPSILON,)),
    "Nadam": _Kind("NAdam", "0.001", (_EPSILON,), always=("momentum_decay=1.0",)),
}
_LOWER = {name.lower(): name for name in KINDS}
_WITH_BETAS = ("Adam", "AdamW", "Adamax", "Nadam")
_ABSENT = {
    "Ftrl": "torch has no Ftrl",
    "Lion": "torch has no Lion: install lion-pytorch",
    "Adafactor": "torch.optim.Adafactor takes other steps than Keras's",
    "Lamb": "torch has no Lamb",
    "Muon": "torch.optim.Muon takes other steps than Keras's, and matrices only",
    "LossScaleOptimizer": "write torch.amp.GradScaler around loss.backward() and optimizer.step()",
}
_POSITIONAL = {
    "SGD": ("learning_rate", "momentum"),
    "Adam": ("learning_rate", "beta_1", "beta_2", "epsilon"),
    "RMSprop": ("learning_rate", "rho"),
}
SPELLINGS = {"lr": "learning_rate", "schedule_decay": "_", "name": "_"}


def read_optimizer(node: cst.BaseExpression | None, source: Source, scope: Scope) -> Optimizer:
    """Read the `optimizer` of `compile`: a name, or a call of a class; Left for all others."""
    value = source.value_of(node, scope)
    text = "rmsprop" if value is None else literal(value)
    if isinstance(text, str):
        return _made(_known(text), Arguments(cst.Call(cst.Name("_")), [], {}), source, scope)
    if not isinstance(value, cst.Call):
        raise Left(f"it is not clear which optimizer {source.text(node) if node else ''} is")
    full = source.name_of(value.func)
    name = full.rpartition(".")[2]
    if not full.startswith("keras.optimizers"):
        raise Left(f"the optimizer {source.text(value.func)} is not one of Keras's: write it with torch.optim")
    kind = _known(name)
    arguments = Arguments(value, _POSITIONAL.get(kind, ("learning_rate",)), SPELLINGS)
    return _made(kind, arguments, source, scope)


def _known(name: str) -> str:
    if name.lower() not in _LOWER:
        reason = {key.lower(): value for key, value in _ABSENT.items()}.get(name.lower())
        raise Left(f"the optimizer {name}: {reason or 'torch has none of this name'}")
    return _LOWER[name.lower()]


def _made(name: str, given: Arguments, source: Source, scope: Scope) -> Optimizer:
    kind = KINDS[name]
    schedule = _rate(given, kind.rate, source, scope)
    arguments = [f"lr={schedule.rate}"]
    if name in _WITH_BETAS and any(given.get(beta) for beta in _BETAS):
        values = [_text(given, beta, default, source) for beta, default in zip(_BETAS, ("0.9", "0.999"), strict=True)]
        if values != ["0.9", "0.999"]:
            arguments.append(f"betas=({', '.join(values)})")
    for keras, torch, default in kind.arguments:
        value = _text(given, keras, default, source)
        if value and value not in ("0.0", "0", "False"):
            arguments.append(f"{torch}={value}")
    name, decay = _weight_decay(name, given, source)
    optimizer = Optimizer(
        name if decay else kind.torch,
        [*arguments, *decay, *kind.always],
        schedule.rate,
        schedule.scheduler,
        schedule.imports,
        _clipping(given, source),
        [note for note in (kind.note, *schedule.notes, *_notes(given, schedule, source)) if note],
    )
    given.refuse_others(ignored=("_",))
    return optimizer


def _text(given: Arguments, name: str, default: str, source: Source) -> str:
    node = given.get(name)
    return default if node is None else source.text(node)


def _rate(given: Arguments, default: str, source: Source, scope: Scope) -> Schedule:
    node = source.value_of(given.get("learning_rate"), scope)
    schedule = None if node is None else read_schedule(node, source)
    if schedule is None:
        schedule = Schedule(_text(given, "learning_rate", default, source))
    if (decay := given.get("decay")) is not None and literal(decay) != 0:
        if schedule.scheduler:
            raise Left("it has both a schedule and decay")
        return inverse_time(schedule.rate, source.text(decay))
    return schedule


def _weight_decay(name: str, given: Arguments, source: Source) -> tuple[str, list[str]]:
    """Keras's is decoupled: that of AdamW, and without momentum that of SGD too."""
    node = given.get("weight_decay")
    if node is None:
        return name, ["weight_decay=0.004"] if name == "AdamW" else []
    if name in ("Adam", "AdamW"):
        return "AdamW", [f"weight_decay={source.text(node)}"]
    if name == "SGD" and given.get("momentum") is None:
        return "SGD", [f"weight_decay={source.text(node)}"]
    raise Left(f"weight_decay of {name} is decoupled in Keras, and added to the gradient in torch: use AdamW")


def _clipping(given: Arguments, source: Source) -> str | None:
    norm, value, whole = (given.get(name) for name in ("clipnorm", "clipvalue", "global_clipnorm"))
    if whole is not None:
        return f"nn.utils.clip_grad_norm_({{model}}.parameters(), {source.text(whole)})"
    if value is not None:
        return f"nn.utils.clip_grad_value_({{model}}.parameters(), {source.text(value)})"
    if norm is not None:
        return f"for parameter in {{model}}.parameters():\n    nn.utils.clip_grad_norm_(parameter, {source.text(norm)})"
    return None


def _notes(given: Arguments, schedule: Schedule, source: Source) -> list[str]:
    notes = []
    if given.get("clipnorm") is not None:
        notes.append(
            "clipnorm limits the norm of each gradient, as in Keras 2.4 and later; before, that of all together: "
            "nn.utils.clip_grad_norm_(model.parameters(), …)"
        )
    if schedule.scheduler and given.get("momentum") is not None:
        notes.append(
            "Keras's momentum keeps steps at their old learning rate, torch's gradients: a changing rate differs"
        )
    return notes
