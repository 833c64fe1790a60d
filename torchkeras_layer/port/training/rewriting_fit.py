"""What does a call of `fit` say, read into a description of the loop?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import libcst as cst

from torchkeras_layer.port.training.arguments import WITHOUT_EFFECT, Arguments, method_arguments
from torchkeras_layer.port.training.callbacks import Loop
from torchkeras_layer.port.training.compiled import Compiled
from torchkeras_layer.port.training.data import Batches, Request, read_batches, split
from torchkeras_layer.port.training.histories import HistoryUse
from torchkeras_layer.port.training.reading import Expression, Left, Source, literal
from torchkeras_layer.port.training.sites import Site
from torchkeras_layer.port.training.writing_loop import Training, Variables, variables


def read_fit(
    site: Site, compiled: Compiled, use: HistoryUse, source: Source, pick: Callable[..., str], add: Callable[..., None]
) -> Training:
    """Read a call of `fit` or `fit_generator`; `add` reads its callbacks. Left if something has no counterpart."""
    given = method_arguments(site.call, "fit" if site.method == "fit" else "fit_generator")
    batches, validation, lines = _data(given, site, compiled, source, pick)
    names = variables(compiled, pick, validation is not None)
    loop = _loop(site, compiled, names, source, pick)
    for node in _callbacks(given.get("callbacks"), site, source):
        add(node, loop)
    training = Training(
        compiled,
        batches,
        validation,
        names,
        loop.hooks,
        epochs=_text(given, "epochs", "1", source),
        first_epoch=_text(given, "initial_epoch", "0", source),
        verbose=_text(given, "verbose", "1", source),
        history=use.name,
        history_is_object=use.is_object,
        class_weight=lines,
        rate_key="lr" if any(text.strip("\"'") == "lr" for text in source.texts) else "learning_rate",
    )
    has_callbacks = bool(loop.hooks.bests or loop.hooks.epoch_end or loop.hooks.stops or loop.hooks.after_batch)
    training.reports = use.name is not None or has_callbacks or training.verbose not in ("0", "False")
    given.refuse_others(ignored=WITHOUT_EFFECT | {"show_accuracy"})
    return training


def _loop(site: Site, compiled: Compiled, names: Variables, source: Source, pick: Callable[..., str]) -> Loop:
    return Loop(
        source,
        site.scope,
        compiled.model,
        compiled.optimizer_name,
        names.epoch,
        names.loss,
        names.values,
        pick,
        {metric.key: metric.rises for metric in compiled.metrics} | {"loss": False},
        compiled.optimizer.scheduler is not None,
    )


def _text(given: Arguments, name: str, default: str, source: Source) -> str:
    node = given.get(name)
    return default if node is None else source.text(node)


def _callbacks(node: Expression | None, site: Site, source: Source) -> list[Expression]:
    value = source.value_of(node, site.scope)
    if value is None:
        return []
    if isinstance(value, (cst.List, cst.Tuple)):
        name = None if node is value or node is None else source.text(node)
        if name is not None and any(f"{name}.{way}" in source.uses for way in ("append", "extend", "insert")):
            raise Left(f"the list {name} grows after it is made: write the callbacks in one list")
        return [element.value for element in value.elements]
    if isinstance(value, cst.Call):
        return [value]
    raise Left(f"it is not clear which callbacks are in {source.text(value)}")


def _data(
    given: Arguments, site: Site, compiled: Compiled, source: Source, pick: Callable[..., str]
) -> tuple[Batches, Batches | None, list[str]]:
    x = given.get("x")
    if x is None:
        raise Left("it has no data")
    samples, shuffle = given.get("samples_per_epoch"), given.get("shuffle")
    if shuffle is not None and literal(shuffle) == "batch":
        raise Left("shuffle='batch' has no counterpart: write a batch_sampler for the DataLoader")
    request = Request(
        source,
        site.scope,
        x,
        given.get("y"),
        given.get("sample_weight"),
        _text(given, "batch_size", "32", source),
        "True" if shuffle is None else source.text(shuffle),
        None if given.get("steps_per_epoch") is None else _text(given, "steps_per_epoch", "", source),
        None if samples is None else source.text(samples),
        compiled.needs_floats,
        compiled.outputs,
        pick=pick,
    )
    fraction = given.get("validation_split")
    validation = None
    size = _text(given, "validation_batch_size", request.batch_size, source)
    if given.get("validation_freq") is not None and given.literal("validation_freq", 1) != 1:
        raise Left("validation_freq: put the evaluation under an if by hand")
    if fraction is not None and literal(fraction) != 0 and given.get("validation_data") is None:
        if request.y is None and compiled.losses != [None]:
            raise Left("validation_split without targets")
        batches, validation = split(request, source.text(fraction), size)
    else:
        batches = _train_batches(request, compiled)
        validation = _validation(given, request, size)
    class_weight = given.get("class_weight")
    lines = [] if class_weight is None else _class_weight(class_weight, batches, compiled, site, source, pick)
    return batches, validation, lines


def _train_batches(request: Request, compiled: Compiled) -> Batches:
    if request.y is None and compiled.losses == [None] and request.steps is None and request.samples is None:
        from torchkeras_layer.port.training.data import of_arrays

        return of_arrays(request)
    return read_batches(request)


def _validation(given: Arguments, request: Request, size: str) -> Batches | None:
    node = given.get("validation_data")
    steps, samples = given.get("validation_steps"), given.get("validation_samples")
    if node is None:
        return None
    source = request.source
    value = source.value_of(node, request.scope)
    plain = replace(
        request, role="val", batch_size=size, shuffle="False", weights=None, y=None, samples=None,
        steps=None if steps is None else source.text(steps),
    )  # fmt: skip
    if isinstance(value, (cst.Tuple, cst.List)):
        if not 2 <= len(value.elements) <= 3:
            raise Left("validation_data is not a pair of inputs and targets")
        parts = [element.value for element in value.elements]
        return read_batches(
            replace(plain, x=parts[0], y=parts[1], weights=parts[2] if len(parts) == 3 else None, steps=None)
        )
    return read_batches(replace(plain, x=node, samples=None if samples is None else source.text(samples)))


def _class_weight(
    node: Expression, batches: Batches, compiled: Compiled, site: Site, source: Source, pick: Callable[..., str]
) -> list[str]:
    """Give each sample of a batch the weight of its class; return the line that makes the weights of the classes."""
    kind = compiled.losses[0].kind if compiled.losses[0] else ""
    if len(compiled.losses) > 1 or batches.weights or not batches.targets:
        raise Left("class_weight with sample_weight or several outputs: multiply the weights by hand")
    target = batches.targets[0]
    if kind == "CategoricalCrossentropy":
        classes = f"{target}.argmax(-1)"
    elif kind == "SparseCategoricalCrossentropy" or compiled.facts.units == 1:
        classes = f"{target}.flatten().long()"
    else:
        raise Left("class_weight: it is not clear whether the targets are classes or one-hot: weight samples by hand")
    value = source.value_of(node, site.scope)
    weights = literal(value)
    name = pick("class_weights")
    if isinstance(weights, dict) and sorted(weights) == list(range(len(weights))):
        made = f"torch.tensor([{', '.join(str(float(weights[key])) for key in sorted(weights))}])"
    elif isinstance(weights, dict) or not isinstance(node, (cst.Name, cst.Attribute)):
        raise Left("class_weight is not a dict of all classes from 0 on: weight samples by hand")
    else:
        text = source.text(node)
        made = f"torch.tensor([{text}[label] for label in range(len({text}))], dtype=torch.float32)"
    batches.weights = pick("weights")
    batches.body.append(f"{batches.weights} = {name}[{classes}]")
    return [f"{name} = {made}"]
