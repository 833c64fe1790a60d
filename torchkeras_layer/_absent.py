"""What of Keras is not here, and what takes its place?"""

from __future__ import annotations

_LOOP = (
    "Train as in PyTorch: `loss = torch.nn.functional.mse_loss(model(x), y) + sum(keras.collect_losses(model))`, "
    "`loss.backward()`, `optimizer.step()`."
)
_NO_GRAD = "Call `model.eval()`, and then the model within `with torch.no_grad():`."
_SAVE = "Write `torch.save(model.state_dict(), path)`; `model.to_json()` tells the architecture."
_LOAD = (
    "Files of Keras are not read here. Write `model.load_state_dict(torch.load(path))`, or `model.set_weights(arrays)` "
    "with what `get_weights()` gave in Keras; `keras.models.model_from_json(text)` makes the architecture."
)
_AUGMENT = "Image augmentation stays with `torchvision.transforms.v2`: put it into the data set."
_AUDIO = "Spectrograms stay with `torchaudio.transforms`."
_FOREIGN = (
    "Layers that wrap those of other frameworks are not here; `keras.layers.TorchModuleWrapper` takes any `nn.Module`."
)

# By place, and by what to do instead: the names that a porter looks for. docs/differences.md shows it as a table.
INSTEAD = {
    "keras": {
        "Write torch functions, also on symbolic tensors: `keras.ops.relu(x)` is `torch.relu(x)`.": "ops",
        "Take one of `torch.optim`: `torch.optim.Adam(model.parameters())`.": "optimizers Optimizer",
        "Take one of `torch.nn.functional`, such as `mse_loss(model(x), y)` or `cross_entropy`.": "losses Loss",
        "Write what it does into the training loop, which is your own.": "callbacks",
        "Take `torch.rand` and its kin; `keras.utils.set_random_seed(seed)` seeds them.": "random",
        "Take `torchvision.models`, or a model of your own.": "applications",
        "Take `torchvision.datasets`, or a `torch.utils.data.Dataset` of your own.": "datasets",
        "Load data with `torch.utils.data`; layers such as `keras.layers.Rescaling` prepare it.": "preprocessing",
        "Take `layer.add_weight(...)` in a layer, `torch.nn.Parameter` elsewhere.": "Variable",
    },
    "layers": {
        _AUGMENT: (
            "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MaxNumBoundingBoxes "
            "MixUp RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop "
            "RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue "
            "RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness "
            "RandomShear RandomTranslation RandomWidth RandomZoom Solarization"
        ),
        _AUDIO: "MelSpectrogram STFTSpectrogram",
        _FOREIGN: "FlaxLayer JaxLayer TFSMLayer",
        "Call the layers one after the other, or make a `keras.Sequential` of them.": "Pipeline",
        "Make an `Input` for each feature, and join them by `keras.layers.Concatenate()`.": "DenseFeatures",
    },
    "metrics": {
        "Take it from `torchmetrics`, and put it on an attribute of the layer.": (
            "AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy "
            "CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives "
            "Hinge IoU KLDivergence LogCoshError MeanAbsoluteError MeanAbsolutePercentageError MeanIoU "
            "MeanMetricWrapper MeanRelativeError MeanSquaredError MeanSquaredLogarithmicError MeanTensor OneHotIoU "
            "OneHotMeanIoU PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score Recall RecallAtPrecision "
            "RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy "
            "SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge TopKCategoricalAccuracy TrueNegatives "
            "TruePositives"
        ),
    },
    "models": {_LOAD: "load_model", _SAVE: "save_model"},
    "Model": {
        _LOOP: (
            "fit fit_generator train_on_batch train_step compute_loss compiled_loss compiled_metrics "
            "make_train_function"
        ),
        f"{_NO_GRAD} Then compute losses and metrics.": "evaluate evaluate_generator test_on_batch test_step",
        _NO_GRAD: "predict predict_generator predict_on_batch predict_step",
        _SAVE: "save save_weights",
        _LOAD: "load_weights",
        "Write `torch.export.export(model, (x,))`.": "export",
    },
}
_BY_NAME = {
    place: {name: advice for advice, names in advices.items() for name in names.split()}
    for place, advices in INSTEAD.items()
}


def instead_of(name: str, place: str) -> str:
    """Say what to do where Keras has `name` in a place and this library has not; nothing if Keras has none either.

    `place`: keras, layers, metrics, models, or Model for its methods.

    >>> instead_of("optimizers", "keras")
    'Take one of `torch.optim`: `torch.optim.Adam(model.parameters())`.'
    >>> instead_of("optimisers", "keras")
    ''
    """
    return _BY_NAME[place].get(name, "")


def describe_missing(module: str, name: str, place: str) -> str:
    """Return the message of a module's AttributeError.

    >>> describe_missing("keras", "callbacks", "keras")
    "module 'keras' has no attribute 'callbacks'. Write what it does into the training loop, which is your own."
    """
    advice = instead_of(name, place)
    return f"module {module!r} has no attribute {name!r}{f'. {advice}' if advice else ''}"
