"""How is a model drawn into a file, or written as the text of a picture?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchkeras_layer.models.drawing.model_picture import paint
from torchkeras_layer.models.drawing.picture import as_dot, as_mermaid

if TYPE_CHECKING:
    from graphviz import Source

_DIRECTIONS = ("TB", "LR", "BT", "RL")
_FORMATS = ("png", "svg", "pdf")
_WAY_OUT = "model_to_dot and model_to_mermaid give text without it."


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Source:
    """Draw the graph of a model into a file, and return the picture, which a notebook shows.

    Each call of a layer is a box; those of a shared layer are counted. Torch functions, plain modules, inputs and
    outputs have colours of their own. An arrow out of a layer with several outputs says which of them it is.

    Args:
        model: a model with a graph, or a `Sequential`.
        to_file: its ending says whether it becomes PNG, SVG or PDF; without one, PNG.
        show_shapes, show_dtype: whether to write the shape and the dtype of what comes out into each box.
        show_layer_names: whether to write names above the classes.
        rankdir: where the arrows lead: 'TB' down, 'LR' to the right, 'BT' up, 'RL' to the left.
        expand_nested: whether to show models and `nn.Sequential`s inside, in frames.
        dpi: dots per inch of a PNG.
        show_layer_activations: whether to write the activation of a layer that has one into its box.
        show_trainable: whether to write down if a layer's parameters train or are frozen.

    Raises:
        ImportError: if the Python package `graphviz` or the program `dot` of Graphviz is not installed.
        ValueError: for another format or direction, or a model without graph.
        TypeError: for what is no model.
    """
    file = Path(to_file)
    kind = (file.suffix or ".png")[1:].lower()
    if kind not in _FORMATS:
        raise ValueError(f"plot_model: to_file must end in .png, .svg or .pdf. Received: {os.fspath(to_file)!r}.")
    text = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        # The other formats have no dots, and would grow with their number.
        dpi=dpi if kind == "png" else None,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
    )
    picture, content = _draw(text, kind)
    file.write_bytes(content)
    return picture


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int | None = None,
    *,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> str:
    """Return the picture of a model as text in the language of Graphviz. Nothing needs to be installed.

    Arguments and errors are those of `plot_model`.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,), name="x")
    >>> print(model_to_dot(keras.Model(x, keras.layers.Dense(2, name="head")(x)), show_shapes=True))
    digraph model {
      ...
      box2 [label=<<b>head</b><br/><font point-size="10">Dense</font><br/>...
      ...
      box1 -> box2
      box2 -> box3
    }
    <BLANKLINE>
    """
    shown = _chosen(
        names=show_layer_names,
        shapes=show_shapes,
        dtypes=show_dtype,
        inside=expand_nested,
        activations=show_layer_activations,
        training=show_trainable,
    )
    return as_dot(paint(model, shown), _checked_direction(rankdir), dpi)


def model_to_mermaid(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    *,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> str:
    """Return the picture of a model as text in the language of Mermaid.

    A README shows it where it stands between a line of three backticks and the word `mermaid`, and another one of three
    backticks. Arguments and errors are those of `plot_model`.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,), name="x")
    >>> print(model_to_mermaid(keras.Model(x, keras.layers.Dense(2, name="head")(x)), show_shapes=True))
    flowchart TB
      box1(["x<br/>InputLayer<br/>(None, 3)"]):::input
      box2["head<br/>Dense<br/>(None, 2)"]:::layer
      box3(["output"]):::output
      box1 --> box2
      box2 --> box3
      ...
    """
    shown = _chosen(
        names=show_layer_names,
        shapes=show_shapes,
        dtypes=show_dtype,
        inside=expand_nested,
        activations=show_layer_activations,
        training=show_trainable,
    )
    return as_mermaid(paint(model, shown), _checked_direction(rankdir))


def _draw(text: str, kind: str) -> tuple[Source, bytes]:
    """Let Graphviz draw, and return the picture and the content of a file."""
    try:
        import graphviz
    except ImportError as error:
        raise ImportError(
            f"plot_model needs the package graphviz: pip install 'torchkeras_layer[plot]'. {_WAY_OUT}"
        ) from error
    picture = graphviz.Source(text)
    try:
        return picture, picture.pipe(format=kind, quiet=True)
    except graphviz.ExecutableNotFound as error:
        raise ImportError(
            "plot_model needs the program `dot`, which is not on the PATH. Install Graphviz, for instance with "
            f"`apt install graphviz` or `brew install graphviz`. {_WAY_OUT}"
        ) from error


def _chosen(**wishes: bool) -> set[str]:
    return {name for name, is_wanted in wishes.items() if is_wanted}


def _checked_direction(direction: str) -> str:
    if direction not in _DIRECTIONS:
        raise ValueError(f"rankdir must be one of {', '.join(_DIRECTIONS)}. Received: {direction!r}.")
    return direction
