"""The fit of a region to its history: bank, prior check, posterior sample, coverage, what was and was not learned."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Problem
from simulator.study.abc_choice import chosen_settings
from simulator.study.abc_fit import (
    LEARNED,
    PLANTED,
    Coverage,
    Fit,
    Material,
    Settings,
    choose,
    coverage,
    fit,
    material,
)
from simulator.study.bank import RUNS, Bank, make_bank
from simulator.study.history import FOLDER, History, load_history
from simulator.study.output import ROOT, code_hash, digest, model_hash
from simulator.study.packed import pack_bank
from simulator.study.posterior import DRAWS, Posterior, load_posterior, save_posterior
from simulator.study.prior_predictive import DRAWS as PRIOR_DRAWS
from simulator.study.prior_predictive import Check, check_prior, refuse_outside
from simulator.study.replicates import SEED_STRIDE, Progress, StudyError, load_scenario

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario

CUTOFF = {"qingdao": 2016}  # the last year of a region that may be fitted; later years are for tests
CLOSE_PAIR = 0.7  # correlation of two draws from which on only their product or ratio may be learned
DECIMALS = 4  # of figures in the manifest
PREDICTIVE_RUNS = 100
PREDICTIVE_SEED = 7  # luck that no run of the bank has
Say = Callable[[str], None]


@dataclass(frozen=True)
class Pair:
    """Two parameters of which only a product (``correlation`` below zero) or a ratio (above) is learned."""

    first: str
    second: str
    correlation: float
    learned: float

    @property
    def what(self) -> str:
        """Return ``product`` or ``ratio``, by the sign of the correlation."""
        return "ratio" if self.correlation > 0.0 else "product"


@dataclass(frozen=True)
class Calibration:
    """A finished fit: the data, the bank, the sample and what is said about it."""

    region: str
    history: History
    bank: Bank
    checks: tuple[Check, ...]
    settings: Settings
    coverage: Coverage
    fit: Fit
    spread: dict[str, float]
    shift: dict[str, float]
    pairs: tuple[Pair, ...]
    farther: float
    path: Path
    seconds: dict[str, float]

    @property
    def learned(self) -> list[str]:
        """Return the parameters whose spread shrank to at most 0.8 of the prior's, the most learned first."""
        return sorted((n for n, s in self.spread.items() if s <= LEARNED), key=lambda n: self.spread[n])

    def table(self) -> pandas.DataFrame:
        """Return one row a point: observed, prior range and median, rank among prior draws, what moves it."""
        import pandas

        columns = ("indicator", "year", "observed", "low", "median", "high", "rank")
        rows = [{name: getattr(c, name) for name in columns} | {"moved_by": _moved(c)} for c in self.checks]
        return pandas.DataFrame(rows)


def _moved(check: Check) -> str:
    return ", ".join(f"{m.parameter} {m.correlation:+.2f}" for m in check.movers)


def region_history(region_id: str) -> Scenario:
    """Return the scenario of what was really in force in a region; raises InputError where there is none."""
    for parent in (Path("scenarios"), ROOT / "scenarios"):
        path = parent / region_id / "history.yaml"
        if path.is_file():
            return load_scenario(path)
    known = sorted(p.parent.name for p in (ROOT / "scenarios").glob("*/history.yaml"))
    raise InputError([Problem(region_id, 1, 1, "no such region", region_id, ", ".join(known))])


def data_of(region_id: str, until: int | None = None, *, history: History | None = None) -> History:
    """Return the points that a region is fitted to; raises InputError where there are none."""
    found = (load_history(region_id) if history is None else history).to_fit(
        CUTOFF.get(region_id) if until is None else until
    )
    if found.size == 0:
        what = "no point may be fitted (use: fit): a projection informed by evidence, not a fit"
        raise InputError([Problem(str(FOLDER / f"{region_id}.csv"), 1, 1, what, region_id, "--to plan, or evidence")])
    return found


def material_of(bank: Bank, history: History) -> Material:
    """Return what a fit of these points works on, from a bank that has their years."""
    figures = bank.points(history.names, history.years)
    return material([row.name for row in bank.rows], bank.z, figures, history)


def coverage_of(
    bank: Bank, planted: int = PLANTED, *, history: History | None = None, settings: Settings | None = None
) -> Coverage:
    """Return how often 90 % intervals hold planted truths, which are left out of the bank one by one."""
    points = data_of(bank.region) if history is None else history
    data = material_of(bank, points)
    return coverage(data, choose(data)[0] if settings is None else settings, planted)


