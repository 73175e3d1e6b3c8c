"""The collector of cyclic garbage rests while a run lasts: nothing is left for it, and it is put back as it was."""

from __future__ import annotations

import gc
import threading

import pytest
from model_runs import PLAN, shipped

from simulator.core.memory import collector_at_rest
from simulator.simulate import simulate

LAST = 2014


def test_a_run_leaves_no_cycles_behind() -> None:
    scenario = shipped(PLAN, LAST)
    simulate(scenario, {}, 1)  # whatever is made once is there
    gc.collect()
    gc.disable()
    try:
        simulate(scenario, {}, 1)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_collector_is_put_back_as_it_was() -> None:
    def fails() -> None:
        with collector_at_rest():
            with collector_at_rest():
                assert not gc.isenabled()
            assert not gc.isenabled()  # the outer one is still in it
            raise ZeroDivisionError

    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        fails()
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_at_rest():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_last_of_several_threads_wakes_the_collector() -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with collector_at_rest():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with collector_at_rest():
        thread.start()
        assert inside.wait(10)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()
