"""How is a torch module wrapped as a layer?"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from typing_extensions import Self

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.class_facts import CallSignature
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.symbolic_calls import infer_output
from torchkeras_layer.layer.weight_lists import as_array, write_weights
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.core.torch_module_config import dtype_of, read_module, write_module


@dataclass(slots=True)
class ModuleFacts:
    """What a layer knows of its module: the given output shape, and how it is called.

    `takes_training`: whether its forward has that argument; `is_lazy`: whether it has weights without a shape.

    >>> ModuleFacts((None, 3), False, False).output_shape
    (None, 3)
    """

    output_shape: Any
    takes_training: bool
    is_lazy: bool


@catalog.register()
class TorchModuleWrapper(BuiltInLayer, may_change_inputs=True):
    """Any `nn.Module` as a layer; a call of the layer calls `layer.module` with the same arguments.

    The module computes the same as by itself: inputs are not cast, `train()` and `eval()` reach it, and it gets a mask
    only if the call passes one. If `training=` is given to this or to an outer call, the whole module is in that mode
    during the call (which other threads see), and gets the argument if its forward has it. Its weights are in the
    `state_dict` under `module.`.

    Args:
        module: the module. A lazy module of torch gets its weights in the first call, which must be on real inputs.
        name: default `torch_module_wrapper`, counted.
        output_shape: output shape with the batch; default: found by running the module.
        autocast: whether floating tensors in the first argument are cast to the layer's compute dtype.
        **kwargs: those of `Layer`. The default `dtype` is that of the module's weights.

    Raises:
        TypeError: if `module` is a layer or not a module, or if `output_shape` is not a shape.
        NotImplementedError: in `get_config`, for a module with parts that are neither common classes of `torch.nn` nor
            registered with `register_keras_serializable()`. A config never contains a pickle.
        DeserializationError: (a TypeError) in `from_config`, for such a class, or for a pickle, as Keras writes it.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.TorchModuleWrapper(nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)))
    >>> layer(torch.ones(4, 3), training=False).shape, list(layer.state_dict())
    (torch.Size([4, 2]), ['module.0.weight', 'module.0.bias'])
    """

    def __init__(
        self,
        module: nn.Module,
        name: str | None = None,
        output_shape: Any = None,
        autocast: bool = False,
        **kwargs: Any,
    ) -> None:
        _check_module(self, module)
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = dtype_of(module)
        super().__init__(name=name, autocast=autocast, **kwargs)
        output_shape = map_shapes(tuple, output_shape)
        self.module = module
        # The signature of the module, and not that of `call`.
        self._torchkeras.signature, takes_training = _read_forward(module)
        facts = ModuleFacts(output_shape, takes_training, _has_lazy_weights(module))
        self._torchkeras.derived = facts
        self.built = not facts.is_lazy

    def call(self, inputs: Any, *args: Any, training: Any = None, **kwargs: Any) -> Any:
        """Return the result of the module."""
        facts: ModuleFacts = self._torchkeras.derived
        if facts.is_lazy:
            _expect_real_inputs(self)
        if per_thread.context.is_tracing and runs_step_by_step(self.module, inputs):
            return empty_outputs(self.module, inputs)
        if training is self.training and per_thread.context.training is None:
            return self.module(inputs, *args, **kwargs)
        if facts.takes_training:
            kwargs["training"] = training
        switched = [inner for inner in self.module.modules() if inner.training is not bool(training)]
        for inner in switched:
            inner.training = bool(training)
        try:
            return self.module(inputs, *args, **kwargs)
        finally:
            for inner in switched:
                inner.training = not training

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return `output_shape`, or find it by running the module on inputs without data, in the compute dtype.

        Raises:
            NotImplementedError: if there is no `output_shape`, and the module cannot run so.
        """
        stated = self._torchkeras.derived.output_shape
        if stated is not None:
            return stated
        try:
            return super().compute_output_shape(input_shape)
        except NotImplementedError as error:
            raise NotImplementedError(f"{error} For a TorchModuleWrapper: pass output_shape=.") from error

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` of the output, or a structure of them, for inputs of any dtypes.

        Raises:
            NotImplementedError: see `compute_output_shape`.
        """
        if self._torchkeras.derived.output_shape is not None:
            return super().compute_output_signature(input_signature)
        return infer_output(self, input_signature)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Write copies of the module's weights and buffers into `store`, by their names in its `state_dict`.

        >>> import torchkeras_layer as keras
        >>> store = {}; keras.layers.TorchModuleWrapper(nn.Linear(3, 2)).save_own_variables(store); list(store)
        ['weight', 'bias']
        """
        store.update({key: as_array(weight) for key, weight in self.module.state_dict().items()})

    def load_own_variables(self, store: Any) -> None:
        """Load the module's weights and buffers from `store`.

        Raises:
            ValueError: if the names or a shape differ from the module's; nothing is then written.
        """
        own = self.module.state_dict()
        if set(own) != set(store):
            raise ValueError(
                f"{self.name}: the weights of the module are named {sorted(own)}. Received: {sorted(store)}. "
                "Nothing was written."
            )
        write_weights(self.name, list(own.values()), [store[key] for key in own])

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the layer from the result of `get_config()`, with new weights.

        Raises:
            DeserializationError: if the config is not that of a module.
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> config = keras.layers.TorchModuleWrapper(nn.ReLU()).get_config()
        >>> keras.layers.TorchModuleWrapper.from_config(config).module
        ReLU()
        """
        if isinstance(config, dict) and "module" in config:
            config = {**config, "module": read_module(config["module"])}
        return super().from_config(config)

    def _torchkeras_write_argument(self, name: str) -> Any:
        return write_module(self.module, self.name) if name == "module" else super()._torchkeras_write_argument(name)


def _check_module(layer: TorchModuleWrapper, module: Any) -> None:
    advice = "Pass one, such as nn.Linear(3, 2)."
    if isinstance(module, Layer):
        advice = "Use it as it is: it is a layer."
    elif isinstance(module, nn.Module):
        return
    received = f"the class {module.__name__}" if inspect.isclass(module) else type(module).__name__
    raise TypeError(f"{type(layer).__name__}: module must be a plain nn.Module. Received: {received}. {advice}")


def _expect_real_inputs(layer: TorchModuleWrapper) -> None:
    facts: ModuleFacts = layer._torchkeras.derived
    facts.is_lazy = _has_lazy_weights(layer.module)
    if facts.is_lazy and (per_thread.context.is_tracing or per_thread.context.dry_run is not None):
        raise RuntimeError(
            f"{layer.name}: the module has lazy weights, whose shapes come from real inputs. Received: inputs "
            "without data. Call it once on real inputs before."
        )


class _ModuleSignature(CallSignature):
    """The signature of a module, whose argument `mask` is treated like any other keyword argument."""

    def is_given(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Return false: the pipeline must not use the module's arguments."""
        return False


def _has_lazy_weights(module: nn.Module) -> bool:
    return any(map(is_lazy, [*module.parameters(), *module.buffers()]))


def _read_forward(module: nn.Module) -> tuple[CallSignature, bool]:
    """Return the signature of a module's forward for the pipeline, and whether it has the argument `training`.

    Masks and keyword arguments of the call are passed to the module unchanged.
    """
    try:
        parameters = list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):
        # A function that is written in C has no signature.
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    signature = _ModuleSignature(
        first=names[0] if names else "inputs",
        positional=(),
        takes_training=True,
        takes_mask=False,
        first_is_optional=bool(names) and parameters[0].default is None,
    )
    return signature, any(p.name == "training" for p in parameters)


# On tensors without data, torch runs some recurrent modules step by step, which takes seconds.
def runs_step_by_step(module: nn.Module, inputs: Any) -> bool:
    """Whether torch runs a module step by step if the tensors have no data.

    >>> runs_step_by_step(nn.GRU(3, 4), torch.ones(2, 3)), runs_step_by_step(nn.LSTM(3, 4), torch.ones(2, 3))
    (True, False)
    """
    return isinstance(module, (nn.RNN, nn.GRU)) and isinstance(inputs, torch.Tensor) and inputs.dim() in (2, 3)


def empty_outputs(module: Any, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return empty tensors for the output and the last state.

    >>> [tuple(part.shape) for part in empty_outputs(nn.GRU(3, 4, batch_first=True), torch.ones(5, 2, 3))]
    [(5, 2, 4), (1, 5, 4)]
    """
    directions = 2 if module.bidirectional else 1
    batch = [] if inputs.dim() == 2 else [inputs.shape[0 if module.batch_first else 1]]
    output = inputs.new_empty([*inputs.shape[:-1], directions * module.hidden_size])
    state = inputs.new_empty([module.num_layers * directions, *batch, module.hidden_size])
    return output, state
