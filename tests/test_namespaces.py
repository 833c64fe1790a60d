"""Does a porter find every name that the issue lists under `import torchkeras_layer as keras`?"""

from __future__ import annotations

import importlib
import inspect
import types
from operator import attrgetter

import pytest

import torchkeras_layer as keras

NAMES = {
    "": (
        "Functional Input InputSpec KerasTensor Layer Model Sequential TensorSpec Policy DTypePolicy Initializer build "
        "collect_losses record_history VariableSynchronization VariableAggregation activations backend constraints "
        "initializers layers metrics mixed_precision models regularizers saving utils"
    ),
    "applications": (
        "convnext densenet efficientnet efficientnet_v2 imagenet_utils inception_resnet_v2 inception_v3 mobilenet "
        "mobilenet_v2 mobilenet_v3 nasnet regnet resnet resnet50 resnet_rs resnet_v2 vgg16 vgg19 xception"
    ),
    "applications.resnet50": "preprocess_input decode_predictions",
    "models": "Functional Input Model Sequential clone_model model_from_config model_from_json",
    "backend": (
        "floatx epsilon image_data_format set_floatx set_epsilon set_image_data_format "
        "clear_session get_uid reset_uids is_keras_tensor int_shape"
    ),
    "dtype_policies": "DTypePolicy DTypePolicyMap FloatDTypePolicy get serialize deserialize",
    "mixed_precision": "Policy DTypePolicy global_policy set_global_policy dtype_policy set_dtype_policy",
    "saving": (
        "register_keras_serializable custom_object_scope CustomObjectScope get_custom_objects "
        "serialize_keras_object deserialize_keras_object get_registered_name get_registered_object"
    ),
    "utils": (
        "register_keras_serializable custom_object_scope CustomObjectScope get_custom_objects "
        "serialize_keras_object deserialize_keras_object get_registered_name get_registered_object "
        "set_random_seed"
    ),
    "losses": (
        "Loss LossFunctionWrapper Reduction BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy "
        "CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice "
        "Hinge Huber KLDivergence LogCosh MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError "
        "MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy SquaredHinge Tversky "
        "mse MSE mae MAE mape MAPE msle MSLE kld KLD bce logcosh huber hinge poisson dice get serialize deserialize"
    ),
    "metrics": (
        "Metric Mean MeanMetricWrapper MeanTensor MeanRelativeError Sum AUC Accuracy BinaryAccuracy "
        "BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy CategoricalHinge "
        "ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives Hinge IoU "
        "KLDivergence LogCoshError MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanSquaredError "
        "MeanSquaredLogarithmicError OneHotIoU OneHotMeanIoU PearsonCorrelation Poisson Precision PrecisionAtRecall "
        "R2Score Recall RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy "
        "SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge "
        "TopKCategoricalAccuracy TrueNegatives TruePositives KLD MAE MAPE MSE MSLE binary_accuracy "
        "binary_crossentropy categorical_accuracy cosine_similarity hinge kld logcosh mae mape mse msle poisson "
        "sparse_categorical_accuracy sparse_top_k_categorical_accuracy top_k_categorical_accuracy get serialize "
        "deserialize"
    ),
    "regularizers": "Regularizer L1 L2 L1L2 OrthogonalRegularizer l1 l2 l1_l2 get serialize deserialize",
    "constraints": (
        "Constraint MaxNorm NonNeg UnitNorm MinMaxNorm max_norm non_neg unit_norm min_max_norm get "
        "serialize deserialize"
    ),
    "initializers": (
        "Initializer Zeros Ones Constant Identity Orthogonal VarianceScaling TruncatedNormal "
        "RandomNormal RandomUniform GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal "
        "LecunUniform get serialize deserialize"
    ),
    "activations": (
        "relu sigmoid tanh softmax softplus softsign elu selu gelu exponential hard_sigmoid linear "
        "swish silu leaky_relu relu6 log_softmax mish get serialize deserialize"
    ),
    "layers": (
        "Layer Input InputLayer InputSpec Dense Activation Dropout Embedding Masking Flatten Lambda Identity "
        "Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D "
        "ZeroPadding3D GroupNormalization RMSNormalization UnitNormalization "
        "BatchNormalization LayerNormalization TorchFunction TorchModuleWrapper Reshape Permute RepeatVector Add "
        "Subtract Multiply Average Maximum Minimum Concatenate Dot add subtract multiply average maximum minimum "
        "concatenate dot "
        "MaxPooling1D AveragePooling1D GlobalMaxPooling1D GlobalAveragePooling1D "
        "MaxPooling2D AveragePooling2D GlobalMaxPooling2D GlobalAveragePooling2D "
        "MaxPooling3D AveragePooling3D GlobalMaxPooling3D GlobalAveragePooling3D "
        "MaxPool1D AvgPool1D GlobalMaxPool1D GlobalAvgPool1D MaxPool2D AvgPool2D GlobalMaxPool2D GlobalAvgPool2D "
        "MaxPool3D AvgPool3D GlobalMaxPool3D GlobalAvgPool3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D "
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D DepthwiseConv1D DepthwiseConv2D "
        "SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D "
        "Conv1DTranspose Conv2DTranspose Conv3DTranspose LocallyConnected1D LocallyConnected2D "
        "Convolution1DTranspose Convolution2DTranspose Convolution3DTranspose "
        "ReLU LeakyReLU PReLU ELU ThresholdedReLU Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D "
        "RNN AbstractRNNCell StackedRNNCells SimpleRNN SimpleRNNCell GRU GRUCell LSTM LSTMCell CuDNNGRU CuDNNLSTM "
        "Wrapper Bidirectional TimeDistributed SpectralNormalization ConvLSTM1D ConvLSTM2D ConvLSTM3D ConvLSTMCell "
        "GaussianDropout GaussianNoise AlphaDropout ActivityRegularization "
        "EinsumDense ReversibleEmbedding Attention AdditiveAttention MultiHeadAttention GroupQueryAttention "
        "Rescaling Resizing CenterCrop Normalization CategoryEncoding Discretization HashedCrossing Hashing "
        "IntegerLookup StringLookup TextVectorization"
    ),
}
PAIRS = [(space, name) for space, names in NAMES.items() for name in names.split()]


