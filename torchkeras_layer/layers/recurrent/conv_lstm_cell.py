"""How does a convolutional LSTM compute one step?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import one_of, positive_int, resolved
from torchkeras_layer.layers.built_in_layer import add_parameter, weight_of
from torchkeras_layer.layers.convolution.base_convolution import (
    BaseConvolution,
    begin_build,
    convolved_shape,
    has_channels_last,
    refuse_strides_with_dilation,
)
from torchkeras_layer.layers.convolution.kernels import filters_of, put_in_order
from torchkeras_layer.layers.convolution.torch_kernels import (
    ConvolutionGeometry,
    as_images,
    checked,
    convolve,
    plan_convolution,
)
from torchkeras_layer.layers.convolution.windows import ends
from torchkeras_layer.layers.recurrent.cell_arguments import (
    CellDropout,
    add_lstm_bias,
    add_recurrent_kernel,
    input_mask,
    masks_of_sequence,
    state_mask,
    take_dropout,
    take_weight_arguments,
)
from torchkeras_layer.layers.recurrent.initial_states import device_for_states, read_batch, zeros
from torchkeras_layer.layers.recurrent.states import fault_of_states
from torchkeras_layer.layers.recurrent.stepping import run_steps
from torchkeras_layer.symbolic.keras_tensor import is_symbolic

State = list[torch.Tensor]
_GATES = 4
# What a subclass may override to convolve otherwise: the names of Keras.
_CONVOLUTIONS = {"input_conv", "recurrent_conv"}
# Activations that are known to be elementwise.
_ELEMENTWISE = (activations.sigmoid, activations.hard_sigmoid, activations.hard_sigmoid_keras2)


@dataclasses.dataclass(slots=True)
class StateConvolution:
    """How the state is convolved, with strides of 1 and padding 'same'. It is determined when the cell is built.

    Attributes:
        inputs_shape: shape of the inputs for which the cell was built.
        channel_axis: axis of the channels in inputs, states and gates.
        padding: padding on both ends of each spatial dimension, for torch's convolution.
        excess: padding, for `F.pad`, where Keras pads one end more than the other; `None` if there is none.
    """

    inputs_shape: Shape
    channel_axis: int
    padding: tuple[int, ...]
    excess: tuple[int, ...] | None


@catalog.register()
class ConvLSTMCell(BaseConvolution, CellDropout):
    """One step of an LSTM whose inputs and states are images: convolutions replace the matrix products.

    The gates i, f, o are `recurrent_activation(convolution of the inputs and kernel + convolution of h and
    recurrent_kernel + bias)`, a quarter of the filters each, in the order i, f, c, o. The state is convolved with
    strides of 1 and padding 'same'.

    Shapes: inputs (batch, spatial …, channels), states [h, c] of (batch, windows …, filters) -> h, [h, c]; with
    channels_first (batch, channels, spatial …). `kernel` is (spatial …, channels, 4 * filters), `recurrent_kernel`
    (spatial …, filters, 4 * filters), `bias` (4 * filters,).

    Args:
        rank: number of spatial dimensions, 1 to 3.
        filters: number of channels of the output and of both states.
        kernel_size, strides, padding, data_format, dilation_rate: as for `Conv2D`, for the convolution of the inputs;
            `kernel_size` is used for the state too.
        activation, recurrent_activation: names, functions or layers. The default of `recurrent_activation` is
            'sigmoid', as in Keras 3; in TF-Keras it is 'hard_sigmoid', here 'hard_sigmoid_keras2'.
        use_bias: whether there is a `bias`.
        unit_forget_bias: whether the bias of the forget gate is initialized to 1.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: identifiers or callables.
        dropout, recurrent_dropout: fraction of the inputs, and of h, that is dropped in training, with a mask for each
            gate.
        seed: int for the dropout masks, as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for an invalid argument; if both `strides` and `dilation_rate` are above 1; if the inputs have
            another rank, a free number of channels, or are smaller than a window; if the states do not fit.

    >>> cell = ConvLSTMCell(1, 2, 3, kernel_initializer="zeros")
    >>> cell.build((None, 5, 1))
    >>> h, (h_again, c) = cell(torch.ones(1, 5, 1), cell.get_initial_state(1))
    >>> h.shape, h.abs().max().item()
    (torch.Size([1, 3, 2]), 0.0)
    """

    # How the state is convolved.
    #
    # Not in `_torchkeras.derived`, which the base class of all convolutions uses.
    _torchkeras_state_convolution: StateConvolution
    _torchkeras_kernels = {"kernel": False, "recurrent_kernel": False}

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # For other convolutions, it is an attribute of the class.
        self.rank = int(one_of(self, "rank", rank, "1", "2", "3"))  # pyright: ignore
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, **kwargs)
        self.filters = positive_int(self, "filters", filters)
        self.recurrent_activation = resolved(self, "recurrent_activation", recurrent_activation, activations.get)
        refuse_strides_with_dilation(self)
        take_weight_arguments(
            self, (kernel_initializer, recurrent_initializer, bias_initializer),
            (kernel_regularizer, recurrent_regularizer, bias_regularizer),
            (kernel_constraint, recurrent_constraint, bias_constraint),
        )  # fmt: skip
        self.unit_forget_bias = bool(unit_forget_bias)
        take_dropout(self, dropout, recurrent_dropout, seed, _GATES)

    @property
    def state_size(self) -> list[int]:
        """The numbers of channels of h and c."""
        return [self.filters, self.filters]

    def build(self, input_shape: Shape) -> None:
        """Create `kernel`, `recurrent_kernel` and `bias`."""
        channels = begin_build(self, input_shape)
        plan_convolution(self, channels, groups=1)
        width = _GATES * self.filters
        self.kernel = add_parameter(self, "kernel", (*self.kernel_size, channels, width))
        self.recurrent_kernel = add_recurrent_kernel(self, (*self.kernel_size, self.filters, width))
        self._torchkeras_state_convolution = _plan_state_convolution(self, input_shape)
        put_in_order(self, self._torchkeras_kernels)
        self.bias = add_lstm_bias(self, width) if self.use_bias else None

    def call(self, inputs: torch.Tensor, states: Any = None, training: Any = None) -> tuple[torch.Tensor, State]:
        """Return h, and the list [h, c], after one step.

        Args:
            inputs: the inputs of one step, (batch, spatial …, channels).
            states: the list [h, c] before the step.

        Raises:
            ValueError: if the states do not fit.
        """
        of_inputs = input_mask(self, inputs, training)
        projected = _project(self, inputs, of_inputs)
        try:
            of_state = state_mask(self, states[0], training)
            return _step(self, projected, states, _state_filters(self), of_state)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            fault = fault_of_states(states, self.compute_output_shape(tuple(inputs.shape))[1])
            if fault is None:
                raise
            raise ValueError(f"{self.name}: {fault}") from error

    def input_conv(self, x: torch.Tensor, w: torch.Tensor, b: Any = None, padding: str = "valid") -> torch.Tensor:
        """Return inputs convolved with the part of the kernel for one gate, plus the bias.

        A subclass may override it, as in Keras; it runs only where one overrides it or `recurrent_conv`.

        >>> cell = ConvLSTMCell(1, 2, 3); cell.build((None, 5, 1))
        >>> cell.input_conv(torch.ones(1, 5, 1), torch.ones(3, 1, 2)).flatten()
        tensor([3., 3., 3., 3., 3., 3.])
        """
        geometry: ConvolutionGeometry = self._torchkeras.derived
        if padding != self.padding:
            windows = (*geometry.windows[:3], padding)
            geometry = dataclasses.replace(geometry, windows=windows, fixed_padding=None)
        kernel = filters_of(w, geometry.uses_channels_last_memory)
        images, amounts, _ = as_images(geometry, checked(self, geometry, x, kernel.dtype))
        return _from_torch(geometry, convolve(geometry, images, kernel, b, amounts))

    def recurrent_conv(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """Return a state convolved with the part of the recurrent kernel for one gate; see `input_conv`.

        >>> cell = ConvLSTMCell(1, 2, 3); cell.build((None, 5, 1))
        >>> cell.recurrent_conv(torch.ones(1, 3, 2), torch.ones(3, 2, 1)).flatten()
        tensor([4., 6., 4.])
        """
        return _convolve_state(self, x, filters_of(w, has_channels_last(self)))

    def run(
        self, sequences: torch.Tensor, state: State, mask: torch.Tensor | None, training: Any
    ) -> tuple[torch.Tensor, State]:
        """Return the outputs of all steps, (batch, steps, …), and the last state.

        The inputs of all steps are convolved at once, as one batch.

        Args:
            sequences: (batch, steps, …).
            state: the list [h, c] before the first step.
            mask: (batch, steps), false for steps that keep the state and repeat the previous output.
            training: whether dropout is applied.
        """
        of_inputs, of_state = masks_of_sequence(self, sequences[:, 0], state[0], training)
        if of_inputs is not None:
            of_inputs = [one.unsqueeze(1).expand_as(sequences).flatten(0, 1) for one in of_inputs]
        projected = _project(self, sequences.flatten(0, 1), of_inputs).unflatten(0, sequences.shape[:2])
        filters = _state_filters(self)
        return run_steps(lambda gates, now: _step(self, gates, now, filters, of_state), projected, state, mask)

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None, dtype: Any = None) -> State:
        """Return the state before the first step: zeros.

        Args:
            batch_size: number of samples; it may be left out if `inputs` are given.
            inputs: the inputs of one step; without them, the images have the sizes of the build.
            dtype: by default the compute dtype.

        Raises:
            ValueError: if no inputs are given, and the size of the images was not known at the build.
        """
        size, like = read_batch(batch_size, inputs)
        shape = self._torchkeras_state_convolution.inputs_shape if like is None else tuple(like.shape)
        if len(shape) == self.rank + 3:
            # An `RNN` passes all steps.
            shape = (shape[0], *shape[2:])
        return self.first_state((size, *shape[1:]), device_for_states(self, like), dtype, like)

    def first_state(self, input_shape: Shape, device: Any, dtype: Any = None, like: Any = None) -> State:
        """Return the state before the first step, zeros, for inputs of one step of the given shape.

        It is symbolic for the batch of `like`, if that is symbolic.

        Raises:
            ValueError: if a size is not known.

        >>> [tuple(state.shape) for state in ConvLSTMCell(1, 2, 3).first_state((4, 5, 1), "cpu")]
        [(4, 3, 2), (4, 3, 2)]
        """
        batch_size, *sizes = self.compute_output_shape(input_shape)[0]
        if None in sizes or (batch_size is None and not is_symbolic(like)):
            raise ValueError(
                f"{self.name}: the size of the state is that of the images, which must be known. Received: inputs of "
                f"shape {input_shape}. Give sizes in place of None, or pass the inputs."
            )
        dtype = self._torchkeras.compute_dtype if dtype is None else dtype
        return zeros([torch.Size(sizes)] * 2, batch_size, dtype, device, like)  # pyright: ignore[reportArgumentType]

    def compute_output_shape(self, input_shape: Shape, states_shape: Any = None) -> tuple[Shape, list[Shape]]:
        """Return the shape of h, and the list of the shapes of h and c."""
        shape = convolved_shape(self, input_shape, self.filters)
        return shape, [shape, shape]


def _plan_state_convolution(cell: ConvLSTMCell, input_shape: Shape) -> StateConvolution:
    pairs = [ends(None, size, 1, 1, "same") for size in cell.kernel_size]
    excess = [amount for before, after in reversed(pairs) for amount in (0, after - before)]
    geometry: ConvolutionGeometry = cell._torchkeras.derived
    channels = (0, 0) if geometry.channels_last else ()
    height = (0,) if geometry.is_as_image else ()
    return StateConvolution(
        inputs_shape=tuple(input_shape),
        channel_axis=-1 if geometry.channels_last else 1,
        padding=(*height, *(before for before, _ in pairs)),
        excess=(*channels, *excess) if any(excess) else None,
    )


def _project(cell: ConvLSTMCell, inputs: torch.Tensor, masks: Any) -> torch.Tensor:
    """Return the contribution of the inputs to the gates."""
    if cell._torchkeras_facts.overrides & _CONVOLUTIONS:
        return _by_gates(cell, inputs, masks, cell.input_conv, "kernel", padding=cell.padding)
    geometry: ConvolutionGeometry = cell._torchkeras.derived
    kernel = filters_of(weight_of(cell, "kernel"), geometry.uses_channels_last_memory)
    bias = weight_of(cell, "bias") if cell.use_bias else None
    if masks is None:
        return _convolve_inputs(cell, inputs, kernel, bias)
    biases = [None] * _GATES if bias is None else bias.chunk(_GATES)
    parts = zip(masks, kernel.chunk(_GATES), biases, strict=True)
    axis = cell._torchkeras_state_convolution.channel_axis
    return torch.cat([_convolve_inputs(cell, inputs * mask, part, add) for mask, part, add in parts], axis)


def _by_gates(
    cell: ConvLSTMCell, images: torch.Tensor, masks: Any, convolution: Any, kernel: str, **padding: Any
) -> torch.Tensor:
    """Return a contribution to the gates by a method that a subclass may override, which is called for each gate."""
    parts = weight_of(cell, kernel).chunk(_GATES, -1)
    biases = weight_of(cell, "bias").chunk(_GATES) if padding and cell.use_bias else [None] * _GATES
    gates = []
    for number, (part, bias) in enumerate(zip(parts, biases, strict=True)):
        values = images if masks is None else images * masks[number]
        gates.append(convolution(values, part, *([bias] if padding else []), **padding))
    return torch.cat(gates, cell._torchkeras_state_convolution.channel_axis)


def _convolve_inputs(cell: ConvLSTMCell, inputs: torch.Tensor, kernel: torch.Tensor, bias: Any) -> torch.Tensor:
    geometry: ConvolutionGeometry = cell._torchkeras.derived
    images, padding, _ = as_images(geometry, checked(cell, geometry, inputs, kernel.dtype))
    return _from_torch(geometry, convolve(geometry, images, kernel, bias, padding))


def _state_filters(cell: ConvLSTMCell) -> torch.Tensor:
    """Return the recurrent kernel as torch's filters; a sequence turns it once."""
    geometry: ConvolutionGeometry = cell._torchkeras.derived
    return filters_of(weight_of(cell, "recurrent_kernel"), geometry.channels_last)


