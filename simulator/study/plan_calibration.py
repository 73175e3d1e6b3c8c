"""``ris calibrate REGION --to plan``: what would have to be true for the plan to come true.

A bank of runs of the plan at draws from the evidence says how likely each target is, and which parameters differ where
it is met; runs pushed beyond say how far from the evidence it comes true; larger doses at the evidence's parameters say
whether money would do instead. The posterior of all targets together is what ``calibration: plan`` draws from. It is no
forecast: it holds what the plan takes for granted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ruamel.yaml import YAML

from simulator.core.problems import InputError, Problem
from simulator.study.bank import Bank, bank_scenario, make_bank
from simulator.study.output import ROOT, code_hash
from simulator.study.plan_doses import Dose, Everything, as_plain, search
from simulator.study.plan_fit import ALWAYS, Answer, Evidence, answer, sample_of, together
from simulator.study.plan_points import (
    TOLERANCE,
    PlanMaterial,
    Point,
    PointRunner,
    Reached,
    plain_figure,
    plan_material,
    plan_targets,
)
from simulator.study.plan_push import ENOUGH, Push, at_the_evidence, push, read_target
from simulator.study.plans import EVIDENCE_FILE
from simulator.study.posterior import save_posterior
from simulator.study.replicates import Progress, load_scenario

if TYPE_CHECKING:
    from simulator.core.parameters import ParameterRow
    from simulator.scenario import Scenario

RUNS = 4_000
LIKELY = 0.8  # as on the pages: a target met in fewer of the draws is looked into
PREDICTED = 40  # runs of the sample that show how much of the plan comes true with it
PREDICTED_LUCK = 1_000_000  # luck that no run of a bank has
KEPT_SHIFTS = 20  # parameters kept of each answer; of all targets together, all are
DECIMALS = 4
Say = Callable[[str], None]


@dataclass(frozen=True)
class PlanCalibration:
    """A finished study: where the sample lies, everything that was found as plain values, and the time it took."""

    path: Path
    manifest: dict[str, Any]
    seconds: dict[str, float]


def region_plan(region_id: str) -> Scenario:
    """Return a region's plan as it was written; raises InputError where there is none."""
    for parent in (Path("scenarios"), ROOT / "scenarios"):
        path = parent / region_id / "plan.yaml"
        if path.is_file():
            return load_scenario(path)
    known = sorted({p.parent.name for r in (Path("."), ROOT) for p in (r / "scenarios").glob("*/plan.yaml")})
    raise InputError([Problem(region_id, 1, 1, "no such region", region_id, ", ".join(known))])


@cache
def published_evidence() -> Evidence:
    """Return the entries of ``calibration/evidence.yaml`` by key."""
    return dict(YAML(typ="safe").load(EVIDENCE_FILE.read_text("utf-8")))


def calibrate_to_plan(
    region_id: str,
    *,
    runs: int = RUNS,
    seed: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
    say: Say | None = None,
    folder: Path | None = None,
    parent: Path | None = None,
    scenario: Scenario | None = None,
) -> PlanCalibration:
    """Fit a region's parameters to its plan's targets and write sample and manifest; the same for the same seed.

    ``folder`` is where the sample goes and ``parent`` where banks lie, by default those of the project. Bank and later
    runs go on where they were left. Raises InputError where no target can be measured.
    """
    mine = bank_scenario(region_plan(region_id) if scenario is None else scenario)
    plan = plan_targets(mine)
    if not plan.targets:
        raise InputError([Problem(str(mine.path), 1, 1, "no target of the plan can be measured", region_id)])
    seconds: dict[str, float] = {}
    tell = (lambda _: None) if say is None else say
    started = time.perf_counter()
    bank = make_bank(mine, runs, seed=seed, jobs=jobs, progress=progress, parent=parent)
    seconds["bank"] = time.perf_counter() - started
    tell(f"bank: {bank.size} runs in {bank.folder}")
    study = _Study(
        mine, bank, plan_material(bank, plan), PointRunner(plan, bank.folder / "points", seed, jobs, progress)
    )
    for name, step in (("fit", study.fit), ("pushes", study.push), ("doses", study.dose), ("sample", study.predict)):
        started = time.perf_counter()
        step()
        seconds[name] = time.perf_counter() - started
        tell(f"{name}: {seconds[name]:.0f} s")
    names = [row.name for row in bank.rows]
    manifest = study.manifest()
    path = save_posterior(region_id, "plan", names, study.table, manifest, folder)
    return PlanCalibration(path, manifest, seconds)


