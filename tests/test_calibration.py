"""The fit to history: data, bank, posterior sample and its use, on a made-up model and on planted truths."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_model
from toy_model import Toy
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.parameters import Range, draw, table
from simulator.core.problems import InputError
from simulator.report.terminal_calibration import lines, point_table
from simulator.study import posterior as posterior_module
from simulator.study.abc_fit import Material, Settings, choose, coverage, fit
from simulator.study.bank import SHARD, Bank, bank_scenario, make_bank
from simulator.study.calibrate import calibrate, coverage_of, data_of, pairs_of, posterior_predictive
from simulator.study.ensemble import run
from simulator.study.history import History, load_history
from simulator.study.output import identity
from simulator.study.posterior import load_posterior, rounded, save_posterior
from simulator.study.prior_predictive import OutsidePriorError, check_prior, refuse_outside
from simulator.study.priors import standard_normals, to_natural, to_standard
from simulator.study.replicates import StudyError, load_scenario, parameters_of, replay, values_of

toy, home = toy_model.toy, toy_model.home  # the fixtures
RUNS = 400
YEARS = (2013, 2016, 2018, 2020)


def observed(values: list[float], years: tuple[int, ...] = YEARS, name: str = "hnte_count") -> History:
    """Return points of one series with small errors."""
    count = len(values)
    texts = {"names": (name,) * count, "use": ("fit",) * count, "sources": ("assumed",) * count}
    small = np.full(count, 0.02)
    years_ = np.array(years[:count])
    return History("qingdao", **texts, years=years_, values=np.array(values), sd_source=small, sd_model=small / 2,
                   shares=np.zeros(count, bool))  # fmt: skip


def linear(reading: np.ndarray, count: int = 3000, noise: float = 0.5, seed: int = 1) -> Material:
    """Return a bank of a linear model whose posterior is known."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((count, len(reading)))
    clean = z @ reading
    names = tuple(f"part{k % 2}.p{k}" for k in range(len(reading)))
    return Material(names, z, clean, clean + noise * rng.standard_normal(clean.shape))


