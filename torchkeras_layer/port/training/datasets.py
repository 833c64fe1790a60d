"""What are generators, Sequences and tf.data chains of a file, and what do they give at each step?"""

from __future__ import annotations

import libcst as cst

from torchkeras_layer.port.names import dotted
from torchkeras_layer.port.training.arguments import Arguments
from torchkeras_layer.port.training.models import function_called
from torchkeras_layer.port.training.reading import Expression, Left, Scope, Source, literal

DATASET = "dataset"
SEQUENCES = ("keras.utils.Sequence", "keras.utils.PyDataset", "keras.utils.data_utils.Sequence")
_ORDER = ("shuffle", "batch", "prefetch", "cache")


def kind_of_data(node: Expression, source: Source, scope: Scope) -> str:
    """Say what data is: 'arrays', 'generator', 'sequence', 'dataset', or 'unknown'."""
    value = source.value_of(node, scope)
    name = dotted(node)
    if name is not None and chain_of(name, scope, source) is not None:
        return DATASET
    if isinstance(value, (cst.List, cst.Dict, cst.Subscript)):
        return "arrays"
    if not isinstance(value, cst.Call):
        return "unknown"
    function = function_called(value, scope, source)
    if function is not None:
        return "generator" if generator_of(function, source) is not None else "unknown"
    if sequence_class(value, source, scope) is not None:
        return "sequence"
    full = source.name_of(value.func)
    called = source.text(value.func)
    if called.rpartition(".")[2] in ("flow", "flow_from_directory", "flow_from_dataframe"):
        return "images"
    if full.endswith("DataLoader") or called.rpartition(".")[2] == "DataLoader":
        return DATASET
    return "arrays" if called.startswith(("np.", "numpy.")) else "unknown"


def sequence_class(value: Expression | None, source: Source, scope: Scope) -> cst.ClassDef | None:
    """The class of this file that an instance of a Sequence is made from."""
    name = dotted(value.func) if isinstance(value, cst.Call) else None
    found = [] if name is None else source.assigned(name, scope)
    for item in found:
        if isinstance(item.statement, cst.ClassDef) and is_sequence(item.statement, source):
            return item.statement
    return None


def is_sequence(node: cst.ClassDef, source: Source) -> bool:
    """Whether a class is a subclass of Keras's Sequence or PyDataset."""
    return any(source.name_of(base.value) in SEQUENCES for base in node.bases)


def generator_of(function: cst.FunctionDef, source: Source) -> cst.FunctionDef | None:
    """The function that yields, if a function does so or returns the result of one that does."""
    seen: list[cst.FunctionDef] = []
    while not source.yields.get(function):
        seen.append(function)
        returned = source.returns.get(function, [])
        inner = None if not returned else function_called(returned[-1], source.scopes[function], source)
        if inner is None or inner in seen:
            return None
        function = inner
    return function


def yielded(node: Expression, source: Source, scope: Scope) -> list[str]:
    """The parts that a step gives, each 'one', 'dict', 'list', or 'list of 2' where their number is seen."""
    name = dotted(node)
    chain = None if name is None else chain_of(name, scope, source)
    if chain is not None:
        return ["one"] * len(chain.arrays)
    value = source.value_of(node, scope)
    function = function_called(value, scope, source)
    owner = sequence_class(value, source, scope)
    given: list[Expression] = []
    inner = scope
    if function is not None:
        function = generator_of(function, source) or function
        given = source.yields.get(function, [])
        inner = source.scopes[function]
    elif owner is not None:
        getter = next(
            (
                item
                for item in owner.body.body
                if isinstance(item, cst.FunctionDef) and item.name.value == "__getitem__"
            ),
            None,
        )
        if getter is None:
            raise Left(f"the class {owner.name.value} has no __getitem__")
        inner = source.scopes[getter]
        given = source.returns.get(getter, [])
    if not given:
        return ["one", "one"]
    result = source.value_of(given[-1], inner)
    if not isinstance(result, (cst.Tuple, cst.List)):
        return ["one", "one"] if isinstance(result, (cst.Name, cst.Call)) else ["one"]
    return [_kind(element.value, inner, source) for element in result.elements]


