"""Which names does Keras have that this library does not, and what replaces each?"""

from __future__ import annotations

from typing import Any

_TRAIN = (
    "Train as in PyTorch: loss = torch.nn.functional.mse_loss(model(x), y) + sum(keras.collect_losses(model)), "
    "loss.backward(), optimizer.step()."
)
_PREDICT = "Call model.eval(), and then the model within `with torch.no_grad():`."
_BOXES = "Bounding boxes are not moved with images here: use torchvision.transforms.v2."
_FOREIGN = "Layers of other frameworks cannot be wrapped; keras.layers.TorchModuleWrapper wraps any nn.Module."
_QUANTIZE = "Quantize the model with torchao."
_REMAT = "Write torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=False)."
_INPUTS = "Make an Input for each feature, and join them with keras.layers.Concatenate()."
_ALIAS = "Write it as keras.{}."
# The files of Keras that scripts import layers and functions from.
_FILES_OF_LAYERS = (
    "activation advanced_activations convolutional convolutional_recurrent cudnn_recurrent dense_attention "
    "einsum_dense embeddings experimental kernelized legacy_rnn local locally_connected merge multi_head_attention "
    "noise normalization_v2 recurrent_v2 rnn rnn_cell_wrapper_v2 serialization"
)
_FILES_OF_UTILS = (
    "all_utils conv_utils data_utils dataset_creator dataset_utils experimental feature_space generic_utils "
    "image_utils io_utils layer_utils legacy losses_utils metrics_utils multi_gpu_utils np_utils test_utils "
    "control_flow_util tf_inspect tf_utils version_utils vis_utils visualize_util"
)
_FILES_OF_BACKENDS = "cntk_backend common experimental load_backend numpy_backend tensorflow_backend theano_backend"

