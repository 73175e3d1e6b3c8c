"""What was moved in a mix, in words: ``Innovation voucher pilot: budget 40 → 120 CNY mn / year``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.dashboard.groups import title_of
from simulator.dashboard.mix import doses_of, written
from simulator.dashboard.words import said, unit_label
from simulator.report.catalogue import setting_doc
from simulator.report.words import capital, colon, comma, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.dashboard.mix import Mix
    from simulator.scenario_entries import Entry


def moves(mix: Mix, language: str) -> list[str]:
    """Return a text for each entry of a mix that was moved, none where the mix is as its file has it."""
    entries = [mix.entry(name) for name in mix.moved]
    return [f"{title_of(e, language)}{colon(language)}{comma(language).join(_of(mix, e, language))}" for e in entries]


def _of(mix: Mix, entry: Entry, language: str) -> Iterator[str]:
    if entry.id in mix.out:
        yield said("out", language)
        return
    for dose in doses_of(entry):
        if dose.key in mix.doses:
            factor, unit = dose.scale(language)
            label = capital(setting_doc(entry.lever.name, dose.name, language))
            before, after = (number(v / factor, "1", language) for v in (dose.value, mix.doses[dose.key]))
            yield f"{label} {before} → {after} {unit_label(unit, language)}".rstrip()
    if entry.id in mix.dates:
        start, stop = mix.dates[entry.id]
        yield f"{written(start)} – {written(stop, end=True)}"
