"""Read text, YAML 1.2 and CSV so that every value knows its file, line and column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.core.declare import Label
from simulator.core.problems import Place, Problems, closest

LARGEST_YAML = 1_000_000  # bytes
LARGEST_CSV = 20_000_000  # bytes
DEEPEST = 20  # levels of nesting
MOST_TREES = 50  # files whose content is kept

_INTEGER = re.compile(r"[-+]?[0-9]+(_[0-9]+)*\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(_[0-9]+)*(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_NAMED = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((s + w for s in ("", "+") for w in (".inf", ".Inf", ".INF")), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass(slots=True)
class Node:
    """One YAML value and where it stands; ``keys`` holds the places of a mapping's keys."""

    value: Any
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {k: v.plain() for k, v in self.value.items()}
        if isinstance(self.value, list):
            return [v.plain() for v in self.value]
        return self.value

    def what(self) -> str:
        """Return a word for the kind of value, for messages."""
        v = self.value
        if v is None:
            return "nothing"
        return {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}.get(type(v), "a number")


def node_of(value: Any, place: Place) -> Node:
    """Return a plain Python value as a node, all of it at one place."""
    if isinstance(value, Mapping):
        return Node({str(k): node_of(v, place) for k, v in value.items()}, place, {str(k): place for k in value})
    if isinstance(value, list | tuple):
        return Node([node_of(v, place) for v in value], place)
    return Node(value, place)


def read_bytes(path: Path, problems: Problems, largest: int) -> bytes | None:
    """Return a file's bytes, or None with a problem noted."""
    place = Place(str(path))
    try:
        if not path.is_file():
            if path.exists():
                problems.add(place, "not a file")
            else:
                same = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
                beside = [n for n in same if Path(n).suffix[:2] == path.suffix[:2]]  # .yml for .yaml, not .csv
                stem = closest(path.stem, [Path(n).stem for n in beside])
                near = next((n for n in beside if Path(n).stem == stem), "")
                problems.add(place, "no such file", among=[near] if near else None, read=path.name)
            return None
        if path.stat().st_size > largest:
            problems.add(place, "file too large", read=path.stat().st_size, allowed=f"up to {largest} bytes")
            return None
        return path.read_bytes()
    except (OSError, ValueError) as error:
        problems.add(place, f"cannot be read: {error}")
        return None


