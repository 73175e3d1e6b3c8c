"""What the pages of a validation, of virtual trials and of a fit to the plan say, in one language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from simulator.report.catalogue import region_name, region_state
from simulator.report.html.labels import label
from simulator.report.html.study_words import StudyWords, bullets, facts
from simulator.report.words import bracketed, colon, plain_number, semicolon, unit_text

if TYPE_CHECKING:
    from simulator.study.trials import Evaluation, Found
    from simulator.study.validate import Validation

TRIAL_LEFT, TRIAL_RIGHT = -1.0, 2.0  # of the scale of a trial, in widths of its band


# ---- validation ---------------------------------------------------------------------------------------


def validation_words(found: Validation, language: str) -> StudyWords:
    """Return what the page of a validation says; its gates stand in ``validation.json``."""
    from simulator.report.validation import pick, title

    failed = [gate for gate in found.gates if gate.ok is False]
    answer: list[str | Text] = [Text(title(found, language), style="bold")]
    if failed:
        names = [f"{pick(g.name, language)}{colon(language)}{g.figure}{bracketed(g.asked, language)}" for g in failed]
        answer += [Text(label("gates that fail", language), style="red"), *(f"· {name}" for name in names)]
        answer.append(label("gates mean", language))
    return StudyWords(
        title=region_name(found.region, language),
        status=region_state(found.status, language),
        asked=facts(
            language,
            region=region_name(found.region, language),
            gates=str(sum(gate.ok is not None for gate in found.gates)),  # the others are only reported
            seconds=label("in seconds", language, count=f"{sum(found.seconds.values()):.0f}"),
        ),
        answer=bullets(answer),
        detail=_gate_parts(found, language),
        notes=[pick(note, language) for note in found.notes],
    )


def _gate_parts(found: Validation, language: str) -> list[RenderableType]:
    """Return the gates by group with what stands behind them, in tables that sort."""
    from simulator.report import validation as page
    from simulator.study.gates import GROUPS, IDENTIFIED, INNER, PREDICTIVE

    out: list[RenderableType] = []
    for group, gates in page.gate_groups(found):
        out.append(Text(page.pick(GROUPS[group], language), style="bold"))
        table = Table(box=None)
        for k, head in enumerate(("gate", "figure", "asked", "verdict")):
            table.add_column(label(head, language), justify="right" if k in (1, 2) else "left")
        for gate in gates:
            style = {True: "green", False: "bold red", None: "dim"}[gate.ok]
            said = Text(page.verdict(gate, language), style=style)
            table.add_row(page.pick(gate.name, language), gate.figure, gate.asked, said)
        out.append(table)
        if group in (INNER, PREDICTIVE):
            out.append(Text(page.chance_note(language), style="dim"))
        if group == INNER:
            out.append(page.grid_table(page.series_heads(language), page.series_rows(found, language)))
            out.append(Text(page.series_note(language), style="dim"))
        if group == IDENTIFIED and found.influence:
            out.append(page.grid_table(page.influence_heads(language), page.influence_rows(found, language)))
    return out


# ---- trials -------------------------------------------------------------------------------------------


def trial_words(evaluation: Evaluation, language: str) -> StudyWords:
    """Return what the page of virtual trials says."""
    from simulator.report import trial_page as page
    from simulator.study.trials import MISSED, OPEN, REPRODUCED

    found = evaluation.found
    counts = {v: sum(f.verdict == v for f in found) for v in (REPRODUCED, MISSED, OPEN)}
    trials = list({f.trial.id: f.trial for f in found}.values())
    head = Text(label("trials head", language, all=len(found), trials=len(trials), **counts), style="bold")
    missed = [f for f in found if f.verdict == MISSED]
    answer: list[str | Text] = [head, *page.summary(found, language).splitlines()]
    answer += [f"{page.VERDICTS[MISSED][language == 'zh']}{colon(language)}{_trial_line(f, language)}" for f in missed]
    lacking = page.lacking_table(evaluation, language)
    drawn = page.CALIBRATIONS[evaluation.calibration][language == "zh"]
    return StudyWords(
        title=label("trials title", language, trials=len(trials)),
        asked=facts(
            language,
            trials=semicolon(language).join(t.label[language] for t in trials),  # whose names have commas
            seconds=label("in seconds", language, count=f"{evaluation.seconds:.0f}"),
        ),
        answer=bullets(answer),
        detail=[page.found_table(evaluation, language), Text(label("trials cannot", language), style="bold"), lacking],
        charts=[_forest(t.label[language], [f for f in found if f.trial.id == t.id], language) for t in trials],
        assumed=[(label("calibration", language), drawn)],
        notes=[label("trials note", language)],
        failures=[(line, "") for line in evaluation.failed],
    )


def _trial_line(f: Found, language: str) -> str:
    from simulator.report import trial_page as page

    given = {"value": f"{page.value_text(f.estimate)} {page.interval_text(f.low, f.high)}",
             "band": page.interval_text(f.row.low, f.row.high)}  # fmt: skip
    name = f"{f.trial.label[language]} · {f.row.label[language]}"  # two trials may ask for the same
    return f"{name}{colon(language)}{label('trial missed', language, **given)}"


def _forest(title: str, found: list[Found], language: str) -> dict[str, Any]:
    """Return the estimates of a trial, each on the scale of its band."""
    from simulator.report import trial_page as page

    rows = []
    for f in found:
        x, low, high = (page.position(f, v) if math.isfinite(v) else math.nan for v in (f.estimate, f.low, f.high))
        published = f.row.published.estimate
        mark = page.position(f, published) if published is not None else math.nan
        unit = unit_text(f.row.unit, language)
        value = page.value_text(f.estimate)
        tip = f"{value} {page.interval_text(f.low, f.high)} {unit}{semicolon(language)}{page.source_text(f, language)}"
        rows.append({
            "label": f.row.label[language], "note": page.VERDICTS[f.verdict][language == "zh"], "value": value,
            "x": _finite(x), "low": _finite(low), "high": _finite(high), "mark": _finite(mark), "tip": tip,
            "class": "main" if f.row.mark == "emergent" else "other",
        })  # fmt: skip
    return {
        "type": "rows", "title": title, "low": TRIAL_LEFT, "high": TRIAL_RIGHT, "shade": [0.0, 1.0], "rows": rows,
        "heads": [label("estimand", language), label("model", language)],
        "ends": [[0.0, label("band low", language)], [1.0, label("band high", language)]],
        "key": label("trials key", language),
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return min(max(value, TRIAL_LEFT - 9.0), TRIAL_RIGHT + 9.0) if math.isfinite(value) else None


# ---- what would have to be true ---------------------------------------------------------------------


def plan_words(found: Mapping[str, Any], language: str) -> StudyWords:
    """Return what the page of a fit to a plan says, from the manifest beside its sample."""
    from simulator.report import terminal_plan as page
    from simulator.report.plan_words import said

    likely, doubtful = page.by_likelihood(found, language)
    lost = int(found["bank"]["runs"]) - int(found["bank"]["completed"])
    return StudyWords(
        title=region_name(found["region"], language),
        status=said("no_forecast", language),
        asked=facts(
            language,
            scenario=str(found["scenario"]["file"]),
            seed=str(found["seed"]),
            runs=label("bank of runs", language, runs=plain_number(found["bank"]["completed"]), draws=found["draws"]),
            targets=str(found["together"]["targets"]),
        ),
        answer=bullets(page.summary(found, language)),
        detail=[*page.joint_parts(found, language), Text(likely)],
        folded=[
            *((page.head(t, language, found["bank"]["completed"]), bullets(page.told(t, language))) for t in doubtful),
            (label("plan sections", language), bullets(page.section_lines(found, language))),
        ],
        charts=[_likelihoods(found, language)],
        failures=[(label("bank failed", language, count=lost), "")] if lost else [],
        assumed=[(label("method", language), label("plan method", language, tolerance=f"{found['tolerance']:.0%}"))],
    )


def _likelihoods(found: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return how likely each target is at the evidence, the least likely first."""
    from simulator.report.terminal_plan import chance

    rows = []
    for target in sorted(found["targets"], key=lambda t: float(t["probability"] or 0.0)):
        p = float(target["probability"] or 0.0)
        kind = "up" if p >= 0.8 else "down" if p < 0.2 else "other"
        name = f"{target['name']} {target['target'][language]}"
        note = label("never met", language) if target["status"] == "never" else ""
        rows.append({"label": name, "note": note, "value": chance(p), "x": p, "from": 0.0, "class": kind})
    return {
        "type": "rows", "title": label("likelihoods", language), "low": 0.0, "high": 1.0, "rows": rows,
        "heads": [label("targets", language), label("chance", language)],
        "ends": [[0.0, "0 %"], [0.5, "50 %"], [1.0, "100 %"]], "key": label("likelihoods key", language),
    }  # fmt: skip
