"""Which layers that only Keras 1 had go through the conformance suite?

Keras 3 has none of them; they are written here with Keras, from what Keras 1.2 computed.
"""

from __future__ import annotations

from typing import Any

from tests.conformance.case import Case
from tests.oracle import keras, stand_in

_ops = keras.ops


class _SameShape:
    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the inputs."""
        return tuple(input_shape)


@stand_in("layers")
class MaxoutDense(keras.layers.Dense):
    """A dense layer with a kernel for each feature."""

    def __init__(self, units: int, nb_feature: int = 4, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.nb_feature = nb_feature
        self.supports_masking = False
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def build(self, input_shape: Any) -> None:
        """Create the weights."""
        for name, shape in (("kernel", (input_shape[-1], self.units)), ("bias", (self.units,))):
            if name == "kernel" or self.use_bias:
                words = ("initializer", "regularizer", "constraint")
                arguments = {word: getattr(self, f"{name}_{word}") for word in words}
                weight = self.add_weight(shape=(self.nb_feature, *shape), name=name, **arguments)
                setattr(self, "_kernel" if name == "kernel" else "bias", weight)
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: input_shape[-1]})

    def call(self, inputs: Any) -> Any:
        """Return the largest of the results."""
        results = _ops.einsum("bi,fio->bfo", inputs, self._kernel)
        return _ops.max(results + self.bias if self.use_bias else results, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        config = super().get_config() | {"nb_feature": self.nb_feature}
        return {word: value for word, value in config.items() if word not in ("activation", "quantization_config")}


@stand_in("layers")
class Highway(_SameShape, keras.layers.Layer):
    """A dense layer with a gate."""

    def __init__(
        self,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        carry_bias_initializer: Any = "ones",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.activation, self.use_bias = keras.activations.get(activation), use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.carry_bias_initializer = keras.initializers.get(carry_bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def build(self, input_shape: Any) -> None:
        """Create the weights."""
        size = input_shape[-1]
        start, keep = self.kernel_initializer, {"constraint": self.kernel_constraint}
        self.kernel = self.add_weight((size, size), start, name="kernel", regularizer=self.kernel_regularizer, **keep)
        self.carry_kernel = self.add_weight((size, size), start, name="carry_kernel")
        if self.use_bias:
            keep = {"regularizer": self.bias_regularizer, "constraint": self.bias_constraint}
            self.bias = self.add_weight((size,), self.bias_initializer, name="bias", **keep)
            self.carry_bias = self.add_weight((size,), self.carry_bias_initializer, name="carry_bias")
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: size})

    def call(self, inputs: Any) -> Any:
        """Return the gated results."""
        gate, new = _ops.matmul(inputs, self.carry_kernel), _ops.matmul(inputs, self.kernel)
        if self.use_bias:
            gate, new = gate + self.carry_bias, new + self.bias
        gate = _ops.sigmoid(gate)
        return self.activation(new) * gate + (1 - gate) * inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        config = super().get_config() | {"activation": keras.activations.serialize(self.activation)}
        config |= {"use_bias": self.use_bias}
        for word in ("kernel", "bias", "carry_bias"):
            config[f"{word}_initializer"] = keras.initializers.serialize(getattr(self, f"{word}_initializer"))
        for word in ("kernel", "bias"):
            config[f"{word}_regularizer"] = keras.regularizers.serialize(getattr(self, f"{word}_regularizer"))
            config[f"{word}_constraint"] = keras.constraints.serialize(getattr(self, f"{word}_constraint"))
        return config | {"activity_regularizer": keras.regularizers.serialize(self.activity_regularizer)}


class _OfPositions(_SameShape, keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def _add(self, input_shape: Any, **initializers: Any) -> None:
        for name, initializer in initializers.items():
            setattr(self, name, self.add_weight(input_shape[1:], initializer, name=name))
        axes = dict(enumerate(input_shape[1:], 1))
        self.input_spec = keras.layers.InputSpec(ndim=len(input_shape), axes=axes)


@stand_in("layers")
class ParametricSoftplus(_OfPositions):
    """A softplus with learned scales."""

    def __init__(self, alpha: float = 0.2, beta: float = 5.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha, self.beta = alpha, beta

    def build(self, input_shape: Any) -> None:
        """Create the weights."""
        constant = keras.initializers.Constant
        self._add(input_shape, alphas=constant(self.alpha), betas=constant(self.beta))

    def call(self, inputs: Any) -> Any:
        """Return the scaled softplus."""
        return self.alphas * _ops.softplus(self.betas * inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return super().get_config() | {"alpha": self.alpha, "beta": self.beta}


@stand_in("layers")
class SReLU(_OfPositions):
    """Three straight lines."""

    def __init__(
        self,
        t_left_initializer: Any = "zeros",
        a_left_initializer: Any = "glorot_uniform",
        t_right_initializer: Any = "glorot_uniform",
        a_right_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        given = {"t_left": t_left_initializer, "a_left": a_left_initializer}
        given |= {"t_right": t_right_initializer, "a_right": a_right_initializer}
        self._given = {name: keras.initializers.get(value) for name, value in given.items()}

    def build(self, input_shape: Any) -> None:
        """Create the weights."""
        self._add(input_shape, **self._given)

    def call(self, inputs: Any) -> Any:
        """Return the values of the lines, as Keras 1 added them up."""
        length = _ops.abs(self.t_right)
        shifted = inputs - self.t_left
        below = _ops.minimum(_ops.relu(shifted), length) - self.a_left * _ops.relu(-shifted)
        return self.t_left + below + _ops.relu(shifted - length) * self.a_right

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        given = {f"{name}_initializer": keras.initializers.serialize(value) for name, value in self._given.items()}
        return super().get_config() | given


_RANDOM = "random_normal"

CASES = [
    Case("Highway", shape=(3, 4)),
    Case("Highway", {"activation": "tanh", "kernel_regularizer": "l2", "bias_constraint": "non_neg"}, (3, 4)),
    Case("Highway", {"use_bias": False}, (3, 4)),
    Case("MaxoutDense", {"units": 3}, (3, 4)),
    Case("MaxoutDense", {"units": 2, "nb_feature": 1, "use_bias": False, "kernel_constraint": "max_norm"}, (3, 4)),
    Case("ParametricSoftplus"),
    Case("ParametricSoftplus", {"alpha": 0.5, "beta": -2.0}, (2, 3, 5)),
    Case("SReLU"),
    Case("SReLU", {"t_left_initializer": _RANDOM, "a_right_initializer": _RANDOM}, (2, 3, 5)),
]
