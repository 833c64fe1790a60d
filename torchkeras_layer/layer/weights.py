"""Which weights does a layer create, and under which attribute does it hold them?"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from torch import nn

from torchkeras_layer import constraints, initializers, regularizers
from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._shapes import full_shape, is_shape
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.creation import creating_weights
from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.layer.unbuilt import STAND_IN
from torchkeras_layer.layer.weight_spec import VariableAggregation, VariableSynchronization, WeightSpec

_EXTRA_ARGUMENTS = ("getter", "collections", "autocast", "experimental_autocast", "caching_device")


class WeightCreation(LayerState):
    """`add_weight` and its kin."""

    def add_weight(
        self,
        name: Any = None,
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
    ) -> torch.Tensor:
        """Create a weight: an `nn.Parameter` if it trains, else a buffer. Assign it to an attribute, which names it.

        Args:
            name: the weight's name in its `WeightSpec`. Keras 3's positional `(shape, initializer, dtype)` works too.
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
        if is_shape(name):
            name, shape, initializer = None, name, shape if initializer is None else initializer
        _check_keywords(self._name, kwargs)
        where = f"{self._name}: add_weight({name!r})"
        data_type = _read(where, torch_dtype, self._policy.variable if dtype is None else dtype)
        spec = WeightSpec(
            name="variable" if name is None else str(name),
            trainable=_decide_trainable(where, trainable, data_type, synchronization),
            initializer=_choose_initializer(where, initializer, data_type),
            regularizer=_read(where, regularizers.get, regularizer),
            constraint=_read(where, constraints.get, constraint),
            autocast=kwargs.get("autocast", True) and kwargs.get("experimental_autocast", True),
            partitioner=partitioner,
            synchronization=VariableSynchronization(synchronization),
            aggregation=VariableAggregation(aggregation),
            collections=kwargs.get("collections"),
            use_resource=use_resource,
            caching_device=kwargs.get("caching_device"),
        )
        if partitioner is not None and regularizer is not None:
            raise RuntimeError(f"{where}: a partitioned weight cannot have a regularizer. Add the loss in `call`.")
        dimensions = _read(where, full_shape, () if shape is None else shape)
        weight = self._create(spec, dimensions, data_type, kwargs.get("getter"))
        return self._register_weight(spec, weight)

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
        return dict(self._weight_specs)

    def _create(self, spec: WeightSpec, shape: tuple[int, ...], dtype: torch.dtype, getter: Any) -> torch.Tensor:
        with creating_weights(self._device):
            if getter is None:
                value = spec.initializer(shape, dtype=dtype)
            else:
                asked = {f.name: getattr(spec, f.name) for f in dataclasses.fields(spec)}
                del asked["regularizer"], asked["autocast"], asked["partitioner"]
                value = getter(shape=shape, dtype=dtype, **asked)
            weight = torch.as_tensor(value, dtype=dtype)
            if weight.shape != torch.Size(shape):
                raise ValueError(
                    f"{self._name}: the initializer of weight {spec.name!r} must give shape {shape}. "
                    f"Received: {tuple(weight.shape)}."
                )
            # An initializer may hand out one array twice; a weight owns its memory.
            weight = weight.detach().clone() if weight is value or isinstance(value, np.ndarray) else weight
            is_free = self._trainable and not per_thread.context.frozen
            trains = is_free and self._stand_in_requires_grad()
            return nn.Parameter(weight, requires_grad=trains) if spec.trainable else weight.detach()

    def _register_weight(self, spec: WeightSpec, weight: torch.Tensor) -> torch.Tensor:
        key = self._free_key(spec.name)
        if isinstance(weight, nn.Parameter):
            self._parameters[key] = weight
            if not weight.requires_grad and self._stand_in_requires_grad():
                self._frozen.add(key)
        else:
            self._buffers[key] = weight
        self._weight_specs[key] = spec
        self._unclaimed.add(key)
        return weight

    def _free_key(self, name: str) -> str:
        base = key = name.replace(".", "_").replace("/", "_") or "variable"
        number = 0
        while key in self._parameters or key in self._buffers or key in self._modules or hasattr(type(self), key):
            number += 1
            key = f"{base}_{number}"
        return key

    def _stand_in_requires_grad(self) -> bool:
        """Whether torch's own `requires_grad_(False)` was not called before there were weights."""
        stand_in = self._parameters.get(STAND_IN)
        return stand_in is None or stand_in.requires_grad

    def _read_weight(self, key: str) -> torch.Tensor:
        """Return a weight as it is kept, without the cast of a mixed policy."""
        for registry in (self._parameters, self._buffers):
            weight = registry.get(key)
            if weight is not None:
                return weight
        return getattr(self, key)


def _check_keywords(layer_name: str, kwargs: dict[str, Any]) -> None:
    unknown = [key for key in kwargs if key not in _EXTRA_ARGUMENTS]
    if unknown:
        raise TypeError(
            f"{layer_name}: add_weight: unknown keyword {unknown[0]!r}. Beside its named arguments it takes "
            f"{', '.join(_EXTRA_ARGUMENTS)}."
        )


def _read(where: str, reader: Any, value: Any) -> Any:
    """Normalise an argument; an error says at which weight."""
    try:
        return reader(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from error


def _decide_trainable(
    where: str, trainable: bool | None, dtype: torch.dtype, synchronization: VariableSynchronization
) -> bool:
    on_read = VariableSynchronization(synchronization) is VariableSynchronization.ON_READ
    can_train = dtype.is_floating_point or dtype.is_complex
    if trainable and on_read:
        raise ValueError(
            f"{where}: synchronization ON_READ is for weights that do not train. Received: trainable=True. "
            "Pass trainable=False."
        )
    if trainable and not can_train:
        raise ValueError(
            f"{where}: torch trains float and complex weights only. Received: dtype={dtype_name(dtype)}, "
            "trainable=True. Pass trainable=False."
        )
    return can_train and not on_read if trainable is None else bool(trainable)


def _choose_initializer(where: str, initializer: Any, dtype: torch.dtype) -> Any:
    if initializer is None:
        if dtype.is_complex:
            raise ValueError(f"{where}: dtype {dtype_name(dtype)} has no default initializer. Pass one.")
        initializer = "glorot_uniform" if dtype.is_floating_point else "zeros"
    if isinstance(initializer, (torch.Tensor, np.ndarray)):
        return initializers.Constant(initializer)
    return _read(where, initializers.get, initializer)
