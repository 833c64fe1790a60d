"""How is a model drawn to a file, or written as DOT or Mermaid text?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchkeras_layer.models.drawing.model_picture import picture_of
from torchkeras_layer.models.drawing.picture import as_dot, as_mermaid

if TYPE_CHECKING:
    from graphviz import Source

_DIRECTIONS = ("TB", "LR", "BT", "RL")
_FORMATS = ("png", "svg", "pdf")
_WITHOUT_GRAPHVIZ = "model_to_dot and model_to_mermaid return text and do not need it."


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
    """Draw the graph of a model to a file, and return the picture, which a notebook displays.

    Each call of a layer is a box; calls of a shared layer are counted. Torch functions, plain modules, inputs and
    outputs have their own colours. An arrow from a layer with several outputs is labelled with the output.

    Args:
        model: a model with a graph, or a `Sequential`.
        to_file: path of the file; its extension (.png, .svg or .pdf; default .png) decides the format.
        show_shapes, show_dtype: whether each box shows the shape and the dtype of the outputs.
        show_layer_names: whether to show the names of layers above their classes.
        rankdir: direction of the arrows: 'TB' down, 'LR' to the right, 'BT' up, 'RL' to the left.
        expand_nested: whether to show the parts of nested models and `nn.Sequential`s, in frames.
        dpi: dots per inch of a PNG.
        show_layer_activations: whether to show the activation of each layer that has one.
        show_trainable: whether to show if a layer's parameters train or are frozen.

    Returns:
        A `graphviz.Source`.

    Raises:
        ImportError: if the Python package `graphviz` or the program `dot` of Graphviz is not installed.
        ValueError: for another format or direction, or a model without a graph.
        TypeError: if `model` is not a model.
    """
    file = Path(to_file)
    kind = (file.suffix or ".png")[1:].lower()
    if kind not in _FORMATS:
        raise ValueError(
            f"plot_model: to_file must end in .png, .svg or .pdf. Received: to_file={os.fspath(to_file)!r}."
        )
    text = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        # SVG and PDF have no pixels, and would grow with the number.
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
    """Return the picture of a model as text in the DOT language of Graphviz, which need not be installed.

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
    return as_dot(picture_of(model, shown), _checked_direction(rankdir), dpi)


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
    """Return the picture of a model as a flowchart in the language of Mermaid.

    In Markdown on GitHub, a fenced code block with the language `mermaid` displays it. Arguments and errors are
    those of `plot_model`.

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
    return as_mermaid(picture_of(model, shown), _checked_direction(rankdir))


def _draw(text: str, kind: str) -> tuple[Source, bytes]:
    """Run Graphviz, and return the picture and the content of the file."""
    try:
        import graphviz
    except ImportError as error:
        raise ImportError(
            f"plot_model needs the package graphviz: pip install 'torchkeras_layer[plot]'. {_WITHOUT_GRAPHVIZ}"
        ) from error
    picture = graphviz.Source(text)
    try:
        return picture, picture.pipe(format=kind, quiet=True)
    except graphviz.ExecutableNotFound as error:
        raise ImportError(
            "plot_model needs the program `dot`, which is not on the PATH. Install Graphviz, for instance with "
            f"`apt install graphviz` or `brew install graphviz`. {_WITHOUT_GRAPHVIZ}"
        ) from error


def _chosen(**options: bool) -> set[str]:
    return {name for name, is_chosen in options.items() if is_chosen}


def _checked_direction(direction: str) -> str:
    if direction not in _DIRECTIONS:
        raise ValueError(f"rankdir must be one of {', '.join(_DIRECTIONS)}. Received: rankdir={direction!r}.")
    return direction
