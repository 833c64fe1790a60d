"""Are losses objects that pickle, compile, have configs, and that users derive classes from?"""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys

import pytest
import torch
import torch._dynamo.testing

import torchkeras_layer as ours
from tests.losses.cases import CASES, Case, class_logits, numbers
from tests.oracle import assert_close, keras
from torchkeras_layer import losses

ONE_EACH = list({case.name: case for case in CASES}.values())


def made(case: Case, **more):
    return getattr(losses, case.name)(**case.arguments, **more)


def signature_of(function):
    return {name: one.default for name, one in inspect.signature(function).parameters.items()}


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_arguments_and_defaults_are_those_of_keras(case):
    for name in (case.name, case.function):
        assert signature_of(getattr(losses, name)) == signature_of(getattr(keras.losses, name))


def test_names_of_keras_are_there():
    assert set(dir(keras.losses)) - set(losses.__all__) <= {name for name in dir(keras.losses) if name[0] == "_"}
    assert ours.Loss is losses.Loss


@pytest.mark.parametrize("case", CASES, ids=str)
def test_configs_are_read_here_and_by_keras(case):
    loss = made(case, reduction="sum")
    y_true, y_pred = case.data(case.shapes[0])
    # Keras does not find CategoricalGeneralizedCrossEntropy by its name.
    theirs = getattr(keras.losses, case.name).from_config(losses.serialize(loss)["config"])
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert again(y_true, y_pred) == loss(y_true, y_pred)
    assert_close(loss(y_true, y_pred), theirs(y_true, y_pred), atol=2e-6)
    config = keras.losses.serialize(getattr(keras.losses, case.name)(**case.arguments))
    assert config["config"].items() <= made(case).get_config().items()
    assert losses.deserialize(config).name == loss.name


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_a_loss_is_found_by_its_names(case):
    assert type(losses.get(case.name)) is getattr(losses, case.name)
    assert losses.get(case.function) is getattr(losses, case.function)
    assert losses.deserialize(losses.serialize(getattr(losses, case.function))) is getattr(losses, case.function)
    assert keras.losses.serialize(getattr(keras.losses, case.function)) == losses.serialize(
        getattr(losses, case.function)
    )
    loss = made(case)
    assert losses.get(loss) is loss
    assert losses.get(losses.serialize(loss)).get_config() == loss.get_config()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_copies_and_pickles_compute_the_same(case):
    loss = made(case, dtype="float64")
    y_true, y_pred = case.data(case.shapes[0])
    for again in (copy.copy(loss), copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert again.get_config() == loss.get_config()
        assert again(y_true, y_pred) == loss(y_true, y_pred)
    function = getattr(losses, case.function)
    assert pickle.loads(pickle.dumps(function)) is function


def test_losses_compile_into_one_graph():
    pairs = [(made(case), getattr(losses, case.function), case) for case in ONE_EACH if case.name != "CTC"]
    data = [case.data(case.shapes[0]) for _, _, case in pairs]

    def compute(data, weights):
        found = [loss(*pair) for (loss, _, _), pair in zip(pairs, data, strict=True)]
        found += [function(*pair, **case.arguments) for (_, function, case), pair in zip(pairs, data, strict=True)]
        return [*found, losses.MeanSquaredError(reduction="mean_with_sample_weight")(data[0][0], data[0][1], weights)]

    expected = compute(data, torch.ones(4))
    assert_close(torch.compile(compute, fullgraph=True, backend="eager")(data, torch.ones(4)), expected)


def test_a_loss_compiles_by_itself_with_masks_and_weights():
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    y_true, y_pred = class_logits((4, 3))
    y_pred.requires_grad_()
    found = torch.compile(loss, fullgraph=True, backend="aot_eager")(y_true, y_pred, torch.ones(4))
    assert_close(found, loss(y_true, y_pred, torch.ones(4)))
    found.backward()
    assert y_pred.grad is not None


def test_batches_of_all_sizes_share_a_graph():
    counter = torch._dynamo.testing.CompileCounter()
    squared, sparse = losses.MeanSquaredError(), losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)

    @torch.compile(fullgraph=True, dynamic=True, backend=counter)
    def compute(y_true, y_pred):
        return squared(torch.zeros_like(y_pred), y_pred) + sparse(y_true, y_pred)

    for size in (4, 5, 9):
        y_true, y_pred = class_logits((size, 3))
        assert_close(compute(y_true, y_pred), y_pred.square().mean() + sparse(y_true, y_pred))
    assert counter.frame_count == 1


