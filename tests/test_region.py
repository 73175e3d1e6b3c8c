from __future__ import annotations

import pickle
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from region_maker import DISTRICTS, FIRST, LAST, UNIVERSITIES, write_region

from simulator.core.problems import InputError
from simulator.world import region_schema as schema
from simulator.world.region import load_region

REGIONS = Path(__file__).parents[1] / "scenarios"
FILES = ("region.yaml", *schema.HEADERS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_region(tmp_path / "scenarios")


def edit(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def problems(folder: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_region(folder)
    return str(caught.value).splitlines()


def only(folder: Path, *parts: str) -> str:
    """Return the one problem of a folder after checking what it says."""
    found = problems(folder)
    assert len(found) == 1, found
    for part in parts:
        assert part in found[0]
    return found[0]


def test_a_region_may_count_the_years_of_luck_from_its_own_epoch(folder: Path) -> None:
    edit(folder / "region.yaml", "start_year: 2011", "start_year: 2011\nluck_epoch: 2001")
    assert load_region(folder).luck_epoch == 2001


def test_a_complete_folder_is_read_as_columns_and_names(folder: Path) -> None:
    region = load_region(folder)
    assert (region.id, region.name["zh"], region.start_year, region.last_year) == (
        "testville",
        "测试市",
        FIRST,
        LAST,
    )
    assert region.plan_start == 2015.5
    assert region.separately_planned is True
    assert region.luck_epoch == 0
    assert region.status is not None
    assert region.sectors == schema.SECTORS
    assert region.districts == DISTRICTS
    assert region.universities == UNIVERSITIES
    assert region.names["district", "north"].zh == "区"
    assert region.figure("gdp") == 1e9
    assert region.figures["gdp"].source == "assumed"
    assert region.sector("wage").shape == (12,)
    assert region.district("gdp_share").sum() == 1.0
    assert region.university("patents").tolist() == [15.0, 15.0]
    assert region.university_fields.shape == (2, 12)
    assert region.university_fields[0, schema.SECTORS.index("marine")] == 2.0
    assert region.margin("tech_sme", "sector")["steel"] == 4
    assert list(region.margin("tech_sme", "age")) == list(schema.AGES)
    assert region.anchors[0]["firm"] == "Big Works"
    assert region.anchors[0]["staff"] == 9000.0
    assert region.rules["hnte_tax"][2008] == 0.1


@pytest.mark.parametrize("name", ["figure", "sector", "district", "university"])
def test_an_unknown_name_is_a_key_error_that_says_so(folder: Path, name: str) -> None:
    with pytest.raises(KeyError, match="gdpp"):
        getattr(load_region(folder), name)("gdpp")
    with pytest.raises(KeyError, match="sizes"):
        load_region(folder).margin("tech_sme", "sizes")


def test_columns_cannot_be_written_to(folder: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        load_region(folder).sector("wage")[0] = 1.0


def test_a_region_survives_pickling(folder: Path) -> None:
    region = load_region(folder)
    again = pickle.loads(pickle.dumps(region))
    assert again.digest == region.digest
    assert np.array_equal(again.sector("wage"), region.sector("wage"))


def test_drivers_replace_the_years_that_their_path_gives(folder: Path) -> None:
    region = load_region(folder)
    observed = region.outside()
    assert observed["gdp_real_growth"][2015] == 1.0
    assert observed["demand:steel"][2016] == 0.0
    slow = region.outside({"gdp_growth": "slow"})
    assert slow["gdp_real_growth"] == {y: 1.0 if y < 2015 else 0.02 for y in range(FIRST, LAST + 1)}
    assert slow["steel_price"] == observed["steel_price"]
    assert region.outside({"all": "slow"})["demand:steel"][2016] == -0.1
    mixed = region.outside({"all": "slow", "gdp_real_growth": "observed", "steel_price": "shock"})
    assert mixed["gdp_real_growth"] == observed["gdp_real_growth"]
    assert mixed["steel_price"][2015] == 0.5
    with pytest.raises(KeyError, match="shock"):
        region.outside({"gdp_growth": "shock"})
    with pytest.raises(KeyError, match="gdp_grwth"):
        region.outside({"gdp_grwth": "slow"})
    assert region.driver_choices()["steel_price"] == ("observed", "shock")


def test_the_digest_changes_with_any_byte(folder: Path) -> None:
    before = load_region(folder).digest
    assert load_region(folder).digest == before
    edit(folder / "sectors.csv", "made up", "made-up")
    assert load_region(folder).digest != before


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_empty_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    assert any(f"{name}:1:1: the file is empty" in p for p in problems(folder))
    (folder / name).unlink()
    assert any(f"{name}:1:1: no such file" in p for p in problems(folder))


def test_missing_national_rules_and_a_missing_folder_are_named(folder: Path) -> None:
    (folder.parent.parent / "national_rules.csv").unlink()
    only(folder, "national_rules.csv:1:1: no such file")
    only(folder / "nowhere", "no such region folder")


def test_a_region_may_bring_its_own_rules(folder: Path) -> None:
    shared = folder.parent.parent / "national_rules.csv"
    (folder / "national_rules.csv").write_text(shared.read_text().replace("0.1", "0.2"))
    assert load_region(folder).rules["hnte_tax"][2008] == 0.2


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("sectors.csv", "steel,wage", "stel,wage", ["unknown sector", "did you mean steel?"]),
        ("sectors.csv", "steel,wage", "steel,wages", ["unknown quantity", "did you mean wage?"]),
        ("districts.csv", "north,firm_share", "nroth,firm_share", ["did you mean north?"]),
        ("universities.csv", "field:marine", "field:marin", ["did you mean field:marine?"]),
        ("universities.csv", "ocean,inventor_share,0.5", "ocean,inventor_share,1.5", ["between 0 and 1"]),
        ("universities.csv", "ocean,district,1", "ocean,district,2", ["allowed: 0 to 1"]),
        ("universities.csv", "rd_budget,1000000000.0", "rd_budget,1000900000.0", ["rd_universities"]),
        ("universities.csv", "patents,15", "patents,25", ["add to 40"]),
        ("districts.csv", "gdp_share,0.5", "gdp_share,0.6", ["gdp_share add to 1.1"]),
        ("sectors.csv", "steel,wage,1000000000.0", "steel,wage,about a billion", ["in digits"]),
        ("sectors.csv", "steel,wage,1000000000.0", "steel,wage,nan", ["finite"]),
        ("sectors.csv", "steel,wage,1000000000.0", "steel,wage,-5", ["0 or more"]),
        ("sectors.csv", "1000000000.0,CNY/year", "1000000000.0,bn CNY", ["unit of", "CNY (not thousands"]),
        ("sectors.csv", "0.5,1,assumed", "0.5,1,", ["empty source"]),
        ("firms.csv", "tech_sme,size,1-9,4", "tech_sme,size,1-9,5", ["size 9", "different totals"]),
        ("firms.csv", "tech_sme,size,1-9,4", "tech_sme,size,1-9,4.5", ["whole number"]),
        ("firms.csv", "tech_sme,size,1-9", "tech_sme,size,1-8", ["unknown level", "did you mean 1-9?"]),
        ("anchors.csv", "sector,0", "sector,12", ["0 to 11"]),
        ("anchors.csv", "Big Works,rd,", "Big Works,r_and_d,", ["unknown quantity"]),
        ("paths.csv", "observed,wage_growth,2013,1", "slow,wage_growth,2013,1", ["wage_growth: 2013"]),
        ("paths.csv", "observed,wage_growth,2013", "observed,wage_growth,soon", ["a year such as"]),
        (
            "paths.csv",
            "observed,wage_growth,2013",
            "observed,wage_growth,2012",
            ["duplicate row, first on line"],
        ),
        ("names.csv", "sector,steel", "sector,stele", ["did you mean steel?"]),
        ("names.csv", "kind,id", "kind,identity", ["unknown column", "read 'identity'"]),
        ("region.yaml", "gdp: {value: 1000000000.0,", "gdp: {value: a lot,", ["a finite number"]),
        ("region.yaml", "gdp: {value: 1000000000.0, unit: CNY/year", "gdp: {value: 1, unit: bn CNY", ["CNY"]),
        ("region.yaml", "  gdp:", "  gpd:", ["did you mean gdp?"]),
        ("region.yaml", "hnte_due_1: {value: 0.2", "hnte_due_1: {value: 0.3", ["add to 1.1"]),
        ("region.yaml", "start: 2015-07", "start: 2015-13", ["2015-07"]),
        ("region.yaml", "start_year: 2011", "start_year: soon", ["a year such as"]),
        ("region.yaml", "start_year: 2011", "start_year: 2011\nluck_epoch: soon", ["a year such as", "left out"]),
        ("region.yaml", "separately_planned: true", "separately_planned: yes", ["true or false"]),
        ("region.yaml", "id: testville", "id: testville\nid: other", ["duplicate key, first on line 2"]),
        ("region.yaml", "name: {en: Testville, zh: 测试市}", "name: {en: Testville}", ["lacks 'zh'"]),
    ],
)
def test_each_kind_of_mistake_is_placed_and_explained(
    folder: Path, file: str, old: str, new: str, said: list[str]
) -> None:
    edit(folder / file, old, new)
    found = [p for p in problems(folder) if f"{file}:" in p and all(s in p for s in said)]
    assert found, problems(folder)


def test_a_problem_stands_at_its_line_and_column(folder: Path) -> None:
    lines = (folder / "sectors.csv").read_text().splitlines()
    line = next(i for i, text in enumerate(lines, 1) if text.startswith("pharma,wage"))
    edit(folder / "sectors.csv", "pharma,wage,1000000000.0", "pharma,wage,much")
    assert f"sectors.csv:{line}:13: wage of pharma (read 'much'" in only(folder)


def test_problems_of_all_files_come_at_once(folder: Path) -> None:
    edit(folder / "sectors.csv", "steel,wage", "stel,wage")
    edit(folder / "firms.csv", "tech_sme,size,1-9,4", "tech_sme,size,1-9,five")
    edit(folder / "region.yaml", "  gdp:", "  gpd:")
    (folder / "paths.csv").unlink()
    text = "\n".join(problems(folder))
    for part in ("stel", "five", "gpd", "paths.csv:1:1: no such file"):
        assert part in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), data=st.binary(max_size=300), at=st.integers(0, 5000))
def test_no_bytes_raise_anything_but_an_input_error(folder: Path, name: str, data: bytes, at: int) -> None:
    path = folder / name
    good = path.read_bytes()
    try:
        for bad in (data, good[:at] + data + good[at:]):
            path.write_bytes(bad)
            with suppress(InputError):
                load_region(folder)
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize("name", ["qingdao", "benxi"])
def test_the_project_s_own_regions_load(name: str) -> None:
    region = load_region(REGIONS / name / "region")
    assert region.id == name
    assert region.last_year >= 2020