class _Study:
    """The parts of the study, one after the other."""

    def __init__(self, scenario: Scenario, bank: Bank, data: PlanMaterial, runner: PointRunner) -> None:
        self.scenario, self.bank, self.data, self.runner = scenario, bank, data, runner
        self.rows: Sequence[ParameterRow] = bank.rows
        self.answers: list[Answer] = []
        self.sections: list[Answer] = []
        self.pushes: list[Push] = []
        self.doses: list[Dose] = []
        self.everything: list[Everything] = []

    def fit(self) -> None:
        """Ask what has to be true for each target, each section and all together."""
        targets, evidence = self.data.plan.targets, published_evidence()
        self.answers = [answer(self.data, self.rows, t.id, [k], evidence) for k, t in enumerate(targets)]
        for section in dict.fromkeys(t.section for t in targets):
            columns = [k for k, t in enumerate(targets) if t.section == section]
            self.sections.append(answer(self.data, self.rows, section, columns, evidence))
        self.all = answer(self.data, self.rows, "all", range(len(targets)), evidence)

    def push(self) -> None:
        """Push parameters until the targets in doubt are met, all others at the evidence's values."""
        self.central: Reached = at_the_evidence(self.runner, self.scenario, self.rows)
        wanted = [
            (a, k)
            for k, a in enumerate(self.answers)
            if a.probability < LIKELY and read_target(self.runner, self.central, k)[0] < ENOUGH
        ]
        self.pushes = push(wanted, self.scenario, self.rows, self.runner, published_evidence())

    def dose(self) -> None:
        """Try larger doses for the targets in doubt."""
        targets = self.data.plan.targets
        wanted = [(targets[k], k) for k, a in enumerate(self.answers) if a.probability < LIKELY]
        self.doses, self.everything = search(wanted, self.scenario, self.runner)

    def predict(self) -> None:
        """Draw the sample, and run some of it: does the plan come true with it?"""
        self.table, self.cut = sample_of(self.data, self.rows)
        stride = max(len(self.table) // PREDICTED, 1)
        names = [row.name for row in self.rows]
        draws = [dict(zip(names, map(float, row), strict=True)) for row in self.table[::stride][:PREDICTED]]
        points = [Point(self.scenario, draw, (PREDICTED_LUCK + k,)) for k, draw in enumerate(draws)]
        self.predicted = self.data.plan.met(np.vstack([r.figures for r in self.runner.run(points)]))

    def manifest(self) -> dict[str, Any]:
        """Return where the sample comes from and everything that was found, as plain values."""
        data, mine = self.data, self.scenario
        mean, most = together(data)
        both = list(zip(self.answers, data.plan.targets, strict=True))
        return {
            "region": mine.region.id,
            "kind": "plan",
            "code": code_hash(),
            "model": self.runner.model,
            "bank": {"hash": self.bank.hash, "runs": len(self.bank.values), "completed": self.bank.size},
            "seed": self.bank.seed,
            "scenario": {"file": f"scenarios/{mine.region.id}/{mine.path.name}", "fingerprint": mine.fingerprint()},
            "method": "regression-adjusted ABC on shortfalls, sure lines only",
            "tolerance": TOLERANCE,
            "draws": len(self.table),
            "cut": plain_figure(self.cut),
            "pushed_from": "all parameters at the evidence's values",
            "together": {"targets": len(both), "mean": round(mean, 2), "most": most,
                         "mean_with_sample": round(float(self.predicted.sum(axis=1).mean()), 2)},
            "targets": [
                {
                    **_plain_answer(a, KEPT_SHIFTS),
                    "target": {"en": t.name.en, "zh": t.name.zh, "value": t.value, "unit": t.unit, "op": t.op,
                               "year": t.year, "section": t.section, "kind": t.kind},
                    "central": dict(zip(("met", "attained"), self._central(k), strict=True)),
                    "with_sample": round(float(self.predicted[:, k].mean()), DECIMALS),
                    "pushes": [_plain_push(p) for p in self.pushes if p.target == t.id],
                    "doses": next((as_plain(d) for d in self.doses if d.target == t.id), None),
                }
                for k, (a, t) in enumerate(both)
            ],
            "sections": [_plain_answer(a, KEPT_SHIFTS) for a in self.sections],
            "all": _plain_answer(self.all, len(self.rows)),
            "everything": [asdict(e) | {"cost": plain_figure(e.cost, 0)} for e in self.everything],
            "always": [a.name for a in self.answers if a.status == ALWAYS],
        }  # fmt: skip

    def _central(self, column: int) -> list[float | None]:
        return [plain_figure(x) for x in read_target(self.runner, self.central, column)]


def _plain_answer(found: Answer, most: int) -> dict[str, Any]:
    out = asdict(found) | {"shifts": [_plain_shift(s) for s in found.shifts[:most]], "targets": list(found.targets)}
    out["left_out"] = list(found.left_out)
    return out | {key: plain_figure(out[key]) for key in ("probability", "nearest", "effective", "distance")}


def _plain_push(found: Push) -> dict[str, Any]:
    return {
        "parameter": found.parameter,
        "distance": found.distance,
        "attained": plain_figure(found.attained),
        "met": found.met,
        "shifts": [_plain_shift(s) for s in found.shifts],
    }


def _plain_shift(found: Any) -> dict[str, Any]:
    out = asdict(found)
    short = {k: float(f"{v:.6g}") for k, v in out.items() if isinstance(v, float)}
    return out | {k: v if math.isfinite(v) else None for k, v in short.items()}
