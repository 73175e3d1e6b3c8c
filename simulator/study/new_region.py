"""Write the folder of a new region: every file that a run needs, filled with a made-up city to be replaced."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.core.problems import Place, Problems
from simulator.world import region_schema as schema
from simulator.world.region import Region, load_region

PROJECT = Path(__file__).resolve().parents[2]
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
POPULATION = 1_000_000
SMALLEST, LARGEST = 50_000, 50_000_000
SOURCE = "assumed"

# Figures that describe one thing or a cap, and so do not grow with the city.
_PER_THING = ("incubator_floor_mean",)
# Heading, then for each figure: what it is, and where one finds it. The first ten are those to change first.
_GROUPS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "The ten to change first: with these the city has about its true size",
        {
            "population": "residents at the end of the year before the first; census, yearly bulletin",
            "gdp": "gross domestic product of the first year at current prices; yearly bulletin, statistical yearbook",
            "general_budget_revenue": "general public budget revenue, to compare the plan's cost with; budget report",
            "science_budget": "the city's own science and technology funds; budget report",
            "rd_business": "R&D expenditure of firms; R&D bulletin of the province, yearbook, chapter science",
            "hnte_count": "high-tech enterprises with a valid certificate; science bureau, Torch yearbook",
            "tech_sme_count": "firms with a local recognition as technology-based SME; science bureau",
            "patents_in_force": "invention patents in force, all holders; intellectual property office",
            "invention_applications": "invention patents filed in the last year; intellectual property office",
            "incubator_floor": "floor space of incubators in use; science bureau, Torch yearbook",
        },
    ),
    (
        "R&D and people (the R&D survey; where it is silent, national ratios do)",
        {
            "rd_universities": "R&D expenditure of universities; with the next it must equal the sum of rd_budget",
            "rd_institutes": "R&D expenditure of research institutes; R&D bulletin",
            "researchers_firms": "full-time R&D staff of firms; R&D bulletin",
            "researchers_public": "full-time R&D staff of universities and institutes; R&D bulletin",
            "talent_total": "the broad official count of talent; bureau of human resources",
            "graduates_per_year": "graduates of local universities in a year; bureau of education",
            "graduate_retention": "share of graduates who stay; surveys of universities, else 0.3 to 0.5",
            "high_end_talents": "members of national and provincial talent programmes; bureau of human resources",
        },
    ),
    (
        "Technology firms",
        {
            "tech_sme_pool": "all technology firms below scale; must equal the tech_sme firms of firms.csv",
            "innovative_small_count": "firms recognised as innovative small or micro firm",
            "hnte_due_1": "share of certificates that end in the first year (three shares that add to 1)",
            "hnte_due_2": "share that ends in the second year",
            "hnte_due_3": "share that ends in the third year",
            "superdeduction_claimants": "firms that claimed the R&D super-deduction; tax bureau",
            "listed_firms": "firms listed on a stock exchange; securities regulator",
            "contract_value": "value of technology contracts registered; technology market office",
        },
    ),
    (
        "Patents",
        {
            "patents_share_firms": "firms' share of the patents in force (three shares that add to 1)",
            "patents_share_universities": "universities' and institutes' share",
            "patents_share_individuals": "individuals' share",
            "marginal_share": "share of applications that only money or points drew; no source, 0.1 to 0.5",
        },
    ),
    (
        "Incubators, maker spaces, finance",
        {
            "incubators": "incubators of all levels; science bureau",
            "incubator_floor_mean": "floor space of one incubator",
            "incubator_tenants": "tenant firms; science bureau",
            "floor_capacity_per_year": "the most floor space that can be built in a year",
            "maker_spaces": "maker spaces of all levels; science bureau",
            "startup_streets": "startup streets; science bureau",
            "makers": "makers who gather in the city",
            "mentors": "startup mentors; science bureau",
            "service_organisations": "startup service organisations; science bureau",
            "venture_funds": "venture funds registered in the city; fund registration office",
            "venture_committed": "their committed capital",
            "venture_depth": "committed venture capital over GDP, by which the market counts as thin",
            "angel_funds": "angel funds",
            "angel_committed": "their committed capital",
            "guidance_funds": "government guidance funds; finance bureau",
            "guidance_committed": "their committed capital",
            "guidance_public_share": "public share in sub-funds; the fund's rules",
        },
    ),
    (
        "Universities, institutes, products",
        {
            "university_spinoffs_cumulative": "firms founded out of universities and institutes so far",
            "public_rd_bodies": "R&D bodies of universities and institutes; R&D survey",
            "products_in_pipeline": "new products (drugs above all) under development; bureau of industry",
            "products_marketed": "new products on the market",
        },
    ),
)
_NATIONAL = (
    "interest_rate",
    "national_science_growth",
    "patent_office_speed",
    "venture_national",
    "steel_price",
    "tech_contract_national",
)
_FIND_PATHS = {
    "gdp_real_growth": "real growth; yearly bulletin",
    "gdp_deflator": "growth of the deflator: nominal less real growth",
    "population": "residents at the end of the year; yearly bulletin",
    "wage_growth": "growth of the mean wage; yearbook",
}
_DISTRICTS = (
    ("centre", "Centre", "中心城区", 0.5, 0.0, 0.0, 0),
    ("new_zone", "Development zone", "开发区", 0.3, 8.0, 0.0, 1),
    ("county", "Outer county", "远郊县", 0.2, 0.0, 25.0, 0),
)
_UNIVERSITIES = (
    ("city_university", "City University", "市属大学", 0.7, "rd_universities", 0),
    ("city_institute", "City Research Institute", "市属研究院", 0.3, "rd_institutes", 1),
)


@dataclass(frozen=True)
class Template:
    """The region whose ratios and outside paths are taken over, and the factor from its size to the new one's."""

    region: Region
    scale: float

    def figure(self, name: str) -> float:
        """Return a figure of the new city."""
        value = self.region.figure(name)
        if schema.FIGURES[name] in ("money", "count") and name not in _PER_THING:
            value *= self.scale
        if schema.FIGURES[name] == "count":
            return float(round(value))
        return float(f"{value:.4g}") if schema.FIGURES[name] == "money" else value

    def note(self, where: str, *, scaled: bool) -> str:
        """Return a note that says what to look for and where the value comes from."""
        how = f"{self.region.id} times {self.scale:.3g}" if scaled else f"as in {self.region.id}"
        return f"{where} [made up: {how}]"


