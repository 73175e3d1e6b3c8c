"""The generated parts of ``simulator/ODD.md``: tables over what the model declares.

``python -m simulator.report.odd`` writes them between their markers; ``--check`` only says whether they are
up to date, with exit code 1 if not.
"""

from __future__ import annotations

import difflib
import inspect
import math
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from simulator.core.declare import Lever, Mechanism
from simulator.core.parameters import ParameterRow, Range, rows
from simulator.model import INDICATORS, LEVERS, ORDERS, SCHEDULE, SWITCHES
from simulator.study.links import offered_by, taken_up_by, terms_named
from simulator.world import agents
from simulator.world.terms import TERMS

PAGE = Path(__file__).resolve().parents[1] / "ODD.md"
POPULATIONS = (
    agents.Firms,
    agents.Universities,
    agents.Incubators,
    agents.Funds,
    agents.Products,
    agents.Alliances,
    agents.Platforms,
    agents.Plants,
    agents.Pools,
    agents.Projects,
    agents.Sectors,
)
_BLOCK = re.compile(r"<!-- generated:(\w+) -->\n(.*?)<!-- /generated -->", re.DOTALL)


class MarkerError(ValueError):
    """A page whose markers are not those of the sections."""


# ---- cells ------------------------------------------------------------------------------------------


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars and line breaks inside cells are made harmless."""
    out = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for line in lines:
        out.append(f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in line)} |")
    return "\n".join(out) + "\n"


def code(text: str) -> str:
    """Return a name as it is shown; nothing for an empty one."""
    return f"`{text}`" if text else ""


def figure(value: float) -> str:
    """Return a number in digits, with separators from a thousand on."""
    return f"{value:,.10g}"


def prior(given: Range) -> str:
    """Return a 90 % interval with its scale and what draws are cut at."""
    text = f"{figure(given.low)} to {figure(given.high)}"
    if given.shape != "linear":
        text += f", {given.shape}"
    bounds = [figure(x) for x in (given.floor, given.ceiling) if math.isfinite(x)]
    return text + (f", cut at {' and '.join(bounds)}" if bounds else "")


def allowed(setting: Field[Any]) -> str:
    """Return what a setting may be."""
    m = setting.metadata
    if m["choices"]:
        return ", ".join(m["choices"])
    low, high = m["low"], m["high"]
    if low is None and high is None:
        return "any"
    if high is None:
        return f"{figure(low)} or more"
    return f"up to {figure(high)}" if low is None else f"{figure(low)} to {figure(high)}"


def neutral(value: Any) -> str:
    """Return a setting's declared value."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return figure(value) if isinstance(value, (int, float)) else str(value)


# ---- sections ---------------------------------------------------------------------------------------


def schedule() -> str:
    """Return the order of the year, and what each step does in its own words."""
    lines = [
        (str(k), code(m.name), m.label.en, m.label.zh, (m.step.__doc__ or "").strip()) for k, m in enumerate(SCHEDULE)
    ]
    orders = [f"- {code(name)}: {_earlier(order)}." for name, order in ORDERS.items() if order != SCHEDULE]
    head = f"The order is a switch, `year_order`. The table shows the default, {code(SWITCHES['year_order'][0])}; under"
    return table(("step", "mechanism", "name", "名称", "what it does"), lines) + "\n".join(["", head, "", *orders, ""])


def _earlier(order: Sequence[Mechanism]) -> str:
    """Return which mechanisms act earlier in an order than in the default one, and before which."""
    at = {m.name: k for k, m in enumerate(SCHEDULE)}
    moved = [k for k, m in enumerate(order) if k < at[m.name]]
    names = " and ".join(code(order[k].name) for k in moved)
    return f"{names} before {code(order[moved[-1] + 1].name)}"


def switches() -> str:
    """Return the open questions and their choices."""
    lines = [(code(name), code(choices[0]), ", ".join(map(code, choices[1:]))) for name, choices in SWITCHES.items()]
    return table(("switch", "default", "other choices"), lines)


def state() -> str:
    """Return the columns of every population."""
    parts = []
    for population in POPULATIONS:
        lines = [
            (code(name), c.dtype + (f" x {c.width}" if c.width > 1 else ""), c.unit, figure(c.default), c.doc)
            for name, c in population.columns.items()
        ]
        first = (population.__doc__ or "").strip().splitlines()[0]
        header = ("column", "type", "unit", "at birth", "meaning")
        parts.append(f"#### {population.__name__}\n\n{first}\n\n{table(header, lines)}")
    return "\n".join(parts)