def _module(space):
    return attrgetter(space)(keras) if space else keras


def public(module):
    """Return the names that a module exports: its `__all__`, else all without an underscore."""
    return getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])


@pytest.mark.parametrize(("space", "name"), PAIRS, ids=[f"{space}.{name}".strip(".") for space, name in PAIRS])
def test_the_name_is_there(space, name):
    module = _module(space)
    assert getattr(module, name) is not None
    assert name in public(module)


@pytest.mark.parametrize("space", [space for space in NAMES if space])
def test_a_namespace_is_a_module_that_can_be_imported(space):
    assert importlib.import_module(f"torchkeras_layer.{space}") is _module(space)
    assert _module(space).__doc__


@pytest.mark.parametrize("space", [space for space in NAMES if hasattr(_module(space), "__all__")])
def test_all_is_true(space):
    module = _module(space)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        value = getattr(module, name)
        assert isinstance(value, types.ModuleType) or inspect.getdoc(value), f"{space}.{name} has no docstring"


SHARED = [("saving", "utils"), ("mixed_precision", ""), ("initializers", ""), ("layers", "")]


@pytest.mark.parametrize(("one", "other"), SHARED)
def test_a_name_means_the_same_everywhere(one, other):
    first, second = _module(one), _module(other)
    shared = [name for name in public(first) if name in public(second)]
    assert shared
    assert all(getattr(first, name) is getattr(second, name) for name in shared)


MEMBERS = (
    "name dtype compute_dtype variable_dtype dtype_policy dynamic trainable stateful supports_masking "
    "input_spec activity_regularizer losses updates metrics weights trainable_weights "
    "non_trainable_weights variables trainable_variables non_trainable_variables submodules "
    "name_scope scope_name graph uses_learning_phase built path input output input_shape output_shape "
    "input_mask output_mask inbound_nodes outbound_nodes build call add_weight add_variable add_loss "
    "add_metric add_update get_losses_for get_updates_for compute_mask compute_output_shape "
    "compute_output_signature get_input_shape_for count_params get_weights set_weights get_config "
    "from_config get_build_config build_from_config save_own_variables load_own_variables "
    "finalize_state with_name_scope apply stateless_call get_input_at get_output_at "
    "get_input_shape_at get_output_shape_at get_input_mask_at get_output_mask_at _add_inbound_node "
    "__deepcopy__ __setattr__ __delattr__ __repr__ apply_constraints metrics_variables "
    "_compute_output_shape"
)


@pytest.mark.parametrize("member", MEMBERS.split())
def test_a_member_of_layer_is_there(member):
    assert hasattr(keras.Layer, member) or hasattr(keras.Layer(), member)
    if not member.startswith("_") and hasattr(keras.Layer, member):
        assert inspect.getdoc(getattr(keras.Layer, member)), f"{member} has no docstring"


def test_the_repr_helps():
    layer = keras.layers.Dense(2, name="head")
    assert "head" in repr(layer)
    assert "not built" in repr(layer)
    layer.build((None, 3))
    assert "kernel=(3, 2)" in repr(layer)
