"""Which weights does a layer have, with all that is inside it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from torchkeras_layer.layer.containers import weight_spec_holders
from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.layer.unbuilt import UnbuiltWeights
from torchkeras_layer.layer.walk import breadth_first, layers_in, weight_holders


class WeightCollections(LayerState):
    """Lists of weights, computed from what torch has registered now."""

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
        unbuilt = [layer._name for layer in layers_in(self) if not layer._built and layer._creates_weights]
        if unbuilt or not self._built:
            raise ValueError(
                f"{self._name}: cannot count parameters, because {', '.join(unbuilt) or self._name} is not built. "
                f"Call the layer once, or write `{self._name}.build(input_shape)`."
            )
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
        write_weights(self._name, self.weights, weights)
        for layer in layers_in(self):
            layer.finalize_state()  # type: ignore[operator]

    def finalize_state(self) -> None:
        """Run after `set_weights`; a layer that derives something from its weights does it here."""

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put copies of the layer's own weights into `store` under `'0'`, `'1'`, …, as arrays.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); store = {}
        >>> layer.save_own_variables(store); list(store)
        ['0', '1']
        """
        for index, weight in enumerate(self._own_weights()):
            store[str(index)] = as_array(weight)

    def load_own_variables(self, store: Any) -> None:
        """Read the layer's own weights back from `store`.

        Raises:
            ValueError: if the layer has another number of weights, or others shapes; nothing is then written.
        """
        keys = [str(index) for index in range(len(store))]
        write_weights(self._name, self._own_weights(), [store[key] for key in keys])

    def apply_constraints(self) -> None:
        """Apply the constraint of every weight in this layer and those inside; call it after `optimizer.step()`.

        Or once: `optimizer.register_step_post_hook(lambda *_: model.apply_constraints())`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1, use_bias=False, kernel_constraint="non_neg"); layer.build((None, 1))
        >>> layer.set_weights([[[-1.0]]]); layer.apply_constraints(); layer.get_weights()[0]
        array([[0.]], dtype=float32)
        """
        for layer in layers_in(self):
            for holder in weight_spec_holders(layer):
                for key, spec in holder._weight_specs.items():
                    weight = holder._read_weight(key)
                    if spec.constraint is not None and weight is not None:
                        _constrain(weight, spec.constraint)

    def _own_weights(self) -> list[torch.Tensor]:
        own = [weight for weight in self._parameters.values() if is_weight(weight)]
        return [*own, *(buffer for buffer in self._buffers.values() if buffer is not None)]  # type: ignore[list-item]


def weights_of(module: nn.Module) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return the weights in a module that train, and the others: parents first, each once."""
    trainable: dict[int, torch.Tensor] = {}
    others: dict[int, torch.Tensor] = {}
    for holder, is_frozen in weight_holders(module):
        for parameter in holder._parameters.values():
            if (
                parameter is not None
                and is_weight(parameter)
                and id(parameter) not in trainable
                and id(parameter) not in others
            ):
                chosen = trainable if parameter.requires_grad and not is_frozen else others
                chosen[id(parameter)] = parameter
        for name, buffer in holder._buffers.items():
            if buffer is not None and name not in holder._non_persistent_buffers_set:
                others.setdefault(id(buffer), buffer)
    return list(trainable.values()), list(others.values())


def is_weight(parameter: Any) -> bool:
    """Whether a registered parameter is there and real.

    >>> is_weight(None)
    False
    """
    return parameter is not None and not isinstance(parameter, UnbuiltWeights)


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """Return a copy of a tensor as a numpy array.

    >>> as_array(torch.ones(1, dtype=torch.bfloat16)).dtype
    dtype('float32')
    """
    values = tensor.detach().cpu()
    return np.array((values.float() if values.dtype is torch.bfloat16 else values).numpy())


def write_weights(layer_name: str, weights: list[torch.Tensor], values: Any) -> None:
    """Copy values into weights in place, once all of them are known to fit.

    Raises:
        ValueError: if their number or a shape differs, or one is no array of numbers; nothing is then written.
    """
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != len(weights):
        received = f"{len(values)}" if isinstance(values, (list, tuple)) else repr(values)
        raise ValueError(
            f"{layer_name}: expected {len(weights)} arrays of shapes {[tuple(w.shape) for w in weights]}. "
            f"Received: {received}. A layer has its weights once it is built."
        )
    arrays = [_as_tensor(layer_name, index, value) for index, value in enumerate(values)]
    for index, (weight, array) in enumerate(zip(weights, arrays, strict=True)):
        if weight.shape != array.shape:
            raise ValueError(
                f"{layer_name}: weight {index} has shape {tuple(weight.shape)}. Received: {tuple(array.shape)}. "
                f"Nothing was written.{_hint_at_order(weights, arrays)}"
            )
    with torch.no_grad():
        for weight, array in zip(weights, arrays, strict=True):
            weight.copy_(array)


def _hint_at_order(weights: list[torch.Tensor], arrays: list[torch.Tensor]) -> str:
    """Say where another order may come from, if that is all that is wrong."""
    wanted, received = (sorted(tuple(tensor.shape) for tensor in tensors) for tensors in (weights, arrays))
    if wanted != received:
        return ""
    return (
        " The shapes are the right ones, in another order. Keras 3 lists the weights of a layer that holds layers part "
        "by part; here, as in TF-Keras, those that train come first. Set such a layer by itself: "
        "layer.set_weights(theirs.trainable_weights + theirs.non_trainable_weights)."
    )


def _as_tensor(layer_name: str, index: int, value: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.detach()
    try:
        return torch.from_numpy(np.array(np.asarray(value)))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{layer_name}: weight {index} takes an array of numbers: {error}. Received: {value!r}. "
            "Nothing was written."
        ) from error


def _constrain(weight: torch.Tensor, constraint: Any) -> None:
    with torch.no_grad():
        weight.copy_(constraint(weight))
