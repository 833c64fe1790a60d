"""Which modules and weights does a layer contain, in which order, which of them train, and how are they frozen?"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import nn

from torchkeras_layer.layer.containers import TrackedContainer, weight_spec_holders
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.record import Record, is_layer, note_place
from torchkeras_layer.layer.weight_arguments import read_weight
from torchkeras_layer.layer.weight_creation import UnbuiltWeights, can_train, weights_will_train
from torchkeras_layer.metrics import is_metric


def own_weights(layer: Any) -> list[torch.Tensor]:
    """Return the weights of a layer itself, also those in its containers: parameters, then buffers."""
    parameters, buffers = _own_tensors(layer)
    distinct = {id(weight): weight for weight in [*filter(is_weight, parameters), *buffers]}
    return list(distinct.values())


def _own_tensors(module: nn.Module) -> tuple[list[Any], list[torch.Tensor]]:
    """Return the parameters and the persistent buffers of a module and its containers, in the order of creation."""
    containers = _containers_in(module)
    if not any(container._parameters or container._buffers for container in containers):
        return list(module._parameters.values()), _persistent_buffers(module)
    parameters: list[tuple[int, Any]] = []
    buffers: list[tuple[int, Any]] = []
    for holder in [module, *containers]:
        specs = holder._weight_specs if isinstance(holder, TrackedContainer) else _specs_of(holder)
        for found, names in ((parameters, holder._parameters), (buffers, holder._buffers)):
            position = 0
            for name, tensor in names.items():
                if name in holder._non_persistent_buffers_set:
                    continue
                # A tensor that no `add_weight` has made follows the one before it.
                known = specs[name].position if name in specs else 0
                position = known or position or (found[-1][0] if found else 0)
                found.append((position, tensor))
    return _sorted(parameters), _sorted(buffers)


def _specs_of(module: Any) -> dict[str, Any]:
    return module._torchkeras.weight_specs if is_layer(module) else {}


def _sorted(found: list[tuple[int, Any]]) -> list[Any]:
    return [tensor for _, tensor in sorted(found, key=operator.itemgetter(0))]


def _persistent_buffers(module: nn.Module) -> list[torch.Tensor]:
    skipped = module._non_persistent_buffers_set
    return [buffer for name, buffer in module._buffers.items() if buffer is not None and name not in skipped]


def _containers_in(module: nn.Module) -> list[Any]:
    """List the tracked containers on a module's attributes and in each other, but not those of modules in them."""
    found = [child for child in _children(module) if isinstance(child, TrackedContainer)]
    for container in found:
        found += [child for child in _children(container) if isinstance(child, TrackedContainer)]
    return found


def lacks_weights(layer: Any) -> bool:
    """Whether a layer has weights of its own that no `build` has made yet."""
    facts = layer._torchkeras_facts
    return not layer._torchkeras.built and facts.creates_weights and not facts.builds_only_inside


def check_built(layer: Any) -> None:
    """Check that a layer and all layers inside it are built.

    Raises:
        ValueError: if one of them is not.
    """
    unbuilt = [inner._torchkeras.name for inner in layers_in(layer) if lacks_weights(inner)]
    name, facts = layer._torchkeras.name, layer._torchkeras_facts
    has_layers_only = facts.builds_only_inside and bool(layer._modules)
    if unbuilt or not (layer._torchkeras.built or has_layers_only):
        raise ValueError(
            f"{name}: cannot count parameters. Received: layers that are not built: {', '.join(unbuilt) or name}. Call "
            f"{name} on an input, or call `build(input_shape)`, first."
        )


def apply_constraints(layer: Any) -> None:
    """Apply the constraints of all weights in a layer and in those inside it."""
    for inner in layers_in(layer):
        for holder, specs in weight_spec_holders(inner):
            for key, spec in specs.items():
                weight = None if spec.constraint is None else read_weight(holder, key)
                if weight is not None:
                    with torch.no_grad():
                        weight.copy_(spec.constraint(weight))  # type: ignore[misc]


