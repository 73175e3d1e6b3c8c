from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from region_maker import write_region
from ruamel.yaml import YAML

from simulator.core.declare import Label, Lever
from simulator.core.parameters import setting
from simulator.core.problems import InputError
from simulator.scenario import Replicates, Scenario, load
from simulator.scenario_entries import Entry


@dataclass(frozen=True)
class VoucherSettings:
    face_value: float = setting(0.0, unit="CNY / voucher", low=0, high=1e6)
    budget: float = setting(0.0, unit="CNY / year", low=0)
    coverage: tuple[str, ...] = setting(("tech_sme",), choices=("tech_sme", "above_scale", "hnte"))
    years: int = setting(0, unit="years", low=0, high=10)
    rolling: bool = setting(False)
    design: str = setting("lottery", choices=("lottery", "ranking"))


@dataclass(frozen=True)
class TeamSettings:
    team_share: float = setting(0.0, unit="1", low=0, high=1)
    total_budget: float = setting(0.0, unit="CNY / year")

    def __post_init__(self) -> None:
        if self.team_share == 0.13:
            raise ValueError("an unlucky share")


@dataclass(frozen=True)
class NoParameters:
    pass


def offer(world: Any, terms: Any, entry: Any, p: Any) -> None:
    """Offer nothing."""


def lever(name: str, form: type) -> Lever:
    return Lever(name, Label(name, name), form, NoParameters, offer, {}, {})


LEVERS = {
    "innovation_voucher": lever("innovation_voucher", VoucherSettings),
    "equity_incentive": lever("equity_incentive", TeamSettings),
}
PARAMETERS = ("transfer.decay_km", "research.persistence")
SWITCHES = {"spillovers": ("long", "short"), "crowding": ("in", "out")}
HEAD = "schema: 1\ntitle: A try\nregion: testville\nyears: [2011, 2020]\n"
PLAN = (
    HEAD
    + """\
levers:
  - {id: QL09d, lever: innovation_voucher, from: 2015, to: 2018, payer: city,
     settings: {face_value: 100_000 CNY, budget: 40 MCNY/year, coverage: [tech_sme, hnte]}}
  - id: QL16a
    lever: equity_incentive
    from: 2015-10
    settings: {team_share: 70 %}
    title: {en: Equity, zh: 股权}
    payer: {city: 0.5, district: 50 %}
    source: obs:testville/equity/2015
assumptions: {transfer.decay_km: 80}
switches: {spillovers: short}
drivers: {gdp_growth: slow}
replicates: {min: 20, max: 200, until: {hnte_count@2016: 15}}
notes: a note
"""
)


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "scenarios"
    write_region(folder)
    return folder


@pytest.fixture
def home(scenarios: Path) -> Iterator[Path]:
    """Give the folder of a region's scenarios, and empty it of them afterwards."""
    yield scenarios / "testville"
    for path in (scenarios / "testville").glob("*.yaml"):
        path.unlink()


