"""What becomes of members that TensorFlow's tensors and variables have, and torch's do not?

In the methods of layers and models they work as they are, because this library reads these classes as Keras does.
"""

from __future__ import annotations

import re

import libcst as cst

from torchkeras_layer.port.context import Context
from torchkeras_layer.port.tensors import Tensors

ASSIGNS = {"assign": "copy_", "assign_add": "add_", "assign_sub": "sub_"}
_IMPORT = re.compile(r"^\s*(?:import|from)\s+(?:keras|tensorflow|tf_keras)\b", re.MULTILINE)


class Members:
    """The members of one file.

    Args:
        context: the file.
        tensors: what is known to be a tensor or a weight.
    """

    def __init__(self, context: Context, tensors: Tensors) -> None:
        self._context = context
        self._tensors = tensors
        self._is_for_keras = _IMPORT.search(context.code) is not None

    def in_keras_class(self, node: cst.CSTNode | None) -> bool:
        """Whether a node is in a class that derives from one of Keras's."""
        while node is not None:
            if isinstance(node, cst.ClassDef):
                names = [self._context.name_of(base.value) or "" for base in node.bases]
                return any(name.startswith(("keras.", "tf.")) for name in names)
            node = self._context.parents.get(node)
        return False

    def written(self, old: cst.Call, new: cst.Call) -> str | None:
        """Return the text for a call of such a member; `None` if it stays.

        Args:
            old: the call as it was.
            new: the same, with all in it rewritten.
        """
        if not self._is_for_keras or not isinstance(old.func, cst.Attribute) or old.args:
            return None
        name, receiver = old.func.attr.value, cst.ensure_type(new.func, cst.Attribute).value
        text = self._context.module.code_for_node(receiver)
        if name == "get_shape":
            return f"{text}.shape"
        if name == "as_list" and isinstance(receiver, cst.Attribute) and receiver.attr.value == "shape":
            return f"list({text})"
        if name == "numpy" and not self.in_keras_class(old) and "torch." not in text and ".detach()" not in text:
            return f"{text}.detach().numpy()"
        return None

    def assignment(self, line: cst.SimpleStatementLine) -> str | None:
        """Return the text of a statement in place of `w.assign(x)`; `None` if it is none, or stays.

        It is reported as left where it is not known whether `w` is a variable, outside of layers and models.
        """
        statement = line.body[0]
        call = statement.value if len(line.body) == 1 and isinstance(statement, cst.Expr) else None
        if not self._is_for_keras or not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
            return None
        method = ASSIGNS.get(call.func.attr.value)
        if method is None or len(call.args) != 1 or call.args[0].star or call.args[0].keyword:
            return None
        is_inside, is_weight = self.in_keras_class(line), self._tensors.is_variable(call.func.value)
        is_tensor = self._tensors.is_tensor(call.args[0].value)
        if is_weight and (is_tensor or not is_inside):
            return f"{method}(torch.as_tensor({{}}))" if not is_tensor else f"{method}({{}})"
        if not is_inside:
            target = self._context.module.code_for_node(call.func.value)
            reason = f"torch's tensors have no {call.func.attr.value}: with torch.no_grad(): {target}.{method}(...)"
            self._context.finding(call, "left", "assign", reason=reason)
        return None
