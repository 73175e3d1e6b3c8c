"""What would have to be true for a plan to come true, in words: the page of ``ris calibrate REGION --to plan``.

Everything is read from the manifest beside the sample, so that the page can be printed again without a run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.report.catalogue import parameter_doc, region_name
from simulator.report.parameter_names import parameter_words, rows_by_name
from simulator.report.plan_words import said
from simulator.report.words import (
    colon,
    figure,
    full_figure,
    listed,
    plain_number,
    section_text,
    semicolon,
    unit_text,
    word,
)
from simulator.study.history import LEAST_SHARE
from simulator.study.plan_calibration import LIKELY
from simulator.study.plan_doses import RUNS
from simulator.study.plan_push import ENOUGH, LUCKS, STEPS

NAMED = 3  # levers or parameters named in a sentence
DESCRIBED = 2  # parameters described in one
LEAST_SHIFT = 0.2  # prior standard deviations below which a parameter is not worth naming
JOINT_NAMED = 10
Plain = Mapping[str, Any]


def lever_names(names: Sequence[str], language: str) -> str:
    """Return the labels of some levers, the first few by name."""
    from simulator.model import LEVERS

    shown = [LEVERS[n].label[language] if n in LEVERS else n for n in names[:NAMED]]
    rest = len(names) - len(shown)
    return listed(shown, language) + (said("more", language, rest=rest, count=len(names)) if rest else "")


def source_of(parameter: str) -> str:
    """Return the key of a parameter's source, or ``assumed``."""
    row = rows_by_name().get(parameter)
    return "assumed" if row is None else row.source


def _float(x: float | None) -> float:
    return math.nan if x is None else float(x)


def times(shift: Plain, language: str) -> str:
    """Return by how much a parameter differs from the evidence: a ratio and both values, or the values alone."""
    value, base = _float(shift["value"]), _float(shift["evidence"])
    row = rows_by_name().get(str(shift["parameter"]))
    unit = unit_text(row.unit, language) if row is not None else ""
    shown = f"{plain_number(value)} {unit}".rstrip()
    if not value * base > 0.0:
        return said("instead", language, value=shown, base=plain_number(base))
    key = "times_assumed" if source_of(shift["parameter"]) == "assumed" else "times"
    return said(key, language, ratio=plain_number(value / base), value=shown, base=plain_number(base))


def short_times(shift: Plain, language: str) -> str:
    """Return a parameter by its dotted name alone with its ratio to the evidence, or its value where there is none."""
    value, base, name = _float(shift["value"]), _float(shift["evidence"]), shift["parameter"]
    if not value * base > 0.0:
        return said("short_to", language, name=name, value=plain_number(value))
    return said("short", language, name=name, ratio=plain_number(value / base))


def range_words(shift: Plain, language: str) -> str:
    """Return where a value lies: inside or beyond the range of the evidence, or of what is assumed."""
    source = source_of(shift["parameter"])
    key = ("assumed" if source == "assumed" else "sourced") + ("_beyond" if shift["beyond"] else "_inside")
    low, high = (plain_number(_float(shift[k])) for k in ("low", "high"))
    return said(key, language, source=source, low=low, high=high)


def chance(probability: float | None) -> str:
    """Return a probability in percent, small ones with a digit more, a dash where there is none."""
    if probability is None or not math.isfinite(probability):
        return "–"
    return f"{probability:.0%}" if probability >= 0.095 or probability == 0.0 else f"{probability:.1%}"


def part_of(attained: float | None, language: str) -> str:
    """Return what is attained of a target in percent, in words where there is no such figure.

    A figure just short of the target is not rounded up to all of it.
    """
    if attained is None or not math.isfinite(attained):
        return said("unbounded" if attained == math.inf else "unknown", language)
    return f"{attained:.0%}" if not 0.995 <= attained < 1.0 else f"{min(attained, 0.999):.1%}"


def head(target: Plain, language: str, runs: int) -> str:
    """Return a target with its figure, and how likely it is at the evidence."""
    told = target["target"]
    bound = "≥" if told["op"] == "ge" else ">"
    what = f"{target['name']} {told[language]}{colon(language)}"
    what += said("by", language, figure=full_figure(told["value"], told["unit"], language, bound), year=told["year"])
    if target["status"] == "never":
        return said("never", language, what=what, runs=runs, near=part_of(target["nearest"], language))
    return said("sometimes", language, what=what, share=chance(target["probability"]))