def decode(data: bytes, file: str, problems: Problems) -> str | None:
    """Return UTF-8 bytes as text (a leading byte order mark is dropped), or None with a problem noted."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8", "replace")) + 1
        problems.add(
            Place(file, before.count(b"\n") + 1, column),
            "not UTF-8",
            read=data[error.start : error.start + 4],
            allowed="UTF-8; in Excel: save as CSV UTF-8 (另存为 CSV UTF-8)" if file.endswith(".csv") else "UTF-8",
        )
        return None


# ---- YAML -------------------------------------------------------------------------------------------


def scalar(text: str) -> Any:
    """Return what an unquoted YAML 1.2 scalar means: nothing, a truth value, a number or text.

    Unlike YAML 1.1, ``no``, ``010`` (ten) and ``1:30`` are what they look like.
    """
    if text in _NAMED:
        return _NAMED[text]
    if _INTEGER.match(text):
        return int(text) if len(text) <= 30 else float(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def read_yaml(path: Path, problems: Problems) -> Node | None:
    """Return a YAML file as a tree of nodes whose root is a mapping, or None with problems noted.

    Duplicate keys, tabs in indentation, aliases, tags, several documents and deep nesting are refused.
    """
    data = read_bytes(path, problems, LARGEST_YAML)
    return None if data is None else parse_yaml(data, str(path), problems)


_TREES: dict[tuple[str, bytes], Node] = {}  # files that were read before: one study reads the same file several times


def parse_yaml(data: bytes, file: str, problems: Problems) -> Node | None:
    """Return the bytes of a YAML file as a tree, which is not to be changed; see ``read_yaml``."""
    key, before = (file, data), len(problems)
    if key not in _TREES:
        root = _parse_yaml(data, file, problems)
        if root is None or len(problems) > before:
            return root
        if len(_TREES) >= MOST_TREES:
            _TREES.clear()
        _TREES[key] = root
    return _TREES[key]


def _parse_yaml(data: bytes, file: str, problems: Problems) -> Node | None:
    text = decode(data, file, problems)
    if text is None:
        return None
    before = len(problems)
    if not text.strip():
        problems.add(Place(file), "the file is empty", allowed="a mapping of keys to values")
        return None
    for number, line in enumerate(text.splitlines(), 1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            problems.add(Place(file, number, indent.index("\t") + 1), "tab in the indentation", allowed="spaces")
    if len(problems) > before:
        return None
    from ruamel.yaml import YAML  # here, because it is slow to import
    from ruamel.yaml.error import MarkedYAMLError

    try:
        root = _Tree(file, problems).build(YAML(typ="safe", pure=True).parse(io.StringIO(text)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        problems.add(place, f"not YAML: {error.problem or error.context or 'syntax error'}")
        return None
    except _RefusedError:
        return None
    except Exception as error:  # whatever the parser raises, it is the file that is wrong
        at_line: object = getattr(error, "line", None)
        problems.add(
            Place(file, at_line + 1 if isinstance(at_line, int) else 1), f"not YAML: {str(error).splitlines()[:1]}"
        )
        return None
    if root is None or root.value is None:
        problems.add(Place(file), "the file is empty", allowed="a mapping of keys to values")
        return None
    if not isinstance(root.value, dict):
        problems.add(root.place, f"the file holds {root.what()}", allowed="a mapping of keys to values")
        return None
    return root


class _RefusedError(Exception):
    """The document is not worth reading on."""


class _Tree:
    """Builds nodes from parser events, without recursion, so that no input can exhaust the stack."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.file, self.problems = file, problems
        self.stack: list[Node] = []
        self.pending: list[tuple[str | None, Place] | None] = []  # key read, value not yet, per open mapping
        self.root: Node | None = None
        self.documents = 0

    def build(self, events: Iterable[Any]) -> Node | None:
        """Return the root node."""
        for event in events:
            kind = type(event).__name__
            mark = event.start_mark
            place = Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file)
            if kind == "DocumentStartEvent":
                self.documents += 1
                if self.documents > 1:
                    self.refuse(place, "a second document")
            elif kind == "AliasEvent":
                self.refuse(place, "an alias (*name)", allowed="write the value again")
            elif kind in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
                if event.anchor:
                    self.refuse(place, "an anchor (&name)", allowed="plain values")
                if event.tag is not None and str(event.tag) not in ("None", "!"):
                    self.refuse(place, "a tag", read=str(event.tag), allowed="plain values")
                if kind == "ScalarEvent":
                    plain = event.implicit[0] and event.style is None
                    self.put(Node(scalar(event.value) if plain else event.value, place), event.value)
                else:
                    self.open(Node({} if kind == "MappingStartEvent" else [], place))
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                self.stack.pop()
                self.pending.pop()
        return self.root

    def refuse(self, place: Place, message: str, **more: Any) -> None:
        """Note a problem and give up."""
        self.problems.add(place, message, **more)
        raise _RefusedError

    def open(self, node: Node) -> None:
        """Start a mapping or list inside the current one."""
        if len(self.stack) >= DEEPEST:
            self.refuse(node.place, "nested too deeply", allowed=f"up to {DEEPEST} levels")
        self.put(node, None)
        self.stack.append(node)
        self.pending.append(None)

    def put(self, node: Node, text: str | None) -> None:
        """Place a value: as the root, in a list, as a key (``text``) or as the value of the last key."""
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
            return
        waiting = self.pending[-1]
        if waiting is None:
            if text is None:
                self.refuse(node.place, f"{node.what()} as a key", allowed="a name")
            name = str(text)
            if name in parent.keys:
                first = parent.keys[name]
                self.problems.add(
                    node.place,
                    f"duplicate key, first on line {first.line}",
                    read=name,
                    allowed="each key once",
                )
                self.pending[-1] = (None, node.place)
            else:
                self.pending[-1] = (name, node.place)
                parent.keys[name] = node.place
        else:
            key, _ = waiting
            if key is not None:
                parent.value[key] = node
            self.pending[-1] = None


