"""Which expressions of a function are tensors, as far as the text shows?

Functions of Keras and TensorFlow take lists and numbers too, methods of tensors do not: a rule that writes a method
asks here.
"""

from __future__ import annotations

import libcst as cst

from torchkeras_layer.port.context import Context
from torchkeras_layer.port.names import dotted

_NOT_TENSORS = (
    "shape int_shape ndim dtype epsilon floatx image_data_format is_tensor is_keras_tensor is_sparse "
    "learning_phase eval get_value batch_get_value count_params backend clear_session get_uid rank "
    "convert_to_numpy get_shape get_variable_shape function gradients batch_set_value set_value update moments "
    "split unstack meshgrid top_k cond while_loop rnn ctc_decode scan unique static_rank size eig svd qr slogdet "
    "map nonzero custom_gradient recompute_grad foldl foldr map_fn in_train_phase switch case print_tensor "
    "broadcast_static_shape name_scope max_pool_with_argmax Assert group no_op vectorized_map where frexp divmod "
    "modf histogram"
)
"""Functions whose results are not a tensor, or not always."""
_FLOATS = (
    "exp log sqrt rsqrt tanh sigmoid softmax log_softmax softplus elu erf sin cos random_normal random_uniform "
    "truncated_normal log1p expm1 gelu swish silu selu"
)
_KEEPING = (
    "sum mean max min std var reduce_sum reduce_mean reduce_max reduce_min reshape permute_dimensions transpose "
    "squeeze expand_dims concatenate concat stack dot matmul batch_dot add subtract multiply square abs negative "
    "maximum minimum clip clip_by_value pow power relu flatten batch_flatten stop_gradient zeros_like ones_like "
    "repeat repeat_elements tile bias_add l2_normalize cumsum reverse einsum tensordot identity gather"
)
"""Functions whose results are floating-point numbers where an argument is."""
_METHODS_OF_TENSORS = "reshape permute transpose unsqueeze squeeze sum mean to float flatten clamp"
_VARIABLES = ("tf.Variable", "keras.Variable", "keras.backend.variable")
_IN_MODULES = ("keras.backend.", "keras.ops.", "keras.activations.", "tf.")


