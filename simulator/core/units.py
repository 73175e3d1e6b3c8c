"""Numbers with units: ``40 MCNY/year`` or ``300 万元`` read into a declared unit such as ``CNY / year``."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

_START = re.compile(r"\s*([-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*")
_LONGEST = 80  # characters
_MULTIPLIERS = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "million": 1e6,
    "bn": 1e9,
    "billion": 1e9,
    "千": 1e3,
    "万": 1e4,
    "百万": 1e6,
    "千万": 1e7,
    "亿": 1e8,
    "百亿": 1e10,
    "千亿": 1e11,
}
# unit as written (lower case) -> (dimension, factor to the dimension's base)
_UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("cny", "rmb", "yuan", "元", "人民币"), ("money", 1.0)),
    **dict.fromkeys(("m2", "sqm", "平方米", "平米"), ("area", 1.0)),
    "km2": ("area", 1e6),
    "平方公里": ("area", 1e6),
    "ha": ("area", 1e4),
    "公顷": ("area", 1e4),
    "亩": ("area", 2000 / 3),
    **dict.fromkeys(("year", "years", "yr", "yrs", "年"), ("time", 1.0)),
    **dict.fromkeys(("month", "months", "月", "个月"), ("time", 1 / 12)),
    "%": ("", 0.01),
    "percent": ("", 0.01),
    "‰": ("", 0.001),
    **dict.fromkeys(("1", "share", "fraction"), ("", 1.0)),
}
_CURRENCIES = ("usd", "eur", "gbp", "jpy", "hkd", "$", "€", "£", "¥", "美元", "欧元", "港元", "日元")
# other names of things that settings count
_THINGS = {
    "people": "person",
    "persons": "person",
    "人": "person",
    "家": "firm",
    "个": "",
    "张": "voucher",
    "companies": "firm",
    "company": "firm",
    "enterprise": "firm",
    "enterprises": "firm",
}


class UnitError(ValueError):
    """A number whose unit does not fit; the message says why in a few words."""


@dataclass
class _Unit:
    factor: float = 1.0
    over: list[str] = field(default_factory=list)  # numerator dimensions and things
    under: list[str] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)  # lengths of the time units under the line


def quantity(text: str, unit: str) -> float:
    """Return the number in ``text`` expressed in the declared ``unit``.

    A bare number is in the declared unit already. What stands under the line may be left out, but may
    not contradict the declaration. Raises UnitError.
    """
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).replace("²", "2")
    if len(text) > _LONGEST:
        raise UnitError("not a number")
    start = _START.match(plain)
    if not start:
        words = any(c.isalpha() for c in plain)
        raise UnitError("a number written in words" if words else "not a number")
    try:
        value = float(start.group(1))
    except ValueError:
        raise UnitError("not a number") from None
    rest = plain[start.end() :].strip()
    declared = _parse(unit)
    if rest:
        if rest[0] in ".,0123456789":
            raise UnitError("not a number (write 1000000 or 1_000_000)")
        given = _parse(rest)
        _compare(given, declared, unit)
        factor = given.factor / (declared.factor if given.over else 1.0)
        inverse = round(1.0 / factor)
        # 70 % is to be 0.7 to the last bit, which 70 * 0.01 is not
        value = value / inverse if factor < 1.0 and math.isclose(1.0 / inverse, factor) else value * factor
    if not math.isfinite(value):
        raise UnitError("not a finite number")
    return value


def _compare(given: _Unit, declared: _Unit, unit: str) -> None:
    over, wanted = sorted(given.over), sorted(declared.over)
    if over != wanted and (over or (given.under and "time" in wanted)):
        plain = unit in ("", "1")
        raise UnitError("a unit on a plain number" if plain else f"a unit of another kind than {unit}")
    if not over and wanted and given.factor in (0.01, 0.001):
        raise UnitError(f"a percentage, not a number of {unit}")
    for name in given.under:
        if name not in declared.under:
            rate = "a rate per time" if name == "time" else f"'per {name}'"
            raise UnitError(f"{rate}, where {unit or 'a plain number'} is meant")
    if given.rates and given.rates != declared.rates[: len(given.rates)]:
        raise UnitError(f"a rate over another length of time than {unit}")


def _parse(text: str) -> _Unit:
    """Return a unit text as factor and dimensions; raises UnitError for what is not a unit."""
    out = _Unit()
    cleaned = re.sub(r"\bper\b|每", "/", text.strip(), flags=re.IGNORECASE)
    if cleaned.startswith("/"):
        cleaned = "1" + cleaned
    for position, part in enumerate(cleaned.split("/")):
        words = part.replace("*", " ").split()
        if not words and text.strip():
            raise UnitError("an incomplete unit")
        for word in words:
            factor, name = _word(word)
            if position == 0:
                out.factor *= factor
                out.over += [name] if name else []
            elif name == "time":
                out.under.append(name)
                out.rates.append(factor)
            else:
                if factor != 1.0:
                    raise UnitError("a multiplier under the line")
                out.under += [name] if name else []
    return out


def _word(written: str) -> tuple[float, str]:
    """Return (factor, dimension or thing) of one word of a unit; the dimension may be empty."""
    word = written.lower()
    if word in _UNITS:
        dimension, factor = _UNITS[word]
        return factor, dimension
    multiplier = _multiplier(written)
    if multiplier is not None:
        return multiplier, ""
    if word in _CURRENCIES:
        raise UnitError("another currency than CNY")
    for size in range(len(word) - 1, 0, -1):  # MCNY, 万元, 万平方米
        multiplier, tail = _multiplier(written[:size]), word[size:]
        if multiplier is not None and tail in _CURRENCIES:
            raise UnitError("another currency than CNY")
        if multiplier is not None and _UNITS.get(tail, ("",))[0] in ("money", "area"):
            factor, name = _word(tail)
            return multiplier * factor, name
        if multiplier is not None and tail in _THINGS:
            return multiplier, _THINGS[tail]
    if word in _THINGS:
        return 1.0, _THINGS[word]
    if word == "m" or not re.fullmatch(r"[a-z_]+", word):
        raise UnitError(f"{written!r} is not a unit" + (" (a million is M)" if word == "m" else ""))
    return 1.0, word.removesuffix("s")


def _multiplier(written: str) -> float | None:
    """Return what a word multiplies by; a small m might be a metre and is none."""
    return None if written == "m" else _MULTIPLIERS.get(written.lower())


def forms(unit: str) -> Iterable[str]:
    """Return ways to write a number of this unit, for messages."""
    over = _parse(unit).over
    if over == ["money"]:
        tail = "/year" if "time" in _parse(unit).under else ""
        return (f"a number in {unit}", f"40 MCNY{tail}", f"300 万元{tail}")
    if unit in ("", "1"):
        return ("a number", "70 %") if unit else ("a number",)
    return (f"a number in {unit}",)
