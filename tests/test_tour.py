"""The README's tour shows what its commands print, and every command stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from simulator.cli import app
from tests import tour

PAGE = tour.README.read_text("utf-8")
BLOCKS = tour.blocks(PAGE)
SERVERS = {"dashboard", "viewer"}  # they end when they are stopped; tests/browser opens the first
AT_ONCE = {"list", "explain", "check", "new-region"}  # what takes a second or two; the others are slow


def test_every_command_is_in_the_tour() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    shown = {command.split()[1] for block in BLOCKS for command in block.commands}
    assert set(group.commands) - shown == SERVERS


def test_every_block_shows_what_is_printed() -> None:
    assert [block.commands for block in BLOCKS if not block.shown.strip()] == []
    long = [block.commands for block in BLOCKS if block.lines and len(block.shown.splitlines()) > block.lines + 1]
    assert long == []


def test_quick_commands_print_what_the_tour_shows(tmp_path: Path) -> None:
    quick = [block for block in BLOCKS if all(command.split()[1] in AT_ONCE for command in block.commands)]
    assert len(quick) >= len(AT_ONCE)
    place = tour.Place(tmp_path)
    apart = [line for block in quick for line in tour.differences(block, place.printed(block))]
    assert apart == []


@pytest.mark.slow
def test_all_commands_print_what_the_tour_shows() -> None:
    assert tour.main(["--check"]) == 0


def test_a_block_that_is_no_longer_so_is_noticed() -> None:
    block = tour.Block(("ris list levers",), "35 levers, 94 measures\n…\n", 1)
    assert tour.differences(block, block.filled("35 levers,  94 measures  \nmore\n")) == []
    assert tour.differences(block, block.filled("36 levers, 94 measures\nmore\n")) != []
    assert tour.differences(block, block.filled("35 levers, 94 measures\n")) != []  # there is no more to leave out


def test_times_dates_and_hashes_may_differ_figures_may_not() -> None:
    block = tour.Block(("ris x",), "12.3 s on 2026-01-02, outputs/x-0123abcd, 87 firms\n", 0)
    assert tour.differences(block, block.filled("9 s on 2027-11-12, outputs/x-ffff0000, 87 firms\n")) == []
    assert tour.differences(block, block.filled("9 s on 2027-11-12, outputs/x-ffff0000, 88 firms\n")) != []


def test_pictures_of_the_gallery_are_there_and_shown() -> None:
    shown = [name for name in tour.PICTURES if f"outputs/gallery/{name}" in PAGE]
    assert shown == list(tour.PICTURES)
    assert all((tour.GALLERY / name).stat().st_size < 500_000 for name in shown)
