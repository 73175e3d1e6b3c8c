"""Two open questions: whether public funds crowd private money in, and whether buyers stay with their supplier."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from model_runs import entry, parameters, shipped, with_entries, years_of

from simulator.core.luck import Luck
from simulator.core.terms import Terms
from simulator.mechanisms import market
from simulator.model import LEVERS
from simulator.scenario import Scenario
from simulator.simulate import start
from simulator.world.terms import TERMS
from simulator.world.world import World

BASE = shipped(last=2015)


def answered(switch: str, choice: str, scenario: Scenario = BASE) -> Scenario:
    return replace(scenario, switches={**scenario.switches, switch: choice})


def raised(scenario: Scenario, choice: str) -> tuple[float, float]:
    """Return what private partners pay into funds over the years, and what the public does, CNY."""
    private = 0.0
    for _, world, _ in years_of(answered("fund_crowding", choice, scenario), parameters()):
        private += world.state.private_raised
        bills = [b for b in world.ledger.bills() if (b.entry, b.kind) == ("added_guidance_fund", "outlay")]
    public = sum(b.amount for b in bills)
    return private, public


@pytest.mark.parametrize(("choice", "low", "high"), [("in", 0.2, 1.3), ("out", -0.6, 0.3)])
def test_public_capital_draws_or_displaces_private_capital(choice: str, low: float, high: float) -> None:
    lever = LEVERS["guidance_fund"]
    base = replace(BASE, entries=())
    without, _ = raised(base, choice)
    private, public = raised(with_entries(base, entry(lever, lever.dose)), choice)
    assert public > 0.0
    assert low <= (private - without) / public <= high


def test_a_wholly_public_fund_displaces_private_capital_too() -> None:
    lever = LEVERS["guidance_fund"]
    base, dose = replace(BASE, entries=()), {**lever.dose, "public_share": 1.0}
    for choice, sign in (("out", -1.0), ("in", 0.0)):
        private, public = raised(with_entries(base, entry(lever, dose)), choice)
        assert public > 0.0
        assert np.sign(private - raised(base, choice)[0]) == sign


def test_the_depth_of_the_market_lies_between() -> None:
    assert raised(BASE, "out")[0] < raised(BASE, "depth")[0] < raised(BASE, "in")[0]


def sales_of(world: World, choice: str, years: int) -> np.ndarray:
    """Return the sales (years, n) of firms where nothing but the market acts."""
    world = copy.deepcopy(world)
    world.switches = {"lock_in": choice}
    out = []
    for year in range(world.year + 1, world.year + 1 + years):
        world.begin(year)
        luck = Luck(1)
        terms = Terms(TERMS, world, year, world.ledger, luck.at(year, "terms"), world.rules)
        market.step(world, terms, parameters()["market"], luck.at(year, "market"))
        out.append(world.firms.revenue.copy())
    return np.array(out)


def test_buyers_who_stay_let_an_advantage_win_slowly() -> None:
    world = start(BASE, Luck(1))
    world.firms.edge[:] = world.firms.productivity  # leads of before are in sales already
    better = copy.deepcopy(world)
    row = int(np.argsort(world.firms.revenue)[-100])
    better.firms.productivity[row] += 0.3
    gain = {
        choice: np.log(sales_of(better, choice, 5)[:, row] / sales_of(world, choice, 5)[:, row])
        for choice in ("low", "high")
    }
    assert gain["low"][0] == pytest.approx(gain["low"][-1], rel=0.1)  # won at once
    assert 0.0 < gain["high"][0] < 0.5 * gain["low"][0]
    assert (np.diff(gain["high"]) > 0.0).all()  # bit by bit
    assert gain["high"][-1] < gain["low"][-1]


def test_new_firms_win_less_where_buyers_stay() -> None:
    share, spread = {}, {}
    for choice in ("low", "high"):
        for _, world, _ in years_of(answered("lock_in", choice), parameters()):
            f = world.firms
        share[choice] = f.revenue[f.alive & (f.founded >= 2011)].sum() / f.revenue[f.alive].sum()
        spread[choice] = f.growth[f.alive].std()
    assert share["high"] < 0.95 * share["low"]
    assert spread["high"] == pytest.approx(spread["low"], rel=0.05)  # luck is as it is seen, whoever is right
