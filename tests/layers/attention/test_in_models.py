"""Do the attention layers work in functional models, compiled, exported and transformed, with all their options?"""

from __future__ import annotations

import copy
import functools

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend
from torch.func import functional_call, jvp, vmap

from tests.layers.attention.comparison import mask
from tests.oracle import assert_close, keras
from torchkeras_layer import Input, Model, layers

QUERY, VALUE = torch.linspace(-1, 1, 24).reshape(2, 3, 4), torch.linspace(0, 1, 40).reshape(2, 5, 4).sin()
LAYERS = {
    "heads": lambda: layers.MultiHeadAttention(2, 3),
    "groups": lambda: layers.GroupQueryAttention(3, 4, 2),
    "gated": lambda: layers.MultiHeadAttention(2, 3, use_gate=True, sliding_window=2, output_shape=(2, 3)),
}
OPTIONS = {
    "plain": {},
    "scores": {"return_attention_scores": True},
    "causal": {"use_causal_mask": True},
    "masks": {"attention_mask": mask(2, 3, 5), "value_mask": mask(2, 5, seed=3)},
    "all": {"attention_mask": mask(2, 3, 5), "use_causal_mask": True, "return_attention_scores": True},
}
every_kind = pytest.mark.parametrize("kind", LAYERS)
# Compiling takes its time: every option once, and each kind with the ways that differ.
_SOME = [("heads", name) for name in OPTIONS] + [("groups", "masks"), ("groups", "scores"), ("gated", "all")]
some_combinations = pytest.mark.parametrize(
    ("kind", "options"), [(kind, OPTIONS[name]) for kind, name in _SOME], ids=["-".join(pair) for pair in _SOME]
)


def _built(kind):
    torch.manual_seed(0)
    layer = LAYERS[kind]()
    layer(QUERY, VALUE)
    return layer