def _add_from_state(cell: ConvLSTMCell, state: torch.Tensor, filters: torch.Tensor, masks: Any) -> torch.Tensor:
    """Return the contribution of the state to the gates."""
    if cell._torchkeras_facts.overrides & _CONVOLUTIONS:
        return _by_gates(cell, state, masks, cell.recurrent_conv, "recurrent_kernel")
    if masks is None:
        return _convolve_state(cell, state, filters)
    parts = zip(masks, filters.chunk(_GATES), strict=True)
    axis = cell._torchkeras_state_convolution.channel_axis
    return torch.cat([_convolve_state(cell, state * mask, part) for mask, part in parts], axis)


def _convolve_state(cell: ConvLSTMCell, state: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    plan = cell._torchkeras_state_convolution
    if plan.excess is not None:
        # For an even kernel size, Keras pads one end more than the other. This copies the state once for each step.
        state = F.pad(state, plan.excess)
    geometry: ConvolutionGeometry = cell._torchkeras.derived
    images = state.permute(geometry.to_images) if geometry.channels_last else state
    if geometry.is_as_image:
        images, kernel = images.unsqueeze(2), kernel.unsqueeze(2)
    return _from_torch(geometry, geometry.torch_convolution(images, kernel, None, 1, plan.padding))


def _from_torch(geometry: ConvolutionGeometry, images: torch.Tensor) -> torch.Tensor:
    images = images.squeeze(2) if geometry.is_as_image else images
    return images.permute(geometry.from_images) if geometry.channels_last else images


def _step(
    cell: ConvLSTMCell, projected: torch.Tensor, state: Any, filters: torch.Tensor, masks: Any
) -> tuple[torch.Tensor, State]:
    """Return h and the list [h, c] after a step.

    Args:
        cell: the cell.
        projected: the contribution of the inputs to the gates.
        state: the list [h, c] before the step.
        filters: what `_state_filters` returned.
        masks: the dropout masks of h for the gates, or `None`.
    """
    h, c = state
    gates = projected + _add_from_state(cell, h, filters, masks)
    axis = cell._torchkeras_state_convolution.channel_axis
    parts = gates.chunk(_GATES, axis)
    activate, candidate = cell.recurrent_activation, parts[2]
    if activate in _ELEMENTWISE:
        # All gates at once take half of the time, because chunks of the last axis are not contiguous in memory.
        input_gate, forget_gate, _, output_gate = activate(gates).chunk(_GATES, axis)
    else:
        input_gate, forget_gate, output_gate = (activate(parts[index]) for index in (0, 1, 3))
    c = forget_gate * c + input_gate * cell.activation(candidate)
    h = output_gate * cell.activation(c)
    return h, [h, c]
