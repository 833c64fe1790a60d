"""Which functions of TensorFlow are the nodes of its graphs, such as `AddV2`, and what are their inputs and attributes?

A row is a function in `tensorflow_names.py` and the arguments that the inputs are, in their order; `values*` is a list
of all inputs that no other argument takes, and `_` the first argument, however it is called. `keep_dims=keepdims` means
that an attribute is an argument.
"""

from __future__ import annotations

import base64
import functools
from dataclasses import dataclass
from typing import Any

_UNARY = (
    "Abs:abs Acos:acos Acosh:acosh Angle:angle Asin:asin Asinh:asinh Atan:atan Atanh:atanh Ceil:ceil Cos:cos "
    "Cosh:cosh Digamma:digamma Elu:elu Erf:erf Erfc:erfc Exp:exp Expm1:expm1 Floor:floor Identity:identity "
    "Inv:reciprocal IsFinite:is_finite IsInf:is_inf IsNan:is_nan L2Loss:l2_loss Lgamma:lgamma Log:log Log1p:log1p "
    "LogSoftmax:log_softmax LogicalNot:logical_not MatrixDeterminant:det MatrixInverse:inv Neg:negative "
    "OnesLike:ones_like Rank:rank Reciprocal:reciprocal Relu:relu Relu6:relu6 Round:round Rsqrt:rsqrt Selu:selu "
    "Shape:shape Sigmoid:sigmoid Sign:sign Sin:sin Sinh:sinh Size:size Softmax:softmax Softplus:softplus "
    "Softsign:softsign Sqrt:sqrt Square:square StopGradient:stop_gradient Tan:tan Tanh:tanh ZerosLike:zeros_like"
)
_BINARY = (
    "Add:add AddV2:add Div:truediv DivNoNan:divide_no_nan Equal:equal FloorDiv:floordiv FloorMod:floormod "
    "Greater:greater GreaterEqual:greater_equal Less:less LessEqual:less_equal LogicalAnd:logical_and "
    "LogicalOr:logical_or Maximum:maximum Minimum:minimum Mul:multiply MulNoNan:multiply_no_nan NotEqual:not_equal "
    "Pow:pow RealDiv:truediv SquaredDifference:squared_difference Sub:subtract TruncateDiv:truncatediv Xdivy:xdivy "
    "Xlogy:xlogy"
)
_REDUCTIONS = (
    "All:reduce_all Any:reduce_any Max:reduce_max Mean:reduce_mean Min:reduce_min Prod:reduce_prod Sum:reduce_sum"
)
_WINDOW = "strides=strides padding=padding data_format=data_format"
_RESIZING = "images size align_corners=align_corners half_pixel_centers=half_pixel_centers"
_MASKS = (
    "begin_mask=begin_mask end_mask=end_mask ellipsis_mask=ellipsis_mask new_axis_mask=new_axis_mask "
    "shrink_axis_mask=shrink_axis_mask"
)
_ROWS = {
    "AddN": "add_n inputs*",
    "ArgMax": "argmax input axis output_type=output_type",
    "ArgMin": "argmin input axis output_type=output_type",
    "Atan2": "atan2 y x",
    "AvgPool": f"avg_pool input ksize=ksize {_WINDOW}",
    "BatchMatMul": "matmul a b adj_x=adjoint_a adj_y=adjoint_b",
    "BatchMatMulV2": "matmul a b adj_x=adjoint_a adj_y=adjoint_b",
    "BatchToSpaceND": "batch_to_space input block_shape crops",
    "BiasAdd": "bias_add value bias data_format=data_format",
    "BroadcastTo": "broadcast_to input shape",
    "Cast": "cast x DstT=dtype",
    "ClipByValue": "clip_by_value t clip_value_min clip_value_max",
    "Concat": "concat axis values*",
    "ConcatV2": "concat values* axis",
    "Conv2D": f"conv2d input filters {_WINDOW} dilations=dilations",
    "Conv3D": f"conv3d input filters {_WINDOW} dilations=dilations",
    "Cross": "cross a b",
    "Cumprod": "cumprod x axis exclusive=exclusive reverse=reverse",
    "Cumsum": "cumsum x axis exclusive=exclusive reverse=reverse",
    "DepthToSpace": "depth_to_space input block_size=block_size data_format=data_format",
    "DepthwiseConv2dNative": f"depthwise_conv2d input filter {_WINDOW} dilations=dilations",
    "ExpandDims": "expand_dims input axis",
    "Fill": "fill dims value",
    "Gather": "gather params indices",
    "GatherNd": "gather_nd params indices",
    "GatherV2": "gather params indices axis batch_dims=batch_dims",
    "LRN": "lrn input depth_radius=depth_radius bias=bias alpha=alpha beta=beta",
    "LeakyRelu": "leaky_relu features alpha=alpha",
    "MatMul": "matmul a b transpose_a=transpose_a transpose_b=transpose_b",
    "MaxPool": f"max_pool input ksize=ksize {_WINDOW}",
    "MirrorPad": "pad tensor paddings mode=mode",
    "OneHot": "one_hot indices depth on_value off_value axis=axis",
    "Pack": "stack values* axis=axis",
    "Pad": "pad tensor paddings",
    "PadV2": "pad tensor paddings constant_values",
    "RandomStandardNormal": "random.normal shape dtype=dtype",
    "RandomUniform": "random.uniform shape dtype=dtype",
    "Range": "range start limit delta",
    "Reshape": "reshape tensor shape",
    "ResizeBicubic": f"image.resize_bicubic {_RESIZING}",
    "ResizeBilinear": f"image.resize_bilinear {_RESIZING}",
    "ResizeNearestNeighbor": f"image.resize_nearest_neighbor {_RESIZING}",
    "ReverseV2": "reverse tensor axis",
    "Roll": "roll input shift axis",
    "Select": "where condition x y",
    "SelectV2": "where condition x y",
    "Slice": "slice input_ begin size",
    "SpaceToBatchND": "space_to_batch input block_shape paddings",
    "SpaceToDepth": "space_to_depth input block_size=block_size data_format=data_format",
    "Split": "split axis value num_split=num_or_size_splits",
    "SplitV": "split value num_or_size_splits axis",
    "Squeeze": "squeeze input squeeze_dims=axis",
    "StridedSlice": f"strided_slice input_ begin end strides {_MASKS}",
    "Tile": "tile input multiples",
    "TopKV2": "top_k input k sorted=sorted",
    "Transpose": "transpose a perm",
    "Unpack": "unstack value num=num axis=axis",
}
# TensorFlow's numbers and names of dtypes.
_DTYPES = {
    "DT_BOOL": "bool",
    "DT_COMPLEX64": "complex64",
    "DT_BFLOAT16": "bfloat16",
    "DT_DOUBLE": "float64",
    "DT_FLOAT": "float32",
    "DT_HALF": "float16",
    "DT_INT8": "int8",
    "DT_INT16": "int16",
    "DT_INT32": "int32",
    "DT_INT64": "int64",
    "DT_UINT8": "uint8",
    "DT_UINT16": "uint16",
}