def read(home: Path, text: str | bytes, name: str = "plan.yaml") -> Scenario:
    (home / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return load(home / name, LEVERS, PARAMETERS, SWITCHES)


def problems(home: Path, text: str | bytes) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(home, text, "bad.yaml")
    return str(caught.value).splitlines()


def test_a_scenario_is_read_into_units_dates_and_payers(home: Path) -> None:
    s = read(home, PLAN)
    voucher, equity = s.entries
    assert s.title == Label("A try", "A try")
    assert s.region.id == "testville"
    assert s.years == (2011, 2020)
    assert voucher.settings == VoucherSettings(1e5, 4e7, ("tech_sme", "hnte"))
    assert (voucher.start, voucher.stop, voucher.payer) == (2015.0, 2019.0, "city")
    assert voucher.where == (str(home / "plan.yaml"), 6)
    assert equity.settings.team_share == 0.7
    assert (equity.start, equity.stop) == (2015.75, 2021.0)
    assert equity.payer == {"city": 0.5, "district": 0.5}
    assert equity.title == Label("Equity", "股权")
    assert equity.source == "obs:testville/equity/2015"
    assert s.assumptions == {"transfer.decay_km": 80.0}
    assert s.switches == {"spillovers": "short"}
    assert s.drivers == {"gdp_growth": "slow"}
    assert s.replicates == Replicates(20, 200, {"hnte_count@2016": 15.0})
    assert (s.calibration, s.baseline, s.notes, s.name) == ("evidence", None, "a note", "plan")
    assert [e.id for e in s.in_force(2014)] == []
    assert [e.id for e in s.in_force(2015)] == ["QL09d", "QL16a"]
    assert [e.id for e in s.in_force(2019)] == ["QL16a"]


def test_a_scenario_without_levers_covers_the_whole_horizon(home: Path) -> None:
    s = read(home, "schema: 1\ntitle: {en: Base, zh: 基准}\nregion: testville\nlevers:\ncalibration: history\n")
    assert s.entries == ()
    assert s.years == (2011, 2020)
    assert s.calibration == "history"
    assert s.replicates == Replicates()


@pytest.mark.parametrize(
    ("dates", "start", "stop"),
    [
        ("", 2011.0, 2021.0),
        ("from: 2013", 2013.0, 2021.0),
        ("from: 2015-10", 2015.75, 2021.0),
        ("from: '2015-10', to: 2016-06", 2015.75, 2016.5),
        ("to: 2014", 2011.0, 2015.0),
        ("from: 2009, to: 2030", 2009.0, 2031.0),
        ("from: 2015-12, to: 2015-12", 2015 + 11 / 12, 2016.0),
    ],
)
def test_dates_count_to_the_end_of_what_they_name(home: Path, dates: str, start: float, stop: float) -> None:
    sep = ", " if dates else ""
    s = read(home, HEAD + f"levers: [{{id: A, lever: equity_incentive{sep}{dates}}}]\n")
    assert (s.entries[0].start, s.entries[0].stop) == (start, stop)
    again = s.resolved()["levers"][0]
    line = f"{{id: A, lever: equity_incentive, from: {again['from']}, to: {again['to']}}}"
    same = read(home, HEAD + f"levers: [{line}]\n", "again.yaml").entries[0]
    assert (same.start, same.stop) == (start, stop)


MONTHS = st.integers(2000 * 12, 2030 * 12)


@given(MONTHS, MONTHS)
def test_shares_of_years_add_to_the_time_in_force(a: int, b: int) -> None:
    start, stop = sorted((a / 12, (b + 1) / 12 if b >= a else (b - 1) / 12))
    entry = Entry("A", LEVERS["equity_incentive"], TeamSettings(), "city", start, stop)
    shares = [entry.share_of_year(year) for year in range(1999, 2033)]
    assert sum(shares) == pytest.approx(stop - start, abs=1e-9)
    assert all(0.0 <= share <= 1.0 for share in shares)


def entry_line(settings_: str, more: str = "") -> str:
    return HEAD + f"levers:\n  - {{id: A, lever: innovation_voucher, settings: {{{settings_}}}{more}}}\n"


BAD = {
    "misspelt lever": (
        PLAN.replace("lever: innovation_voucher", "lever: inovation_vouchers"),
        [":6:24: unknown lever", "read 'inovation_vouchers'", "did you mean innovation_voucher?"],
    ),
    "wrong unit": (entry_line("budget: 40 m2"), [":6:59: A.budget: a unit of another kind", "40 MCNY/year"]),
    "wrong rate": (entry_line("face_value: 1000 CNY/year"), ["rate per time", "CNY / voucher"]),
    "negative budget": (entry_line("budget: -40 MCNY"), ["A.budget is negative", "at least 0 CNY / year"]),
    "negative budget without a declared bound": (
        PLAN.replace("team_share: 70 %", "total_budget: -1"),
        ["total_budget is negative", "at least 0"],
    ),
    "number in words": (entry_line("budget: forty million"), ["in words", "read 'forty million'"]),
    "not finite": (entry_line("budget: .inf"), ["not finite"]),
    "not a number": (entry_line("budget: .nan"), ["not finite"]),
    "truth as a number": (entry_line("budget: true"), ["A.budget is true or false"]),
    "above the bound": (entry_line("face_value: 2 MCNY"), ["out of bounds", "at most 1e+06"]),
    "not whole": (entry_line("years: 2.5"), ["a whole number"]),
    "unknown choice": (entry_line("coverage: [tech_smes]"), ["did you mean tech_sme?"]),
    "choice twice": (entry_line("coverage: [hnte, hnte]"), ["twice"]),
    "not a list": (entry_line("coverage: hnte"), ["A.coverage is text", "a list of tech_sme"]),
    "not a truth": (entry_line("rolling: no"), ["true or false"]),
    "unknown design": (entry_line("design: lotery"), ["did you mean lottery?"]),
    "unknown setting": (entry_line("budgt: 1"), ["unknown key in settings", "did you mean budget?"]),
    "settings that do not fit together": (PLAN.replace("70 %", "13 %"), ["an unlucky share"]),
    "settings not a mapping": (entry_line("budget: 1").replace("{budget: 1}", "5"), ["a number"]),
    "year outside": (
        entry_line("budget: 1", ", from: 2025"),
        ["outside the scenario's years", "2011 to 2020"],
    ),
    "end before the beginning": (entry_line("", ", from: 2016, to: 2014"), ["ends before it begins"]),
    "not a date": (entry_line("", ", from: soon"), ["a year and month (2015-10)"]),
    "no such month": (entry_line("", ", from: 2015-13"), ["not a date"]),
    "half a year": (entry_line("", ", from: 2015.5"), ["not a date", "read 2015.5"]),
    "unknown payer": (entry_line("", ", payer: citty"), ["unknown payer", "did you mean city?"]),
    "payer shares": (entry_line("", ", payer: {city: 0.5, centre: 0.4}"), ["add to 0.9"]),
    "payer a number": (entry_line("", ", payer: 5"), ["payer of A is a number"]),
    "horizon": (HEAD.replace("2020", "2035"), [":4:8: years outside the horizon", "2011 to 2020"]),
    "years reversed": (HEAD.replace("[2011, 2020]", "[2020, 2011]"), ["[first, last]"]),
    "duplicate key": (HEAD + "title: again\n", [":5:1: duplicate key, first on line 2", "read 'title'"]),
    "duplicate id": (
        HEAD + "levers:\n  - {id: A, lever: equity_incentive}\n  - {id: A, lever: equity_incentive}\n",
        [":7:10: duplicate entry id, first on line 6"],
    ),
    "unknown key": (HEAD + "lever: []\n", [":5:1: unknown key", "did you mean levers?"]),
    "unknown key of an entry": (entry_line("", ", pays: city"), ["unknown key in entry"]),
    "entry without id": (HEAD + "levers: [{lever: equity_incentive}]\n", ["without id"]),
    "entry without lever": (HEAD + "levers: [{id: A}]\n", ["entry A lacks 'lever'"]),
    "entry named after a lever": (
        HEAD + "levers: [{id: innovation_voucher, lever: equity_incentive}]\n",
        ["name of another lever"],
    ),
    "levers a mapping": (HEAD + "levers: {A: 1}\n", ["a list of entries"]),
    "off without an entry": (HEAD + "levers: [{id: A, off: true}]\n", ["no entry to switch off", "read 'A'"]),
    "unknown region": (HEAD.replace("testville", "testvile"), ["unknown region", "did you mean testville?"]),
    "region path": (HEAD.replace("testville", "../testville"), ["a name such as qingdao"]),
    "schema": (HEAD.replace("schema: 1", "schema: 2"), [":1:9: schema"]),
    "no schema": (HEAD.replace("schema: 1\n", ""), ["lacks 'schema'"]),
    "no title": (HEAD.replace("title: A try\n", ""), ["lacks 'title'"]),
    "half a title": (HEAD.replace("A try", "{en: A try}"), ["lacks 'zh'"]),
    "calibration": (HEAD + "calibration: evidense\n", ["did you mean evidence?"]),
    "assumption": (HEAD + "assumptions: {transfer.decay: 1}\n", ["did you mean transfer.decay_km?"]),
    "assumption in words": (HEAD + "assumptions: {transfer.decay_km: far}\n", ["in words"]),
    "switch": (HEAD + "switches: {spillover: short}\n", ["did you mean spillovers?"]),
    "switch value": (HEAD + "switches: {spillovers: shrt}\n", ["did you mean short?"]),
    "driver": (HEAD + "drivers: {gdp_grwth: slow}\n", ["did you mean gdp_growth?"]),
    "driver path": (HEAD + "drivers: {gdp_growth: slw}\n", ["did you mean slow?"]),
    "replicates": (HEAD + "replicates: {min: 0}\n", ["replicates.min"]),
    "replicates reversed": (HEAD + "replicates: {min: 20, max: 10}\n", ["min above max"]),
    "until": (HEAD + "replicates: {until: {hnte_count: 15}}\n", ["indicator@year"]),
    "until a year outside": (HEAD + "replicates: {until: {hnte_count@2030: 15}}\n", ["years 2011 to 2020"]),
    "no baseline": (HEAD + "baseline: base.yaml\n", ["baseline: no such file"]),
    "extends nothing": (HEAD + "extends: plann.yaml\n", ["extends: no such file"]),
    "extends itself": (HEAD + "extends: bad.yaml\n", ["extends itself"]),
    "extends outside": (HEAD + "extends: ../../secret.yaml\n", ["inside the scenarios folder"]),
    "extends absolute": (HEAD + "extends: /etc/passwd\n", ["inside the scenarios folder"]),
    "empty": ("", [":1:1: the file is empty"]),
    "only comments": ("# nothing\n", ["the file is empty"]),
    "a list": ("- 1\n", ["a list"]),
    "tabs": ("schema: 1\n\ttitle: x\n", [":2:1: tab"]),
    "alias": (HEAD.replace("A try", "&a A try") + "notes: *a\n", ["anchor"]),
    "too large": (b"#" * 1_000_001, ["too large"]),
    "not text": (b"\xff\xfe\x00", [":1:1: not UTF-8"]),
}


@pytest.mark.parametrize("case", BAD)
def test_each_kind_of_bad_input_is_placed_and_explained(home: Path, case: str) -> None:
    text, said = BAD[case]
    found = problems(home, text)
    assert any(all(s in p for s in said) for p in found), found
    assert all("bad.yaml:" in p for p in found)


def test_all_problems_come_at_once(home: Path) -> None:
    text = (
        PLAN.replace("lever: innovation_voucher", "lever: voucher")
        .replace("70 %", "seventy")
        .replace("payer: city", "payer: town")
        .replace("gdp_growth: slow", "gdp_growth: slowly")
        .replace("years: [2011, 2020]", "years: 2011")
        .replace("notes:", "note:")
    )
    found = problems(home, text)
    assert len(found) == 6, found
    assert found == sorted(found, key=lambda p: [int(n) for n in p.split("bad.yaml:")[1].split(":")[:2]])


def test_a_missing_scenario_or_region_file_is_named(home: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load(home / "nowhere.yaml", LEVERS, PARAMETERS, SWITCHES)
    with pytest.raises(InputError, match="not a file"):
        load(home, LEVERS, PARAMETERS, SWITCHES)
    table = home / "region" / "firms.csv"
    content = table.read_bytes()
    table.unlink()
    try:
        found = problems(home, HEAD + "switches: {spillovers: shrt}\n")
    finally:
        table.write_bytes(content)
    assert any("firms.csv:1:1: no such file" in p for p in found)
    assert any("did you mean short?" in p for p in found)


def test_a_region_may_stand_beside_the_scenario_or_under_it(tmp_path: Path) -> None:
    beside = write_region(tmp_path / "a" / "x", "elsewhere").parent
    (tmp_path / "a" / "national_rules.csv").write_bytes((tmp_path / "a/x/national_rules.csv").read_bytes())
    beside.rename(tmp_path / "a" / "other")
    text = HEAD.replace("testville", "elsewhere")
    assert read(tmp_path / "a" / "other", text).region.id == "elsewhere"
    write_region(tmp_path / "b" / "scenarios", "elsewhere")
    assert read(tmp_path / "b", text).region.id == "elsewhere"


# ---- extends ----------------------------------------------------------------------------------------


def test_extends_merges_by_id_and_setting_by_setting(home: Path) -> None:
    base = read(home, PLAN)
    child = read(
        home,
        "schema: 1\ntitle: Doubled\nextends: plan.yaml\nbaseline: plan.yaml\nlevers:\n"
        "  - {id: QL09d, settings: {budget: 80 MCNY/year}}\n"
        "  - {id: QL16a, off: true}\n"
        "  - {id: NEW, lever: equity_incentive, settings: {team_share: 0.5}}\n"
        "assumptions: {research.persistence: 0.9}\nswitches: {spillovers: long}\n",
        "doubled.yaml",
    )
    assert [e.id for e in child.entries] == ["QL09d", "NEW"]
    assert child.entries[0].settings == replace(base.entries[0].settings, budget=8e7)
    assert child.entries[0].start == base.entries[0].start
    assert child.title.en == "Doubled"
    assert child.region.id == "testville"
    assert child.assumptions == {"transfer.decay_km": 80.0, "research.persistence": 0.9}
    assert child.switches == {"spillovers": "long"}
    assert child.replicates == base.replicates
    assert child.baseline == "plan.yaml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("levers: [{id: QL9d, off: true}]", ["no entry to switch off", "did you mean QL09d?"]),
        ("levers: [{id: QL09d, lever: equity_incentive}]", ["is of lever innovation_voucher"]),
        ("levers: [{id: QL09d, settings: {budget: ten}}]", ["QL09d.budget", "in words"]),
        ("levers: [{id: QL09d, off: 1}]", ["true or false"]),
    ],
)
def test_a_file_that_extends_another_is_checked_like_any(home: Path, text: str, said: list[str]) -> None:
    read(home, PLAN)
    found = problems(home, f"schema: 1\nextends: plan.yaml\n{text}\n")
    assert len(found) == 1, found
    assert all(s in found[0] for s in said), found


