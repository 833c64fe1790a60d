"""What do calls of `evaluate`, `predict` and `train_on_batch` say, and what is written for them?"""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from torchkeras_layer.port.names import dotted
from torchkeras_layer.port.training.arguments import WITHOUT_EFFECT, method_arguments
from torchkeras_layer.port.training.compiled import Compiled
from torchkeras_layer.port.training.data import Batches, Request, columns, read_batches
from torchkeras_layer.port.training.histories import target_of
from torchkeras_layer.port.training.models import read_model
from torchkeras_layer.port.training.reading import Left, Source
from torchkeras_layer.port.training.sites import Site
from torchkeras_layer.port.training.writing_calls import (
    Prediction,
    Written,
    result_names,
    write_evaluate,
    write_predict,
    write_step,
)

_SHOWN = WITHOUT_EFFECT | {"verbose", "return_dict", "reset_metrics"}


def read_evaluation(
    site: Site, compiled: Compiled, source: Source, pick: Callable[..., str], names: list[str] | None
) -> Written:
    """Write an `evaluate`, whose results get names if the script has some for them."""
    given = method_arguments(site.call, site.method)
    batch, steps = given.get("batch_size"), given.get("steps")
    request = Request(
        source,
        site.scope,
        given.need("x"),
        given.get("y"),
        given.get("sample_weight"),
        "32" if batch is None else source.text(batch),
        steps=None if steps is None else source.text(steps),
        floats=compiled.needs_floats,
        outputs=compiled.outputs,
        role="test",
        pick=pick,
    )
    given.refuse_others(ignored=_SHOWN)
    return write_evaluate(compiled, read_batches(request), pick, names)


def read_step(site: Site, compiled: Compiled, source: Source, pick: Callable[..., str]) -> Written:
    """Write a `train_on_batch` or `test_on_batch`."""
    given = method_arguments(site.call, site.method)
    x, y = given.need("x"), given.need("y")
    given.refuse_others(ignored=_SHOWN)
    request = Request(source, site.scope, x, y, floats=compiled.needs_floats, outputs=compiled.outputs, pick=pick)
    read = columns(request)
    if read.parts[0].startswith("*"):
        raise Left("several inputs: call the model on a list of tensors")
    setup = [f"{part} = {value}" for part, value in zip(read.parts, read.tensors, strict=True)]
    batches = Batches(inputs=read.inputs, targets=read.targets, setup=setup)
    return write_step(compiled, batches, pick, site.method == "train_on_batch")


def read_prediction(
    site: Site, statement: cst.CSTNode, source: Source, pick: Callable[..., str]
) -> tuple[str, list[str]]:
    """Write a `predict`; return the name of its result, and the statements."""
    given = method_arguments(site.call, site.method)
    x, batch, steps = given.need("x"), given.get("batch_size"), given.get("steps")
    given.refuse_others(ignored=_SHOWN)
    facts = read_model(site.owner, site.scope, source)
    target = target_of(statement, site.call)
    taken = result_names(target)
    several = len(facts.outputs) > 1 if facts.outputs is not None else taken is not None and facts.units is None
    name = None if target is None else dotted(target)
    chosen = name or (", ".join(taken) if taken else pick("predictions"))
    prediction = Prediction(
        site.owner,
        site.method,
        x,
        facts,
        "32" if batch is None else source.text(batch),
        None if steps is None else source.text(steps),
        several,
    )
    return chosen, write_predict(prediction, source, site.scope, pick, chosen)
