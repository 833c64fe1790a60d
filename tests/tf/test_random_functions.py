"""Do random functions of `tf` draw from the right distribution, and the same numbers for the same seed?"""

from __future__ import annotations

import math

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import tf
from torchkeras_layer.tf import _places

COUNT = 4000
LOGITS = [[math.log(0.2), math.log(0.8)]]
_TRUNCATED = 0.8796
# By the name: the draw, its dtype, and the mean, deviation and limits of the numbers.
STATEFUL = {
    "random.normal": (lambda: tf.random.normal([COUNT], 1.0, 2.0), "float32", 1, 2, None, None),
    "compat.v1.random_normal": (
        lambda: tf.compat.v1.random_normal([40, 100], dtype=tf.float64), "float64", 0, 1, None, None),
    "random.truncated_normal": (
        lambda: tf.random.truncated_normal([COUNT], mean=1.0, stddev=2.0), "float32", 1, 2 * _TRUNCATED, -3, 5),
    "random.uniform": (lambda: tf.random.uniform([COUNT], -1, 3), "float32", 1, 4 / math.sqrt(12), -1, 3),
    "compat.v1.random_uniform": (
        lambda: tf.compat.v1.random_uniform([COUNT], maxval=5, dtype=tf.int32), "int32", 2, math.sqrt(2), 0, 4),
    "random.gamma": (lambda: tf.random.gamma([COUNT], 2.0, beta=4.0), "float32", 0.5, math.sqrt(2) / 4, 0, None),
    "random.poisson": (lambda: tf.random.poisson([COUNT], 3.0), "float32", 3, math.sqrt(3), 0, None),
    "random.categorical": (lambda: tf.random.categorical(LOGITS, COUNT), "int64", 0.8, 0.4, 0, 1),
    "nn.dropout keep_prob": (
        lambda: tf.nn.dropout(torch.ones(COUNT), keep_prob=0.75), "float32", 1, math.sqrt(1 / 3), 0, 4 / 3),
    "compat.v1.nn.dropout": (
        lambda: tf.compat.v1.nn.dropout(torch.ones(COUNT), 0.75), "float32", 1, math.sqrt(1 / 3), 0, 4 / 3),
    "nn.dropout": (lambda: tf.nn.dropout(torch.ones(COUNT), rate=0.25), "float32", 1, math.sqrt(1 / 3), 0, 4 / 3),
    "random_normal_initializer": (lambda: tf.random_normal_initializer()([COUNT]), "float32", 0, 0.05, None, None),
    "random_uniform_initializer": (
        lambda: tf.random_uniform_initializer()([COUNT]), "float32", 0, 0.1 / math.sqrt(12), -0.05, 0.05),
    "compat.v1.random_normal_initializer": (
        lambda: tf.compat.v1.random_normal_initializer(1.0)([COUNT]), "float32", 1, 1, None, None),
    "compat.v1.random_uniform_initializer": (
        lambda: tf.compat.v1.random_uniform_initializer()([COUNT]), "float32", 0.5, 1 / math.sqrt(12), 0, 1),
    "compat.v1.truncated_normal_initializer": (
        lambda: tf.compat.v1.truncated_normal_initializer()([COUNT]), "float32", 0, _TRUNCATED, -2, 2),
    "compat.v1.glorot_uniform_initializer": (
        lambda: tf.compat.v1.glorot_uniform_initializer()((50, 100)), "float32", 0, 0.2 / math.sqrt(3), -0.2, 0.2),
    "compat.v1.glorot_normal_initializer": (
        lambda: tf.compat.v1.glorot_normal_initializer()((50, 100)), "float32", 0, math.sqrt(2 / 150), -0.27, 0.27),
    "compat.v1.variance_scaling_initializer": (
        lambda: tf.compat.v1.variance_scaling_initializer()((50, 100)), "float32", 0, math.sqrt(1 / 50), -0.33, 0.33),
}  # fmt: skip
STATELESS = {
    "random.stateless_normal": (
        lambda s: tf.random.stateless_normal([COUNT], seed=s, mean=1.0, stddev=2.0), "float32", 1, 2, None, None),
    "random.stateless_uniform": (
        lambda s: tf.random.stateless_uniform([COUNT], s, 0, 5, tf.int64), "int64", 2, math.sqrt(2), 0, 4),
    "random.stateless_truncated_normal": (
        lambda s: tf.random.stateless_truncated_normal([COUNT], s), "float32", 0, _TRUNCATED, -2, 2),
    "random.stateless_gamma": (
        lambda s: tf.random.stateless_gamma([COUNT], s, alpha=2.0, beta=4.0),
        "float32", 0.5, math.sqrt(2) / 4, 0, None),
    "random.stateless_categorical": (
        lambda s: tf.random.stateless_categorical(LOGITS, COUNT, s), "int64", 0.8, 0.4, 0, 1),
    "random.Generator normal": (
        lambda s: tf.random.Generator.from_seed(s[0]).normal([COUNT], 1.0, 2.0), "float32", 1, 2, None, None),
    "random.Generator uniform": (
        lambda s: tf.random.Generator.from_seed(s[0]).uniform([COUNT], -1, 3), "float32", 1, 4 / math.sqrt(12), -1, 3),
    "random.Generator truncated_normal": (
        lambda s: tf.random.Generator(s[0]).truncated_normal([COUNT]), "float32", 0, _TRUNCATED, -2, 2),
    "random.Generator binomial": (
        lambda s: tf.random.experimental.Generator.from_seed(s[0]).binomial([COUNT], 10.0, 0.3),
        "int32", 3, math.sqrt(2.1), 0, 10),
    "random.Generator ints": (
        lambda s: tf.random.Generator.from_seed(s[0]).uniform([COUNT], 0, 5, tf.int32), "int32", 2, math.sqrt(2), 0, 4),
}  # fmt: skip
IMAGES = torch.rand(64, 4, 5, 3, generator=torch.Generator().manual_seed(0))
# Narrow limits leave one image that is possible.
CHANGES = {
    "random_brightness": (lambda f, *s: f(IMAGES, 1e-7, *s), lambda: IMAGES),
    "random_hue": (lambda f, *s: f(IMAGES, 1e-7, *s), lambda: IMAGES),
    "random_contrast": (lambda f, *s: f(IMAGES, 0.5, 0.5 + 1e-7, *s), lambda: tf.image.adjust_contrast(IMAGES, 0.5)),
    "random_saturation": (lambda f, *s: f(IMAGES, 2.0, 2 + 1e-7, *s), lambda: tf.image.adjust_saturation(IMAGES, 2.0)),
}
WIDE = {
    "random_brightness": lambda f, *s: f(IMAGES, 0.4, *s),
    "random_hue": lambda f, *s: f(IMAGES, 0.4, *s),
    "random_contrast": lambda f, *s: f(IMAGES, 0.2, 0.8, *s),
    "random_saturation": lambda f, *s: f(IMAGES, 1.5, 3.0, *s),
    "random_flip_left_right": lambda f, *s: f(IMAGES, *s),
    "random_flip_up_down": lambda f, *s: f(IMAGES, *s),
    "random_crop": lambda f, *s: f(IMAGES, [10, 3, 2, 3], *s),
}