@every_kind
def test_calls_on_symbolic_tensors(kind):
    layer = LAYERS[kind]()
    query, value = Input((None, 4)), Input((None, 6))
    outputs, scores = layer(query, value, return_attention_scores=True)
    sizes = (2, 3) if kind == "gated" else (4,)
    assert outputs.shape == (None, None, *sizes)
    assert scores.shape == (None, 4 if kind == "groups" else 2, None, None)
    model = Model([query, value], [outputs, scores, layer(query, value, use_causal_mask=True)])
    given = QUERY, torch.randn(2, 5, 6)
    expected = [*layer(*given, return_attention_scores=True), layer(*given, use_causal_mask=True)]
    for found, wanted in zip(model(list(given)), expected, strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.filterwarnings("ignore:.*does not support masking")
def test_masks_of_ints_travel_through_a_model_as_in_keras():
    ints = torch.tensor([[3, 1, 0, 0], [2, 2, 4, 0]])

    def build(library):
        inputs = library.Input((4,), dtype="int64")
        embedded = library.layers.Embedding(5, 4, mask_zero=True)(inputs)
        others = library.layers.Embedding(5, 6, mask_zero=True)(inputs)
        found = library.layers.Attention()([embedded, embedded])
        found = library.layers.AdditiveAttention()([found, embedded])
        found = library.layers.GroupQueryAttention(3, 4, 2)(found, embedded)
        # The last one, because Keras's takes the masks off its inputs.
        found = library.layers.MultiHeadAttention(2, 3)(found, others, use_causal_mask=True)
        return library.Model(inputs, library.layers.GlobalAveragePooling1D()(found))

    import torchkeras_layer as ours

    mine, theirs = build(ours), build(keras)
    weights = [torch.randn(weight.shape).numpy() for weight in theirs.weights]
    mine.set_weights(weights)
    theirs.set_weights(weights)
    assert_close(mine(ints), theirs(ints), rtol=1e-5, atol=1e-5)
    twin = ours.Model.from_config(mine.get_config())
    twin.set_weights(weights)
    assert torch.equal(twin(ints), mine(ints))


@pytest.mark.parametrize("training", [True, False])
def test_the_losses_of_projections_belong_to_a_model(training):
    layer = layers.MultiHeadAttention(2, 3, activity_regularizer="l2").train(training)
    query, value = Input((3, 4)), Input((5, 4))
    model = Model([query, value], layer(query, value))
    assert [len(model.get_losses_for(inputs)) for inputs in (None, query, value)] == [0, 2, 3]
    model([QUERY, VALUE])
    assert len(model.losses) == 4


@some_combinations
def test_one_graph_serves_all_calls(kind, options):
    torch._dynamo.reset()
    layer = _built(kind)
    counter = CompileCounterWithBackend("eager")
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    for query in (QUERY, QUERY + 1):
        torch.testing.assert_close(compiled(query, VALUE, **options), layer(query, VALUE, **options))
    assert counter.frame_count == 1


def test_masks_that_tensors_carry_are_compiled_too():
    torch._dynamo.reset()
    layer, pooled = _built("heads"), layers.GlobalAveragePooling1D()

    def run(query, value, query_mask, value_mask):
        query, value = query + 0, value + 0
        query._keras_mask, value._keras_mask = query_mask, value_mask
        return pooled(layer(query, value))

    given = QUERY, VALUE, mask(2, 3), mask(2, 5)
    torch.testing.assert_close(torch.compile(run, backend="aot_eager", fullgraph=True)(*given), run(*given))


class _WithOptions(torch.nn.Module):
    def __init__(self, layer, names, switches):
        super().__init__()
        self.layer, self.names, self.switches = layer, names, switches

    def forward(self, query, value, *masks):
        return self.layer(query, value, **dict(zip(self.names, masks, strict=True)), **self.switches)


@some_combinations
def test_export_is_for_any_batch_and_any_number_of_steps(kind, options):
    masks = {name: value for name, value in options.items() if isinstance(value, torch.Tensor)}
    switches = {name: value for name, value in options.items() if name not in masks}
    module = _WithOptions(_built(kind).eval(), list(masks), switches)
    batch = torch.export.Dim("batch", min=2)
    steps, others = torch.export.Dim("steps", min=2), torch.export.Dim("others", min=2)
    axes = {"attention_mask": {0: batch, 1: steps, 2: others}, "value_mask": {0: batch, 1: others}}
    dynamic = ({0: batch, 1: steps}, {0: batch, 1: others}, *([tuple(axes[name] for name in masks)] if masks else []))
    program = torch.export.export(module, (QUERY, VALUE, *masks.values()), dynamic_shapes=dynamic).module()
    sizes = {batch: 3, steps: 4, others: 7}
    given = [torch.randn(3, 4, 4), torch.randn(3, 7, 4)]
    given += [mask(*(sizes[dim] for dim in axes[name].values()), seed=8) for name in masks]
    torch.testing.assert_close(program(*given), module(*given))


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
@pytest.mark.parametrize("is_causal", [False, True])
def test_attention_without_heads_exports_with_masks(name, is_causal):
    layer = getattr(layers, name)()
    layer([QUERY, VALUE])

    class Masked(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, query, value, query_mask, value_mask):
            return self.layer([query, value], mask=[query_mask, value_mask], use_causal_mask=is_causal)

    batch, others = torch.export.Dim("batch", min=2), torch.export.Dim("others", min=2)
    dynamic = ({0: batch}, {0: batch, 1: others}, {0: batch}, {0: batch, 1: others})
    given = QUERY, VALUE, mask(2, 3), mask(2, 5)
    program = torch.export.export(Masked(), given, dynamic_shapes=dynamic).module()
    given = torch.randn(3, 3, 4), torch.randn(3, 6, 4), mask(3, 3), mask(3, 6)
    torch.testing.assert_close(program(*given), Masked()(*given))


@some_combinations
def test_vmap_over_several_sets_of_weights(kind, options):
    layer = _built(kind)
    copies = [copy.deepcopy(layer) for _ in range(2)]
    for twin in copies:
        twin.set_weights([torch.randn(weight.shape).numpy() for weight in twin.weights])
    stacked = {
        name: torch.stack([dict(twin.named_parameters())[name] for twin in copies]) for name in layer.state_dict()
    }
    found = vmap(lambda weights: functional_call(layer, weights, (QUERY, VALUE), options))(stacked)
    results = [twin(QUERY, VALUE, **options) for twin in copies]
    expected = [torch.stack(one) for one in zip(*results, strict=True)] if "scores" in str(options) else None
    torch.testing.assert_close(list(found) if expected else found, expected or torch.stack(results))


@every_kind
def test_forward_derivatives(kind):
    function = functools.partial(_built(kind).to(torch.float64), use_causal_mask=True)
    point = QUERY.double(), VALUE.double()
    step = torch.randn(2, 3, 4, dtype=torch.float64), torch.randn(2, 5, 4, dtype=torch.float64)
    _, derivative = jvp(function, point, step)
    size = 1e-6
    ahead, behind = (
        function(*(one + sign * size * other for one, other in zip(point, step, strict=True))) for sign in (1, -1)
    )
    torch.testing.assert_close(derivative, (ahead - behind) / (2 * size), rtol=1e-5, atol=1e-7)


@every_kind
def test_autocast_decides_on_the_dtype(kind):
    layer = _built(kind)
    for options in OPTIONS.values():
        with torch.autocast("cpu", torch.bfloat16):
            outputs = layer(QUERY, VALUE, **options)
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs
        expected = layer(QUERY, VALUE, **options)
        expected = expected[0] if isinstance(expected, tuple) else expected
        assert outputs.dtype is torch.bfloat16
        torch.testing.assert_close(outputs.float(), expected, rtol=0.1, atol=0.05)


def test_values_in_another_dtype_are_cast_as_queries_are():
    layer = _built("heads")
    torch.testing.assert_close(
        layer(QUERY.double(), VALUE.double(), VALUE.half()), layer(QUERY, VALUE), rtol=0, atol=5e-3
    )
    assert layer(QUERY.double(), VALUE.double()).dtype is torch.float32


def test_query_and_value_may_share_one_batch():
    layer = _built("heads")
    expected = layer(QUERY[:1].expand(2, -1, -1), VALUE)
    torch.testing.assert_close(layer(QUERY[:1], VALUE), expected)


@every_kind
def test_no_steps_to_look_at_give_nothing(kind):
    layer, nothing = _built(kind), torch.ones(2, 0, dtype=torch.bool)
    for options in ({}, {"value_mask": nothing}, {"value_mask": nothing, "use_causal_mask": True}):
        outputs = layer(QUERY, VALUE[:, :0], **options)
        torch.testing.assert_close(outputs, layer._output_dense.bias.expand_as(outputs))


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
def test_no_steps_to_look_at_give_nothing_without_heads_either(name):
    layer, masks = getattr(layers, name)(), [None, torch.ones(2, 0, dtype=torch.bool)]
    for options in ({}, {"mask": masks}, {"mask": masks, "use_causal_mask": True}):
        assert torch.equal(layer([QUERY, VALUE[:, :0]], **options), torch.zeros(2, 3, 4))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@every_kind
def test_the_older_tracer_of_torch_follows(kind):
    layer = _built(kind)
    traced = torch.jit.trace(layer, (QUERY, VALUE), check_trace=False)
    torch.testing.assert_close(traced(QUERY + 1, VALUE), layer(QUERY + 1, VALUE))


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
def test_a_layer_that_was_called_looks_ready(name):
    layer = getattr(layers, name)()
    layer([QUERY, VALUE])
    assert "not built" not in repr(layer)
    assert "not built" not in repr(_built("heads"))


@pytest.mark.parametrize("name", ["Attention", "MultiHeadAttention"])
def test_second_derivatives_are_there_as_documented(name):
    layer = layers.Attention() if name == "Attention" else layers.MultiHeadAttention(2, 3)
    query = QUERY.clone().requires_grad_()
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        outputs = layer([query, query]) if name == "Attention" else layer(query, query)
        (first,) = torch.autograd.grad(outputs.square().sum(), query, create_graph=True)
        (second,) = torch.autograd.grad(first.square().sum(), query)
    assert second.abs().max() > 0
