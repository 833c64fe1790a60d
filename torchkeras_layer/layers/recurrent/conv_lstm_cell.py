"""How does a convolutional LSTM go from one step to the next?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer.symbolic_calls import device_inside
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import one_of, positive_int, resolved
from torchkeras_layer.layers.built_in_layer import add_parameter, weight_of
from torchkeras_layer.layers.convolution.kernel_memory import store_in_order
from torchkeras_layer.layers.convolution.sliding import Sliding
from torchkeras_layer.layers.convolution.windows import ends
from torchkeras_layer.layers.recurrent.cell_dropout import CellDropout
from torchkeras_layer.layers.recurrent.gate_weights import add_lstm_bias, add_recurrent_kernel
from torchkeras_layer.layers.recurrent.states import fault_of_states, read_batch
from torchkeras_layer.layers.recurrent.stepping import run_steps

State = list[torch.Tensor]
_GATES = 4
# Activations that look at each number by itself.
_ONE_BY_ONE = (activations.sigmoid, activations.hard_sigmoid)


@catalog.register()
class ConvLSTMCell(Sliding, CellDropout):
    """One step of an LSTM whose inputs and states are images: convolutions stand in the place of its matrix products.

    The gates i, f, o are `recurrent_activation(convolution of the inputs and kernel + convolution of h and
    recurrent_kernel + bias)`, a quarter of the filters each, in the order i, f, c, o. The state is convolved with
    strides of 1 and padding 'same'.

    Shapes: inputs (batch, spatial …, channels), states [h, c] of (batch, windows …, filters) -> h, [h, c]; with
    channels_first (batch, channels, spatial …). `kernel` is (spatial …, channels, 4 * filters), `recurrent_kernel`
    (spatial …, filters, 4 * filters), `bias` (4 * filters,).

    Args:
        rank: how many spatial axes there are, 1 to 3.
        filters: how many channels the output and both states have.
        kernel_size, strides, padding, data_format, dilation_rate: as for `Conv2D`, of the convolution of the inputs;
            `kernel_size` is that of the other too.
        activation, recurrent_activation: names, functions or layers. Where none is given, TF-Keras's
            `recurrent_activation` is 'hard_sigmoid', and not Keras 3's 'sigmoid'.
        use_bias: whether there is a `bias`.
        unit_forget_bias: whether the bias of the forget gate begins at 1.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: identifiers or callables.
        dropout, recurrent_dropout: share of the inputs, and of h, that is dropped in training, for each gate by itself.
        seed: of what is dropped, as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not of that kind, both `strides` and `dilation_rate` are above 1, the inputs
            have another rank, unknown channels, or are too small for a window, or the states do not fit.

    >>> cell = ConvLSTMCell(1, 2, 3, kernel_initializer="zeros")
    >>> cell.build((None, 5, 1))
    >>> h, (h_again, c) = cell(torch.ones(1, 5, 1), cell.get_initial_state(1))
    >>> h.shape, h.abs().max().item()
    (torch.Size([1, 3, 2]), 0.0)
    """

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
        # Other sliding layers have it from their class.
        self.rank = int(one_of(self, "rank", rank, "1", "2", "3"))  # pyright: ignore
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, **kwargs)
        self.filters = positive_int(self, "filters", filters)
        self.recurrent_activation = resolved(self, "recurrent_activation", recurrent_activation, activations.get)
        self._refuse_strides_with_dilation()
        self._take_weight_arguments("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._take_weight_arguments("recurrent", recurrent_initializer, recurrent_regularizer, recurrent_constraint)
        self._take_weight_arguments("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.unit_forget_bias = bool(unit_forget_bias)
        self._take_dropout(dropout, recurrent_dropout, seed)
        self._begin_dropout(_GATES)

    @property
    def state_size(self) -> list[int]:
        """How many channels h and c have."""
        return [self.filters, self.filters]

    def build(self, input_shape: Shape) -> None:
        """Create `kernel`, `recurrent_kernel` and `bias`."""
        channels = self._begin_build(input_shape)
        self._inputs_built_for = tuple(input_shape)
        width = _GATES * self.filters
        self.kernel = add_parameter(self, "kernel", (*self.kernel_size, channels, width))
        self.recurrent_kernel = add_recurrent_kernel(self, (*self.kernel_size, self.filters, width))
        spatial, inner, outer = tuple(range(self.rank)), self.rank, self.rank + 1
        self._to_filters = (outer, inner, *spatial)
        for kernel in (self.kernel, self.recurrent_kernel):
            store_in_order(kernel, (outer, *spatial, inner) if self._channels_are_last else self._to_filters)
        self.bias = add_lstm_bias(self, width) if self.use_bias else None
        self._prepare_recurrence()

    def _prepare_recurrence(self) -> None:
        """Find out how the state is padded, the same at every call."""
        pairs = [ends(None, size, 1, 1, "same") for size in self.kernel_size]
        excess = [amount for before, after in reversed(pairs) for amount in (0, after - before)]
        channels = (0, 0) if self._channels_are_last else ()
        self._state_padding = (*((0,) if self._is_as_image else ()), *(before for before, _ in pairs))
        self._state_excess = (*channels, *excess) if any(excess) else None

    def call(self, inputs: torch.Tensor, states: Any = None, training: Any = None) -> tuple[torch.Tensor, State]:
        """Return h, and both states, after one step.

        Raises:
            ValueError: if the states do not fit.
        """
        of_inputs = self.get_dropout_mask(inputs) if training else None
        projected = self._project(inputs, of_inputs)
        try:
            of_state = self.get_recurrent_dropout_mask(states[0]) if training else None
            return self._advance(projected, states, of_state)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            fault = fault_of_states(states, self.compute_output_shape(tuple(inputs.shape))[1])
            if fault is None:
                raise
            raise ValueError(f"{self.name}: {fault}") from error

    def run(
        self, sequences: torch.Tensor, state: State, mask: torch.Tensor | None, training: Any
    ) -> tuple[torch.Tensor, State]:
        """Return the outputs of all steps of sequences, (batch, steps, …), and the last state.

        The inputs of all steps are convolved at once, as one batch.

        Args:
            mask: (batch, steps), false where a step keeps the state and repeats the output before.
        """
        of_inputs = self._draw_masks(sequences[:, 0], self.dropout) if training else None
        of_state = self._draw_masks(state[0], self.recurrent_dropout) if training else None
        if of_inputs is not None:
            of_inputs = [one.unsqueeze(1).expand_as(sequences).flatten(0, 1) for one in of_inputs]
        projected = self._project(sequences.flatten(0, 1), of_inputs).unflatten(0, sequences.shape[:2])
        return run_steps(lambda gates, now: self._advance(gates, now, of_state), projected, state, mask)

    def _project(self, inputs: torch.Tensor, masks: Any) -> torch.Tensor:
        """Return what the inputs add to the gates."""
        kernel, bias = (
            weight_of(self, "kernel").permute(self._to_filters),
            weight_of(self, "bias") if self.use_bias else None,
        )
        if masks is None:
            return self._slide(inputs, kernel, bias)
        biases = [None] * _GATES if bias is None else bias.chunk(_GATES)
        parts = zip(masks, kernel.chunk(_GATES), biases, strict=True)
        return torch.cat([self._slide(inputs * mask, part, add) for mask, part, add in parts], self._channel_axis)

    def _slide(self, inputs: torch.Tensor, kernel: torch.Tensor, bias: Any) -> torch.Tensor:
        images, padding, _ = self._as_images(inputs, kernel.dtype)
        return self._from_torch(self._convolve(images, kernel, bias, padding, 1))

    def _recur(self, state: torch.Tensor, masks: Any) -> torch.Tensor:
        """Return what the state adds to the gates."""
        kernel = weight_of(self, "recurrent_kernel").permute(self._to_filters)
        if masks is None:
            return self._slide_over_state(state, kernel)
        parts = zip(masks, kernel.chunk(_GATES), strict=True)
        return torch.cat([self._slide_over_state(state * mask, part) for mask, part in parts], self._channel_axis)

    def _slide_over_state(self, state: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        if self._state_excess is not None:
            # Of a kernel with an even size, Keras pads one end more: 1 copy of the state a step.
            state = F.pad(state, self._state_excess)
        images = state.permute(self._to_images) if self._channels_are_last else state
        if self._is_as_image:
            images, kernel = images.unsqueeze(2), kernel.unsqueeze(2)
        return self._from_torch(self._torch_convolution(images, kernel, None, 1, self._state_padding))

    def _from_torch(self, images: torch.Tensor) -> torch.Tensor:
        images = images.squeeze(2) if self._is_as_image else images
        return images.permute(self._from_images) if self._channels_are_last else images

    def _advance(self, projected: torch.Tensor, state: Any, masks: Any) -> tuple[torch.Tensor, State]:
        h, c = state
        gates = projected + self._recur(h, masks)
        parts = gates.chunk(_GATES, self._channel_axis)
        open_by, candidate = self.recurrent_activation, parts[2]
        if open_by in _ONE_BY_ONE:
            # Parts of the channels, where these come last, lie apart in memory: all at once takes half of the time.
            put_in, keep, _, show = open_by(gates).chunk(_GATES, self._channel_axis)
        else:
            put_in, keep, show = (open_by(parts[index]) for index in (0, 1, 3))
        c = keep * c + put_in * self.activation(candidate)
        h = show * self.activation(c)
        return h, [h, c]

    @property
    def _channel_axis(self) -> int:
        return -1 if self._channels_are_last else 1

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None, dtype: Any = None) -> State:
        """Return zeros for a batch given by its size, of images as those of the build, or for the inputs of a step.

        Raises:
            ValueError: if no inputs are given and the size of the images is not known from the build.
        """
        size, like = read_batch(batch_size, inputs)
        shape = self._inputs_built_for if like is None else tuple(like.shape)
        return self.first_state((size, *shape[1:]), device_inside(self) if like is None else like.device, dtype)

    def first_state(self, input_shape: Shape, device: Any, dtype: Any = None) -> State:
        """Return zeros for the inputs of a step, given by their shape.

        Raises:
            ValueError: if a size is not known.

        >>> [tuple(state.shape) for state in ConvLSTMCell(1, 2, 3).first_state((4, 5, 1), "cpu")]
        [(4, 3, 2), (4, 3, 2)]
        """
        state_shape: Any = self.compute_output_shape(input_shape)[0]
        if None in state_shape:
            raise ValueError(
                f"{self.name}: the state has the size of the images, which was not known when the layer was built. "
                f"Received: inputs of shape {input_shape}. Give sizes in place of None, or the inputs."
            )
        dtype = self._torchkeras.compute_dtype if dtype is None else dtype
        return [torch.zeros(state_shape, dtype=dtype, device=device) for _ in range(2)]

    def compute_output_shape(self, input_shape: Shape, states_shape: Any = None) -> tuple[Shape, list[Shape]]:
        """Return the shape of h, and those of both states."""
        shape = self._slide_shape(input_shape, self.filters)
        return shape, [shape, shape]
