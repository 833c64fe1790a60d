"""Which graphs can there be? Programs drawn by hypothesis that run alike on symbolic and on real tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from torch import nn

import torchkeras_layer as keras
from tests.models.random_steps import STEPS, Part, Pick, Tensors
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.symbolic import is_symbolic

# What stands for a free axis in the two runs that tell free axes from known ones: batch, then length.
SIZES = ((2, 3), (5, 4))


class Entry(NamedTuple):
    """An input: `shape` without the batch, where `None` is a free length."""

    shape: tuple[int | None, ...]
    dtype: str

    def symbolic(self) -> Any:
        return keras.Input(self.shape, dtype=self.dtype)

    def real(self, batch: int, length: int) -> torch.Tensor:
        shape = (batch, *(length if size is None else size for size in self.shape))
        return torch.randn(shape) if self.dtype == "float32" else torch.randint(0, 4, shape)


class Step(NamedTuple):
    """A call of part number `part` (`None`: of no part) on the values of these numbers."""

    part: int | None
    call: Callable[..., Any]
    arguments: tuple[int, ...]


class Program:
    """Entries, parts (layers, models, parameters) and steps; `inputs` and `outputs` nest the numbers of values."""

    def __init__(self, entries: list[Entry], inputs: Any) -> None:
        self.entries = entries
        self.inputs = inputs
        self.parts: list[Part] = []
        self.steps: list[Step] = []
        self.outputs: Any = None

    def make_parts(self) -> list[Any]:
        """Make all parts anew."""
        return [part.make() for part in self.parts]

    def run(self, parts: list[Any], inputs: Any) -> Any:
        """Call one part after the other on tensors of either kind."""
        return map_leaves(self.values(parts, inputs).__getitem__, self.outputs)

    def values(self, parts: list[Any], inputs: Any) -> list[Any]:
        """Return the inputs and what each step gives."""
        values = leaves(inputs)
        for step in self.steps:
            values += self.results(step, parts, values)
        return values

    def results(self, step: Step, parts: list[Any], values: list[Any]) -> list[Any]:
        """Return what one step gives, flat."""
        part = None if step.part is None else parts[step.part]
        return leaves(step.call(part, *(values[number] for number in step.arguments)))

    def symbolic_inputs(self) -> Any:
        """Return new symbolic inputs."""
        return map_leaves(lambda number: self.entries[number].symbolic(), self.inputs)

    def model(self, parts: list[Any]) -> Any:
        """Make a functional model out of the program."""
        inputs = self.symbolic_inputs()
        return keras.Model(inputs, self.run(parts, inputs))

    def data(self, size: tuple[int, int]) -> Any:
        """Return random inputs."""
        return map_leaves(lambda number: self.entries[number].real(*size), self.inputs)

    def is_random(self) -> bool:
        """Whether there is a part that draws random numbers while it trains."""
        return any(part.is_random for part in self.parts)

    def __repr__(self) -> str:
        steps = [f"{s.call.__qualname__}({s.part}, {s.arguments})" for s in self.steps]
        keys = [part.key for part in self.parts]
        return f"Program({self.entries}, inputs={self.inputs}, parts={keys}, steps={steps}, outputs={self.outputs})"


class Inner:
    """A model in a model. On real tensors, it is its layers called one by one."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.parts = program.make_parts()
        self.model = program.model(self.parts)

    def __call__(self, *tensors: Any) -> Any:
        remaining = iter(tensors)
        inputs = map_leaves(lambda _: next(remaining), self.program.inputs)
        return self.model(inputs) if is_symbolic(tensors[0]) else self.program.run(self.parts, inputs)


