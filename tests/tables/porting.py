"""Which rules does `torchkeras-layer port` have?"""

from __future__ import annotations

import ast
import difflib
import functools
import re

from tests.tables.block import table
from torchkeras_layer.port.rewriting import port_text
from torchkeras_layer.port.rules.table import RULES, rules_by_name
from torchkeras_layer.port.training.optimizers import KINDS
from torchkeras_layer.port.training.rules import RULES as TRAINING_RULES
from torchkeras_layer.port.training.rules import TrainingRule

_SHORT = {"keras.backend.": "K.", "keras.ops.": "ops.", "keras.activations.": "activations."}
_SCRIPT = """\
import keras
import numpy as np

x, y = np.zeros((8, 3), "float32"), np.zeros((8, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile({})
callbacks = [{}]
model.fit(x, y, epochs=2, validation_data=(x, y), callbacks=callbacks)
"""
_LOSSES = (
    "mse mae mape msle huber logcosh hinge squared_hinge poisson kl_divergence cosine_similarity binary_crossentropy "
    "categorical_crossentropy sparse_categorical_crossentropy"
)
_CALLBACKS = (
    "EarlyStopping(patience=3)",
    "EarlyStopping(patience=3, restore_best_weights=True)",
    "ReduceLROnPlateau(factor=0.5, patience=2)",
    "ModelCheckpoint('best.keras', save_best_only=True)",
    "LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))",
    "CSVLogger('log.csv')",
    "TensorBoard('logs')",
    "TerminateOnNaN()",
)


def table_of_function_rules() -> str:
    """Return the table of the rules for functions, each with its own line."""
    rules_by_name()
    rows = []
    for rule in RULES:
        names = [_short(name) for name in rule.names]
        others = ", ".join(f"`{name}`" for name in names if f"{name}(" not in rule.keras)
        rows.append((f"`{rule.keras}`", f"`{rule.torch}`", rule.when, others))
    return table(["Keras", "PyTorch", "when", "also"], rows)


def _short(name: str) -> str:
    for long, short in _SHORT.items():
        name = name.replace(long, short)
    return name


def table_of_optimizers() -> str:
    """Return the table of optimizers, with what is written for each."""
    rows = []
    for name, kind in KINDS.items():
        written = _assigned("optimizer", f"optimizer=keras.optimizers.{name}(), loss='mse'")
        rows.append((f"`{name}()`", f"`{written}`", kind.note))
    return table(["Keras", "PyTorch", "to know"], rows)


def table_of_arguments() -> str:
    """Return the table of arguments and schedules of optimizers, and of losses with arguments."""
    rules = [rule for rule in TRAINING_RULES if rule.kind in ("optimizer", "loss") and re.search(r"\([^)]", rule.keras)]
    return _of_training(rules)


def table_of_calls() -> str:
    """Return the table of calls of models, each with one of the lines in its place."""
    return _of_training([rule for rule in TRAINING_RULES if rule.kind == "method"])


def _of_training(rules: list[TrainingRule]) -> str:
    rows = [(f"`{rule.keras}`", f"`{rule.torch}`", rule.when) for rule in rules]
    return table(["Keras", "PyTorch, among others", "when"], rows)


def table_of_loss_names() -> str:
    """Return the table of the names of losses, with what is written for each."""
    rows = []
    for name in _LOSSES.split():
        written = _assigned("loss_function", f"optimizer='sgd', loss='{name}'")
        rows.append((f"`'{name}'`", f"`{written}`"))
    return table(["Keras", "in the loop"], rows)


def examples_of_callbacks() -> str:
    """Return, for each callback, the lines that it adds to a loop."""
    plain = _lines("optimizer='sgd', loss='mse'")
    parts = []
    for callback in _CALLBACKS:
        lines = _lines("optimizer='sgd', loss='mse'", f"\n    keras.callbacks.{callback},\n")
        added = [line[2:] for line in difflib.ndiff(plain, lines) if line.startswith("+ ")]
        parts += [f"`{callback}` adds:", "", "```text", *added, "```", ""]
    return "\n".join(parts).rstrip("\n")


def _assigned(name: str, compiled: str) -> str:
    """Return what the script assigns to a name."""
    for statement in ast.parse("\n".join(_lines(compiled))).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return ast.unparse(statement.value)
    raise LookupError(f"the script for {compiled} assigns nothing to {name}")


@functools.cache
def _lines(compiled: str, further: str = "") -> list[str]:
    text, _ = port_text(_SCRIPT.format(compiled, further))
    return [line for line in text.splitlines() if line.strip()]
