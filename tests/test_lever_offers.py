"""Every lever makes the offers that are written down, also under settings that no shipped plan has."""

from __future__ import annotations

import json

from tests.lever_offers import COMMAND, FILE, all_offers

SHOWN = 8


def test_every_lever_offers_what_is_written_down() -> None:
    was, now = json.loads(FILE.read_text("utf-8"))["offers"], json.loads(json.dumps(all_offers()))
    names = [k for k in sorted({*was, *now}) if was.get(k) != now.get(k)]
    moved = [f"{k}:\n    was {was.get(k)}\n    is {now.get(k)}" for k in names]
    report = "\n  ".join([*moved[:SHOWN], *([f"and {len(moved) - SHOWN} more"] if len(moved) > SHOWN else [])])
    assert not moved, f"\n  {report}\nIf this is meant, run: {COMMAND}"


def test_what_is_written_down_says_why_and_holds_offers() -> None:
    held = json.loads(FILE.read_text("utf-8"))
    assert len(held["reason"]) >= 10
    terms = {offer[1] for found in held["offers"].values() for offer in found if offer[0] == "+"}
    assert len(terms) > 50