def weights_of(module: nn.Module) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return the weights in a module that train, and the others; parents come before children, each weight once."""
    trainable: dict[int, torch.Tensor] = {}
    others: dict[int, torch.Tensor] = {}
    for holder in weight_holders(module):
        if isinstance(holder, TrackedContainer) and holder is not module:
            # Its weights are those of the module that it is on.
            continue
        parameters, buffers = _own_tensors(holder)
        for parameter in parameters:
            if is_weight(parameter) and id(parameter) not in trainable and id(parameter) not in others:
                chosen = trainable if parameter.requires_grad else others
                chosen[id(parameter)] = parameter
        for buffer in buffers:
            others.setdefault(id(buffer), buffer)
    return list(trainable.values()), list(others.values())


def is_weight(parameter: Any) -> TypeGuard[torch.Tensor]:
    """Whether a registered parameter is neither `None` nor a placeholder.

    >>> is_weight(None)
    False
    """
    return parameter is not None and not isinstance(parameter, UnbuiltWeights)


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """Return a copy of a tensor as a numpy array.

    >>> as_array(torch.ones(1, dtype=torch.bfloat16)).dtype
    dtype('float32')
    """
    values = tensor.detach().cpu()
    return np.array((values.float() if values.dtype is torch.bfloat16 else values).numpy())


def write_weights(layer_name: str, weights: list[torch.Tensor], values: Any) -> None:
    """Copy values into weights in place, after checking all of them.

    Raises:
        ValueError: if their number or a shape is wrong, or one is not an array of numbers; no weight is changed then.
    """
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != len(weights):
        received = f"{len(values)} arrays" if isinstance(values, (list, tuple)) else repr(values)
        raise ValueError(
            f"{layer_name}: expected {len(weights)} arrays of shapes {[tuple(w.shape) for w in weights]}. "
            f"Received: {received}. Note that a layer has its weights only after it is built."
        )
    arrays = [_as_tensor(layer_name, index, value) for index, value in enumerate(values)]
    for index, (weight, array) in enumerate(zip(weights, arrays, strict=True)):
        if weight.shape != array.shape:
            raise ValueError(
                f"{layer_name}: weight {index} must be set to an array of shape {tuple(weight.shape)}. Received: shape "
                f"{tuple(array.shape)}. Nothing was written.{_hint_about_order(weights, arrays)}"
            )
    with torch.no_grad():
        for weight, array in zip(weights, arrays, strict=True):
            weight.copy_(array)


def _hint_about_order(weights: list[torch.Tensor], arrays: list[torch.Tensor]) -> str:
    """Explain how weights of Keras 3 are ordered, if only the order of the arrays is wrong; else return `""`."""
    wanted, received = (sorted(tuple(tensor.shape) for tensor in tensors) for tensors in (weights, arrays))
    if wanted != received:
        return ""
    return (
        " The shapes are right, but in another order. Keras 3 lists the weights of a layer that contains layers one "
        "layer after the other; here, as in TF-Keras, trainable weights come first. Set the weights of such a layer "
        "separately: layer.set_weights(theirs.trainable_weights + theirs.non_trainable_weights). "
        "See docs/differences.md#the-order-of-weights"
    )


def _as_tensor(layer_name: str, index: int, value: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.detach()
    try:
        return torch.from_numpy(np.array(np.asarray(value)))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{layer_name}: weight {index} must be set to an array of numbers: {error}. Received: {value!r}. "
            "Nothing was written."
        ) from error


def modules_in(module: nn.Module) -> Iterator[nn.Module]:
    """Yield `module` and all modules inside it, metrics too: parents first, in the order of attributes, each once.

    >>> [type(m).__name__ for m in modules_in(nn.Sequential(nn.Linear(1, 1), nn.ReLU()))]
    ['Sequential', 'Linear', 'ReLU']
    """
    return _visit(module, with_metrics=True)


def layers_in(module: nn.Module) -> Iterator[Any]:
    """Yield the layers among `module` and all modules inside it: parents first, in attribute order, each once."""
    return (visited for visited in _visit(module) if is_layer(visited))


def weight_holders(module: nn.Module) -> Iterator[nn.Module]:
    """Yield every module whose tensors are weights: `module` and those inside it, without metrics."""
    return _visit(module)


def nearest_layers(module: nn.Module) -> Iterator[Any]:
    """Yield the layers inside `module` that are not inside another layer in it."""
    for child in _children(module):
        if is_layer(child):
            yield child
        else:
            yield from nearest_layers(child)


def breadth_first(module: nn.Module) -> list[nn.Module]:
    """List all modules inside `module`, level by level, each once, without tracked containers.

    >>> [type(m).__name__ for m in breadth_first(nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh()))]
    ['Sequential', 'Tanh', 'ReLU']
    """
    found: list[nn.Module] = [module]
    seen = {id(module)}
    for visited in found:
        for child in contents_of(visited):
            if id(child) not in seen:
                seen.add(id(child))
                found.append(child)
    return found[1:]


def contents_of(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules on a module's attributes; a tracked container is replaced by the modules in it."""
    for child in _children(module):
        if isinstance(child, TrackedContainer):
            yield from contents_of(child)
        else:
            yield child


