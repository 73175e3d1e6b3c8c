"""The simulator agrees with the same year written as plain Mesa agents: agent by agent, year by year."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from model_runs import ROOT, entry, parameters, shipped, with_entries

from simulator.core.luck import Luck
from simulator.core.luck import sub_key as compiled_sub_key
from simulator.model import LEVERS, SWITCHES
from simulator.scenario import Scenario
from simulator.simulate import run_year, start
from simulator.study.replicates import values_of
from tests.benchmarks.work import plan as scaled_plan
from tests.reference import prepare
from tests.reference.compare import differences
from tests.reference.luck import RecordedLuck, binomial_count, child_key, poisson_count, sub_key
from tests.reference.model import ReferenceModel

BENXI = ROOT / "scenarios" / "benxi"
QINGDAO = ROOT / "scenarios" / "qingdao"


def both(scenario: Scenario, seed: int, draw: int) -> list[str]:
    """Run both for all years of a scenario; return what differs in the first year in which anything does."""
    values = values_of(draw, 0) if draw else {}
    p, luck = parameters({**values, **scenario.assumptions}), Luck(seed)
    world = start(scenario, luck)
    model = ReferenceModel(world, scenario, p, RecordedLuck(seed))
    for year in range(world.region.start_year, scenario.years[1] + 1):
        run_year(world, scenario, p, luck, year)
        model.step_year(year)
        if found := differences(world, model):
            return [f"{year}: {line}" for line in found]
    return []


@pytest.mark.parametrize(
    ("path", "seed", "draw"),
    [
        (BENXI / "plan.yaml", 1, 0),
        (BENXI / "plan.yaml", 2, 3),
        (BENXI / "baseline.yaml", 3, 4),
        (BENXI / "equity_first.yaml", 4, 5),
        pytest.param(QINGDAO / "plan.yaml", 5, 6, marks=pytest.mark.slow),
        pytest.param(QINGDAO / "funds_instead_of_grants.yaml", 6, 7, marks=pytest.mark.slow),
    ],
)
def test_ten_years_agree_agent_by_agent(path: Path, seed: int, draw: int) -> None:
    assert both(shipped(path), seed, draw) == []


def test_a_small_qingdao_agrees_with_every_lever_of_its_plan() -> None:
    scenario = scaled_plan(1_000)
    assert len({e.lever.name for e in scenario.entries}) >= 30
    assert both(scenario, 7, 0) == []


@pytest.mark.parametrize("half", [0, 1])
def test_every_lever_at_its_dose_agrees(half: int) -> None:
    added = [entry(lever, lever.dose, first=2013.25) for lever in list(LEVERS.values())[half::2]]
    scenario = with_entries(shipped(BENXI / "baseline.yaml", 2015), *added)
    assert both(scenario, 8, 0) == []


@pytest.mark.parametrize("choice", [1, -1])
def test_other_answers_to_open_questions_agree(choice: int) -> None:
    switches = {switch: choices[choice] for switch, choices in SWITCHES.items()}
    assert both(replace(shipped(BENXI / "equity_first.yaml", 2016), switches=switches), 9, 0) == []


def test_a_difference_is_seen() -> None:
    work = prepare(shipped(BENXI / "plan.yaml", 2014), {}, 1, 2013, 1)
    world, model = work.run_world(work.world()), work.run_model(work.model())
    here = [line for line in differences(world, model) if not line.startswith("bill")]
    assert here == []  # bills of the years before are in one of them only
    world.firms.cash[3] *= 1.0 + 1e-7
    world.firms.rd_years[4] += 1
    world.state.births += 1.0
    model.incubators[0].alive = not model.incubators[0].alive
    found = " ".join(differences(world, model))
    assert all(name in found for name in ("firms.cash", "firms.rd_years", "state.births", "incubators.alive"))


def test_a_second_run_of_the_same_work_makes_no_luck() -> None:
    work = prepare(shipped(BENXI / "plan.yaml", 2014), {}, 1, 2013, 2)
    made = work.recorded.made()
    assert made > 1_000
    work.run_model(work.model())
    assert work.recorded.made() == made


@pytest.mark.parametrize("key", [1, 2**63 - 1, 2**63, 2**64 - 1])
def test_keys_are_those_of_the_model(key: int) -> None:
    from simulator.core.luck import child_keys

    assert sub_key(key, 5) == int(compiled_sub_key(np.uint64(key), 5))
    assert child_key(key, 3, 2016) == int(child_keys(np.array([key], np.uint64), np.array([3]), 2016)[0])


def test_counts_are_those_of_the_model() -> None:
    from simulator.core.luck import binomial_at, poisson_at, uniform_at

    address = Luck(3).at(2015, "test").address("counts")
    for k in range(300):
        key, mean = np.uint64(k), 0.02 * k * k
        u = float(uniform_at(address, key))
        assert poisson_count(mean, u) == poisson_at(address, key, mean)
        assert binomial_count(k / 2.0, k / 300.0, u) == binomial_at(address, key, k / 2.0, k / 300.0)