def pairs_of(names: Sequence[str], z: np.ndarray) -> tuple[Pair, ...]:
    """Return the pairs of parameters of which the draws (n, P) have learned a combination but neither alone.

    On the standard normal scale a product of two is learned where their sum is, a ratio where their difference is.
    """
    spread = z.std(axis=0)
    correlation = np.corrcoef(z, rowvar=False) if z.shape[1] > 1 else np.ones((1, 1))
    found = []
    for i, k in zip(*np.nonzero(np.triu(np.abs(correlation) > CLOSE_PAIR, 1)), strict=True):
        combined = z[:, i] - z[:, k] if correlation[i, k] > 0.0 else z[:, i] + z[:, k]
        learned = float(combined.std() / np.sqrt(2.0))
        if learned <= LEARNED and learned < min(spread[i], spread[k]):
            found.append(Pair(names[i], names[k], float(correlation[i, k]), learned))
    return tuple(sorted(found, key=lambda p: (p.learned, p.first, p.second)))


def calibrate(
    region_id: str,
    *,
    runs: int = RUNS,
    seed: int = 0,
    jobs: int | None = None,
    until: int | None = None,
    planted: int = PLANTED,
    progress: Progress | None = None,
    say: Say | None = None,
    folder: Path | None = None,
    parent: Path | None = None,
    scenario: Scenario | None = None,
    history: History | None = None,
) -> Calibration:
    """Fit a region to its history and write the posterior sample; the bank goes on where it was left.

    ``folder`` is where the sample goes and ``parent`` where banks lie, by default those of the project. Raises
    InputError without data and OutsidePriorError where a point lies outside the 99 % range of prior draws.
    """
    if folder is None and until is not None and until < CUTOFF.get(region_id, until):
        raise ValueError(f"a fit to the years up to {until} is not the region's posterior: name a folder for it")
    points = data_of(region_id, until, history=history)
    last = max(int(points.years.max()), CUTOFF.get(region_id, 0))  # the same bank for fewer years
    found = region_history(region_id) if scenario is None else scenario
    started = time.perf_counter()
    if runs > PRIOR_DRAWS:  # a structure that cannot reach the data is named before the rest is run
        few = make_bank(found, PRIOR_DRAWS, until=last, seed=seed, jobs=jobs, progress=progress, parent=parent)
        refuse_outside(check_prior(material_of(few, points), points))
    bank = make_bank(found, runs, until=last, seed=seed, jobs=jobs, progress=progress, parent=parent)
    seconds = {"bank": time.perf_counter() - started}
    if say is not None:
        say(f"bank: {bank.size} runs in {bank.folder}")
    started = time.perf_counter()
    data = material_of(bank, points)
    checks = check_prior(data, points)
    refuse_outside(checks)
    settings = chosen_settings(region_id, bank=bank.hash) or choose(data)[0]
    if say is not None:
        say(f"chosen on planted truths: {settings}")
    measured = coverage(data, settings, planted)
    observed = points.transform(points.values)
    result = fit(data, observed, settings)
    sample = result.draws(DRAWS)
    mean, width = result.mean(), result.spread()
    farther = float(
        (_depth(data) >= float(np.linalg.norm((observed - data.noisy.mean(axis=0)) @ data.whitener))).mean()
    )
    seconds["fit"] = time.perf_counter() - started
    done = Calibration(
        region_id,
        points,
        bank,
        tuple(checks),
        settings,
        measured,
        result,
        {n: float(s) for n, s in zip(data.names, width, strict=True)},
        {n: float(m) for n, m in zip(data.names, mean, strict=True)},
        pairs_of(data.names, sample),
        farther,
        Path(),
        seconds,
    )
    from simulator.study.priors import to_natural

    table = to_natural(bank.rows, sample)
    path = save_posterior(region_id, "history", data.names, table, manifest_of(done, found), folder)
    pack_bank(bank, points, model_hash(), folder)  # what a later validation fits anew
    return replace(done, path=path)


def _depth(data: Material) -> np.ndarray:
    """Return how far each run's noisy points lie from the middle of the bank, (n,) in Mahalanobis distance."""
    return data.distances(data.noisy.mean(axis=0))


def data_digest(history: History) -> str:
    """Return the SHA-256 of the points of a fit, errors and sources included."""
    rows = zip(history.addresses, history.values, history.sd_source, history.sd_model, history.sources, strict=True)
    return digest("\n".join(f"{a} {v!r} {s!r} {m!r} {o}" for a, v, s, m, o in rows).encode())


