"""Which of three mixes does most with the same money?

Run it with ``python examples/compare_mixes.py``. A number of runs of each mix (default 100) and a folder may follow.
"""

import sys
from pathlib import Path

from simulator import compare, load

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios" / "qingdao"
MIXES = ("plan", "equity_first", "funds_instead_of_grants")
TARGETS = ["QD10", "QD12", "QD18"]  # high-tech firms, technology market, firms' share of R&D


def main(runs: int = 100, folder: str = "outputs/example-compare", amount: float | None = 5e9) -> None:
    """Compare three mixes of measures with going on as before, each at the same net public cost."""
    baseline = load(SCENARIOS / "baseline.yaml")
    mixes = [load(SCENARIOS / f"{name}.yaml") for name in MIXES]

    # Every mix and the baseline get the same draws of the parameters and the same luck. ``equal_budget`` scales the
    # doses of each mix by one factor until it adds this net cost (CNY, over all years) to the baseline.
    result = compare(baseline, mixes, replicates=runs, on=TARGETS, equal_budget=amount, progress=True)

    # What each mix changes: the mean paired difference in the target's own unit, with a 90 % interval. An interval
    # that includes zero says nothing.
    targets = result.tables().compare_targets
    chosen = targets[targets["id"].isin(TARGETS)]
    print(chosen[["scenario", "id", "difference", "ci_low", "ci_high", "unit"]].to_string(index=False))

    # In which share of simulated futures does one mix reach more than another?
    print(result.win()[["id", "scenario", "against", "p_win"]].to_string(index=False))

    print("results:", result.save(folder))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*[int(a) for a in arguments[:1]], *arguments[1:2])
