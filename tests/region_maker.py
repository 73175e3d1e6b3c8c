"""A small made-up region, written as files: the least that the loader accepts."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from simulator.world import region_schema as schema

FIRST, LAST = 2011, 2020
UNITS = {
    "money": "CNY/year",
    "count": "1",
    "whole": "1",
    "share": "1",
    "margin": "1",
    "number": "1",
    "flag": "1",
}
VALUES = {"money": 1e9, "count": 10, "whole": 0, "share": 0.5, "margin": 0.05, "number": 0.0, "flag": 0}
FIGURES = {
    **{name: VALUES[sort] for name, sort in schema.FIGURES.items()},
    "hnte_due_1": 0.2,
    "hnte_due_2": 0.3,
    "patents_share_firms": 0.6,
    "patents_share_universities": 0.3,
    "patents_share_individuals": 0.1,
    "patents_in_force": 100,
    "tech_sme_pool": 8,
}
DISTRICTS = ("north", "south")
UNIVERSITIES = ("ocean", "steelworks")
TAIL = ("assumed", "made up")


def table(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([list(header), *[list(r) for r in rows]])


def write_region(scenarios: Path, identifier: str = "testville") -> Path:
    """Write ``scenarios/<identifier>/region`` and the national rules; return the region's folder."""
    folder = scenarios / identifier / "region"
    folder.mkdir(parents=True)
    figures = "".join(
        f"  {name}: {{value: {value}, unit: {UNITS[schema.FIGURES[name]]}, source: assumed, note: made up}}\n"
        for name, value in FIGURES.items()
    )
    (folder / "region.yaml").write_text(
        f"schema: 1\nid: {identifier}\nname: {{en: Testville, zh: 测试市}}\nstart_year: {FIRST}\n"
        "plan: {start: 2015-07, title: {en: The plan, zh: 规划}}\n"
        "status: {en: made up, zh: 虚构}\nseparately_planned: true\nfigures:\n" + figures,
        encoding="utf-8",
    )
    headers = schema.HEADERS
    names = [("sector", s, s, s) for s in schema.SECTORS]
    names += [("district", d, d, "区") for d in DISTRICTS]
    names += [("university", u, u, "大学") for u in UNIVERSITIES]
    table(folder / "names.csv", headers["names.csv"], names)
    firms = {"above_scale_firms": 3, "tech_sme_firms": 4}
    pairs = [(s, q) for s in schema.SECTORS for q in schema.SECTOR_QUANTITIES]
    rows = [
        (s, q, firms.get(q, 0) if s in ("steel", "marine") else 0, "firms", *TAIL)
        if q in firms
        else (
            s,
            q,
            VALUES[schema.SECTOR_QUANTITIES[q]],
            UNITS[schema.SECTOR_QUANTITIES[q]],
            *TAIL,
        )
        for s, q in pairs
    ]
    table(folder / "sectors.csv", headers["sectors.csv"], rows)
    rows = [
        (d, q, VALUES[sort], UNITS[sort], *TAIL) for d in DISTRICTS for q, sort in schema.DISTRICT_QUANTITIES.items()
    ]
    table(folder / "districts.csv", headers["districts.csv"], rows)
    values = {"patents": 15, "district": 1}
    rows = [
        (u, q, values.get(q, VALUES[sort]), UNITS[sort], *TAIL)
        for u in UNIVERSITIES
        for q, sort in schema.UNIVERSITY_QUANTITIES.items()
    ]
    rows += [("ocean", "field:marine", 2, "1", *TAIL), ("steelworks", "field:steel", 1, "1", *TAIL)]
    table(folder / "universities.csv", headers["universities.csv"], rows)
    margins = []
    for cls, each in (("above_scale", 3), ("tech_sme", 4)):
        levels = {
            "sector": ("steel", "marine"),
            "size": schema.SIZES[cls][:2],
            "age": schema.AGES[1:3],
            "district": DISTRICTS,
            "ownership": ("private", "state"),
        }
        margins += [(cls, m, level, each, "firms", *TAIL) for m, two in levels.items() for level in two]
    table(folder / "firms.csv", headers["firms.csv"], margins)
    anchor = {"founded": 1984, "staff": 9000, "revenue": 5e10, "rd": 2e9, "patents": 40}
    rows = [("Big Works", q, anchor.get(q, 0), UNITS[sort], *TAIL) for q, sort in schema.ANCHOR_QUANTITIES.items()]
    table(folder / "anchors.csv", headers["anchors.csv"], rows)
    rows = [("observed", v, y, 1, "1", *TAIL) for v in schema.VARIABLES for y in range(FIRST, LAST + 1)]
    rows += [("slow", "gdp_real_growth", y, 0.02, "1/year", *TAIL) for y in range(2015, LAST + 1)]
    rows += [
        ("shock", "steel_price", 2015, 0.5, "1", *TAIL),
        ("slow", "demand:steel", 2016, -0.1, "1", *TAIL),
    ]
    table(folder / "paths.csv", headers["paths.csv"], rows)
    rules = [(rule, y, 0.1, "1", *TAIL) for rule in schema.RULES for y in range(2008, LAST + 1)]
    table(scenarios / "national_rules.csv", schema.RULES_HEADER, rules)
    return folder
