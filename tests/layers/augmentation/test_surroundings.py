"""Do the layers heed seeds, dicts, masks, single images and dtypes, and refuse what they cannot do?"""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import layers
from torchkeras_layer.layers import augmentation
from torchkeras_layer.layers.augmentation import warping

IMAGES = torch.tensor(np.random.default_rng(5).uniform(0, 255, (4, 6, 7, 3)), dtype=torch.float32)
# One of each layer, that needs nothing but images.
EACH = {
    "AugMix": lambda **more: layers.AugMix(**more),
    "CutMix": lambda **more: layers.CutMix(**more),
    "MixUp": lambda **more: layers.MixUp(**more),
    "RandAugment": lambda **more: layers.RandAugment(**more),
    "RandomBrightness": lambda **more: layers.RandomBrightness(0.4, **more),
    "RandomColorDegeneration": lambda **more: layers.RandomColorDegeneration(0.5, **more),
    "RandomColorJitter": lambda **more: layers.RandomColorJitter((0, 255), 0.3, 0.3, 0.3, 0.3, **more),
    "RandomContrast": lambda **more: layers.RandomContrast(0.9, **more),
    "RandomCrop": lambda **more: layers.RandomCrop(3, 4, **more),
    "RandomElasticTransform": lambda **more: layers.RandomElasticTransform(**more),
    "RandomErasing": lambda **more: layers.RandomErasing(**more),
    "RandomFlip": lambda **more: layers.RandomFlip(**more),
    "RandomGaussianBlur": lambda **more: layers.RandomGaussianBlur(**more),
    "RandomGrayscale": lambda **more: layers.RandomGrayscale(0.5, **more),
    "RandomHeight": lambda **more: layers.RandomHeight(0.9, **more),
    "RandomHue": lambda **more: layers.RandomHue(0.9, **more),
    "RandomInvert": lambda **more: layers.RandomInvert(0.5, **more),
    "RandomPerspective": lambda **more: layers.RandomPerspective(**more),
    "RandomPosterization": lambda **more: layers.RandomPosterization(5, **more),
    "RandomRotation": lambda **more: layers.RandomRotation(0.4, **more),
    "RandomSaturation": lambda **more: layers.RandomSaturation(0.9, **more),
    "RandomSharpness": lambda **more: layers.RandomSharpness(0.9, **more),
    "RandomShear": lambda **more: layers.RandomShear(0.9, **more),
    "RandomTranslation": lambda **more: layers.RandomTranslation(0.4, 0.4, **more),
    "RandomWidth": lambda **more: layers.RandomWidth(0.9, **more),
    "RandomZoom": lambda **more: layers.RandomZoom(0.4, **more),
    "Solarization": lambda **more: layers.Solarization(0.4, 0.4, **more),
}
WITHOUT_SEED = {
    "AutoContrast": lambda: layers.AutoContrast(),
    "ContrastLimitedAdaptiveHistogramEqualization": lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(),
    "Equalization": lambda: layers.Equalization(),
}
each = pytest.mark.parametrize("make", EACH.values(), ids=EACH)
OF_ONE_SIZE = {name: make for name, make in EACH.items() if name not in ("RandomHeight", "RandomWidth")}


def test_each_layer_is_here():
    assert set(EACH) | set(WITHOUT_SEED) | {"Pipeline"} == set(augmentation.__all__)


@each
def test_torch_s_seed_and_a_seed_of_its_own_repeat_the_numbers(make):
    layer = make()
    results = [_seeded(layer), _seeded(layer)]
    assert torch.equal(*results)
    own, twin = make(seed=3), make(seed=3)
    first, second = own(IMAGES), own(IMAGES)
    assert torch.equal(twin(IMAGES), first)
    later = copy.deepcopy(twin)
    assert torch.equal(later(IMAGES), second)
    twin.draws = 0
    assert torch.equal(twin(IMAGES), first)


def _seeded(layer):
    torch.manual_seed(2)
    return layer(IMAGES)


@each
def test_one_image_in_a_dict_in_half_precision(make):
    for dtype in ("float32", "float16", "bfloat16", "float64"):
        outputs = make(seed=1, dtype=dtype)({"images": IMAGES[0], "labels": torch.tensor(3)})
        assert outputs["images"].dim() == 3
        assert outputs["images"].dtype is getattr(torch, dtype)
        assert bool(outputs["images"].isfinite().all())
        assert int(outputs["labels"]) == 3


@each
def test_ints_become_floats_in_both_modes(make):
    layer = make(seed=1)
    pixels = IMAGES.to(torch.uint8)
    assert_close(layer(pixels), make(seed=1)(pixels.float()))
    assert layer.eval()(pixels).dtype is torch.float32