def test_transforms_of_functions_and_export():
    loss, x, y = losses.Huber(), torch.randn(4, 2, 3), torch.zeros(4, 2, 3)
    assert_close(torch.vmap(loss)(y, x), torch.stack([loss(*pair) for pair in zip(y, x, strict=True)]))
    assert_close(torch.func.grad(loss, argnums=1)(y, x), torch.where(x.abs() < 1, x, x.sign()) / x.numel())
    torch.autograd.gradcheck(losses.LogCosh(), (y.double(), x.double().requires_grad_()))

    class Model(torch.nn.Module):
        def forward(self, y, x):
            return loss(y, x)

    assert_close(torch.export.export(Model(), (y, x)).module()(y, x), loss(y, x))


@pytest.mark.parametrize("case", [case for case in ONE_EACH if case.name not in ("CTC", "Circle")], ids=str)
def test_symbolic_tensors_give_nodes_of_a_graph(case):
    y_true, y_pred = case.data((4, 3))
    dtype = str(y_true.dtype).removeprefix("torch.")
    inputs = [ours.Input(y_true.shape[1:], dtype=dtype), ours.Input((3,))]
    function = getattr(losses, case.function)
    model = ours.Model(inputs, [function(*inputs, **case.arguments), made(case)(*inputs)])
    found = model([y_true, y_pred])
    assert_close(found[0], function(y_true, y_pred, **case.arguments))
    assert_close(found[1], made(case)(y_true, y_pred))
    pickle.loads(pickle.dumps(model))


def test_a_model_with_losses_in_its_graph_has_a_config():
    x = ours.Input((4,))
    output = ours.layers.Dense(4)(ours.layers.Dense(2)(x))
    model = ours.Model(x, output)
    model.add_loss(ours.backend.mean(losses.mse(x, output)))
    model.add_loss(losses.Huber(delta=0.5, reduction="sum")(x, output, sample_weight=[0.5]))
    data = torch.randn(3, 4)
    expected = model(data)
    assert min(loss.item() for loss in model.losses) > 0
    copies = [ours.models.model_from_json(model.to_json()), ours.models.clone_model(model), copy.deepcopy(model)]
    for again in copies:
        again.set_weights(model.get_weights())
        assert_close(again(data), expected)
        assert_close(again.losses, model.losses)


def test_a_config_with_losses_is_read_before_losses_are_imported():
    x = ours.Input((4,))
    config = ours.Model(x, losses.mae(x, x + 1)).to_json()
    program = (
        "import sys, torch, torchkeras_layer as keras\n"
        "assert 'torchkeras_layer.losses' not in sys.modules\n"
        f"print(keras.models.model_from_json({config!r})(torch.ones(1, 4)).item())\n"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "1.0\n"


def test_the_state_of_a_model_leaves_losses_out():
    class Model(ours.Layer):
        def __init__(self):
            super().__init__()
            self.loss = losses.Huber()

        def call(self, x):
            return self.loss(torch.zeros_like(x), x)

    model = Model()
    model(torch.ones(2, 3)).item()
    assert list(model.state_dict()) == []
    assert model.submodules == ()


class Distance(losses.Loss):
    def call(self, y_true, y_pred):
        return torch.linalg.vector_norm(y_true - y_pred, dim=-1)


class TheirDistance(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return torch.linalg.vector_norm(y_true - y_pred, dim=-1)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None])
def test_a_class_of_a_user_is_reduced_as_in_keras(reduction):
    y_true, y_pred = numbers((4, 3))
    arguments = {"name": "distance", "reduction": reduction}
    for weights in (None, torch.rand(4)):
        found = Distance(**arguments)(y_true, y_pred, weights)
        assert_close(found, TheirDistance(**arguments)(y_true, y_pred, weights))
    assert Distance(**arguments).get_config() == TheirDistance(**arguments).get_config() == arguments


def test_arguments_of_call_are_tensors_of_the_dtype_in_the_structure():
    seen = []

    class Own(losses.Loss):
        def call(self, y_true, y_pred):
            seen.append((y_true, y_pred))
            return y_pred["a"] - y_true[0] + y_pred["b"]

    found = Own()([torch.tensor([1, 2])], {"a": torch.tensor([2.0, 3.0], dtype=torch.float16), "b": [0.5, 0.5]})
    assert found.item() == 1.5
    assert all(x.dtype is torch.float32 for x in (seen[0][0][0], *seen[0][1].values()))


def test_a_class_derived_from_a_loss_of_the_library_uses_its_own_call():
    class Doubled(losses.MeanSquaredError):
        def call(self, y_true, y_pred):
            return 2 * super().call(y_true, y_pred)

    class Twice:
        def call(self, y_true, y_pred):
            return 2 * losses.mean_squared_error(y_true, y_pred)

    class Mixed(Twice, losses.MeanSquaredError):
        pass

    class Same(losses.MeanSquaredError):
        pass

    y_true, y_pred = numbers((4, 3))
    expected = losses.MeanSquaredError()(y_true, y_pred)
    assert_close(Same()(y_true, y_pred), expected)
    for kind in (Doubled, Mixed, type("Derived", (Doubled,), {})):
        assert_close(kind()(y_true, y_pred), 2 * expected)
    assert Doubled().get_config() == losses.MeanSquaredError().get_config()


