"""Founding, incubation and attraction: what measures change, where they run dry, and what they leave alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.model import LEVERS
from simulator.simulate import Run, simulate
from simulator.world.agents import ATTRACTED_FIRM, FOUNDED_AGAIN, GROWN
from tests.model_runs import ROOT, entry, parameters, shipped, with_entries, years_of

BASE = ROOT / "scenarios" / "qingdao" / "baseline.yaml"
LAST = 2014


def run(lever: str, settings: dict[str, Any], first: float = 2012.0, last: float = 2015.0, until: int = LAST) -> Run:
    return simulate(with_entries(shipped(BASE, until), entry(LEVERS[lever], settings, first, last)), {}, 1)


def gain(
    lever: str,
    indicator: str,
    settings: dict[str, Any],
    first: float = 2012.0,
    last: float = 2015.0,
    until: int = LAST,
) -> np.ndarray:
    """Return what an added entry changes in an indicator of Qingdao's baseline, (T,)."""
    without = simulate(shipped(BASE, until), {}, 1)
    return run(lever, settings, first, last, until).series(indicator) - without.series(indicator)


def paid(result: Run, lever: str, kind: str = "outlay") -> float:
    return sum(b.amount for b in result.bills if b.lever == lever and b.kind == kind)


def test_local_registration_does_less_once_national_law_has_come() -> None:
    settings = {"registration": 0.8}
    before = gain("entry_reform", "firm_births", settings, 2012.0, 2013.0, 2012)[-1]
    after = gain("entry_reform", "firm_births", settings, 2016.0, 2017.0, 2016)[-1]
    assert before > after > 0.0
    assert after < 0.4 * before


def test_marginal_founders_are_weaker() -> None:
    scenario = shipped(BASE, 2012)
    plain, reformed = (
        [w for _, w, _ in years_of(s, parameters())][-1]
        for s in (scenario, with_entries(scenario, entry(LEVERS["entry_reform"], {"registration": 1.0})))
    )
    young = [w.firms.alive & (w.firms.founded >= 2011) & (w.firms.origin != GROWN) for w in (plain, reformed)]
    assert reformed.firms.quality[young[1]].mean() < plain.firms.quality[young[0]].mean()


def test_students_run_dry_and_only_places_taken_are_paid() -> None:
    results = [
        run("student_startup", {"students_per_year": n, "allowance": 8000.0, "budget": n * 8000.0})
        for n in (2_000.0, 20_000.0, 200_000.0)
    ]
    spent = [paid(r, "student_startup") for r in results]
    assert spent[0] < spent[1] < spent[2]
    assert spent[1] / spent[0] < 10.0
    assert spent[2] / spent[1] < 2.0


def test_students_are_counted_from_the_plans_start() -> None:
    series = simulate(shipped(BASE, 2016), {}, 1).series("students_started")
    assert (series[:4] == 0.0).all()
    assert 0.0 < series[4] < series[5] - series[4]


def test_mentors_run_dry_and_leave_when_the_programme_ends() -> None:
    settings = {"mentors_per_year": 1.0e5, "mentor_cost": 1000.0, "budget": 1.0e8}
    changes = gain("incubator_services", "mentors", settings, 2012.0, 2014.0, 2016)
    assert changes[2] < 5000.0
    assert changes[2] > changes[3] > changes[4] > 0.0


def test_space_is_left_alone_by_services() -> None:
    dose = LEVERS["incubator_services"].dose
    assert (gain("incubator_services", "incubator_floor", dose) == 0.0).all()
    assert gain("incubator_services", "mentoring_strength", dose)[-1] > 0.0


def test_culture_is_slow_and_fades() -> None:
    settings = {"tolerance": 1.0}
    culture = run("entrepreneurial_culture", settings, 2012.0, 2014.0, 2016).series("culture")
    assert culture[0] == 0.0
    assert 0.0 < culture[1] < culture[2] < 0.1
    assert culture[2] > culture[3] > culture[4] > 0.5 * culture[2]


def test_only_students_who_are_there_are_educated() -> None:
    all_, more = (
        run("entrepreneurial_culture", {"students_per_year": n, "student_cost": 10.0, "budget": 1.0e9})
        for n in (5.0e5, 5.0e6)
    )
    assert paid(all_, "entrepreneurial_culture") == pytest.approx(paid(more, "entrepreneurial_culture"))


def test_land_limits_attraction_and_awards_follow_firms() -> None:
    settings = {"firms_per_year": 1.0e5, "promotion_cost": 100.0, "award": 1.0e6, "budget": 1.0e10}
    result = run("investment_attraction", settings, 2012.0, 2013.0, 2012)
    gained = result.series("attracted_firms")[-1] - simulate(shipped(BASE, 2012), {}, 1).series("attracted_firms")[-1]
    awarded = (paid(result, "investment_attraction") - 1.0e7) / 1.0e6
    assert 0.0 < gained <= awarded < 200.0
    assert result.series("neighbours_firms_lost")[-1] < gained


def test_courting_one_sector_brings_that_sector() -> None:
    settings = {"firms_per_year": 500.0, "promotion_cost": 1.0e4, "sector": "pharma", "budget": 5.0e6}
    scenario = with_entries(shipped(BASE, 2013), entry(LEVERS["investment_attraction"], settings))
    worlds = [[w for _, w, _ in years_of(s, parameters())][-1] for s in (shipped(BASE, 2013), scenario)]
    pharma = worlds[0].region.sectors.index("pharma")
    came = [w.firms.sector[(w.firms.origin == ATTRACTED_FIRM)] for w in worlds]
    assert (came[1] == pharma).sum() > (came[0] == pharma).sum()
    assert (came[1] != pharma).sum() == (came[0] != pharma).sum()


def test_founders_begin_again_and_keys_stay_apart() -> None:
    *_, (year, world, _) = years_of(shipped(BASE, LAST), parameters())
    f = world.firms
    assert (f.alive & (f.origin == FOUNDED_AGAIN)).any()
    assert np.unique(f.key).size == len(f)
    settled = f.origin == ATTRACTED_FIRM
    assert ((f.settled > 0) == settled).all()
    assert (f.founded[settled] < f.settled[settled]).all()
    assert (f.settled[settled] <= year).all()
