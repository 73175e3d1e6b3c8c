"""How good the evidence of a lever or of a source is: read from the two files of evidence, line by line."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any

from simulator.study import plans

OBSERVED, PLAN = "observed", "plan"  # grades of figures that are no effects
# lines of the two files of evidence; a test holds them against a parser, which takes half a second
_KEY, _QUALITY = re.compile(r"(\w+):"), re.compile(r"  quality: (\w+)")
_LEVER, _SOURCE = re.compile(r"    lever: (\w+)"), re.compile(r"        source: (?:effect:)?(\w+)")


def lever_evidence(lever: str) -> dict[str, Any]:
    """Return the grade of a lever's evidence and its sources, by grade."""
    sources = _sources_by_lever().get(lever, ())
    graded = {key: grade_of(key) for key in sources}
    counts = Counter(graded[key] for key in sources)
    by_grade = {g: [k for k in dict.fromkeys(sources) if graded[k] == g and k != "assumed"] for g in plans.GRADES}
    return {"evidence": plans.grade_of(counts), "sources": {g: keys for g, keys in by_grade.items() if keys}}


def grade_of(source: str) -> str:
    """Return how good a source is: that of a row of ``evidence.yaml``, ``observed``, ``plan`` or ``assumed``."""
    if source.startswith("obs:"):
        return OBSERVED
    if source.startswith("plan:"):
        return PLAN
    quality = _qualities().get(source.removeprefix("effect:"))
    return "assumed" if quality is None else "judgement" if quality == "unverified" else quality


@lru_cache(maxsize=1)
def _qualities() -> dict[str, str]:
    """Return the quality of each row of ``evidence.yaml``, whose keys stand at the margin."""
    out, key = {}, ""
    for line in plans.EVIDENCE_FILE.read_text("utf-8").splitlines():
        if found := _KEY.match(line):
            key = found[1]
        elif found := _QUALITY.match(line):
            out[key] = found[1]
    return out


@lru_cache(maxsize=1)
def _sources_by_lever() -> dict[str, list[str]]:
    """Return the source of each row of the effect table by lever, rows that only do arithmetic left out."""
    out: dict[str, list[str]] = {}
    lever = ""
    for line in plans.TRIALS_FILE.read_text("utf-8").splitlines():
        if found := _LEVER.match(line):
            lever = found[1]
        elif (found := _SOURCE.match(line)) and found[1] != "derived":
            out.setdefault(lever, []).append(found[1])
    return out
