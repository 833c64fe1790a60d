"""Which public members build and call a layer, and which properties decide how?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from torchkeras_layer._absent import arguments_of_compile, instead_of
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import masking
from torchkeras_layer.layer.attributes import LayerBase
from torchkeras_layer.layer.building import (
    build_and_call,
    build_for_call,
    guarded_build,
    infer_parameters,
    update_placeholder,
)
from torchkeras_layer.layer.call_pipeline import (
    MISSING,
    add_location,
    are_plain,
    begin_outermost,
    call_in_full,
    differs_in_training,
    is_traced,
    no_output_message,
    stateless_call,
    training_mode,
)
from torchkeras_layer.layer.call_records import end_call
from torchkeras_layer.layer.context import per_thread, prefix_errors
from torchkeras_layer.layer.dry_run import Effects, SymbolicRun
from torchkeras_layer.layer.dtypes import as_tensors
from torchkeras_layer.layer.losses import activity_regularizer_for
from torchkeras_layer.layer.record import assign_path, change
from torchkeras_layer.layer.symbolic_calls import effects_by_running, infer_call, is_dynamic
from torchkeras_layer.layer.weight_lists import layers_in
from torchkeras_layer.symbolic.input_spec import InputSpec
from torchkeras_layer.symbolic.node import Node
from torchkeras_layer.symbolic.shape_inference import Inferred


class Calls(LayerBase):
    """Building and calling. `__call__` is that of `nn.Module`, so that hooks, compile, export and fx work as usual."""

    # The arguments of `call`, besides the first, that count as inputs of a node: initial states, for instance.
    _torchkeras_further_inputs: ClassVar[tuple[str, ...]] = ()

    def forward(self, inputs: Any = MISSING, /, *args: Any, **kwargs: Any) -> Any:
        """Run the layer. Torch calls this for `layer(inputs)`; subclasses override `call` and not `forward`.

        Args:
            inputs: the first argument of `call`: a tensor, or a nested structure of tensors.
            *args, **kwargs: the other arguments of `call`, and `training` and `mask`.

        Returns:
            the output of `call`.

        Raises:
            ValueError: if there are no inputs, if they do not fit `input_spec`, or if `call` returns `None`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2)(torch.ones(1, 3)).shape
        torch.Size([1, 2])
        """
        context, record = per_thread.context, self._torchkeras
        outer = context.layer
        traced = outer is None and is_traced()
        if outer is None and not traced and record.has_recorded:
            begin_outermost(record, context, inputs, args, kwargs)
        context.layer = self
        try:
            # The fast path, written out because it is the whole cost of a small layer: a built layer that needs only
            # its inputs is called on one tensor in the right dtype without a mask, or on a list of such tensors.
            if (
                record.is_direct
                and not (args or kwargs)
                and (
                    (
                        isinstance(inputs, Tensor)
                        and (inputs.dtype is record.compute_dtype or not record.casts)
                        and getattr(inputs, "_keras_mask", None) is None
                        and (record.only_spec is None or record.only_spec.accepts(inputs))
                    )
                    or (type(inputs) is list and record.only_spec is None and are_plain(record, inputs))
                )
            ):
                if record.passes_training:
                    outputs = self.call(inputs, training=training_mode(self, context))
                else:
                    outputs = self.call(inputs)
            else:
                outputs = call_in_full(self, context, outer, inputs, args, kwargs)
        except Exception as error:
            add_location(error, self, inputs, args, kwargs)
            raise
        finally:
            context.layer = outer
            if outer is None and (context.recording is not None or traced):
                end_call(record, context)
        if outputs is None:
            raise ValueError(no_output_message(self))
        return outputs

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the layer's outputs. Subclasses override it; the base class returns the inputs.

        Args:
            inputs: a tensor, or a nested structure of tensors.
            *args, **kwargs: any others. A `call` with an argument `training` is given the mode, one with an argument
                `mask` the mask of the inputs.

        Returns:
            a tensor, or a nested structure of tensors.

        >>> import torchkeras_layer as keras
        >>> keras.Layer().call(torch.ones(2))
        tensor([1., 1.])
        """
        return inputs

    @guarded_build
    def build(self, input_shape: Any = None) -> None:
        """Create the layer's weights with `add_weight`. It runs once, before the first `call`. Subclasses override it.

        Args:
            input_shape: shape of the inputs, a tuple of ints and of `None` for free dimensions; for nested inputs, the
                same structure of tuples. A `build` whose arguments are named `<argument of call>_shape` is given one
                shape for each.

        >>> import torchkeras_layer as keras
        >>> class Scale(keras.Layer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight(shape=input_shape[-1:], initializer="ones")
        ...     def call(self, inputs):
        ...         return inputs * self.scale
        >>> layer = Scale()
        >>> _ = layer(torch.ones(2, 3))
        >>> layer.built, tuple(layer.scale.shape)
        (True, (3,))
        """

    @property
    def built(self) -> bool:
        """Whether the layer is built, that is, has its weights. If it is set to `False`, the next call builds it again.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); layer.built
        True
        """
        return self._torchkeras.built

    @built.setter
    def built(self, value: bool) -> None:
        change(self, built=bool(value))
        update_placeholder(self)
        assign_path(self)

    @property
    def supports_masking(self) -> bool:
        """Whether the layer passes masks on; true by default if its class overrides `compute_mask`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dropout(0.5).supports_masking, keras.layers.Flatten().supports_masking
        (True, False)
        """
        return self._torchkeras.supports_masking

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        change(self, supports_masking=bool(value))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output. Subclasses override it; the base class returns the mask of the inputs.

        Args:
            inputs: a tensor, or a nested structure of tensors.
            mask: a boolean tensor for each input, in the same structure, or `None`; `False` marks the entries that are
                to be ignored.

        Returns:
            a boolean tensor for each output, or `None`.

        Raises:
            TypeError: if there is a mask and the layer does not support masking.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dropout(0.5).compute_mask(torch.ones(1, 2), torch.tensor([[True, False]]))
        tensor([[ True, False]])
        """
        return masking.default(self, mask)

    @property
    def input_spec(self) -> Any:
        """The `InputSpec` that every first argument of a call must fit, a nested structure of them, or `None`.

        Raises:
            TypeError: if it is set to anything else.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3)); layer.input_spec
        InputSpec(min_ndim=2, axes={-1: 3})
        """
        return self._torchkeras.input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        for spec in leaves(value):
            if spec is not None and not isinstance(spec, InputSpec):
                raise TypeError(
                    f"{self._torchkeras.name}: input_spec takes InputSpec objects, nested or not, or None. "
                    f"Received: {spec!r}."
                )
        change(self, input_spec=value)

    @property
    def activity_regularizer(self) -> Any:
        """A callable on the output, or `None`. Its result, divided by the batch size, is a loss of each call.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Activation("linear", activity_regularizer=keras.regularizers.L2(0.5))
        >>> _ = layer(torch.ones(4, 3)); layer.losses
        [tensor(1.5000)]
        """
        return self._torchkeras.activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, value: Any) -> None:
        with prefix_errors(self._torchkeras.name):
            change(self, activity_regularizer=activity_regularizer_for(value))

    @property
    def dynamic(self) -> bool:
        """Whether this layer or one inside it was made with `dynamic=True`, and so is never traced.

        >>> import torchkeras_layer as keras
        >>> keras.Sequential([keras.layers.Dense(2, dynamic=True)]).dynamic
        True
        """
        return is_dynamic(self)

    @property
    def stateful(self) -> bool:
        """Whether this layer or one inside it keeps state from one batch to the next.

        >>> import torchkeras_layer as keras
        >>> keras.Sequential([keras.layers.LSTM(2, stateful=True)]).stateful
        True
        """
        return any(layer._torchkeras.stateful for layer in layers_in(self))

    @stateful.setter
    def stateful(self, value: bool) -> None:
        self._torchkeras.stateful = bool(value)

    @property
    def uses_learning_phase(self) -> bool:
        """Whether a layer inside this one, or itself, computes something else in training, as Keras 1 and 2 tell it.

        A layer of one's own counts if its `call` takes `training`, unless this was assigned.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dropout(0.5).uses_learning_phase, keras.layers.Dropout(0).uses_learning_phase
        (True, False)
        """
        return differs_in_training(self)

    @uses_learning_phase.setter
    def uses_learning_phase(self, value: bool) -> None:
        self.__dict__["uses_learning_phase"] = bool(value)

    def stateless_call(
        self,
        trainable_variables: Sequence[torch.Tensor],
        non_trainable_variables: Sequence[torch.Tensor],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Call the layer with other weights, without changing its own.

        Args:
            trainable_variables: tensors to use in place of `trainable_weights`, in the same order.
            non_trainable_variables: tensors to use in place of `non_trainable_weights`; they are not changed.
            *args, **kwargs: the arguments of the call.
            return_losses: whether to return the losses too.

        Returns:
            the outputs, and the new values of the non-trainable weights; with `return_losses=True` also the losses.

        Raises:
            ValueError: if the layer is not built, or a list has the wrong length.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1); layer.build((None, 2))
        >>> outputs, state = layer.stateless_call([torch.ones(2, 1), torch.zeros(1)], [], torch.ones(1, 2))
        >>> outputs, state
        (tensor([[2.]]), [])
        """
        outputs, state = stateless_call(self, trainable_variables, non_trainable_variables, args, kwargs)
        return (outputs, state, self.losses) if return_losses else (outputs, state)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the layer in place, as `nn.Module.compile` does. The first call builds the layer if needed.

        Args:
            *args: none; positional arguments would be Keras's.
            **kwargs: the arguments of `torch.compile`.

        Raises:
            TypeError: for arguments of Keras's `compile`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.compile(backend="eager")
        >>> layer(torch.ones(1, 3)).shape
        torch.Size([1, 2])
        """
        of_keras = arguments_of_compile(args, kwargs)
        if of_keras:
            raise TypeError(
                f"{self._torchkeras.name} ({type(self).__name__}): compile is torch's, and takes the keywords of "
                f"torch.compile. Received: {', '.join(of_keras)}. Leave it out, and make the optimizer yourself: "
                f"torch.optim.Adam(model.parameters()). {instead_of('fit', 'Model')}"
            )
        super().compile(**kwargs)
        compiled: Any = self._compiled_call_impl
        self._compiled_call_impl = functools.partial(build_and_call, self, compiled)

    @property
    def _initialize_hook(self) -> Any:  # type: ignore[override]
        if self._torchkeras.built:
            raise AttributeError(f"{self._torchkeras.name}: is built, so no hook is needed to initialize it.")
        return self._infer_parameters

    def _infer_parameters(self, module: Any, args: Any, kwargs: Any = None) -> None:
        infer_parameters(self, args, kwargs)

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        """Convert arrays and numbers in the first argument to tensors; preprocessing layers read more types."""
        return as_tensors(self, inputs)

    def _torchkeras_build(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outer: Any) -> None:
        """Build the layer for the arguments of a call; a `Sequential` builds its layers one after the other."""
        build_for_call(self, inputs, args, kwargs, outer)

    def _torchkeras_infer(
        self, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Inferred, SymbolicRun | None]:
        """Return the specs of the outputs of a symbolic call; a functional model reads them from its graph."""
        return infer_call(self, outer, inputs, args, kwargs)

    def _torchkeras_effects_at(self, node: Node, kind: str) -> Effects:
        """Return the 'losses' or 'updates' of a symbolic call; a functional model reads them from its graph."""
        return effects_by_running(self, node, kind)
