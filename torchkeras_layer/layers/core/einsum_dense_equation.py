"""Which weights and which output shape does the equation of an EinsumDense have?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from torchkeras_layer._shapes import Shape

_FORMS = re.compile(
    r"(?P<left>\.\.\.)?(?P<inputs>[a-zA-Z]+)(?P<right>\.\.\.)?,(?P<kernel>[a-zA-Z]+)"
    r"->(?P<out_left>\.\.\.)?(?P<outputs>[a-zA-Z]+)(?P<out_right>\.\.\.)?"
)


@dataclass(frozen=True)
class Equation:
    """The letters of an equation, and the side of them on which `...` is, if any.

    >>> read_equation("...x,xy->...y")
    Equation(inputs='x', kernel='xy', outputs='y', left=True, right=False)
    """

    inputs: str
    kernel: str
    outputs: str
    left: bool
    right: bool

    def stated_counts(self) -> tuple[int, ...]:
        """Return the possible lengths of `output_shape`, which omits the batch and the axes of `...`."""
        count = len(self.outputs)
        return (count, count - 1) if self.left else (count - 1,)

    def first_bias_letter(self, bias_axes: str) -> int:
        """Return the position, among the letters of the output, from which the bias has axes."""
        return min(self.outputs.index(letter) for letter in bias_axes)

    def input_axes(self, rank: int) -> dict[str, int]:
        """Return the axis of each letter, for inputs of rank `rank`.

        Raises:
            ValueError: if the rank does not fit.
        """
        elided = self._elided(rank)
        return {letter: axis + (elided if self.left else 0) for axis, letter in enumerate(self.inputs)}

    def sizes(self, input_shape: Shape, stated: Shape) -> dict[str, int | None]:
        """Return the size of each letter, `None` where it is free.

        Raises:
            ValueError: if the equation, the shape of the inputs and the sizes of the output contradict each other.
        """
        sizes = {letter: input_shape[axis] for letter, axis in self.input_axes(len(input_shape)).items()}
        if not self.left or not self._elided(len(input_shape)):
            # The batch is the first letter.
            stated = (None, *stated)
        if len(stated) != len(self.outputs):
            raise ValueError(f"output_shape must omit {self.outputs[0]!r}, which is the batch")
        for letter, size in zip(self.outputs, stated, strict=True):
            known = sizes.get(letter)
            if None not in (known, size) and known != size:
                raise ValueError(f"axis {letter!r} is {known} in the inputs and {size} in output_shape")
            sizes[letter] = size if known is None else known
        return sizes

    def kernel_shape(self, sizes: dict[str, int | None]) -> tuple[int, ...]:
        """Return the shape of the kernel.

        Raises:
            ValueError: if a size in it is free.
        """
        return _known(self.kernel, sizes)

    def bias_shape(self, sizes: dict[str, int | None], bias_axes: str, rank: int) -> tuple[int, ...]:
        """Return the shape of a bias, which broadcasts against the output.

        Raises:
            ValueError: if a size in it is free.
        """
        letters = self.outputs[self.first_bias_letter(bias_axes) :]
        shape = _known("".join(letter for letter in letters if letter in bias_axes), sizes)
        known = iter(shape)
        after = self._elided(rank) if self.right else 0
        return (*(next(known) if letter in bias_axes else 1 for letter in letters), *(1,) * after)

    def output_shape(self, sizes: dict[str, int | None], input_shape: Shape) -> Shape:
        """Return the shape of the output for a shape of the inputs."""
        elided = self._elided(len(input_shape))
        before = input_shape[:elided] if self.left else ()
        after = input_shape[len(self.inputs) :] if self.right else ()
        return (*before, *(sizes[letter] for letter in self.outputs), *after)

    def fan_axes(self) -> tuple[list[int], list[int]]:
        """Return the kernel's axes of inputs and of outputs, for initializers that scale by their sizes."""
        axes = range(len(self.kernel))
        is_output = [letter in self.outputs for letter in self.kernel]
        return [axis for axis in axes if not is_output[axis]], [axis for axis in axes if is_output[axis]]

    def contracted(self) -> tuple[str, str] | None:
        """Return the letters that a matrix product sums over and those that it adds; `None` if this is not one.

        >>> read_equation("abcd,cde->abe").contracted(), read_equation("abc,bcd->abd").contracted()
        (('cd', 'e'), None)
        """
        for count in range(1, len(self.inputs) + 1):
            kept, summed = self.inputs[:-count], self.inputs[-count:]
            made = self.outputs[len(kept) :]
            fits = kept + made == self.outputs and self.kernel in (summed + made, made + summed)
            if made and fits and not self.right:
                return summed, made
        return None

    def _elided(self, rank: int) -> int:
        elided = rank - len(self.inputs)
        if elided < 0 or (elided and not (self.left or self.right)):
            wanted = f"at least {len(self.inputs)}" if self.left or self.right else f"{len(self.inputs)}"
            raise ValueError(f"the equation is for inputs of rank {wanted}")
        return elided


def read_equation(equation: object) -> Equation:
    """Parse an equation.

    Raises:
        ValueError: if it has another form, or its letters contradict each other.
    """
    match = _FORMS.fullmatch(equation) if isinstance(equation, str) else None
    if match is None or (match["left"], match["right"]) != (match["out_left"], match["out_right"]):
        raise ValueError("it must have the form 'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...'")
    read = Equation(match["inputs"], match["kernel"], match["outputs"], bool(match["left"]), bool(match["right"]))
    if read.left and read.right:
        raise ValueError("it must have '...' on one side of the letters only")
    for letters in (read.inputs, read.kernel, read.outputs):
        if len(set(letters)) < len(letters):
            raise ValueError(f"{letters!r} names an axis twice")
    for letter in read.kernel:
        if letter not in read.inputs + read.outputs:
            raise ValueError(f"axis {letter!r} of the kernel is neither in the inputs nor in the output")
    for letter in read.outputs:
        if letter not in read.inputs + read.kernel:
            raise ValueError(f"axis {letter!r} of the output is neither in the inputs nor in the kernel")
    if not read.left and read.outputs[0] != read.inputs[0]:
        raise ValueError(f"the output must begin with {read.inputs[0]!r}, which is the batch")
    return read


def _known(letters: Sequence[str], sizes: dict[str, int | None]) -> tuple[int, ...]:
    found = tuple(sizes[letter] for letter in letters)
    free = [letter for letter in letters if sizes[letter] is None]
    if free:
        raise ValueError(f"the size of axis {free[0]!r}, which the weights have, is not known")
    return found  # type: ignore[return-value]
