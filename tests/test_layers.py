"""An import may only go down: the floors of the design, read from the syntax trees."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "simulator"
FLOORS = {
    "core": 1,
    "world": 2,
    "mechanisms": 3,
    "levers": 3,
    "indicators": 3,
    "model": 4,
    "scenario": 5,
    "scenario_entries": 5,
    "simulate": 6,
    "study": 7,
    "report": 7,
}
TOP = 8
ALONE = ("mechanisms", "levers", "indicators")  # packages whose modules do not know of each other
SHARED = ("simulator.levers.common",)
CORE_MAY_USE = {"numpy", "scipy", "numba"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {dotted(path) for path in MODULES}


def part(module: str) -> str:
    names = module.split(".")
    return names[1] if len(names) > 1 else ""


def floor(module: str) -> int:
    return FLOORS.get(part(module), TOP)


def imported(path: Path, within: type[ast.AST] = ast.AST) -> set[str]:
    """Return the dotted names of the modules that a file imports, anywhere in it or inside functions only."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = ast.walk(tree)
    if within is not ast.AST:
        nodes = (inner for node in ast.walk(tree) if isinstance(node, within) for inner in ast.walk(node))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            origin = node.module or ""
            deeper = {f"{origin}.{alias.name}" for alias in node.names}
            found |= (deeper & NAMES) if deeper <= NAMES else (deeper & NAMES) | {origin}
    return found


def allowed(importer: str, target: str) -> bool:
    ours, theirs = part(importer), part(target)
    if ours == theirs and ours:
        own = importer == target or target.startswith(f"{importer}_")  # research may split off research_notch
        return ours not in ALONE or target in SHARED or own
    if {ours, theirs} <= {"scenario", "scenario_entries"}:
        return True
    if floor(importer) == TOP:
        return True
    if (ours, theirs) == ("report", "study"):  # pages show what studies made
        return True
    return floor(target) < floor(importer)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_go_down(path: Path) -> None:
    importer = dotted(path)
    wrong = {t for t in imported(path) if t.split(".")[0] == "simulator" and not allowed(importer, t)}
    if part(importer) == "study":  # a result draws itself when it is asked to, and needs no figures before
        wrong -= {t for t in imported(path, ast.FunctionDef) if part(t) == "report"}
    assert not wrong, f"{importer} may not import {sorted(wrong)}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").glob("*.py")), ids=dotted)
def test_core_stands_on_little(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names) - {"simulator"}
    assert roots <= CORE_MAY_USE | ({"ruamel"} if path.name == "reading.py" else set())


def test_every_part_has_a_floor() -> None:
    parts = {part(dotted(path)) for path in MODULES} - {""}
    assert parts - set(FLOORS) <= {"cli", "commands", "mesa_model", "warm", "dashboard"}


def test_rule_is_not_empty() -> None:
    assert not allowed("simulator.core.terms", "simulator.world.world")
    assert not allowed("simulator.mechanisms.market", "simulator.mechanisms.research")
    assert not allowed("simulator.levers.rd_subsidy", "simulator.mechanisms.research")
    assert allowed("simulator.mechanisms.research", "simulator.mechanisms.research_notch")
    assert not allowed("simulator.mechanisms.research_notch", "simulator.mechanisms.research")
    assert not allowed("simulator.mechanisms.market", "simulator.mechanisms.research_notch")
    assert not allowed("simulator.study.output", "simulator.report.board")
    assert allowed("simulator.levers.rd_subsidy", "simulator.levers.common")
    assert allowed("simulator.cli", "simulator.study.output")
    assert floor("simulator") == TOP
