"""What is a model: a layer made of a graph of calls, or a class that defines `call`?"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Mapping
from typing import Any

import torch

from torchkeras_layer._names import unique_name
from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.losses_and_metrics import check_aggregation
from torchkeras_layer.layer.masking import mask_of
from torchkeras_layer.layer.weight_lists import contents_of, nearest_layers, weights_of
from torchkeras_layer.models._catalog import catalog
from torchkeras_layer.models.configs.model_configuration import ModelConfiguration
from torchkeras_layer.models.graphs import (
    GraphState,
    add_sink,
    connect,
    layer_under,
    split_symbolic,
    state_of,
    wiring_of,
)
from torchkeras_layer.models.inspection import Inspection
from torchkeras_layer.models.tracing import build_inside, without_layers_inside


# The layers inside attach masks to the outputs; calling `compute_mask` for them would run the model again.
class Model(
    Inspection,
    ModelConfiguration,
    default_mask=True,
    build_makes_weights=False,
    may_change_inputs=True,
):
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
                f"{type(self).__name__}: give both inputs and outputs, or neither. Received: {inputs=}, {outputs=}. "
                "Write Sequential([layer, …]) to call layers one after the other."
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
            ends = (inputs, outputs) if isinstance(self, Function) else (_unwrapped(inputs), _unwrapped(outputs))
            connect(self, *ends, [])
            Functional.register(type(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if state_of(self).is_functional:
            Functional.register(type(self))

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

    def build(self, input_shape: Any = None) -> None:
        """Build the layers inside for inputs of a shape, by running `call` without data, if `call` defines the model.

        A model with a graph is built already. `keras.build(model, *examples)` takes all arguments of `call`.

        Args:
            input_shape: shape of the inputs with the batch, or a nested structure of shapes.

        Raises:
            TypeError: if it is not a shape, or a nested structure of shapes.
            ValueError: if `call` cannot run on inputs of this shape without data.

        >>> import torchkeras_layer as keras
        >>> class Head(keras.Model):
        ...     def __init__(self):
        ...         super().__init__(); self.dense = keras.layers.Dense(2)
        ...     def call(self, inputs):
        ...         return self.dense(inputs["features"])
        >>> model = Head(); model.build({"features": (None, 3)}); model.dense.kernel.shape
        torch.Size([3, 2])
        """
        if input_shape is not None:
            build_inside(self, input_shape)

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Note the shapes in a build config; the layers inside have their own, or build themselves when called.

        >>> import torchkeras_layer as keras
        >>> model = keras.Sequential([keras.layers.Dense(2)]); model.build_from_config({"input_shape": (None, 3)})
        >>> model.built
        True
        """
        with without_layers_inside(self):
            super().build_from_config(config)

    def _torchkeras_build(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outer: Any) -> None:
        with without_layers_inside(self):
            super()._torchkeras_build(inputs, args, kwargs, outer)

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

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Make a model from the result of `get_config()`, of this library, Keras 3 or TF-Keras.

        `Model.from_config` also reads the config of a `Sequential`, and returns one.

        Args:
            config: the config.
            custom_objects: classes and functions by the names that the config has for them.

        Raises:
            DeserializationError: (a TypeError and a ValueError) if the config is malformed or contains unknown names.

        >>> import torchkeras_layer as keras
        >>> config = keras.Sequential([keras.layers.Dense(2)]).get_config(); type(keras.Model.from_config(config))
        <class 'torchkeras_layer.models.sequential.Sequential'>
        """
        has_layers = isinstance(config, dict) and bool(config.get("layers"))
        if cls is Model and has_layers and not {"input_layers", "output_layers"} & config.keys():
            return catalog.deserialize({"class_name": "Sequential", "config": config}, custom_objects)
        return super().from_config(config, custom_objects)

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
class Functional(Model, metaclass=ABCMeta):
    """A model that was made from symbolic inputs and outputs; see `Model`.

    A subclass of `Model` counts as a subclass of `Functional` once it has made a model of a graph.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,)); type(keras.Model(x, x * 2)).__name__
    'Functional'
    >>> class Double(keras.Model):
    ...     def __init__(self):
    ...         x = keras.Input((3,)); super().__init__(x, x * 2)
    >>> isinstance(Double(), keras.Functional)
    True
    """


@catalog.register()
class Function(Functional):
    """A `Functional` model that takes and returns structures as they are, also lists of one tensor.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((2,)); Function([x], [x * 2])([torch.ones(1, 2)])
    [tensor([[2., 2.]])]
    """


def _counted_name(name: str | None) -> str:
    return unique_name("model") if name is None else name


def _unwrapped(structure: Any) -> Any:
    """Return the tensor in a list of one, as Keras does."""
    return structure[0] if isinstance(structure, list) and len(structure) == 1 else structure
