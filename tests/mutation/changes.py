# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small changes that can be made to a file, each as a piece of text in the place of another."""

from __future__ import annotations

import ast
import dataclasses
import typing as t

COMPARISONS: t.Mapping[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
OPERATIONS: t.Mapping[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "+",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.BitAnd: "|",
    ast.BitOr: "&",
}
# What only a reader sees is no behavior: documentation, exported names.
_NO_BEHAVIOR = ("DOCUMENTATION", "EXAMPLES", "RETURN", "__all__")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """C(old), at C(start), becomes C(new). Positions count characters of the file."""

    file: str
    line: int
    start: int
    old: str
    new: str
    in_function: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self._short(self.old)} -> {self._short(self.new)}"

    def applied(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.start + len(self.old) :]

    @staticmethod
    def _short(text: str) -> str:
        one_line = " ".join(text.split())
        return one_line if len(one_line) <= 60 else f"{one_line[:57]}..."


def changes(file: str, text: str) -> list[Change]:
    """All changes to a file that leave it valid Python."""
    found = [one for one in _Finder(file, text).found if one.old != one.new]
    return [one for one in found if _is_valid(one.applied(text))]


def _is_valid(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


class _Finder(ast.NodeVisitor):
    def __init__(self, file: str, text: str) -> None:
        self.found: list[Change] = []
        self._file = file
        self._text = text
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._depth = 0
        self.visit(ast.parse(text))

    def _offset(self, line: int, column: int) -> int:
        # The parser counts octets.
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def _span(self, node: t.Any) -> tuple[int, int]:
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def _source(self, node: t.Any) -> str:
        start, end = self._span(node)
        return self._text[start:end]

    def _add(self, node: t.Any, start: int, end: int, new: str) -> None:
        line = self._text.count("\n", 0, start) + 1
        self.found.append(
            Change(
                file=self._file,
                line=line,
                start=start,
                old=self._text[start:end],
                new=new,
                in_function=self._depth > 0,
            )
        )

    def _replace(self, node: t.Any, new: str) -> None:
        self._add(node, *self._span(node), new)

    def _between(self, left: t.Any, right: t.Any, new: str) -> None:
        """Another operator between two operands; the parentheses around them stay."""
        start, end = self._span(left)[1], self._span(right)[0]
        text = self._text[start:end]
        opened, closed = text.rpartition(")")[0::2] if ")" in text else ("", text)
        inner = closed.partition("(")[0]
        begin = start + (len(opened) + 1 if opened or text.startswith(")") else 0)
        self._add(left, begin, begin + len(inner), f" {new} ")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        # Defaults belong to the function, decorators and annotations are no behavior of it.
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        self._depth += 1
        for statement in node.body:
            self.visit(statement)
        self._depth -= 1

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        # That a class is frozen or has slots is seen by no user. A protocol is only a type.
        for statement in [] if "Protocol" in map(self._last_name, node.bases) else node.body:
            self.visit(statement)

    @staticmethod
    def _last_name(node: ast.expr) -> str:
        return ast.unparse(node).partition("[")[0].rpartition(".")[2]

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if isinstance(node.value, ast.Call):
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in self._source(node.test):
            return
        self._replace(node.test, f"not ({self._source(node.test)})")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._replace(node.test, f"not ({self._source(node.test)})")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._replace(condition, f"not ({self._source(condition)})")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        left: ast.expr = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            self._between(left, right, COMPARISONS[type(operator)])
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self._between(node.values[0], node.values[1], "or" if isinstance(node.op, ast.And) else "and")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace(node, self._source(node.operand))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in OPERATIONS:
            self._between(node.left, node.right, OPERATIONS[type(node.op)])
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace(node, str(not node.value))
        elif isinstance(node.value, int):
            self._replace(node, str(node.value + 1))
        elif isinstance(node.value, str) and node.value.strip() and " " not in node.value:
            # A text with a space is a sentence, and another word is no other behavior.
            self._replace(node, repr(f"{node.value}X"))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Sentences with values: only the values are visited."""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._replace(node.value, "None")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self._replace(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace(node, "break")

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "sorted":
            self._replace(node.func, "list")
        if isinstance(node.func, ast.Attribute) and node.func.attr == "cast":
            self.visit(node.args[1])  # the first argument is a type, which has no effect
        elif not (isinstance(node.func, ast.Attribute) and node.func.attr == "TypeVar"):
            self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        # A name for a type, such as t.Sequence["Change"], has no effect.
        if not (isinstance(node.value, ast.Attribute) and ast.unparse(node.value.value) == "t"):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(one, ast.Name) and one.id in _NO_BEHAVIOR for one in node.targets):
            return
        if self._depth and any(isinstance(one, (ast.Attribute, ast.Subscript)) for one in node.targets):
            self._replace(node, "pass")
        self._entries(node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._replace(node, "pass")
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and self._last_name(node.annotation) != "TypeAlias":
            self._entries(node.value)
            self.visit(node.value)

    def _entries(self, table: ast.expr) -> None:
        """An entry less in a table of more than one."""
        if isinstance(table, ast.Dict) and len(table.keys) > 1:
            for key, value in zip(table.keys, table.values, strict=True):
                if key is not None:
                    self._without(self._span(key)[0], self._span(value)[1])
        elif isinstance(table, (ast.Tuple, ast.List, ast.Set)) and len(table.elts) > 2:
            for entry in table.elts:
                self._without(*self._span(entry))

    def _without(self, start: int, end: int) -> None:
        rest = self._text[end:]
        comma = len(rest) - len(rest.lstrip()) + 1 if rest.lstrip().startswith(",") else 0
        self._add(None, start, end + comma, "")