def exact(reading: np.ndarray, data: np.ndarray, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Return the posterior mean and standard deviation of a linear model with standard normal priors."""
    gain = reading @ np.linalg.inv(reading.T @ reading + noise**2 * np.eye(reading.shape[1]))
    return gain @ data, np.sqrt(np.diag(np.eye(len(reading)) - gain @ reading.T))


# ---- data -------------------------------------------------------------------------------------------


def test_history_says_what_is_observed_with_both_errors() -> None:
    history = load_history("qingdao")
    points = data_of("qingdao")
    assert points.size == history.size >= 40
    assert points.years.max() == 2016
    assert set(points.use) == {"fit"}
    k = points.addresses.index("hnte_count@2016")
    row = points.values[k], points.sd_source[k], points.sd_model[k]
    assert points.sd[k] == pytest.approx(row[0] * np.hypot(row[1], row[2]))
    assert points.to_fit(2014).years.max() == 2014
    figures = np.stack([points.values, points.values * 0.9])
    assert points.back(points.transform(figures)) == pytest.approx(figures)
    assert points.shares[points.addresses.index("marine_share@2016")]
    assert np.isfinite(points.transform(np.zeros(points.size))).all()
    covariance = points.covariance()
    assert np.linalg.eigvalsh(covariance).min() > 0.0
    spread = points.noise(np.random.default_rng(0), 4000).std(axis=0)
    assert spread == pytest.approx(np.sqrt(np.diag(covariance)), rel=0.1)


def test_a_city_without_a_series_is_no_fit() -> None:
    with pytest.raises(InputError, match="a projection informed by evidence"):
        data_of("benxi")


def test_a_bad_history_is_refused_with_every_line(tmp_path: Path) -> None:
    head = "indicator,year,value,unit,sd_relative,discrepancy_relative,source,use\n"
    rows = [
        "hnte,2016,5,firms,0.1,0.1,x,fit",
        "hnte_count,2016,-5,firms,0.1,,x,fitted",
        "rd_share,2016,1.2,share,1,1,x,fit",
    ]
    (tmp_path / "a.csv").write_text(head + "\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_history("a", tmp_path)
    assert len(error.value.problems) == 5
    twice = "hnte_count,2016,5,firms,0.1,0.1,x,fit\n"
    (tmp_path / "b.csv").write_text(head + twice + twice, encoding="utf-8")
    with pytest.raises(InputError, match="twice"):
        load_history("b", tmp_path)
    (tmp_path / "c.csv").write_text("indicator,year\n", encoding="utf-8")
    with pytest.raises(InputError, match="columns are missing"):
        load_history("c", tmp_path)


# ---- parameters as standard normals -----------------------------------------------------------------


def test_parameters_are_the_same_draws_on_both_scales() -> None:
    from simulator.model import LEVERS, SCHEDULE

    rows = table(SCHEDULE, LEVERS.values())
    z = standard_normals(rows, [0, 7], seed=3)
    natural = to_natural(rows, z)
    for k, number in enumerate((0, 7)):
        assert natural[k] == pytest.approx(list(draw(rows, number, seed=3).values()), rel=1e-12)
    inside = np.array([row.prior.shape != "linear" for row in rows])
    assert to_standard(rows, natural)[:, inside] == pytest.approx(z[:, inside], abs=1e-8)
    row = replace(rows[0], value=0.2, prior=Range(0.1, 0.5, "linear"))
    assert to_standard([row], to_natural([row], np.array([[-1.0], [0.0], [2.0]])))[:, 0] == pytest.approx([-1, 0, 2])


# ---- bank -------------------------------------------------------------------------------------------


def bank_of(home: Path, runs: int = RUNS, **options: Any) -> Bank:
    return make_bank(load_scenario(home / "plan.yaml"), runs, **{"jobs": 1, "parent": home / "bank", **options})


def test_a_bank_goes_on_where_it_was_left_and_keeps_its_bytes(toy: Toy, home: Path) -> None:
    bank = bank_of(home, 2 * SHARD)
    assert (toy.runs, bank.size, bank.series("hnte_count").shape) == (2 * SHARD, 2 * SHARD, (2 * SHARD, 10))
    before = {p.name: p.read_bytes() for p in bank.folder.glob("*.npy")}
    (bank.folder / sorted(before)[0]).write_bytes(b"half a shard")
    grown = bank_of(home, 3 * SHARD)
    assert toy.runs == 4 * SHARD
    assert {p.name: p.read_bytes() for p in bank.folder.glob("*.npy") if p.name in before} == before
    assert (grown.values[: 2 * SHARD] == bank.values).all()
    assert (grown.first(2 * SHARD).values == bank.values).all()
    apart = bank_of(home, 3 * SHARD, jobs=2, parent=home / "other")
    assert {p.name: p.read_bytes() for p in apart.folder.glob("*.npy")} == {
        p.name: p.read_bytes() for p in grown.folder.glob("*.npy")
    }
    assert not list(bank.folder.glob(".*"))
    other = bank_of(home, SHARD, seed=1)
    assert other.folder != bank.folder
    assert (other.values != bank.values[:SHARD]).any()


def test_a_killed_bank_loses_no_finished_shard(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    def killed(*arguments: Any) -> Any:
        if toy.runs >= 2 * SHARD + 3:
            raise KeyboardInterrupt
        return toy.simulate(*arguments)

    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate", killed)
    with pytest.raises(KeyboardInterrupt):
        bank_of(home, 4 * SHARD)
    assert len(list((home / "bank").glob("*/*.npy"))) == 2
    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate", toy.simulate)
    toy.runs = 0
    assert bank_of(home, 4 * SHARD).size == 4 * SHARD
    assert toy.runs == 2 * SHARD


def test_a_bank_runs_what_its_draws_say(toy: Toy, home: Path) -> None:
    bank = bank_of(home, SHARD, until=2016)
    assert bank.years.tolist() == list(range(2011, 2017))
    for number in (0, 13):
        assert bank.parameters.iloc[number].to_dict() == pytest.approx(values_of(number, 0))
    level = bank.parameters["market.level"].to_numpy()
    assert np.corrcoef(level, bank.series("hnte_count")[:, 0])[0, 1] > 0.9
    history = replace(load_scenario(home / "plan.yaml"), calibration="history")
    assert (
        bank_scenario(history, 2016).fingerprint()
        == bank_scenario(load_scenario(home / "plan.yaml"), 2016).fingerprint()
    )
    with pytest.raises(KeyError, match="hnte_count@2019"):
        bank.points(["hnte_count"], [2019])


def test_runs_that_fail_are_left_out_or_refused(toy: Toy, home: Path) -> None:
    toy.raising, toy.undefined = {3}, {8}
    bank = bank_of(home, SHARD)
    assert (bank.size, len(bank.parameters), len(bank.series("rd_share"))) == (SHARD - 2,) * 3
    assert not {3, 8} & set(bank.draws.tolist())
    toy.raising = set(range(10))
    with pytest.raises(
        StudyError, match=r"10 of 50 runs failed, the first with draw 0: RuntimeError: seed 0 is unlucky"
    ):
        bank_of(home, SHARD, parent=home / "bad")


# ---- fit --------------------------------------------------------------------------------------------


def test_the_fit_gives_the_exact_posterior_of_a_linear_model() -> None:
    reading = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.4], [0.3, 0.0, 0.1], [0.0, 0.0, 0.0]])
    data = linear(reading)
    truth = np.array([0.7, -0.4, 1.0])
    mean, spread = exact(reading, truth)
    for settings in (Settings(0.5, 0.003), Settings(1.0, 0.003), Settings(1.0, 0.003, True)):
        found = fit(data, truth, settings)
        assert found.mean() == pytest.approx(mean, abs=0.08)
        assert found.spread() == pytest.approx(spread, rel=0.08)
    sample = found.draws(1000)
    assert sample.mean(axis=0) == pytest.approx(mean, abs=0.12)
    assert sample.std(axis=0) == pytest.approx(spread, rel=0.12)
    assert (found.draws(1000) == sample).all()


def test_planted_truths_are_covered_as_often_as_said() -> None:
    rng = np.random.default_rng(5)
    data = linear(rng.standard_normal((60, 12)) * (rng.random((60, 1)) < 0.2), count=800)
    settings, scores = choose(data, tried=20)
    assert settings in scores
    assert scores[settings] == min(scores.values())
    found = coverage(data, settings)
    assert found.planted == 200
    assert found.ok
    assert 0.84 <= found.learned <= 0.95


def test_a_planted_product_is_named_and_neither_factor_is_learned() -> None:
    reading = np.array([[1.0], [1.0], [0.0]])
    data = linear(reading, noise=0.1)
    found = fit(data, np.array([1.0]), Settings(1.0, 0.003))
    pairs = pairs_of(data.names, found.draws(1000))
    assert [(p.first, p.second, p.what) for p in pairs] == [("part0.p0", "part1.p1", "product")]
    assert pairs[0].correlation < -0.9
    ratio = fit(linear(np.array([[1.0], [-1.0]]), noise=0.1), np.array([1.0]), Settings(1.0, 0.003))
    assert [p.what for p in pairs_of(("a.x", "b.y"), ratio.draws(1000))] == ["ratio"]


def test_a_wrong_structure_is_caught_before_the_fit_and_named(toy: Toy, home: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    with pytest.raises(OutsidePriorError) as error:
        calibrate("qingdao", runs=RUNS, jobs=1, until=2020, scenario=scenario, history=observed([900, 920, 1000, 5000]),
                  folder=home / "sample", parent=home / "bank")  # fmt: skip
    (check,) = error.value.checks
    assert (check.indicator, check.year, check.ok) == ("hnte_count", 2020, False)
    assert {mover.owner for mover in check.movers} == {"voucher", "market"}
    assert "hnte_count 2020: observed 5000 lies above the 99% range of prior draws" in str(error.value)
    assert "structure: " in str(error.value)
    assert not (home / "sample").exists()


def test_points_inside_the_cloud_pass() -> None:
    data = linear(np.eye(2), count=500)
    points = observed([1.0, 1.0])
    clean = np.exp(0.1 * data.clean)
    checks = check_prior(Material(data.names, data.z, np.log(clean), np.log(clean)), points)
    refuse_outside(checks)
    assert [c.movers[0].parameter for c in checks] == list(data.names)


# ---- sample -----------------------------------------------------------------------------------------


@pytest.fixture
def fitted(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fit the made-up model to a truth of level 1,000 and effect 1.5, in a folder of its own."""
    monkeypatch.setattr(posterior_module, "FOLDER", home / "sample")
    monkeypatch.setattr("simulator.study.model_error.FOLDER", home)  # the real history is of other indicators
    truth = observed([1000.0, 1000 + 1.5 * 80, 1000 + 1.5 * 160, 1000 + 1.5 * 240])
    scenario = load_scenario(home / "plan.yaml")
    options: dict[str, Any] = {"runs": RUNS, "until": 2020, "jobs": 1, "parent": home / "bank", "planted": 100}
    return calibrate("qingdao", scenario=scenario, history=truth, **options)


def test_a_calibration_finds_the_truth_and_says_what_it_knows(fitted: Any, home: Path) -> None:
    sample = load_posterior("qingdao")
    assert sample is not None
    assert (sample.size, set(sample.names)) == (1000, {"market.level", "voucher.effect"})
    level, effect = (sample.table[:, sample.names.index(n)] for n in ("market.level", "voucher.effect"))
    assert np.quantile(level, 0.05) < 1000 < np.quantile(level, 0.95)
    assert np.quantile(effect, 0.05) < 1.5 < np.quantile(effect, 0.95)
    assert set(fitted.learned) == {"market.level", "voucher.effect"}
    manifest = json.loads(fitted.path.with_suffix(".json").read_text(encoding="utf-8"))
    assert manifest == sample.manifest
    assert manifest["not_identified"] == []
    assert manifest["coverage"]["planted"] == 100
    assert manifest["bank"]["runs"] == RUNS
    assert not sample.stale
    assert not any(str(Path.cwd()) in str(value) for value in manifest.values())
    frame = posterior_predictive("qingdao", runs=40, jobs=1, posterior=sample, history=fitted.history,
                                 scenario=load_scenario(home / "plan.yaml"))  # fmt: skip
    assert frame["inside"].all()
    assert (frame["p05"] < frame["observed"]).all()
    for language, inside in (("en", "hold 4 of 4 observed points"), ("zh", "后验 90 % 区间包含 4 个观测点中的 4 个。")):
        text = "\n".join(lines(fitted, frame, language))
        assert inside in text
        assert "market.level" in text
        assert point_table(fitted, frame, language).row_count == 4
    assert fitted.table()["moved_by"].str.contains("market.level").all()
    found = coverage_of(fitted.bank, 100, history=fitted.history)
    assert 0.82 <= found.pooled <= 0.97


def test_the_sample_that_is_given_is_the_one_that_runs(
    fitted: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = load_posterior("qingdao")
    assert sample is not None
    monkeypatch.setattr(posterior_module, "FOLDER", home / "nothing")
    far = replace(sample, table=2.0 * sample.table)
    frames = [
        posterior_predictive("qingdao", runs=20, jobs=1, posterior=one, history=fitted.history,
                             scenario=load_scenario(home / "plan.yaml"))
        for one in (sample, far)
    ]  # fmt: skip
    assert frames[0]["inside"].all()
    assert (frames[1]["p50"] > 1.5 * frames[0]["p50"]).all()


def test_the_same_seed_gives_the_same_bytes(fitted: Any, home: Path) -> None:
    before = fitted.path.read_bytes(), fitted.path.with_suffix(".json").read_bytes()
    scenario = load_scenario(home / "plan.yaml")
    again = calibrate("qingdao", runs=RUNS, jobs=2, until=2020, scenario=scenario, history=fitted.history, planted=100,
                      parent=home / "another", folder=home / "twice")  # fmt: skip
    assert (again.path.read_bytes(), again.path.with_suffix(".json").read_bytes()) == before


def test_a_scenario_draws_from_the_posterior_that_it_names(fitted: Any, toy: Toy, home: Path) -> None:
    sample = load_posterior("qingdao")
    assert sample is not None
    (home / "fitted.yaml").write_text((home / "plan.yaml").read_text("utf-8") + "calibration: history\n", "utf-8")
    scenario = load_scenario(home / "fitted.yaml")
    assert parameters_of(scenario, 3, 0) == pytest.approx(dict(zip(sample.names, sample.table[3], strict=True)))
    assert parameters_of(scenario, 1003, 0) == parameters_of(scenario, 3, 0)
    levels_of = [[parameters_of(scenario, k, seed)["market.level"] for k in range(sample.size)] for seed in (0, 1, 2)]
    assert levels_of[0] == pytest.approx(sample.table[:, sample.names.index("market.level")].tolist())
    assert all(sorted(found) == sorted(levels_of[0]) for found in levels_of)  # each row once before any twice
    assert all(sum(np.equal(*pair)) < 10 for pair in itertools.combinations(levels_of, 2))
    assert parameters_of(scenario, 1003, 5) == parameters_of(scenario, 3, 5) != parameters_of(scenario, 3, 0)
    assert parameters_of(scenario, -1, 0) == values_of(-1, 0)
    assert parameters_of(load_scenario(home / "plan.yaml"), 3, 0) == values_of(3, 0)
    result = run(home / "fitted.yaml", replicates=20, jobs=1)
    levels = result.series("hnte_count")[:, 0]
    wide = run(home / "plan.yaml", replicates=20, jobs=1).series("hnte_count")[:, 0]
    assert levels.std() < 0.6 * wide.std()
    again = replay(home / "fitted.yaml", index=4)
    assert (again.values == result.outcomes[4].values).all()
    row = result.variance().set_index("id").iloc[0]
    assert row["luck"] + row["ignorance"] == pytest.approx(1.0)
    changed = save_posterior("qingdao", "history", sample.names, sample.table * 1.01, {})
    found = load_posterior("qingdao")
    assert found is not None
    assert (found.stale, found.path) == (True, changed)
    assert parameters_of(scenario, 3, 0)["market.level"] == pytest.approx(
        1.01 * sample.values(3)["market.level"], rel=1e-4
    )


def test_a_run_is_another_once_its_posterior_is(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posterior_module, "FOLDER", home / "sample")
    scenario = replace(load_scenario(home / "plan.yaml"), calibration="history")
    hashes = {identity([scenario], (20,), 0)}
    for level in (800.0, 900.0):
        save_posterior("qingdao", "history", ["market.level"], np.full((3, 1), level), {})
        hashes.add(identity([scenario], (20,), 0))
    assert len(hashes) == 3
    evidence = load_scenario(home / "plan.yaml")
    before = identity([evidence], (20,), 0)
    save_posterior("qingdao", "history", ["market.level"], np.full((3, 1), 700.0), {})
    assert identity([evidence], (20,), 0) == before


def test_a_posterior_copes_with_parameters_that_came_or_went(toy: Toy, home: Path) -> None:
    save_posterior("a", "history", ["market.level", "gone.away"], np.array([[800.0, 1.0], [900.0, 2.0]]), {}, home)
    sample = load_posterior("a", folder=home)
    assert sample is not None
    assert sample.values(3) == {"market.level": 900.0, "voucher.effect": values_of(3, 0)["voucher.effect"]}
    assert load_posterior("b", folder=home) is None
    assert load_posterior("a", "evidence", folder=home) is None
    figures = np.random.default_rng(0).lognormal(size=(50, 3)) * [1e-9, 1.0, 1e12]
    assert rounded(figures) == pytest.approx(figures, rel=7e-5)


@pytest.mark.usefixtures("toy")
def test_the_command_stops_where_the_input_is_wrong() -> None:
    done = CliRunner().invoke(app, ["calibrate", "nowhere"])
    assert done.exit_code == 2
    assert "no history of this region" in done.stderr


@pytest.mark.slow
def test_the_real_model_gives_its_history_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posterior_module, "FOLDER", tmp_path)  # where runs look for the sample
    done = calibrate("qingdao", runs=300, folder=tmp_path, parent=tmp_path / "bank")
    assert done.coverage.ok
    sample = load_posterior("qingdao", folder=tmp_path)
    frame = posterior_predictive("qingdao", runs=40, posterior=sample)
    assert frame["inside"].mean() > 0.8
    assert done.path.stat().st_size < 3_000_000
