"""What the pages of sensitivity studies, optimisations and discoveries say, in one language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from simulator.report.board import records
from simulator.report.html.blocks import is_dim, paragraphs
from simulator.report.html.labels import label
from simulator.report.html.study_words import StudyWords, assumed_of, bullets, facts, failed, status_of
from simulator.report.words import (
    apart,
    bracketed,
    colon,
    comma,
    figure,
    listed,
    plain_number,
    scale_of,
    scaled_unit,
    semicolon,
)

if TYPE_CHECKING:
    from simulator.study.discover import DiscoverResult
    from simulator.study.optimise import OptimiseResult
    from simulator.study.sensitivity import SensitivityResult

MOST_BARS = 12
BELOW = 3  # bars under the floor, to show where it lies


# ---- sensitivity --------------------------------------------------------------------------------------


def sensitivity_words(result: SensitivityResult, language: str) -> StudyWords:
    """Return what the page of a sensitivity study says."""
    from simulator.report import sensitivity_words as words

    meta = result.meta
    kinds = [label(f"{'one' if n == 1 else 'many'} {k}", language, count=n) for k, n in meta["kinds"].items() if n]
    outcomes = [words.outcome_title(about, language) for about in meta["outcomes"]]
    answer = [_matter(result, language), *(_hangs_on(result, about, language) for about in meta["outcomes"])]
    return StudyWords(
        title=f"{meta['region_name'][language]} · {meta['title'][language]}",
        status=status_of(result.scenario, language),
        asked=facts(
            language,
            outcomes=listed(outcomes, language),
            factors=listed(kinds, language),
            method=words.effort_text(meta, language),
            ranges=words.ranges_text(meta, language),
            seed=str(meta["seed"]),
        ),
        answer=bullets(answer),
        detail=[_factor_table(result, language)],
        charts=[c for c in (_tornado(result, about, language) for about in meta["outcomes"]) if c["rows"]],
        assumed=assumed_of(result.scenario, language),
        notes=[words.size_meaning(meta, language), words.floor_meaning(meta, language)],
        failures=failed(getattr(result, "failures", ())),
    )


def _matter(result: SensitivityResult, language: str) -> Text:
    """Return how many factors matter for any outcome."""
    mean = result.frame[result.frame["of"] == "mean"]
    above = mean[mean["above_floor"]].drop_duplicates("factor")
    given = {
        "above": int(above["factors"].sum()),
        "all": result.meta["factors"],
        "outcomes": len(result.meta["outcomes"]),
    }
    return Text(label("sensitivity head", language, **given), style="bold")


def _mean_rows(result: SensitivityResult, about: dict[str, Any]) -> list[dict[str, Any]]:
    frame = result.frame
    return records(frame[(frame["outcome"] == about["id"]) & (frame["of"] == "mean")])


def _hangs_on(result: SensitivityResult, about: dict[str, Any], language: str) -> Text:
    """Return in a sentence what an outcome hangs on most, and how many factors are under the floor."""
    from simulator.report import sensitivity_words as words

    rows, method = _mean_rows(result, about), result.meta["method"]
    line = Text.assemble((words.outcome_title(about, language) + colon(language), "bold"))
    above = [r for r in rows if r["above_floor"]]
    total, under = (sum(r["factors"] for r in some) for some in (rows, [r for r in rows if not r["above_floor"]]))
    if not rows:
        return line.append(label("not computed", language))
    if not above:
        return line.append(label("nothing above", language, all=total))
    key = words.KEYS[method]
    parts = [
        f"{words.factor_text(r, language)}"
        + bracketed(words.size_text(r[key], about["unit"], method, language, r["sign"]), language)
        for r in above[:3]
    ]
    text = label("hangs on", language, factors=semicolon(language).join(parts), under=under, all=total)
    return line.append(text)


def _factor_table(result: SensitivityResult, language: str) -> Table:
    """Return every factor above the floor by outcome, with size, interval and grade of the evidence."""
    from simulator.report import sensitivity_words as words

    method = result.meta["method"]
    key, table = words.KEYS[method], Table(box=None)
    for k, head in enumerate(("outcome", "factor", "size", "interval", "evidence")):
        table.add_column(label(head, language), justify="right" if k in (2, 3) else "left")
    for about in result.meta["outcomes"]:
        for r in (r for r in _mean_rows(result, about) if r["above_floor"]):
            low, high = (_bare(r[f"{key}_{end}"], about["unit"], method, language) for end in ("low", "high"))
            table.add_row(
                words.outcome_title(about, language), words.factor_text(r, language),
                words.size_text(r[key], about["unit"], method, language, r["sign"]), f"{low} – {high}",
                words.grade_text(r["grade"], language) if r["grade"] else "–",
            )  # fmt: skip
    return table


def _bare(value: float, unit: str, method: str, language: str) -> str:
    return f"{100.0 * value:.0f} %" if method == "sobol" else apart(abs(value), unit, language)


def _tornado(result: SensitivityResult, about: dict[str, Any], language: str) -> dict[str, Any]:
    from simulator.report import sensitivity_words as words

    method, rows = result.meta["method"], _mean_rows(result, about)
    key, unit = words.KEYS[method], about["unit"]
    moving = [r for r in rows if r[key] > 0.0]
    below = [r for r in moving if not r["above_floor"]][:BELOW]
    shown = [*[r for r in moving if r["above_floor"]][:MOST_BARS], *below]
    most = max([r[f"{key}_high"] for r in shown if math.isfinite(r[f"{key}_high"])] + [r[key] for r in shown] + [1e-12])
    floor = float(rows[0]["floor"]) if rows else math.nan
    high = 1.06 * max(most, floor if math.isfinite(floor) else 0.0)
    return {
        "type": "rows", "title": words.outcome_title(about, language), "low": 0.0, "high": high,
        "heads": [label("factor", language), label("size", language)],
        "lines": [floor] if math.isfinite(floor) else [], "key": label(f"tornado key {method}", language),
        "ends": [[0.0, "0"], [high, _bare(high, unit, method, language)]],
        "rows": [{
            "label": words.factor_text(r, language), "note": "" if r["above_floor"] else label("under floor", language),
            "value": words.size_text(r[key], unit, method, language, r["sign"] if method == "morris" else 0),
            "x": r[key], "from": 0.0, "low": r[f"{key}_low"], "high": r[f"{key}_high"],
            "class": "none" if not r["above_floor"] else {1: "up", -1: "down"}.get(r["sign"], "other"),
        } for r in shown],
    }  # fmt: skip


# ---- optimise -----------------------------------------------------------------------------------------


def optimise_words(result: OptimiseResult, language: str) -> StudyWords:
    """Return what the page of an optimisation says."""
    from simulator.report import optimise_page as page
    from simulator.report import optimise_words as words
    from simulator.study.optimise_output import meta_of

    goal, meta = result.goal, meta_of(result)
    head, *rest = paragraphs(page.optimise_screen(result, language))
    parts = [part for group in rest for part in group]
    answer = [p for p in parts if isinstance(p, Text) and not is_dim(p)]
    doses = [f"{words.dose_name(result, d, language)}{_bounds(d, language)}" for d in result.doses.all]
    demand = "" if goal.least is None else label("at least", language, least=f"{goal.least:g}")
    budget = "" if goal.budget is None else figure(goal.budget, "CNY", language)
    weights = {t.id: w for t, w in zip(goal.targets, goal.weights, strict=True)}
    same = len(set(weights.values())) < 2
    weighted = [i if same else f"{i} ×{plain_number(w)}" for i, w in weights.items()]
    return StudyWords(
        title=f"{meta['region_name'][language]} · {result.scenario.title[language]}",
        status=status_of(result.scenario, language),
        asked=facts(
            language,
            aims=listed([words.aim_name(a, goal, language) for a in goal.aims], language),
            targets=listed(weighted, language) + demand,
            doses=semicolon(language).join(doses),
            budget=budget,
            runs=next((p.plain for p in head[::-1] if isinstance(p, Text) and is_dim(p)), ""),
            seed=str(result.seed),
        ),
        answer=[*_front_head(result, language), *answer],
        detail=[p for p in parts if isinstance(p, Table)],
        charts=_fronts(result, language),
        assumed=assumed_of(result.scenario, language),
        notes=[p.plain for p in parts if isinstance(p, Text) and is_dim(p)],
        failures=failed(result.failures),
    )


def _front_head(result: OptimiseResult, language: str) -> list[RenderableType]:
    """Return in a sentence from where to where the front goes, and where the plan as written lies."""
    from simulator.report.optimise_words import SAID, aim_value

    aim = next((a for a in result.goal.aims if a != "cost"), "")
    if not result.points or not aim:
        return []
    order = sorted(result.points, key=lambda p: p.scored["cost"][0])

    def at(point: Any) -> str:
        cost, value = (aim_value(a, point.scored[a][0], language) for a in ("cost", aim))
        return cost + bracketed(f"{SAID[aim][language == 'zh']} {value}", language)

    given = {"count": len(order), "low": at(order[0]), "high": at(order[-1]), "plan": at(result.plan)}
    return [Text(label("front head" if len(order) > 1 else "front one", language, **given), style="bold")]


def _bounds(dose: Any, language: str) -> str:
    from simulator.report.optimise_words import dose_value

    low, high = (getattr(dose, k, None) for k in ("low", "high"))
    if low is None or high is None:
        return ""
    return bracketed(f"{dose_value(dose, low, language)} – {dose_value(dose, high, language)}", language)


def _fronts(result: OptimiseResult, language: str) -> list[dict[str, Any]]:
    """Return the front for each aim beside the cost, with the plan as written."""
    from simulator.report import optimise_page as page
    from simulator.report import optimise_words as words

    if not result.points:
        return []
    names = {p.number: name for name, p in page.roles(result, language)}
    out = []
    for aim in (a for a in result.goal.aims if a != "cost"):
        points: list[dict[str, Any]] = []
        for p in (*sorted(result.points, key=lambda p: p.scored["cost"][0]), result.plan):
            (x, dx), (y, dy) = p.scored["cost"], p.scored[aim]
            name = names.get(p.number, "") if p.number else label("as written", language)
            said = f"{p.number or ''} {name}".strip()
            tip = comma(language).join((words.with_error("cost", (x, dx), language),
                                        words.with_error(aim, (y, dy), language)))  # fmt: skip
            points.append({"x": x, "y": y, "dx": dx, "dy": dy, "label": said if name else str(p.number),
                           "tip": f"{said}{colon(language)}{tip}",
                           "class": "plan" if not p.number else "other" if name else "main"})  # fmt: skip
        factor, scale = scale_of(max(abs(p["x"]) for p in points), "CNY", language)
        unit = bracketed(scaled_unit(scale, "CNY", language), language)
        out.append({
            "type": "points", "title": words.aim_name(aim, result.goal, language), "points": points, "xfactor": factor,
            "yfactor": 1.0 if aim == "probability" else 0.01,
            "xname": words.axis_name("cost", result.goal, language) + unit,
            "yname": words.axis_name(aim, result.goal, language), "key": label("front key", language),
        })  # fmt: skip
    return out


# ---- discover -----------------------------------------------------------------------------------------


def discover_words(result: DiscoverResult, language: str) -> StudyWords:
    """Return what the page of a discovery says."""
    from simulator.report import discover as page
    from simulator.report import discover_words as words

    meta, region = page.meta_of(result), result.scenario.region
    found = [line for group in page.findings(result, language) for line in group]
    return StudyWords(
        title=f"{region.name[language]} · {result.scenario.title[language]}",
        status=status_of(result.scenario, language),
        asked=facts(
            language,
            missed=words.target_words(result, language),
            runs=label("futures of draws", language, runs=meta["completed"], draws=meta["draws"]),
            varied=words.varied_words(result, language),
            sampling=label(f"sampling {result.asked.sampling}", language),
            seed=str(result.asked.seed),
        ),
        answer=[Text(words.headline(result, language), style="bold"), *found],
        detail=[_box_table(result, language)] if result.boxes else [],
        charts=_boxes(result, language),
        assumed=assumed_of(result.scenario, language),
        notes=page.notes(result, language),
        failures=failed(result.failures),
    )


def _box_table(result: DiscoverResult, language: str) -> Table:
    """Return a row a condition of each box: what it holds, how often it came back."""
    from simulator.report.discover_words import factor_in_full, level_words, percent, span_words

    table = Table(box=None)
    for k, head in enumerate(("box", "factor", "holds", "comes back", "misses in box", "of all misses")):
        table.add_column(label(head, language), justify="left" if k in (1, 2) else "right")
    for number, found in enumerate(result.boxes, 1):
        for name, r in found.box.items():
            factor = result.factor(name)
            held = listed([level_words(factor, factor.levels[k], language) for k in r.kept or ()], language)
            held = held or span_words(r, factor, language)
            shares = (min(found.returns[side] for side in r.sides), found.density, found.coverage)
            table.add_row(
                str(number), factor_in_full(factor, language), held, *(percent(share, language) for share in shares)
            )
    return table


def _boxes(result: DiscoverResult, language: str) -> list[dict[str, Any]]:
    """Return for each box which part of the range of every factor it holds."""
    from simulator.report.discover_words import factor_meaning, span_words

    out = []
    for number, found in enumerate(result.boxes, 1):
        rows = []
        for name, r in found.box.items():
            if r.kept is not None:
                continue
            column = result.asked.columns[name]
            low, high = float(column.min()), float(column.max())
            start, end = ((min(max(v, low), high) - low) / ((high - low) or 1.0) for v in (r.low, r.high))
            factor = result.factor(name)
            value = span_words(r, factor, language)
            rows.append({"label": factor_meaning(factor, language), "value": value, "x": end, "from": start,
                         "class": "other", "tip": value})  # fmt: skip
        if rows:
            out.append({
                "type": "rows", "title": label("box number", language, number=number), "low": 0.0, "high": 1.0,
                "heads": [label("factor", language), label("holds", language)], "rows": rows, "shade": [0.0, 1.0],
                "ends": [[0.0, label("lowest", language)], [1.0, label("highest", language)]],
                "key": label("box key", language),
            })  # fmt: skip
    return out
