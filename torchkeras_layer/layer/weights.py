"""Which weights does a layer have? The public members that tell, make and change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import torch
from torch import nn

from torchkeras_layer.layer.attributes import Attributes
from torchkeras_layer.layer.weight_creation import create_weight, register_weight
from torchkeras_layer.layer.weight_lists import (
    apply_constraints,
    as_array,
    breadth_first,
    check_built,
    layers_in,
    own_weights,
    set_trainable,
    weights_of,
    write_weights,
)
from torchkeras_layer.layer.weight_spec import (
    VariableAggregation,
    VariableSynchronization,
    WeightSpec,
    read_request,
    read_weight,
)


class Weights(Attributes):
    """The weights: making them, listing them, setting them, freezing them."""

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
        """Create a weight: an `nn.Parameter` if it trains, else a buffer. Assign it to an attribute, which names it.

        Args:
            *args: `(name, shape, dtype, initializer, ...)` as in TF 2, or, where the first is a shape,
                `(shape, initializer, dtype)` as in Keras 3.
            name: the weight's name in its `WeightSpec`.
            shape: tuple of ints; default `()`.
            dtype: default the layer's variable dtype.
            initializer: identifier, array, or `f(shape, dtype=torch_dtype)`; default Glorot uniform for floats,
                zeros for ints and bools.
            regularizer: identifier or callable on the weight; its result counts among `losses`.
            trainable: default true for floats unless `synchronization` is ON_READ; ints and bools never train.
            constraint: identifier or callable, applied by `apply_constraints()`.
            partitioner: how the weight is split over devices. synchronization, aggregation: how replicas agree.
            use_resource: kept, no effect.
            **kwargs: `getter` (makes the weight in our stead), `autocast` (false: a mixed policy does not cast the
                weight in `call`; also `experimental_autocast`), `collections`, `caching_device` (kept, no effect).

        Raises:
            TypeError: for an unknown keyword, or a shape or dtype that is none.
            ValueError: for a shape with free dimensions, a trainable ON_READ or int weight, a complex or other dtype
                without initializer, an unknown identifier.
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
        """Do as `add_weight`: the older name.

        >>> import torchkeras_layer as keras
        >>> keras.Layer().add_variable("scale", (3,)).shape
        torch.Size([3])
        """
        return self.add_weight(*args, **kwargs)

    @property
    def weight_specs(self) -> dict[str, WeightSpec]:
        """What the layer knows of each own weight beyond its tensor, by attribute.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3))
        >>> layer.weight_specs["kernel"].name
        'kernel'
        """
        specs = self._torchkeras.weight_specs
        return {key: spec for key, spec in specs.items() if read_weight(self, key) is not None}

    @property
    def trainable(self) -> bool:
        """Whether the layer trains. Setting it reaches every layer inside, and every plain module between.

        False turns `requires_grad` off, and True turns it on again for what False had turned off: a parameter that was
        frozen with torch's means stays so. Works before the weights exist.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3))
        >>> layer.trainable = False
        >>> [p.requires_grad for p in layer.parameters()], len(layer.trainable_weights)
        ([False, False], 0)
        """
        return self._torchkeras.trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        set_trainable(self, bool(value))

    @property
    def trainable_weights(self) -> list[torch.Tensor]:
        """Parameters that train: those with `requires_grad` in layers that are not frozen, nor inside a frozen one.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.BatchNormalization(); layer.build((None, 3))
        >>> len(layer.trainable_weights), len(layer.non_trainable_weights)
        (2, 2)
        """
        return weights_of(self)[0]

    @property
    def non_trainable_weights(self) -> list[torch.Tensor]:
        """All other weights: frozen parameters and buffers."""
        return weights_of(self)[1]

    @property
    def weights(self) -> list[torch.Tensor]:
        """`trainable_weights`, then `non_trainable_weights`. Freezing moves weights; `state_dict` keys do not move."""
        trainable, others = weights_of(self)
        return trainable + others

    @property
    def trainable_variables(self) -> list[torch.Tensor]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[torch.Tensor]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def variables(self) -> list[torch.Tensor]:
        """The same as `weights`."""
        return self.weights

    @property
    def submodules(self) -> tuple[nn.Module, ...]:
        """All modules inside, level by level.

        >>> import torchkeras_layer as keras
        >>> outer = keras.Layer(); outer.blocks = [keras.layers.Dense(2, name="first")]
        >>> [m.name for m in outer.submodules]
        ['first']
        """
        return tuple(breadth_first(self))

    def count_params(self) -> int:
        """Return the number of scalars in all weights.

        Raises:
            ValueError: if the layer is not built.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); layer.count_params()
        8
        """
        check_built(self)
        return sum(weight.numel() for weight in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of `weights` as numpy arrays (bfloat16, which numpy lacks, as float32).

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); [w.shape for w in layer.get_weights()]
        [(3, 2), (2,)]
        """
        return [as_array(weight) for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write arrays into `weights`, in their order. All are checked before any is written.

        Raises:
            ValueError: if their number or one of their shapes is wrong.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1); layer.build((None, 2))
        >>> layer.set_weights([[[1.0], [2.0]], [3.0]]); layer.bias
        Parameter containing:
        tensor([3.], requires_grad=True)
        """
        write_weights(self._torchkeras.name, self.weights, weights)
        for layer in layers_in(self):
            layer.finalize_state()

    def finalize_state(self) -> None:
        """Run after `set_weights`; a layer that derives something from its weights does it here."""

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put copies of the layer's own weights into `store` under `'0'`, `'1'`, …, as arrays.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); store = {}
        >>> layer.save_own_variables(store); list(store)
        ['0', '1']
        """
        for index, weight in enumerate(self._torchkeras_own_weights()):
            store[str(index)] = as_array(weight)

    def load_own_variables(self, store: Any) -> None:
        """Read the layer's own weights back from `store`.

        Raises:
            ValueError: if the layer has another number of weights, or others shapes; nothing is then written.
        """
        keys = [str(index) for index in range(len(store))]
        write_weights(self._torchkeras.name, self._torchkeras_own_weights(), [store[key] for key in keys])

    def apply_constraints(self) -> None:
        """Apply the constraint of every weight in this layer and those inside; call it after `optimizer.step()`.

        Or once: `optimizer.register_step_post_hook(lambda *_: model.apply_constraints())`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1, use_bias=False, kernel_constraint="non_neg"); layer.build((None, 1))
        >>> layer.set_weights([[[-1.0]]]); layer.apply_constraints(); layer.get_weights()[0]
        array([[0.]], dtype=float32)
        """
        apply_constraints(self)

    def _torchkeras_own_weights(self) -> list[torch.Tensor]:
        """Return the weights that `save_own_variables` writes, in their order."""
        return own_weights(self)
