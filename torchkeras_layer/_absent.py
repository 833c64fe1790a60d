"""Which names does Keras have that this library does not, and what replaces each?"""

from __future__ import annotations

from typing import Any

_TRAIN = (
    "Train as in PyTorch: loss = torch.nn.functional.mse_loss(model(x), y) + sum(keras.collect_losses(model)), "
    "loss.backward(), optimizer.step()."
)
_PREDICT = "Call model.eval(), and then the model within `with torch.no_grad():`."
_SAVE = "Write torch.save(model.state_dict(), path); model.to_json() gives the architecture."
_AUGMENT = "Augment images with torchvision.transforms.v2 in the data set."
_AUDIO = "Compute spectrograms with torchaudio.transforms."
_FOREIGN = "Layers of other frameworks cannot be wrapped; keras.layers.TorchModuleWrapper wraps any nn.Module."
_OPS = "Write torch functions, also on symbolic tensors: {place}.relu(x) is torch.relu(x)."
_QUANTIZE = "Quantize the model with torchao."
_REMAT = "Write torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=False)."

# By place (keras, a module of it, or the methods of Layer and Model) and by the entry that explains the difference;
# within one, the names by the advice.
INSTEAD = {
    ("keras", "See docs/differences.md#modules-that-are-not-here"): {
        _OPS.format(place="keras.ops"): "ops",
        "Use an optimizer of torch.optim, such as torch.optim.Adam(model.parameters()).": "optimizers Optimizer",
        "Use a loss of torch.nn.functional, such as mse_loss(model(x), y) or cross_entropy.": "losses Loss",
        "Write what a callback does into the training loop, which is your own.": "callbacks",
        "Use torchvision.models, or a model of your own.": "applications",
        "Use torchvision.datasets, or a torch.utils.data.Dataset of your own.": "datasets",
        "Load data with torch.utils.data; layers such as keras.layers.Rescaling prepare it.": "preprocessing",
        "Settings are in keras.backend, such as set_floatx; the global policy is in keras.mixed_precision.": "config",
        "Use torch.distributed.": "distribution",
        _QUANTIZE: "quantizers Quantizer",
        "Write torch.export.export(model, (x,)).": "export",
        _REMAT: "remat RematScope",
        "Write torch.func.functional_call(model, weights, (x,)).": "StatelessScope",
        "Derive from keras.Layer.": "Operation",
        "Write torch.utils._pytree.tree_map(function, structure), or use optree.": "tree",
        "Import layers from keras.layers, and Layer, Input, InputSpec and Model from keras.": "engine src legacy",
        "Wrap the model with skorch.": "wrappers",
        "Draw pictures with matplotlib; keras.utils.plot_model draws models.": "visualization",
        "Write both losses into the training loop.": "distillation",
        "Use keras.metrics.Metric.": "Metric",
        "Use keras.regularizers.Regularizer.": "Regularizer",
        "Write `with torch.device(name):`.": "device",
        "Write `with layer.name_scope:`.": "name_scope",
    },
    ("keras", "See docs/differences.md#random-numbers"): {
        "Use torch.rand and torch.randn; keras.utils.set_random_seed(seed) seeds them.": "random",
    },
    ("keras", "See docs/differences.md#assign-and-value"): {
        "Write layer.add_weight(...) in a layer, torch.nn.Parameter elsewhere.": "Variable",
    },
    ("layers", "See docs/differences.md#layers-that-are-not-here"): {
        _AUGMENT: (
            "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MaxNumBoundingBoxes "
            "MixUp RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop "
            "RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue "
            "RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness "
            "RandomShear RandomTranslation RandomWidth RandomZoom Solarization"
        ),
        _AUDIO: "MelSpectrogram STFTSpectrogram",
        _FOREIGN: "FlaxLayer JaxLayer TFSMLayer",
        "Import layers from keras.layers.": (
            "advanced_activations convolutional convolutional_recurrent cudnn_recurrent embeddings experimental local "
            "merge noise"
        ),
        "Call the layers one after the other, or make a keras.Sequential of them.": "Pipeline",
        "Make an Input for each feature, and join them with keras.layers.Concatenate().": "DenseFeatures",
    },
    ("metrics", "See docs/differences.md#modules-that-are-not-here"): {
        "Use a metric of torchmetrics, also on an attribute of a layer.": (
            "AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy "
            "CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives "
            "Hinge IoU KLDivergence LogCoshError MeanAbsoluteError MeanAbsolutePercentageError MeanIoU "
            "MeanMetricWrapper MeanRelativeError MeanSquaredError MeanSquaredLogarithmicError MeanTensor OneHotIoU "
            "OneHotMeanIoU PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score Recall RecallAtPrecision "
            "RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy "
            "SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge TopKCategoricalAccuracy "
            "TrueNegatives TruePositives binary_accuracy categorical_accuracy sparse_categorical_accuracy "
            "top_k_categorical_accuracy sparse_top_k_categorical_accuracy"
        ),
        "Use a loss of torch.nn.functional.": (
            "binary_crossentropy binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy "
            "categorical_hinge concordance_correlation hinge huber kl_divergence log_cosh mean_absolute_error "
            "mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error pearson_correlation "
            "poisson sparse_categorical_crossentropy squared_hinge"
        ),
    },
    ("utils", "See docs/differences.md#modules-that-are-not-here"): {
        "Write torch.nn.functional.one_hot(labels, num_classes).": "to_categorical",
        "Write torch.nn.functional.normalize(x, dim=axis).": "normalize",
        "Write torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True).": "pad_sequences",
        "Derive from torch.utils.data.Dataset.": "Sequence PyDataset",
        "Write torch.utils.data.random_split(dataset, lengths).": "split_dataset",
        "Use torchvision.datasets.ImageFolder.": "image_dataset_from_directory",
        "Write a torch.utils.data.Dataset.": (
            "audio_dataset_from_directory text_dataset_from_directory timeseries_dataset_from_array"
        ),
        "Make an Input for each feature, and join them with keras.layers.Concatenate().": "FeatureSpace",
        "Use tqdm.": "Progbar",
        "Leave it out: nothing here prints its progress.": (
            "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled"
        ),
        "Read model.inputs.": "get_source_inputs",
        "Unpack it yourself: x, y = batch.": "pack_x_y_sample_weight unpack_x_y_sample_weight",
        "Use torch.nn.parallel.DistributedDataParallel.": "multi_gpu_model",
        "Use torchvision.tv_tensors.BoundingBoxes.": "bounding_boxes",
        "Compare torch's dtypes, such as torch.float32.": "standardize_dtype",
        "Import it from keras.utils.": "generic_utils layer_utils np_utils vis_utils",
        "Use torchvision.io, or Pillow.": "load_img save_img img_to_array array_to_img",
        "Write torch.hub.download_url_to_file(url, path).": "get_file",
        "Write keras.backend.clear_session().": "clear_session",
        "Write keras.backend.is_keras_tensor(x).": "is_keras_tensor",
    },
    ("backend", "See docs/differences.md#modules-that-are-not-here"): {
        _OPS.format(place="keras.backend"): (
            "abs all any arange argmax argmin backend batch_dot batch_flatten batch_normalization bias_add "
            "binary_crossentropy binary_focal_crossentropy cast cast_to_floatx categorical_crossentropy "
            "categorical_focal_crossentropy clip concatenate constant control_flow conv1d conv2d conv2d_transpose "
            "conv3d conv3d_transpose cos ctc_batch_cost ctc_decode cumprod cumsum depthwise_conv2d dot dropout dtype "
            "elu equal eval exp expand_dims eye flatten foldl foldr gather greater greater_equal hard_sigmoid identity "
            "in_top_k is_float_dtype is_int_dtype is_sparse is_tensor l2_normalize less less_equal local_conv1d "
            "local_conv2d log logsumexp map_fn max maximum mean min minimum ndim normalize_batch_in_training not_equal "
            "one_hot ones ones_like permute_dimensions pool2d pool3d pow print_tensor prod relu repeat repeat_elements "
            "reshape resize_images resize_volumes result_type reverse rnn round separable_conv1d separable_conv2d "
            "shape sigmoid sign sin softmax softplus softsign sparse_categorical_crossentropy spatial_2d_padding "
            "spatial_3d_padding sqrt square squeeze stack standardize_dtype std stop_gradient sum switch tanh "
            "temporal_padding tile to_dense transpose var zeros zeros_like"
        ),
        "Write torch.autograd.grad(loss, tensors).": "gradients",
        "Leave it out: there are no sessions.": (
            "get_session set_session manual_variable_initialization tensorflow_backend"
        ),
        "Write keras.backend.image_data_format(), which is 'channels_last' instead of 'tf'.": (
            "image_dim_ordering set_image_dim_ordering"
        ),
        "Write weight.numel().": "count_params",
        "Write `with layer.name_scope:`.": "name_scope",
        "Write keras.Input(shape).": "placeholder",
        "Write keras.Model(inputs, outputs).": "function",
    },
    ("backend", "See docs/differences.md#the-mode"): {
        "Name the argument `training` in call; model.train() and model.eval() set the mode.": (
            "learning_phase learning_phase_scope set_learning_phase in_train_phase in_test_phase"
        ),
    },
    ("backend", "See docs/differences.md#random-numbers"): {
        "Use torch.rand and torch.randn; keras.utils.set_random_seed(seed) seeds them.": (
            "random_bernoulli random_normal random_normal_variable random_uniform random_uniform_variable "
            "truncated_normal"
        ),
    },
    ("backend", "See docs/differences.md#assign-and-value"): {
        "Weights are plain tensors: write weight.copy_(value) within `with torch.no_grad():`.": (
            "batch_get_value batch_set_value get_value is_variable moving_average_update set_value update update_add "
            "update_sub variable"
        ),
    },
    ("dtype_policies", "See docs/differences.md#modules-that-are-not-here"): {
        _QUANTIZE: ("QuantizedDTypePolicy QuantizedFloat8DTypePolicy GPTQDTypePolicy AWQDTypePolicy Int4DTypePolicy"),
    },
    ("mixed_precision", "See docs/differences.md#modules-that-are-not-here"): {
        "Use torch.amp.GradScaler.": "LossScaleOptimizer",
    },
    ("models", "See docs/differences.md#files"): {_SAVE: "save_model"},
    ("saving", "See docs/differences.md#files"): {
        _SAVE: "save_model save_weights KerasFileEditor",
    },
    ("Layer", "See docs/differences.md#members-that-are-not-here"): {
        _QUANTIZE: "quantize quantized_build quantized_call quantization_mode",
        _REMAT: "rematerialized_call",
        "Call the layer on keras.Input(...), or write compute_output_spec(x).": "symbolic_call",
        "Read compute_dtype.": "input_dtype",
        "Write dict(layer.named_parameters()).": "torch_params",
        "Read submodules.": "_flatten_layers",
    },
    ("Layer", "See docs/differences.md#private-attributes-of-keras"): {
        "Read or set trainable.": "_trainable",
        "Read or set built.": "_built",
        "Read autocast, or pass it to the constructor.": "_autocast",
        "Read input_shape, or pass batch_input_shape= to the constructor.": "_batch_input_shape",
        "Read submodules, or the layers of a model.": "_layers",
    },
    ("Model", "See docs/differences.md#compile-fit-evaluate-predict"): {
        _TRAIN: (
            "fit fit_generator train_on_batch train_step compute_loss stateless_compute_loss compiled_loss "
            "make_train_function compile_from_config get_compile_config"
        ),
        f"{_PREDICT} Then compute losses and metrics.": (
            "evaluate evaluate_generator test_on_batch test_step make_test_function"
        ),
        _PREDICT: "predict predict_generator predict_on_batch predict_step make_predict_function",
        "Call and reset metrics in the training loop; those on layers are in model.metrics.": (
            "compiled_metrics compute_metrics get_metrics_result metrics_names reset_metrics"
        ),
        "Write model.compile(), which is torch's, and call the model.": "jit_compile run_eagerly",
    },
    ("Model", "See docs/differences.md#files"): {
        _SAVE: "save save_weights get_state_tree",
        "Write model.load_state_dict(state).": "set_state_tree",
        "Write torch.export.export(model, (x,)).": "export",
    },
}
# Those that are modules, and so may be imported, by their place.
MODULES = {
    "keras": (
        "applications callbacks config datasets distillation distribution engine export legacy losses "
        "ops optimizers preprocessing quantizers random src tree visualization wrappers"
    ),
    "layers": (
        "advanced_activations convolutional convolutional_recurrent cudnn_recurrent embeddings experimental local "
        "merge noise"
    ),
    "utils": "bounding_boxes generic_utils layer_utils np_utils vis_utils",
}
_ARGUMENTS_OF_COMPILE = (
    "optimizer", "loss", "metrics", "loss_weights", "weighted_metrics", "run_eagerly", "steps_per_execution",
    "jit_compile", "auto_scale_loss", "sample_weight_mode", "target_tensors",
)  # fmt: skip
_BY_NAME: dict[str, dict[str, str]] = {}
for (_place, _link), _advices in INSTEAD.items():
    for _advice, _names in _advices.items():
        _BY_NAME.setdefault(_place, {}).update(dict.fromkeys(_names.split(), f"{_advice} {_link}"))