def draws_words(target: Plain, language: str) -> str:
    """Return which parameters differ in the draws that meet a target, or come nearest."""
    if target.get("left_out"):
        return said("left_out_alone", language, missed=f"{1.0 - LEAST_SHARE:.0%}")
    shown = [s for s in target["shifts"] if abs(s["shift"]) >= LEAST_SHIFT][:DESCRIBED]
    if not shown:
        return said("no_parameter", language)
    parts = [_one(s, language) for s in shown]
    lead = "in_nearest" if target["status"] == "never" else "in_those"
    beyond = [f"{s['parameter']} {range_words(s, language)}" for s in shown if s["beyond"]]
    where = said("those_beyond", language, which=semicolon(language).join(beyond)) if beyond else ""
    return said(lead, language, parts=semicolon(language).join(parts)) + (where or said("all_inside", language))


def _one(shift: Plain, language: str) -> str:
    words = parameter_words(shift["parameter"], language)
    return said("is", language, parameter=words, times=times(shift, language))


def push_words(target: Plain, language: str) -> list[str]:
    """Return how far from the evidence a target comes true, one sentence a push."""
    central = target["central"]["met"]
    if not target["pushes"] and central >= ENOUGH and target["probability"] < LIKELY:
        return [said("central", language, met=round(central * len(LUCKS)), runs=len(LUCKS))]
    alone = [p for p in target["pushes"] if p["parameter"] is not None]
    out = [_alone_words(p, language) for p in alone if p["distance"] is not None][:DESCRIBED]
    failed = [
        said("reaches", language, name=p["parameter"], reached=part_of(p["attained"], language))
        for p in alone
        if p["distance"] is None
    ]
    if failed and not out:
        out.append(said("alone_not", language, far=f"{STEPS[-1]:g}", parts=listed(failed, language)))
    return out + [_together_words(p, language) for p in target["pushes"] if p["parameter"] is None]


def _alone_words(push: Plain, language: str) -> str:
    shift = push["shifts"][0]
    words = parameter_words(push["parameter"], language)
    where = range_words(shift, language)
    given = {"met": round(push["met"] * len(LUCKS)), "runs": len(LUCKS)}
    return said("alone", language, parameter=words, times=times(shift, language), where=where, **given)


def _together_words(push: Plain, language: str) -> str:
    if push["distance"] is None:
        return said("together_not", language, far=f"{STEPS[-1]:g}", reached=part_of(push["attained"], language))
    shown = [s for s in push["shifts"][:NAMED] if abs(s["shift"]) >= LEAST_SHIFT]
    parts = listed([short_times(s, language) for s in shown], language)
    given = {"met": round(push["met"] * len(LUCKS)), "runs": len(LUCKS)}
    return said("together", language, distance=push["distance"], parts=parts, **given)


def dose_words(dose: Plain | None, language: str) -> list[str]:
    """Return which doses would meet a target at the evidence's parameters, and at what cost."""
    if dose is None:
        return []
    if not dose["levers"]:
        return [said("no_lever", language)]
    last = dose["steps"][-1]
    step = next((s for s in dose["steps"] if s["factor"] == dose["needed"]), last)
    given = {
        "levers": lever_names(dose["levers"], language), "factor": step["factor"],
        "reached": part_of(step["attained"], language), "plan": part_of(dose["plan"]["attained"], language),
        "cost": money_a_year(step["cost"], language),
        "met": round(step["met"] * RUNS), "runs": RUNS, "before": round(dose["plan"]["met"] * RUNS),
    }  # fmt: skip
    if dose["plan"]["met"] >= ENOUGH:
        most = {
            "factor": last["factor"],
            "met": round(last["met"] * RUNS),
            "cost": money_a_year(last["cost"], language),
        }
        return [said("dose_enough", language, **given | most)]
    text = said("dose_not" if dose["needed"] is None else "dose", language, **given)
    if dose["needed"] is None and dose.get("limited"):
        text += said("dose_limited", language, levers=lever_names(dose["limited"], language))
    if dose["alone"]:
        parts = [
            said("lever_alone", language, lever=lever_names([a["lever"]], language),
                 reached=part_of(a["attained"], language), cost=money_a_year(a["cost"], language))
            for a in dose["alone"]
        ]  # fmt: skip
        factor = dose["alone"][0]["factor"]
        text += said("doses_alone", language, factor=factor, parts=semicolon(language).join(parts))
    return [text]


def money_a_year(value: float | None, language: str) -> str:
    """Return a sum a year, above what the plan costs, in words; also where it is not known."""
    if value is None or not math.isfinite(value):
        return said("cost_unbounded" if value == math.inf else "cost_unknown", language)
    return said("saved" if value < 0.0 else "cost", language, sum=figure(abs(value), "CNY", language))