def _check(numbers, dtype, mean, deviation, low, high):
    assert str(numbers.dtype) == f"torch.{dtype}"
    assert numbers.numel() >= COUNT
    found = numbers.double()
    # Five standard errors of the mean of `COUNT` numbers; the deviation's is smaller for all of these distributions.
    near = 5 * deviation / math.sqrt(COUNT)
    assert abs(float(found.mean()) - mean) < near
    assert abs(float(found.std()) - deviation) < 2 * near
    assert low is None or float(found.min()) >= low - 1e-6
    assert high is None or float(found.max()) <= high + 1e-6


@pytest.mark.parametrize("name", STATEFUL)
def test_numbers_follow_the_seed_of_the_program(name):
    draw, *distribution = STATEFUL[name]
    tf.random.set_seed(7)
    first, second = draw(), draw()
    _check(first, *distribution)
    assert not torch.equal(first, second)
    tf.compat.v1.set_random_seed(7)
    assert torch.equal(draw(), first)


@pytest.mark.parametrize("name", STATELESS)
def test_numbers_follow_their_own_seed(name):
    draw, *distribution = STATELESS[name]
    first = draw([3, 4])
    _check(first, *distribution)
    assert torch.equal(draw([3, 4]), first)
    assert not torch.equal(draw([4, 3]), first)


@pytest.mark.parametrize("name", WIDE)
def test_images_change_at_random(name):
    change, stateless = getattr(tf.image, name), getattr(tf.image, f"stateless_{name}")
    tf.random.set_seed(1)
    changed = WIDE[name](change)
    assert not torch.equal(changed, WIDE[name](change))
    tf.random.set_seed(1)
    assert torch.equal(changed, WIDE[name](change))
    same = [WIDE[name](stateless, seed) for seed in ([1, 2], [1, 2], [5, 2])]
    assert torch.equal(same[0], same[1])
    assert not torch.equal(same[0], same[2])