@dataclass(frozen=True)
class NodeKind:
    """What a node of a TensorFlow graph computes.

    Attributes:
        function: the name of the function.
        inputs: the arguments that the inputs are; one with `*` is a list.
        attributes: the arguments that attributes are, by the attributes.
    """

    function: str
    inputs: tuple[str, ...]
    attributes: dict[str, str]

    def arguments(self, inputs: list[Any], attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of the function, from the inputs and attributes of a node.

        >>> node_kind("ConcatV2").arguments(["a", "b", 1], {})
        {'values': ['a', 'b'], 'axis': 1}
        """
        given, rest = {}, list(inputs)
        for place, word in enumerate(self.inputs):
            if word.endswith("*"):
                count = len(rest) - (len(self.inputs) - place - 1)
                given[word[:-1]], rest = rest[:count], rest[count:]
            elif rest:
                given[word] = rest.pop(0)
        found = {own: attribute_value(attributes[word]) for word, own in self.attributes.items() if word in attributes}
        return given | {word: value for word, value in found.items() if value not in ([], None)}


def node_kind(op: str) -> NodeKind | None:
    """Return what nodes of an op compute; `None` if it is not here.

    >>> node_kind("Mean").function, node_kind("ReadFile")
    ('reduce_mean', None)
    """
    return _table().get(op)


def attribute_value(attribute: Any) -> Any:
    """Return the value of an attribute in the JSON of a node.

    >>> attribute_value({"b": True}), attribute_value({"list": {"i": ["1", "2"]}}), attribute_value({"s": "U0FNRQ=="})
    (True, [1, 2], 'SAME')
    >>> attribute_value({"type": "DT_HALF"})
    'float16'
    """
    if not isinstance(attribute, dict) or len(attribute) != 1:
        return None
    ((kind, value),) = attribute.items()
    if kind == "list":
        return [attribute_value({inner: part}) for inner, parts in dict(value).items() for part in parts]
    readers = {"i": int, "f": float, "b": bool, "s": _text, "type": _DTYPES.get}
    return readers[kind](value) if kind in readers else None


def _text(value: str) -> str:
    return base64.b64decode(value).decode()


@functools.cache
def _table() -> dict[str, NodeKind]:
    rows = {op: f"{name} _" for op, name in _pairs(_UNARY)}
    rows |= {op: f"{name} x y" for op, name in _pairs(_BINARY)}
    rows |= {op: f"{name} input_tensor axis keep_dims=keepdims" for op, name in _pairs(_REDUCTIONS)}
    return {op: _parsed(row) for op, row in {**rows, **_ROWS}.items()}


def _pairs(names: str) -> list[list[str]]:
    return [name.split(":") for name in names.split()]


def _parsed(row: str) -> NodeKind:
    function, *words = row.split()
    inputs = tuple(word for word in words if "=" not in word)
    attributes = dict(word.split("=") for word in words if "=" in word)
    return NodeKind(function, inputs, attributes)
