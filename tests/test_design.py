"""Designs: factors by name, outcomes by name, rows in pairs, hashes of what their figures depend on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_model import Toy, home, toy

from simulator.core.problems import InputError
from simulator.study.design import DECLARED, Design, Row, changed, crossed, kind_of, outcomes_of
from simulator.study.replicates import load_scenario, values_of

__all__ = ["home", "toy"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Q1.budget", "setting"),
        ("voucher.budget", "setting"),
        ("voucher.effect", "parameter"),
        ("market.level", "parameter"),
        ("parameters.market.level", "parameter"),
        ("switches.mode", "switch"),
    ],
)
def test_a_factor_is_known_by_its_name(toy: Toy, home: Path, name: str, kind: str) -> None:
    assert kind_of(name, load_scenario(home / "plan.yaml")) == kind


def test_a_driver_is_a_factor(toy: Toy, home: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    name, choices = next(iter(scenario.region.driver_choices().items()))
    assert kind_of(f"drivers.{name}", scenario) == "driver"
    assert changed(scenario, {f"drivers.{name}": choices[-1]}).drivers == {name: choices[-1]}


@pytest.mark.parametrize(
    "name", ["Q1.budgets", "market.levels", "switches.modes", "drivers.x", "x", "", "parameters.x"]
)
def test_an_unknown_factor_is_refused_with_a_suggestion(toy: Toy, home: Path, name: str) -> None:
    with pytest.raises(InputError, match="no such factor"):
        kind_of(name, load_scenario(home / "plan.yaml"))


def test_changes_go_where_they_belong(toy: Toy, home: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    new = changed(scenario, {"Q1.budget": 5e6, "market.level": 800, "switches.mode": "b"})
    assert new.entries[0].settings.budget == 5e6
    assert (new.assumptions, new.switches) == ({"market.level": 800.0}, {"mode": "b"})
    assert changed(scenario, {}).fingerprint() == scenario.fingerprint()
    wrong: tuple[dict[str, Any], ...] = (
        {"market.level": float("nan")}, {"market.level": "much"}, {"market.level": True}, {"switches.mode": "c"},
        {"Q1.budget": -1.0},
    )  # fmt: skip
    for changes in wrong:
        with pytest.raises(InputError):
            changed(scenario, changes)


def test_outcomes_are_indicators_targets_and_money(toy: Toy, home: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    outcomes = outcomes_of(scenario, ["hnte_count@2020", "cost.net", "cost.outlay", "cost.recovered", "cost.Q1"])
    run = toy.simulate(scenario, values_of(0, 0), 1)
    count, net, outlay, back, entry = outcomes.read(run)
    assert count == run.series("hnte_count")[-1]
    assert outlay == pytest.approx(1.1 * 40e6 * 5.5, rel=0.1)
    assert back == 2e6
    assert net == entry == pytest.approx(outlay - back)
    for name in ("hnte_count@2050", "hnte@2020", "cost.x", "QD999"):
        with pytest.raises(InputError, match="no such outcome"):
            outcomes_of(scenario, [name])
    assert "cost.net" in outcomes_of(scenario).names


def test_levels_share_draws_and_luck_and_two_runs_share_a_draw() -> None:
    rows = crossed(0, [{"a": 1, "b": 2}, {"b": 2, "a": 3}], 4, start=2)
    assert [(r.draw, r.luck) for r in rows] == [(1, 2), (1, 2), (1, 3), (1, 3), (2, 4), (2, 4), (2, 5), (2, 5)]
    assert rows[0].changes == (("a", 1), ("b", 2))
    assert {r.draw for r in crossed(0, [{}], 3, declared=True)} == {DECLARED}


def test_a_row_is_hashed_by_what_its_figures_depend_on(toy: Toy, home: Path) -> None:
    scenario, doubled = (load_scenario(home / f"{name}.yaml") for name in ("plan", "doubled"))
    base = Design((scenario,), (Row(0),), outcomes_of(scenario, ["cost.net"]))

    def hash_of(**more: Any) -> str:
        return replace(base, **more).hashes[0]

    assert hash_of() == hash_of(scenarios=(load_scenario(home / "plan.yaml"),)) == hash_of(rows=(Row(0), Row(0, (), 1)))
    others = [
        hash_of(seed=1), hash_of(scenarios=(doubled,)), hash_of(outcomes=outcomes_of(scenario, ["cost.outlay"])),
        hash_of(rows=(Row(0, (), 1),)), hash_of(rows=(Row(0, (), 0, 1),)),
        hash_of(rows=(Row(0, (("Q1.budget", 1.0),)),)),
    ]  # fmt: skip
    assert len({hash_of(), *others}) == 7
    assert hash_of(rows=(Row(0, (("market.level", np.float64(1.5)),)),)) == hash_of(
        rows=(Row(0, (("market.level", 1.5),)),)
    )


def test_the_frame_has_a_column_a_factor(toy: Toy, home: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    rows = (Row(0, (("Q1.budget", 1.0),)), Row(0, (("market.level", 2.0),), 1, 2), Row(0))
    frame = Design((scenario,), rows, outcomes_of(scenario, [])).frame()
    assert list(frame) == ["scenario", "draw", "luck", "Q1.budget", "market.level"]
    assert frame["Q1.budget"].isna().tolist() == [False, True, True]
