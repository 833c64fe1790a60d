"""Where does a file compile, train and use models, and which compile belongs to which fit?"""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from torchkeras_layer.port.names import dotted
from torchkeras_layer.port.training.arguments import PARAMETERS
from torchkeras_layer.port.training.models import Facts, function_called, read_model, returned
from torchkeras_layer.port.training.reading import Assignment, Left, Scope, Source, literal

TRAINING = ("fit", "fit_generator", "train_on_batch", "test_on_batch", "evaluate", "evaluate_generator")
PREDICTING = ("predict", "predict_generator", "predict_classes", "predict_proba", "predict_on_batch")
_NAMES_OF_KERAS_KEYWORDS = (
    "epochs nb_epoch batch_size validation_data validation_split callbacks steps_per_epoch samples_per_epoch "
    "verbose class_weight steps"
)
_KERAS_KEYWORDS = frozenset(_NAMES_OF_KERAS_KEYWORDS.split())


@dataclass(eq=False)
class Site:
    """A call of a method of a model: the text of the model, the scope of the call, and that of the model's name."""

    call: cst.Call
    method: str
    owner: str
    scope: Scope
    home: Scope | None

    @property
    def keywords(self) -> set[str]:
        """The keywords of the call."""
        return {argument.keyword.value for argument in self.call.args if argument.keyword}

    @property
    def returns_dict(self) -> bool:
        """Whether the result is a dict."""
        return "return_dict" in self.keywords

    @property
    def has_words_of_keras(self) -> bool:
        """Whether only a model of Keras has such a method or such arguments."""
        return bool(self.keywords & _KERAS_KEYWORDS) or self.method.endswith(("_generator", "_on_batch"))


@dataclass(eq=False)
class Group:
    """A model that is compiled and trained: where, and after which assignment, if a function compiles it."""

    owner: str
    home: Scope
    compiles: list[Site]
    sites: list[Site]
    made: cst.CSTNode | None = None
    renames: dict[str, str] = field(default_factory=dict)

    def compile_of(self, site: Site, source: Source) -> Site:
        """The compile that a site trains with: the last one before it."""
        before = [item for item in self.compiles if source.is_before(item.call, site.call)]
        return before[-1] if before else self.compiles[0]


def find_sites(source: Source) -> list[Site]:
    """List the calls of methods of models, in the order of the text."""
    found = []
    for call in source.calls:
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in PARAMETERS:
            owner = dotted(call.func.value)
            scope = source.scope_of(call)
            if owner is not None and owner not in ("self", "super"):
                site = Site(call, call.func.attr.value, owner, scope, source.home_of(owner, scope))
                if not _is_imported(site, source) and (site.method != "compile" or _is_compile(site, source)):
                    found.append(site)
    return found


def _is_imported(site: Site, source: Source) -> bool:
    return any(_by_import(item, source) for item in source.assigned(site.owner.split(".")[0], site.scope))


def _by_import(item: Assignment, source: Source) -> bool:
    around = list(source.ancestors(item.statement))[:3]
    return any(isinstance(parent, (cst.Import, cst.ImportFrom)) for parent in around)


def check_name_is_free(name: str, scope: Scope, source: Source) -> None:
    """Raise Left if a name that a module would get stands for something else in a scope."""
    home = source.home_of(name, scope)
    if home is None:
        return
    others = [item for item in home.assignments.get(name, []) if not _by_import(item, source)]
    if others or name in home.parameters:
        raise Left(f"the name {name}, which the new lines import, stands for something else: rename it first")


def _is_compile(site: Site, source: Source) -> bool:
    if site.keywords & {"optimizer", "loss", "metrics"}:
        return True
    return bool(site.call.args) and read_model(site.owner, site.scope, source).built is not None


def is_model(site: Site, source: Source, groups: list[Group]) -> bool | None:
    """Whether a site's owner is a model of Keras; `None` if that cannot be seen."""
    if any(site in group.sites or (group.owner, group.home) == (site.owner, site.home) for group in groups):
        return True
    facts = read_model(site.owner, site.scope, source)
    if facts.built is not None:
        return True
    given = [read_model(name, scope, source).built for name, scope in _arguments_of(site, source) if name]
    if given and None not in given:
        return True
    for item in source.assigned(site.owner, site.scope):
        if isinstance(item.value, cst.Call):
            function = function_called(item.value, site.scope, source)
            return None if function is not None or site.keywords & _KERAS_KEYWORDS else False
    return None if source.assigned(site.owner, site.scope) == [] or site.keywords & _KERAS_KEYWORDS else False