def summary(found: Plain, language: str) -> list[str]:
    """Return the sentences on the plan as a whole."""
    both, joint = found["together"], found["all"]
    lines = [
        said("meets", language, runs=found["bank"]["completed"], **both),
        said("with_sample", language, mean=both["mean_with_sample"], tolerance=f"{found['tolerance']:.0%}"),
    ]
    if left := [t for t in found["targets"] if t["name"] in joint.get("left_out", ())]:
        which = listed([f"{t['name']} {t['target'][language]}" for t in left], language)
        rest = both["targets"] - len(left)
        lines.append(said("left_out", language, which=which, missed=f"{1.0 - LEAST_SHARE:.0%}", rest=rest))
    if joint["shifts"]:
        shown = [s for s in joint["shifts"] if abs(s["shift"]) >= LEAST_SHIFT]
        far = sum(s["beyond"] for s in shown)
        given = {"distance": f"{joint['distance']:.1f}", "count": len(shown), "beyond": far, "least": LEAST_SHIFT}
        lines.append(said("joint", language, **given))
    lines += [
        said("everything", language, factor=e["factor"], met=e["met"], count=both["targets"],
             cost=money_a_year(e["cost"], language))
        for e in found["everything"]
    ]  # fmt: skip
    return lines


def joint_table(found: Plain, language: str) -> Table:
    """Return the parameters that the whole plan asks for, the farthest from the evidence first."""
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for k, name in enumerate(said("heads", language).split("|")):
        table.add_column(Text(name, style="dim"), justify="left" if k < 1 or k > 3 else "right", overflow="fold")
    for s in found["all"]["shifts"][:JOINT_NAMED]:
        span = said("span", language, low=plain_number(_float(s["low"])), high=plain_number(_float(s["high"])))
        mark = said("mark_beyond", language) if s["beyond"] else ""
        figures = [plain_number(_float(s[k])) for k in ("evidence", "value")] + [f"{s['shift']:+.1f}"]
        name = s["parameter"]
        source = source_of(name)
        shown = word(source, language) if source == "assumed" else source
        words = Text(f"{parameter_doc(name, language)}\n").append(f"{name} · {shown}", style="dim")
        table.add_row(words, *figures, span + mark)
    return table


def section_line(section: Plain, language: str) -> str:
    """Return how likely all targets of a section are together."""
    given = {"name": section_text(section["name"], language), "ids": listed(section["targets"], language)}
    key = "section_never" if section["status"] == "never" else "section"
    return said(key, language, share=chance(section["probability"]), **given)


def told(target: Plain, language: str) -> list[str]:
    """Return what would have to be true for a target: of the draws, of single parameters, of doses."""
    lines = [draws_words(target, language), *push_words(target, language)]
    return [*lines, *dose_words(target["doses"], language)]


def by_likelihood(found: Plain, language: str) -> tuple[str, list[Plain]]:
    """Return a line that names the targets which are likely at the evidence, and the others."""
    likely = [t["name"] for t in found["targets"] if t["probability"] >= LIKELY]
    doubtful = [t for t in found["targets"] if t["probability"] < LIKELY]
    return said("likely", language, ids=listed(likely, language) or "–"), doubtful


def joint_parts(found: Plain, language: str) -> list[RenderableType]:
    """Return the parameters that the whole plan asks for under their title; nothing where it asks for none."""
    if not found["all"]["shifts"]:
        return []
    return [Text(said("joint_title", language), style="bold"), joint_table(found, language)]


def section_lines(found: Plain, language: str) -> list[str]:
    """Return how likely all targets of each section are together, where it has several."""
    return [section_line(s, language) for s in found["sections"] if len(s["targets"]) > 1]


def plan_screen(found: Plain, language: str) -> RenderableType:
    """Return the whole page from a manifest."""
    runs = found["bank"]["completed"]
    likely, doubtful = by_likelihood(found, language)
    parts: list[RenderableType] = [
        Text(said("title", language, region=region_name(found["region"], language)), style="bold"),
        Text(said("no_forecast", language), style="yellow"),
        Text(""),
        *(Text(line) for line in summary(found, language)),
    ]
    if joint := joint_parts(found, language):
        parts += [Text(""), *joint]
    parts += [Rule(style="dim"), Text(likely)]
    for target in doubtful:
        parts += [Text(""), Text(head(target, language, runs), style="bold")]
        parts += [Padding(Text(line), (0, 0, 0, 2)) for line in told(target, language)]
    return Group(*parts, Rule(style="dim"), *map(Text, section_lines(found, language)))
