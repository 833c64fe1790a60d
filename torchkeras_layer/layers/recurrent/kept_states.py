"""What does a stateful layer keep from one batch to the next?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._autograd import in_backward
from torchkeras_layer._structures import leaves
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.recurrent.states import as_state, nest


class KeptStates(BuiltInLayer):
    """Base of layers that, if `stateful`, go on in a batch from the state in which the batch before has ended.

    The state is kept in buffers, which move with the layer and are not in its `state_dict`.
    """

    _sizes_kept: list[Any] | None = None

    @property
    def states(self) -> list[Any] | None:
        """The state that is kept, a list of tensors as deep as the cell's `state_size`; `None` if none is.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.GRU(2, stateful=True); layer.build((1, None, 3)); layer.states
        [tensor([[0., 0.]])]
        """
        if self._sizes_kept is None:
            return None
        return nest([self._buffers[_key(index)] for index in range(len(leaves(self._sizes_kept)))], self._sizes_kept)

    def reset_state(self, states: Any = None) -> None:
        """Set the state that is kept to zeros, or to given tensors or arrays.

        Raises:
            ValueError: if states are given and the layer keeps none, or if they have other shapes.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.GRU(2, stateful=True); layer.build((1, None, 3))
        >>> layer.reset_state(torch.ones(1, 2)); layer.states
        [tensor([[1., 1.]])]
        """
        kept = self.states
        if kept is None:
            if states is not None:
                raise ValueError(
                    f"{self.name}: keeps no state, because it is not stateful or not built. Make it with "
                    "stateful=True, and build it or call it once."
                )
            return
        flat = leaves(kept)
        given = [None] * len(flat) if states is None else leaves(self._as_state(states, flat[0]))
        with torch.no_grad():
            for state, value in zip(flat, given, strict=True):
                state.zero_() if value is None else state.copy_(value)

    def reset_states(self, states: Any = None) -> None:
        """Do as `reset_state`: the name of Keras 2.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRU(2).reset_states()
        """
        self.reset_state(states)

    def _as_state(self, states: Any, like: torch.Tensor) -> list[Any]:
        return as_state(self.name, states, self._sizes_kept or [], like, like.dtype)

    def _begin_states(self, states: list[Any], sizes: list[Any]) -> None:
        """Keep a state from now on."""
        for index, state in enumerate(leaves(states)):
            self.register_buffer(_key(index), state.detach().clone(), persistent=False)
        self.__dict__["_sizes_kept"] = sizes

    def _kept_states(self, batch_size: Any) -> list[Any]:
        """Return what the batch before has left, as copies, which stay what they are for the backward pass."""
        if self._sizes_kept is None:
            raise ValueError(
                f"{self.name}: keeps no state, because it was not stateful when it was built. Make it with "
                "stateful=True, or set `built = False` too, so that the next call builds it again."
            )
        kept = leaves(self.states)
        if batch_size != kept[0].shape[0]:
            raise ValueError(
                f"{self.name}: a stateful layer goes on from one batch to the next, so that all must have the same "
                f"size, {kept[0].shape[0]}. Received: a batch of {batch_size}."
            )
        if in_backward():
            raise RuntimeError(
                f"{self.name}: a checkpoint runs it again in the backward pass, where the state that it began with is "
                "gone. Leave stateful out, and pass initial_state instead."
            )
        return nest([_as_it_is(state) for state in kept], self._sizes_kept or [])

    def _keep_states(self, states: list[Any]) -> None:
        for kept, state in zip(leaves(self.states), leaves(states), strict=True):
            kept.copy_(state.detach())


def _key(index: int) -> str:
    return f"state_{index}"


def _as_it_is(state: torch.Tensor) -> torch.Tensor:
    """Return a copy. A compiled backward pass would copy once more, from what the state is then, if it saw a clone."""
    is_compiled = torch.compiler.is_compiling() and not torch.compiler.is_exporting()
    return _copy(state) if is_compiled else state.clone()


@torch.library.custom_op("torchkeras_layer::copy_state", mutates_args=())
def _copy(state: torch.Tensor) -> torch.Tensor:
    return state.clone()


@_copy.register_fake
def _copy_without_data(state: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(state)
