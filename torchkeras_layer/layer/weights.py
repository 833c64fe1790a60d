"""Which weights does a layer create, and under which attribute does it hold them?"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import torch
from torch import nn

from torchkeras_layer.layer.attributes import Attributes
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.creation import creating_weights
from torchkeras_layer.layer.naming import naming_errors
from torchkeras_layer.layer.unassigned import remember_maker
from torchkeras_layer.layer.unbuilt import STAND_IN
from torchkeras_layer.layer.weight_arguments import WeightRequest, read_request
from torchkeras_layer.layer.weight_spec import VariableAggregation, VariableSynchronization, WeightSpec


class WeightCreation(Attributes):
    """`add_weight` and its kin."""

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
        request = read_request(self._name, self._policy.variable, args, kwargs)
        return self._register_weight(request.spec, self._create_weight(request))

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
        return {key: spec for key, spec in self._weight_specs.items() if self._read_weight(key) is not None}

    def _create_weight(self, request: WeightRequest) -> torch.Tensor:
        spec, shape = request.spec, request.shape
        with creating_weights(self._pinned_device), naming_errors(request.where):
            value = request.make()
            weight = torch.as_tensor(value, dtype=request.dtype)
            if weight.shape != torch.Size(shape):
                raise ValueError(f"the initializer must give shape {shape}. Received: {tuple(weight.shape)}.")
            # An initializer may hand out one array twice; a weight owns its memory.
            is_foreign = weight is value or isinstance(value, np.ndarray)
            weight = weight.detach().clone() if is_foreign else weight.detach()
            is_free = self._trainable and not per_thread.context.frozen
            trains = is_free and self._stand_in_requires_grad()
            return nn.Parameter(weight, requires_grad=trains) if spec.trainable else weight

    def _register_weight(self, spec: WeightSpec, weight: torch.Tensor) -> torch.Tensor:
        key = self._free_key(spec.name)
        if isinstance(weight, nn.Parameter):
            self._parameters[key] = weight
            if not weight.requires_grad and self._stand_in_requires_grad():
                self._frozen_names.add(key)
        else:
            self._buffers[key] = weight
        self._weight_specs[key] = spec
        self._unclaimed.add(key)
        remember_maker(weight, self)
        return weight

    def _stand_in_requires_grad(self) -> bool:
        """Whether torch's own `requires_grad_(False)` was not called before there were weights."""
        stand_in = self._parameters.get(STAND_IN)
        return stand_in is None or stand_in.requires_grad

    def _read_weight(self, key: str) -> torch.Tensor | None:
        """Return a weight as it is kept, without the cast of a mixed policy; `None` if it was deleted."""
        for registry in (self._parameters, self._buffers):
            weight = registry.get(key)
            if weight is not None:
                return weight
        return getattr(self, key, None)
