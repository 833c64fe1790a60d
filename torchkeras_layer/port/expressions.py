"""Which calls of functions, statements and decorators are rewritten one by one?"""

from __future__ import annotations

import re

import libcst as cst

from torchkeras_layer.port.context import Context
from torchkeras_layer.port.members import Members
from torchkeras_layer.port.names import dotted, missing_reason, normal
from torchkeras_layer.port.rules.table import KerasCall, Unfit, rules_by_name
from torchkeras_layer.port.tensors import Tensors

_FREE = (cst.Assign, cst.AnnAssign, cst.AugAssign, cst.Return, cst.Arg, cst.Element, cst.Expr, cst.Index)
"""What an operator needs no parentheses in."""
_SHAPES = ("keras.backend.shape", "keras.backend.int_shape", "keras.ops.shape", "tf.shape")
_IMPORTS_KERAS = re.compile(r"\b(?:import|from)\s+(?:keras|tensorflow|tf_keras)\b")


def rewrite_expressions(context: Context) -> cst.Module:
    """Return the module with the calls rewritten that a rule of the table fits; report names that are not here."""
    return context.module.visit(_Rewriter(context))


class _Rewriter(cst.CSTTransformer):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.tensors = Tensors(context)
        self.members = Members(context, self.tensors)
        self.parents = context.parents

    def visit_Import(self, node: cst.Import) -> bool:
        """Imports are rewritten later."""
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        """Imports are rewritten later."""
        return False

    def visit_Attribute(self, node: cst.Attribute) -> None:
        """Report a name that is not in this library."""
        if isinstance(self.parents.get(node), cst.Attribute):
            return
        self._report_missing(node)

    def _report_missing(self, node: cst.Attribute) -> None:
        name = self.context.name_of(node)
        reason = missing_reason(name) if name is not None else None
        if name is not None and reason is not None:
            self.context.finding(node, "left", name, reason=reason)

    def visit_Call(self, node: cst.Call) -> None:
        """Report a name that is looked up when the program runs."""
        function = dotted(node.func)
        first = node.args[0].value if node.args else None
        is_dynamic = function in ("getattr", "vars", "dir")
        if is_dynamic and first is not None and self.context.name_of(first) is not None and not _is_literal_name(node):
            self.context.finding(node, "left", function or "", reason="which name it means is known when it runs only")
        module = first.raw_value if isinstance(first, cst.SimpleString) else ""
        if function in ("importlib.import_module", "import_module", "__import__") and normal(module) is not None:
            self.context.finding(node, "left", function or "", reason="write an import statement, which is rewritten")

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """Rewrite a call by the first rule that fits it."""
        name = self.context.name_of(original_node)
        for one in rules_by_name().get(name or "", ()):
            try:
                text = one.write(KerasCall(original_node, updated_node, name or "", self.context, self.tensors))
                new = self._parsed(text, original_node)
            except Unfit:
                continue
            self.context.needed.update(one.needs)
            self.context.finding(original_node, "rewritten", one.names[0], text)
            return new
        member = self.members.written(original_node, updated_node)
        if member is None:
            return updated_node
        self.context.finding(original_node, "rewritten", "members of tensors", member)
        return cst.parse_expression(member, config=self.context.module.config_for_parsing)

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
        """Rewrite `K.shape(x)[0]` and `K.int_shape(x)[0]`, where `x` is a tensor."""
        call = original_node.value
        name = self.context.name_of(call) if isinstance(call, cst.Call) else None
        if name not in _SHAPES or not isinstance(call, cst.Call) or len(call.args) != 1 or call.args[0].keyword:
            return updated_node
        index = original_node.slice[0].slice if len(original_node.slice) == 1 else None
        is_one = isinstance(index, cst.Index) and isinstance(index.value, (cst.Integer, cst.UnaryOperation))
        if not is_one or not self.tensors.is_tensor(call.args[0].value):
            return updated_node
        text = self.context.module.code_for_node(cst.ensure_type(updated_node.value, cst.Call).args[0].value)
        value = cst.parse_expression(f"{text}.shape" if _is_atom(call.args[0].value) else f"({text}).shape")
        new = updated_node.with_changes(value=value)
        self.context.finding(original_node, "rewritten", name or "", self.context.module.code_for_node(new))
        return new

    def visit_SimpleStatementSuite(self, node: cst.SimpleStatementSuite) -> None:
        """Report imports in the line of an `if`, which are not rewritten."""
        if _IMPORTS_KERAS.search(self.context.module.code_for_node(node)):
            self.context.finding(node, "left", "import", reason="write the import in a line of its own")

    def _parsed(self, text: str, old: cst.Call) -> cst.BaseExpression:
        if "#" in self.context.module.code_for_node(old) and "#" not in text:
            # A comment between the arguments would be lost.
            raise Unfit
        new = cst.parse_expression(text, config=self.context.module.config_for_parsing)
        is_operator = isinstance(new, (cst.BinaryOperation, cst.UnaryOperation, cst.Comparison))
        if old.lpar or is_operator and not isinstance(self.parents.get(old), _FREE):
            new = cst.parse_expression(f"({text})", config=self.context.module.config_for_parsing)
        return new

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement:
        """Rewrite `w.assign(x)`, where `w` is a weight and `x` a tensor."""
        found = self.members.assignment(original_node)
        if found is None:
            return updated_node
        call = cst.ensure_type(cst.ensure_type(updated_node.body[0], cst.Expr).value, cst.Call)
        code = self.context.module.code_for_node
        target = code(cst.ensure_type(call.func, cst.Attribute).value)
        text = f"{target}.{found.format(code(call.args[0].value))}"
        self.context.finding(original_node.body[0], "rewritten", "assign", f"with torch.no_grad(): {text}")
        self.context.needed.add("torch")
        block = cst.parse_statement(
            f"with torch.no_grad():\n    {text}\n", config=self.context.module.config_for_parsing
        )
        lines = list(updated_node.leading_lines)
        if updated_node.trailing_whitespace.comment is not None:
            lines.append(cst.EmptyLine(comment=updated_node.trailing_whitespace.comment))
        return cst.ensure_type(block, cst.With).with_changes(leading_lines=lines)

    def leave_Decorator(
        self, original_node: cst.Decorator, updated_node: cst.Decorator
    ) -> cst.Decorator | cst.RemovalSentinel:
        """Drop `@tf.function`, which does nothing here."""
        if self.context.name_of(original_node.decorator) != "tf.function":
            return updated_node
        self.context.finding(original_node, "rewritten", "tf.function", "", "torch compiles a model as a whole")
        return cst.RemoveFromParent()


def _is_atom(node: cst.BaseExpression) -> bool:
    return isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript))


def _is_literal_name(node: cst.Call) -> bool:
    """Whether `getattr` names a string that is written out."""
    return len(node.args) > 1 and isinstance(node.args[1].value, cst.SimpleString)
