"""Which public members create, list, set and freeze a layer's weights?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import torch
from torch import nn

from torchkeras_layer.layer.attributes import LayerBase
from torchkeras_layer.layer.weight_arguments import (
    VariableAggregation,
    VariableSynchronization,
    WeightSpec,
    read_request,
    read_weight,
)
from torchkeras_layer.layer.weight_creation import create_weight, register_weight, reset_own_weights
from torchkeras_layer.layer.weight_lists import (
    apply_constraints,
    as_array,
    breadth_first,
    check_built,
    layers_in,
    own_weights,
    set_trainable,
    trains,
    weights_of,
    write_weights,
)


class Weights(LayerBase):
    """Creating, listing, setting and freezing weights."""

    @overload
    def add_weight(
        self,
        name: str | None = None,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        partitioner: Any = None,
        use_resource: bool | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE,
        **kwargs: Any,
    ) -> torch.Tensor: ...

    @overload
    def add_weight(
        self,
        shape: Any,
        initializer: Any = None,
        dtype: Any = None,
        *,
        name: str | None = None,
        **kwargs: Any,
    ) -> torch.Tensor: ...

    def add_weight(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Create a weight: an `nn.Parameter` if it trains, else a buffer. Assign it to an attribute of the layer.

        Args:
            *args: `(name, shape, dtype, initializer, ...)` as in TF 2; or `(shape, initializer, dtype)` as in Keras 3,
                if the first argument is a shape.
            name: the weight's name in its `WeightSpec`; the attribute gives it its name in the `state_dict`.
            shape: tuple of ints; by default `()`, a scalar.
            dtype: dtype or its name; by default the layer's `variable_dtype`.
            initializer: identifier, array, or `f(shape, dtype=torch_dtype)`; by default Glorot uniform for
                floating-point dtypes, zeros for integers and bools.
            regularizer: identifier, or a function of the weight; its result is added to `losses`.
            trainable: by default true for floating-point and complex dtypes, unless `synchronization` is `ON_READ`;
                integers and bools cannot train.
            constraint: identifier, or a function of the weight; `apply_constraints()` applies it.
            partitioner, use_resource, synchronization, aggregation: stored in the `WeightSpec`; no other effect.
            **kwargs: `getter`: a function that creates the weight in place of the initializer; `autocast`, or
                `experimental_autocast`: whether a mixed policy casts the weight in `call`; `collections`,
                `caching_device`: stored in the `WeightSpec`, no effect.

        Returns:
            the parameter or buffer.

        Raises:
            TypeError: for an unknown keyword; if `shape` is not a shape or `dtype` not a dtype.
            ValueError: for a shape with free dimensions, a trainable `ON_READ`, integer or bool weight, a complex dtype
                without an initializer, or an unknown identifier.
            RuntimeError: for a regularizer on a partitioned weight.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer()
        >>> layer.scale = layer.add_weight(name="scale", shape=(3,), initializer="ones")
        >>> list(layer.state_dict()), layer.scale.requires_grad
        (['scale'], True)
        """
        record = self._torchkeras
        request = read_request(record.name, record.policy.variable, args, kwargs)
        return register_weight(self, request.spec, create_weight(self, request))

    def add_variable(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Create a weight: the older name of `add_weight`.

        >>> import torchkeras_layer as keras
        >>> keras.Layer().add_variable("scale", (3,)).shape
        torch.Size([3])
        """
        return self.add_weight(*args, **kwargs)

    @property
    def weight_specs(self) -> dict[str, WeightSpec]:
        """The `WeightSpec` of each of the layer's own weights, by attribute: its name, initializer, regularizer, ….

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3))
        >>> layer.weight_specs["kernel"].name
        'kernel'
        """
        specs = self._torchkeras.weight_specs
        return {key: spec for key, spec in specs.items() if read_weight(self, key) is not None}

    @property
    def trainable(self) -> bool:
        """Whether the layer trains. Setting it also sets it for all layers inside this one; plain modules follow too.

        Setting it sets `requires_grad` of all parameters, which is what decides: `requires_grad_(False)` makes this
        false too. A parameter of your own whose `requires_grad` was false when it was assigned stays frozen. It can be
        set before the weights exist.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3))
        >>> layer.trainable = False
        >>> [p.requires_grad for p in layer.parameters()], len(layer.trainable_weights)
        ([False, False], 0)
        """
        record = self._torchkeras
        return trains(self) if record.is_ready else record.trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        set_trainable(self, bool(value))

    @property
    def trainable_weights(self) -> list[torch.Tensor]:
        """The parameters that train: those with `requires_grad`, in this layer and in all modules inside it.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.BatchNormalization(); layer.build((None, 3))
        >>> len(layer.trainable_weights), len(layer.non_trainable_weights)
        (2, 2)
        """
        return weights_of(self)[0]

    @property
    def non_trainable_weights(self) -> list[torch.Tensor]:
        """The other weights: frozen parameters and buffers.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, trainable=False); layer.build((None, 3)); len(layer.non_trainable_weights)
        2
        """
        return weights_of(self)[1]

    @property
    def weights(self) -> list[torch.Tensor]:
        """All weights: `trainable_weights`, then `non_trainable_weights`. Freezing a layer changes the order.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); [tuple(w.shape) for w in layer.weights]
        [(3, 2), (2,)]
        """
        trainable, others = weights_of(self)
        return trainable + others

    @property
    def trainable_variables(self) -> list[torch.Tensor]:
        """The same as `trainable_weights`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); len(layer.trainable_variables)
        2
        """
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[torch.Tensor]:
        """The same as `non_trainable_weights`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); layer.non_trainable_variables
        []
        """
        return self.non_trainable_weights

    @property
    def variables(self) -> list[torch.Tensor]:
        """The same as `weights`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); len(layer.variables)
        2
        """
        return self.weights

    @property
    def submodules(self) -> tuple[nn.Module, ...]:
        """All modules inside this layer, level by level; those in lists, tuples and dicts too.

        >>> import torchkeras_layer as keras
        >>> outer = keras.Layer(); outer.blocks = [keras.layers.Dense(2, name="first")]
        >>> [m.name for m in outer.submodules]
        ['first']
        """
        return tuple(breadth_first(self))

    def count_params(self) -> int:
        """Return the number of scalars in all weights.

        Raises:
            ValueError: if this layer or one inside it is not built.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); layer.count_params()
        8
        """
        check_built(self)
        return sum(weight.numel() for weight in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of `weights` as numpy arrays; bfloat16, which numpy does not have, becomes float32.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); [w.shape for w in layer.get_weights()]
        [(3, 2), (2,)]
        """
        return [as_array(weight) for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Copy values into `weights`, after checking all of them.

        Args:
            weights: arrays, tensors or nested lists of numbers, in the order and with the shapes of `weights`.

        Raises:
            ValueError: if their number or a shape is wrong; no weight is changed then.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1); layer.build((None, 2))
        >>> layer.set_weights([[[1.0], [2.0]], [3.0]]); layer.bias
        Parameter containing:
        tensor([3.], requires_grad=True)
        """
        write_weights(self._torchkeras.name, self.weights, weights)
        for layer in layers_in(self):
            layer.finalize_state()

    def reset_parameters(self) -> None:
        """Give the layer's own weights new values from their initializers, in place, as torch's modules do.

        Weights of layers inside this one are not changed: `model.apply` reaches all of them. A layer that is not built
        has no weights. A model that was built on the meta device gets its first values so.

        >>> import torch
        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, kernel_initializer="ones", device="meta"); layer.build((None, 1))
        >>> layer = layer.to_empty(device="cpu"); layer.reset_parameters(); layer.get_weights()[0]
        array([[1., 1.]], dtype=float32)
        """
        reset_own_weights(self)

    def finalize_state(self) -> None:
        """Recompute what the layer derives from its weights. It runs after `set_weights`; the base class does nothing.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).finalize_state()
        """

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put copies of the layer's own weights, as numpy arrays, into `store` under the keys `'0'`, `'1'`, ….

        Args:
            store: a dict. Weights of layers inside this one are not put into it.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); store = {}
        >>> layer.save_own_variables(store); list(store)
        ['0', '1']
        """
        for index, weight in enumerate(self._torchkeras_own_weights()):
            store[str(index)] = as_array(weight)

    def load_own_variables(self, store: Any) -> None:
        """Set the layer's own weights to the arrays in `store`.

        Args:
            store: a dict that `save_own_variables` has filled.

        Raises:
            ValueError: if the number of arrays or a shape is wrong; no weight is changed then.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1); layer.build((None, 1))
        >>> layer.load_own_variables({"0": [[2.0]], "1": [3.0]}); layer.get_weights()[1]
        array([3.], dtype=float32)
        """
        keys = [str(index) for index in range(len(store))]
        write_weights(self._torchkeras.name, self._torchkeras_own_weights(), [store[key] for key in keys])

    def apply_constraints(self) -> None:
        """Apply the constraints of all weights in this layer and in those inside it. Call it after `optimizer.step()`.

        To have it called after every step: `optimizer.register_step_post_hook(lambda *_: model.apply_constraints())`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1, use_bias=False, kernel_constraint="non_neg"); layer.build((None, 1))
        >>> layer.set_weights([[[-1.0]]]); layer.apply_constraints(); layer.get_weights()[0]
        array([[0.]], dtype=float32)
        """
        apply_constraints(self)

    def _torchkeras_own_weights(self) -> list[torch.Tensor]:
        """Return the weights that `save_own_variables` writes, in their order."""
        return own_weights(self)
