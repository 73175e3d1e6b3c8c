"""A Dask scheduler and workers on loopback, each a forked process that a trial may kill."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.faults.studies import study_model
from tests.faults.trials import Trial
from tests.processes import kill

WORKERS = 2


def _shards(trial: Trial) -> int:
    """Return how many shards there are; folders may be renamed meanwhile."""
    files = [file for at, _, inside in os.walk(trial.home) if at.endswith("shards") for file in inside]
    return sum(file.endswith(".json") for file in files)


def scratch_of(trial: Trial) -> Path:
    """Return where a trial's workers may write."""
    return trial.home.with_name(trial.home.name + " scratch")


class Cluster:
    """A scheduler and two workers with the model that a trial has."""

    def __init__(self, trial: Trial, scratch: Path) -> None:
        self.trial, self.scratch = trial, scratch
        self.scheduler, self.address = _forked(_scheduler(), lambda: None)
        self.workers: list[int] = []
        for _ in range(WORKERS):
            self.add()

    def add(self) -> None:
        """Start one more worker."""
        put = study_model(self.trial.study, self.trial.home)
        self.workers.append(_forked(_worker(self.address, self.scratch), put)[0])

    def lose(self, pids: list[int]) -> None:
        """Kill some of its processes."""
        for pid in pids:
            kill(pid)

    def close(self) -> None:
        """Kill all that is left of it."""
        self.lose([self.scheduler, *self.workers])


def _forked(life: Coroutine[Any, Any, None], put: Callable[[], object]) -> tuple[int, str]:
    """Fork a process with a life; returns it and the address that it tells."""
    ready, go = os.pipe()
    if not (pid := os.fork()):
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            null = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(null, number)
            os.dup2(go, 3)
            logging.disable(logging.CRITICAL)
            put()
            asyncio.run(life)
        finally:
            os._exit(0)
    life.close()
    os.close(go)
    address = os.read(ready, 200).decode()
    os.close(ready)
    return pid, address


async def _scheduler() -> None:
    from distributed import Scheduler

    async with Scheduler(host="127.0.0.1", port=0, dashboard=False, dashboard_address=None) as one:
        os.write(3, one.address.encode())
        await one.finished()


async def _worker(address: str, scratch: Path) -> None:
    from distributed import Worker

    async with Worker(address, nthreads=1, host="127.0.0.1", local_directory=str(scratch), dashboard=False) as one:
        os.write(3, one.address.encode())
        await one.finished()


# ---- faults -------------------------------------------------------------------------------------------


def _hurry(_: object) -> None:
    """Give a cluster up after seconds, not after a minute."""
    from simulator.study import cluster

    cluster.ALONE, cluster.LOOK = 1.5, 0.5


def lost(whom: str) -> Callable[[Trial], None]:
    """Return a fault in which the scheduler, one worker or all of them go, at some shard."""

    def put(trial: Trial) -> None:
        scratch = scratch_of(trial)
        cluster = Cluster(trial, scratch)
        at = trial.random.randint(0, 8)
        trial.what = f"after shard {at}"
        again = trial.random.choice(("new", "local"))
        try:
            command = trial.start(_hurry, words=(*trial.study.command, "--cluster", cluster.address))
            command.watch(lambda: _shards(trial) >= at and command.cpu > 0.1, 0.005)
            workers = trial.random.sample(cluster.workers, WORKERS)
            cluster.lose({"scheduler": [cluster.scheduler], "worker": workers[:1], "workers": workers}[whom])
            if whom != "scheduler" and trial.random.random() < 0.3:
                trial.what += ", others come"
                cluster.add()
            trial.end(command)
        finally:
            cluster.close()
        if again == "new":
            fresh = Cluster(trial, scratch)
            trial.after.append(fresh.close)
            trial.again = (*trial.study.command, "--cluster", fresh.address)

    return put