def group(sites: list[Site], source: Source) -> list[Group]:
    """Put the calls of `compile` together with the calls that train and evaluate the same model."""
    groups: list[Group] = []
    for site in sites:
        if site.method == "compile" and site.home is not None:
            found = next((item for item in groups if (item.owner, item.home) == (site.owner, site.home)), None)
            if found is None:
                groups.append(Group(site.owner, site.home, [site], []))
            else:
                found.compiles.append(site)
    own = list(groups)
    for site in sites:
        if site.method in TRAINING and site.home is not None:
            found = next((item for item in groups if (item.owner, item.home) == (site.owner, site.home)), None)
            found = found or _from_function(site, own, source) or _from_argument(site, own, source)
            if found is not None:
                if found not in groups:
                    groups.append(found)
                found.sites.append(site)
    return groups


def _from_function(site: Site, groups: list[Group], source: Source) -> Group | None:
    """The group of a model that a function of this file makes and compiles."""
    made = [item for item in source.assigned(site.owner, site.scope) if item.value is not None]
    if len(made) != 1 or site.home is None:
        return None
    value = made[0].value
    function = function_called(value, source.scope_of(made[0].statement), source)
    result = None if function is None else returned(function, source)
    name = None if result is None else dotted(result)
    for found in groups:
        if function is not None and found.home.node is function and found.owner == name:
            return Group(site.owner, site.home, found.compiles, [], made[0].statement)
    return None


def _arguments_of(site: Site, source: Source) -> list[tuple[str, Scope]]:
    """What the calls of a function of this file give for the parameter that is a site's model."""
    function = site.scope.node
    if not isinstance(function, cst.FunctionDef) or site.owner not in site.scope.parameters:
        return []
    names = [parameter.name.value for parameter in function.params.params]
    found = []
    for call in source.calls:
        if dotted(call.func) == function.name.value:
            by_name = dict(zip(names, [item.value for item in call.args if item.keyword is None], strict=False))
            by_name |= {item.keyword.value: item.value for item in call.args if item.keyword}
            given = by_name.get(site.owner)
            found.append(("" if given is None else dotted(given) or "", source.scope_of(call)))
    return found


def _from_argument(site: Site, groups: list[Group], source: Source) -> Group | None:
    """The group of a compiled model of the module that all calls of a function give to it."""
    given = {(name, source.home_of(name, scope)) for name, scope in _arguments_of(site, source) if name}
    found = [item for item in groups if (item.owner, item.home) in given]
    whole = len(given) == 1 and found and isinstance(found[0].home.node, cst.Module)
    return found[0] if whole else None


def methods_of(name: str | None, scope: Scope, source: Source) -> set[str]:
    """The methods that a class of this file defines."""
    found = [] if name is None else source.assigned(name, scope)
    classes = [item.statement for item in found if isinstance(item.statement, cst.ClassDef)]
    return {part.name.value for node in classes for part in node.body.body if isinstance(part, cst.FunctionDef)}


def families(groups: list[Group]) -> list[list[Group]]:
    """Put groups together that share a compile; one that trains nothing counts only where it is alone."""
    found: dict[Site, list[Group]] = {}
    for item in groups:
        found.setdefault(item.compiles[0], []).append(item)
    return [[item for item in family if item.sites] or family for family in found.values()]


def check_not_frozen(site: Site, source: Source) -> None:
    """Raise Left if a model that trains was frozen after its compile: Keras 2 trains it, Keras 3 and torch do not."""
    for item in reversed(source.assigned(f"{site.owner}.trainable", site.scope)):
        if source.is_before(item.statement, site.call):
            if item.value is not None and literal(item.value) is False:
                raise Left(
                    f"{site.owner}.trainable is False when it trains. Keras 2 looks at it when it compiles: leave it "
                    "True, and give the optimizer of the model around it the parameters of the other part only"
                )
            return


def check_same_model(item: Group, site: Site, source: Source) -> None:
    """Raise Left if the name stands for another model when it trains than when it was compiled."""
    compiled = item.compile_of(site, source)
    start = compiled.call if item.made is None else item.made
    others = [made.statement for made in source.assigned(item.owner, site.scope) if made.statement is not item.made]
    if any(source.is_before(start, other) and source.is_before(other, site.call) for other in others):
        raise Left(f"{item.owner} is another model than the one that was compiled: make an optimizer for it")


def escapes(item: Group, source: Source) -> bool:
    """Whether a model is given to other functions, returned or kept, so that something else may train it."""
    if item.owner.startswith("self."):
        return True
    mine = source.uses_of(item.owner, item.owner, item.home)
    return any(not isinstance(source.parents[use], cst.Attribute) for use in mine)


def facts_of(group: Group, source: Source) -> Facts:
    """What is known of the model of a group."""
    return read_model(group.owner, group.sites[0].scope if group.sites else group.compiles[0].scope, source)