@pytest.mark.parametrize("make", OF_ONE_SIZE.values(), ids=OF_ONE_SIZE)
def test_graphs_say_the_shape_and_make_it(make):
    inputs = ours.Input((6, 7, 3))
    model = ours.Model(inputs, make(name="one", seed=3)(inputs))
    twin = ours.Model.from_config(model.get_config())
    assert model.output_shape[1:] == tuple(model(IMAGES).shape[1:]) == tuple(twin.eval()(IMAGES).shape[1:])
    meta = model.eval().to("meta")(IMAGES.to("meta"))
    assert meta.shape[1:] == model.output_shape[1:]


@each
def test_vmap_of_inference_does_as_a_loop_does(make):
    layer = make().eval()
    stacked = torch.stack([IMAGES, IMAGES.flip(0)])
    expected = torch.stack([layer(images) for images in stacked])
    assert torch.equal(torch.func.vmap(layer)(stacked), expected)


@pytest.mark.parametrize("name", ["RandomRotation", "RandomHeight"])
def test_training_compiles_to_one_graph(name):
    torch._dynamo.reset()
    layer, twin = EACH[name](seed=3), EACH[name](seed=3)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    for _ in range(2):
        torch.testing.assert_close(compiled(IMAGES), twin(IMAGES), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("name", ["RandomCrop", "ContrastLimitedAdaptiveHistogramEqualization"])
def test_inference_is_exported_for_any_batch(name):
    layer = {**EACH, **WITHOUT_SEED}[name]().eval()
    program = torch.export.export(layer, (IMAGES,), dynamic_shapes=({0: torch.export.Dim("batch", min=2)},)).module()
    more = torch.cat([IMAGES, IMAGES])
    torch.testing.assert_close(program(more), layer(more))


def test_gradients_reach_the_pixels():
    images = IMAGES.clone().requires_grad_()
    for make in EACH.values():
        (gradient,) = torch.autograd.grad(make(seed=2)(images).sum(), images)
        assert bool(gradient.isfinite().all())
        assert bool((gradient != 0).any()) or isinstance(make(), layers.RandomPosterization)


def test_masks_move_with_images_and_keep_their_values():
    masks = torch.arange(6 * 7).reshape(1, 6, 7, 1).expand(4, 6, 7, 1)
    for name in ("RandomFlip", "RandomCrop", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomPerspective"):
        arguments = {"interpolation": "nearest"} if name not in ("RandomFlip", "RandomCrop") else {}
        outputs = EACH[name](seed=3, **arguments)({"images": masks.float(), "segmentation_masks": masks})
        assert outputs["segmentation_masks"].dtype is torch.int64
        assert torch.equal(outputs["segmentation_masks"].float(), outputs["images"])
    outputs = layers.RandomBrightness(0.5)({"segmentation_masks": masks, "images": IMAGES})
    assert list(outputs) == ["segmentation_masks", "images"]
    assert torch.equal(outputs["segmentation_masks"], masks)


def test_images_of_one_pixel_and_lists_of_numbers():
    for make in EACH.values():
        assert bool(make(seed=1)(torch.ones(1, 1, 1, 3)).isfinite().all())
    outputs = layers.RandomFlip()({"images": IMAGES.tolist(), "labels": [1, 2, 3, 4]})
    assert outputs["images"].shape == IMAGES.shape
    assert outputs["labels"].tolist() == [1, 2, 3, 4]


def test_other_dicts_and_shapes_are_refused():
    flip = layers.RandomFlip(name="flip")
    with pytest.raises(ValueError, match=r"^flip: a dict must have 'images'.*\['boxes', 'images'\]"):
        flip({"images": IMAGES, "boxes": IMAGES})
    with pytest.raises(ValueError, match="Bounding boxes are not moved"):
        flip({"images": IMAGES, "bounding_boxes": IMAGES})
    with pytest.raises(ValueError, match="bounding_box_format is not supported"):
        layers.RandomFlip(bounding_box_format="xyxy")
    with pytest.raises(ValueError, match="expected an image, of rank 3"):
        flip(IMAGES[0, 0])
    with pytest.raises(ValueError, match="expects images with 3 channels. Received: 1"):
        layers.RandomHue(0.5)(IMAGES[..., :1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RandomFlip("diagonal"), "RandomFlip: mode must be one of"),
        (lambda: layers.RandomRotation(30), r"RandomRotation: factor must be a number from -1 to 1.*factor=30"),
        (lambda: layers.RandomRotation("much"), "RandomRotation: factor must be a number"),
        (lambda: layers.RandomRotation((0, 0.1, 0.2)), "RandomRotation: factor must be a number"),
        (lambda: layers.RandomRotation(0.1, fill_mode="mirror"), "RandomRotation: fill_mode must be one of"),
        (lambda: layers.RandomZoom(2.0), "RandomZoom: height_factor must be a number from -1 to 1"),
        (lambda: layers.RandomTranslation(0.1, (0, 2)), "RandomTranslation: width_factor must be"),
        (lambda: layers.RandomShear((-0.3, 0.1)), "RandomShear: x_factor must be a number from 0 to 1"),
        (lambda: layers.RandomCrop(0, 3), "RandomCrop: height must be a positive int"),
        (lambda: layers.RandomBrightness(0.1, value_range=255), "RandomBrightness: value_range must be a pair"),
        (lambda: layers.RandomBrightness(0.1, value_range=(1, 1)), "value_range must be a pair of different"),
        (lambda: layers.RandomContrast(-0.5), "RandomContrast: factor must be a number from 0 to 1"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), "RandomGaussianBlur: kernel_size must be odd"),
        (lambda: layers.RandomGrayscale(2), "RandomGrayscale: factor must be a number from 0 to 1"),
        (lambda: layers.RandomPosterization(9), "RandomPosterization: factor must be a number from 1 to 8"),
        (lambda: layers.RandomErasing(fill_value="gray"), "RandomErasing: fill_value must be a finite number"),
        (lambda: layers.Solarization(2), "Solarization: addition_factor must be a number from 0 to 1"),
        (lambda: layers.MixUp(0), "MixUp: alpha must be a finite number"),
        (lambda: layers.RandAugment(num_ops=0), "RandAugment: num_ops must be a positive int"),
        (lambda: layers.RandAugment(interpolation="cubic"), "RandAugment: interpolation must be one of"),
        (lambda: layers.RandomPerspective(scale=2), "RandomPerspective: scale must be a number from 0 to 1"),
    ],
)
def test_nonsense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_sizes_are_drawn_from_the_factor_of_tf_keras():
    layer = layers.RandomHeight((-0.5, 0.5), seed=1)
    heights = [layer(IMAGES[:1]).shape[1] for _ in range(60)]
    assert set(heights) == {3, 4, 5, 6, 7, 8}
    assert layer.compute_output_shape((None, 6, 7, 3)) == (None, None, 7, 3)
    wide = layers.RandomWidth(0.5, data_format="channels_first", seed=2)
    assert wide.compute_output_shape((3, 6, 7)) == (3, 6, None)
    assert wide(IMAGES[0].permute(2, 0, 1)).shape[:2] == (3, 6)


