"""Which statements and which expression stand in the place of `evaluate`, `predict` and `train_on_batch`?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst

from torchkeras_layer.port.training.compiled import Compiled
from torchkeras_layer.port.training.data import Batches, parts_of, tensor
from torchkeras_layer.port.training.datasets import kind_of_data
from torchkeras_layer.port.training.models import Facts
from torchkeras_layer.port.training.reading import Expression, Left, Scope, Source
from torchkeras_layer.port.training.writing_loop import evaluation, step, variables


@dataclass
class Written:
    """Statements, and the expressions of the results, by their keys."""

    lines: list[str]
    results: dict[str, str]

    def value(self, as_dict: bool = False) -> str:
        """The expression that the call of Keras returns."""
        values = list(self.results.values())
        if as_dict:
            return "{" + ", ".join(f'"{key}": {value}' for key, value in self.results.items()) + "}"
        return values[0] if len(values) == 1 else f"[{', '.join(values)}]"


def write_evaluate(
    compiled: Compiled, batches: Batches, pick: Callable[..., str], given_names: list[str] | None
) -> Written:
    """Write `evaluate`: a loop without gradients."""
    keys = ["loss", *(metric.key for metric in compiled.metrics)]
    if len(compiled.losses) > 1:
        raise Left("evaluate of a model with several outputs returns their losses too: write the loop by hand")
    if given_names is not None and len(given_names) != len(keys):
        raise Left(f"evaluate returns {', '.join(keys)}, and {len(given_names)} values are taken")
    names = given_names or [pick(f"test_{key}".replace(" ", "_")) for key in keys]
    results = dict(zip(keys, names, strict=True))
    used = variables(compiled, pick, False)
    return Written([*batches.setup, *evaluation(compiled, batches, used, results)], results)


def write_step(compiled: Compiled, batches: Batches, pick: Callable[..., str], trains: bool) -> Written:
    """Write `train_on_batch` or `test_on_batch`: one step."""
    names = variables(compiled, pick, False)
    lines = step(compiled, batches, names)
    results = {"loss": f"{names.loss}.item()"}
    if not trains:
        lines = [
            f"{compiled.model}.eval()",
            "with torch.no_grad():",
            *(f"    {line}" for line in lines[1:3]),
        ]
    else:
        lines = [f"{compiled.model}.train()", *lines]
    for metric in compiled.metrics:
        target, output = batches.targets[metric.output or 0], names.outputs[metric.output or 0]
        lines += [f"{metric.name}.reset_state()", f"{metric.name}.update_state({target}, {output})"]
        results[metric.key] = f"{metric.name}.result().item()"
    return Written([*batches.setup, *lines], results)


@dataclass
class Prediction:
    """What a call of `predict` was given."""

    model: str
    method: str
    x: Expression
    facts: Facts
    batch_size: str
    steps: str | None
    several: bool


_SMALL = ("expand_dims", "newaxis", "reshape(1,", "reshape((1,", "[None", "np.array([[")


def write_predict(
    prediction: Prediction, source: Source, scope: Scope, pick: Callable[..., str], target: str
) -> list[str]:
    """Write `predict`, whose result gets the name `target`, as numpy arrays."""
    model, (setup, calls) = prediction.model, _calls(prediction, source, scope, pick)
    if " for " not in calls:
        value = f"[output.numpy() for output in {calls}]" if prediction.several else f"{calls}.numpy()"
    elif prediction.several:
        value = f"[torch.cat(parts).numpy() for parts in zip(*({calls}))]"
    else:
        value = f"torch.cat([{calls}]).numpy()"
    lines = [*setup, f"{model}.eval()", "with torch.no_grad():", f"    {target} = {value}"]
    if prediction.method == "predict_classes":
        lines.append(f"{target} = {_classes(target, prediction)}")
    return lines


def _classes(name: str, prediction: Prediction) -> str:
    units = prediction.facts.units
    if units is None:
        raise Left(
            "predict_classes of a model whose number of outputs is not seen: write predict(x).argmax(-1), or "
            "(predict(x) > 0.5).astype('int32') for one output"
        )
    return f'({name} > 0.5).astype("int32")' if units == 1 else f"{name}.argmax(-1)"


def _calls(prediction: Prediction, source: Source, scope: Scope, pick: Callable[..., str]) -> tuple[list[str], str]:
    """Lines to write before, and the calls of the model: one, or one a batch."""
    model, x = prediction.model, prediction.x
    kind = kind_of_data(x, source, scope)
    if kind == "generator" or prediction.method == "predict_generator" or prediction.steps is not None:
        if prediction.steps is None or kind == "dataset":
            raise Left("predict over a generator needs the number of its batches")
        if kind == "sequence":
            return [], f"{model}(torch.as_tensor({source.text(x)}[index])) for index in range({prediction.steps})"
        return [], f"{model}(torch.as_tensor(next({source.text(x)}))) for _ in range({prediction.steps})"
    if kind in ("dataset", "sequence"):
        raise Left("predict of a data set or Sequence: call the model on the inputs of its batches")
    parts = parts_of(x, source, scope)
    if parts is not None and not parts[0][0]:
        tensors = ", ".join(tensor(value, source) for _, value in parts)
        if prediction.method == "predict_on_batch" or _is_small(source.text(x)):
            return [], f"{model}([{tensors}])"
        loader = pick("predict_loader")
        made = f"{loader} = DataLoader(TensorDataset({tensors}), batch_size={prediction.batch_size})"
        batch = pick("batch")
        return [made], f"{model}({batch}) for {batch} in {loader}"
    if parts is not None:
        entries = ", ".join(f"{key!r}: {tensor(value, source)}" for key, value in parts)
        return [], f"{model}({{{entries}}})"
    text = tensor(x, source)
    if prediction.method == "predict_on_batch" or _is_small(source.text(source.value_of(x, scope) or x)):
        return [], f"{model}({text})"
    batch = pick("batch")
    return [], f"{model}({batch}) for {batch} in {text}.split({prediction.batch_size})"


def _is_small(text: str) -> bool:
    return any(word in text for word in _SMALL)


def result_names(target: cst.BaseExpression | None) -> list[str] | None:
    """The names that a tuple of targets gives to results."""
    if isinstance(target, (cst.Tuple, cst.List)):
        names = [element.value for element in target.elements]
        starred = any(isinstance(element, cst.StarredElement) for element in target.elements)
        if not starred and all(isinstance(name, cst.Name) for name in names):
            return [name.value for name in names]  # type: ignore[union-attr]
    return None
