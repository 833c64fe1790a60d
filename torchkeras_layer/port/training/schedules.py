"""Which scheduler of PyTorch gives the learning rates of one of Keras's schedules?"""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from torchkeras_layer.port.training.arguments import Arguments
from torchkeras_layer.port.training.reading import Left, Source, literal


@dataclass
class Schedule:
    """The rate of the first step, and a scheduler to call after every step, with `{optimizer}` to fill in."""

    rate: str
    scheduler: str | None = None
    imports: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


_PARAMETERS = {
    "ExponentialDecay": "initial_learning_rate decay_steps decay_rate staircase",
    "InverseTimeDecay": "initial_learning_rate decay_steps decay_rate staircase",
    "PolynomialDecay": "initial_learning_rate decay_steps end_learning_rate power cycle",
    "PiecewiseConstantDecay": "boundaries values",
    "CosineDecay": "initial_learning_rate decay_steps alpha name warmup_target warmup_steps",
    "CosineDecayRestarts": "initial_learning_rate first_decay_steps t_mul m_mul alpha",
}


def read_schedule(node: cst.BaseExpression, source: Source) -> Schedule | None:
    """Read a learning rate that is a call of one of Keras's schedules; `None` if it is none."""
    full = source.name_of(node.func) if isinstance(node, cst.Call) else ""
    if ".schedules." not in full or not isinstance(node, cst.Call):
        return None
    name = full.rpartition(".")[2]
    if name not in _WRITERS:
        raise Left(f"the schedule {name}: write a torch.optim.lr_scheduler.LambdaLR with its formula")
    given = Arguments(node, _PARAMETERS[name].split(), {"name": "_"})
    schedule = _WRITERS[name](given, source)
    given.refuse_others(ignored=("_",))
    return schedule


def inverse_time(rate: str, decay: str) -> Schedule:
    """The schedule of the argument `decay` of Keras 1 and 2."""
    return Schedule(rate, _by_step(f"1 / (1 + {decay} * step)"))


def _by_step(factor: str) -> str:
    return f"torch.optim.lr_scheduler.LambdaLR({{optimizer}}, lambda step: {factor})"


def _need(given: Arguments, name: str, source: Source) -> str:
    node = given.get(name)
    if node is None:
        raise Left(f"the schedule has no {name}")
    text = source.text(node)
    return text if isinstance(node, (cst.BaseNumber, cst.Name, cst.Attribute, cst.Call)) else f"({text})"


def _optional(given: Arguments, name: str, default: str, source: Source) -> str:
    return default if given.get(name) is None else _need(given, name, source)


def _exponential(given: Arguments, source: Source) -> Schedule:
    rate, steps, decay = (_need(given, name, source) for name in ("initial_learning_rate", "decay_steps", "decay_rate"))
    if given.literal("staircase", False):
        return Schedule(rate, f"torch.optim.lr_scheduler.StepLR({{optimizer}}, step_size={steps}, gamma={decay})")
    return Schedule(rate, f"torch.optim.lr_scheduler.ExponentialLR({{optimizer}}, gamma={decay} ** (1 / {steps}))")


def _inverse(given: Arguments, source: Source) -> Schedule:
    rate, steps, decay = (_need(given, name, source) for name in ("initial_learning_rate", "decay_steps", "decay_rate"))
    division = "//" if given.literal("staircase", False) else "/"
    return Schedule(rate, _by_step(f"1 / (1 + {decay} * (step {division} {steps}))"))


def _polynomial(given: Arguments, source: Source) -> Schedule:
    rate, steps = _need(given, "initial_learning_rate", source), _need(given, "decay_steps", source)
    end, power = _optional(given, "end_learning_rate", "0.0001", source), _optional(given, "power", "1.0", source)
    if given.literal("cycle", False):
        raise Left("PolynomialDecay with cycle=True has no counterpart in torch")
    if literal(given.get("end_learning_rate")) == 0:
        return Schedule(
            rate, f"torch.optim.lr_scheduler.PolynomialLR({{optimizer}}, total_iters={steps}, power={power})"
        )
    left = f"(1 - min(step, {steps}) / {steps})" + ("" if power in ("1", "1.0") else f" ** {power}")
    return Schedule(rate, _by_step(f"{left} * (1 - {end} / {rate}) + {end} / {rate}"))


def _piecewise(given: Arguments, source: Source) -> Schedule:
    boundaries, values = given.get("boundaries"), given.get("values")
    if not isinstance(values, cst.List) or boundaries is None or not values.elements:
        raise Left("PiecewiseConstantDecay: its values are not a list in its call")
    listed = source.text(values)
    first = source.text(values.elements[0].value)
    factor = f"{listed}[bisect.bisect_left({source.text(boundaries)}, step)] / {first}"
    return Schedule(first, _by_step(factor), ["bisect"])


def _cosine(given: Arguments, source: Source) -> Schedule:
    rate, steps = _need(given, "initial_learning_rate", source), _need(given, "decay_steps", source)
    alpha = _optional(given, "alpha", "0.0", source)
    if given.get("warmup_target") is not None:
        raise Left("CosineDecay with a warm-up: write a torch.optim.lr_scheduler.SequentialLR")
    if given.literal("warmup_steps", 0):
        raise Left("CosineDecay with warmup_steps and no warmup_target")
    falling = f"0.5 * (1 + math.cos(math.pi * min(step, {steps}) / {steps}))"
    factor = falling if alpha in ("0.0", "0") else f"(1 - {alpha}) * {falling} + {alpha}"
    return Schedule(rate, _by_step(factor), ["math"])


def _restarts(given: Arguments, source: Source) -> Schedule:
    rate, steps = _need(given, "initial_learning_rate", source), _need(given, "first_decay_steps", source)
    longer, lower = given.literal("t_mul", 2.0), given.literal("m_mul", 1.0)
    alpha = _optional(given, "alpha", "0.0", source)
    if lower != 1 or longer != int(longer):
        raise Left("CosineDecayRestarts with m_mul, or a broken t_mul, has no counterpart in torch")
    end = "" if alpha in ("0.0", "0") else f", eta_min={alpha} * {rate}"
    name = "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts"
    return Schedule(rate, f"{name}({{optimizer}}, T_0={steps}, T_mult={int(longer)}{end})")


_WRITERS = {
    "ExponentialDecay": _exponential,
    "InverseTimeDecay": _inverse,
    "PolynomialDecay": _polynomial,
    "PiecewiseConstantDecay": _piecewise,
    "PiecewiseConstant": _piecewise,
    "CosineDecay": _cosine,
    "CosineDecayRestarts": _restarts,
}
_PARAMETERS["PiecewiseConstant"] = _PARAMETERS["PiecewiseConstantDecay"]