def test_problems_of_the_file_extended_are_placed_there(home: Path) -> None:
    (home / "plan.yaml").write_text(PLAN.replace("70 %", "seventy"))
    assert "plan.yaml:11:" in problems(home, "schema: 1\nextends: plan.yaml\n")[0]


def test_a_mix_may_extend_a_plan_that_extends_a_baseline(home: Path) -> None:
    read(home, PLAN, "baseline.yaml")
    (home / "plan.yaml").write_text(
        "schema: 1\ntitle: Plan\nextends: baseline.yaml\nlevers:\n"
        "  - {id: QL09d, settings: {budget: 80 MCNY/year}}\n"
        "  - {id: NEW, lever: equity_incentive, settings: {team_share: 0.5}}\n"
        "assumptions: {research.persistence: 0.9}\n"
    )
    mix = read(
        home,
        "schema: 1\nextends: plan.yaml\nbaseline: plan.yaml\nlevers:\n"
        "  - {id: QL09d, settings: {face_value: 200_000 CNY}}\n  - {id: NEW, off: true}\n",
        "mix.yaml",
    )
    assert [e.id for e in mix.entries] == ["QL09d", "QL16a"]
    assert mix.entries[0].settings == VoucherSettings(2e5, 8e7, ("tech_sme", "hnte"))
    assert mix.title.en == "Plan"
    assert mix.assumptions == {"transfer.decay_km": 80.0, "research.persistence": 0.9}
    assert mix.baseline == "plan.yaml"


