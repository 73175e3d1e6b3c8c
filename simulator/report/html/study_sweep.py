"""What the page of a sweep says, in one language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.text import Text

from simulator.report.board import records
from simulator.report.html.labels import label
from simulator.report.html.study_words import StudyWords, assumed_of, bullets, facts, failed, status_of
from simulator.report.words import apart, colon, distance, figure, listed, scale_of, scaled_unit, semicolon

if TYPE_CHECKING:
    from simulator.study.sweep import SweepResult

MOST_LINES, MOST_POINTS = 8, 24
NAMED = 6


def sweep_words(result: SweepResult, language: str) -> StudyWords:
    """Return what the page of a sweep says."""
    from simulator.report import sweep_pages, sweep_shared
    from simulator.report import sweep_words as words

    plan, shown = result.plan, sweep_shared.outcomes_shown(result, MOST_LINES)
    units = {name: words.factor_unit(name, result) for name in plan.names}
    swept = [
        words.factor_label(n, result, language)
        + colon(language)
        + listed([words.value_text(v, units[n], language) for v in _few(sweep_shared.column(result, n))], language)
        for n in plan.names
    ]
    meta = sweep_shared.meta_of(result)
    runs = label("points of runs", language, points=len(plan.points), runs=plan.runs, draws=meta["draws"])
    outcomes = listed([words.outcome_label(n, result, language) for n in plan.outcomes[:NAMED]], language)
    more = len(plan.outcomes) - NAMED
    outcomes += label("and more", language, more=more) if more > 0 else ""
    notes = sweep_pages.notes(result, shown, language)
    return StudyWords(
        title=sweep_shared.heading(result, language),
        status=status_of(result.scenario, language),
        asked=facts(
            language,
            swept=semicolon(language).join(swept),
            design=words.design_name(plan.kind, language),
            runs=runs,
            outcomes=outcomes,
            seed=str(plan.seed),
        ),
        answer=bullets(_sweep_answer(result, language)),
        detail=[sweep_pages.outcome_table(result, list(plan.outcomes), language)],
        charts=_sweep_charts(result, shown, language),
        assumed=assumed_of(result.scenario, language),
        notes=[line for line in notes if ".csv" not in line],  # the table of the page has every outcome
        failures=failed(result.failures),
    )


def _few(values: list[Any]) -> list[Any]:
    different = list(dict.fromkeys(values))
    return different if len(different) <= 2 * NAMED else [*different[:NAMED], "…", *different[-2:]]


def _clear(row: dict[str, Any]) -> bool:
    return bool(row["ci_low"] * row["ci_high"] > 0.0)  # NaN where a single draw says nothing


def _sweep_answer(result: SweepResult, language: str) -> list[str | Text]:
    """Return which outcomes change clearly from the first point, the widest change of each, and which do not."""
    from simulator.report import sweep_words as words

    frame, out, still = result.summary(), list[tuple[float, float, Text]](), list[str]()
    for name in result.plan.outcomes:
        rows = records(frame[frame["outcome"] == name])
        unit, said = words.outcome_unit(name, result), words.outcome_label(name, result, language)
        clear = [r for r in rows[1:] if _clear(r)]
        if not clear:
            still.append(said)
            continue
        most = max(clear, key=lambda r: abs(r["difference"]))
        low, high = (distance(most[k], unit, language) for k in ("ci_low", "ci_high"))
        gap = apart(most["difference"], unit, language, sign=True)
        at = words.point_text(result, int(most["point"]) - 1, language)
        line = Text.assemble((f"{said}{colon(language)}", "bold"))
        line.append(label("moves at", language, gap=gap, low=low, high=high, at=at))
        if math.isfinite(most["probability"]):
            line.append(f"{semicolon(language)}P {rows[0]['probability']:.2f} → {most['probability']:.2f}")
        turn = abs(most["probability"] - rows[0]["probability"]) if math.isfinite(most["probability"]) else -1.0
        out.append((turn, abs(most["difference"]) / (abs(rows[0]["mean"]) or 1.0), line))
    first = words.point_text(result, 0, language)
    head = label("sweep head", language, moved=len(out), all=len(result.plan.outcomes), first=first)
    lines: list[str | Text] = [Text(head, style="bold")]
    lines += [line for *_, line in sorted(out, key=lambda found: (-found[0], -found[1]))[:MOST_LINES]]
    if len(out) > MOST_LINES:
        lines.append(Text(label("more below", language, more=len(out) - MOST_LINES), style="dim"))
    if still:
        more = label("and more", language, more=len(still) - NAMED) if len(still) > NAMED else ""
        lines.append(Text(label("sweep still", language) + listed(still[:NAMED], language) + more, style="dim"))
    return lines


def _sweep_charts(result: SweepResult, shown: list[str], language: str) -> list[dict[str, Any]]:
    from simulator.report import sweep_shared

    values = sweep_shared.column(result, result.plan.names[0])
    alone = len(result.plan.names) == 1 and len(set(values)) > 2 and sweep_shared.numeric(values)
    make = _sweep_lines if alone else _sweep_rows
    return [make(result, name, language) for name in shown]


def _sweep_lines(result: SweepResult, outcome: str, language: str) -> dict[str, Any]:
    from simulator.report import sweep_shared
    from simulator.report import sweep_words as words

    (name,), unit = result.plan.names, words.outcome_unit(outcome, result)
    frame = sweep_shared.of_outcome(result, outcome)
    xs = [float(v) for v in sweep_shared.column(result, name)]
    order = sorted(range(len(xs)), key=xs.__getitem__)
    rows = [records(frame)[k] for k in order]
    of = words.factor_unit(name, result)
    names = [words.value_text(xs[k], of, language) for k in order]
    target = rows[0]["target"]
    factor, scale = scale_of(max(abs(float(r["p95"])) for r in rows), unit, language)
    shown = [math.log10(x) if name in result.plan.logs and x > 0 else x for x in sorted(xs)]
    return {
        "type": "lines", "title": words.outcome_label(outcome, result, language), "xs": shown, "names": names,
        **{k: [r[k] for r in rows] for k in ("p50", "p05", "p95")},
        "tips": [_tip(n, r, unit, language) for n, r in zip(names, rows, strict=True)],
        "target": None if math.isnan(target) else target,
        "target_text": label("goal", language, value=words.target_text(outcome, result, language)),
        "factor": factor, "unit": scaled_unit(scale, unit, language), "middle": label("middle", language),
        "xname": words.factor_label(name, result, language, short=True), "key": label("lines key", language),
    }  # fmt: skip


def _tip(name: str, row: dict[str, Any], unit: str, language: str) -> str:
    text = f"{name}{colon(language)}{figure(row['p50'], unit, language)} "
    text += f"[{figure(row['p05'], unit, language)} – {figure(row['p95'], unit, language)}]"
    return text if math.isnan(row["probability"]) else f"{text}{semicolon(language)}P {row['probability']:.2f}"


def _sweep_rows(result: SweepResult, outcome: str, language: str) -> dict[str, Any]:
    from simulator.report import sweep_shared
    from simulator.report import sweep_words as words

    unit = words.outcome_unit(outcome, result)
    rows = records(sweep_shared.of_outcome(result, outcome))
    if len(rows) > MOST_POINTS:
        rows = [rows[0], *sorted(rows[1:], key=lambda r: -r["p50"])[: MOST_POINTS - 1]]
    target = float(rows[0]["target"])
    seen = [float(r[k]) for r in rows for k in ("p05", "p95")] + ([] if math.isnan(target) else [target])
    low, high = _around(seen)
    return {
        "type": "rows", "title": words.outcome_label(outcome, result, language), "low": low, "high": high,
        "heads": [label("point", language), label("median", language)],
        "lines": [] if math.isnan(target) else [target], "key": label("rows key", language),
        "ends": _ends(low, high, unit, language),
        "rows": [{
            "label": words.point_text(result, int(r["point"]) - 1, language), "value": figure(r["p50"], unit, language),
            "x": r["p50"], "low": r["p05"], "high": r["p95"], "tip": _tip(str(int(r["point"])), r, unit, language),
        } for r in rows],
    }  # fmt: skip


def _around(seen: list[float]) -> tuple[float, float]:
    """Return the ends of a scale that holds all figures."""
    good = [v for v in seen if math.isfinite(v)] or [0.0, 1.0]
    low, high = min(good), max(good)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return (0.0 if 0.0 <= low < 0.35 * high else low - room), high + room


def _ends(low: float, high: float, unit: str, language: str) -> list[list[Any]]:
    """Return the ends of a scale as text, at a scale that both share."""
    return [[v, figure(v, unit, language)] for v in (low + 0.02 * (high - low), high - 0.02 * (high - low))]
