"""The tables of a sensitivity study: indices as tidy rows, and what pages say beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.study.design import COST, Outcomes
from simulator.study.replicates import EVIDENCE
from simulator.study.sensitivity_factors import Factor
from simulator.study.sensitivity_indices import COLUMNS
from simulator.study.sensitivity_stages import MEAN, SPREAD, Plan, Stage
from simulator.study.study_files import now

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario


def frame_of(factors: Sequence[Factor], plan: Plan, outcomes: Outcomes, stages: Sequence[Stage]) -> pandas.DataFrame:
    """Return the indices as tidy rows, by outcome and statistic, the largest first.

    Indices of a factor are NaN where failed runs left fewer than two of its effects.
    """
    import pandas

    last, by_name, rows = stages[-1], {f.name: f for f in factors}, []
    for k, outcome in enumerate(outcomes.names):
        for of in (MEAN, SPREAD):
            if all((k, of) in stage.found for stage in stages):
                mine = _rows(last, k, of, by_name, plan)
                if len(stages) > 1 or (plan.staged and last.layout.in_groups):
                    settled = {plan.owners[j] for j in set(range(len(plan.names))) - set(last.chosen)}
                    mine += [row for row in _rows(stages[0], k, of, by_name, plan) if row["factor"] in settled]
                key = "mu_star" if plan.method == "morris" else "st"
                mine.sort(key=lambda row: -np.nan_to_num(row[key], nan=-1.0))  # what could not be judged comes last
                rows += [{"outcome": outcome, "of": of, **row} for row in mine]
    columns = ["outcome", "of", "factor", "name", "name_zh", "kind", "factors", "source", "grade", *COLUMNS,
               "floor", "above_floor", "sign"]  # fmt: skip
    return pandas.DataFrame(rows, columns=columns)


def _rows(stage: Stage, k: int, of: str, by_name: Mapping[str, Factor], plan: Plan) -> list[dict[str, Any]]:
    from simulator.study.grades import grade_of

    mine, out = stage.found[k, of], []
    members = _members(stage, plan)
    for g, name in enumerate(stage.layout.names):
        factor = by_name.get(name) if members[name] == [name] else None
        source = factor.source if factor is not None else ""
        kind = factor.kind if factor is not None else "group"
        grade = grade_of(source) if kind == "parameter" else ""
        out.append({
            "factor": name, **_named(name, kind, factor), "kind": kind,
            "factors": len(members[name]), "source": source, "grade": grade,
            **dict(zip(COLUMNS, mine.table[g].tolist(), strict=True)), "floor": mine.floor,
            "above_floor": bool(mine.size[g] > mine.floor),
            "sign": int(mine.signs[g]) * (factor is None or len(factor.choices) <= 2),
        })  # fmt: skip
    return out


_SWITCHES = {
    "entry": ("where new firms come from", "新企业来源"),
    "fund_crowding": ("whether public funds crowd private money in or out", "引导基金对社会资本的带动或挤出"),
    "incubators": ("what incubators do for their tenants", "孵化器的作用"),
    "lock_in": ("how strong lock-in is", "路径锁定的强弱"),
    "neighbours": ("whether neighbours' losses count", "是否计入周边城市的损失"),
    "opportunities": ("whether opportunities run out", "创新机会是否有限"),
    "relabelling": ("relabelling of R&D", "研发费用虚报"),
    "research_rule": ("how firms decide on R&D", "企业研发决策规则"),
    "spillovers": ("how far knowledge spills over", "知识溢出的范围"),
    "year_order": ("order of the year", "年内各环节次序"),
}
_GROUPS = {
    "switches": ("structural switches", "结构选项"),
    "drivers": ("the outside", "外部环境"),
    "levers": ("all levers", "全部政策工具"),
    "mechanisms": ("all mechanisms", "全部机制"),
}


def _named(name: str, kind: str, factor: Factor | None) -> dict[str, str]:
    """Return what a factor or a group is called, in both languages."""
    from simulator.model import LEVERS, SCHEDULE
    from simulator.report.catalogue import parameter_doc, setting_doc, switch_choice

    labels = {m.name: m.label for m in SCHEDULE} | {n: lever.label for n, lever in LEVERS.items()}
    head, _, rest = name.partition(".")
    en, zh = "", ""
    if kind == "parameter" and factor is not None:
        en, zh = factor.prior.doc, parameter_doc(name.removeprefix("parameters."), "zh")
    elif kind == "setting" and factor is not None:
        whose, whose_zh = factor.title  # of several settings of an entry each by its own name
        en = f"{setting_doc(factor.owner, rest, 'en')} ({whose})"
        zh = f"{setting_doc(factor.owner, rest, 'zh')}（{whose_zh}）"
    elif kind == "switch":
        en, zh = _SWITCHES.get(rest, ("", ""))
    elif kind == "driver":
        en, zh = "path of the outside", "外部环境路径"
    elif name in _GROUPS:
        en, zh = _GROUPS[name]
    elif head in labels:
        en, zh = labels[head].en, labels[head].zh
    if factor is not None and factor.choices:
        words = [switch_choice(rest, str(c), "zh") if kind == "switch" else str(c) for c in factor.choices]
        en = f"{en} ({' → '.join(map(str, factor.choices))})".strip()
        zh = f"{zh}（{' → '.join(words)}）"
    return {"name": en, "name_zh": zh}


def _members(stage: Stage, plan: Plan) -> dict[str, list[str]]:
    """Return the factors of each group of a stage."""
    groups = stage.layout.problem.get("groups")
    names = [plan.names[k] for k in stage.chosen]
    own = names if not stage.layout.in_groups or groups is None else list(groups)
    out: dict[str, list[str]] = {name: [] for name in stage.layout.names}
    for name, group in zip(names, own, strict=True):
        out[group].append(name)
    return out


def meta_of(
    scenario: Scenario, factors: Sequence[Factor], plan: Plan, outcomes: Outcomes, stages: Sequence[Stage],
    spec: Mapping[str, Any], folder: Path,
) -> dict[str, Any]:  # fmt: skip
    """Return what pages and figures say beside the indices, as plain values."""
    from simulator.study.kept import read_study

    region = scenario.region
    status = None if region.status is None else {"en": region.status.en, "zh": region.status.zh}
    return {
        "scenario": scenario.name,
        "title": {"en": scenario.title.en, "zh": scenario.title.zh},
        "region": region.id,
        "region_name": {"en": region.name.en, "zh": region.name.zh},
        "status": status,
        "calibration": scenario.calibration,
        "ranges": "prior" if scenario.calibration == EVIDENCE else "posterior",
        "method": plan.method,
        "factors": len(factors),
        "kinds": {kind: sum(f.kind == kind for f in factors) for kind in ("parameter", "setting", "switch", "driver")},
        "grouped": plan.groups != plan.names,
        "stages": [{"groups": len(s.layout.names), "factors": len(s.chosen), "repeats": s.layout.repeats,
                    "runs": len(s.layout.points) * plan.runs, **_left_out(s)} for s in stages],
        "runs": sum(len(s.layout.points) for s in stages) * plan.runs,
        "seeds": plan.runs,
        "dummies": stages[-1].layout.dummies,
        "seed": plan.seed,
        "outcomes": [_about(name, outcomes, stages, k) for k, name in enumerate(outcomes.names)],
        "created": now(),
        "hash": str(read_study(folder)["hash"]),
        "spec": dict(spec),
    }  # fmt: skip


def _left_out(stage: Stage) -> dict[str, int]:
    """Return how many elementary effects (Morris) or blocks (Sobol) a stage has, and how many failed runs cost."""
    whole = stage.layout.whole(stage.came)
    return {"effects": int(whole.size), "left_out": int(whole.size - whole.sum())}


def _about(name: str, outcomes: Outcomes, stages: Sequence[Stage], k: int) -> dict[str, Any]:
    """Return an outcome's label, unit and level (the mean over all points)."""
    from simulator.model import INDICATORS

    level = float(np.nanmean(stages[-1].figures[:, :, k]))
    if name in outcomes.targets:
        target = outcomes.targets[name]
        return {"id": name, "en": target.name.en, "zh": target.name.zh, "unit": target.unit, "level": level,
                "target": target.value, "year": target.year}  # fmt: skip
    if name.startswith(COST):
        what = name.removeprefix(COST)
        known = {"net": ("net public cost", "公共净成本"), "outlay": ("public outlay", "公共支出")}
        en, zh = known.get(what, (f"cost of {what}", f"{what} 的成本"))
        return {"id": name, "en": en, "zh": zh, "unit": "CNY", "level": level}
    indicator, _, year = name.partition("@")
    found = INDICATORS[indicator]
    return {"id": name, "en": found.label.en, "zh": found.label.zh, "unit": found.unit, "level": level,
            "year": int(year)}  # fmt: skip
