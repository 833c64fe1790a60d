"""Which loss function of this library or of PyTorch is one of Keras's, and how is it called?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import libcst as cst

from torchkeras_layer.port.training.reading import Left, Scope, Source, literal


@dataclass
class Loss:
    """What to write for a loss: how it is made, and how it is called.

    `kind` is Keras's class of it, '' for a function of the user. `function` is the name of a function that is called
    as it is; otherwise `construction` makes the object.
    """

    kind: str
    construction: str = ""
    function: str = ""
    torch: bool = False
    notes: list[str] = field(default_factory=list)

    def call(self, name: str, targets: str, outputs: str, weights: str | None, same_shape: bool) -> str:
        """The expression of the loss; `same_shape` says that targets and outputs certainly have the same shape."""
        if self.function:
            return f"{name}({targets}, {outputs}).mean()"
        if self.torch:
            return f"{name}({outputs}, {targets if same_shape else f'{targets}.view_as({outputs})'})"
        return f"{name}({targets}, {outputs}{f', sample_weight={weights}' if weights else ''})"

    @property
    def needs_floats(self) -> bool:
        """Whether targets must have the dtype of the outputs."""
        return self.torch or bool(self.function)


_SPELLINGS = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
    "bce": "BinaryCrossentropy",
    "kld": "KLDivergence",
    "kl_divergence": "KLDivergence",
    "kullback_leibler_divergence": "KLDivergence",
    "cosine_proximity": "CosineSimilarity",
    "logcosh": "LogCosh",
    "ctc": "CTC",
}
_NAMES_OF_KINDS = (
    "KLDivergence Poisson BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy "
    "CategoricalFocalCrossentropy SparseCategoricalCrossentropy MeanSquaredError MeanAbsoluteError "
    "MeanAbsolutePercentageError MeanSquaredLogarithmicError CosineSimilarity LogCosh Huber Hinge SquaredHinge "
    "CategoricalHinge Dice Tversky Circle CTC"
)
KINDS = frozenset(_NAMES_OF_KINDS.split())
# The same value for every input, reduced as Keras does by default.
_TORCH = {
    ("MeanSquaredError", ""): "nn.MSELoss()",
    ("MeanAbsoluteError", ""): "nn.L1Loss()",
    ("Huber", ""): "nn.HuberLoss()",
    ("BinaryCrossentropy", "from_logits=True"): "nn.BCEWithLogitsLoss()",
}


def class_name(name: str) -> str:
    """Return the class for one of Keras's spellings of a loss or metric.

    >>> class_name("categorical_crossentropy"), class_name("MSE")
    ('CategoricalCrossentropy', 'MeanSquaredError')
    """
    found = _SPELLINGS.get(name, _SPELLINGS.get(name.lower()))
    return found or "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def snake_name(name: str) -> str:
    """Return a class's name in snake case, as Keras names its objects.

    >>> snake_name("KLDivergence"), snake_name("AUC"), snake_name("MeanIoU")
    ('kl_divergence', 'auc', 'mean_io_u')
    """
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()


def read_loss(node: cst.BaseExpression, source: Source, scope: Scope, weighted: bool) -> Loss:
    """Read one loss; with sample weights, it is one of this library's objects, which take them."""
    value = source.value_of(node, scope) or node
    text = literal(value)
    if isinstance(text, str):
        return _made(class_name(text), "", weighted)
    full = source.name_of(value)
    if full.startswith(("keras.losses.", "keras.metrics.", "keras.objectives.")):
        return _made(class_name(full.rpartition(".")[2]), "", weighted)
    if isinstance(value, cst.Call):
        full = source.name_of(value.func)
        if full.startswith("keras.losses."):
            listed = ", ".join(_argument(argument, source) for argument in value.args)
            return _made(full.rpartition(".")[2], listed, weighted)
    return _of_user(node, value, source, weighted)


def _argument(argument: cst.Arg, source: Source) -> str:
    text = source.text(argument.value)
    return f"{argument.keyword.value}={text}" if argument.keyword else text


def _made(kind: str, arguments: str, weighted: bool) -> Loss:
    if kind not in KINDS:
        raise Left(f"the loss {kind} is not one of Keras 3")
    torch = None if weighted else _TORCH.get((kind, arguments))
    return Loss(kind, torch or f"keras.losses.{kind}({arguments})", torch=torch is not None)


def _of_user(node: cst.BaseExpression, value: cst.BaseExpression, source: Source, weighted: bool) -> Loss:
    if weighted:
        raise Left("a loss function of your own with weights of samples: multiply its values by them in the loop")
    if isinstance(value, (cst.Lambda, cst.Call)) and node is value:
        return Loss("", source.text(node), function="loss_function")
    if not isinstance(node, (cst.Name, cst.Attribute)):
        raise Left(f"it is not clear which loss {source.text(node)} is")
    return Loss("", function=source.text(node))
