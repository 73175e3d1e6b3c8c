"""What the model declares in English, in both languages: definitions, parameters, settings, switches, kinds of agents.

Names of levers, mechanisms, indicators and targets stand in both languages where they are declared. The longer texts
there are English; their Chinese stands in ``catalogue_zh/*.yaml`` by name, which is read when first asked for. A text
without Chinese is shown in English. ``python -m simulator.report.catalogue`` says what is missing, left over or was
changed in English since it was translated; ``--seen`` notes that the translations have been read against the English.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.core.declare import Label

FOLDER = Path(__file__).parent / "catalogue_zh"
SEEN = "seen.json"
DIGITS = 8  # of the digest of an English text
_CALIBRATED = re.compile(r"\s*\b(evidence|history|plan)\s*校准", re.ASCII)


# ---- texts ------------------------------------------------------------------------------------------


def definition(indicator: str, language: str) -> str:
    """Return how an indicator is defined; nothing for one that is not declared."""
    from simulator.model import INDICATORS

    english = INDICATORS[indicator].definition if indicator in INDICATORS else ""
    return _of("indicators", indicator, english, language)


def region_name(region: str, language: str) -> str:
    """Return the name of a region whose folder ships; its id where none does."""
    from simulator.core.problems import InputError

    with suppress(InputError, OSError):
        return str(_region_label(region)[language])
    return region


def region_state(status: Label | Mapping[str, str] | None, language: str) -> str:
    """Return what a region says of its figures; nothing where it says nothing.

    A region's file names a calibration as scenarios do, so a Chinese text may hold ``history``: it is put in Chinese.
    """
    from simulator.report.words import word

    if not status:
        return ""
    text = str(status.get(language, "") if isinstance(status, Mapping) else status[language])
    return _CALIBRATED.sub(lambda found: f"{word(found[1], language)}校准", text) if language == "zh" else text


@lru_cache(maxsize=8)
def _region_label(region: str) -> Label:
    """Return a region's name, read once: lists of measures name it in every line."""
    from simulator.study.output import ROOT
    from simulator.world.region import load_region

    return load_region(ROOT / "scenarios" / region / "region").name


def parameter_doc(name: str, language: str) -> str:
    """Return what a parameter (``owner.field``) is; nothing for one that is not declared."""
    return _of("parameters", name, _english("parameters").get(name, ""), language)


def setting_doc(lever: str, setting: str, language: str) -> str:
    """Return what a setting of a lever is; its name in words where the declaration says nothing in English."""
    name = f"{lever}.{setting}"
    return _of("settings", name, _english("settings").get(name) or setting.replace("_", " "), language)


def switch_name(switch: str, language: str) -> str:
    """Return the name of a switch; one that is not known keeps its id."""
    return _pair(_names("switches").get(switch, {}).get("name"), switch, language)


def switch_choice(switch: str, choice: str, language: str) -> str:
    """Return what a choice of a switch means; one that is not known keeps its id."""
    return _pair(_names("switches").get(switch, {}).get("choices", {}).get(choice), choice, language)


def kind_name(kind: str, language: str) -> str:
    """Return the name of a kind of agent (``firms``)."""
    return _pair(_names("kinds").get(kind), kind, language)


def choice_name(choice: str, language: str) -> str:
    """Return the name of something that a setting can be: a class of firms, a sector, a mode."""
    from simulator.report.terminal_attribution import SECTORS

    return _pair(_names("choices").get(choice) or SECTORS.get(choice), choice, language)


def driver_name(driver: str, language: str) -> str:
    """Return the name of what an outside path is of: ``demand:marine``, ``gdp_growth``, ``all``."""
    kind, _, sector = driver.partition(":")
    name = _pair(_names("paths").get(kind), kind.replace("_", " "), language)
    if not sector:
        return name
    whose = choice_name(sector, language)
    return f"{name}：{whose}" if language == "zh" else f"{name}: {whose}"


def chosen(kind: str, name: str, value: object, language: str) -> str:
    """Return what a scenario sets of the whole model: a switch, an outside path, a parameter (``assumptions``).

    The name and value that stand in its file follow in brackets.
    """
    from simulator.report.terminal_attribution import PATHS
    from simulator.report.words import bracketed, colon

    if kind == "switches":
        said, means = switch_name(name, language), switch_choice(name, str(value), language)
    elif kind == "drivers":
        said, means = driver_name(name, language), _pair(PATHS.get(str(value)), str(value), language)
    else:
        said, means = parameter_doc(name, language) or name, str(value)
    return f"{said}{colon(language)}{means}{bracketed(f'{name}: {value}', language)}"


