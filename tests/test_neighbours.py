"""Neighbours' losses, apart or counted: how neighbours answer, what stays as published, what a comparison shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator import compare
from simulator.model import INDICATORS, LEVERS
from simulator.report.terminal import plain_text
from simulator.scenario import Scenario
from simulator.simulate import Run, simulate
from tests.model_runs import ROOT, entry, parameters, shipped, with_entries, years_of

BASE = ROOT / "scenarios" / "qingdao" / "baseline.yaml"
COURTING = {"firms_per_year": 1500.0, "promotion_cost": 1.0e4, "budget": 1.0e9}


def counted(scenario: Scenario) -> Scenario:
    return replace(scenario, switches={**scenario.switches, "neighbours": "counted"})


def both(lever: str, until: int = 2017) -> tuple[Run, Run]:
    settings = {**LEVERS[lever].dose, **(COURTING if lever == "investment_attraction" else {})}
    scenario = with_entries(shipped(BASE, until), entry(LEVERS[lever], settings, 2012.0, until + 1.0))
    return simulate(scenario, {}, 1), simulate(counted(scenario), {}, 1)


def test_a_talent_war_fades() -> None:
    apart, war = both("talent_attraction")
    assert war.series("talent_drawn")[0] == apart.series("talent_drawn")[0]
    left = war.series("talent_drawn")[1:] / apart.series("talent_drawn")[1:]
    assert left[-1] < left[1] < 1.0 + 1e-9
    assert 0.5 < left[-1] < 0.98
    assert war.series("researchers")[-1] < apart.series("researchers")[-1]
    assert war.series("neighbours_loss").sum() < apart.series("neighbours_loss").sum()


def test_courting_wears_off_as_neighbours_match_it() -> None:
    apart, war = both("investment_attraction")
    first, later = slice(0, 2), slice(3, None)
    assert war.series("firms_drawn")[first].tolist() == apart.series("firms_drawn")[first].tolist()
    assert war.series("firms_drawn")[later].sum() < 0.95 * apart.series("firms_drawn")[later].sum()


def test_neighbours_who_lost_nothing_do_not_answer() -> None:
    values = {"talent.displacement": 0.2, "talent.neighbours_answer": 0.0, "founding.courting_answer": 0.0}
    scenario = with_entries(shipped(BASE, 2014), entry(LEVERS["talent_attraction"], LEVERS["talent_attraction"].dose))
    runs = [simulate(s, values, 1) for s in (scenario, counted(scenario))]
    assert runs[0].values.tolist() == runs[1].values.tolist()


def test_net_figures_are_those_published_less_losses() -> None:
    run, _ = both("talent_attraction", 2015)
    pairs = {name: i.net for name, i in INDICATORS.items() if i.net is not None}
    assert {"researchers", "talent_total", "attracted_firms", "institutes_attracted"} <= pairs.keys()
    for name, net in pairs.items():
        assert INDICATORS[net].unit == INDICATORS[name].unit
        assert INDICATORS[net].observer == "true"
        assert (run.series(net) <= run.series(name) + 1e-9).all(), name
    flow = run.series("talent_drawn") - run.series("neighbours_loss")
    assert run.series("talent_drawn_net") == pytest.approx(flow)
    gap = run.series("talent_total") - run.series("talent_total_net")
    assert 0.0 < gap[-1] < run.series("neighbours_loss").sum()
    assert (np.diff(gap) >= 0.0).all()


def test_graduates_drawn_are_missed_as_the_researchers_they_become() -> None:
    lever, p = LEVERS["talent_attraction"], parameters()["talent"]
    missing = graduates = 0.0
    for _, world, _ in years_of(with_entries(shipped(BASE, 2014), entry(lever, lever.dose)), parameters()):
        pools, r, g = world.pools, world.pool("researchers"), world.pool("graduates")
        missing += float(pools.taken[r]) + p.graduate_share * float(pools.taken[g]) - p.leaving * missing
        graduates += float(pools.taken[g])
        assert float(pools.missing[r]) == pytest.approx(missing)
    assert graduates > 0.0


def test_a_comparison_is_net_only_where_losses_count() -> None:
    without, plan = shipped(BASE, 2016), shipped(ROOT / "scenarios" / "qingdao" / "plan.yaml", 2016)
    frozen = [replace(s, assumptions={"talent.neighbours_answer": 0.0}) for s in (without, plan)]
    found = {}
    for name, pair in {"apart": frozen, "counted": [counted(s) for s in frozen]}.items():
        result = compare(*pair, replicates=2, jobs=1)
        tables = result.tables()
        assert tables.compare_targets is not None
        found[name] = tables.compare_targets.set_index("id")
        page = plain_text(tables, "en")
        assert ("Neighbours' losses counted" in page) == (name == "counted")
        assert ("net_of_neighbours" in tables.meta) == (name == "counted")
        # what stands for an indicator is not listed a second time
        assert "net of neighbours' losses" not in page
    apart, net = found["apart"], found["counted"]
    assert 0.0 < net["difference"]["QD08"] < apart["difference"]["QD08"]
    assert net["difference"]["QD21"] < apart["difference"]["QD21"]
    assert net["probability_scenario"].tolist() == apart["probability_scenario"].tolist()
    others = [i for i in net.index if i not in ("QD08", "QD21")]
    assert net.loc[others, "difference"].tolist() == apart.loc[others, "difference"].tolist()