class Tensors:
    """Which names of the functions of a file hold tensors, and which of them floating-point ones.

    A name of a function is a tensor if all that is assigned to it is one. The first argument of `call` is one in a
    class that derives from a layer, unless the function takes it apart as a list.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._parents = context.parents
        self._of_function: dict[cst.CSTNode, dict[str, str]] = {}
        self._of_class: dict[cst.CSTNode, dict[str, str]] = {}

    def is_tensor(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a tensor."""
        return self._kind(node) in ("tensor", "float", "weight", "variable")

    def is_float(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a tensor of floating-point numbers."""
        return self._kind(node) in ("float", "weight")

    def is_variable(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a weight, or a variable of which the dtype is not known."""
        return self._kind(node) in ("weight", "variable")

    def is_weight(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a weight that `add_weight` made."""
        return self._kind(node) == "weight"

    def is_matrix(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a weight with two axes."""
        owner = self._around(node, cst.ClassDef)
        if not self.is_weight(node) or owner is None:
            return False
        made = [one for one in _assignments(owner).get(dotted(node) or "", []) if isinstance(one, cst.Call)]
        return bool(made) and all(map(_has_two_axes, made))

    def _kind(self, node: cst.CSTNode) -> str:
        if isinstance(node, (cst.Integer, cst.Float)):
            return "number"
        if isinstance(node, cst.Name):
            around = self._around(node, cst.FunctionDef)
            return self._names(self._context.module if around is None else around).get(node.value, "")
        if isinstance(node, cst.Attribute):
            return self._attributes(self._around(node, cst.ClassDef)).get(dotted(node) or "", "")
        if isinstance(node, cst.BinaryOperation):
            return self._together(self._kind(node.left), self._kind(node.right))
        if isinstance(node, cst.UnaryOperation):
            kind = self._kind(node.expression)
            return "float" if kind == "weight" else kind
        return self._kind_of_call(node)

    @staticmethod
    def _together(left: str, right: str) -> str:
        kinds = {{"weight": "float", "variable": "tensor"}.get(kind, kind) for kind in (left, right)}
        if not kinds <= {"tensor", "float", "number"}:
            return ""
        # A tensor of ints and one of floats give floats in Keras 3, and an error in TensorFlow.
        return next(kind for kind in ("float", "tensor", "number") if kind in kinds)

    def _kind_of_call(self, call: cst.CSTNode | None) -> str:
        if not isinstance(call, cst.Call):
            return ""
        name = self._context.name_of(call)
        if name in _VARIABLES:
            return "variable"
        if name is not None and name.startswith(_IN_MODULES):
            last = name.rpartition(".")[2]
            if last in _NOT_TENSORS.split() or last[:1].isupper():
                return ""
            return (
                "float" if last in _FLOATS.split() or last in _KEEPING.split() and self._gets_floats(call) else "tensor"
            )
        if isinstance(call.func, cst.Attribute):
            if dotted(call.func) in ("self.add_weight", "self.add_variable"):
                return "weight" if _is_float_weight(call) else "tensor"
            if call.func.attr.value in _METHODS_OF_TENSORS.split() and self.is_tensor(call.func.value):
                return "tensor"
        return ""

    def _gets_floats(self, call: cst.Call) -> bool:
        """Whether one of the tensors that a function gets is one of floating-point numbers."""
        given: list[cst.BaseExpression] = [argument.value for argument in call.args]
        if given and isinstance(given[0], (cst.List, cst.Tuple)):
            given = [element.value for element in given[0].elements]
        return any(map(self.is_float, given))

    def _around(self, node: cst.CSTNode, kind: type[cst.CSTNode]) -> cst.CSTNode | None:
        found: cst.CSTNode | None = node
        while found is not None and not isinstance(found, kind):
            found = self._parents.get(found)
        return found

    def _names(self, function: cst.CSTNode | None) -> dict[str, str]:
        """Return the kinds of the names of a function, or of the module."""
        if not isinstance(function, (cst.FunctionDef, cst.Module)):
            return {}
        if function not in self._of_function:
            known = self._of_function[function] = {}
            first = self._input_of_call(function) if isinstance(function, cst.FunctionDef) else None
            assigned = _assignments(function)
            if first is not None and first not in assigned:
                known[first] = "tensor"
            self._settle(known, {name: values for name, values in assigned.items() if "." not in name})
        return self._of_function[function]

    def _settle(self, known: dict[str, str], assigned: dict[str, list[cst.BaseExpression | None]]) -> None:
        for _ in range(len(assigned) + 1):
            before = dict(known)
            for name, values in assigned.items():
                kinds = {"" if value is None else self._kind(value) for value in values}
                kind = kinds.pop() if len(kinds) == 1 else "tensor" if kinds <= {"tensor", "float", "weight"} else ""
                if kind in ("tensor", "float", "weight", "variable"):
                    known[name] = kind
            if known == before:
                return

    def _attributes(self, owner: cst.CSTNode | None) -> dict[str, str]:
        """Return the kinds of the attributes `self.…` of a class: those that are weights everywhere."""
        if not isinstance(owner, cst.ClassDef):
            return {}
        if owner not in self._of_class:
            known = self._of_class[owner] = {}
            for name, values in _assignments(owner).items():
                kinds = {self._kind_of_call(one) for one in values if not _is_none(one)}
                if name.startswith("self.") and kinds == {"weight"}:
                    known[name] = "weight"
        return self._of_class[owner]

    def _input_of_call(self, function: cst.FunctionDef) -> str | None:
        """Return the first argument of a layer's `call`, unless it is taken apart as a list."""
        owner = self._around(function, cst.ClassDef)
        parameters = function.params.params
        if function.name.value != "call" or not isinstance(owner, cst.ClassDef) or len(parameters) < 2:
            return None
        bases = [self._context.name_of(base.value) or "" for base in owner.bases]
        if not any(base.startswith("keras.") for base in bases):
            return None
        name = parameters[1].name.value
        uses = _Uses(name)
        function.body.visit(uses)
        return None if uses.as_list else name


class _Uses(cst.CSTVisitor):
    """Whether a name is used as a list: `x[0]`, `for y in x`, `len(x)`, `a, b = x`, `isinstance(x, list)`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.as_list = False

    def _is(self, node: cst.CSTNode | None) -> bool:
        return isinstance(node, cst.Name) and node.value == self.name

    def visit_Subscript(self, node: cst.Subscript) -> None:
        """A single index may be one of a list."""
        if self._is(node.value) and len(node.slice) == 1:
            self.as_list = True

    def visit_For(self, node: cst.For) -> None:
        """A loop."""
        self.as_list = self.as_list or self._is(node.iter)

    def visit_CompFor(self, node: cst.CompFor) -> None:
        """A comprehension."""
        self.as_list = self.as_list or self._is(node.iter)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Unpacking."""
        if self._is(node.value) and any(isinstance(one.target, (cst.Tuple, cst.List)) for one in node.targets):
            self.as_list = True

    def visit_Call(self, node: cst.Call) -> None:
        """A question for its type or length."""
        if dotted(node.func) in ("len", "isinstance", "list", "tuple", "type") and node.args:
            self.as_list = self.as_list or self._is(node.args[0].value)


def _is_none(node: cst.CSTNode | None) -> bool:
    return isinstance(node, cst.Name) and node.value == "None"


def _has_two_axes(call: cst.Call) -> bool:
    shapes = [one.value for one in call.args if one.keyword and one.keyword.value == "shape"]
    shapes = shapes or [one.value for one in call.args[:2] if one.keyword is None]
    shapes = [one for one in shapes if isinstance(one, (cst.Tuple, cst.List))]
    return len(shapes) == 1 and len(shapes[0].elements) == 2


def _is_float_weight(call: cst.Call) -> bool:
    dtypes = [argument.value for argument in call.args if argument.keyword and argument.keyword.value == "dtype"]
    return all(isinstance(one, cst.SimpleString) and "float" in one.value for one in dtypes)


def _assignments(node: cst.CSTNode) -> dict[str, list[cst.BaseExpression | None]]:
    """Return what is assigned to each name, or attribute of `self`; `None` stands for something unknown."""
    finder = _Assignments()
    for child in node.children:
        child.visit(finder)
    return finder.found


class _Assignments(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: dict[str, list[cst.BaseExpression | None]] = {}

    def _note(self, target: cst.CSTNode, value: cst.BaseExpression | None) -> None:
        if isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                self._note(element.value, None)
        elif dotted(target) is not None:
            self.found.setdefault(dotted(target) or "", []).append(value)

    def visit_Assign(self, node: cst.Assign) -> None:
        """An assignment."""
        for one in node.targets:
            self._note(one.target, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        """An assignment with a type."""
        self._note(node.target, node.value)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        """`x += y`: what was a tensor may become one of another dtype."""
        self._note(node.target, None)

    def visit_For(self, node: cst.For) -> None:
        """The variable of a loop."""
        self._note(node.target, None)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        """`x := y`."""
        self._note(node.target, node.value)

    def visit_WithItem(self, node: cst.WithItem) -> None:
        """`with x as y`."""
        if node.asname is not None:
            self._note(node.asname.name, None)

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        """What a lambda names is its own."""
        for parameter in node.params.params:
            self._note(parameter.name, None)
        return True

    def visit_CompFor(self, node: cst.CompFor) -> None:
        """The variable of a comprehension."""
        self._note(node.target, None)