def _children(module: nn.Module) -> list[nn.Module]:
    # From `__dict__`, because reading `_modules` from a proxy of torch.export makes new proxies, visited again.
    registry = module.__dict__.get("_modules") or module._modules
    children = [child for child in registry.values() if child is not None]
    for child in children:
        if isinstance(child, TrackedContainer):
            child.current()
    return children


def _visit(module: nn.Module, with_metrics: bool = False) -> Iterator[nn.Module]:
    # A stack and not recursion: the time is linear, and deep models do not exceed Python's recursion limit.
    stack = [module]
    seen: set[int] = set()
    while stack:
        visited = stack.pop()
        if id(visited) in seen or (not with_metrics and not is_layer(visited) and is_metric(visited)):
            continue
        seen.add(id(visited))
        yield visited
        stack.extend(reversed(_children(visited)))


def set_trainable(layer: Any, value: bool) -> None:
    """Set `requires_grad` of all parameters in a layer, and `trainable` of the layers inside it.

    A parameter of the user's that did not train when it was assigned stays as it was.
    """
    layer._torchkeras.trainable = value
    for parameter in _own_variables(layer):
        parameter.requires_grad_(value)
    for inner in nearest_layers(layer):
        inner.trainable = value


def trains(layer: Any) -> bool:
    """Whether a layer trains: as `trainable` was last set, unless `requires_grad` of all its parameters says otherwise.

    >>> import torchkeras_layer as keras
    >>> trains(keras.layers.Dense(2).requires_grad_(False))
    False
    """
    found = {p.requires_grad for inner in layers_in(layer) for p in _own_variables(inner)}
    return (not found or True in found) if layer._torchkeras.trainable else found == {True}


def runs_updates(layer: Any) -> bool:
    """Whether the updates of a layer run: if it trains, by its own parameters alone; in a dry run, always.

    Tensors that torch puts in the place of parameters for one call say nothing.
    """
    if per_thread.context.dry_run is not None:
        return True
    record: Record = layer._torchkeras
    own = [p for name, p in layer._parameters.items() if p is not None and name not in record.constants]
    if record.trainable:
        return not own or any(p.requires_grad or not isinstance(p, nn.Parameter) for p in own)
    return bool(own) and all(p.requires_grad and isinstance(p, nn.Parameter) for p in own)


def freeze_restored(model: Any) -> None:
    """Freeze a model whose config says so, but not the layers that were thawed in it: some others are frozen then.

    In a config of Keras, the layers of a frozen model may all be thawed, which has no effect there.
    """
    if all(trains(inner) for inner in nearest_layers(model)):
        model.trainable = False
    else:
        model._torchkeras.trainable = False


def prepare_assigned(layer: Any, name: str, value: nn.Module | nn.Parameter) -> None:
    """Before a layer gets a module or parameter: freeze it if the layer is frozen, else note what does not train."""
    record: Record = layer._torchkeras
    if isinstance(value, nn.Module):
        note_place(value)
    if not weights_will_train(layer) and not trains(layer):
        value.requires_grad_(False)
        for inner in layers_in(value) if isinstance(value, nn.Module) else ():
            inner._torchkeras.trainable = False
        return
    is_known = name in record.weight_specs or name in layer._parameters
    if is_known or is_layer(value):
        return
    record.constants = {known for known in record.constants if known.partition(".")[0] != name}
    plain = [(name, value)] if isinstance(value, nn.Parameter) else _own_parameters(value, f"{name}.")
    record.constants.update(key for key, parameter in plain if not parameter.requires_grad)


def _own_variables(layer: Any) -> Iterator[nn.Parameter]:
    """Yield the parameters of a layer, and of plain modules in it, that may be frozen and thawed."""
    constants = layer._torchkeras.constants
    for name, parameter in _own_parameters(layer):
        if can_train(parameter) and not (constants and _without_parametrization(name) in constants):
            yield parameter


def _without_parametrization(name: str) -> str:
    """Return the name of a weight, given the name of a parameter from which a parametrization computes it.

    >>> _without_parametrization("parametrizations.kernel.original0")
    'kernel'
    """
    return re.sub(r"(^|\.)parametrizations\.(\w+)\.original\d*$", r"\1\2", name)


def _own_parameters(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Parameter]]:
    stack: list[tuple[str, nn.Module]] = [(prefix, module)]
    seen: set[int] = set()
    while stack:
        prefix, visited = stack.pop()
        if id(visited) in seen:
            continue
        seen.add(id(visited))
        yield from ((prefix + name, p) for name, p in visited._parameters.items() if p is not None)
        children = [(f"{prefix}{name}.", child) for name, child in visited._modules.items()]
        stack.extend((name, child) for name, child in children if child is not None and not is_layer(child))