def write_region(
    name: str, out: Path, *, template: str = "qingdao", population: int = POPULATION, known: Iterable[str] = ()
) -> list[Path]:
    """Write ``out/<name>`` with region, history, baseline, plan, targets and measures; returns the files.

    ``template`` names the region whose sector ratios and outside paths are taken over, its sizes scaled to
    ``population`` residents. ``known`` are ids that targets or measures use already. Raises InputError for an id that
    cannot be used, a folder that exists, an unknown template and a population out of range.
    """
    problems, place, folder = Problems(), Place(str(out / name)), out / name
    shipped = sorted(p.parent.parent.name for p in (PROJECT / "scenarios").glob("*/region/region.yaml"))
    if not IDENTIFIER.match(name):
        problems.add(Place("new-region"), "name of the region", read=name, allowed="a-z, then a-z, 0-9 and _, up to 40")
    elif name in known:
        problems.add(Place("new-region"), "this region has targets or measures", read=name, allowed="a new name")
    elif folder.exists() or folder.is_symlink():
        problems.add(place, "exists; nothing is overwritten", allowed="a new name, or --out with another folder")
    if template not in shipped:
        problems.add(Place("--from"), "unknown region", read=template, among=shipped)
    if not SMALLEST <= population <= LARGEST:
        problems.add(Place("--population"), "population", read=population, allowed=f"{SMALLEST} to {LARGEST}")
    problems.raise_any()
    region = load_region(PROJECT / "scenarios" / template / "region")
    made = Template(region, population / region.figure("population"))
    part = out / f".{name}.part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        (part / "region").mkdir(parents=True)
        _write(made, name, part)
        if not (out / "national_rules.csv").is_file():
            shutil.copyfile(PROJECT / "scenarios" / "national_rules.csv", part / "region" / "national_rules.csv")
        load_region(part / "region")  # what is written must load
        part.rename(folder)
    except OSError as error:
        problems.add(place, f"cannot be written: {error.strerror or error}", allowed="a folder that can be made")
    finally:
        shutil.rmtree(part, ignore_errors=True)
    problems.raise_any()
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _write(made: Template, name: str, part: Path) -> None:
    folder, firms = part / "region", _firms(made)
    (folder / "region.yaml").write_text(_region_yaml(made, name, firms), encoding="utf-8")
    _table(folder, "names.csv", _names(made))
    _table(folder, "sectors.csv", _sectors(made, firms))
    _table(folder, "districts.csv", _districts())
    _table(folder, "universities.csv", _universities(made))
    _table(folder, "firms.csv", _margins(firms))
    _table(folder, "anchors.csv", _anchors(firms))
    _table(folder, "paths.csv", _paths(made))
    _table(folder, "vintages.csv", (), schema.VINTAGES_HEADER)
    start, last = made.region.start_year, min(made.region.last_year, made.region.start_year + 9)
    words = {"id": name, "first": str(start), "last": str(last), "plan": str(start + 4), "template": made.region.id}
    words |= {"due": str(last), "title": _title(name)}
    for file, text in _SCENARIOS.items():
        for key, value in words.items():
            text = text.replace(f"<{key}>", value)
        (part / file).write_text(text.lstrip("\n"), encoding="utf-8")


