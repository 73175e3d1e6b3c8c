"""One trial: a command with a fault, the cause mended, and the same command or ``ris resume`` after it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.command import Arm, Command, Ended
from tests.faults.studies import OUT, Study, contents, finished

SAME, CLEAR = "same bytes", "clear error, then same bytes"
LOST, WRONG, HANG, TRACEBACK, STRAY = "LOST", "WRONG", "HANG", "TRACEBACK", "STRAY"
OUTCOMES = (SAME, CLEAR, LOST, WRONG, HANG, TRACEBACK, STRAY)
RUNS_FAILED = 3
REFUSED = (2, RUNS_FAILED)  # exit codes of a plain message
SHOWN = 1500  # characters of what went wrong


@dataclass
class Trial:
    """What a fault works on: a study in a home of its own, its random numbers, and what happened."""

    study: Study
    home: Path
    random: random.Random
    ended: list[Ended] = field(default_factory=list)
    what: str = ""  # the moment, in words
    mend: Callable[[], object] = lambda: None  # takes the cause away
    again: tuple[str, ...] | None = None  # what is typed after it, else chosen at random
    after: list[Callable[[], object]] = field(default_factory=list)  # what is cleared in the end
    refused: bool = False  # whether the command ought to be refused
    kept: dict[Path, tuple[int, int]] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        """Return the study's folder."""
        return self.home / OUT

    def typed(self, chance: float) -> tuple[str, ...]:
        """Return what is typed to go on: ``ris resume`` by some chance where something was begun, else the command."""
        notes = (self.out / "study.json", self.out.with_name("out.part") / "run.json")
        begun = any(note.is_file() for note in notes)
        return self.study.resume if begun and self.random.random() < chance else self.study.command

    def start(self, *arms: Arm, words: tuple[str, ...] | None = None) -> Command:
        """Start the study's command."""
        return self.study.start(self.home, words, arms)

    def end(self, command: Command) -> Ended:
        """Wait for its end, and note it."""
        self.ended.append(command.end())
        return self.ended[-1]


@dataclass(frozen=True)
class Verdict:
    """What came of a trial; ``why`` says it of one that is not as it should be."""

    outcome: str
    why: str = ""


def judge(trial: Trial, fault: Callable[[Trial], None]) -> Verdict:
    """Put a fault into a study and return what came of it."""
    fault(trial)
    for ended in trial.ended:
        if bad := _bad(ended):
            return bad
        if ended.code == 0 and not trial.refused and (differs := _differs(trial)):
            return Verdict(WRONG, f"the command itself ended well, but {differs}")
    trial.kept |= finished(trial.out)
    trial.mend()
    typed = trial.again or trial.typed(0.5)
    again = trial.start(words=typed).end()
    if bad := _bad(again):
        return bad
    if again.code:
        return Verdict(WRONG, f"exit code {again.code} after the cause was mended: {again.err[-SHOWN:]}")
    if "--force" not in typed and (lost := _lost(trial, again)):
        return Verdict(LOST, lost)
    if differs := _differs(trial):
        return Verdict(WRONG, differs)
    stray = [p for p in trial.home.rglob("*") if p.name.startswith(".") or p.suffix == ".part"]
    if left := sorted(p.relative_to(trial.home).as_posix() for p in stray):
        return Verdict(STRAY, ", ".join(left))
    return Verdict(CLEAR if any(e.code in REFUSED for e in trial.ended) else SAME)


def _bad(ended: Ended) -> Verdict | None:
    if ended.code is None:
        return Verdict(HANG, ended.err[-SHOWN:])
    if ended.traceback:
        return Verdict(TRACEBACK, f"exit code {ended.code}: {ended.err[-SHOWN:]}")
    if ended.code in REFUSED and not ended.err.strip():
        return Verdict(WRONG, f"exit code {ended.code} without a message")
    if ended.code > 0 and ended.code not in (*REFUSED, 130):
        return Verdict(WRONG, f"exit code {ended.code}: {ended.err[-SHOWN:]}")
    return None


def _lost(trial: Trial, again: Ended) -> str:
    """Return how many of the finished shards were made again; of a run they are gone, and it says how many it found."""
    now = finished(trial.out)
    gone = [p for p, mark in trial.kept.items() if now.get(p) != mark]
    if not again.runs:  # everything was there
        return ""
    if gone and all(p.suffix == ".runs" for p in gone):
        found = re.search(r"(\d+) were there", again.err + again.out)
        gone = gone[int(found[1]) if found else 0 :]
    return f"{len(gone)} of {len(trial.kept)} shards were made again" if gone else ""


def _differs(trial: Trial) -> str:
    """Return which files are not those of the study without a fault."""
    found, wanted = contents(trial.out), trial.study.files
    names = sorted(n for n in found.keys() | wanted.keys() if found.get(n) != wanted.get(n))
    if trial.study.words[0] == "optimise" and any(e.code == RUNS_FAILED for e in trial.ended):
        names = [n for n in names if n in wanted or not n.startswith("shards/")]  # where the search went without them
    names = [n for n in names if not n.split("/")[-1].startswith(".")]  # said apart
    return f"these differ: {', '.join(names)}" if names else ""
