"""A sweep as it is written down: a YAML file, or ``NAME=values`` on the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.core.problems import InputError, Place, Problems
from simulator.core.reading import Node, mapping, read_yaml, scalar
from simulator.study.ensemble import opened
from simulator.study.sweep_design import DESIGNS, Asked, Span, span_of

KEYS = ("schema", "scenario", "factors", "design", "points", "runs", "seed", "outcomes")
_SET = "--set"
_EXAMPLE = '--set "QL09d.face_value=0,50000,100000" or --set "QL09d.budget=0:80e6:5"'
_PARTS = re.compile(r",(?![^\[]*\])")  # commas outside square brackets


def is_sweep(path: Path) -> bool:
    """Return whether a YAML file describes a sweep rather than a scenario; False where it cannot be read."""
    root = read_yaml(path, Problems())
    return root is not None and bool({"factors", "scenario", "design"} & set(root.value))


def read_sweep(path: Path) -> Asked:
    """Return what a sweep's file asks for; its scenario is named as seen from the file's own folder.

    Raises InputError with everything that is wrong with the file, and with its scenario.
    """
    problems = Problems()
    root = read_yaml(path, problems)
    problems.raise_any()
    assert root is not None
    parts = mapping(root, KEYS, problems, what="the sweep", required=("schema", "scenario", "factors"))
    schema = parts.get("schema")
    if schema is not None and not (type(schema.value) is int and schema.value == 1):
        problems.add(schema.place, "schema", read=schema.plain(), allowed="1")
    whole = {key: _whole(parts[key], key, problems) for key in ("points", "runs", "seed") if key in parts}
    places: dict[Any, Place] = {key: node.place for key, node in parts.items()}
    factors = _factors(parts["factors"], places, problems) if "factors" in parts else {}
    design = _text(parts["design"], "design", problems, DESIGNS) if "design" in parts else None
    outcomes = _outcomes(parts["outcomes"], problems) if "outcomes" in parts else None
    scenario = None
    if "scenario" in parts and (name := _text(parts["scenario"], "scenario", problems)):
        try:
            scenario = opened(path.parent / name)
        except InputError as error:
            problems.found += error.problems
    problems.raise_any()
    assert scenario is not None
    points, runs, seed = (whole.get(key) for key in ("points", "runs", "seed"))
    return Asked(scenario, factors, design, points, runs, seed or 0, outcomes, places)


def _factors(node: Node, places: dict[Any, Place], problems: Problems) -> dict[str, Any] | list[Any]:
    """Return the factors of a file as plain values, and note where each and each of its values stands."""
    if isinstance(node.value, list):  # points one by one
        places |= {("factors", i): item.place for i, item in enumerate(node.value)}
        return [item.plain() for item in node.value]
    if not isinstance(node.value, dict):
        allowed = "factors and their values, or a list of points"
        problems.add(node.place, f"factors is {node.what()}", read=node.plain(), allowed=allowed)
        return {}
    factors: dict[str, Any] = {}
    for name, item in node.value.items():
        places[name] = item.place
        if isinstance(item.value, list):
            places |= {(name, i): value.place for i, value in enumerate(item.value)}
        if isinstance(item.value, dict):
            factors[name] = span_of(item.plain(), item.place, problems)
        else:
            factors[name] = item.plain()
    return factors


def _whole(node: Node, what: str, problems: Problems) -> int | None:
    if type(node.value) is int and node.value >= (what != "seed"):
        return node.value
    problems.add(node.place, what, read=node.plain(), allowed=f"a whole number from {int(what != 'seed')} on")
    return None


def _text(node: Node, what: str, problems: Problems, among: Sequence[str] | None = None) -> str | None:
    if isinstance(node.value, str) and node.value.strip() and (among is None or node.value in among):
        return node.value
    problems.add(node.place, what, read=node.plain(), among=among, allowed="" if among else "a file name")
    return None


def _outcomes(node: Node, problems: Problems) -> list[str] | None:
    items = node.value if isinstance(node.value, list) else [node]
    wrong = [item for item in items if not isinstance(item.value, str)]
    for item in wrong:
        problems.add(item.place, "an outcome", read=item.plain(), allowed="a name such as QD10 or cost.net")
    return None if wrong else [str(item.value) for item in items]


# ---- the command line ---------------------------------------------------------------------------------


def read_sets(texts: Sequence[str]) -> dict[str, Any]:
    """Return the factors of ``NAME=a,b,c`` (values), ``NAME=low:high[:steps][:log]`` (a range); raises InputError."""
    problems, factors = Problems(), dict[str, Any]()
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not name or not equals or not values:
            problems.add(Place(_SET), "not a factor with its values", read=text, allowed=_EXAMPLE)
        elif name in factors:
            problems.add(Place(_SET), "a factor given twice", read=name, allowed="each once")
        elif ":" in values:
            factors[name] = _span(name, values.split(":"), problems)
        else:
            factors[name] = [_value(part) for part in _PARTS.split(values)]
    problems.raise_any()
    return factors


def _value(text: str) -> Any:
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1].strip()
        return [scalar(part.strip()) for part in inner.split(",")] if inner else []
    return scalar(text)


def _span(name: str, parts: Sequence[str], problems: Problems) -> Span | None:
    log = parts[-1].strip() == "log"
    numbers = [scalar(part.strip()) for part in (parts[:-1] if log else parts)]
    if len(numbers) not in (2, 3) or (len(numbers) == 3 and type(numbers[2]) is not int):
        problems.add(Place(_SET), f"{name}: not a range", read=":".join(parts), allowed="low:high, low:high:5:log")
        return None
    steps: Mapping[str, Any] = {"steps": numbers[2]} if len(numbers) == 3 else {}
    return span_of({"from": numbers[0], "to": numbers[1], "log": log, **steps}, Place(_SET), problems)