def _title(name: str) -> str:
    return name.replace("_", " ").title()


def _table(folder: Path, file: str, rows: Iterable[Sequence[object]], header: Sequence[str] | None = None) -> None:
    # the mark at the beginning lets a spreadsheet show Chinese right
    with (folder / file).open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header or schema.HEADERS[file], *rows])


def apportion(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Return a whole number for each name, in proportion to weights and adding to ``total`` (largest remainders)."""
    whole = sum(weights.values())
    exact = {k: total * w / whole for k, w in weights.items()} if whole else dict.fromkeys(weights, 0.0)
    out = {k: int(x) for k, x in exact.items()}
    for k in sorted(exact, key=lambda k: out[k] - exact[k])[: total - sum(out.values())]:
        out[k] += 1
    return out


def _firms(made: Template) -> dict[tuple[str, str], dict[str, int]]:
    out = {}
    for cls in schema.FIRM_CLASSES:
        total = max(round(sum(made.region.margin(cls, "sector").values()) * made.scale), 20)
        for margin in schema.MARGINS:
            weights: dict[str, float] = {k: float(v) for k, v in made.region.margin(cls, margin).items()}
            if margin == "district":
                weights = {d[0]: d[3] for d in _DISTRICTS}
            out[cls, margin] = apportion(total, weights)
    return out


def _region_yaml(made: Template, name: str, firms: Mapping[tuple[str, str], dict[str, int]]) -> str:
    r, title = made.region, _title(name)
    pool = sum(firms["tech_sme", "sector"].values())
    lines = [
        f"# {title} at the start of the first year: a made-up city, {r.id} scaled to fewer residents.",
        "# Replace what you know and write where you have it from into `source` (a key of your own, such as",
        "# yearbook2012); leave `assumed` where you guess. `note` says what to look for. Units: CNY (not thousands),",
        "# persons, m2, shares between 0 and 1. `ris check` lists what is missing or does not add up.",
        "schema: 1",
        f"id: {name}",
        f"name: {{en: {title}, zh: {title}}}",
        f"start_year: {r.start_year}  # the first simulated year; paths.csv must reach from it to the last year",
        "plan:",
        f'  start: "{r.start_year + 4}-01"  # year, or year and month, in which the plan begins',
        f"  title: {{en: Innovation plan of {title}, zh: {title}创新规划}}",
        "status:  # printed on every page and table: say what the figures rest on",
        "  en: Made-up figures, scaled from another city. Not a fit, and no statement about any place.",
        "  zh: 虚构数字，按另一城市比例缩放，未经拟合，不代表任何地区。",
        "separately_planned: false  # true for a city whose taxes do not go through its province",
        "figures:",
    ]
    listed = {key for _, group in _GROUPS for key in group}
    rest = {key: "see the notes of a region that ships" for key in schema.FIGURES if key not in listed}
    for heading, group in (*_GROUPS, *((("Others", rest),) if rest else ())):
        lines += ["", f"  # {heading}"]
        for key, where in group.items():
            value = float(pool) if key == "tech_sme_pool" else made.figure(key)
            if key in ("tech_sme_count", "innovative_small_count"):
                value = min(value, float(pool))
            unit = r.figures[key].unit if key in r.figures else _unit(schema.FIGURES[key])
            note = made.note(where, scaled=schema.FIGURES[key] in ("money", "count") and key not in _PER_THING)
            lines.append(f'  {key}: {{value: {_plain(value)}, unit: "{unit}", source: {SOURCE}, note: "{note}"}}')
    if schema.OPTIONAL_FIGURES:
        lines += ["", "  # What only some cities have: 0 where it is left out. Take the # away and fill in."]
        for key, sort in schema.OPTIONAL_FIGURES.items():
            lines.append(f'  # {key}: {{value: 0, unit: "{_unit(sort)}", source: {SOURCE}, note: "how you know it"}}')
    return "\n".join(lines) + "\n"


def _unit(sort: str) -> str:
    return {"money": "CNY/year", "count": "count", "share": "share"}.get(sort, "1")


def _names(made: Template) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [
        ("sector", s, made.region.names["sector", s].en, made.region.names["sector", s].zh) for s in schema.SECTORS
    ]
    rows += [("district", d[0], d[1], d[2]) for d in _DISTRICTS]
    return rows + [("university", u[0], u[1], u[2]) for u in _UNIVERSITIES]


_SECTOR_NOTES = {
    "above_scale_firms": "industrial firms above scale; yearbook, chapter industry; must equal firms.csv",
    "above_scale_staff": "their staff; yearbook, chapter industry",
    "above_scale_revenue": "their main business revenue; yearbook, chapter industry",
    "tech_sme_firms": "technology firms below scale; science bureau; must equal firms.csv",
    "rest_value_added": "value added of everybody else in the sector; accounts, less the firms above",
    "value_added_ratio": "value added over revenue; yearbook, input-output table",
    "profit_margin": "profit over revenue; yearbook, chapter industry",
    "rd_share_above_scale": "share of firms above scale with R&D; R&D survey",
    "rd_share_tech_sme": "share of technology firms with R&D; no survey",
    "rd_intensity": "R&D over revenue of those with R&D; R&D survey",
    "wage": "mean yearly wage; yearbook",
    "strategic_share": "share of value added that counts as strategic emerging; statistics bureau",
    "marine_share": "share of value added that counts as marine; marine bulletin",
    "energy_share": "share of value added in energy-hungry branches",
    "hightech_share": "share of value added in high-tech branches",
    "technology_sales_share": "share of revenue from technology sold",
    "outside_demand": "share of sales outside the city",
    "patent_propensity": "inventions per CNY of R&D relative to the mean",
    "growth_offset": "growth above that of the city",
}


_SECTOR_SIZES = ("above_scale_firms", "above_scale_staff", "above_scale_revenue", "tech_sme_firms", "rest_value_added")


def _plain(value: float) -> str:
    """Return a number without an exponent."""
    return f"{value:.0f}" if value == int(value) else f"{value:.10g}"


def _sectors(made: Template, firms: Mapping[tuple[str, str], dict[str, int]]) -> list[Sequence[object]]:
    r, rows = made.region, list[Sequence[object]]()
    for i, sector in enumerate(schema.SECTORS):
        above = firms["above_scale", "sector"][sector]
        revenue = float(r.sector("above_scale_revenue")[i])
        lost = 0.0 if above else revenue * float(r.sector("value_added_ratio")[i]) * made.scale
        for quantity, sort in schema.SECTOR_QUANTITIES.items():
            value = float(r.sector(quantity)[i])
            if quantity in ("above_scale_firms", "tech_sme_firms"):
                value = float(firms[quantity.removesuffix("_firms"), "sector"][sector])
            elif quantity in ("above_scale_staff", "above_scale_revenue"):
                value = float(f"{value * made.scale:.5g}") if above else 0.0
            elif quantity == "rest_value_added":
                value = float(f"{value * made.scale + lost:.5g}")
            unit = {"above_scale_staff": "persons", "wage": "CNY/year"}.get(quantity, _unit(sort))
            unit = "firms" if quantity.endswith("_firms") else unit
            what = _SECTOR_NOTES.get(quantity, "see the notes of a region that ships")
            note = made.note(what, scaled=quantity in _SECTOR_SIZES)
            rows.append((sector, quantity, _plain(value), unit, SOURCE, note))
    return rows


def _districts() -> list[Sequence[object]]:
    notes = {
        "gdp_share": "share of the city's GDP; yearbooks of districts; adds to 1",
        "firm_share": "share of all firms of firms.csv; adds to 1",
        "incubator_share": "share of incubator floor space; adds to 1",
        "x_km": "east of the centre, read off a map",
        "y_km": "north of the centre, read off a map",
        "university_town": "1 where the campuses stand",
    }
    rows = list[Sequence[object]]()
    for name, _, _, share, x, y, town in _DISTRICTS:
        values = {"gdp_share": share, "firm_share": share, "incubator_share": share, "x_km": x, "y_km": y}
        values["university_town"] = town
        for quantity, sort in schema.DISTRICT_QUANTITIES.items():
            unit = "km" if quantity.endswith("_km") else "0/1" if sort == "flag" else "share"
            note = notes.get(quantity, "see the notes of a region that ships")
            rows.append((name, quantity, f"{values.get(quantity, 0):g}", unit, SOURCE, f"{note} [made up]"))
    return rows


def _universities(made: Template) -> list[Sequence[object]]:
    notes = {
        "kind": "0 university, 1 institute",
        "district": "row of the district in names.csv, from 0",
        "researchers": "full-time R&D staff; report of the body",
        "rd_budget": "R&D expenditure; all together rd_universities + rd_institutes of region.yaml",
        "patents": "invention patents in force; all together patents_in_force x patents_share_universities",
        "transfer_staff": "staff of its transfer office",
        "inventor_share": "what inventors get of a licence; its rules, else the floor of national law",
        "has_base": "1 if it has an incubation base",
        "has_fund": "1 if it has an incubation fund",
        "has_office": "1 if it has a transfer office",
    }
    held = apportion(
        round(made.figure("patents_in_force") * made.figure("patents_share_universities")),
        {u[0]: u[3] for u in _UNIVERSITIES},
    )
    units = {"district": "index", "researchers": "persons", "patents": "patents", "transfer_staff": "persons"}
    fields = made.region.university_fields.sum(axis=0)
    rows = list[Sequence[object]]()
    for name, _, _, share, budget, kind in _UNIVERSITIES:
        values: dict[str, float] = {"kind": kind, "district": 1, "patents": held[name]}
        values |= {"rd_budget": made.figure(budget), "transfer_staff": 2, "inventor_share": 0.2}
        values["researchers"] = round(made.figure("researchers_public") * share)
        for quantity, sort in schema.UNIVERSITY_QUANTITIES.items():
            unit = units.get(quantity, "0/1" if sort == "flag" else _unit(sort))
            note = notes.get(quantity, "see the notes of a region that ships")
            rows.append((name, quantity, _plain(values.get(quantity, 0)), unit, SOURCE, f"{note} [made up]"))
        for i, sector in enumerate(schema.SECTORS):
            if fields[i] > 0:
                note = "weight of the sector in its research; its list of faculties [made up]"
                rows.append((name, f"field:{sector}", f"{fields[i]:.3g}", "weight", SOURCE, note))
    return rows


def _margins(firms: Mapping[tuple[str, str], dict[str, int]]) -> list[Sequence[object]]:
    notes = {
        "sector": "as in sectors.csv",
        "size": "staff; yearbook, else the template's shares",
        "age": "years since founding; business register",
        "district": "business register",
        "ownership": "yearbook, chapter industry",
    }
    return [
        (cls, margin, level, count, "firms", SOURCE, f"{notes[margin]}; all margins add to one total [made up]")
        for (cls, margin), levels in firms.items()
        for level, count in levels.items()
    ]


def _anchors(firms: Mapping[tuple[str, str], dict[str, int]]) -> list[Sequence[object]]:
    sectors = firms["above_scale", "sector"]
    largest = max(sectors, key=lambda s: sectors[s])
    values = {"sector": schema.SECTORS.index(largest), "district": 1, "founded": 1995, "ownership": 0}
    values |= {"patents": 10, "staff": 1500, "revenue": 1_500_000_000, "rd": 30_000_000}
    units = {"sector": "index", "district": "index", "founded": "year", "ownership": "0 private 1 state 2 foreign"}
    units |= {"patents": "patents", "staff": "persons", "revenue": "CNY/year", "rd": "CNY/year"}
    note = "one row a quantity for each firm that must be itself; annual report [made up; the rows may be deleted]"
    return [("largest_firm", q, values.get(q, 0), units.get(q, "1"), SOURCE, note) for q in schema.ANCHOR_QUANTITIES]


def _paths(made: Template) -> list[Sequence[object]]:
    rows = list[Sequence[object]]()
    with (made.region.folder / "paths.csv").open(encoding="utf-8-sig", newline="") as stream:
        given = list(csv.DictReader(stream))
    for row in given:
        variable = row["variable"]
        if row["path"] == schema.OBSERVED and variable in _NATIONAL:
            rows.append((row["path"], variable, row["year"], row["value"], row["unit"], row["source"], row["note"]))
        elif variable in _FIND_PATHS and row["path"] in (schema.OBSERVED, "slow", "fast"):
            value = float(row["value"]) * (made.scale if variable == "population" else 1.0)
            text = f"{round(value)}" if variable == "population" else row["value"]
            note = f"{_FIND_PATHS[variable]} [made up: as in {made.region.id}]"
            rows.append((row["path"], variable, row["year"], text, row["unit"], SOURCE, note))
    return rows


_ENTRIES = """
levers:
  - id: H_grants
    lever: rd_subsidy
    title: {en: Science funds for firms, zh: 科技资金（企业）}
    from: <first>
    to: <last>
    payer: {province: 0.3, city: 0.7}
    source: assumed
    settings: {mode: ex_ante, cover_rate: 0.3, cap_per_firm: 1 MCNY/year, budget: 10 MCNY/year}
  - id: H_hnte
    lever: hnte_relief
    title: {en: Help and awards for high-tech enterprises, zh: 高企培育与认定奖励}
    from: <first>
    to: <last>
    payer: city
    source: assumed
    settings: {award: 50_000 CNY, budget: 2 MCNY/year, outreach: 0.2}
"""
_SCENARIOS: dict[str, str] = {
    "history.yaml": """
# What was in force in the city in each year. National rules come from national_rules.csv, local measures stand here.
# One entry a measure: `ris list levers` shows the levers with their settings and units.
# `source` says where the amount is from: `assumed`, or a key of your own.
schema: 1
title: {en: <title> as it was, zh: <title>实际施行的政策}
region: <id>
years: [<first>, <last>]
calibration: evidence
"""
    + _ENTRIES.lstrip("\n"),
    "baseline.yaml": """
# History up to the plan's start, then local policy frozen as it stood: what the plan is compared with.
# Up to the plan's start it must say the same as history.yaml.
schema: 1
title: {en: <title> without the plan, zh: <title>不实施新方案}
region: <id>
years: [<first>, <last>]
calibration: evidence
"""
    + _ENTRIES.lstrip("\n"),
    "plan.yaml": """
# The plan, on top of the baseline. Each entry carries out one row of measures.yaml and has its id
# (or <measure>_<part>); `ris check --plan` says which measure has no entry and which entry no measure.
# payer: centre, province, city, district, platform (a state-owned company) or private, or shares of several.
schema: 1
title: {en: <title> plan, zh: <title>规划情景}
region: <id>
extends: baseline.yaml
baseline: baseline.yaml
years: [<first>, <last>]
calibration: evidence
levers:
  - id: M1
    lever: innovation_voucher
    title: {en: Innovation vouchers, zh: 科技创新券}
    from: <plan>
    payer: city
    source: assumed
    settings: {face_value: 50_000 CNY/voucher, budget: 3 MCNY/year}
  - id: M2
    lever: incubator_expansion
    title: {en: New incubators, zh: 新建孵化器}
    from: <plan>
    payer: {city: 0.5, district: 0.5}
    source: assumed
    settings: {floor_per_year: 20_000 m2/year, subsidy_per_m2: 100 CNY/m2, budget: 2 MCNY/year}
  - id: M3
    lever: hnte_relief
    title: {en: More help for high-tech enterprises, zh: 加强高企培育}
    from: <plan>
    payer: city
    source: assumed
    settings: {award: 100_000 CNY, budget: 4 MCNY/year, outreach: 0.4}
""",
    "targets.yaml": """
# The plan's figures, one row each, in the form of calibration/targets.yaml: kind outcome, growth, capacity or input;
# op ge (at least) or gt (more than); `indicator` from `ris list indicators`, and `scale` from its unit to `unit`
# (a fraction to percent: 100). A target without an indicator is listed as not simulated yet. Ids must be new.
- {id: T1, region: <id>, section: "1", kind: outcome, year: <due>, op: ge, value: 2.0, unit: "percent of GDP",
   scale: 100, indicator: rd_share,
   name: {en: "R&D expenditure share of GDP", zh: "全社会研发经费占生产总值比重"}, quote: "made up"}
- {id: T2, region: <id>, section: "1", kind: outcome, year: <due>, op: ge, value: 60, unit: "firms",
   indicator: hnte_count,
   name: {en: "high-tech enterprises (HNTE)", zh: "高新技术企业数量"}, quote: "made up"}
- {id: T3, region: <id>, section: "2", kind: capacity, year: <due>, op: ge, value: 200000, unit: "m2",
   indicator: incubator_floor,
   name: {en: "incubator floor space", zh: "孵化器面积"}, quote: "made up"}
""",
    "measures.yaml": """
# The plan's measures, one row each: the lever that carries it, and the dose where the plan itself fixes one.
- {id: M1, region: <id>, section: "2", lever: innovation_voucher, dose: {},
   name: {en: "innovation vouchers", zh: "科技创新券"}, quote: "made up"}
- {id: M2, region: <id>, section: "2", lever: incubator_expansion, dose: {},
   name: {en: "new incubators", zh: "新建孵化器"}, quote: "made up"}
- {id: M3, region: <id>, section: "1", lever: hnte_relief, dose: {},
   name: {en: "help for high-tech enterprises", zh: "高新技术企业培育"}, quote: "made up"}
""",
    "leads.yaml": """
# The bureau that leads each section of the plan, and those that answer with it.
- {region: <id>, section: "1", lead: "市科技局", responsible: ["市财政局"]}
- {region: <id>, section: "2", lead: "市科技局", responsible: []}
""",
}
