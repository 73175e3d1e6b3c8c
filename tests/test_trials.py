"""The virtual trials: estimators find what was planted, designs give what they promise, misses are printed as such."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from scipy.stats import norm
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.declare import Label
from simulator.core.problems import InputError
from simulator.report import trial_page
from simulator.report.terminal import as_text
from simulator.study.trial_estimators import (
    Fit,
    aggregate_loss,
    cities,
    differences,
    discontinuity,
    lottery,
    lottery_gap,
    shuffled_p,
    within,
)
from simulator.study.trial_shapes import (
    ESTIMATORS,
    before_after,
    best_share,
    bunching,
    matching,
    mean_lag,
    odds,
    part,
    slope_over_mean,
)
from simulator.study.trials import (
    MARKS,
    MISSED,
    OPEN,
    REPRODUCED,
    Evaluation,
    Found,
    Row,
    Trial,
    chosen,
    identity,
    load_trials,
    look,
    table_of,
    tight,
)
from tests.model_runs import ROOT
from tests.test_levers import known_sources

WORLDS = 24
FIRMS = 400
TIMES = (0.0, 1.0, 2.0)  # of the published size: planted effects that must come back

Tables = list[dict[str, np.ndarray]]
_, TRIALS = load_trials()


def rng_of(world: int) -> np.random.Generator:
    return np.random.default_rng([20150701, world])


def worlds(one: Callable[[np.random.Generator], dict[str, np.ndarray]]) -> Tables:
    return [one(rng_of(k)) for k in range(WORLDS)]


def holds(fit: Fit, truth: float, *, slack: float) -> None:
    """The estimate is within slack of the truth, and the interval is not far from it."""
    low, high = fit.interval()
    assert abs(fit.estimate() - truth) < slack
    assert low - slack / 2 < truth < high + slack / 2
    assert low < fit.estimate() < high


# ---- planted effects of zero, once and twice the published size -------------------------------------


@pytest.mark.parametrize("times", TIMES)
def test_lottery(times: float) -> None:
    effect = times * 0.4

    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        offer = rng.random(FIRMS) < 0.5
        used = offer & (rng.random(FIRMS) < 0.8)
        return {"offer": offer, "used": used.astype(float), "y": 1.0 + effect * used + rng.normal(size=FIRMS)}

    tables = worlds(one)
    holds(lottery(tables, "y"), 0.8 * effect, slack=0.06)
    holds(lottery(tables, "y", per="used"), effect, slack=0.08)
    holds(lottery(tables, "y", relative=True), 0.8 * effect, slack=0.07)
    p = shuffled_p(tables, "y")
    assert (p < 0.01) == (effect > 0.0)


def test_lottery_p_is_uniform_without_effect() -> None:
    """Without effect a twentieth of the p-values lie below 0.05."""
    low = 0
    for k in range(100):
        rng = np.random.default_rng([7, k])
        table = {"offer": rng.random(60) < 0.5, "y": rng.exponential(size=60)}
        low += shuffled_p([table], "y", seed=k) < 0.05
    assert 0 < low < 13


@pytest.mark.parametrize("times", TIMES)
def test_lottery_gap(times: float) -> None:
    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        out = {}
        for arm, effect in (("0", 0.5 + times * 0.3), ("1", 0.5)):
            offer = rng.random(FIRMS) < 0.5
            out |= {f"offer{arm}": offer, f"took{arm}": 1.0 * offer, f"y{arm}": effect * offer + rng.normal(size=FIRMS)}
        return out

    holds(lottery_gap(worlds(one), "y", per="took", arms=("0", "1")), times * 0.3, slack=0.1)


@pytest.mark.parametrize("times", TIMES)
def test_discontinuity(times: float) -> None:
    """A jump is found beside a bent trend; the fuzzy one divides by the jump of what was taken."""
    effect = times * 0.5

    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        x = rng.normal(size=FIRMS)
        take = (x >= 0.0) * 0.5
        y = 2.0 + 0.6 * x + 0.2 * x**2 + effect * (x >= 0.0) + 0.5 * rng.normal(size=FIRMS)
        return {"score": x, "y": y, "take": take, "some": rng.random(FIRMS) < 0.7}

    tables = worlds(one)
    holds(discontinuity(tables, "y"), effect, slack=0.12)
    holds(discontinuity(tables, "y", per="take", only="some"), 2.0 * effect, slack=0.3)
    holds(discontinuity(tables, "y", shape="share"), effect / 2.0, slack=0.07)
    holds(discontinuity(tables, "y", shape="ratio"), 1.0 + effect / 2.0, slack=0.07)


@pytest.mark.parametrize("ratio", [1.0, 2.0, 4.0])
def test_discontinuity_in_odds(ratio: float) -> None:
    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        x = rng.normal(size=2000)
        odds_ = 0.25 * np.where(x >= 0.0, ratio, 1.0)
        return {"score": x, "y": (rng.random(2000) < odds_ / (1.0 + odds_)).astype(float)}

    holds(discontinuity(worlds(one), "y", shape="odds"), ratio, slack=0.2 * ratio)


@pytest.mark.parametrize("times", TIMES)
def test_aggregate_loss(times: float) -> None:
    rise = times * 0.2

    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        x = rng.normal(size=FIRMS)
        y = 1.0 + rise * (x >= 0.0) + 0.2 * rng.normal(size=FIRMS)
        return {"score": x, "y": y, "mine": np.array([3.0]), "all": np.array([10.0])}

    holds(aggregate_loss(worlds(one), "y", part_of="mine", whole="all"), -0.3 * rise / (1.0 + rise), slack=0.015)


@pytest.mark.parametrize("times", TIMES)
def test_differences(times: float) -> None:
    """Firms of both groups differ in level and share shocks of the year; the panel has gaps."""
    effect = times * 0.17

    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        firm, year = np.divmod(np.arange(80 * 6), 6)
        treated = firm % 2 == 0
        on = (treated & (year >= 3)).astype(float)
        take = 0.5 * on
        y = firm * 0.05 + treated + rng.normal(size=6)[year] + effect * on + 0.3 * rng.normal(size=firm.size)
        kept = rng.random(firm.size) < 0.9
        columns = {"firm": firm, "year": year, "on": on, "take": take, "y": y}
        return {name: column[kept] for name, column in columns.items()}

    tables = worlds(one)
    holds(differences(tables, "y"), effect, slack=0.05)
    holds(differences(tables, "y", per="take"), 2.0 * effect, slack=0.1)


def test_within_takes_out_both_means() -> None:
    rng = rng_of(0)
    firm, year = rng.integers(0, 20, 300), rng.integers(0, 5, 300)
    left = within(rng.normal(size=300) + firm + 3.0 * year, firm, year)
    for code in (firm, year):
        assert np.abs(np.bincount(code, left) / np.bincount(code)).max() < 1e-8


@pytest.mark.parametrize("times", TIMES)
def test_cities(times: float) -> None:
    effect = times * 0.3
    adopts = (2, 3, 4, 99)

    def city(k: int) -> dict[str, np.ndarray]:
        rng, year = rng_of(k), np.arange(6)
        on = (year >= adopts[k % 4]).astype(float)
        y = k * 0.1 + 0.2 * year**2 + effect * on + 0.05 * rng.normal(size=6)
        return {"year": year, "on": on, "public": 2.0 * on, "y": y}

    tables = [city(k) for k in range(48)]
    holds(cities(tables, "y"), effect, slack=0.04)
    holds(cities(tables, "y", per="public"), effect / 2.0, slack=0.02)


@pytest.mark.parametrize("times", TIMES)
def test_matching(times: float) -> None:
    """Treatment follows what is seen; comparing means without matching would find an effect where there is none."""
    effect = times * 0.5

    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        x, cell = rng.normal(size=FIRMS), rng.integers(0, 3, FIRMS)
        treated = rng.random(FIRMS) < 1.0 / (1.0 + np.exp(1.5 - x))
        y = 3.0 + x + cell + effect * treated + 0.3 * rng.normal(size=FIRMS)
        return {"x": x, "cell": cell, "treated": treated, "y": y}

    tables = worlds(one)
    holds(matching(tables, "y", covariates=["x"]), effect, slack=0.08)
    naive = np.mean([t["y"][t["treated"]].mean() - t["y"][~t["treated"]].mean() for t in tables])
    assert naive > effect + 0.3


@pytest.mark.parametrize("times", TIMES)
def test_bunching(times: float) -> None:
    """Firms that would be up to a point below the notch and stand just above it are counted."""
    share = times * 0.2

    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        x = rng.normal(-0.01, 0.03, size=4000)
        moves = (x > -0.01) & (x < 0.0) & (rng.random(4000) < share)
        return {"x": np.where(moves, 0.004 * rng.random(4000), x)}

    fit = bunching(worlds(one), "x", low=-0.03, high=0.04)
    left, just_above = (norm(-0.01, 0.03).cdf(b) - norm(-0.01, 0.03).cdf(a) for a, b in ((-0.01, 0.0), (0.0, 0.005)))
    holds(fit, share * left / just_above, slack=0.1)


@pytest.mark.parametrize("ratio", [1.0, 2.0, 4.0])
def test_odds(ratio: float) -> None:
    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        treated = rng.random(FIRMS) < 0.4
        odds_ = 0.2 * np.where(treated, ratio, 1.0)
        return {"treated": treated, "y": rng.random(FIRMS) < odds_ / (1.0 + odds_)}

    holds(odds(worlds(one), "y"), ratio, slack=0.25 * ratio)


@pytest.mark.parametrize("times", TIMES)
def test_counts_before_and_after(times: float) -> None:
    fall = times * 0.3

    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        treated, after = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
        mean = 200.0 * (1.0 + 0.5 * after) * (1.0 - fall * treated * after)
        return {"treated": treated, "after": after, "n": rng.poisson(mean).astype(float)}

    holds(before_after(worlds(one), "n"), -fall, slack=0.05)


@pytest.mark.parametrize("elasticity", [0.0, 0.12, 0.24])
def test_slope_over_mean(elasticity: float) -> None:
    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        size = rng.normal(size=FIRMS)
        return {"size": size, "gain": 0.05 * np.exp(elasticity * size) + 0.05 * rng.normal(size=FIRMS)}

    holds(slope_over_mean(worlds(one), "gain"), elasticity, slack=0.04)


@pytest.mark.parametrize("late", [0.0, 0.5, 1.0])
def test_mean_lag(late: float) -> None:
    def one(rng: np.random.Generator) -> dict[str, np.ndarray]:
        noise = 0.001 * rng.normal(size=(3, FIRMS))
        return {"a": noise[0], "b": (1.0 - late) + noise[1], "c": 1.0 + noise[2]}

    assert mean_lag(worlds(one), ["a", "b", "c"]).estimate() == pytest.approx(2.0 + late, abs=0.01)


@pytest.mark.parametrize("peak", [0.2, 0.4])
def test_best_share(peak: float) -> None:
    tables = [
        {"share": np.array([s]), "y": np.array([1.0 - (s - peak) ** 2 + 0.02 * rng_of(k).normal()])}
        for k, s in enumerate(np.tile([0.1, 0.3, 0.5, 0.8], 20))
    ]
    holds(best_share(tables, "y"), peak, slack=0.05)


def test_part() -> None:
    tables = [{"a": np.array([1.0, 2.0]), "b": np.array([6.0])}, {"a": np.array([3.0]), "b": np.array([6.0])}]
    assert part(tables, "a", "b").estimate() == pytest.approx(0.5)


def test_intervals_cover() -> None:
    """A 90 % interval over worlds holds the truth in about nine of ten studies."""
    inside = 0
    for k in range(60):
        rng = np.random.default_rng([11, k])
        tables = [{"offer": rng.random(50) < 0.5, "y": rng.normal(size=50) + rng.normal()} for _ in range(30)]
        low, high = lottery(tables, "y").interval()
        inside += low < 0.0 < high
    assert 46 <= inside <= 60


# ---- the declaration --------------------------------------------------------------------------------


def test_declared_trials_are_whole() -> None:
    assert len(TRIALS) >= 15
    rows = [(t, row) for t in TRIALS for row in t.rows]
    for trial, row in rows:
        assert row.mark in MARKS
        assert row.estimator in ESTIMATORS
        assert row.published.source in known_sources(), row.id
        assert row.band in ("design", "assumed") or row.band in known_sources(), row.id
        assert math.isfinite(row.low) or math.isfinite(row.high), row.id
        assert row.low < row.high
        assert row.published.estimate is not None or row.published.says is not None, row.id
        for label in (trial.label, trial.cannot, row.label):
            assert label.en
            assert label.zh
            assert not set("(),;:") & set(label.zh.replace("(log points)", "")), label.zh
    assert len({t.id for t, row in rows if row.mark == "emergent"}) >= 6
    assert len({t.id for t in TRIALS}) == len(TRIALS)


def test_published_figures_are_those_of_the_evidence() -> None:
    """What stands beside the model is what the evidence says, in the same unit."""
    from ruamel.yaml import YAML

    evidence = YAML(typ="safe").load((ROOT / "calibration" / "evidence.yaml").read_text("utf-8"))
    for trial in TRIALS:
        for row in trial.rows:
            entry, published = evidence[row.published.source], row.published
            assert entry["quality"] == "verified", row.published.source
            if published.estimate is not None:
                assert published.estimate == pytest.approx(entry["estimate"]), f"{trial.id}.{row.id}"
            if published.low is not None:
                assert (published.low, published.high) == (entry["low"], entry["high"])


def test_no_trial_sets_a_parameter() -> None:
    """A trial chooses what a planner or a study chooses, never what nobody chooses."""
    from simulator.study.priors import parameter_rows

    names = {row.name for row in parameter_rows()}
    for trial in TRIALS:
        assert not names & set(map(str, trial.settings))


def test_unknown_trial_is_refused() -> None:
    assert [t.id for t in chosen(TRIALS, ["innofund"])] == ["innofund"]
    assert chosen(TRIALS, []) == TRIALS
    with pytest.raises(InputError, match="no such trial"):
        chosen(TRIALS, ["inofund"])


# ---- worlds -----------------------------------------------------------------------------------------


def table(name: str, number: int = 1) -> dict[str, np.ndarray]:
    scenario, trials = load_trials()
    trial = next(t for t in trials if t.id == name)
    return dict(table_of(number, trial, str(ROOT / scenario), 0, "evidence"))


def test_vouchers_go_to_winners_only() -> None:
    t = table("dutch_vouchers")
    won = t["offer"].astype(bool)
    assert 0.4 < won.mean() < 0.6
    assert t["used"][~won].sum() == 0.0
    assert 0.7 < t["used"][won].mean() <= 1.0


def test_grants_stop_at_the_cutoff() -> None:
    t = table("innofund")
    ranked = t["ranked_sample"].astype(bool)
    assert ((t["score"] >= 0.0) == t["treated"].astype(bool))[ranked].all()
    assert 10 < t["treated"][ranked].sum() < ranked.sum() / 2
    assert (~t["applied"].astype(bool)).sum() > ranked.sum()


def test_a_world_is_the_same_again() -> None:
    first, again = table("uk_mid_size"), table("uk_mid_size")
    assert all(np.array_equal(first[name], again[name]) for name in first)


# ---- pages ------------------------------------------------------------------------------------------


def found(estimate: float, low: float, high: float, band: tuple[float, float] = (0.6, 1.4)) -> Found:
    trial = next(t for t in TRIALS if t.id == "italian_grants")
    row: Row = replace(trial.rows[0], low=band[0], high=band[1])
    return Found(trial, row, estimate, low, high, 40)


def test_verdicts() -> None:
    assert found(1.0, 0.9, 1.1).verdict == REPRODUCED
    assert found(0.3, 0.2, 0.4).verdict == MISSED
    assert found(0.5, 0.3, 0.7).verdict == OPEN
    assert found(math.nan, math.nan, math.nan).verdict == OPEN
    assert found(0.5, 0.1, 0.9, (-math.inf, 1.4)).verdict == REPRODUCED
    assert tight([found(1.0, 0.9, 1.1)])
    assert not tight([found(1.0, 0.0, 2.0)])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_prints_a_miss_as_a_miss(language: str, tmp_path: Path) -> None:
    page = Evaluation([found(1.0, 0.9, 1.1), found(0.3, 0.2, 0.4)], "evidence")
    files = trial_page.save(page, tmp_path, language)
    text = files[0].read_text("utf-8")
    assert ("MISSED" if language == "en" else "未再现") in text
    assert "bronzini2014" in text
    assert (tmp_path / "trials.png").stat().st_size > 10_000
    assert (tmp_path / "trials.csv").is_file()
    plain = trial_page.as_plain(page)
    assert json.loads(json.dumps(plain))["trials"][1]["verdict"] == MISSED


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_narrow_screen_breaks_no_name_and_no_key(language: str) -> None:
    page = Evaluation([Found(t, row, 1.0, 0.9, 1.1, 40, 0.002) for t in TRIALS for row in t.rows], "history")
    shown = as_text(trial_page.screen(page, language), 80).splitlines()
    for trial in TRIALS:
        for row in trial.rows:
            assert any(row.label[language] in line for line in shown), row.label[language]
            assert any(row.published.source in line.split() for line in shown), row.published.source
    assert all(cell_len(line) <= 80 for line in shown)
    assert sum("p=0.002" in line for line in shown) == len(page.found)


def test_small_figures_are_written_out() -> None:
    assert [trial_page.value_text(x) for x in (6.36e-5, -1.234e-6, 0.0, 0.168, 1826.0)] == [
        "0.0000636", "-0.00000123", "0", "0.168", "1,826",
    ]  # fmt: skip


def test_position_in_the_band() -> None:
    assert trial_page.position(found(1.0, 0.9, 1.1), 0.6) == pytest.approx(0.0)
    assert trial_page.position(found(1.0, 0.9, 1.1), 1.4) == pytest.approx(1.0)
    one_sided = found(2.0, 1.0, 3.0, (0.0, math.inf))
    assert 0.0 < trial_page.position(one_sided, 2.0) < 1.0


def test_identity_depends_on_what_is_asked() -> None:
    assert identity([], 0, "evidence") != identity([], 1, "evidence")
    assert identity(["a", "b"], 0, "evidence") == identity(["b", "a"], 0, "evidence")


def test_command_without_trials_lists_them() -> None:
    result = CliRunner().invoke(app, ["evaluate"])
    assert result.exit_code == 2
    assert "innofund" in result.output


def test_command_refuses_an_unknown_trial() -> None:
    result = CliRunner().invoke(app, ["evaluate", "--trial", "nothing"])
    assert result.exit_code == 2
    assert "no such trial" in result.output


def test_command_ends_with_three_where_worlds_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def some_fail(names: list[str], **_: Any) -> Evaluation:
        return Evaluation([found(1.0, 0.9, 1.1)], "evidence", ("italian_grants, world 3, seed 0: ValueError: no",))

    monkeypatch.setattr("simulator.study.trials.evaluate", some_fail)
    result = CliRunner().invoke(app, ["evaluate", "--trial", "italian_grants", "--out", str(tmp_path), "--lang", "en"])
    assert result.exit_code == 3, result.output
    assert "failed: italian_grants, world 3" in result.stderr
    assert (tmp_path / "summary.txt").is_file()  # what came through is written


def test_worlds_that_fail_are_named_and_too_many_end_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise ValueError("no such world")

    monkeypatch.setattr("simulator.study.trials.table_of", fails)
    result = CliRunner().invoke(app, ["evaluate", "--trial", "italian_grants", "--jobs", "1", "--quiet"])
    assert result.exit_code == 3, result.output
    assert "ValueError: no such world" in result.stderr


def small(name: str) -> Trial:
    trial = next(t for t in TRIALS if t.id == name)
    return replace(trial, batch=6, most=6)


@pytest.mark.slow
@pytest.mark.parametrize("trial", [t.id for t in TRIALS])
def test_every_trial_runs(trial: str) -> None:
    """Six worlds give a number for every row."""
    scenario, _ = load_trials()
    tables = [table_of(k, small(trial), str(ROOT / scenario), 0, "evidence") for k in range(6)]
    assert len(look(small(trial), tables)) == len(small(trial).rows)


@pytest.mark.slow
def test_nothing_known_before_jumps_at_the_cutoff() -> None:
    """Applicants just funded and just not do not differ in what was so before."""
    scenario, _ = load_trials()
    tables = [table_of(k, small("innofund"), str(ROOT / scenario), 0, "evidence") for k in range(30)]
    for before in ("log_rd", "sales", "log_staff"):
        low, high = discontinuity(tables, before, only="ranked_sample").interval(0.98)
        assert low < 0.0 < high, before


def test_labels_say_the_same_in_both_languages() -> None:
    assert all(isinstance(t.label, Label) and t.label.en != t.label.zh for t in TRIALS)