def mapping(
    node: Node, known: Sequence[str], problems: Problems, *, what: str, required: Sequence[str] = ()
) -> dict[str, Node]:
    """Return a node's entries whose keys are ``known``, noting unknown and missing ones."""
    if not isinstance(node.value, dict):
        problems.add(node.place, f"{what} is {node.what()}", read=node.plain(), allowed="a mapping")
        return {}
    for key, place in node.keys.items():
        if key not in known:
            problems.add(place, f"unknown key in {what}", read=key, among=known)
    for key in required:
        if key not in node.value:
            problems.add(node.place, f"{what} lacks {key!r}")
    return {k: v for k, v in node.value.items() if k in known}


def label(node: Node, problems: Problems, *, what: str) -> Label | None:
    """Return a name in both languages from text or from ``{en: ..., zh: ...}``."""
    if isinstance(node.value, str) and node.value.strip():
        return Label(node.value, node.value)
    if isinstance(node.value, dict):
        parts = mapping(node, ("en", "zh"), problems, what=what, required=("en", "zh"))
        if len(parts) == 2 and all(isinstance(n.value, str) and n.value.strip() for n in parts.values()):
            return Label(parts["en"].value, parts["zh"].value)
        if len(parts) == 2:
            problems.add(node.place, f"{what} is not text", read=node.plain(), allowed="text in en and zh")
        return None
    problems.add(node.place, f"{what} is {node.what()}", read=node.plain(), allowed="text, or {en: ..., zh: ...}")
    return None


# ---- CSV --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Table:
    """The rows of a CSV file; ``usable`` is False when it could not be read at all."""

    file: str
    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    lines: list[str]
    usable: bool = True

    def place(self, line: int, column: str | int = 0) -> Place:
        """Return where a row's cell begins; ``line`` is what ``rows`` gives."""
        number = self.header.index(column) if isinstance(column, str) else column
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        position, quoted = 0, False
        for i, character in enumerate(text):
            if number == 0:
                break
            if character == '"':
                quoted = not quoted
            elif character == "," and not quoted:
                number -= 1
                position = i + 1
        return Place(self.file, line, position + 1 if number == 0 else 1)


def parse_csv(data: bytes, file: str, header: Sequence[str], problems: Problems) -> Table:
    """Return a CSV file's rows (each as long as the header), noting what does not fit."""
    table = Table(file, tuple(header), [], [], usable=False)
    text = decode(data, file, problems)
    if text is None:
        return table
    table.lines = text.split("\n")
    if not text.strip():
        problems.add(Place(file), "the file is empty", allowed=f"the header {','.join(header)}")
        return table
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        first = [name.strip() for name in next(reader)]
        if first != list(header):
            names = Table(file, tuple(first), [], table.lines)
            for i, name in enumerate(first):
                if name not in header:
                    problems.add(names.place(1, i), "unknown column", read=name, among=header)
            missing = [name for name in header if name not in first]
            if missing:
                problems.add(Place(file), f"missing columns: {', '.join(missing)}", allowed=",".join(header))
            if not (missing or set(first) - set(header)):
                problems.add(Place(file), "columns in another order", read=first, allowed=",".join(header))
            return table
        start = reader.line_num + 1
        for cells in reader:
            if any(cells):
                if len(cells) == len(header):
                    table.rows.append((start, cells))
                else:
                    problems.add(Place(file, start), "wrong number of cells", read=len(cells), allowed=f"{len(header)}")
            start = reader.line_num + 1
    except (csv.Error, StopIteration) as error:
        problems.add(Place(file, max(reader.line_num, 1)), f"not CSV: {error}")
        return table
    table.usable = True
    return table


def number(text: str) -> float | None:
    """Return a finite number written in ASCII digits, or None."""
    text = text.strip()
    if not _NUMBER.match(text):
        return None
    value = float(text)
    return value if abs(value) != float("inf") else None
