"""The board of a run by who leads and who answers too, and by what districts do and pay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simulator.report.board import Board, chance, reading
from simulator.report.bureau_names import bureau_name
from simulator.report.html.labels import label
from simulator.report.terminal import section_order
from simulator.report.words import figure, listed, section_text, word
from simulator.study.tables import NATIONAL_LAW, NET_SIGN, Tables
from simulator.study.targets import SIMULATED

if TYPE_CHECKING:
    import pandas

PLACES = ("share of districts", "streets", "zones", "parks", "counties", "percent of districts")  # units
COLUMNS = ("likely", "in doubt", "unlikely")


def sections_of(tables: Tables) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return for each section who leads it and who answers for it too, as far as the plan says."""
    from simulator.study.plans import lead_of, load_leads, load_measures

    region, leads = tables.meta["region"], load_leads()
    known = {*tables.targets["section"], *(m.section for m in load_measures(region)), *tables.meta.get("leads", {})}
    out = {}
    for section in sorted(known, key=section_order):
        found = lead_of(leads, region, section)
        lead = tables.meta.get("leads", {}).get(section) or ("" if found is None else found.lead)
        out[section] = lead, () if found is None or found.lead != lead else found.responsible
    return out


def measures_of(tables: Tables) -> dict[str, str]:
    """Return the section of each entry of the scenario that carries out a measure of the plan."""
    from simulator.study.plans import load_measures, measure_of

    measures = {m.id: m.section for m in load_measures(tables.meta["region"])}
    found = {e["id"]: measure_of(e["id"], measures) for e in tables.meta["entries"]}
    return {entry: measures[m] for entry, m in found.items() if m is not None}


def net_by_entry(costs: pandas.DataFrame) -> pandas.Series:
    """Return the net public cost of each entry over all years, mean over the runs, in CNY."""
    mine = costs[(costs["entry"] != NATIONAL_LAW) & (costs["payer"] != "private")]
    return mine["mean"].mul(mine["kind"].map(NET_SIGN).astype(float)).groupby(mine["entry"]).sum()


def bureau_rows(board: Board, tables: Tables, language: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return one row a leading bureau, and one a bureau that answers for sections which another leads.

    Each says its sections, how its targets read, what its measures cost.
    """
    by_lead, shared = dict[str, list[str]](), dict[str, list[str]]()
    for section, (lead, others) in sections_of(tables).items():
        by_lead.setdefault(lead, []).append(section)
        for name in others:
            shared.setdefault(name, []).append(section)
    net = net_by_entry(tables.costs)
    spent = [(section, float(net.get(entry, 0.0))) for entry, section in measures_of(tables).items()]
    leading = [_row(name, mine, board, spent, language) for name, mine in by_lead.items()]
    answering = [_row(name, mine, board, spent, language) for name, mine in shared.items()]
    return (
        sorted(leading, key=lambda r: (not r["plan_name"], -r["targets"], -r["measures"])),
        sorted(answering, key=lambda r: (-r["targets"], -r["measures"])),
    )


def _row(name: str, sections: list[str], board: Board, spent: list[tuple[str, float]], language: str) -> dict[str, Any]:
    mine = [r for r in (*board.headline, *board.others) if r["section"] in sections]
    without = [r for r in board.without if r["section"] in sections]
    worst = min(mine, key=chance) if mine else None
    if worst is not None and reading(chance(worst)) == COLUMNS[0]:
        worst = None  # what is likely is at no risk
    measures = [net for section, net in spent if section in sections]
    sums = sum(measures)
    key = "name_zh" if language == "zh" else "name"
    return {
        "bureau": bureau_name(name, language),
        "plan_name": name,
        "sections": listed([section_text(s, language).split(" ", 1)[-1].split(" ")[0] for s in sections], language),
        "targets": len(mine) + len(without),
        "counts": [sum(reading(chance(r)) == kind for r in mine) for kind in COLUMNS],
        "without": len(without),
        "worst": "" if worst is None else f"{worst['id']} {worst[key]} ({chance(worst):.2f})",
        "measures": len(measures),
        "net": figure(sums, "CNY", language) if measures else "–",
        "net_sort": sums,
    }


def heads(language: str) -> list[str]:
    """Return the names of the columns of readings."""
    return [word(kind, language) for kind in COLUMNS]


def place_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the targets that count districts, streets or zones."""
    return [r for r in rows if r["status"] == SIMULATED and r["unit"] in PLACES]


def district_rows(tables: Tables, language: str) -> list[dict[str, Any]]:
    """Return the entries that districts pay for, the dearest first: all kinds but guarantees, less recoveries."""
    costs, titles = tables.costs, {e["id"]: e[language] for e in tables.meta["entries"]}
    sums = net_by_entry(costs[costs["payer"] == "district"])
    return [
        {"entry": str(e), "title": titles.get(str(e), ""), "sum": figure(float(v), "CNY", language), "sort": float(v)}
        for e, v in sums.sort_values(ascending=False, kind="stable").items()
        if abs(float(v)) >= 0.5
    ]


def title_of(language: str) -> str:
    """Return what a bureau without a name is called: nobody is named."""
    return label("none led", language)
