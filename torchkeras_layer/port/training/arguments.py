"""Which value does a call give to each parameter of Keras's methods, in the spellings of Keras 1 to 3?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from torchkeras_layer.port.training.reading import Left, literal

PARAMETERS = {
    "compile": "optimizer loss metrics loss_weights weighted_metrics run_eagerly steps_per_execution jit_compile "
    "auto_scale_loss sample_weight_mode target_tensors",
    "fit": "x y batch_size epochs verbose callbacks validation_split validation_data shuffle class_weight "
    "sample_weight initial_epoch steps_per_epoch validation_steps validation_batch_size validation_freq "
    "max_queue_size workers use_multiprocessing show_accuracy",
    "fit_generator": "x steps_per_epoch epochs verbose callbacks validation_data validation_steps validation_freq "
    "class_weight max_queue_size workers use_multiprocessing shuffle initial_epoch pickle_safe",
    "evaluate": "x y batch_size verbose sample_weight steps callbacks return_dict max_queue_size workers "
    "use_multiprocessing",
    "evaluate_generator": "x steps callbacks max_queue_size workers use_multiprocessing verbose pickle_safe",
    "predict": "x batch_size verbose steps callbacks max_queue_size workers use_multiprocessing",
    "predict_generator": "x steps callbacks max_queue_size workers use_multiprocessing verbose pickle_safe",
    "predict_classes": "x batch_size verbose",
    "predict_proba": "x batch_size verbose",
    "predict_on_batch": "x",
    "train_on_batch": "x y sample_weight class_weight reset_metrics return_dict",
    "test_on_batch": "x y sample_weight reset_metrics return_dict",
}
_OF_KERAS_1 = ("nb_epoch", "nb_val_samples", "samples_per_epoch")
_FIT_GENERATOR_OF_KERAS_1 = (
    "x samples_per_epoch epochs verbose callbacks validation_data validation_samples class_weight "
    "max_queue_size workers"
)
SPELLINGS = {
    "nb_epoch": "epochs",
    "X": "x",
    "generator": "x",
    "nb_val_samples": "validation_samples",
    "nb_worker": "workers",
    "max_q_size": "max_queue_size",
    "input": "x",
}
# How batches are fetched, and how a graph is run: neither changes the numbers.
_NAMES_OF_WITHOUT_EFFECT = (
    "run_eagerly steps_per_execution jit_compile max_queue_size workers use_multiprocessing pickle_safe"
)
WITHOUT_EFFECT = frozenset(_NAMES_OF_WITHOUT_EFFECT.split())


class Arguments:
    """The arguments of a call by the names of the parameters; one that is `None` counts as not given."""

    def __init__(self, call: cst.Call, parameters: Sequence[str], spellings: dict[str, str]):
        self.given: dict[str, cst.BaseExpression] = {}
        names = list(parameters)
        for position, argument in enumerate(call.args):
            if argument.star:
                raise Left(f"its arguments {'*' * len(argument.star)}… are not known before it runs")
            name = argument.keyword.value if argument.keyword else names[position] if position < len(names) else None
            if name is None:
                raise Left(f"it has more than the {len(names)} arguments of Keras")
            name = spellings.get(name, name)
            if literal(argument.value) is not None:
                self.given[name] = argument.value
        self.read: set[str] = set()

    def get(self, name: str) -> cst.BaseExpression | None:
        """Return the argument, or `None`."""
        self.read.add(name)
        return self.given.get(name)

    def need(self, name: str) -> cst.BaseExpression:
        """Return an argument; Left if it is not given."""
        node = self.get(name)
        if node is None:
            raise Left(f"it has no argument {name}")
        return node

    def literal(self, name: str, default: Any) -> Any:
        """Return the value of a literal argument; the default if it is not given; Left for other expressions."""
        node = self.get(name)
        if node is None:
            return default
        value = literal(node)
        if value is ...:
            raise Left(f"{name} is not a literal")
        return value

    def refuse_others(self, ignored: Sequence[str] | frozenset[str] = ()) -> None:
        """Raise Left if there are arguments that no one has read."""
        others = [name for name in self.given if name not in self.read and name not in ignored]
        if others:
            raise Left(f"the argument {', '.join(others)} has no counterpart here")


def method_arguments(call: cst.Call, method: str) -> Arguments:
    """Read the arguments of a method of Keras's models."""
    names = PARAMETERS[method]
    if method == "fit_generator" and any(item.keyword and item.keyword.value in _OF_KERAS_1 for item in call.args):
        names = _FIT_GENERATOR_OF_KERAS_1
    return Arguments(call, names.split(), SPELLINGS)
