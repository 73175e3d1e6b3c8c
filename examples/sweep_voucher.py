"""How large should an innovation voucher be?

Run it with ``python examples/sweep_voucher.py``. A number of runs (default 40) and a folder may follow.
"""

import sys
from pathlib import Path

from simulator import load, sweep

SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / "qingdao" / "plan.yaml"


def main(runs: int = 40, folder: str = "outputs/example-sweep") -> None:
    """Sweep over the face value of the voucher and print what it changes."""
    plan = load(SCENARIO)

    # Four face values in CNY, each run with the same draws of the parameters and the same luck, so that what differs
    # between them owes nothing to chance. The first is what the others are compared with: no voucher at all.
    result = sweep(
        plan,
        {"QL09d.face_value": [0, 50_000, 100_000, 200_000]},
        runs=runs,
        outcomes=["QD10", "QD12", "cost.QL09d"],  # two targets, and what the voucher costs
        out=folder,  # finished parts are kept here: run it again and nothing is simulated twice
        progress=True,
    )

    # One row a point and outcome. The difference is paired, its 90 % interval a bootstrap over draws.
    columns = ["QL09d.face_value", "outcome", "p50", "probability", "difference", "ci_low", "ci_high"]
    print(result.summary()[columns].to_string(index=False, float_format="{:,.2f}".format))

    # All runs one by one, for statistics of your own: the rows of one luck are a pair.
    runs_ = result.table()
    by_luck = runs_.pivot(index="luck", columns="QL09d.face_value", values="QD10")
    print("share of futures with more high-tech firms at 100,000 than without:", (by_luck[1e5] > by_luck[0]).mean())

    # Tables, figures and a summary in words; language="zh" for Chinese.
    print("results:", result.save())


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*[int(a) for a in arguments[:1]], *arguments[1:2])