def test_a_crop_is_any_part_in_training_and_the_middle_in_inference():
    pixels = torch.arange(5.0).reshape(1, 1, 5, 1)
    layer = layers.RandomCrop(1, 3, seed=1)
    starts = {int(layer(pixels)[0, 0, 0, 0]) for _ in range(40)}
    assert starts == {0, 1, 2}
    assert layer.eval()(pixels).shape == (1, 1, 3, 1)
    small = layers.RandomCrop(4, 4)(pixels[:, :, :2])
    assert_close(small, layers.RandomCrop(4, 4).eval()(pixels[:, :, :2]))
    # The numbers that TF-Keras 2.21 gives.
    large = layers.RandomCrop(16, 15).eval()(torch.arange(20.0 * 22).reshape(1, 20, 22, 1))
    assert_close(large[0, 0, :3, 0], np.array([4.85, 6.05, 7.25]))
    assert_close(large[0, -1, -3:, 0], np.array([431.75, 432.95, 434.15]))
    center = layers.RandomCrop(3, 3).eval()(IMAGES)
    assert_close(center, layers.Resizing(3, 3, crop_to_aspect_ratio=True)(IMAGES))


def test_what_tf_keras_writes_of_its_generators_is_read_past():
    flip = layers.deserialize({"class_name": "RandomFlip", "config": {"rng_type": "stateful", "mode": "vertical"}})
    assert flip.mode == "vertical"
    assert layers.Dropout.from_config({"rate": 0.5, "rng_type": "stateful"}).rate == 0.5


def test_one_number_of_tf_keras_changes_contrast_both_ways():
    assert layers.RandomContrast.from_config({"factor": 0.2}).factor == (0.2, 0.2)
    assert layers.RandomContrast(0.2).factor == keras.layers.RandomContrast(0.2).factor == (0, 0.2)


