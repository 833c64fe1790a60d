"""Where may statements be written in the place of a call, and where is an optimizer made?"""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from torchkeras_layer.port.names import dotted
from torchkeras_layer.port.training.arguments import method_arguments
from torchkeras_layer.port.training.data import first_sample
from torchkeras_layer.port.training.models import Facts, function_called
from torchkeras_layer.port.training.reading import Left, Source, literal
from torchkeras_layer.port.training.sites import Group, Site


@dataclass
class Place:
    """A statement, whether lines stand 'before', 'after' or in place of it ('replaced'), and lines to begin with."""

    statement: cst.CSTNode
    way: str = "replaced"
    lines: list[str] = field(default_factory=list)


def check_place(call: cst.Call, source: Source) -> cst.CSTNode:
    """Return the statement before which a call can be written out; Left if it runs more often, or not always."""
    statement = source.statement_of(call)
    inner: cst.CSTNode = call
    for parent in source.ancestors(call):
        if isinstance(parent, (cst.Lambda, cst.CompFor, cst.ListComp, cst.GeneratorExp, cst.SetComp, cst.DictComp)):
            raise Left("it runs inside an expression that repeats or waits: put it into a statement of its own")
        if isinstance(parent, (cst.IfExp, cst.BooleanOperation)) and getattr(parent, "left", None) is not inner:
            raise Left("it does not always run: put it into a statement of its own")
        if isinstance(parent, cst.SimpleStatementSuite):
            raise Left("it stands on one line with the statement around it: put it on a line of its own")
        if parent is statement:
            break
        inner = parent
    if isinstance(statement, cst.SimpleStatementLine):
        if len(statement.body) > 1:
            raise Left("several statements stand on its line: write them on lines of their own")
        return statement
    head = {cst.If: "test", cst.For: "iter"}.get(type(statement))
    if head is not None and getattr(statement, head) is inner or inner in getattr(statement, "items", ()):
        return statement
    raise Left("it stands in the head of a statement that does not run it once: put it on a line of its own")


def optimizer_place(item: Group, site: Site, facts: Facts, source: Source) -> Place:
    """Where the lines of a compile go: to its place, or behind the call of the function that compiles."""
    if item.made is not None:
        place = Place(source.statement_of(item.made), "after")
    else:
        place = Place(check_place(site.call, source))
        if not isinstance(source.parents[site.call], cst.Expr):
            raise Left("the result of compile is used")
    if facts.built is False and item.sites:
        place.lines = [_build(item, place, source)]
    return place


def _build(item: Group, place: Place, source: Source) -> str:
    """The line that makes the weights from the data of the first training; Left if these are not there yet."""
    for site in item.sites:
        given = method_arguments(site.call, site.method)
        x = given.get("x")
        if x is None or site.method not in ("fit", "evaluate", "train_on_batch"):
            continue
        value = source.value_of(x, site.scope)
        if given.get("y") is None or isinstance(value, (cst.List, cst.Dict, cst.Tuple)) or dotted(x) is None:
            continue
        assigned = source.assigned(dotted(x) or "", site.scope)
        at = source.order[place.statement]
        if assigned and all(source.order[part.statement] < at for part in assigned) or not assigned:
            if site.scope is source.scope_of(place.statement) or "." in source.text(x):
                return f"keras.build({item.owner}, {first_sample(x, source)})"
            if source.home_of(source.text(x), site.scope) is source.home_of(source.text(x), item.home):
                return f"keras.build({item.owner}, {first_sample(x, source)})"
    raise Left(
        f"{item.owner} has no weights before it is called: build it before its optimizer, by "
        f"keras.build({item.owner}, inputs) or an input shape of its first layer"
    )


def moved_names(item: Group, source: Source) -> dict[str, str]:
    """What the names of a function that compiles stand for where its result is used.

    Left if one of them is not known there.
    """
    if item.made is None:
        return {}
    scope = item.compiles[0].scope
    assigned = source.assigned(item.owner, item.sites[0].scope)[0]
    call = assigned.value
    function = function_called(call, source.scope_of(assigned.statement), source)
    if function is None or not isinstance(call, cst.Call):
        raise Left("the function that compiles is not seen")
    arguments = _arguments(function, call, source)
    renames: dict[str, str] = {}
    known = {"self", item.compiles[0].owner.split(".")[0]}
    pending: list[cst.CSTNode] = [site.call for site in item.compiles]
    while pending:
        for name in _names_in(pending.pop(), source):
            if name in known or name in renames or not scope.binds(name):
                continue
            value = source.value_of(cst.Name(name), scope)
            if name in arguments:
                renames[name] = arguments[name]
            elif value is not None and (literal(value) is not ... or _is_kerass(value, source)):
                if literal(value) is not ...:
                    renames[name] = source.text(value)
                else:
                    pending.append(value)
            else:
                raise Left(f"the compile of {item.owner} stands in a function, and uses its {name}: compile outside")
    return renames


def _is_kerass(value: cst.BaseExpression, source: Source) -> bool:
    if isinstance(value, cst.List):
        return True
    return isinstance(value, cst.Call) and source.name_of(value.func).startswith("keras.")


def _names_in(node: cst.CSTNode, source: Source) -> list[str]:
    found = []
    if isinstance(node, cst.Name):
        parent = source.parents.get(node)
        is_keyword = isinstance(parent, cst.Arg) and parent.keyword is node
        is_attribute = isinstance(parent, cst.Attribute) and parent.attr is node
        if not is_keyword and not is_attribute:
            found.append(node.value)
    for child in node.children:
        found += _names_in(child, source)
    return found


def _arguments(function: cst.FunctionDef, call: cst.Call, source: Source) -> dict[str, str]:
    """The text of each parameter's argument, or default."""
    parameters = [parameter for parameter in function.params.params if parameter.name.value != "self"]
    given = {item.name.value: source.text(item.default) for item in parameters if item.default is not None}
    names = [parameter.name.value for parameter in parameters]
    for position, argument in enumerate(call.args):
        if argument.star:
            continue
        if argument.keyword is not None:
            given[argument.keyword.value] = source.text(argument.value)
        elif position < len(names):
            given[names[position]] = source.text(argument.value)
    return given