# By place (keras, a module of it, or the methods of Layer and Model) and by the entry that explains the difference;
# within one, the names by the advice.
INSTEAD = {
    ("keras", "See docs/differences.md#modules-that-are-not-here"): {
        "Use an optimizer of torch.optim, such as torch.optim.Adam(model.parameters()).": (
            "optimizers Optimizer optimizer_v1 optimizer_v2"
        ),
        "Write what a callback does into the training loop, which is your own.": "callbacks callbacks_v1 estimator",
        "Use torchvision.datasets, or a torch.utils.data.Dataset of your own.": "datasets",
        "Use torch.distributed.": "distribution distribute dtensor",
        _QUANTIZE: "quantizers Quantizer",
        "Write torch.export.export(model, (x,)).": "export",
        _REMAT: "remat RematScope",
        "Write torch.func.functional_call(model, weights, (x,)).": "StatelessScope",
        "Derive from keras.Layer.": "Operation",
        "Write a keras.Model of your own.": "experimental premade premade_models",
        "Leave it out: a layer that is called on keras.Input(...) is symbolic.": "SymbolicScope",
        _INPUTS: "feature_column",
        "Leave it out: no layer needs it here.": "disable_tracking get_from_module",
        "Wrap the model with skorch.": "wrappers",
        "Draw pictures with matplotlib; keras.utils.plot_model draws models.": "visualization",
        "Write both losses into the training loop.": "distillation",
        "Write `with torch.device(name):`.": "device",
        "Write `with layer.name_scope:`.": "name_scope",
    },
    ("applications", "See docs/differences.md#modules-that-are-not-here"): {
        "Save the model with Keras, and write keras.models.load_model('model.keras'); or use torchvision.models.": (
            "ConvNeXtBase ConvNeXtLarge ConvNeXtSmall ConvNeXtTiny ConvNeXtXLarge DenseNet121 DenseNet169 DenseNet201 "
            "EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 EfficientNetB5 EfficientNetB6 "
            "EfficientNetB7 EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2L "
            "EfficientNetV2M EfficientNetV2S InceptionResNetV2 InceptionV3 MobileNet MobileNetV2 MobileNetV3Large "
            "MobileNetV3Small NASNetLarge NASNetMobile RegNetX002 RegNetX004 RegNetX006 RegNetX008 RegNetX016 "
            "RegNetX032 RegNetX040 RegNetX064 RegNetX080 RegNetX120 RegNetX160 RegNetX320 RegNetY002 RegNetY004 "
            "RegNetY006 RegNetY008 RegNetY016 RegNetY032 RegNetY040 RegNetY064 RegNetY080 RegNetY120 RegNetY160 "
            "RegNetY320 ResNet101 ResNet101V2 ResNet152 ResNet152V2 ResNet50 ResNet50V2 ResNetRS101 ResNetRS152 "
            "ResNetRS200 ResNetRS270 ResNetRS350 ResNetRS420 ResNetRS50 VGG16 VGG19 Xception"
        ),
    },
    ("layers", "See docs/differences.md#layers-that-are-not-here"): {
        _BOXES: "MaxNumBoundingBoxes",
        _FOREIGN: "FlaxLayer JaxLayer TFSMLayer",
        _INPUTS: "DenseFeatures SequenceFeatures",
        "Write Conv1D or Conv2D with dilation_rate=.": (
            "AtrousConv1D AtrousConv2D AtrousConvolution1D AtrousConvolution2D"
        ),
        "Write Conv2DTranspose or Conv3DTranspose.": "Deconv2D Deconv3D Deconvolution2D Deconvolution3D",
        "Write ConvLSTMCell(2, filters, kernel_size).": "ConvLSTM2DCell",
        "Derive from keras.layers.RNN, or write a cell for it.": "Recurrent ConvRecurrent2D ConvRNN2D",
        "Write Add(), Concatenate() or another merging layer.": "Merge",
        "Write Dense, which takes sequences too.": (
            "TimeDistributedDense time_distributed_dense _time_distributed_dense"
        ),
    },
    ("losses", "See docs/differences.md#modules-that-are-not-here"): {
        "It is TensorFlow 1's: import it from torchkeras_layer.tf.compat.v1.losses.": (
            "absolute_difference compute_weighted_loss cosine_distance hinge_loss log_loss mean_pairwise_squared_error "
            "sigmoid_cross_entropy softmax_cross_entropy sparse_softmax_cross_entropy"
        ),
        "Leave it out, and read keras.collect_losses(model).": (
            "add_loss get_losses get_total_loss get_regularization_loss get_regularization_losses"
        ),
    },
    ("metrics", "See docs/differences.md#modules-that-are-not-here"): {
        "Derive from keras.metrics.Metric.": "BaseMeanIoU PyMetric experimental",
        "Write keras.metrics.F1Score() or keras.metrics.FBetaScore(beta=...).": ("f1score fbeta_score fmeasure fscore"),
        "Write keras.metrics.Precision() or keras.metrics.Recall().": "precision recall",
        "Use torchmetrics.MatthewsCorrCoef.": "matthews_correlation",
    },
    ("utils", "See docs/differences.md#modules-that-are-not-here"): {
        "Derive from torch.utils.data.Dataset.": "Sequence PyDataset",
        "Write torch.utils.data.random_split(dataset, lengths).": "split_dataset",
        "Use torchvision.datasets.ImageFolder.": "image_dataset_from_directory",
        "Write a torch.utils.data.Dataset.": (
            "DatasetCreator audio_dataset_from_directory text_dataset_from_directory timeseries_dataset_from_array"
        ),
        _INPUTS: "FeatureSpace",
        "Use tqdm.": "Progbar",
        "Leave it out: nothing here prints its progress.": (
            "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled"
        ),
        "Write model.summary().": "print_summary",
        "Write keras.utils.plot_model(model).": "plot",
        "Leave it out: keras.models.load_model turns the kernels in files.": (
            "convert_all_kernels_in_model convert_dense_weights_data_format"
        ),
        "Use torch.utils.data.DataLoader(dataset, num_workers=n).": (
            "GeneratorEnqueuer OrderedEnqueuer SequenceEnqueuer"
        ),
        "Read files with h5py, in a torch.utils.data.Dataset.": "H5Dict HDF5Matrix",
        "Write pathlib.Path(path).exists().": "ask_to_proceed_with_overwrite",
        "Evaluate the model in the training loop, which is your own.": "SidecarEvaluator StepsPerExecutionTuner",
        "Use threading.Thread.": "TimedThread",
        "Copy the rows into layer.embeddings within `with torch.no_grad():`.": "warmstart_embedding_matrix",
        "Use types.SimpleNamespace.": "Config",
        "Register the function: @keras.saving.register_keras_serializable().": "func_dump func_load",
        "Compare the layer's outputs with torch.testing.assert_close.": "get_test_data keras_test layer_test",
        "Use torch.nn.parallel.DistributedDataParallel.": "multi_gpu_model",
        "Use torchvision.tv_tensors.BoundingBoxes.": "bounding_boxes",
        "Use torchvision.io, or Pillow.": "load_img save_img img_to_array array_to_img",
        "Nothing is downloaded here: write torch.hub.download_url_to_file(url, path).": "get_file",
    },
    ("backend", "See docs/differences.md#modules-that-are-not-here"): {
        "Write keras.backend.ctc_batch_cost(y_true, y_pred, input_length, label_length).": "ctc_cost",
        "Write keras.backend.switch(condition, x, y).": "control_flow",
        "Leave it out: there are no sessions.": (
            "control_dependencies get_graph get_session manual_variable_initialization set_session"
        ),
        "Leave it out: it is for Theano or CNTK.": ("legacy_weight_ordering set_legacy_weight_ordering"),
        "Write keras.backend.function(inputs, outputs).": "Function",
    },
    ("config", "See docs/differences.md#code-in-configs"): {
        "Pass the functions and classes that a file names: custom_objects={name: function}.": (
            "enable_unsafe_deserialization"
        ),
    },
    ("config", "See docs/differences.md#modules-that-are-not-here"): {
        "Leave it out: nothing here prints its progress.": "enable_interactive_logging",
        "Leave it out: tracebacks are Python's.": "enable_traceback_filtering",
        "Count in the training loop, which is your own.": (
            "max_epochs max_steps_per_epoch set_max_epochs set_max_steps_per_epoch"
        ),
    },
    ("dtype_policies", "See docs/differences.md#modules-that-are-not-here"): {
        _QUANTIZE: ("QuantizedDTypePolicy QuantizedFloat8DTypePolicy GPTQDTypePolicy AWQDTypePolicy Int4DTypePolicy"),
    },
    ("mixed_precision", "See docs/differences.md#modules-that-are-not-here"): {
        "Use torch.amp.GradScaler.": "LossScaleOptimizer",
    },
    ("models", "See docs/differences.md#files"): {},
    ("models", "See docs/differences.md#modules-that-are-not-here"): {
        "Write keras.Model(inputs, outputs).": "Graph",
        "Write both steps into the training loop.": "SharpnessAwareMinimization experimental",
    },
    ("constraints", "See docs/differences.md#modules-that-are-not-here"): {
        _ALIAS.format("constraints.max_norm"): "maxnorm",
        _ALIAS.format("constraints.non_neg"): "nonneg",
        _ALIAS.format("constraints.unit_norm"): "unitnorm",
        "Derive from keras.constraints.Constraint.": "RadialConstraint radial_constraint",
    },
    ("regularizers", "See docs/differences.md#modules-that-are-not-here"): {
        _ALIAS.format("regularizers.L1L2"): "L1L2Regularizer WeightRegularizer l1l2",
        "Write l1, l2 or l1_l2 of keras.regularizers as activity_regularizer.": (
            "ActivityRegularizer activity_l1 activity_l1l2 activity_l2"
        ),
        "Derive from keras.regularizers.Regularizer.": "EigenvalueRegularizer",
    },
    ("initializers", "See docs/differences.md#modules-that-are-not-here"): {
        _ALIAS.format("initializers.Ones"): "one",
        _ALIAS.format("initializers.Zeros"): "zero",
    },
    ("saving", "See docs/differences.md#files"): {
        "Read a file with load_model, and change the model; or change the file with h5py.": "KerasFileEditor",
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
        "Write model.state_dict().": "get_state_tree",
        "Write model.load_state_dict(state).": "set_state_tree",
        "Write torch.export.export(model, (x,)).": "export",
    },
}
# Those that are modules, and so may be imported, by their place.
MODULES = {
    "keras": (
        "callbacks callbacks_v1 datasets distillation distribute distribution dtensor estimator experimental export "
        "feature_column optimizer_v1 optimizer_v2 optimizers premade premade_models quantizers "
        "visualization wrappers"
    ),
    "models": "experimental",
    "metrics": "experimental",
    "utils": "bounding_boxes",
}
_LAYERS_AND_MORE = "Import layers from keras.layers, and Layer, Input, InputSpec and Model from keras."
# Modules that Keras has, or had, of which much is in another module here, and the advice for the rest, by the place.
OLD_MODULES = {
    "keras": {
        **dict.fromkeys(("__internal__", "_legacy", "_tf_keras", "api", "engine", "legacy", "src"), _LAYERS_AND_MORE),
        "initializations": "Import initializers from keras.initializers.",
        "objectives": "Import losses from keras.losses.",
        "preprocessing": "Load data with torch.utils.data; layers such as keras.layers.Rescaling prepare it.",
    },
    "layers": dict.fromkeys(_FILES_OF_LAYERS.split(), "Import layers from keras.layers."),
    "backend": dict.fromkeys(_FILES_OF_BACKENDS.split(), "Import it from keras.backend."),
    "utils": dict.fromkeys(_FILES_OF_UTILS.split(), "Import it from keras.utils."),
}
_ARGUMENTS_OF_COMPILE = (
    "optimizer", "loss", "metrics", "loss_weights", "weighted_metrics", "run_eagerly", "steps_per_execution",
    "jit_compile", "auto_scale_loss", "sample_weight_mode", "target_tensors",
)  # fmt: skip


def _by_place() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (place, link), advices in INSTEAD.items():
        for advice, names in advices.items():
            found.setdefault(place, {}).update(dict.fromkeys(names.split(), f"{advice} {link}"))
    return found


ADVICE = _by_place()
"""What to write instead of each name, by the places."""


def instead_of_old(name: str, place: str) -> str:
    """Return what to write instead of what is in a module of old, and not elsewhere here; else ''.

    >>> instead_of_old("engine", "keras").partition(",")[0]
    'Import layers from keras.layers'
    """
    advice = OLD_MODULES.get(place, {}).get(name, "")
    return f"{advice} See docs/differences.md#modules-that-are-not-here" if advice else ""


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
    return ADVICE.get(place, {}).get(name, "")


def arguments_of_compile(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Return those arguments of `compile`, as text, that are Keras's and not those of `torch.compile`.

    >>> arguments_of_compile(("adam",), {"loss": "mse", "backend": "eager"})
    ["'adam'", 'loss=']
    """
    shown = [repr(value) if isinstance(value, str) else type(value).__name__ for value in args]
    return shown + [f"{name}=" for name in kwargs if name in _ARGUMENTS_OF_COMPILE]