def test_a_model_of_keras_augments_in_training_only():
    inputs = keras.Input((6, 7, 3))
    theirs = keras.Model(inputs, keras.layers.RandomFlip(seed=3)(keras.layers.RandomZoom(0.5, seed=3)(inputs)))
    mine = ours.models.model_from_json(theirs.to_json())
    assert torch.equal(mine.eval()(IMAGES), IMAGES)
    assert_close(mine.train()(IMAGES), theirs(IMAGES, training=True), rtol=1e-4, atol=2e-3)


def test_weights_of_mixtures_have_their_distribution():
    images = torch.ones(5000, 1, 1, 1)
    for alpha in (0.1, 0.5, 3.0):
        weights = layers.MixUp(alpha, seed=1).get_random_transformation(images)["mix_weight"]
        assert float(weights.mean()) == pytest.approx(0.5, abs=0.03)
        assert float(weights.var()) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)
    layer = layers.AugMix(alpha=0.5, num_chains=4, chain_depth=1, seed=1)
    shares = [layer.get_random_transformation(images[:1])["chain_mixing_weights"] for _ in range(50)]
    assert_close(torch.stack(shares).sum(1), torch.ones(50))


def test_as_many_bits_are_kept_as_keras_keeps():
    layer = layers.RandomPosterization((2, 4), seed=1)
    kept = 8 - layer.get_random_transformation(torch.ones(100, 1, 1, 1))["shift_factor"]
    assert sorted(set(kept.tolist())) == [2, 3]
    assert layers.RandomPosterization(1).get_random_transformation(IMAGES)["shift_factor"].tolist() == [7] * 4


def test_the_mirrored_image_beside_an_image():
    row = torch.tensor([[[[0.0, 1.0, 2.0, 3.0]]]])
    places = torch.arange(-4.0, 8).reshape(1, 1, -1)
    found = warping.sample(row, places, torch.zeros_like(places), "bilinear", "mirror", 0)
    assert found.flatten().round().tolist() == [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]
    single = warping.sample(row[..., :1], places, torch.zeros_like(places), "bilinear", "mirror", 0)
    assert single.flatten().tolist() == [0] * 12


@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "constant", "nearest", "mirror"])
def test_images_bend_by_smooth_distances(fill_mode):
    layer = layers.RandomElasticTransform((1, 1), (0.5, 0.5), fill_mode=fill_mode, seed=2)
    images = torch.rand(2, 40, 40, 3) * 255
    outputs = layer(images)
    moves = layer.get_random_transformation(images)["moves"]
    assert float((outputs - images).abs().mean()) > 1
    assert float(moves.diff(dim=3).abs().mean()) < float(moves.abs().mean()) * 1.5
    assert layers.RandomElasticTransform(scale=0).get_random_transformation(images) is None
    assert torch.equal(layers.RandomElasticTransform(factor=0)(images), images)


def test_a_pipeline_calls_its_layers_in_its_mode():
    inner = [layers.RandomFlip(seed=1), layers.Rescaling(1 / 255), layers.RandomCrop(3, 3, seed=2)]
    pipeline = layers.Pipeline(inner, name="steps")
    flip, scale, crop = copy.deepcopy(inner)
    assert_close(pipeline(IMAGES), crop(scale(flip(IMAGES))))
    assert_close(pipeline(IMAGES, training=False), crop.eval()(scale(IMAGES)))
    twin = layers.deserialize(layers.serialize(pipeline))
    assert [type(layer) for layer in twin.layers] == [type(layer) for layer in inner]
    theirs = keras.layers.deserialize(layers.serialize(pipeline))
    assert isinstance(theirs, keras.layers.Pipeline)
    assert layers.Pipeline.from_config(theirs.get_config()).layers[2].height == 3
    assert pipeline.compute_output_shape((None, 6, 7, 3)) == (None, 3, 3, 3)
    with pytest.raises(TypeError, match="Pipeline: layers must be a list of layers"):
        layers.Pipeline(["flip"])
    with pytest.raises(TypeError, match="must have a list 'layers'"):
        layers.Pipeline.from_config({"name": "steps"})


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras with torch
def test_files_of_keras_with_such_layers_load(tmp_path):
    inputs = keras.Input((6, 7, 3))
    jitter = keras.layers.RandomColorJitter(brightness_factor=0.1)(inputs)
    steps = keras.layers.Pipeline([keras.layers.RandomFlip(), keras.layers.RandomInvert()])(jitter)
    theirs = keras.Model(inputs, keras.layers.Conv2D(2, 3)(keras.layers.MixUp()(steps)))
    theirs.save(tmp_path / "model.keras")
    mine = ours.models.load_model(tmp_path / "model.keras").eval()
    assert_close(mine(IMAGES).detach(), theirs(IMAGES, training=False), rtol=1e-4, atol=1e-3)
