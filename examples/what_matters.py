"""What do the voucher's targets hang on, and when does the plan miss them?

Run it with ``python examples/what_matters.py``. The numbers of trajectories (default 20) and of futures (default 400)
may follow, and a folder.
"""

import sys
from pathlib import Path

from simulator import discover, load, sensitivity

SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / "qingdao" / "plan.yaml"
FACTORS = [
    "QL09d.face_value=0:200000",  # a setting and its range: what the city chooses
    "QL09d.budget=0:80000000",
    "innovation_voucher.*",  # parameters of the lever, over what the evidence leaves open
    "switches.entry",  # a doubt about the model itself
]


def main(trajectories: int = 20, futures: int = 400, folder: str = "outputs/example-what-matters") -> None:
    """Rank the factors by their effect, then look for the futures in which the plan misses a target."""
    plan = load(SCENARIO)

    # Morris' method: each factor is moved alone, from many starting points. A dummy that does nothing is moved too;
    # a factor whose effect is no larger than the dummy's is below the floor of noise.
    ranked = sensitivity(
        plan,
        FACTORS,
        method="morris",
        trajectories=trajectories,
        outcomes=["QD12", "cost.QL09d"],
        out=f"{folder}/sensitivity",
        progress=True,
    )
    table = ranked.table()
    means = table[table["of"] == "mean"]  # of the outcome itself; "spread" is what moves its spread over futures
    columns = ["outcome", "factor", "mu_star", "floor", "above_floor"]
    print(means[columns].to_string(index=False, float_format="{:,.0f}".format))  # both outcomes are CNY
    ranked.save()

    # PRIM: boxes of parameters, switches and outside paths that hold most of the futures in which the target is missed.
    # By default every parameter and switch is a factor. With few futures no box is stable, and none is shown.
    # A row is one condition of a box: ``density`` is the share of its futures that miss, ``coverage`` of all misses,
    # ``returns`` how often the condition came back when the search was repeated on halves of the futures.
    found = discover(plan, "QD17", runs=futures, out=f"{folder}/discover", progress=True)
    boxes = found.table()
    columns = ["box", "factor", "low", "high", "kept", "density", "coverage", "returns"]
    print(boxes[columns].to_string(index=False) if len(boxes) else "no stable box")
    print("results:", found.save())


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*[int(a) for a in arguments[:2]], *arguments[2:3])
