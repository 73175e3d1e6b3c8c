"""What is known of one target or indicator, gathered from committed files alone: nothing is run.

What moves it (``influence.csv``), through which terms and mechanisms (the declarations), with which evidence
(``lever_effects.yaml``, ``evidence.yaml``), how sure it is and which parameter that hangs on (``uncertainty.csv``) and
where it comes from (``attribution.csv``); and which of these files are older than the model.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simulator.core.problems import Place, Problems
from simulator.model import INDICATORS, LEVERS, SCHEDULE
from simulator.study import influence, made, plans, uncertainty
from simulator.study.grades import grade_of, lever_evidence
from simulator.study.links import taken_up_by, terms_named
from simulator.study.priors import parameter_rows
from simulator.study.targets import CALIBRATION, NOT_SIMULATED, Target, load_targets

DEFAULT_REGION = "qingdao"
FILES = (influence.TABLE, uncertainty.TABLE, uncertainty.ATTRIBUTION)


def explain(what: str, language: str, region: str | None = None, folder: Path = CALIBRATION) -> dict[str, Any]:
    """Return everything known of a target (by id) or an indicator (by name), as plain values.

    Raises InputError for what is neither, and for a region that has no such thing.
    """
    target = _target(what, region)
    if target is None and what not in INDICATORS:
        problems = Problems()
        known = [t.id for t in load_targets(region)] + list(INDICATORS)
        problems.add(Place(what), "neither a target nor an indicator", read=what, among=known)
        problems.raise_any()
    where = target.region if target is not None else region or DEFAULT_REGION
    name = target.indicator if target is not None else what
    known_name = name if name in INDICATORS else None
    out: dict[str, Any] = {"what": what, "region": where, "target": _target_facts(target, language)}
    out["indicator"] = _indicator_facts(known_name, language)
    out["status"] = "simulated" if known_name else NOT_SIMULATED
    out["targets"] = [t.id for t in load_targets(where) if known_name is not None and t.indicator == known_name]
    out["moved_by"] = [] if known_name is None else movers(known_name, where, language, target, folder)
    out["uncertainty"] = None if known_name is None else certainty(what, where, language, folder)
    out["comes_from"] = None if target is None else attribution(target, folder)
    out["files"] = {f.name: made.state_of(folder / f.name, where, folder / made.FILE.name) for f in FILES}
    return out


def _target(what: str, region: str | None) -> Target | None:
    found = [t for t in load_targets(region) if t.id.lower() == what.lower()]
    return found[0] if found else None


def _target_facts(target: Target | None, language: str) -> dict[str, Any] | None:
    if target is None:
        return None
    lead = plans.lead_of(plans.load_leads(), target.region, target.section)
    facts = {k: getattr(target, k) for k in ("id", "section", "kind", "year", "op", "value", "unit", "scale", "quote")}
    return facts | {"name": target.name[language], "lead": "" if lead is None else lead.lead, "note": target.note}


def _indicator_facts(name: str | None, language: str) -> dict[str, Any] | None:
    if name is None:
        return None
    i = INDICATORS[name]
    true = None if i.true is None else {"name": i.true, "label": INDICATORS[i.true].label[language]}
    facts = {"name": name, "label": i.label[language], "unit": i.unit, "kind": i.kind, "observer": i.observer}
    from simulator.report.catalogue import definition

    return facts | {"definition": definition(name, language), "true": true}


# ---- what moves it ----------------------------------------------------------------------------------


def movers(
    indicator: str, region: str, language: str, target: Target | None = None, folder: Path = CALIBRATION
) -> list[dict[str, Any]]:
    """Return the levers whose dose moves an indicator more than luck does there, the strongest first.

    Effects are in the target's unit, save for growth, else in the indicator's; where a city was not looked at, those
    of Qingdao stand in and ``city`` says so. A lever that is declared to move it and does not stand clear comes last,
    with no figure.
    """
    rows = _rows(indicator, folder)
    city = region if any(r["city"] == region for r in rows) else DEFAULT_REGION
    factor = 1.0 if target is None or target.kind == "growth" else target.scale
    unit = INDICATORS[indicator].unit if target is None or target.kind == "growth" else target.unit
    measures, found = plans.load_measures(region), list[dict[str, Any]]()
    clear = _clear(r for r in rows if r["city"] == city)
    scale = influence.scale_in(city) if clear else 1.0
    declared = [n for n, lever in LEVERS.items() if indicator in lever.moves and n not in clear]
    for name in (*clear, *declared):
        lever = LEVERS[name]
        fact: dict[str, Any] = {"lever": name, "label": lever.label[language], "city": city, "unit": unit}
        row = clear.get(name)
        figures = ("effect", "low", "high")
        fact |= {k: None if row is None else float(row[k]) * factor for k in figures}
        fact["relative"] = float(row["relative"]) if row is not None and row["relative"] else None
        fact["years"] = None if row is None else _years(row)
        fact["declared"] = indicator in lever.moves
        terms = sorted(terms_named(inspect.getsource(lever.offer)))
        dose = influence.dose_in(lever, city, scale)
        found.append(
            fact
            | {"terms": terms, "mechanisms": _mechanisms(terms, language)}
            | {"dose": dose, "cost_per_year": influence.cost_per_year(lever, dose), "measures": _carry(name, measures)}
            | lever_evidence(name)
        )
    return sorted(found, key=lambda f: -abs(f["relative"] if f["relative"] is not None else f["effect"] or 0.0))


def _rows(indicator: str, folder: Path) -> list[dict[str, str]]:
    path = folder / influence.TABLE.name
    found = influence.read_csv(path) if path.is_file() else []
    return [r for r in found if r["indicator"] == indicator and r["lever"] in LEVERS]


def _clear(rows: Iterable[Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """Return by lever the last year in which its effect is above the noise and its interval leaves out zero."""
    best: dict[str, tuple[int, Mapping[str, str]]] = {}
    for row in rows:
        if row["above_noise"] == "yes" and not float(row["low"]) <= 0.0 <= float(row["high"]):
            order = int(row["offset"]) if row["offset"].isdigit() else -1
            if row["lever"] not in best or order > best[row["lever"]][0]:
                best[row["lever"]] = order, row
    return {name: row for name, (_, row) in best.items()}


def _years(row: Mapping[str, str]) -> list[int]:
    """Return the year of an effect, or first and last of those it is the mean of."""
    return [int(row["year"])] if row["year"] else [influence.FIRST, influence.LAST]


def _mechanisms(terms: Iterable[str], language: str) -> list[dict[str, str]]:
    names = dict.fromkeys(name for term in terms for name in taken_up_by(term))
    return [{"name": m.name, "label": m.label[language]} for m in SCHEDULE if m.name in names]


def _carry(lever: str, measures: Iterable[plans.Measure]) -> list[str]:
    return [m.id for m in measures if m.lever == lever]


# ---- how sure, and where from -----------------------------------------------------------------------


def certainty(what: str, region: str, language: str, folder: Path = CALIBRATION) -> dict[str, Any] | None:
    """Return luck, ignorance and what each parameter brings of the variance; None where that was not computed."""
    rows = [r for r in uncertainty.read_csv(folder / uncertainty.TABLE.name) if r["region"] == region]
    mine = {r["part"]: r for r in rows if r["what"].lower() == what.lower()}
    if uncertainty.LUCK not in mine:
        return None
    declared = {row.name: row for row in parameter_rows()}
    labels = {m.name: m.label[language] for m in SCHEDULE} | {n: v.label[language] for n, v in LEVERS.items()}
    parameters = []
    for name, row in mine.items():
        if name in (uncertainty.LUCK, uncertainty.OTHER):
            continue
        fact: dict[str, Any] = {"name": name, **_figures(row)}
        owner = name.partition(".")[0]
        fact |= {"owner": owner, "owner_label": labels.get(owner, owner)}
        if p := declared.get(name):
            prior = [p.prior.low, p.prior.high]
            fact |= {"doc": p.doc, "value": p.value, "unit": p.unit, "prior": prior, "source": p.source}
            fact["grade"] = grade_of(p.source)
        parameters.append(fact)
    luck, other = _figures(mine[uncertainty.LUCK]), _figures(mine[uncertainty.OTHER])
    owners: Counter[str] = Counter()
    for fact in parameters:
        owners[fact["owner"]] += fact["share"]
    return {
        "year": int(mine[uncertainty.LUCK]["year"]),
        "luck": luck["share"],
        "luck_interval": [luck["low"], luck["high"]],
        "ignorance": 1.0 - float(mine[uncertainty.LUCK]["share"]),
        "parameters": parameters,
        "by_mechanism": [{"name": o, "label": labels.get(o, o), "share": s} for o, s in owners.most_common()],
        "other": other["share"],
        "noise": float(mine[uncertainty.OTHER]["noise"]),
    }


def _figures(row: Mapping[str, str]) -> dict[str, float | None]:
    return {k: float(row[k]) if row[k] else None for k in ("share", "low", "high")}


def attribution(target: Target, folder: Path = CALIBRATION) -> dict[str, Any] | None:
    """Return the stored row of where a target's change comes from, or None."""
    for row in uncertainty.read_csv(folder / uncertainty.ATTRIBUTION.name):
        if (row["id"], row["region"]) == (target.id, target.region):
            return {k: _number(v) if k not in _WORDS else v for k, v in row.items()}
    return None


_WORDS = frozenset(("id", "region", "name", "name_zh", "kind", "indicator", "unit", "op"))


def _number(text: str) -> float | None:
    return float(text) if text and math.isfinite(float(text)) else None