def manifest_of(done: Calibration, scenario: Scenario) -> dict[str, Any]:
    """Return where a posterior comes from and what it has learned: the same for the same inputs and seed."""

    def short(x: float) -> float:
        return round(float(x), DECIMALS)

    return {
        "region": done.region,
        "kind": "history",
        "code": code_hash(),
        "model": model_hash(),
        "bank": {"hash": done.bank.hash, "runs": len(done.bank.values), "completed": done.bank.size},
        "seed": done.bank.seed,
        "scenario": {"file": f"scenarios/{done.region}/{scenario.path.name}", "fingerprint": scenario.fingerprint()},
        "data": {"digest": data_digest(done.history), "points": list(done.history.addresses)},
        "method": "regression-adjusted ABC in standard normal space, Epanechnikov weights",
        "settings": {"kept": done.settings.kept, "penalty": done.settings.penalty, "rescaled": done.settings.rescaled},
        "draws": DRAWS,
        "kept": len(done.fit.weights),
        "effective": short(done.fit.effective),
        "coverage": {
            "level": 0.9,
            "planted": done.coverage.planted,
            "pooled": short(done.coverage.pooled),
            "learned": short(done.coverage.learned),
            "lowest": short(done.coverage.by_parameter.min()),
            "highest": short(done.coverage.by_parameter.max()),
        },
        "runs_farther_than_data": short(done.farther),
        "prior": [
            {
                "point": f"{c.indicator}@{c.year}",
                "low": float(f"{c.low:.6g}"),
                "median": float(f"{c.median:.6g}"),
                "high": float(f"{c.high:.6g}"),
                "rank": short(c.rank),
                "moved_by": {m.parameter: short(m.correlation) for m in c.movers},
            }
            for c in done.checks
        ],
        "learned": done.learned,
        "pairs": [
            {
                "first": p.first,
                "second": p.second,
                "only": p.what,
                "correlation": short(p.correlation),
                "spread": short(p.learned),
            }
            for p in done.pairs
        ],
        "spread": {name: short(s) for name, s in done.spread.items()},
        "shift": {name: short(s) for name, s in done.shift.items()},
        "not_identified": [name for name, s in done.spread.items() if s > LEARNED],
    }


# ---- does the posterior give the data back? ---------------------------------------------------------


def posterior_predictive(
    region_id: str,
    *,
    runs: int = PREDICTIVE_RUNS,
    jobs: int | None = None,
    seed: int = PREDICTIVE_SEED,
    posterior: Posterior | None = None,
    scenario: Scenario | None = None,
    history: History | None = None,
    progress: Progress | None = None,
) -> pandas.DataFrame:
    """Run draws of the posterior under the region's history and return one row a point.

    Columns: indicator, year, observed, p05, p50, p95 (errors of the observation included), rank of the observed
    figure, inside (whether the 90 % band holds it). Raises InputError where nothing has been fitted, and StudyError
    where no run came through.
    """
    import pandas

    from simulator.study.pool import Pool
    from simulator.study.replicates import Outcome, Replicate

    points = data_of(region_id) if history is None else history
    sample = load_posterior(region_id) if posterior is None else posterior
    if sample is None:
        raise InputError([Problem(region_id, 1, 1, "nothing has been fitted yet", "", f"ris calibrate {region_id}")])
    found = region_history(region_id) if scenario is None else scenario
    last = min(max(int(points.years.max()), found.years[0]), found.years[1])
    mine = replace(found, years=(found.years[0], last), calibration="evidence")
    stride = max(sample.size // runs, 1)
    # each draw as assumptions of its own: the sample given may not be the one that runs of the region look for
    drawn = [replace(mine, assumptions={**sample.values(i * stride), **mine.assumptions}) for i in range(runs)]
    batches = {i: [Replicate(i, i, seed * SEED_STRIDE + i)] for i in range(runs)}
    results = [result for mine_ in Pool(drawn, seed, jobs).run(batches, progress).values() for result in mine_]
    outcomes = [o for o in results if isinstance(o, Outcome)]
    if not outcomes:
        raise StudyError("no run with draws of the posterior came through")
    names, years = outcomes[0].names, outcomes[0].years.tolist()
    at = [(years.index(y), names.index(n)) for n, y in zip(points.names, points.years.tolist(), strict=True)]
    clean = points.transform(np.array([[o.values[t, k] for t, k in at] for o in outcomes]))
    noisy = clean + points.noise(np.random.default_rng(seed), len(clean))
    low, middle, high = (points.back(q) for q in np.quantile(noisy, (0.05, 0.5, 0.95), axis=0))
    rank = (noisy < points.transform(points.values)).mean(axis=0)
    frame = {"indicator": points.names, "year": points.years, "observed": points.values, "p05": low, "p50": middle,
             "p95": high, "rank": rank, "inside": (rank >= 0.05) & (rank <= 0.95)}  # fmt: skip
    return pandas.DataFrame(frame)
