"""Compute the figures of every shipped scenario and write them down as the baseline.

Key figures and costs stand in ``baseline.json``, to be read in a comparison of versions; every indicator of
every year, and every sum billed, in ``baseline_series.npz``.

``python -m tests.refresh_baseline "why the figures changed"``
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from simulator.simulate import Run, simulate
from simulator.study.replicates import load_scenario

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "tests" / "baseline.json"
SERIES = ROOT / "tests" / "baseline_series.npz"
COMMAND = 'python -m tests.refresh_baseline "why the figures changed"'
SEEDS = (1, 2)
INDICATORS = (
    "rd_expenditure",
    "rd_share_real",
    "talent_total",
    "patents_in_force",
    "quality_patents",
    "invention_applications",
    "hnte_count",
    "tech_sme_count",
    "contract_value",
    "incubators",
    "maker_spaces",
    "makers",
    "university_spinoffs",
    "venture_investment",
    "firm_births",
    "firm_closures",
    "productivity",
    "gdp",
)


def scenarios() -> list[Path]:
    """Return the shipped scenario files."""
    return sorted((ROOT / "scenarios").glob("*/*.yaml"))


def name_of(path: Path) -> str:
    """Return a scenario's name in the baseline, such as ``qingdao/plan``."""
    return f"{path.parent.name}/{path.stem}"


@cache
def run_of(path: Path, seed: int) -> Run:
    """Return one run at the central parameters."""
    return simulate(load_scenario(path), {}, seed)


def series(path: Path, seed: int) -> dict[str, np.ndarray]:
    """Return every indicator (T,) and what each entry cost in each year by kind and payer (CNY) of one run."""
    run = run_of(path, seed)
    bills = {f"{b.entry} {b.year} {b.kind} {b.payer}": b.amount for b in run.bills}
    names = sorted(bills)
    return {
        "indicators": np.array(run.names),
        "values": run.values,
        "bills": np.array(names),
        "amounts": np.array([bills[n] for n in names]),
    }


def figures(path: Path, seed: int) -> dict[str, list[float] | float]:
    """Return key figures of one run.

    Indicators stand in the middle and the last year, costs (CNY, all years) by kind.
    """
    run = run_of(path, seed)
    at = (len(run.years) // 2, len(run.years) - 1)
    out: dict[str, list[float] | float] = {n: [float(run.series(n)[k]) for k in at] for n in INDICATORS}
    costs: dict[str, float] = defaultdict(float)
    for bill in run.bills:
        costs[f"cost {bill.kind}"] += bill.amount
    return out | dict(sorted(costs.items()))


def main(reason: str) -> None:
    """Write the baseline with the reason for the change."""
    content: dict[str, Any] = {
        "reason": reason,
        "refresh": COMMAND,
        "figures": {name_of(p): {str(seed): figures(p, seed) for seed in SEEDS} for p in scenarios()},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    # one line a figure: short enough to read in a comparison of versions
    text = text.replace("[\n     ", "[").replace(",\n     ", ", ").replace("\n    ]", "]")
    FILE.write_text(text + "\n", encoding="utf-8")
    np.savez_compressed(
        SERIES, **{f"{name_of(p)} {what}": v for p in scenarios() for what, v in series(p, SEEDS[0]).items()}
    )
    print(f"{FILE.name}: {len(content['figures'])} scenarios, {len(SEEDS)} seeds each", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2 or len(sys.argv[1].strip()) < 10:
        sys.exit(f"say why, in a sentence: {COMMAND}")
    main(sys.argv[1].strip())