def _kind(node: Expression, scope: Scope, source: Source) -> str:
    value = source.value_of(node, scope)
    if isinstance(value, cst.Dict):
        return "dict"
    if isinstance(node, (cst.List, cst.Tuple)) and len(node.elements) > 1 and literal(node) is ...:
        return f"list of {len(node.elements)}"
    return "list" if isinstance(node, cst.List) and literal(node) is ... else "one"


def advice_on_data(node: Expression, source: Source, scope: Scope) -> str:
    """What to write for a data set of TensorFlow or of Keras's folders; '' for other data."""
    name = dotted(node)
    values = [node] if name is None else [item.value for item in source.assigned(name, scope) if item.value is not None]
    texts = [source.text(value) for value in values]
    if any("_dataset_from_directory(" in text for text in texts):
        return "a data set of files in folders: write torchvision.datasets.ImageFolder, or a Dataset, in a DataLoader"
    if any(f".{step}(" in text for text in texts for step in (*_ORDER, "map", "repeat", "from_generator")):
        return (
            "a tf.data pipeline of more than from_tensor_slices, shuffle, batch, cache and prefetch: write a Dataset "
            "whose __getitem__ does the rest, in a DataLoader"
        )
    return ""


class Chain:
    """A tf.data chain: arrays, the arguments of its steps, and the assignments that it consists of."""

    def __init__(self, assignments: list, arrays: list[Expression], steps: dict[str, cst.Call]):
        self.assignments = assignments
        self.arrays = arrays
        self.steps = steps

    @property
    def drops_last(self) -> bool:
        """Whether a last batch of fewer samples is left out."""
        return bool(
            Arguments(self.steps["batch"], ["batch_size", "drop_remainder"], {}).literal("drop_remainder", False)
        )

    def loader(self, source: Source, tensors: list[str]) -> str:
        """The DataLoader that gives the same batches."""
        batch = Arguments(self.steps["batch"], ["batch_size", "drop_remainder"], {})
        size = batch.get("batch_size")
        options = f", batch_size={'1' if size is None else source.text(size)}"
        options += ", shuffle=True" if "shuffle" in self.steps else ""
        options += ", drop_last=True" if self.drops_last else ""
        return f"DataLoader(TensorDataset({', '.join(tensors)}){options})"


def chain_of(name: str, scope: Scope, source: Source) -> Chain | None:
    """The tf.data chain that a name stands for, if each of its steps has a counterpart in a DataLoader."""
    found = source.assigned(name, scope)
    calls: list[cst.Call] = []
    for number, item in enumerate(found):
        if item.value is None:
            return None
        steps, base = _steps(item.value)
        if number and dotted(base) != name:
            return None
        if number == 0 and source.name_of(base) != "tf.data.Dataset":
            return None
        calls += steps
    if not calls or _method(calls[0]) != "from_tensor_slices" or len(calls[0].args) != 1:
        return None
    steps = {_method(call): call for call in calls[1:]}
    if len(steps) != len(calls) - 1 or "batch" not in steps or not set(steps) <= set(_ORDER):
        return None
    names = list(steps)
    if "shuffle" in steps and names.index("shuffle") > names.index("batch"):
        return None
    value = calls[0].args[0].value
    arrays = [element.value for element in value.elements] if isinstance(value, cst.Tuple) else [value]
    return Chain(found, arrays, steps)


def _method(call: cst.Call) -> str:
    return call.func.attr.value if isinstance(call.func, cst.Attribute) else ""


def _steps(value: Expression) -> tuple[list[cst.Call], Expression]:
    calls = []
    while isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute):
        calls.insert(0, value)
        value = value.func.value
    return calls, value
