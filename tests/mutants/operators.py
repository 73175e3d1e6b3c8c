"""What is changed in a file's text, one small thing at a time: operators, numbers, conditions, results, statements.

Left out are texts, docstrings, annotations, decorators and what a ``raise`` says: no figure hangs on them.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_COMPARE = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
}
_BINARY = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
_NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Mutant:
    """One change: the bytes from ``start`` to ``end`` of a file become ``now``.

    ``scope`` is the outermost function that it lies in, by its qualified name; empty where it lies in none. ``was``
    and ``becomes`` are the line before and after.
    """

    file: str
    line: int
    scope: str
    start: int
    end: int
    now: str
    was: str
    becomes: str

    @property
    def name(self) -> tuple[str, str, str, str]:
        """Return what tells this change from others as long as its line stays as it is."""
        return self.file, self.scope, self.was, self.becomes

    def text(self, source: bytes) -> str:
        """Return the file's text with the change."""
        return (source[: self.start] + self.now.encode() + source[self.end :]).decode()


class _Finder:
    def __init__(self, file: str, source: bytes) -> None:
        self.file, self.source = file, source
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.found: list[Mutant] = []
        self.scope = ""
        self.path: list[str] = []

    def where(self, node: ast.AST) -> tuple[int, int]:
        """Return the first byte of a node and the first after it."""
        return (
            self.starts[node.lineno - 1] + node.col_offset,  # type: ignore[attr-defined]
            self.starts[node.end_lineno - 1] + node.end_col_offset,  # type: ignore[attr-defined]
        )

    def add(self, start: int, end: int, now: str) -> None:
        line = bisect_right(self.starts, start) - 1
        first, after = self.starts[line], self.source.find(b"\n", end)
        was = self.source[first:after].decode().split("\n")[0]
        becomes = (self.source[first:start].decode() + now + self.source[end:after].decode()).split("\n")[0]
        self.found.append(Mutant(self.file, line + 1, self.scope, start, end, now, was.strip(), becomes.strip()))

    def swap(self, left: ast.AST, right: ast.AST, old: str, new: str) -> None:
        """Change the operator that stands between two nodes."""
        start, end = self.where(left)[1], self.where(right)[0]
        at = self.source[start:end].decode().find(old)
        if at >= 0:
            self.add(start + at, start + at + len(old), new)

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self._definition(node)
            return
        if isinstance(node, ast.Raise):
            self.add(*self.where(node), "pass")
            return
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr)) or _is_type(node):
            return
        self._own(node)
        for field, child in ast.iter_fields(node):
            if field != "annotation":
                for one in child if isinstance(child, list) else [child]:
                    if isinstance(one, ast.AST):
                        self.visit(one)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        before = self.scope
        if not isinstance(node, ast.ClassDef):  # defaults are worked out where the function is defined
            for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)):
                self.visit(default)
        self.path.append(node.name)
        if not before and not isinstance(node, ast.ClassDef):
            self.scope = ".".join(self.path)
        for statement in node.body:
            self.visit(statement)
        self.scope = before
        self.path.pop()

    def _own(self, node: ast.AST) -> None:
        """Find what can be changed in a node itself."""
        if isinstance(node, ast.Compare):
            for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
                old, others = _COMPARE[type(op)]
                for new in others:
                    self.swap(left, right, old, new)
        elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            self.swap(node.left, node.right, *_BINARY[type(node.op)])
        elif isinstance(node, ast.BoolOp):
            pair = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            for left, right in zip(node.values, node.values[1:], strict=False):
                self.swap(left, right, *pair)
        elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
            start = self.where(node)[0]
            size = 3 if isinstance(node.op, ast.Not) else 1
            self.add(start, start + size + (self.source[start + size : start + size + 1] == b" "), "")
        elif isinstance(node, ast.Constant):
            self._constant(node)
        elif isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.stmt):
            self._statement(node)
        if isinstance(node, (ast.If, ast.While, ast.IfExp)) and isinstance(
            node.test, (ast.Name, ast.Attribute, ast.Call, ast.NamedExpr, ast.Subscript, ast.BoolOp)
        ):
            start, end = self.where(node.test)
            self.add(start, end, f"not ({self.source[start:end].decode()})")

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self.add(*self.where(node), str(not value))
        elif isinstance(value, int):
            self.add(*self.where(node), str(value + 1))
        elif isinstance(value, float):
            self.add(*self.where(node), repr(2.0 * value if value else 1.0))

    def _call(self, node: ast.Call) -> None:
        f = node.func
        name = f.id if isinstance(f, ast.Name) else f.attr if isinstance(f, ast.Attribute) else ""
        if name in _NAMES:
            end = self.where(f)[1]
            self.add(end - len(name), end, _NAMES[name])

    def _statement(self, node: ast.stmt) -> None:
        whole = self.where(node)
        if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
            self.add(*self.where(node.value), "None")
        elif isinstance(node, ast.Break):
            self.add(*whole, "continue")
        elif isinstance(node, ast.Continue):
            self.add(*whole, "break")
        elif isinstance(node, ast.AugAssign):
            self.add(*whole, "pass")
            old, new = _BINARY[type(node.op)]
            self.swap(node.target, node.value, f"{old}=", f"{new}=")
        elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            self.add(*whole, "pass")
        elif isinstance(node, ast.Assign) and not all(isinstance(t, (ast.Name, ast.Tuple)) for t in node.targets):
            self.add(*whole, "pass")  # to drop a local name would be a NameError and nothing else


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_type(node: ast.AST) -> bool:
    """Return whether a statement gives a type another name: ``Values = float | np.ndarray``."""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.BinOp)
        and isinstance(node.value.op, ast.BitOr)
        and all(isinstance(side, (ast.Name, ast.Attribute)) for side in (node.value.left, node.value.right))
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.istitle()
    )


def mutants_of(root: Path, file: str) -> list[Mutant]:
    """Return every change of a file, in the order of the text."""
    source = (root / file).read_bytes()
    finder = _Finder(file, source)
    for statement in ast.parse(source).body:
        finder.visit(statement)
    return sorted(finder.found, key=lambda m: (m.start, m.now))
