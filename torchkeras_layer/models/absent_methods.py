"""Which error does a model raise for a method that Keras's models have and it does not?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._absent import instead_of
from torchkeras_layer.layer import Layer

_ARGUMENTS_OF_KERAS = {
    "optimizer", "loss", "metrics", "loss_weights", "weighted_metrics", "run_eagerly", "steps_per_execution",
    "jit_compile", "auto_scale_loss", "sample_weight_mode", "target_tensors",
}  # fmt: skip


class AbsentMethods(Layer):
    """A model without Keras's training methods: `compile` is torch's, and errors say what to write instead of `fit`."""

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the model in place, as `nn.Module.compile` does.

        Args:
            *args: none; positional arguments would be Keras's.
            **kwargs: keyword arguments of `torch.compile`.

        Raises:
            TypeError: for arguments of Keras's `compile`.

        >>> import torchkeras_layer as keras
        >>> keras.Sequential([keras.layers.Dense(2)]).compile(backend="eager")
        """
        of_keras = [*map(_shown, args), *(f"{name}=" for name in kwargs if name in _ARGUMENTS_OF_KERAS)]
        if of_keras:
            raise TypeError(
                f"{self.name} ({type(self).__name__}): compile is torch's, and takes the keywords of torch.compile. "
                f"Received: {', '.join(of_keras)}. Leave it out, and make the optimizer yourself: "
                f"torch.optim.Adam(model.parameters()). {instead_of('fit', 'Model')}"
            )
        super().compile(**kwargs)

    def _torchkeras_explain_missing(self, name: str) -> Any:
        advice = "" if hasattr(type(self), name) else instead_of(name, "Model")
        if advice:
            raise AttributeError(f"{self.name} ({type(self).__name__}): Keras's {name!r} is not here. {advice}")
        return super()._torchkeras_explain_missing(name)


def _shown(argument: Any) -> str:
    return repr(argument) if isinstance(argument, str) else type(argument).__name__
