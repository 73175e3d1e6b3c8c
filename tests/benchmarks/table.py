"""What was measured: rows that can be printed, written as JSON, or put into the README as a table of ratios."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.timing import Estimate, Load

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
RATIOS = ("times", "share")  # units that mean the same on another machine


@dataclass(frozen=True)
class Row:
    """One figure: its name, its value (with an interval where rounds were run), unit and what it was taken by."""

    name: str
    value: Estimate | float
    unit: str = "times"
    by: str = ""
    readme: bool = True

    @property
    def middle(self) -> float:
        """Return the value, or the median."""
        return self.value.median if isinstance(self.value, Estimate) else self.value


@dataclass
class Part:
    """One part of the benchmark with its rows and remarks; ``missing`` says why it has none."""

    key: str
    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: str = ""


def machine() -> dict[str, str]:
    """Return what the figures were measured on."""
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": memory,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numba": importlib.metadata.version("numba"),
        "numpy": importlib.metadata.version("numpy"),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def figure(row: Row) -> str:
    """Return a row's value as it is read."""

    def one(x: float) -> str:
        if row.unit == "share":
            return f"{x:.1%}"
        return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.3g}"

    unit = "" if row.unit in RATIOS else f" {row.unit}"
    if isinstance(row.value, float | int):
        return one(row.value) + unit
    return f"{one(row.value.median)}{unit} ({one(row.value.low)} to {one(row.value.high)})"


def text(parts: Sequence[Part], load: Load) -> str:
    """Return everything as lines for a terminal."""
    m = machine()
    out = [f"{m['processor']}, {m['cores']} cores, {m['memory']}; Python {m['python']}, numba {m['numba']}"]
    for part in parts:
        out += ["", f"{part.key}  {part.title}"]
        if part.missing:
            out.append(f"   {part.missing}")
        width = max((len(r.name) for r in part.rows), default=0)
        out += [f"   {r.name:<{width}}  {figure(r)}" + (f"  [{r.by}]" if r.by else "") for r in part.rows]
        out += [f"   {note}" for note in part.notes]
    return "\n".join([*out, "", load.says()])


def as_json(parts: Sequence[Part], load: Load) -> dict[str, Any]:
    """Return everything as plain values."""
    return {
        "machine": machine(),
        "busy": load.busy,
        "kept_from_the_processor": load.foreign,
        "load": [load.before, load.after],
        "parts": [asdict(part) for part in parts],
    }


def markdown(parts: Sequence[Part], load: Load) -> str:
    """Return the table for the README: ratios only, with the machine named."""
    m = machine()
    rounds = [r.value for p in parts for r in p.rows if isinstance(r.value, Estimate)]
    least = min(rounds, key=lambda e: e.rounds, default=None)
    lines = ["| what | ratio | interval |", "|---|---:|---|"]
    for part in parts:
        shown = [row for row in part.rows if row.readme and row.unit in RATIOS]
        if shown:
            lines.append(f"| **{part.title}** | | |")
        for row in shown:
            e, between = row.value, ""
            if isinstance(e, Estimate):
                between = f"{figure(Row('', e.low, row.unit))} to {figure(Row('', e.high, row.unit))}"
            lines.append(f"| {row.name} | {figure(Row('', row.middle, row.unit))} | {between} |")
    under = (
        f"Measured on {m['processor']} ({m['cores']} cores, {m['memory']}, {m['system']}), Python {m['python']}, "
        f"numba {m['numba']}, numpy {m['numpy']}, {m['date']}"
    )
    if least is not None:
        under += f"; medians of at least {least.rounds} interleaved rounds with {least.level:.0%} intervals"
    if load.busy:
        under += "; the machine was busy with other work"
    return "\n".join([*lines, "", under + "."])


def fill(page: str, block: str) -> str:
    """Return a page with the block between its markers; raises ValueError where a marker is missing or doubled."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"the page needs one line {BEGIN} and after it one line {END}")
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{block}\n{END}{rest.split(END)[1]}"
