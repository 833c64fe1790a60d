"""Which classes and functions do the tests of the registry register?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.registry import Catalog


class Configured:
    """An object with one argument, as most of Keras's are."""

    def __init__(self, amount: float = 1.0) -> None:
        self.amount = amount

    def __call__(self, x: float) -> float:
        return self.amount * x

    def get_config(self) -> dict[str, Any]:
        return {"amount": self.amount}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


gadgets = Catalog("gadget", module="keras.gadgets", other_modules=("keras.src.gadgets",))
tools = Catalog("tool", module="keras.tools", also_accepts=("gadget",))


@gadgets.register("spinner")
class SpinWheel(Configured):
    """A class with an alias and a snake_case name."""


@gadgets.register()
class NeedsMore(Configured):
    """A class that cannot be created without arguments."""

    def __init__(self, amount: float) -> None:
        super().__init__(amount)


@gadgets.register("gadget_alias")
def tripled(x: float) -> float:
    """A function."""
    return 3 * x


@tools.register(name="Hammer", module="keras")
class ToolInHand(Configured):
    """A class that Keras shows under another name and in another module."""


@gadgets.register()
@tools.register()
class Common(Configured):
    """The same class in two families."""


@tools.register(name="Twin")
class ToolTwin(Configured):
    """One of two classes of the same name."""


@gadgets.register(name="Twin")
class GadgetTwin(Configured):
    """The other one."""


@gadgets.register()
class Buildable(Configured):
    """An object that can be built, as a layer is."""

    def __init__(self, amount: float = 1.0) -> None:
        super().__init__(amount)
        self.built = False
        self.shape: Any = None

    def get_build_config(self) -> dict[str, Any] | None:
        return {"input_shape": self.shape} if self.built else None

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.shape = config["input_shape"]
        self.built = True


@gadgets.register()
class Holder(Configured):
    """An object that holds others, as a model holds layers."""

    def __init__(self, amount: float = 1.0, parts: Any = ()) -> None:
        super().__init__(amount)
        self.parts = [gadgets.get(part) for part in parts]

    def get_config(self) -> dict[str, Any]:
        return {"amount": self.amount, "parts": self.parts}


def envelope(name: str, config: Any = None, **words: Any) -> dict[str, Any]:
    """Return the config of an object, with these words changed or added."""
    return {"class_name": name, "config": {} if config is None else config, **words}