def terms() -> str:
    """Return the hooks that policy has on agents."""
    lines = [
        (
            code(t.name),
            t.population,
            t.unit,
            "money" if t.money else "rule",
            t.combine,
            code(t.national) if t.national else figure(t.neutral),
            t.meaning,
            ", ".join(map(code, offered_by(t.name))),
            ", ".join(map(code, taken_up_by(t.name))),
        )
        for t in TERMS.values()
    ]
    header = ("term", "rows", "unit", "sort", "combines by", "starts from", "meaning", "offered by", "taken up by")
    return table(header, lines)


def _parameter_table(owner: Sequence[ParameterRow]) -> str:
    lines = [(code(r.name), figure(r.value), r.unit, prior(r.prior), r.source, r.doc) for r in owner]
    return table(("parameter", "value", "unit", "90 % prior", "source", "meaning"), lines)


def parameters() -> str:
    """Return every parameter, by mechanism and lever."""
    owners: tuple[Mechanism | Lever, ...] = (*SCHEDULE, *LEVERS.values())
    groups = {o.name: rows(o.name, o.Parameters) for o in owners}
    every = [r for group in groups.values() for r in group]
    guessed = sum(r.source == "assumed" for r in every)
    judged = sum(r.source.startswith("judgement") for r in every)
    head = (
        f"{len(every)} parameters: {guessed} are `assumed`, {judged} rest on a judgement over published effects, "
        f"and {len(every) - guessed - judged} carry the key of a published figure, study or target.\n"
    )
    parts = [f"#### {o.label.en} (`{o.name}`)\n\n{_parameter_table(groups[o.name])}" for o in owners]
    return "\n".join([head, *parts])


def levers() -> str:
    """Return the settings of every lever."""
    parts = []
    for v in LEVERS.values():
        lines = [
            (
                code(f.name),
                f.metadata["unit"],
                neutral(f.default),
                allowed(f),
                neutral(v.dose.get(f.name, f.default)),
                f.metadata["doc"],
            )
            for f in fields(v.Settings)
        ]
        named = sorted(terms_named(inspect.getsource(v.offer)))
        said = (v.offer.__doc__ or "").strip()
        moved = ", ".join(f"`{name}` {'up' if sign > 0 else 'down'}" for name, sign in v.moves.items())
        header = ("setting", "unit", "neutral", "allowed", "dose in tests", "meaning")
        about = f"{said} Terms: {', '.join(map(code, named))}. Expected to move: {moved}."
        parts.append(f"#### {v.label.en} {v.label.zh} (`{v.name}`)\n\n{about}\n\n{table(header, lines)}")
    return "\n".join(parts)


def indicators() -> str:
    """Return what is looked at."""
    lines = [
        (
            code(i.name),
            f"{i.label.en} {i.label.zh}",
            i.unit,
            i.kind,
            i.observer,
            code(i.true or ""),
            i.definition,
        )
        for i in INDICATORS.values()
    ]
    return table(("indicator", "name", "unit", "kind", "observer", "true counterpart", "definition"), lines)


SECTIONS: dict[str, Callable[[], str]] = {
    "schedule": schedule,
    "switches": switches,
    "state": state,
    "terms": terms,
    "parameters": parameters,
    "levers": levers,
    "indicators": indicators,
}


def filled(page: str) -> str:
    """Return a page with each generated part made anew.

    Raises MarkerError for a section that the page lacks, has twice or that does not exist.
    """
    found = [m.group(1) for m in _BLOCK.finditer(page)]
    if sorted(found) != sorted(SECTIONS):
        raise MarkerError(f"markers are {sorted(found)}, sections are {sorted(SECTIONS)}")
    return _BLOCK.sub(lambda m: f"<!-- generated:{m[1]} -->\n\n{SECTIONS[m[1]]()}\n<!-- /generated -->", page)


def main(arguments: Sequence[str], page: Path = PAGE) -> int:
    """Write the page or check it; return the exit code."""
    old = page.read_text(encoding="utf-8")
    new = filled(old)
    if "--check" not in arguments:
        page.write_text(new, encoding="utf-8")
        return 0
    if old == new:
        return 0
    changes = list(difflib.unified_diff(old.splitlines(), new.splitlines(), "written", "declared", n=0, lineterm=""))
    print("\n".join(changes[:40]))
    print(f"{page.name} is stale; write it with: python -m simulator.report.odd", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
