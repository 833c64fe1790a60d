"""What does the file say of a model: has it weights, how many values does it return, do its layers add losses?"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import libcst as cst

from torchkeras_layer.port.names import dotted
from torchkeras_layer.port.training.reading import Assignment, Expression, Scope, Source, literal

_NAMES_OF_KNOWN_PACKAGES = (
    "keras tensorflow tf_keras numpy scipy pandas sklearn matplotlib seaborn plotly cv2 PIL skimage imageio "
    "h5py tqdm nltk gensim torch torchvision gym gymnasium pygame librosa requests joblib yaml "
    "torchkeras_layer flask fastapi streamlit wandb mlflow tabulate colorama dotenv psutil networkx nibabel "
    "soundfile pydub xgboost lightgbm statsmodels imblearn tensorflow_datasets datasets tokenizers spacy bs4 "
    "click absl tensorboard simplejson pickle5 termcolor IPython ipywidgets google mpl_toolkits pylab"
)
_KNOWN_PACKAGES = frozenset(_NAMES_OF_KNOWN_PACKAGES.split())
_LOSS_WORDS = ("regularizer", "add_loss", "ActivityRegularization")
_CONSTRAINT_WORDS = ("constraint", "maxnorm", "max_norm", "MaxNorm", "unitnorm", "unit_norm")
_SHAPE_WORDS = frozenset({"input_shape", "batch_input_shape", "input_dim", "batch_shape", "input_length"})


@dataclass
class Facts:
    """What is known of a model; None stands for not known."""

    built: bool | None = None
    units: int | None = None
    outputs: list[str] | None = None
    adds_losses: bool = True
    has_constraints: bool = True
    own_class: str | None = None
    is_loaded: bool = False


def read_model(owner: str, scope: Scope, source: Source) -> Facts:
    """Read what the file says of the model that a name stands for in a scope."""
    key = (owner, id(source.home_of(owner, scope)))
    if key in source.models:
        return source.models[key]
    owner, scope = _of_instance(owner, scope, source)
    facts = source.models[key] = Facts()
    made = [assignment for assignment in source.assigned(owner, scope) if assignment.value is not None]
    if made:
        _read_value(made[-1].value, owner, source.scope_of(made[-1].statement), source, facts)
    whole_file_is_known = facts.built is not None and _imports_known_packages_only(source)
    facts.adds_losses = not whole_file_is_known or facts.is_loaded or source.mentions(*_LOSS_WORDS)
    facts.has_constraints = facts.is_loaded or source.mentions(*_CONSTRAINT_WORDS)
    return facts


def _of_instance(owner: str, scope: Scope, source: Source) -> tuple[str, Scope]:
    """For the attribute of an instance of a class of this file, that of `self`, in a method."""
    name, _, attribute = owner.partition(".")
    value = source.value_of(cst.Name(name), scope) if attribute and name != "self" else None
    called = dotted(value.func) if isinstance(value, cst.Call) else None
    for item in source.assigned(called, scope) if called else ():
        if isinstance(item.statement, cst.ClassDef):
            methods = [part for part in item.statement.body.body if isinstance(part, cst.FunctionDef)]
            if methods:
                return f"self.{attribute}", source.scopes[methods[0]]
    return owner, scope


def function_called(value: Expression | None, scope: Scope, source: Source) -> cst.FunctionDef | None:
    """The function of this file, or the method of this class, that a call calls."""
    name = dotted(value.func) if isinstance(value, cst.Call) else None
    if name is None:
        return None
    if name.startswith("self."):
        owner = source._class_of(scope)
        found = owner.assignments.get(name.removeprefix("self."), [])
    else:
        found = source.assigned(name, scope)
    return next((item.statement for item in found if isinstance(item.statement, cst.FunctionDef)), None)


def returned(function: cst.FunctionDef, source: Source) -> Expression | None:
    """What a function returns, if it has one return statement of its own."""
    found = source.returns.get(function, [])
    return found[0] if len(found) == 1 else None


def _imports_known_packages_only(source: Source) -> bool:
    for node in source.parents:
        if isinstance(node, cst.ImportFrom) and (node.relative or node.module is None):
            return False
        names = (
            [dotted(node.module)]
            if isinstance(node, cst.ImportFrom) and node.module is not None
            else [dotted(alias.name) for alias in node.names]
            if isinstance(node, cst.Import)
            else []
        )
        tops = {(name or "").split(".")[0] for name in names}
        if not tops <= _KNOWN_PACKAGES | sys.stdlib_module_names:
            return False
    return True


def _read_value(value: Expression | None, owner: str, scope: Scope, source: Source, facts: Facts) -> None:
    if not isinstance(value, cst.Call):
        return
    name = source.name_of(value.func)
    function = function_called(value, scope, source)
    if function is not None:
        result = returned(function, source)
        inner = source.scopes[function]
        if result is None:
            return
        if (text := dotted(result)) is not None:
            made = [item for item in source.assigned(text, inner) if item.value is not None]
            if made and not (text == owner and scope is inner):
                _read_value(made[-1].value, text, source.scope_of(made[-1].statement), source, facts)
        else:
            _read_value(result, owner, inner, source, facts)
    elif name.rpartition(".")[2] == "Sequential" and name.startswith("keras"):
        _read_sequential(value, owner, scope, source, facts)
    elif name.rpartition(".")[2] in ("Model", "Functional") and name.startswith("keras"):
        _read_functional(value, scope, source, facts)
    elif name.startswith(("keras.applications.", "keras.models.", "keras.saving.")):
        facts.built = True
        facts.is_loaded = not name.startswith("keras.applications.")
    elif (text := dotted(value.func)) is not None:
        classes = [item.statement for item in source.assigned(text, scope) if isinstance(item.statement, cst.ClassDef)]
        if classes:
            facts.built, facts.own_class = False, text


def _read_sequential(value: cst.Call, owner: str, scope: Scope, source: Source, facts: Facts) -> None:
    layers: list[Expression] = []
    listed = source.value_of(value.args[0].value, scope) if value.args else None
    if isinstance(listed, cst.List):
        layers = [element.value for element in listed.elements]
    elif listed is not None and value.args[0].keyword is None:
        return
    added = [
        call
        for call in source.calls
        if dotted(call.func) == f"{owner}.add"
        and call.args
        and source.home_of(owner, source.scope_of(call)) is not None
        and source.scope_of(call) is scope
    ]
    layers += [call.args[0].value for call in added]
    if not layers:
        return
    first, last = (source.value_of(layer, scope) for layer in (layers[0], layers[-1]))
    facts.built = _has_shape(first, scope, source)
    certain = not added or source.block_of(source.statement_of(added[-1])) is source.block_of(
        source.statement_of(value)
    )
    facts.units = _units(last, source) if certain else None
    if facts.units is None and certain and _layer_name(last, source) in ("Activation", "Dropout", "Softmax", "ReLU"):
        facts.units = _units(source.value_of(layers[-2], scope), source) if len(layers) > 1 else None


def _has_shape(layer: Expression | None, scope: Scope, source: Source) -> bool | None:
    if not isinstance(layer, cst.Call):
        return None
    name = _layer_name(layer, source)
    if name in ("Input", "InputLayer") or source.name_of(layer.func).startswith("keras.applications."):
        return True
    keywords = {argument.keyword.value for argument in layer.args if argument.keyword}
    if name == "Embedding":
        return bool(keywords & {"input_length", "batch_input_shape", "input_shape"})
    inner = [argument.value for argument in layer.args if argument.keyword is None]
    if name in ("TimeDistributed", "Bidirectional") and inner and not keywords & _SHAPE_WORDS:
        return _has_shape(inner[0], scope, source)
    return bool(keywords & _SHAPE_WORDS) if name else None


def _layer_name(layer: Expression | None, source: Source) -> str:
    if not isinstance(layer, cst.Call):
        return ""
    name = source.name_of(layer.func)
    return name.rpartition(".")[2] if name.startswith("keras") else ""


def _units(layer: Expression | None, source: Source) -> int | None:
    if not isinstance(layer, cst.Call) or _layer_name(layer, source) != "Dense":
        return None
    for position, argument in enumerate(layer.args):
        name = argument.keyword.value if argument.keyword else "units" if position == 0 else ""
        if name in ("units", "output_dim"):
            value = literal(argument.value)
            return value if isinstance(value, int) else None
    return None


def _read_functional(value: cst.Call, scope: Scope, source: Source, facts: Facts) -> None:
    arguments = {argument.keyword.value: argument.value for argument in value.args if argument.keyword}
    positional = [argument.value for argument in value.args if argument.keyword is None]
    outputs = arguments.get("outputs", arguments.get("output", positional[1] if len(positional) > 1 else None))
    if outputs is None:
        return
    facts.built = True
    resolved = source.value_of(outputs, scope)
    if isinstance(resolved, (cst.List, cst.Tuple)):
        layers = [_layer_of(element.value, value, scope, source) for element in resolved.elements]
        facts.outputs = [_keras_name(layer, source) for layer in layers]
        if len(layers) == 1:
            facts.units = _units(layers[0], source)
    elif not isinstance(resolved, cst.Dict):
        facts.units = _units(_layer_of(outputs, value, scope, source), source)


def _layer_of(tensor: Expression | None, before: cst.Call, scope: Scope, source: Source) -> Expression | None:
    """The layer whose call made a tensor: of a name, the last call that was assigned to it before a node."""
    name = None if tensor is None else dotted(tensor)
    if name is not None:
        made: list[Assignment] = [
            item for item in source.assigned(name, scope) if source.is_before(item.statement, before)
        ]
        tensor = made[-1].value if made else None
    if not isinstance(tensor, cst.Call):
        return None
    return source.value_of(tensor.func, scope)


def _keras_name(layer: Expression | None, source: Source) -> str:
    """The name that the layer has by its argument `name`; '' if it has none."""
    if isinstance(layer, cst.Call):
        for argument in layer.args:
            if argument.keyword and argument.keyword.value == "name":
                value = literal(argument.value)
                return value if isinstance(value, str) else ""
    return ""