@pytest.mark.parametrize("name", CHANGES)
def test_images_change_within_the_limits(name):
    run, expected = CHANGES[name]
    torch.testing.assert_close(run(getattr(tf.image, name)), expected(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(run(getattr(tf.image, f"stateless_{name}"), [1, 2]), expected(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("name", "axis"), [("random_flip_left_right", 2), ("random_flip_up_down", 1)])
def test_half_of_the_images_are_mirrored(name, axis):
    for found in (getattr(tf.image, name)(IMAGES), getattr(tf.image, f"stateless_{name}")(IMAGES, [1, 2])):
        is_mirrored = [torch.equal(one, other) for one, other in zip(found, IMAGES.flip(axis), strict=True)]
        is_same = [torch.equal(one, other) for one, other in zip(found, IMAGES, strict=True)]
        assert all(a != b for a, b in zip(is_mirrored, is_same, strict=True))
        assert 12 < sum(is_mirrored) < 52


def test_a_crop_is_a_part_of_the_tensor():
    numbers = torch.arange(60).reshape(6, 10)
    for found in (tf.image.random_crop(numbers, [2, -1]), tf.image.stateless_random_crop(numbers, (2, 3), seed=[1, 2])):
        top, left = divmod(int(found[0, 0]), 10)
        assert torch.equal(found, numbers[top : top + 2, left : left + found.shape[1]])


def test_shuffle_keeps_the_rows():
    rows = torch.arange(200).reshape(100, 2)
    found = tf.random.shuffle(rows)
    assert not torch.equal(found, rows)
    assert torch.equal(found[found[:, 0].argsort()], rows)


def test_seeds_and_generators_are_split():
    seeds = tf.random.split([1, 2], num=3)
    assert seeds.shape == (3, 2)
    assert len({tuple(seed) for seed in seeds.tolist()}) == 3
    assert torch.equal(seeds, tf.random.experimental.stateless_split([1, 2], 3))
    folded = tf.random.fold_in([1, 2], 5)
    assert torch.equal(folded, tf.random.experimental.stateless_fold_in([1, 2], 5))
    assert not torch.equal(folded, tf.random.fold_in([1, 2], 6))
    one, other = tf.random.Generator.from_seed(1).split(2)
    assert not torch.equal(one.normal([3]), other.normal([3]))
    assert tf.random.Generator.from_seed(1).make_seeds(4).shape == (2, 4)
    assert tf.random.Generator.from_seed(1).uniform_full_int([3], tf.int64).dtype is torch.int64


def test_the_program_shares_a_generator():
    tf.random.set_global_generator(tf.random.Generator.from_seed(3))
    first = tf.random.get_global_generator().normal([3])
    tf.random.get_global_generator().reset_from_seed(3)
    assert torch.equal(tf.random.get_global_generator().normal([3]), first)
    given = tf.random.Generator.from_non_deterministic_state(), tf.random.Generator.from_non_deterministic_state()
    assert not torch.equal(given[0].normal([3]), given[1].normal([3]))


def test_initializers_without_chance():
    assert torch.equal(tf.zeros_initializer()([2]), torch.zeros(2))
    assert torch.equal(tf.compat.v1.zeros_initializer()([2]), torch.zeros(2))
    assert torch.equal(tf.ones_initializer()([2]), torch.ones(2))
    assert torch.equal(tf.compat.v1.ones_initializer()([2]), torch.ones(2))
    assert torch.equal(tf.constant_initializer(3.0)([2]), torch.full((2,), 3.0))
    assert torch.equal(tf.compat.v1.constant_initializer(3.0)([2]), torch.full((2,), 3.0))
    matrix = tf.compat.v1.orthogonal_initializer()((4, 4))
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(4), atol=1e-5, rtol=0)


def test_graphs_draw_at_each_call():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, inputs * 0 + tf.random.normal(tf.shape(inputs)))
    assert model(torch.ones(2, 4)).shape == (2, 4)
    assert not torch.equal(model(torch.ones(2, 4)), model(torch.ones(2, 4)))


def test_ints_need_a_largest_value():
    with pytest.raises(ValueError, match="need maxval="):
        tf.random.uniform([2], dtype=tf.int32)


def test_every_random_function_is_drawn_from():
    tried = {name.partition(" ")[0] for name in (*STATEFUL, *STATELESS, "random.shuffle")}
    tried |= {f"image.{start}{name}" for name in WIDE for start in ("", "stateless_")}
    places = ("image", "random", "compat.v1")
    names = {f"{place}.{name}" for place in places for name in _places.FUNCTIONS[place].split() if "random" in name}
    names |= {f"random.{name}" for name in _places.FUNCTIONS["random"].split()}
    assert names <= tried
