"""What ``ris list`` shows: tables over the model's declarations and the files at hand."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from simulator.core.parameters import table as parameter_table
from simulator.core.problems import InputError, Problems
from simulator.core.reading import Node, read_yaml
from simulator.study.targets import NOT_SIMULATED, load_targets

PROJECT = Path(__file__).resolve().parents[2]
NARROW = ("id", "name", "value", "unit", "kind", "year", "region", "lever", "indicator")


def rows_of(things: str, language: str) -> list[dict[str, Any]]:
    """Return one row a thing, as plain values."""
    return {
        "levers": levers,
        "targets": targets,
        "indicators": indicators,
        "parameters": parameters,
        "regions": regions,
        "scenarios": scenarios,
    }[things](language)


def levers(language: str) -> list[dict[str, Any]]:
    """Return the levers with their settings and what they move."""
    from simulator.model import LEVERS

    out = []
    for lever in LEVERS.values():
        settings = [
            f"{f.name} [{f.metadata.get('unit') or '-'}] = {f.default}"
            for f in fields(lever.Settings)
            if f.metadata.get("role") == "setting"
        ]
        moves = [f"{name} {'+' if sign > 0 else '-' if sign < 0 else '0'}" for name, sign in lever.moves.items()]
        out.append({"name": lever.name, "label": lever.label[language], "settings": settings, "moves": moves})
    return out


def targets(language: str) -> list[dict[str, Any]]:
    """Return the targets of all regions and which indicator measures each."""
    from simulator.model import INDICATORS

    return [
        {
            "id": t.id,
            "region": t.region,
            "kind": t.kind,
            "year": t.year,
            "name": t.name[language],
            "target": f"{'>' if t.op == 'gt' else '>='} {t.value:,.10g}",
            "unit": t.unit,
            "indicator": t.indicator if t.indicator in INDICATORS else NOT_SIMULATED,
        }
        for t in load_targets()
    ]


def indicators(language: str) -> list[dict[str, Any]]:
    """Return the indicators and their definitions."""
    from simulator.model import INDICATORS

    return [
        {
            "name": i.name,
            "label": i.label[language],
            "unit": i.unit,
            "kind": i.kind,
            "observer": i.observer,
            "true": i.true or "",
            "definition": i.definition,
        }
        for i in INDICATORS.values()
    ]


def parameters(language: str) -> list[dict[str, Any]]:
    """Return the parameters with value, unit, prior and source."""
    from simulator.model import LEVERS, SCHEDULE

    out = []
    for row in parameter_table(SCHEDULE, LEVERS.values()):
        prior = f"{row.prior.low:g} to {row.prior.high:g} ({row.prior.shape})"
        bounds = [x for x in (row.prior.floor, row.prior.ceiling) if math.isfinite(x)]
        prior += f", cut at {' and '.join(f'{x:g}' for x in bounds)}" if bounds else ""
        out.append(
            {
                "name": row.name,
                "value": row.value,
                "unit": row.unit,
                "prior": prior,
                "source": row.source,
                "doc": row.doc,
            }
        )
    return out


def scenario_folder() -> Path:
    """Return the folder of scenarios: that of the working directory, else the project's."""
    here = Path("scenarios")
    return here if here.is_dir() else PROJECT / "scenarios"


def regions(language: str) -> list[dict[str, Any]]:
    """Return the regions whose folders are at hand."""
    from simulator.world.region import load_region

    out = []
    for path in sorted(scenario_folder().glob("*/region/region.yaml")):
        row: dict[str, Any] = {"id": path.parent.parent.name, "folder": path.parent.as_posix()}
        try:
            region = load_region(path.parent)
            row |= {"name": region.name[language], "years": f"{region.start_year}-{region.last_year}"}
            row["status"] = region.status[language] if region.status else ""
        except InputError as error:
            row |= {"name": "", "years": "", "status": f"{len(error.problems)} problems"}
        out.append(row)
    return out


def scenarios(language: str) -> list[dict[str, Any]]:
    """Return the scenario files at hand with their titles; ``ris check`` says whether they can be run."""
    out = []
    for path in sorted(scenario_folder().glob("*/*.yaml")):
        root = read_yaml(path, Problems())
        values: dict[str, Node] = root.value if root is not None else {}
        title = values["title"].plain() if "title" in values else ""
        title = title.get(language, "") if isinstance(title, dict) else str(title)
        region = str(values["region"].plain()) if "region" in values else path.parent.name
        out.append({"file": path.as_posix(), "region": region, "title": title})
    return out


def listing_table(things: str, rows: list[dict[str, Any]]) -> Table:
    """Return rows as a table for a terminal."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, title=f"{len(rows)} {things}", title_justify="left")
    for key in rows[0] if rows else ():
        table.add_column(key, no_wrap=key in ("id", "value"), overflow="fold")
    for row in rows:
        # as text, so that a unit in brackets is not taken for a style
        table.add_row(*(Text("\n".join(map(str, v)) if isinstance(v, list) else _cell(v)) for v in row.values()))
    return table


def _cell(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