def test_a_chain_of_more_than_three_files_is_refused(home: Path) -> None:
    read(home, PLAN)
    (home / "second.yaml").write_text("schema: 1\nextends: plan.yaml\n")
    (home / "third.yaml").write_text("schema: 1\nextends: second.yaml\n")
    found = problems(home, "schema: 1\nextends: third.yaml\n")
    assert len(found) == 1, found
    assert "second.yaml:2:10: extends: the chain is too long" in found[0]
    assert "3 files" in found[0]


def test_a_circle_of_files_is_refused_where_it_closes(home: Path) -> None:
    (home / "middle.yaml").write_text("schema: 1\nextends: bad.yaml\n")
    found = problems(home, HEAD + "extends: middle.yaml\n")
    assert len(found) == 1, found
    assert "middle.yaml:2:10: extends goes round in a circle" in found[0]
    (home / "middle.yaml").write_text("schema: 1\nextends: middle.yaml\n")
    assert "middle.yaml:2:10: a scenario that extends itself" in problems(home, HEAD + "extends: middle.yaml\n")[0]


# ---- copies and fingerprints ------------------------------------------------------------------------


def test_what_is_resolved_can_be_loaded_again(home: Path) -> None:
    first = read(home, PLAN)
    with (home / "resolved.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(first.resolved(), stream)
    second = load(home / "resolved.yaml", LEVERS, PARAMETERS, SWITCHES)
    assert second.resolved() == first.resolved()
    assert second.fingerprint() == first.fingerprint()


def test_the_fingerprint_sees_content_and_not_order_or_place(home: Path) -> None:
    first = read(home, PLAN).fingerprint()
    assert len(first) == 64
    lines = PLAN.splitlines(keepends=True)
    swapped = "".join([*lines[:5], *lines[7:14], *lines[5:7], *lines[14:]])
    assert read(home, swapped, "swapped.yaml").fingerprint() == first
    assert read(home, PLAN.replace("40 MCNY", "41 MCNY"), "b.yaml").fingerprint() != first
    assert read(home, PLAN.replace("2018", "2017"), "c.yaml").fingerprint() != first
    table = home / "region" / "anchors.csv"
    content = table.read_bytes()
    table.write_bytes(content.replace(b"made up", b"made-up"))
    try:
        assert read(home, PLAN).fingerprint() != first
    finally:
        table.write_bytes(content)


def test_settings_are_changed_on_a_copy(home: Path) -> None:
    s = read(home, PLAN)
    changed = s.with_settings({"QL09d.face_value": 2e5, "equity_incentive.team_share": "80 %"})
    assert changed.entries[0].settings.face_value == 2e5
    assert changed.entries[1].settings.team_share == 0.8
    assert s.entries[0].settings.face_value == 1e5
    assert changed.fingerprint() != s.fingerprint()
    assert s.with_settings({}).fingerprint() == s.fingerprint()
    assert changed.with_settings({"QL09d.coverage": ("hnte",)}).entries[0].settings.coverage == ("hnte",)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("QL09.face_value", 1.0, "did you mean QL09d?"),
        ("QL09d.face_valu", 1.0, "did you mean face_value?"),
        ("QL09d", 1.0, "no such setting"),
        ("QL09d.budget", -1.0, "is negative"),
        ("QL09d.budget", float("nan"), "not finite"),
        ("QL09d.coverage", ["x"], "allowed: tech_sme"),
        ("QL16a.team_share", 0.13, "unlucky"),
    ],
)
def test_a_change_that_is_not_allowed_is_refused(home: Path, path: str, value: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(home, PLAN).with_settings({path: value})
    assert said in str(caught.value)


def test_a_lever_used_twice_must_be_named_by_entry(home: Path) -> None:
    s = read(home, PLAN.replace("assumptions:", "  - {id: X, lever: equity_incentive}\nassumptions:"))
    with pytest.raises(InputError, match="several entries use equity_incentive"):
        s.with_settings({"equity_incentive.team_share": 0.5})


def test_entries_are_left_out_by_id(home: Path) -> None:
    s = read(home, PLAN)
    assert [e.id for e in s.without(["QL09d"]).entries] == ["QL16a"]
    with pytest.raises(InputError, match="QL09d"):
        s.without(["QL9d"])


def test_a_scenario_survives_pickling(home: Path) -> None:
    s = read(home, PLAN)
    again = pickle.loads(pickle.dumps(s))
    assert again.fingerprint() == s.fingerprint()
    assert again.entries == s.entries
    with pytest.raises(InputError) as caught:
        read(home, "")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


# ---- any bytes --------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=300) | st.text(max_size=100).map(lambda t: t.encode("utf-8", "ignore")),
    at=st.integers(0, len(PLAN)),
    cut=st.integers(0, 40),
    whole=st.booleans(),
)
def test_no_bytes_raise_anything_but_an_input_error(home: Path, data: bytes, at: int, cut: int, whole: bool) -> None:
    plan = PLAN.encode()
    with suppress(InputError):
        read(home, data if whole else plan[:at] + data + plan[at + cut :], "random.yaml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=6,
)
FIELDS = ("id", "lever", "from", "to", "payer", "settings", "title", "source", "off")
TOP = ("schema", "title", "region", "years", "calibration", "levers", "assumptions", "switches", "drivers")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    field=st.sampled_from(FIELDS),
    top=st.sampled_from((*TOP, "replicates", "notes", "baseline", "extends")),
    value=VALUES,
)
def test_a_value_of_any_shape_anywhere_is_read_or_refused(home: Path, field: str, top: str, value: Any) -> None:
    whole = YAML(typ="safe", pure=True).load(PLAN)
    with_field = whole | {"levers": [whole["levers"][0] | {field: value}, whole["levers"][1]]}
    for content in (with_field, whole | {top: value}):
        with (home / "shape.yaml").open("w", encoding="utf-8") as stream:
            YAML(typ="safe", pure=True).dump(content, stream)
        with suppress(InputError):
            load(home / "shape.yaml", LEVERS, PARAMETERS, SWITCHES)
