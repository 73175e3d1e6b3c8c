"""What an optimisation leaves behind: tables, a scenario for each point of the front, page, figures, manifest."""

from __future__ import annotations

import datetime
import glob
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.study.aside import replacing
from simulator.study.output import commit, model_hash, write_scenario
from simulator.study.study_files import now, remove_others, study_hash, versions, write_csv, write_words

if TYPE_CHECKING:
    import pandas

    from simulator.study.optimise import OptimiseResult
    from simulator.study.optimise_points import Point

POINTS = "scenarios"  # beside the copy of the scenario that they extend
FIGURES = ("front.*", "doses.*")


def table_of(result: OptimiseResult) -> pandas.DataFrame:
    """Return a row a point, the plan as written first (``point`` 0): doses, aims, errors, probability of each target.

    Columns are named after aims, ``_error`` their standard errors, ``_panel`` what the search saw, ``_against`` the
    paired difference from the plan as written.
    """
    import pandas

    return pandas.DataFrame([_row(result, p) for p in (result.plan, *result.points)])


def _row(result: OptimiseResult, point: Point) -> dict[str, Any]:
    row: dict[str, Any] = {"point": point.number}
    row |= {f"dose {d.name}": v for d, v in zip(result.doses.all, point.doses, strict=True)}
    for aim, (value, error) in point.scored.items():
        row |= {aim: value, f"{aim}_error": error, f"{aim}_panel": point.panel[aim][0]}
        row |= {f"{aim}_panel_error": point.panel[aim][1]}
        row |= dict(zip((f"{aim}_against", f"{aim}_against_error"), point.against.get(aim, (0.0, 0.0)), strict=True))
    return row | {f"met {name}": share for name, share in point.met.items()}


def dropped_of(result: OptimiseResult) -> pandas.DataFrame:
    """Return the mixes that unseen runs did not bear out: why, doses, and what these runs gave."""
    import pandas

    rows = []
    for gone in result.dropped:
        row: dict[str, Any] = {"why": gone.why}
        row |= {f"dose {d.name}": v for d, v in zip(result.doses.all, gone.doses, strict=True)}
        rows.append(row | {aim: value for aim, (value, _) in gone.scored.items()})
    columns = ["why", *(f"dose {d.name}" for d in result.doses.all), *result.plan.scored]
    return pandas.DataFrame(rows, columns=columns)


def point_file(result: OptimiseResult, number: int) -> str:
    """Return the name of the scenario file of a point."""
    return f"{result.scenario.name}-point-{number:02d}.yaml"


def write_points(result: OptimiseResult, folder: Path) -> list[Path]:
    """Write a scenario for each point that extends a copy of the plan beside it; returns the files."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 120
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / f"{result.scenario.name}.yaml"
    if not base.is_file():  # elsewhere than in the study's folder, which has it
        write_scenario(result.scenario, base)
    out = []
    for point in result.points:
        path = folder / point_file(result, point.number)
        with replacing(path) as part, part.open("w", encoding="utf-8") as file:
            yaml.dump(_as_scenario(result, point, base.name), file)
        out.append(path)
    remove_others(folder, f"{glob.escape(result.scenario.name)}-point-[0-9][0-9].yaml", out)
    return out


def _as_scenario(result: OptimiseResult, point: Point, base: str) -> dict[str, Any]:
    title, entries = result.scenario.title, dict[str, dict[str, Any]]()
    for name, value in point.changes:
        identifier, _, setting = name.partition(".")
        entries.setdefault(identifier, {})[setting] = value
    found: dict[str, Any] = {
        "schema": 1,
        "title": {"en": f"{title.en} - point {point.number}", "zh": f"{title.zh}·前沿方案 {point.number}"},
        "extends": base,
    }
    if entries:
        found["levers"] = [{"id": i, "settings": s} for i, s in entries.items()]
    return found


def meta_of(result: OptimiseResult) -> dict[str, Any]:
    """Return what the footer of a figure and the head of the page say."""
    region = result.scenario.region
    return {
        "completed": result.effort.scored,
        "draws": (result.effort.scored + 1) // 2,
        "calibration": result.scenario.calibration,
        "created": datetime.date.today().isoformat(),
        "hash": study_hash(result.folder),
        "status": {"en": region.status.en, "zh": region.status.zh} if region.status else None,
        "region_name": {"en": region.name.en, "zh": region.name.zh},
    }


def plain(result: OptimiseResult) -> dict[str, Any]:
    """Return the whole result as plain values."""
    goal = result.goal
    return {
        "scenario": result.scenario.name,
        "aims": list(goal.aims),
        "targets": {t.id: w for t, w in zip(goal.targets, goal.weights, strict=True)},
        "money": goal.money,
        "budget": goal.budget,
        "least": goal.least,
        "doses": result.doses.plain(),
        "plan": _point(result.plan),
        "points": [_point(p) for p in result.points],
        "answer": result.answer.number if result.answer else None,
        "dropped": [{"why": d.why, "doses": list(d.doses), "scored": _pairs(d.scored)} for d in result.dropped],
        "optimism": _pairs(result.optimism),
        "runs": result.runs,
        "failures": [f"{f.message}: {f.command}" for f in result.failures],
        "scored": result.effort.scored,
        "seed": result.seed,
    }


def _point(point: Point) -> dict[str, Any]:
    figures = {k: _pairs(getattr(point, k)) for k in ("scored", "panel", "against")}
    met = {k: _finite(v) for k, v in point.met.items()}
    return {"number": point.number, "doses": list(point.doses), "changes": dict(point.changes), **figures, "met": met}


def _pairs(found: Mapping[str, tuple[float, float]]) -> dict[str, dict[str, float | None]]:
    return {aim: {"value": _finite(value), "error": _finite(error)} for aim, (value, error) in found.items()}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def save(result: OptimiseResult, folder: Path, language: str, command: str = "") -> Path:
    """Write everything into the study's folder and return it; each file is written whole or not at all."""
    from simulator.report.html.study_kinds import optimise_words
    from simulator.report.optimise_page import plain_page

    folder.mkdir(parents=True, exist_ok=True)
    front = table_of(result)
    write_csv(front, folder / "front.csv")
    with replacing(folder / "front.parquet") as part:
        front.to_parquet(part, index=False)
    write_csv(dropped_of(result), folder / "dropped.csv")
    write_points(result, folder / POINTS)
    drawn = result.plot(folder / "figures", language)
    for pattern in FIGURES:
        remove_others(folder / "figures", pattern, drawn)
    manifest = {
        "hash": study_hash(result.folder),
        "created": now(),
        "command": command,
        "commit": commit(),
        "model": model_hash(),
        "versions": versions("pymoo"),
        "language": language,
        "result": plain(result),
    }
    page = partial(optimise_words, result)
    write_words(plain_page(result, language), manifest, folder, allow_nan=False, page=("optimise", page))
    return folder
