"""What is a model: a layer made of a graph of calls, or a class that defines `call`?"""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from torchkeras_layer._names import unique_name
from torchkeras_layer._structures import in_order, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.losses_and_metrics import check_aggregation
from torchkeras_layer.layer.masking import mask_of
from torchkeras_layer.layer.weight_lists import contents_of, nearest_layers, weights_of
from torchkeras_layer.models._catalog import catalog
from torchkeras_layer.models.absent_methods import AbsentMethods
from torchkeras_layer.models.configs.model_configuration import ModelConfiguration
from torchkeras_layer.models.graphs import (
    GraphState,
    add_sink,
    connect,
    layer_under,
    network_of,
    split_symbolic,
    wiring_of,
)
from torchkeras_layer.models.inspection import Inspection
from torchkeras_layer.models.network.code_generation import graph_of
from torchkeras_layer.models.network.wiring import Wiring


# The layers inside attach masks to the outputs; calling `compute_mask` for them would run the model again.
class Model(Inspection, ModelConfiguration, AbsentMethods, default_mask=True, may_change_inputs=True):
    """A model: a layer that knows its layers by name and order, and can print them.

    `Model(inputs, outputs)` makes a model of the calls that lead from symbolic inputs to outputs; it runs as generated
    Python code, see `model.code`. A subclass without inputs and outputs defines `call`, like any layer. Training is
    plain PyTorch: `compile`, `train`, `eval`, `to` and `state_dict` are those of `nn.Module`.

    Args:
        inputs: symbolic tensor, or nested structure of them; calls take the same structure.
        outputs: symbolic tensor, or nested structure of them; calls return the same structure.
        name: default `model`, `model_1`, …; for a subclass its name in snake case.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an input or output is not a symbolic tensor, if there are no inputs or no outputs, if an input
            appears twice, if the graph is disconnected, or if two layers have the same name.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,), name="x")
    >>> model = keras.Model(x, torch.relu(keras.layers.Dense(2)(x)))
    >>> print(model.code)
    def forward(self, x):
        dense = self.dense(x);  x = None
        relu = torch.relu(dense);  dense = None
        return relu
    <BLANKLINE>
    >>> model(torch.ones(4, 3)).shape
    torch.Size([4, 2])
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a `Functional` if inputs and outputs are given."""
        is_functional = cls is Model and (len(args) > 1 or "outputs" in kwargs)
        kind: Any = Functional if is_functional else cls
        return super().__new__(kind)

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, **kwargs: Any) -> None:
        if (inputs is None) is not (outputs is None):
            raise ValueError(
                f"{type(self).__name__}: give both inputs and outputs, or neither. Received: {inputs=}, {outputs=}."
            )
        if kwargs.get("device") is not None:
            raise TypeError(
                f"{type(self).__name__}: a model takes no device. Received: device={kwargs['device']!r}. Give it to "
                "its layers, make them inside `with torch.device(...)`, or call `.to(device)`."
            )
        is_own_class = type(self) in (Model, Functional)
        super().__init__(name=_counted_name(name) if is_own_class else name, **kwargs)
        self._torchkeras.graph = self._torchkeras.graph or GraphState()
        if inputs is not None:
            connect(self, _unwrapped(inputs), _unwrapped(outputs), [])

    @property
    def layers(self) -> list[Any]:
        """The layers of the graph, from inputs to outputs; in a model without a graph, those on its attributes.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); model = keras.Model(x, keras.layers.Dense(2, name="head")(x))
        >>> [layer.name for layer in model.layers]
        ['x', 'head']
        """
        wiring = wiring_of(self)
        return list(nearest_layers(self)) if wiring is None else [layer_under(self, key) for key in wiring.network.keys]

    @property
    def weights(self) -> list[torch.Tensor]:
        """All weights, layer by layer as in Keras; within a layer, the trainable ones come first.

        >>> import torchkeras_layer as keras
        >>> model = keras.Sequential([keras.layers.BatchNormalization(input_shape=(2,)), keras.layers.Dense(1)])
        >>> [tuple(weight.shape) for weight in model.weights]
        [(2,), (2,), (2,), (2,), (2, 1), (1,)]
        """
        parts = [
            child.weights if isinstance(child, Layer) else sum(weights_of(child), []) for child in contents_of(self)
        ]
        found = [weight for part in parts for weight in part]  # type: ignore[union-attr]
        return list({id(weight): weight for weight in [*found, *super().weights]}.values())

    @property
    def layers_by_depth(self) -> dict[int, list[Any]]:
        """The layers by their depth, which is their distance from the outputs; the deepest first, outputs at 0.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); model = keras.Model(x, keras.layers.Dense(2, name="head")(x))
        >>> {depth: [layer.name for layer in layers] for depth, layers in model.layers_by_depth.items()}
        {1: ['x'], 0: ['head']}
        """
        network = _wired(self, "layers_by_depth").network
        depths = network.depths
        grouped: dict[int, list[Any]] = {depth: [] for depth in sorted(set(depths.values()), reverse=True)}
        for key in network.keys:
            grouped[depths[key]].append(layer_under(self, key))
        return grouped

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs as a flat list; those in a dict are sorted by its keys, as in Keras.

        >>> import torchkeras_layer as keras
        >>> price, age = keras.Input((1,), name="price"), keras.Input((1,), name="age")
        >>> [tensor.name for tensor in keras.Model({"price": price, "age": age}, {"sum": price + age}).inputs]
        ['age', 'price']
        """
        return in_order(_wired(self, "inputs").inputs)

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs as a flat list; those in a dict are sorted by its keys, as in Keras.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); [tensor.shape for tensor in keras.Model(x, {"sum": x.sum(-1), "all": x}).outputs]
        [(None, 3), (None,)]
        """
        return in_order(_wired(self, "outputs").outputs)

    @property
    def input(self) -> Any:
        """The symbolic input, or the structure of inputs that calls take.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); keras.Model(x, x * 2).input
        <KerasTensor x shape=(None, 3) dtype=float32>
        """
        wiring = wiring_of(self)
        return super().input if wiring is None else wiring.inputs

    @property
    def output(self) -> Any:
        """The symbolic output, or the structure of outputs that calls return.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); list(keras.Model(x, {"double": x * 2}).output)
        ['double']
        """
        wiring = wiring_of(self)
        return super().output if wiring is None else wiring.outputs

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or the structure of shapes.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); keras.Model(x, x * 2).input_shape
        (None, 3)
        """
        wiring = wiring_of(self)
        return super().input_shape if wiring is None else map_leaves(_shape_of, wiring.inputs)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or the structure of shapes.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); keras.Model(x, [x, x.sum(-1)]).output_shape
        [(None, 3), (None,)]
        """
        wiring = wiring_of(self)
        return super().output_shape if wiring is None else map_leaves(_shape_of, wiring.outputs)

    @property
    def input_names(self) -> list[str]:
        """Names of the input layers, in the order of `inputs`.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); keras.Model(x, x * 2).input_names
        ['x']
        """
        return [tensor._keras_history.layer.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the layers that compute the outputs, counted if one computes several.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); dense = keras.layers.Dense(2, name="head")
        >>> keras.Model(x, [dense(x), dense(x * 2)]).output_names
        ['head', 'head_1']
        """
        names: list[str] = []
        for tensor in self.outputs:
            base = tensor._keras_history.layer.name
            count = sum(name == base or name.startswith(f"{base}_") for name in names)
            names.append(f"{base}_{count}" if count else base)
        return names

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Return a layer by its name, or by its index in `layers`.

        Raises:
            ValueError: if both or neither are given, or if there is no such layer.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); model = keras.Model(x, keras.layers.Dense(2, name="head")(x))
        >>> model.get_layer("head") is model.get_layer(index=1)
        True
        """
        layers = self.layers
        if (name is None) is (index is None):
            raise ValueError(f"{self.name}: get_layer takes a name or an index. Received: {name=}, {index=}.")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"{self.name}: there are {len(layers)} layers. Received: index={index}.")
            return layers[index]
        found = [layer for layer in layers if layer.name == name]
        if not found:
            raise ValueError(f"{self.name}: there is no layer {name!r}. Layers: {[layer.name for layer in layers]}.")
        return found[0]

    @property
    def graph(self) -> fx.Graph:
        """The network as a new `torch.fx.Graph`; `torch.fx.GraphModule(model, model.graph)` runs it.

        Raises:
            NotRecordedError: a RuntimeError, if the model has no graph.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); [node.op for node in keras.Model(x, keras.layers.Dense(2)(x)).graph.nodes]
        ['placeholder', 'call_module', 'output']
        """
        return super().graph if wiring_of(self) is None else graph_of(network_of(self))

    def reset_states(self) -> None:
        """Reset the states of all stateful layers, as in TF-Keras.

        >>> import torchkeras_layer as keras
        >>> model = keras.Sequential([keras.layers.LSTM(2, stateful=True, batch_input_shape=(1, 5, 3))])
        >>> first, second = (model(torch.ones(1, 5, 3)) for _ in range(2))
        >>> model.reset_states()
        >>> torch.equal(first, second), torch.equal(first, model(torch.ones(1, 5, 3)))
        (False, True)
        """
        for layer in self.layers:
            if getattr(layer, "stateful", False) and hasattr(layer, "reset_states"):
                layer.reset_states()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Run the model, and return the masks of its outputs, in their structure; `None` for an output without a mask.

        >>> import torchkeras_layer as keras
        >>> model = keras.Sequential([keras.layers.Embedding(4, 2, mask_zero=True, input_shape=(3,))])
        >>> model.compute_mask(torch.tensor([[2, 1, 0]]))
        tensor([[ True,  True, False]])
        """
        outputs = self(inputs) if mask is None else self(inputs, mask=mask)
        return map_leaves(mask_of, outputs)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add a loss: as for any layer, or a symbolic tensor of this model's graph, which each call computes.

        Args:
            losses: what `Layer.add_loss` takes, or a symbolic tensor, or a nested structure of these.
            inputs: see `Layer.add_loss`.

        Raises:
            ValueError: if a symbolic tensor is not computed from the model's inputs.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((2,)); model = keras.Model(x, x * 2); model.add_loss(model.output.sum())
        >>> _ = model(torch.ones(1, 2)); model.losses
        [tensor(4.)]
        """
        symbolic, others = split_symbolic(losses)
        for tensor in symbolic:
            add_sink(self, "AddLoss", tensor, {})
        if others or not symbolic:
            super().add_loss(others, inputs)

    def add_metric(self, value: Any, aggregation: str | None = None, name: str | None = None) -> None:
        """Add a running mean: as for any layer, or of a symbolic tensor of this model's graph.

        Args:
            value: what `Layer.add_metric` takes, or a symbolic tensor.
            aggregation: `None` or 'mean'.
            name: the metric's name; required for a symbolic tensor.

        Raises:
            ValueError: for another aggregation, or a name that is missing or taken.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((2,)); model = keras.Model(x, x * 2); model.add_metric(model.output.sum(), name="total")
        >>> _ = model(torch.ones(1, 2)); model.metrics[0].result()
        tensor(4.)
        """
        check_aggregation(self.name, aggregation)
        symbolic, _ = split_symbolic(value)
        if not symbolic:
            super().add_metric(value, aggregation, name)
            return
        if name is None:
            raise ValueError(f"{self.name}: add_metric of a symbolic tensor needs a name. Received: {value!r}.")
        if any(metric.name == name for metric in self.metrics):
            raise ValueError(
                f"{self.name}: add_metric: there already is a metric of this name. Received: {name=}. Choose another."
            )
        add_sink(self, "AddMetric", symbolic[0], {"aggregation": aggregation, "metric_name": name})


@catalog.register("Model", module="keras.src.models.functional")
class Functional(Model):
    """A model that was made from symbolic inputs and outputs; see `Model`.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,)); type(keras.Model(x, x * 2)).__name__
    'Functional'
    """


def _counted_name(name: str | None) -> str:
    return unique_name("model") if name is None else name


def _wired(model: Model, what: str) -> Wiring:
    wiring = wiring_of(model)
    if wiring is None:
        raise AttributeError(
            f"{model.name} ({type(model).__name__}): has no {what}, because it has no graph. "
            "Model(inputs, outputs) has one, and so has a Sequential that knows its input shape. "
            "See docs/differences.md#models-without-a-graph"
        )
    return wiring


def _unwrapped(structure: Any) -> Any:
    """Return the tensor in a list of one, as Keras does."""
    return structure[0] if isinstance(structure, list) and len(structure) == 1 else structure


def _shape_of(tensor: Any) -> Any:
    return tuple(tensor.shape)
