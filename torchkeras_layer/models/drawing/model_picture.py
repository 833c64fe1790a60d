"""Which boxes, frames and arrows represent a model?

Each call of a layer has its own box, even if the layer is shared, so that arrows only point forward and show which call
computed what. Calls of the same layer are counted: "call 2 of 3".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from torch import nn

from torchkeras_layer._structures import in_order, leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.core.input_layer import InputLayer
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper
from torchkeras_layer.models.drawing.picture import Arrow, Box, Frame, Item, Picture
from torchkeras_layer.models.graph_calls import GraphCalls
from torchkeras_layer.models.graphs import flatten_inputs, layer_under, wiring_of
from torchkeras_layer.models.network.network import Call, Network, TensorRef
from torchkeras_layer.models.sequential import Sequential
from torchkeras_layer.models.summary.labels import class_label, name_label, paths_in, printable
from torchkeras_layer.models.summary.parts import weights_in

_TRAINING = {"all": "trainable", "some": "partly frozen", "none": "frozen"}


class Origin(NamedTuple):
    """Where a tensor comes from: the key of a box, and the path to the tensor in its outputs."""

    box: str
    path: str


class _Step(NamedTuple):
    """One call of a layer or module. `outputs`: their specs, `None` if unknown; `note`: which call it is."""

    name: str
    module: nn.Module
    outputs: Any = None
    note: str = ""


def picture_of(model: Any, shown: Iterable[str]) -> Picture:
    """Return the picture of a model.

    Args:
        model: the model.
        shown: any of 'names', 'shapes', 'dtypes', 'activations', 'training' and 'inside'.

    Raises:
        TypeError: if it is not a model.
        ValueError: if it has no graph.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,), name="x")
    >>> picture = picture_of(keras.Model(x, keras.layers.Dense(2, name="head")(x)), {"names", "shapes"})
    >>> [(box.title, box.lines) for box in picture.items]
    [('x', ('InputLayer', '(None, 3)')), ('head', ('Dense', '(None, 2)')), ('output', ())]
    """
    if not isinstance(model, GraphCalls):
        raise TypeError(
            f"Only models can be drawn. Received: {model!r}. To draw a layer, make a model of it: Model(x, layer(x))."
        )
    builder = _PictureBuilder(frozenset(shown))
    network = network_inside(model)
    if network is not None:
        items, origins = builder.add_network(model, network, None)
        paths = [path for path, _ in paths_in(network.outputs)]
    else:
        steps = steps_inside(model)
        if not steps:
            raise ValueError(
                f"{name_label(model)} ({class_label(model)}): has no graph to draw, because it is not made of inputs "
                "and outputs. summary() lists its layers; as a part of Model(x, model(x)) it is drawn as one box. "
                "See docs/differences.md#models-without-a-graph"
            )
        items, origins, paths = *builder.add_chain(steps, []), [""]
    ends = [builder.add_output(path, origin) for path, origin in zip(paths, origins, strict=True)]
    return Picture((*items, *ends), builder.arrows())


class _PictureBuilder:
    """Makes boxes and frames, and collects the arrows between them."""

    def __init__(self, shown: frozenset[str]) -> None:
        self._shown = shown
        self._arrows: Counter[tuple[str, str, str]] = Counter()
        self._number_of_boxes = self._number_of_frames = 0

    def arrows(self) -> tuple[Arrow, ...]:
        """Return the arrows; parallel ones become one, labelled with their number."""
        return tuple(
            Arrow(start, end, label if times == 1 else f"{label} ×{times}".strip())
            for (start, end, label), times in self._arrows.items()
        )

    def add_network(self, model: Any, network: Network, given: list[Any] | None) -> tuple[list[Item], list[Any]]:
        """Return the boxes and frames of a network's calls, and where its outputs come from.

        `given`: where its inputs come from; `None` to draw a box for each.
        """
        inputs = [ref.call for ref in in_order(network.inputs)]
        results: list[list[Any]] = [[] for _ in network.calls]
        for number, origin in zip(inputs, given or (), strict=given is not None):
            results[number] = [origin]
        total, so_far = Counter(call.key for call in network.calls), Counter()
        items: list[Item] = []
        for number, call in enumerate(network.calls):
            so_far[call.key] += 1
            if not results[number]:
                note = f"call {so_far[call.key]} of {total[call.key]}" if total[call.key] > 1 else ""
                item, results[number] = self._add_call(model, call, results, note)
                items.append(item)
        return items, [results[ref.call][ref.position] for ref in leaves(network.outputs)]

    def _add_call(self, model: Any, call: Call, results: list[list[Any]], note: str) -> tuple[Item, list[Any]]:
        def origin_of(leaf: Any) -> Any:
            return results[leaf.call][leaf.position] if isinstance(leaf, TensorRef) else None

        layer = layer_under(model, call.key)
        step = _Step(name_label(layer), layer, call.outputs, note)
        network = network_inside(layer) if "inside" in self._shown else None
        if network is not None:
            first = call.args[0] if call.args else next(iter(call.kwargs.values()))
            given = [origin_of(leaf) for leaf in flatten_inputs(layer, first)]
            items, origins = self.add_network(layer, network, given)
            if items:
                return self._frame(step, items), origins
        return self._add_step(step, [origin_of(leaf) for leaf in leaves((call.args, call.kwargs))])

    def add_chain(self, steps: list[tuple[str, nn.Module]], origins: list[Any]) -> tuple[list[Item], list[Any]]:
        """Return the boxes and frames of modules called one after the other, and where the result comes from."""
        items = []
        for name, module in steps:
            item, origins = self._add_step(_Step(name, module), origins)
            items.append(item)
        return items, origins

    def _add_step(self, step: _Step, origins: list[Any]) -> tuple[Item, list[Any]]:
        steps = steps_inside(step.module) if "inside" in self._shown else []
        if steps:
            items, ends = self.add_chain(steps, origins)
            return self._frame(step, items), ends
        box = self._box(_role_of(step.module), *self._label_of(step))
        self._connect(origins, box)
        paths = [path for path, _ in paths_in(step.outputs)]
        return box, [Origin(box.key, path) for path in paths]

    def add_output(self, path: str, origin: Any) -> Box:
        """Return the box of one output of the model."""
        box = self._box("output", f"output {path}".strip(), [])
        self._connect([origin], box)
        return box

    def _connect(self, origins: list[Any], box: Box) -> None:
        for origin in origins:
            if origin is not None:
                self._arrows[origin.box, box.key, origin.path] += 1

    def _box(self, role: str, title: str, lines: list[str]) -> Box:
        self._number_of_boxes += 1
        return Box(f"box{self._number_of_boxes}", role, title, tuple(lines))

    def _frame(self, step: _Step, items: list[Item]) -> Frame:
        self._number_of_frames += 1
        # In one line, because arrows into the frame would cross further lines.
        kind = class_label(step.module)
        title = f"{step.name} ({kind})" if "names" in self._shown else kind
        title = f"{title}, {step.note}" if step.note else title
        return Frame(f"frame{self._number_of_frames}", title, tuple(items))

    def _label_of(self, step: _Step) -> tuple[str, list[str]]:
        """Return the title of a box, and the lines below it."""
        kind = class_label(step.module)
        title, lines = (step.name, [kind]) if "names" in self._shown else (kind, [])
        if "activations" in self._shown and callable(activation := getattr(step.module, "activation", None)):
            name = getattr(activation, "__name__", type(activation).__name__)
            lines.append(f"activation: {printable(name)}")
        lines += [
            f"{path}: {text}" if path else text
            for path, spec in paths_in(step.outputs)
            if (text := self._label_of_tensor(spec))
        ]
        if "training" in self._shown and (training := weights_in(step.module).training):
            lines.append(_TRAINING[training])
        return title, [*lines, step.note] if step.note else lines

    def _label_of_tensor(self, spec: Any) -> str:
        if spec is None:
            return ""
        words = [str(spec.shape)] if "shapes" in self._shown else []
        return " ".join([*words, spec.dtype] if "dtypes" in self._shown else words)


def _role_of(module: nn.Module) -> str:
    if isinstance(module, InputLayer):
        return "input"
    if isinstance(module, TorchFunction):
        return "function"
    if isinstance(module, TorchModuleWrapper) or not isinstance(module, Layer):
        return "module"
    return "model" if isinstance(module, GraphCalls) else "layer"


def network_inside(layer: nn.Module) -> Network | None:
    """Return the network that a call of a model runs; `None` if it has none, or its class defines `call`.

    >>> network_inside(nn.Linear(2, 2)) is None
    True
    """
    if not isinstance(layer, GraphCalls) or type(layer).call not in (GraphCalls.call, Sequential.call):
        return None
    wiring: Any = wiring_of(layer)
    return None if wiring is None else wiring.network


def steps_inside(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return names and modules of the parts that run one after the other; `[]` if the order is not known.

    >>> [name for name, _ in steps_inside(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))]
    ['0', '1']
    """
    if isinstance(module, TorchModuleWrapper):
        return steps_inside(module.module)
    # A subclass may run its parts in another order.
    is_model = isinstance(module, Sequential) and type(module).call is Sequential.call
    if not is_model and type(module) is not nn.Sequential:
        return []
    steps = module._modules.items()
    return [
        (name_label(step) if isinstance(step, Layer) else printable(key), step)
        for key, step in steps
        if step is not None
    ]
