"""A comparison grown up: intervals, adjusted p-values, who wins, equal budgets, precision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toy_model
from toy_model import Toy

from simulator.core.problems import InputError, Problem
from simulator.study import comparison, equal_budget, model_error
from simulator.study.comparison import compare
from simulator.study.comparison_precision import common_sizes, read_until
from simulator.study.ensemble import opened
from simulator.study.equal_budget import factor_for, own_entries, read_amount
from simulator.study.replicates import load_scenario
from simulator.study.statistics import holm, paired_difference

toy, home = toy_model.toy, toy_model.home  # the fixtures


def test_intervals_are_those_of_an_independent_bca() -> None:
    from scipy.stats import bootstrap, ttest_1samp

    rng = np.random.default_rng(3)
    figures = rng.lognormal(0.0, 1.0, 40)
    mine = paired_difference(np.repeat(figures, 2)[:, None], np.repeat(np.arange(40), 2))
    theirs = bootstrap((figures,), np.mean, n_resamples=20_000, confidence_level=0.9, method="BCa", rng=rng)
    low, high = theirs.confidence_interval
    assert mine.low[0] == pytest.approx(low, rel=0.03)
    assert mine.high[0] == pytest.approx(high, rel=0.03)
    assert mine.p_value[0] == pytest.approx(ttest_1samp(figures, 0.0).pvalue)


def test_holm_is_the_published_procedure_and_leaves_out_what_is_unknown() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    adjusted = holm(np.array([0.02, np.nan, 0.9]))
    assert adjusted[[0, 2]].tolist() == pytest.approx([0.04, 0.9])
    assert np.isnan(adjusted[1])


def test_every_pair_of_scenarios_is_held_against_each_other(toy: Toy, home: Path) -> None:
    result = compare(home / "plan.yaml", [home / "doubled.yaml", home / "neutral.yaml"], replicates=10, jobs=1)
    win = result.win().set_index(["id", "scenario", "against"])["p_win"]
    assert win["QD10", "qingdao-doubled", "qingdao-plan"] == 1.0
    assert win["QD10", "qingdao-plan", "qingdao-doubled"] == 0.0
    assert win["QD10", "qingdao-plan", "qingdao-neutral"] == 0.5
    both = win.unstack("against")
    for a, b in (("qingdao-doubled", "qingdao-neutral"), ("qingdao-plan", "qingdao-doubled")):
        assert both.loc[("all", a), b] + both.loc[("all", b), a] == pytest.approx(1.0)
    paired = result.tables().compare_targets
    assert paired is not None
    assert (paired["p_holm"] >= paired["p_value"]).all()
    named = compare(home / "plan.yaml", home / "doubled.yaml", replicates=4, jobs=1, on=["QD10"])
    assert set(named.win()["id"]) == {"all", "QD10"}
    folder = named.save("named")
    assert {"wins.png", "wins.csv"} <= {p.name for p in (folder / "figures").iterdir()}
    with pytest.raises(InputError, match="did you mean QD10"):
        compare(home / "plan.yaml", home / "doubled.yaml", replicates=4, jobs=1, on=["QD1O"])


def test_a_bad_file_of_observed_points_is_refused_before_anything_runs(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise InputError([Problem("qingdao.csv", 2, 1, "year")])

    monkeypatch.setattr(model_error, "load_history", broken)
    monkeypatch.setattr(comparison, "Pool", None)  # nothing may start
    fitted = [replace(load_scenario(home / f"{n}.yaml"), calibration="history") for n in ("plan", "doubled")]
    with pytest.raises(InputError, match=r"qingdao\.csv"):
        compare(fitted[0], fitted[1], replicates=4, jobs=1)


def test_runs_are_added_in_fixed_steps_until_a_difference_is_known(toy: Toy, home: Path) -> None:
    pair = [opened(home / f"{name}.yaml") for name in ("plan", "doubled")]
    assert common_sizes(pair, 60, {"QD10": 5.0}) == (8, 28, 48, 60)
    assert common_sizes(pair, 60) == (60,)
    loose, tight = (compare(*pair, replicates=60, jobs=1, until={"QD10": width}) for width in (60.0, 1e-3))
    assert (loose.baseline.replicates, tight.baseline.replicates) in ((8, 60), (28, 60))
    assert loose.precision[0]["reached"] <= 60.0
    assert tight.tables().meta["precision"][0]["reached"] > 1e-3
    with pytest.raises(InputError, match="no such target"):
        compare(*pair, jobs=1, until={"QD77": 1.0})
    assert read_until(["QD10=5,a@2016=1e8"]) == {"QD10": 5.0, "a@2016": 1e8}
    with pytest.raises(InputError, match="half-width"):
        read_until(["QD10"])


def test_mixes_at_equal_budget_add_the_same_to_the_baseline(toy: Toy, home: Path) -> None:
    added = "schema: 1\ntitle: More\nextends: plan.yaml\nlevers:\n"
    added += "  - {id: Q2, lever: voucher, from: 2016, settings: {budget: 10 MCNY/year}}\n"
    (home / "more.yaml").write_text(added, encoding="utf-8")
    result = compare(
        home / "plan.yaml", [home / "doubled.yaml", home / "more.yaml"], replicates=10, jobs=1, equal_budget=100e6
    )
    money = result.money().set_index(["scenario", "scope", "payer", "kind"])["mean"]
    base = money["qingdao-plan", "horizon", "all", "net"]
    for name in ("qingdao-doubled", "qingdao-more"):
        assert money[name, "horizon", "all", "net"] - base == pytest.approx(100e6, rel=0.03)
    assert [s.scaled for s in result.scalings] == [("Q1",), ("Q2",)]
    assert result.scalings[1].factor == pytest.approx(100e6 / (5 * 10e6 * 1.05), rel=0.03)
    assert result.as_given[1].entries[0].settings.budget == 80e6
    assert own_entries(*result.as_given[:2])[0].id == "Q1"
    plain = result.tables().meta["equal_budget"][0]
    assert plain["amount"] == 100e6


def test_what_a_mix_shares_with_the_baseline_is_not_scaled(toy: Toy, home: Path) -> None:
    """An entry that a mix only ends earlier keeps its dose: scaled too, the cut would pay for the rest."""
    text = "schema: 1\ntitle: Shorter\nextends: plan.yaml\nlevers:\n  - {id: Q1, to: 2017}\n"
    text += "  - {id: Q2, lever: voucher, from: 2017, settings: {budget: 60 MCNY/year}}\n"
    (home / "shorter.yaml").write_text(text, encoding="utf-8")
    result = compare(home / "plan.yaml", home / "shorter.yaml", replicates=6, jobs=1, equal_budget=50e6)
    (record,) = result.scalings
    assert (record.scaled, record.fixed, record.runs) == (("Q2",), ("Q1",), 6)
    budgets = {e.id: e.settings.budget for e in result.runs[-1].scenario.entries}
    assert budgets == {"Q1": 40e6, "Q2": pytest.approx(60e6 * record.factor)}
    money = result.money().set_index(["scenario", "scope", "payer", "kind"])["mean"]
    added = [money[name, "horizon", "all", "net"] for name in ("qingdao-shorter", "qingdao-plan")]
    assert added[0] - added[1] == pytest.approx(50e6, rel=equal_budget.TOLERANCE)  # in the very runs that are compared
    baseline, doubled = (load_scenario(home / f"{name}.yaml") for name in ("plan", "doubled"))
    moved = [equal_budget.scaled(baseline, doubled, ("Q1",), f).entries[0].settings.budget for f in (0.0, 0.5, 1.0)]
    assert moved == [40e6, 60e6, 80e6]


def test_a_budget_that_cannot_be_reached_is_refused(toy: Toy, home: Path) -> None:
    with pytest.raises(InputError, match="no dose of qingdao-neutral"):
        compare(home / "plan.yaml", home / "neutral.yaml", replicates=4, jobs=1, equal_budget=1e6)
    with pytest.raises(InputError, match="cannot be scaled"):
        compare(home / "plan.yaml", home / "doubled.yaml", replicates=4, jobs=1, equal_budget=1e15)
    assert read_amount("500MCNY") == 5e8
    assert read_amount(None) is None
    for wrong in ("many", "-5", "3 kg"):
        with pytest.raises(InputError):
            read_amount(wrong)


@pytest.mark.parametrize("bend", [0.5, 1.0, 2.0])
def test_the_factor_is_found_on_costs_that_bend(bend: float) -> None:
    factor, cost = factor_for(lambda f: 100.0 * f**bend, 730.0, 1.0)
    assert cost == pytest.approx(730.0, abs=1.0)
    assert factor == pytest.approx(7.3 ** (1.0 / bend), rel=0.01)
    assert factor_for(lambda f: 100.0 + f, 50.0, 1.0)[0] == 0.0
    assert factor_for(lambda f: min(f, 3.0), 50.0, 0.1)[0] == equal_budget.LARGEST
