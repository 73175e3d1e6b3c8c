"""Places and people: parks hold what fits, zones move firms, courses saturate and fade, stations need hosts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from simulator.model import LEVERS
from simulator.simulate import Run, simulate
from simulator.world.hours import additional_part, tie_worth
from simulator.world.world import World
from tests.model_runs import ROOT, entry, parameters, shipped, with_entries, years_of

LAST = 2016
BASELINE = ROOT / "scenarios" / "qingdao" / "baseline.yaml"


def scenario(lever: str, changes: Mapping[str, Any] | None = None, until: float = 2021.0) -> Any:
    settings = {**LEVERS[lever].dose, **(changes or {})}
    return with_entries(shipped(BASELINE, LAST), entry(LEVERS[lever], settings, last=until))


def worlds(lever: str, changes: Mapping[str, Any] | None = None) -> World:
    *_, (_, world, _) = years_of(scenario(lever, changes), parameters())
    return world


@cache
def without() -> Run:
    return simulate(shipped(BASELINE, LAST), {}, 1)


def test_parks_hold_no_more_than_fits() -> None:
    world = worlds("sector_programme")
    st, f = world.state, world.firms
    assert 0.0 < st.software_let <= st.software_floor
    assert (f.sector[f.in_park] == world.region.sectors.index("digital")).all()
    assert f.alive[f.in_park].sum() > 0
    assert 0.0 <= st.software_room <= 1.0


def test_three_kinds_of_floor() -> None:
    run = simulate(scenario("sector_programme"), {}, 1)
    ordered, built, let = (run.series(f"software_park_floor{end}") for end in ("_ordered", "", "_in_use"))
    assert (let <= built + 1e-6).all()
    assert (built <= ordered + 1e-6).all()
    assert ordered[-1] > built[-1] > let[-1]


def test_most_tenants_of_parks_are_no_agents_and_the_sum_fits() -> None:
    world = worlds("sector_programme")
    st, f = world.state, world.firms
    own = parameters()["clusters"].park_area * f.staff[f.in_park & f.alive].sum()
    assert 0.0 < st.software_others < st.software_let
    assert own + st.software_others == pytest.approx(st.software_let, rel=0.05)  # staff have moved since


def test_developers_build_less_where_space_stands_empty() -> None:
    large = scenario("sector_programme", {"park_per_year": 4.0e6, "budget": 4.0e8})
    run, bold = simulate(large, {}, 1), simulate(large, {"delivery.caution": 0.0}, 1)
    floor = "software_park_floor_ordered"
    assert run.series(floor)[-1] < 0.95 * bold.series(floor)[-1]


def test_institutes_sought_run_out() -> None:
    def attracted(times: float) -> float:
        dose = LEVERS["institute_attraction"].dose
        changes = {"institutes_per_year": 10.0 * times, "budget": times * dose["budget"]}
        run = simulate(scenario("institute_attraction", changes), {}, 1)
        return float((run.series("institutes_attracted") - without().series("institutes_attracted"))[-1])

    one, many = attracted(1.0), attracted(16.0)
    assert 0.0 < one < many < 8.0 * one


def test_little_support_changes_little_and_a_small_project_ties_no_giant() -> None:
    part = additional_part(np.full(4, 0.6), np.array([0.0, 0.075, 0.3, 1.0]), 0.3)
    assert part[0] == 0.0
    assert part[2] == pytest.approx(0.6)
    assert (np.diff(part) > 0.0).all()
    assert part[3] < 1.0
    assert tie_worth(np.array([1.0e6, 1.0e9]), np.array([1.5e6, 1.5e6]), 0.06) == pytest.approx([1.0, 0.025])


def test_zone_gains_what_other_districts_lose() -> None:
    world, other = worlds("demonstration_zone"), worlds("demonstration_zone", {"preference": 0.0})
    zone = int(np.argmax(world.region.district("incubator_share")))
    counts = [np.bincount(w.firms.district[w.firms.alive], minlength=zone + 2) for w in (world, other)]
    gained = counts[0][zone] - counts[1][zone]
    assert gained > 0
    assert counts[0].sum() - counts[1].sum() < 0.3 * gained


def test_courses_saturate() -> None:
    one = simulate(scenario("talent_training"), {}, 1)
    lots = {name: 20.0 * LEVERS["talent_training"].dose[name] for name in ("technicians_per_year", "budget")}
    many = simulate(scenario("talent_training", lots), {}, 1)
    gains = [r.series("trained_people")[-1] for r in (one, many)]
    assert gains[0] < gains[1] < 10.0 * gains[0]


def test_what_was_learnt_fades() -> None:
    run = simulate(scenario("talent_training", until=2014.0), {}, 1)
    trained = run.series("trained_people")
    productive = run.series("productivity") - without().series("productivity")
    years = list(run.years)
    assert trained[years.index(LAST)] < 0.75 * trained[years.index(2013)]
    assert productive[years.index(LAST)] < productive[years.index(2013)]


def test_workstations_have_hosts_with_research() -> None:
    world = worlds("talent_attraction")
    f = world.firms
    hosts = f.alive & (f.station > 0)
    assert hosts.any()
    assert f.does_rd[hosts].sum() >= 0.9 * hosts.sum()  # one that has just given up R&D loses it next year
    assert f.link[hosts].min() >= 0.5 * parameters()["talent"].station_link


def test_people_are_whole_and_visits_are_not_moves() -> None:
    run = simulate(scenario("talent_attraction"), {}, 1)
    for name in ("phd_visits", "visit_universities", "high_end_engaged", "academicians", "thousand_talents"):
        values = run.series(name)
        assert (values == np.round(values)).all(), name
        assert (np.diff(values) >= 0.0).all(), name
    only = dict.fromkeys(LEVERS["talent_attraction"].dose, 0.0) | {
        "phd_visits_per_year": 500.0,
        "visit_cost": 4000.0,
        "universities_visited_per_year": 50.0,
        "budget": 2.0e6,
    }
    visited = simulate(scenario("talent_attraction", only), {}, 1)
    moved = visited.series("talent_total") - without().series("talent_total")
    assert 0.0 < moved[-1] < 0.1 * visited.series("phd_visits")[-1]


def test_talent_falls_where_residents_leave() -> None:
    run = simulate(shipped(ROOT / "scenarios" / "benxi" / "baseline.yaml"), {}, 1)
    talent = run.series("talent_total")
    assert talent[-1] < talent[0]
    assert without().series("talent_total")[-1] == pytest.approx(1.69e6, rel=0.05)


def test_zones_alone_change_nothing() -> None:
    only = {"strength": 0.0}
    run = simulate(scenario("delivery_governance", only), {}, 1)
    assert run.series("innovation_zones")[-1] > 0.0
    kept = [k for k, name in enumerate(run.names) if name != "innovation_zones"]
    np.testing.assert_array_equal(run.values[:, kept], without().values[:, kept])
