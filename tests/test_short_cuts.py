"""What was made faster around the runs gives what the plain way gives."""

from __future__ import annotations

import gc
import io
from pathlib import Path

import numpy as np
import pytest

from simulator.study import tables
from simulator.study.kernels import load_without_events
from simulator.study.output import write_scenario
from simulator.study.posterior import FOLDER, load_posterior
from simulator.study.replicates import Outcome, Replicate, load_scenario

SHIPPED = Path(__file__).resolve().parents[1] / "scenarios"


@pytest.mark.parametrize("name", ["qingdao/plan", "qingdao/vouchers_doubled", "benxi/plan"])
def test_a_scenario_written_in_parts_is_the_same_text(name: str, tmp_path: Path) -> None:
    from ruamel.yaml import YAML

    scenario, whole, known = load_scenario(SHIPPED / f"{name}.yaml"), io.StringIO(), dict[str, str]()
    yaml = YAML()
    yaml.width = 120
    yaml.dump(scenario.resolved(), whole)
    for turn in range(2):  # with no part known, then with all
        write_scenario(scenario, tmp_path / f"{turn}.yaml", known)
        assert (tmp_path / f"{turn}.yaml").read_text(encoding="utf-8") == whole.getvalue()
    assert load_scenario(tmp_path / "1.yaml").fingerprint() == scenario.fingerprint()


def _outcomes(count: int) -> list[Outcome]:
    bills = [
        {("E1", "voucher", 2016, "city", kind): 1.0 + k} for k, kind in zip(range(count), "ab" * count, strict=False)
    ]
    years, values = np.array([2016]), np.zeros((1, 1))
    return [Outcome(Replicate(k, k // 2, k), years, ("x",), values, mine) for k, mine in enumerate(bills)]


def test_bills_are_laid_out_once_for_the_same_runs_and_forgotten_with_them() -> None:
    some, others = _outcomes(4), _outcomes(4)
    first = tables.bill_matrix(some)
    assert tables.bill_matrix(tuple(some)) is first  # the same runs in another sequence
    assert tables.bill_matrix(others) is not first
    assert tables.bill_matrix(some[:3]) is not first
    cells, amounts = tables.bill_matrix(some)
    assert [cell[4] for cell in cells] == ["a", "b"]
    assert amounts.tolist() == [[1, 0], [0, 2], [3, 0], [0, 4]]
    del some, others
    gc.collect()
    assert not tables._laid_out


@pytest.mark.parametrize("region", ["qingdao", "benxi"])
def test_a_posterior_reads_as_pyarrow_reads_it(region: str) -> None:
    from pyarrow import parquet

    found = load_posterior(region)
    if found is None:
        pytest.skip("not fitted")
    plain = parquet.read_table(FOLDER / f"{region}-history.parquet")
    assert found.names == tuple(plain.column_names)
    expected = np.column_stack([plain.column(name).to_numpy() for name in plain.column_names]).astype(float)
    assert np.array_equal(found.table, expected)
    assert found.table.flags.writeable


def test_loading_without_events_is_done_twice_without_harm() -> None:
    from llvmlite.binding import ffi

    load_without_events()
    load_without_events()
    assert not ffi.lib._lock._cblist