class Draft:
    """A program in the making, whose values are known for both sizes."""

    def __init__(self, pick: Pick, program: Program) -> None:
        self.pick = pick
        self.program = program
        self.parts: list[Any] = []
        self.values: list[Tensors] = [tuple(entry.real(*size) for size in SIZES) for entry in program.entries]  # type: ignore[misc]

    def add_step(self, depth: int) -> None:
        """Add a step that fits the values there are; none if what was drawn fits none."""
        kind = self.pick([*STEPS, "model"] if depth else STEPS)
        chosen = self.choose_arguments(kind)
        if chosen is None:
            return
        if kind == "model":
            part, call = self.draw_model(chosen, depth - 1), Inner.__call__
        else:
            part, call = kind.draw(self.pick, *(self.values[number] for number in chosen))
        self.attempt(Step(self.place(part), call, tuple(chosen)))

    def choose_arguments(self, kind: Any) -> list[int] | None:
        accepts = (_fits_an_entry,) if kind == "model" else kind.accepts
        chosen: list[int] = []
        for accept in accepts:
            before = [self.values[number] for number in chosen]
            fitting = [number for number, pair in enumerate(self.values) if accept(pair, *before)]
            if not fitting:
                return None
            chosen.append(self.pick(fitting))
        return chosen

    def draw_model(self, chosen: list[int], depth: int) -> Part:
        entries = [_entry_of(self.values[number]) for number in chosen]
        program = draw_program(self.pick, entries, depth, steps=self.pick([1, 2, 3]))
        return Part(("model", *entries), lambda: Inner(program), program.is_random())

    def place(self, part: Part | None) -> int | None:
        """Return the number of a part: that of an equal one that is there, or a new one."""
        if part is None:
            return None
        equal = [number for number, other in enumerate(self.program.parts) if other.key == part.key]
        if equal and self.pick([True, False]):
            return self.pick(equal)
        self.program.parts.append(part)
        self.parts.append(part.make())
        return len(self.parts) - 1

    def attempt(self, step: Step) -> None:
        """Keep a step if real tensors can take it, and if what comes out is not too large."""
        try:
            with torch.no_grad():
                runs = [self.program.results(step, self.parts, list(run)) for run in zip(*self.values, strict=True)]
        except (RuntimeError, ValueError, TypeError, IndexError):
            return
        if all(isinstance(value, torch.Tensor) and value.numel() < 2000 for run in runs for value in run):
            self.program.steps.append(step)
            self.values += zip(*runs, strict=True)

    def finish(self) -> Program:
        """Choose outputs: the last value, and others around it."""
        last = len(self.values) - 1
        other, third = self.pick(range(len(self.values))), self.pick(range(len(self.values)))
        self.program.outputs = self.pick(
            [last, [last, other], {"a": last, "b": [other, (third,)]}, (other, {"z": last})]
        )
        return self.program


def _fits_an_entry(pair: Tensors) -> bool:
    # Others would be cast by a model, and not by its layers alone.
    return pair[0].dtype is torch.float32 and pair[0].dim() > 0


def _entry_of(pair: Tensors) -> Entry:
    one, other = pair
    shape = tuple(a if a == b else None for a, b in zip(one.shape[1:], other.shape[1:], strict=True))
    return Entry(shape, "float32")


def draw_program(pick: Pick, entries: list[Entry], depth: int, steps: int) -> Program:
    """Draw a program on entries."""
    numbers = list(range(len(entries)))
    structures: list[Any] = [numbers, {f"in_{n}": n for n in numbers}, [*numbers[:-1], {"last": (numbers[-1],)}]]
    program = Program(entries, pick(structures if len(entries) > 1 else [0, [0], {"only": 0}]))
    draft = Draft(pick, program)
    for _ in range(steps):
        draft.add_step(depth)
    return draft.finish()


ENTRIES = [Entry((4,), "float32"), Entry((3, 4), "float32"), Entry((None, 4), "float32"), Entry((None,), "int64")]


@st.composite
def programs(draw: Any, most_steps: int = 9) -> Program:
    """Programs of one to three entries, with models in them."""

    def pick(options: Any) -> Any:
        return draw(st.sampled_from(list(options)))

    entries = [pick(ENTRIES) for _ in range(pick([1, 2, 3]))]
    return draw_program(pick, entries, depth=2, steps=draw(st.integers(1, most_steps)))


def modules_of(parts: list[Any]) -> list[nn.Module]:
    """List the layers and models among parts."""
    return [part.model if isinstance(part, Inner) else part for part in parts if isinstance(part, (nn.Module, Inner))]
