"""How do arrays of a file become the weights of a model: all of them, or none?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from torchkeras_layer.layer.weight_lists import layers_in, modules_in, write_weights
from torchkeras_layer.weight_files.archive import ASSETS
from torchkeras_layer.weight_files.hdf5 import Dataset
from torchkeras_layer.weight_files.source import ModelFileError

_SHOWN = 10
# How many numbers a layer that reads its arrays itself may have that are no weights, such as those of its vocabulary.
_MOST_BESIDE_WEIGHTS = 2**20


@dataclass
class LoadReport:
    """What was loaded from a file, and what was not.

    Attributes:
        loaded: for each weight that was set, its key in the `state_dict` of the model, and its place in the file.
        missing: the keys of the weights that the file has no values for.
        unexpected: the places in the file that the model has no weight for.
        mismatched: the layers that were left out because their weights have other shapes in the file.

    >>> print(LoadReport(loaded={"dense.kernel": "layers/dense/vars/0"}, missing=["dense.bias"]))
    1 weight loaded
    1 missing: dense.bias
    """

    loaded: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        count = len(self.loaded)
        lines = [f"{count} {'weight' if count == 1 else 'weights'} loaded"]
        for word in ("missing", "unexpected", "mismatched"):
            names = getattr(self, word)
            if names:
                lines.append(f"{len(names)} {word}: {_listed(names)}")
        return "\n".join(lines)


class Assignment:
    """Arrays that were read and checked, and that are not yet in the model.

    Args:
        model: the model.
        where: the file, for errors.
        skip_mismatch: whether to leave out layers whose weights have other shapes in the file.
        is_new: whether nobody has the model yet. Then arrays are read one by one when all were checked, so that they
            are not all in memory beside the model, and an error on the way leaves nothing half-changed.
    """

    def __init__(self, model: Any, where: str, skip_mismatch: bool = False, is_new: bool = False) -> None:
        self._model = model
        self.where = where
        self._skip_mismatch = skip_mismatch
        self._is_new = is_new
        # What writes the arrays of a layer, after all were checked.
        self._steps: list[Callable[[], Any]] = []
        self._names = {id(tensor): name for name, tensor in (*model.named_buffers(), *model.named_parameters())}
        self._touched: set[int] = set()
        # Whether a layer reads its arrays itself, and so may raise when others have been written.
        self._may_fail = False
        self.report = LoadReport()

    def add(
        self,
        layer: Any,
        weights: Sequence[torch.Tensor],
        datasets: Sequence[Dataset],
        convert: Callable[[list[torch.Tensor]], list[torch.Tensor]] | None = None,
    ) -> None:
        """Read the values of some weights of a layer.

        Args:
            layer: the layer.
            weights: the weights, in the order of the values.
            datasets: where the values are.
            convert: what an older format needs, from the arrays of the file to those of the weights.

        Raises:
            ModelFileError: if there are more or fewer values, or a shape differs.
        """
        shapes = [tuple(weight.shape) for weight in weights]
        if convert is None and [item.shape for item in datasets] != shapes:
            return self._mismatch(layer, shapes, [item.shape for item in datasets])
        self._check_size(layer, weights, datasets)
        if convert is None and self._is_new:
            name = _name_of(layer)
            self._steps.append(lambda: write_weights(name, list(weights), [item.read() for item in datasets]))
            return self._note(layer, weights, datasets)
        arrays = [item.read() for item in datasets]
        try:
            arrays = arrays if convert is None else convert(arrays)
        except (RuntimeError, IndexError, ValueError):
            return self._mismatch(layer, shapes, [item.shape for item in datasets])
        if [tuple(array.shape) for array in arrays] != shapes:
            return self._mismatch(layer, shapes, [tuple(array.shape) for array in arrays])
        self._steps.append(lambda: write_weights(_name_of(layer), list(weights), arrays))
        return self._note(layer, weights, datasets)

    def _note(self, layer: Any, weights: Sequence[torch.Tensor], datasets: Sequence[Dataset]) -> None:
        """Note in the report where the values of weights are."""
        places = [item.where.removeprefix(f"{self.where}/") for item in datasets]
        for index, weight in enumerate(weights):
            self._touched.add(id(weight))
            name = self._names.get(id(weight), f"{_name_of(layer)}/{index}")
            self.report.loaded[name] = places[min(index, len(places) - 1)]

    def call(self, layer: Any, keys: Sequence[str], datasets: Sequence[Dataset]) -> None:
        """Have a layer with a `load_own_variables` of its own read the arrays; it is the layer that checks them.

        Args:
            layer: the layer.
            keys: the names of the arrays.
            datasets: where the arrays are.

        Raises:
            ModelFileError: if the file declares many more numbers than the layer has.
        """
        self._check_size(layer, layer.weights, datasets, most_beside=_MOST_BESIDE_WEIGHTS)
        store = {key: item.read().numpy() for key, item in zip(keys, datasets, strict=True)}
        self._steps.append(lambda: layer.load_own_variables(store))
        self._may_fail = True
        self._touched.update(id(weight) for weight in layer.weights)
        places = [item.where.removeprefix(f"{self.where}/") for item in datasets]
        self.report.loaded.update((f"{layer.name}/{key}", place) for key, place in zip(keys, places, strict=True))

    def call_with_files(self, layer: Any, files: Mapping[str, bytes | memoryview]) -> None:
        """Have a layer read its files, such as a vocabulary, with its `load_assets`.

        Args:
            layer: the layer.
            files: their contents by their names.
        """

        def load() -> None:
            with tempfile.TemporaryDirectory() as folder:
                for name, content in files.items():
                    (Path(folder) / name).write_bytes(content)
                layer.load_assets(folder)

        self._steps.append(load)
        self._may_fail = True
        self.report.loaded.update((f"{_name_of(layer)}/{name}", f"{ASSETS}/…/{name}") for name in files)

    def finish(self, unexpected: Iterable[str], is_strict: bool) -> LoadReport:
        """Set all weights.

        Args:
            unexpected: the places in the file that were not read.
            is_strict: whether a missing weight or an unexpected place is an error.

        Raises:
            ModelFileError: if it is; no weight is changed then.
        """
        report = self.report
        report.unexpected = list(unexpected)
        report.missing = [
            self._names.get(id(weight), str(index))
            for index, weight in enumerate(self._model.weights)
            if id(weight) not in self._touched
        ]
        if is_strict and (report.unexpected or report.missing and not report.mismatched):
            raise ModelFileError(
                f"{self.where}: the weights are not those of {self._model.name!r}. Nothing was loaded.\n"
                f"{_problems(report)}\nCheck that the file belongs to this architecture."
            )
        self._write()
        for layer in layers_in(self._model):
            layer.finalize_state()
        return report

    def _write(self) -> None:
        may_change = self._may_fail and not self._is_new
        before = [(weight, weight.detach().clone()) for weight in self._model.weights] if may_change else []
        states = [(layer, layer.get_extra_state()) for layer in self._with_state()] if may_change else []
        try:
            for step in self._steps:
                step()
        except BaseException as error:
            write_weights(self._model.name, [weight for weight, _ in before], [values for _, values in before])
            for layer, state in states:
                layer.set_extra_state(state)
            if isinstance(error, ModelFileError) or not isinstance(error, Exception):
                raise
            raise ModelFileError(
                f"{self.where}: a layer could not read its weights: {type(error).__name__}: {error}. Nothing was "
                "loaded."
            ) from error

    def _with_state(self) -> list[Any]:
        """The modules with a state beside their weights, such as a vocabulary."""
        default = nn.Module.get_extra_state
        return [module for module in modules_in(self._model) if type(module).get_extra_state is not default]

    def _check_size(
        self, layer: Any, weights: Sequence[torch.Tensor], datasets: Sequence[Dataset], most_beside: int = 0
    ) -> None:
        # A file can declare any shape; an older format has at most twice the numbers (two biases in place of one).
        numbers, most = (
            sum(item.numel for item in datasets),
            most_beside + 2 * sum(weight.numel() for weight in weights),
        )
        if numbers > most:
            raise ModelFileError(
                f"{self.where}: layer {_name_of(layer)!r} has weights of shapes {[tuple(w.shape) for w in weights]}. "
                f"Received: arrays of shapes {[item.shape for item in datasets]}."
            )

    def _mismatch(self, layer: Any, expected: list[Any], received: list[Any]) -> None:
        if not self._skip_mismatch:
            raise ModelFileError(
                f"{self.where}: layer {_name_of(layer)!r} ({type(layer).__name__}) has weights of shapes {expected}. "
                f"Received: arrays of shapes {received}. Nothing was loaded. skip_mismatch=True leaves such layers out."
            )
        self.report.mismatched.append(_name_of(layer))


def _name_of(module: Any) -> str:
    """The name of a layer, or the class of a plain module, which has none."""
    return getattr(module, "name", type(module).__name__)


def _problems(report: LoadReport) -> str:
    return "\n".join(str(report).splitlines()[1:])


def _listed(names: list[str]) -> str:
    more = f", … ({len(names) - _SHOWN} more)" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
