"""What is a cell that a user writes?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layer.symbolic_calls import device_inside
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.recurrent.states import as_list, read_batch, zeros


@catalog.register()
class AbstractRNNCell(BuiltInLayer):
    """Base of cells for `RNN`: define `call(inputs, states)`, `state_size` and, if it is another, `output_size`.

    Shapes: inputs (batch, …), each state (batch, size) -> the output and the next states.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        NotImplementedError: where a class leaves `call` or `state_size` out.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> class Sum(keras.layers.AbstractRNNCell):
    ...     state_size = 2
    ...     def call(self, inputs, states):
    ...         total = states[0] + inputs
    ...         return total, [total]
    >>> keras.layers.RNN(Sum())(torch.ones(1, 5, 2))
    tensor([[5., 5.]])
    """

    def call(self, inputs: Any, states: Any) -> Any:
        """Return the output of a step and the states after it.

        Raises:
            NotImplementedError: always; a class defines it.
        """
        raise NotImplementedError(
            f"{self.name}: {type(self).__name__} does not say what a step is. Define call(self, inputs, states) in the "
            "class."
        )

    @property
    def state_size(self) -> Any:
        """The size of the state: an int, or a list of them."""
        raise NotImplementedError(
            f"{self.name}: {type(self).__name__} does not say how large its state is. Define state_size, an int or a "
            "list of ints, in the class."
        )

    @property
    def output_size(self) -> Any:
        """The number of features of the output: here, the size of the first state."""
        return as_list(self.state_size)[0]

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None, dtype: Any = None) -> Any:
        """Return zeros, one tensor or a list of them, for a batch given by its size or by inputs.

        Keras 2's order of arguments is taken too.
        """
        size, like = read_batch(batch_size, inputs)
        device = device_inside(self) if like is None else like.device
        dtype = self._torchkeras.compute_dtype if dtype is None else dtype
        return zeros(self.state_size, size, dtype, device)