def test_a_class_of_a_user_may_take_ints_second():
    class Own(losses.Loss):
        def call(self, embeddings, labels):  # pyright: ignore[reportIncompatibleMethodOverride]
            return embeddings.sum(-1) * labels

    def own(embeddings, labels):
        return embeddings.sum(-1) * labels

    embeddings, labels = torch.ones(2, 3, requires_grad=True), torch.tensor([1, 2])
    for loss in (Own(), losses.LossFunctionWrapper(own)):
        assert loss(embeddings, labels).item() == 4.5


def test_a_class_of_keras_2_passes_the_reduction_first():
    class Own(losses.Loss):
        def __init__(self, reduction=losses.Reduction.AUTO, name="own", scale=2.0):
            super().__init__(reduction, name)
            self.scale = scale

        def call(self, y_true, y_pred):
            return self.scale * (y_true - y_pred).abs()

    assert (Own().reduction, Own().name) == ("sum_over_batch_size", "own")
    assert Own("none")([1.0, 2.0], [1.0, 3.0]).tolist() == [0.0, 2.0]
    assert losses.Loss("none").reduction == "none"
    assert losses.Loss("none").name.startswith("loss")
    assert losses.Loss("none", name="own").name == "own"
    assert (losses.Loss("own", "sum", "float64").reduction, losses.Loss("own", "sum", "float64").dtype) == (
        "sum",
        "float64",
    )
    assert losses.Loss("own").get_config() == {"name": "own", "reduction": "sum_over_batch_size"}
    assert losses.MeanSquaredError(reduction=losses.Reduction.SUM).reduction == "sum"


@pytest.mark.parametrize("name", ["sum", "none", "auto", "mean"])
def test_a_name_may_be_that_of_a_reduction(name):
    for loss in (losses.Loss(name=name), losses.Huber(name=name), losses.Loss(name, "mean"), Distance(name=name)):
        assert loss.name == name
        assert loss.reduction == ("mean" if loss.reduction == "mean" else "sum_over_batch_size")
        assert type(loss).from_config(loss.get_config()).get_config() == loss.get_config()


def test_names_are_counted():
    assert [losses.Loss().name, Distance().name, losses.Loss().name, losses.Huber().name] == [
        "loss",
        "distance",
        "loss_1",
        "huber_loss",
    ]


def test_a_function_is_a_loss():
    @ours.saving.register_keras_serializable("tests")
    def distance(y_true, y_pred, power=2):
        return (y_true - y_pred).abs() ** power

    loss = losses.LossFunctionWrapper(distance, name="own", reduction="sum", power=3)
    theirs = keras.src.losses.LossFunctionWrapper(distance, name="own", reduction="sum", power=3)
    y_true, y_pred = numbers((4,))
    for predictions in (y_pred, y_pred[:, None]):
        assert_close(loss(y_true, predictions), theirs(y_true, predictions))
    again = losses.deserialize(losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    assert again(y_true, y_pred) == loss(y_true, y_pred)
    assert pickle.loads(pickle.dumps(losses.LossFunctionWrapper(losses.mse)))(y_true, y_pred).shape == ()
    assert "distance" in repr(loss)


def test_own_losses_are_found_by_name():
    scope = {"Distance": Distance, "own": abs}
    with ours.saving.custom_object_scope(scope):
        assert losses.get("own") is abs
        assert isinstance(losses.get("Distance"), Distance)
    config = losses.serialize(Distance(name="d"))
    assert losses.deserialize(config, custom_objects=scope).name == "d"


def test_members_of_keras_tensors_are_read_in_calls():
    class Own(losses.Loss):
        def call(self, y_true, y_pred):
            return y_pred.get_shape().as_list()[-1] * ours.ops.mean(y_pred - y_true, axis=-1)

    assert Own()(torch.zeros(2, 3), torch.ones(2, 3)).item() == 3


def test_the_repr_says_what_it_is():
    assert repr(losses.Huber(0.5)) == "Huber(name='huber_loss', reduction='sum_over_batch_size', delta=0.5)"


def test_the_reductions_of_keras_2():
    assert losses.Reduction.all() == ("auto", "none", "sum", "sum_over_batch_size")
    losses.Reduction.validate("sum")
    with pytest.raises(ValueError, match=r"Reduction: expected one of .*'x'"):
        losses.Reduction.validate("x")
