"""Read the files of a region folder: every table checked, every problem noted with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from simulator.core.declare import Label
from simulator.core.problems import Place, Problems, closest
from simulator.core.reading import (
    LARGEST_YAML,
    Node,
    Table,
    label,
    mapping,
    parse_yaml,
)
from simulator.world import region_schema as schema
from simulator.world.agents import PLANT_STAGES
from simulator.world.region_cells import Cells, Years, digits

Columns = dict[str, np.ndarray]
Ids = dict[str, tuple[str, ...]]
_TOLERANCE = 1e-6
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True)
class Figure:
    """One sourced number of a region."""

    value: float
    unit: str
    source: str
    note: str


class RegionFiles(Cells):
    """Reads the files of one region folder, noting problems and going on where it can."""

    def __init__(self, folder: Path, problems: Problems) -> None:
        super().__init__(folder, problems)
        self.tables: dict[str, Table] = {}
        self.districts = 0

    def read(self) -> dict[str, Any]:
        """Return the content of the folder by field of Region; it is complete only if nothing was noted."""
        if not self.folder.is_dir():
            self.problems.add(Place(str(self.folder)), "no such region folder")
            return {}
        root = self._yaml()
        for name, header in schema.HEADERS.items():
            self.tables[name] = self.table(self.folder / name, header)
        own = self.folder / "national_rules.csv"
        above = self.folder if len(self.folder.parts) > 2 else self.folder.resolve()  # "region" alone has no parent
        rules_file = own if own.exists() else above.parent.parent / "national_rules.csv"
        self.tables["rules"] = self.table(rules_file, schema.RULES_HEADER)

        head = self._head(root)
        names = self._names()
        ids = {kind: tuple(i for k, i in names if k == kind) for kind in schema.NAME_KINDS}
        ids["sector"] = schema.SECTORS
        self.districts = len(ids["district"])
        columns = {
            "sector": self._long("sectors.csv", "sector", ids["sector"], schema.SECTOR_QUANTITIES),
            "district": self._long("districts.csv", "district", ids["district"], schema.DISTRICT_QUANTITIES),
            "university": self._long("universities.csv", "university", ids["university"], schema.UNIVERSITY_QUANTITIES),
        }
        fields = self._university_fields(columns["university"], ids["university"])
        margins = self._margins(ids, columns["sector"])
        paths, last = self._paths(head.get("start_year", 0))
        self._adding_up(head.get("figures", {}), columns, margins)
        for column in (fields, *(c for group in columns.values() for c in group.values())):
            column.flags.writeable = False
        return head | {
            "last_year": last,
            "sectors": ids["sector"],
            "districts": ids["district"],
            "universities": ids["university"],
            "names": names,
            "university_fields": fields,
            "anchors": self._anchors(),
            "plants": self._plants(),
            "paths": paths,
            "rules": self._rules(head.get("start_year", 0), last),
            "vintages": self._vintages(),
            "columns": columns,
            "margins": margins,
        }

    def _yaml(self) -> Node | None:
        path = self.folder / "region.yaml"
        data = self.content(path, LARGEST_YAML)
        return None if data is None else parse_yaml(data, str(path), self.problems)

    # ---- region.yaml ------------------------------------------------------------------------------

    def _head(self, root: Node | None) -> dict[str, Any]:
        if root is None:
            return {}
        required = ("schema", "id", "name", "start_year", "plan", "separately_planned", "figures")
        given = mapping(root, (*required, "status", "luck_epoch"), self.problems, what="the region", required=required)
        out: dict[str, Any] = {"status": None}
        for key, node in given.items():
            value = node.value
            if key == "schema" and not (type(value) is int and value == 1):
                self.problems.add(node.place, "schema", read=node.plain(), allowed="1")
            elif key in ("name", "status"):
                out[key] = label(node, self.problems, what=key)
            elif key == "id":
                out[key] = value
                if not isinstance(value, str) or not _IDENTIFIER.match(value):
                    self.problems.add(node.place, key, read=node.plain(), allowed="a-z, 0-9 and _")
            elif key == "start_year":
                out[key] = value if type(value) is int and 1900 <= value <= 2200 else 0
                if not out[key]:
                    self.problems.add(node.place, key, read=node.plain(), allowed="a year such as 2011")
            elif key == "luck_epoch":
                out[key] = value if type(value) is int else 0
                if type(value) is not int or not 0 <= value <= 2200:
                    self.problems.add(node.place, key, read=node.plain(), allowed="a year such as 2011, 0 if left out")
            elif key == "separately_planned":
                out[key] = value
                if not isinstance(value, bool):
                    self.problems.add(node.place, key, read=node.plain(), allowed="true or false")
            elif key == "plan":
                out["plan_start"], out["plan_title"] = self._plan(node)
            elif key == "figures":
                out[key] = self._figures(node)
        return out

    def _plan(self, node: Node) -> tuple[float, Label | None]:
        parts = mapping(node, ("start", "title"), self.problems, what="plan", required=("start",))
        title = label(parts["title"], self.problems, what="plan title") if "title" in parts else None
        if "start" not in parts:
            return 0.0, title
        year, _, month = str(parts["start"].value).partition("-")
        month = month or "1"
        if digits(year, 4) and digits(month, 2) and 1 <= int(month) <= 12:
            return int(year) + (int(month) - 1) / 12, title
        self.problems.add(
            parts["start"].place, "start of the plan", read=parts["start"].plain(), allowed="2015 or 2015-07"
        )
        return 0.0, title

    def _figures(self, node: Node) -> dict[str, Figure]:
        known = schema.FIGURES | schema.OPTIONAL_FIGURES
        parts = mapping(node, tuple(known), self.problems, what="figures", required=tuple(schema.FIGURES))
        out = {}
        for name, item in parts.items():
            given = mapping(
                item,
                ("value", "unit", "source", "note"),
                self.problems,
                what=f"figure {name}",
                required=("value", "unit", "source"),
            )
            if "value" not in given:
                continue
            value, place = given["value"].value, given["value"].place
            text = {k: str(n.value or "").strip() for k, n in given.items() if k != "value"}
            if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
                self.problems.add(place, f"figure {name}", read=given["value"].plain(), allowed="a finite number")
                continue
            self.fits(known[name], float(value), text.get("unit", ""), place, f"figure {name}")
            for key in ("unit", "source"):
                if key in text and not text[key]:
                    self.problems.add(given[key].place, f"figure {name} has an empty {key}")
            out[name] = Figure(float(value), text.get("unit", ""), text.get("source", ""), text.get("note", ""))
        return out

    # ---- tables -----------------------------------------------------------------------------------

    def _names(self) -> dict[tuple[str, str], Label]:
        table, out = self.tables["names.csv"], {}
        for row in table.rows:
            line, (kind, identifier, en, zh) = row[0], [cell.strip() for cell in row[1]]
            if self.name(table, row, "kind", schema.NAME_KINDS) is None:
                continue
            if kind == "sector" and self.name(table, row, "id", schema.SECTORS) is None:
                continue
            if not identifier or not en or not zh:
                self.problems.add(table.place(line), "empty id or name", read=",".join(row[1]))
            elif (kind, identifier) in out:
                self.problems.add(table.place(line, "id"), f"duplicate {kind}", read=identifier)
            else:
                out[kind, identifier] = Label(en, zh)
        self.missing(table, (s for s in schema.SECTORS if ("sector", s) not in out), "sectors")
        for kind in ("district", "university"):
            if not any(k == kind for k, _ in out):
                self.missing(table, ["at least one"], kind)
        return out

    def _long(
        self, file: str, column: str, ids: Sequence[str], quantities: Mapping[str, schema.Sort]
    ) -> dict[str, np.ndarray]:
        """Return ``{quantity: (len(ids),)}`` from a long table; ``field:`` quantities default to 0."""
        table = self.tables[file]
        optional = schema.OPTIONAL_SECTOR_QUANTITIES if column == "sector" else {}
        known = (*quantities, *optional)
        known += tuple(f"field:{s}" for s in schema.SECTORS) if column == "university" else ()
        position = {name: i for i, name in enumerate(ids)}
        out = {q: np.full(len(ids), np.nan) for q in quantities} | {q: np.zeros(len(ids)) for q in optional}
        seen: dict[tuple[str, str], int] = {}
        for row in table.rows:
            name = self.name(table, row, column, ids)
            quantity = self.name(table, row, "quantity", known)
            if name is None or quantity is None:
                continue
            if self.again(table, row, seen, (name, quantity)):
                continue
            sort = quantities.get(quantity, optional.get(quantity, "count"))
            value = self.value(table, row, sort, f"{quantity} of {name}")
            if quantity not in out:
                out[quantity] = np.zeros(len(ids))
            if value is None:
                continue
            if quantity == "district":
                self.below(table, row, quantity, value, self.districts)
            out[quantity][position[name]] = value
        absent = (f"{n}.{q}" for n in ids for q in quantities if (n, q) not in seen)
        self.missing(table, absent, "rows")
        return out

    def _university_fields(self, columns: Columns, ids: Sequence[str]) -> np.ndarray:
        fields = np.zeros((len(ids), len(schema.SECTORS)))
        for i, sector in enumerate(schema.SECTORS):
            fields[:, i] = columns.pop(f"field:{sector}", 0.0)
        empty = (name for name, weights in zip(ids, fields, strict=True) if not weights.any())
        self.missing(self.tables["universities.csv"], empty, "field weights")
        return fields

    def _margins(self, ids: Ids, sector: Columns) -> dict[tuple[str, str], dict[str, int]]:
        table = self.tables["firms.csv"]
        levels = {
            (cls, margin): {
                "sector": ids["sector"],
                "size": schema.SIZES[cls],
                "age": schema.AGES,
                "district": ids["district"],
                "ownership": schema.OWNERSHIPS,
            }[margin]
            for cls in schema.FIRM_CLASSES
            for margin in schema.MARGINS
        }
        out = {at: dict.fromkeys(names, 0) for at, names in levels.items()}
        seen: dict[tuple[str, str, str], int] = {}
        for row in table.rows:
            cls = self.name(table, row, "class", schema.FIRM_CLASSES)
            margin = self.name(table, row, "margin", schema.MARGINS)
            if cls is None or margin is None:
                continue
            level = self.name(table, row, "level", levels[cls, margin])
            if level is None or self.again(table, row, seen, (cls, margin, level)):
                continue
            value = self.value(table, row, "whole", f"{cls} firms with {margin} {level}")
            if value is not None:
                out[cls, margin][level] = int(value)
        if not table.usable:
            return out
        self.missing(table, (f"{c}.{m}" for c, m in levels if not any(s[:2] == (c, m) for s in seen)), "margins")
        for cls in schema.FIRM_CLASSES:
            totals = {margin: sum(out[cls, margin].values()) for margin in schema.MARGINS}
            if len(set(totals.values())) > 1:
                read = ", ".join(f"{m} {t}" for m, t in totals.items())
                self.problems.add(
                    Place(table.file),
                    f"margins of {cls} add to different totals: {read}",
                    allowed="one total",
                )
            given = sector.get(f"{cls}_firms")
            for i, name in enumerate(ids["sector"]):
                here = out[cls, "sector"][name]
                if given is not None and np.isfinite(given[i]) and given[i] != here:
                    self.problems.add(
                        Place(table.file),
                        f"{cls} firms in {name} differ from {cls}_firms in sectors.csv",
                        read=here,
                        allowed=f"{given[i]:g}",
                    )
        return out

    def _anchors(self) -> list[dict[str, float | str]]:
        table = self.tables["anchors.csv"]
        limits = {
            "sector": len(schema.SECTORS),
            "district": self.districts,
            "ownership": len(schema.OWNERSHIPS),
        }
        firms: dict[str, dict[str, float | str]] = {}
        seen: dict[tuple[str, ...], int] = {}
        for row in table.rows:
            firm = row[1][0].strip()
            quantity = self.name(table, row, "quantity", tuple(schema.ANCHOR_QUANTITIES))
            if not firm:
                self.problems.add(table.place(row[0]), "empty firm name")
            if quantity is None or self.again(table, row, seen, (firm, quantity)):
                continue
            value = self.value(table, row, schema.ANCHOR_QUANTITIES[quantity], f"{quantity} of {firm}")
            if value is not None and quantity in limits:
                self.below(table, row, quantity, value, limits[quantity])
            firms.setdefault(firm, {"firm": firm})[quantity] = value if value is not None else 0.0
        self.missing(
            table,
            (f"{f}.{q}" for f, given in firms.items() for q in schema.ANCHOR_QUANTITIES if q not in given),
            "rows",
        )
        return list(firms.values())

    def _plants(self) -> list[dict[str, float | str]]:
        """Return the steel plants, one dictionary each; none where the folder has no plants.csv."""
        path = self.folder / "plants.csv"
        if not path.exists():
            return []
        table = self.table(path, schema.PLANTS_HEADER)
        owners = (*dict.fromkeys(row[1][0].strip() for row in self.tables["anchors.csv"].rows), schema.OTHERS)
        plants: dict[str, dict[str, float | str]] = {}
        seen: dict[tuple[str, ...], int] = {}
        for row in table.rows:
            plant = row[1][0].strip()
            owner = self.name(table, row, "owner", owners)
            quantity = self.name(table, row, "quantity", tuple(schema.PLANT_QUANTITIES))
            if not plant:
                self.problems.add(table.place(row[0]), "empty plant name")
            if owner is None or quantity is None or self.again(table, row, seen, (plant, quantity)):
                continue
            value = self.value(table, row, schema.PLANT_QUANTITIES[quantity], f"{quantity} of {plant}")
            if value is not None and quantity == "stage":
                self.below(table, row, quantity, value, len(PLANT_STAGES))
            mine = plants.setdefault(plant, {"plant": plant, "owner": owner})
            if mine["owner"] != owner:
                place = table.place(row[0], "owner")
                self.problems.add(place, f"owner of {plant}", read=owner, allowed=str(mine["owner"]))
            mine[quantity] = value if value is not None else 0.0
        absent = (f"{p}.{q}" for p, given in plants.items() for q in schema.PLANT_QUANTITIES if q not in given)
        self.missing(table, absent, "rows")
        return list(plants.values())

    def _paths(self, start: int) -> tuple[dict[str, dict[str, Years]], int]:
        """Return ``{path: {variable: {year: value}}}`` and the last year of the observed path."""
        table = self.tables["paths.csv"]
        known = (*schema.VARIABLES, *schema.DEMAND)
        out: dict[str, dict[str, Years]] = {schema.OBSERVED: {}}
        seen: dict[tuple[str, ...], int] = {}
        for row in table.rows:
            variable, path = self.name(table, row, "variable", known), row[1][0].strip()
            year = self.year(table, row)
            if not path:
                self.problems.add(table.place(row[0]), "empty path")
            if variable is None or year is None or self.again(table, row, seen, (path, variable, str(year))):
                continue
            sort: schema.Sort = "count" if variable in schema.NON_NEGATIVE else "number"
            value = self.value(table, row, sort, f"{variable} in {year}")
            out.setdefault(path, {}).setdefault(variable, {})[year] = 0.0 if value is None else value
        years = [y for given in out[schema.OBSERVED].values() for y in given]
        last = max(years, default=start)
        if start:
            if last < start and table.usable:
                self.problems.add(Place(table.file), f"the observed path ends before {start}", read=last)
            self.gaps(table, {v: out[schema.OBSERVED].get(v, {}) for v in schema.VARIABLES}, start, last)
        return out, last

    def _rules(self, start: int, last: int) -> dict[str, Years]:
        """Return ``{rule: {year: value}}``; rules beyond the required ones may stand in the file too."""
        table, out = self.tables["rules"], dict[str, Years]()
        seen: dict[tuple[str, ...], int] = {}
        for row in table.rows:
            rule, year = row[1][0].strip(), self.year(table, row)
            if year is None or self.again(table, row, seen, (rule, str(year))):
                continue
            value = self.value(table, row, "count", f"{rule} in {year}")
            out.setdefault(rule, {})[year] = 0.0 if value is None else value
        missing = [r for r in schema.RULES if r not in out]
        for rule in missing if table.usable else ():
            near = closest(rule, [r for r in out if r not in schema.RULES])
            self.problems.add(Place(table.file), f"missing rule {rule}" + (f": is {near} meant?" if near else ""))
        if start:
            self.gaps(table, out, start, last)
        return out

    def _vintages(self) -> list[dict[str, float | str]]:
        path = self.folder / "vintages.csv"
        out: list[dict[str, float | str]] = []
        if not path.exists():
            return []
        table = self.table(path, schema.VINTAGES_HEADER)
        for row in table.rows:
            year, value = self.year(table, row), self.value(table, row, "number", row[1][0])
            if year is not None and value is not None:
                text = dict(zip(table.header, row[1], strict=True))
                out.append({**text, "year": float(year), "value": value})
        return out

    # ---- what must agree --------------------------------------------------------------------------

    def _adding_up(
        self,
        figures: dict[str, Figure],
        columns: dict[str, Columns],
        margins: dict[tuple[str, str], dict[str, int]],
    ) -> None:
        for share in ("gdp_share", "firm_share", "incubator_share"):
            self.agree(self.tables["districts.csv"], share, columns["district"][share].sum(), 1.0, _TOLERANCE)
        groups = (
            tuple(f"hnte_due_{i}" for i in (1, 2, 3)),
            tuple(f"patents_share_{who}" for who in ("firms", "universities", "individuals")),
        )
        place = Place(str(self.folder / "region.yaml"))
        for group in groups:
            total = sum(figures[name].value for name in group if name in figures)
            if all(name in figures for name in group) and abs(total - 1.0) > _TOLERANCE:
                self.problems.add(place, f"{', '.join(group)} add to {total:.10g}", allowed="1")
        v = {name: figure.value for name, figure in figures.items()}
        budgets, patents = columns["university"]["rd_budget"], columns["university"]["patents"]
        if "rd_universities" in v and "rd_institutes" in v:
            wanted = v["rd_universities"] + v["rd_institutes"]
            what = "rd_budget (wanted: rd_universities + rd_institutes)"
            self.agree(self.tables["universities.csv"], what, budgets.sum(), wanted, _TOLERANCE * wanted)
        if "patents_in_force" in v and "patents_share_universities" in v:
            wanted = v["patents_in_force"] * v["patents_share_universities"]
            what = "patents (wanted: patents_in_force * patents_share_universities)"
            self.agree(self.tables["universities.csv"], what, patents.sum(), wanted, 1.0)
        if "tech_sme_pool" in v:
            total = float(sum(margins["tech_sme", "sector"].values()))
            what = "tech_sme firms (wanted: tech_sme_pool)"
            self.agree(self.tables["firms.csv"], what, total, v["tech_sme_pool"], 0.0)