def _pair(found: Sequence[str] | None, name: str, language: str) -> str:
    return name if found is None else str(found[language == "zh"])


def _of(group: str, name: str, english: str, language: str) -> str:
    return (chinese(group).get(name) or english) if language == "zh" else english


# ---- the files --------------------------------------------------------------------------------------


@cache
def chinese(group: str) -> Mapping[str, str]:
    """Return the Chinese texts of a group (``indicators``, ``parameters``, ``settings``) by full name."""
    out: dict[str, str] = {}
    for path in sorted(FOLDER.glob(f"{group}*.yaml")):
        for owner, found in _read(path.name).items():
            out |= (
                {f"{owner}.{k}": str(v) for k, v in found.items()} if isinstance(found, dict) else {owner: str(found)}
            )
    return out


def _names(group: str) -> Mapping[str, Any]:
    return dict(_read("names.yaml")[group])


@cache
def _read(file: str) -> dict[str, Any]:
    from ruamel.yaml import YAML

    return dict(YAML(typ="safe").load((FOLDER / file).read_text("utf-8")))


def _english(group: str) -> Mapping[str, str]:
    """Return the English texts of a group by full name, as they are declared."""
    return _texts_of(group, import_module("simulator.model"))


@lru_cache(maxsize=6)  # by the model too, in whose place tests put another
def _texts_of(group: str, model: Any) -> Mapping[str, str]:
    from simulator.core.parameters import table

    levers = model.LEVERS.values()
    if group == "indicators":
        return {i.name: i.definition for i in model.INDICATORS.values()}
    if group == "parameters":
        return {row.name: row.doc for row in table(model.SCHEDULE, levers)}
    return {
        f"{lever.name}.{f.name}": str(f.metadata["doc"])
        for lever in levers
        for f in fields(lever.Settings)
        if f.metadata.get("role") == "setting"
    }


# ---- is it complete? --------------------------------------------------------------------------------

GROUPS = ("indicators", "parameters", "settings")


def _digests() -> dict[str, str]:
    return {
        f"{group}: {name}": hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
        for group in GROUPS
        for name, text in sorted(_english(group).items())
    }


def problems() -> list[str]:
    """Return what is wrong with the catalogue, a line each: missing, left over, changed in English since."""
    out = [line for group in GROUPS for line in _apart(group, set(_english(group)), set(chinese(group)))]
    out += [line for group, declared in _declared() for line in _apart(group, declared[0], declared[1])]
    seen = json.loads((FOLDER / SEEN).read_text("utf-8")) if (FOLDER / SEEN).is_file() else {}
    now = _digests()
    out += [f"{name}: the English has changed since it was translated" for name in now if seen.get(name) != now[name]]
    return out + [f"{name}: noted as seen, but not declared" for name in seen if name not in now]


def _apart(group: str, declared: set[str], known: set[str]) -> Iterator[str]:
    yield from (f"{group}: {name} has no Chinese" for name in sorted(declared - known))
    yield from (f"{group}: {name} is not declared" for name in sorted(known - declared))


def _declared() -> Iterator[tuple[str, tuple[set[str], set[str]]]]:
    """Yield what must be named in both languages and what is: switches, their choices, agents, choices of settings."""
    from simulator.model import LEVERS, SWITCHES
    from simulator.report.odd import POPULATIONS
    from simulator.report.terminal_attribution import SECTORS

    named = _names("switches")
    yield "switches", (set(SWITCHES), set(named))
    for switch, choices in SWITCHES.items():
        yield f"switches: {switch}", (set(choices), set(named.get(switch, {}).get("choices", {})))
    yield "kinds", ({population.__name__.lower() for population in POPULATIONS}, set(_names("kinds")))
    settings = [f for lever in LEVERS.values() for f in fields(lever.Settings)]
    yield (
        "choices",
        (
            {choice for f in settings for choice in f.metadata.get("choices") or ()} - set(SECTORS),
            set(_names("choices")),
        ),
    )


def main(arguments: Sequence[str]) -> int:
    """Print what is wrong, or note the English as seen; return the exit code."""
    if "--seen" in arguments:
        text = json.dumps(_digests(), indent=0, ensure_ascii=False)
        (FOLDER / SEEN).write_text(text + "\n", encoding="utf-8")
    found = problems()
    print("\n".join(found) or "complete")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