def instead_of(name: str, place: str) -> str:
    """Return what to write instead of a name that Keras has in a place and this library does not, else ''.

    Args:
        name: the name, such as 'optimizers'.
        place: 'keras'; 'layers', 'models' or another module of it; or 'Layer' or 'Model' for their members.

    >>> instead_of("optimizers", "keras").partition(" See ")[0]
    'Use an optimizer of torch.optim, such as torch.optim.Adam(model.parameters()).'
    >>> instead_of("optimisers", "keras")
    ''
    """
    return _BY_NAME[place].get(name, "")


def arguments_of_compile(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Return those arguments of `compile`, as text, that are Keras's and not those of `torch.compile`.

    >>> arguments_of_compile(("adam",), {"loss": "mse", "backend": "eager"})
    ["'adam'", 'loss=']
    """
    shown = [repr(value) if isinstance(value, str) else type(value).__name__ for value in args]
    return shown + [f"{name}=" for name in kwargs if name in _ARGUMENTS_OF_COMPILE]


def describe_missing(module: str, name: str, place: str) -> str:
    """Return the message of a module's AttributeError.

    Args:
        module: full name of the module.
        name: the name that it does not have.
        place: see `instead_of`.

    >>> describe_missing("keras", "device", "keras").partition(" See ")[0]
    "module 'keras' has no attribute 'device'. Write `with torch.device(name):`."
    """
    advice = instead_of(name, place)
    return f"module {module!r} has no attribute {name!r}{f'. {advice}' if advice else ''}"
