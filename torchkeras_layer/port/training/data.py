"""How do the batches of `fit`, `evaluate` and `predict` come: from arrays, generators, Sequences or data sets?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import libcst as cst

from torchkeras_layer.port.names import dotted
from torchkeras_layer.port.training.datasets import DATASET, advice_on_data, chain_of, kind_of_data, yielded
from torchkeras_layer.port.training.models import function_called
from torchkeras_layer.port.training.reading import Expression, Left, Scope, Source, literal


@dataclass
class Batches:
    """The lines that make and read batches, and the names that their parts get.

    A loop reads `for {parts} in {iterable}:`, or `header` if there is one; `start` stands before it, `body` first in
    it. `total` is the number of all samples, None if the loop has to count them.
    """

    iterable: str = ""
    parts: str = ""
    inputs: str = "inputs"
    targets: list[str] = field(default_factory=list)
    weights: str | None = None
    total: str | None = None
    setup: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    header: str | None = None
    epoch_end: list[str] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @property
    def size(self) -> str:
        """The number of samples of a batch."""
        if self.targets:
            return f"len({self.targets[0]})"
        return f"len({self.inputs})"


@dataclass
class Request:
    """What a method was given: data, how it is cut into batches, and the names to use."""

    source: Source
    scope: Scope
    x: Expression
    y: Expression | None = None
    weights: Expression | None = None
    batch_size: str = "32"
    shuffle: str = "False"
    steps: str | None = None
    samples: str | None = None
    floats: bool = False
    outputs: list[str] | None = None
    role: str = "train"
    pick: Callable[..., str] = str


def read_batches(request: Request) -> Batches:
    """Read where batches come from; Left if that cannot be seen."""
    kind = "arrays" if request.y is not None else kind_of_data(request.x, request.source, request.scope)
    foreign = kind == "unknown" and (request.steps is not None or request.samples is not None)
    if kind == "images":
        raise Left(
            "ImageDataGenerator draws its random changes in a way of its own: write a Dataset with transforms of "
            "torchvision.transforms.v2, and a DataLoader"
        )
    if kind == "generator" or foreign:
        return _of_generator(request)
    if kind == "sequence":
        return _of_sequence(request)
    if kind == DATASET:
        return _of_dataset(request)
    if kind == "arrays" and request.steps is None:
        return of_arrays(request)
    if kind == "unknown" and (advice := advice_on_data(request.x, request.source, request.scope)):
        raise Left(advice)
    raise Left(
        f"it is not clear what {request.source.text(request.x)} is, an array, a generator, a Sequence or a data set: "
        "write a DataLoader"
        if kind != "arrays"
        else "steps with arrays have no counterpart: write a DataLoader"
    )


@dataclass
class Columns:
    """The arrays of a data set, and the names of their parts in a batch."""

    tensors: list[str]
    parts: list[str]
    inputs: str
    targets: list[str]
    weights: str | None


def tensor(expression: Expression, source: Source, floats: bool = False) -> str:
    """The expression that makes a tensor of an array; of pandas objects and lists of arrays, by numpy."""
    text = _array(expression, source)
    return f"torch.as_tensor({text}, dtype=torch.float32)" if floats else f"torch.as_tensor({text})"


def first_sample(expression: Expression, source: Source) -> str:
    """The expression that makes a tensor of the first sample of an array."""
    return f"torch.as_tensor({_array(expression, source)}[:1])"


def _array(expression: Expression, source: Source) -> str:
    text = source.text(expression)
    may_be_pandas = source.mentions("import pandas", "from pandas") and not is_numpy(expression, source)
    return f"np.asarray({text})" if may_be_pandas else text


_OF_NUMPY = (".values", ".to_numpy()")
_KEEPING = ("reshape", "astype", "copy", "transpose", "flatten", "ravel", "squeeze", "T")
_ARRAYS_OF_KERAS = ("to_categorical", "pad_sequences", "img_to_array", "normalize")


def is_numpy(expression: Expression | None, source: Source, depth: int = 4) -> bool:
    """Whether an expression is certainly an array of numpy, by the functions and operators that it is made with."""
    if expression is None or depth == 0:
        return False
    text = source.text(expression)
    if text.endswith(_OF_NUMPY):
        return True
    if isinstance(expression, cst.Call):
        name = dotted(expression.func) or ""
        if name.startswith(("np.", "numpy.")) or name.rpartition(".")[2] in _ARRAYS_OF_KERAS:
            return True
        function = function_called(expression, source.scope_of(expression), source)
        if function is not None:
            found = source.returns.get(function, [])
            return bool(found) and all(is_numpy(item, source, depth - 1) for item in found)
        kept = isinstance(expression.func, cst.Attribute) and expression.func.attr.value in _KEEPING
        return kept and is_numpy(expression.func.value, source, depth - 1)  # type: ignore[union-attr]
    if isinstance(expression, cst.Subscript):
        return is_numpy(expression.value, source, depth - 1)
    if isinstance(expression, cst.BinaryOperation):
        return any(is_numpy(part, source, depth - 1) for part in (expression.left, expression.right))
    name = dotted(expression)
    found = [] if name is None else source.assigned(name, source.scope_of(expression))
    return bool(found) and all(is_numpy(item.value, source, depth - 1) for item in found)


def parts_of(node: Expression, source: Source, scope: Scope) -> list[tuple[str, Expression]] | None:
    """The members of a list or dict of arrays, with their keys; `None` for one array."""
    value = source.value_of(node, scope)
    if isinstance(value, cst.Dict):
        pairs = [
            (literal(element.key), element.value) for element in value.elements if isinstance(element, cst.DictElement)
        ]
        if not all(isinstance(key, str) and key.isidentifier() for key, _ in pairs):
            raise Left("the keys of the dict of arrays are not names")
        return pairs
    if isinstance(value, (cst.List, cst.Tuple)) and literal(value) is ...:
        members = [element.value for element in value.elements]
        if all(isinstance(member, (cst.Name, cst.Attribute, cst.Subscript, cst.Call)) for member in members):
            return [("", member) for member in members]
    return None


def columns(request: Request) -> Columns:
    """Read the arrays of inputs, targets and weights."""
    source, scope, pick = request.source, request.scope, request.pick
    inputs = parts_of(request.x, source, scope)
    targets = None if request.y is None else parts_of(request.y, source, scope)
    if inputs is None:
        name = pick("inputs")
        tensors, parts, argument = [tensor(request.x, source)], [name], name
    else:
        tensors = [tensor(value, source) for _, value in inputs]
        names = [pick(key or f"inputs_{number}") for number, (key, _) in enumerate(inputs, 1)]
        parts, argument = names, f"[{', '.join(names)}]"
        if inputs[0][0]:
            argument = f"{{{', '.join(f'{key!r}: {name}' for (key, _), name in zip(inputs, names, strict=True))}}}"
        elif targets is None:
            star = pick("inputs")
            parts, argument = [f"*{star}"], star
    named: list[str] = []
    if targets is not None:
        named = [pick(f"{word}_targets") for word in output_words(request.outputs, targets)]
        tensors += [tensor(value, source, request.floats) for value in ordered(request.outputs, targets)]
    elif request.y is not None:
        named = [pick("targets")]
        tensors.append(tensor(request.y, source, request.floats))
    weights = None if request.weights is None else pick("weights")
    if request.weights is not None:
        tensors.append(tensor(request.weights, source, True))
    return Columns(tensors, [*parts, *named, *([weights] if weights else [])], argument, named, weights)


def output_words(outputs: list[str] | None, targets: list[tuple[str, Expression]]) -> list[str]:
    """A word for each output of a model: its name, or its number."""
    names = outputs or [key for key, _ in targets]
    return [name if name.isidentifier() else f"output_{number}" for number, name in enumerate(names, 1)]


def ordered(outputs: list[str] | None, given: list[tuple[str, Expression]]) -> list[Expression]:
    """Values in the order of the outputs; those of a dict are found by name."""
    by_name = dict(given)
    if "" in by_name or not given:
        return [value for _, value in given]
    if outputs is None or set(by_name) != set(outputs):
        raise Left("the order of the outputs that the dict names is not clear: write lists")
    return [by_name[name] for name in outputs]


def unpacked(parts: list[str]) -> str:
    """The target of a loop or assignment for the parts of a batch.

    >>> unpacked(["inputs"]), unpacked(["inputs", "targets"])
    ('(inputs,)', 'inputs, targets')
    """
    return f"({parts[0]},)" if len(parts) == 1 else ", ".join(parts)


def of_arrays(request: Request) -> Batches:
    """Batches of arrays: a TensorDataset in a DataLoader."""
    read = columns(request)
    loader = request.pick(f"{request.role}_loader")
    shuffle = "" if request.shuffle == "False" else f", shuffle={request.shuffle}"
    made = f"DataLoader(TensorDataset({', '.join(read.tensors)}), batch_size={request.batch_size}{shuffle})"
    return Batches(
        loader,
        unpacked(read.parts),
        read.inputs,
        read.targets,
        read.weights,
        total=f"len({loader}.dataset)",
        setup=[f"{loader} = {made}"],
        needs={"DataLoader", "TensorDataset"},
    )


def split(request: Request, fraction: str, batch_size: str) -> tuple[Batches, Batches]:
    """Batches of the first and the last part of arrays, as `validation_split` cuts them."""
    pick = request.pick
    read = columns(request)
    data, at = pick("dataset"), pick("split")
    lines = [
        f"{data} = TensorDataset({', '.join(read.tensors)})",
        f"{at} = int(len({data}) * (1 - {fraction}))",
    ]
    shuffle = "" if request.shuffle == "False" else f", shuffle={request.shuffle}"
    found = []
    for role, rows, size, order in (
        ("train", f"range({at})", request.batch_size, shuffle),
        ("val", f"range({at}, len({data}))", batch_size, ""),
    ):
        loader = pick(f"{role}_loader")
        setup = [f"{loader} = DataLoader(Subset({data}, {rows}), batch_size={size}{order})"]
        found.append(
            Batches(
                loader,
                unpacked(read.parts),
                read.inputs,
                read.targets,
                read.weights,
                total=f"len({loader}.dataset)",
                setup=[*lines, *setup] if role == "train" else setup,
                needs={"DataLoader", "TensorDataset", "Subset"},
            )
        )
    return found[0], found[1]


def _named_parts(request: Request, shape: list[str]) -> Batches:
    """Names for what a generator or data set gives: inputs, targets and perhaps weights."""
    pick = request.pick
    if not 1 <= len(shape) <= 3:
        raise Left(f"{request.source.text(request.x)} does not give inputs, targets and weights")
    names = [pick(name) for name in ("inputs", "targets", "weights")[: len(shape)]]
    if any(kind != "one" and not kind.startswith("list of") for kind in shape[1:]):
        raise Left(f"{request.source.text(request.x)} gives several targets: write the loop with their names")
    targets = names[1:2]
    if len(shape) > 1 and shape[1] != "one":
        words = request.outputs or [f"output_{number}" for number in range(1, int(shape[1].split()[-1]) + 1)]
        targets = [pick(f"{word}_targets") for word in words]
        names[1] = f"({', '.join(targets)})"
    return Batches("", unpacked(names), names[0], targets, names[2] if len(names) == 3 else None)


def _conversions(batches: Batches, shape: list[str], floats: bool) -> list[str]:
    """The lines that make tensors of what a generator gave."""
    names, values = [], []
    weights = [batches.weights] if batches.weights else []
    kinds = [shape[0], *("one" for _ in [*batches.targets, *weights])]
    for name, kind in zip([batches.inputs, *batches.targets, *weights], kinds, strict=True):
        names.append(name)
        dtype = ", dtype=torch.float32" if floats and name in batches.targets else ""
        if kind.startswith("list"):
            values.append(f"[torch.as_tensor(part) for part in {name}]")
        elif kind == "dict":
            values.append(f"{{key: torch.as_tensor(part) for key, part in {name}.items()}}")
        else:
            values.append(f"torch.as_tensor({name}{dtype})")
    return [f"{', '.join(names)} = {', '.join(values)}"]


def _of_generator(request: Request) -> Batches:
    shape = yielded(request.x, request.source, request.scope)
    batches = _named_parts(request, shape)
    name = request.source.text(request.x)
    if kind_of_data(request.x, request.source, request.scope) == "unknown":
        batches.notes.append(f"{name} is taken as a generator of inputs and targets")
    if not isinstance(request.x, (cst.Name, cst.Attribute)):
        name = request.pick(f"{request.role}_generator")
        batches.setup = [f"{name} = {request.source.text(request.x)}"]
    batches.body = [
        f"{batches.parts} = next({name})",
        *_conversions(batches, shape, request.floats),
    ]
    if request.samples is not None:
        seen = request.pick("seen")
        batches.start, batches.header = [f"{seen} = 0"], f"while {seen} < {request.samples}:"
        batches.body.append(f"{seen} += {batches.size}")
        batches.total = seen
        return batches
    if request.steps is None:
        raise Left(f"{name} is a generator, and the number of its batches an epoch is not given")
    batches.iterable, batches.parts = f"range({request.steps})", "_"
    return batches


def _of_sequence(request: Request) -> Batches:
    source = request.source
    shape = yielded(request.x, source, request.scope)
    batches = _named_parts(request, shape)
    name = source.text(request.x)
    if not isinstance(request.x, (cst.Name, cst.Attribute)):
        name = request.pick(f"{request.role}_set")
        batches.setup = [f"{name} = {source.text(request.x)}"]
    loader = request.pick(f"{request.role}_loader")
    shuffle = "" if request.shuffle == "False" else f", shuffle={request.shuffle}"
    batches.setup.append(f"{loader} = DataLoader({name}, batch_size=None{shuffle})")
    batches.iterable, batches.needs = loader, {"DataLoader"}
    if request.steps is not None:
        batches.iterable = f"itertools.islice({loader}, {request.steps})"
        batches.needs.add("itertools")
        batches.notes.append("each epoch begins with the first of the batches; Keras goes on where it stopped")
    batches.epoch_end = [f"{name}.on_epoch_end()"]
    return _as_floats(batches, request)


def _of_dataset(request: Request) -> Batches:
    if request.steps is not None:
        raise Left("steps over a data set have no counterpart: take so many batches of the DataLoader")
    batches = _named_parts(request, yielded(request.x, request.source, request.scope))
    batches.iterable = name = request.source.text(request.x)
    chain = chain_of(name, request.scope, request.source)
    if chain is not None and not chain.drops_last:
        batches.total = f"len({name}.dataset)"
    return _as_floats(batches, request)


def _as_floats(batches: Batches, request: Request) -> Batches:
    if not request.floats:
        return batches
    return replace(batches, body=[f"{name} = {name}.float()" for name in batches.targets])
