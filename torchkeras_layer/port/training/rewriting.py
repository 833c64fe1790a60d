"""How are all calls that compile, train and use the models of a file rewritten, or left with a reason?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import libcst as cst

from torchkeras_layer.port.names import dotted
from torchkeras_layer.port.training.callbacks import add_callback
from torchkeras_layer.port.training.compiled import Compiled, read_compiled
from torchkeras_layer.port.training.edits import Done, Edits
from torchkeras_layer.port.training.histories import Consumed, HistoryUse, read_use, target_of
from torchkeras_layer.port.training.lightning_callbacks import Parts
from torchkeras_layer.port.training.names import Names
from torchkeras_layer.port.training.placing import check_place, moved_names, optimizer_place
from torchkeras_layer.port.training.reading import Left, Source, literal
from torchkeras_layer.port.training.rewriting_calls import read_evaluation, read_prediction, read_step
from torchkeras_layer.port.training.rewriting_data import rewrite_data_sets
from torchkeras_layer.port.training.rewriting_fit import read_fit
from torchkeras_layer.port.training.sites import (
    PREDICTING,
    Group,
    Site,
    check_name_is_free,
    check_not_frozen,
    check_same_model,
    escapes,
    facts_of,
    families,
    find_sites,
    group,
    is_model,
    methods_of,
)
from torchkeras_layer.port.training.writing_calls import Written, result_names
from torchkeras_layer.port.training.writing_lightning import Module, inside, write_lightning
from torchkeras_layer.port.training.writing_loop import NeedsWeights, loop

# What a module or class is needed for, by the text that uses it.
_CLASSES = "DataLoader TensorDataset Subset tqdm SummaryWriter SimpleNamespace"
_MODULES = "torch nn np keras copy csv math os bisect itertools"
_NEEDS = {"L.": "L"} | {f"{name}(": name for name in _CLASSES.split()}
_NEEDS |= {f"{name}.": name for name in _MODULES.split()}
T = TypeVar("T")
_OWN_TRAINING = ("train_step", "test_step", "compute_loss", "compile", "fit")


def rewrite(module: cst.Module, context: Any, style: str = "loop") -> cst.Module:
    """Rewrite training code of Keras into statements of PyTorch.

    Args:
        module: the parsed file.
        context: takes findings, and knows the names of Keras.
        style: 'loop', or 'lightning' for a LightningModule and a Trainer.
    """
    rewriter = Rewriter(Source(module, context), style)
    rewriter.run()
    rewriter.edits.format(rewriter.source.parents)
    return rewriter.edits.apply()


class Rewriter:
    """The edits of one file, collected call by call; those of a group of calls are made together or not at all."""

    def __init__(self, source: Source, style: str):
        self.source = source
        self.style = style
        self.edits = Edits(source.module)
        self.names = Names(source)
        self.consumed = Consumed()
        self.sites = find_sites(source)
        self.groups = group(self.sites, source)

    def run(self) -> None:
        """Collect the edits of all calls."""
        for family in families(self.groups):
            self._family(family)
        for site in self.sites:
            if site.method in PREDICTING:
                self._predict(site)
            elif site.method != "compile" and not any(site in item.sites for item in self.groups):
                self._without_compile(site)
        for statement in self.consumed.unused():
            self.edits.replaced[statement] = []
        for done in rewrite_data_sets(self.source, self.edits):
            self._report(done)

    def _report(self, done: Done) -> None:
        self.source.context.finding(done.node, "rewritten", done.rule, "\n".join(done.lines), "")
        for name in needed(done.lines):
            self.source.context.need(name)

    def _leave(self, site: Site, reason: str) -> None:
        self.source.context.finding(site.call, "left", site.method, "", reason)

    def _note(self, site: Site, reason: str) -> None:
        self.source.context.finding(site.call, "note", site.method, "", reason)

    def _family(self, family: list[Group]) -> None:
        """Rewrite models that one compile is for, with all that trains them, or none of them."""
        parts = []
        try:
            for item in family:
                self._check(item)
                parts.append(self._part(item))
        except Left as reason:
            sites = [site for item in family for site in [*item.compiles, *item.sites]]
            for site in dict.fromkeys(sites):
                together = reason.where is not None and reason.where is not site.call
                self._leave(site, f"it belongs to a call that is left: {reason}" if together else str(reason))
            return
        for part in parts:
            self.edits.update(part.edits)
            self.consumed.update(part.consumed)
        for done in {item.node: item for part in parts for item in part.done}.values():
            self._report(done)
        for site, note in dict.fromkeys(pair for part in parts for pair in part.notes):
            self._note(site, note)

    def _part(self, item: Group) -> _GroupRewriter:
        try:
            self.source.renames = moved_names(item, self.source)
            for weighted in (False, True):
                part = _GroupRewriter(self, item, weighted)
                try:
                    part.run()
                    return part
                except NeedsWeights:
                    if weighted:
                        raise
        finally:
            self.source.renames = {}
        raise AssertionError("one of the two runs returns or raises")

    def _check(self, item: Group) -> None:
        facts = facts_of(item, self.source)
        own = methods_of(facts.own_class, item.home, self.source)
        for name in _OWN_TRAINING:
            if name in own:
                raise Left(f"{facts.own_class} defines {name}: write its lines in the loop by hand")
        if not item.sites and escapes(item, self.source):
            raise Left("nothing that trains it is seen in this file: write the optimizer where the loop is")

    def several_models(self, item: Group) -> bool:
        """Whether other models are compiled in the same scope."""
        return any(
            site.method == "compile" and site.home is item.home and site.owner != item.owner for site in self.sites
        )

    def _predict(self, site: Site) -> None:
        source = self.source
        known = is_model(site, source, self.groups)
        if known is False:
            return
        try:
            if known is None:
                raise Left(
                    f"it is not clear that {site.owner} is a model of Keras. If it is: {site.owner}.eval(), and inside "
                    f"with torch.no_grad(): {site.owner}(torch.as_tensor(x)).numpy()"
                )
            statement = check_place(site.call, source)
            name, lines = read_prediction(site, statement, source, self.names.picker([site.scope]))
            for module in needed(lines):
                check_name_is_free(module, site.scope, source)
        except Left as reason:
            self._leave(site, str(reason))
            return
        target = target_of(statement, site.call)
        named = target is not None and (dotted(target) or result_names(target))
        whole = bool(named) or isinstance(source.parents[site.call], cst.Expr)
        self.edits.replace(site.call, statement, lines, None if whole else name)
        self._report(Done(site.call, site.method, lines))

    def _without_compile(self, site: Site) -> None:
        if site.has_words_of_keras or is_model(site, self.source, self.groups):
            self._leave(
                site,
                f"the compile of {site.owner} is not in this file, or not where it can be seen: its optimizer and loss "
                "are not known here",
            )


class _GroupRewriter:
    """The edits of one model's compile and training."""

    def __init__(self, rewriter: Rewriter, item: Group, weighted: bool):
        self.rewriter = rewriter
        self.source = rewriter.source
        self.item = item
        self.weighted = weighted
        self.edits = Edits(self.source.module)
        self.consumed = Consumed()
        self.done: list[Done] = []
        self.notes: list[tuple[Site, str]] = []

    def run(self) -> None:
        """Collect the edits; Left if one of the calls cannot be rewritten."""
        item = self.item
        prefix = "self." if item.owner.startswith("self.") else ""
        pick = self.rewriter.names.picker([item.home, *(site.scope for site in item.sites)], prefix)
        if self.rewriter.several_models(item):
            pick = _prefixed(pick, item.owner.removeprefix("self.").replace(".", "_"))
        fits = [site for site in item.sites if site.method in ("fit", "fit_generator")]
        if self.rewriter.style == "lightning" and len(fits) > 1:
            raise Left("a second fit goes on with the optimizer of the first one: use --style loop")
        compiled = {site: at(site, lambda site=site: self._compile(site, pick)) for site in item.compiles}
        self._name_results(compiled[item.compiles[-1]])
        for site in item.sites:
            mine = replace(compiled[item.compile_of(site, self.source)], model=site.owner)
            lines = at(site, lambda site=site, mine=mine: self._site(site, mine))
            for name in needed([*mine.lines(), *lines]):
                check_name_is_free(name, site.scope, self.source)
            self.done.append(Done(site.call, site.method, lines))

    def _name_results(self, compiled: Compiled) -> None:
        """Put the names of the results in the place of `model.metrics_names`."""
        keys = ["loss", *(metric.key for metric in compiled.metrics)]
        for node in self.source.uses_of(f"{self.item.owner}.metrics_names", self.item.owner, self.item.home):
            parent = self.source.parents[node]
            index = literal(getattr(parent.slice[0].slice, "value", None)) if isinstance(parent, cst.Subscript) else ...
            if isinstance(index, int) and -len(keys) <= index < len(keys):
                self.edits.expressions[parent] = f'"{keys[index]}"'
            else:
                self.edits.expressions[node] = "[" + ", ".join(f'"{key}"' for key in keys) + "]"

    def _compile(self, site: Site, pick: Callable[..., str]) -> Compiled:
        source, item = self.source, self.item
        facts = facts_of(item, source)
        place = optimizer_place(item, site, facts, source)
        read = read_compiled(site.call, item.owner, facts, self.weighted, source, site.scope, pick)
        lines = [*place.lines, *read.lines()] if item.sites else []
        if self.rewriter.style == "lightning":
            lines = place.lines
        if place.way == "after":
            self.edits.replaced[source.statement_of(site.call)] = []
        self.edits.put(place.way, place.statement, lines)
        self.done.append(Done(site.call, "compile", [*lines, read.optimizer.clipping or ""]))
        self.notes += [(site, note) for note in read.notes()]
        self.consumed.add(site.call, site.scope, source)
        return read

    def _site(self, site: Site, compiled: Compiled) -> list[str]:
        source = self.source
        statement = check_place(site.call, source)
        if site.method in ("fit", "fit_generator", "train_on_batch"):
            check_not_frozen(site, source)
            check_same_model(self.item, site, source)
        pick = self.rewriter.names.picker([site.scope])
        if site.method in ("fit", "fit_generator"):
            use = read_use(site, statement, source, pick)
            lines = self._fit(site, compiled, use, pick)
            self.edits.expressions.update(use.expressions)
            self.edits.replace(site.call, statement, lines, None if use.is_statement else use.name)
            self.consumed.add(site.call, site.scope, source)
            return lines
        if self.rewriter.style == "lightning":
            self._check_after_fit(site)
            compiled = inside(compiled, self._module(site).name)
        if site.method in ("evaluate", "evaluate_generator"):
            written = read_evaluation(site, compiled, source, pick, result_names(target_of(statement, site.call)))
        else:
            written = read_step(site, compiled, source, pick)
            if compiled.metrics:
                note = "metrics are those of this batch, as in Keras 2; Keras 3 gives means since reset_metrics()"
                self.notes.append((site, note))
        self._replace_call(site, statement, written)
        return written.lines

    def _fit(self, site: Site, compiled: Compiled, use: HistoryUse, pick: Callable[..., str]) -> list[str]:
        if self.rewriter.style == "lightning":
            parts = Parts()
            training = read_fit(site, compiled, use, self.source, pick, parts.add)
            lines = write_lightning(training, parts, self._module(site))
            self.notes += [(site, note) for note in parts.notes]
        else:
            training = read_fit(site, compiled, use, self.source, pick, add_callback)
            lines = loop(training)
        data = [part for part in (training.batches, training.validation) if part is not None]
        self.notes += [(site, note) for part in data for note in part.notes]
        return lines

    def _module(self, site: Site) -> Module:
        """The names of the module that trains the model, in the scope of its fit."""
        pick = self.rewriter.names.picker([site.scope])
        if self.rewriter.several_models(self.item):
            word = self.item.owner.removeprefix("self.").replace(".", "_")
            return Module(pick(f"{word.title().replace('_', '')}Module"), pick(f"{word}_module"), pick("trainer"))
        return Module(pick("TrainingModule"), pick("module"), pick("trainer"))

    def _check_after_fit(self, site: Site) -> None:
        """A module of Lightning has the loss and the metrics, and is made where the model is trained."""
        fits = [other for other in self.item.sites if other.method in ("fit", "fit_generator")]
        before = [other for other in fits if self.source.is_before(other.call, site.call)]
        if site.method.endswith("_on_batch") or not any(other.scope is site.scope for other in before):
            raise Left(f"{site.method} before or without a fit in the same function: use --style loop")

    def _replace_call(self, site: Site, statement: cst.CSTNode, written: Written) -> None:
        """Put statements in the place of a call, and its results in the place of its value."""
        source, edits = self.source, self.edits
        parent = source.parents[site.call]
        names = result_names(target_of(statement, site.call))
        values = list(written.results.values())
        if isinstance(parent, cst.Expr):
            edits.replace(site.call, statement, [*written.lines, *_shown(site, written)], None)
        elif names is not None:
            pairs = [f"{name} = {value}" for name, value in zip(names, values, strict=False) if name != value]
            edits.replace(site.call, statement, [*written.lines, *pairs], None)
        else:
            index = None
            if isinstance(parent, cst.Subscript) and len(parent.slice) == 1 and not site.returns_dict:
                index = literal(getattr(parent.slice[0].slice, "value", None))
            if isinstance(index, int) and len(values) > 1:
                edits.replace(parent, statement, written.lines, values[index])
            else:
                edits.replace(site.call, statement, written.lines, written.value(site.returns_dict))


def needed(lines: list[str]) -> list[str]:
    """The names that lines use and a file has to import."""
    text = "\n".join(lines)
    return [name for part, name in _NEEDS.items() if re.search(rf"\b{re.escape(part)}", text)]


def at(site: Site, work: Callable[[], T]) -> T:
    """Do something for a site; a Left that it raises says where."""
    try:
        return work()
    except Left as reason:
        reason.where = reason.where or site.call
        raise


def _prefixed(pick: Callable[..., str], word: str) -> Callable[..., str]:
    return lambda *names: pick(*(f"{word}_{name}" for name in names))


def _shown(site: Site, written: Written) -> list[str]:
    """The line that shows results which nothing reads, unless the call was silent."""
    silent = any(
        argument.keyword is not None and argument.keyword.value == "verbose" and literal(argument.value) == 0
        for argument in site.call.args
    )
    if silent or not site.method.startswith("evaluate"):
        return []
    values = ", ".join(f"{key} {{{value}:.4f}}" for key, value in written.results.items())
    return [f'print(f"{values}")']
