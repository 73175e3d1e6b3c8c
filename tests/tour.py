"""The tour in the README: every command with what it prints.

``python -m tests.tour`` runs the commands of every ``console`` block of the README, one after another in a fresh
folder with copies of the scenarios, and writes what they print beneath them; ``--check`` only says which blocks no
longer show it; ``--gallery`` draws the pictures anew. A number after ``console`` is how many lines are shown.
"""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.processes import ROOT, ris

README = ROOT / "README.md"
GALLERY = ROOT / "outputs" / "gallery"
PICTURES = {  # in the gallery: where the tour's commands draw it
    "board.png": "outputs/plan/figures/board.png",
    "fan.png": "outputs/plan/figures/fan-QD08.png",
    "money.png": "outputs/plan/figures/money.png",
    "levers.png": "outputs/plan/figures/levers.png",
    "differences.png": "outputs/vouchers/figures/differences-qingdao-vouchers_doubled.png",
}
WIDTH, LIMIT, MORE = 100, 900, "…"  # columns; seconds; stands for the lines that are left out
_BLOCK = re.compile(r"^```console(?: (\d+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# what differs from one time or machine to the next: durations, dates, hashes, versions, sizes and counts of cores
_PASSING = re.compile(
    r"\d+(?:\.\d+)?(?= ?(?:s|ms|min|minutes?|seconds?|GB|GiB|MB|cores?)\b)|\d{4}-\d\d-\d\d|\b[0-9a-f]{7,40}\b"
)

_LOOKED_AT = re.compile(r"^\[(?:ok|note|warning)\] ([^:]+):.*")


@dataclass(frozen=True)
class Block:
    """A block of the README: its commands, the lines that they are said to print, and how many are shown."""

    commands: tuple[str, ...]
    shown: str
    lines: int

    def filled(self, printed: str) -> str:
        """Return the block's text with what the commands print."""
        return "".join(f"$ {command}\n" for command in self.commands) + cut(printed, self.lines)


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page, in its order."""
    return [block_of(match) for match in _BLOCK.finditer(text)]


def block_of(match: re.Match[str]) -> Block:
    """Return a block from its text."""
    lines = match[2].splitlines(keepends=True)
    commands = tuple(line[2:].rstrip("\n") for line in lines if line.startswith("$ "))
    return Block(commands, "".join(line for line in lines if not line.startswith("$ ")), int(match[1] or 0))


def cut(printed: str, lines: int) -> str:
    """Return the first lines of what was printed, all of them for 0."""
    all_lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    shown = all_lines[:lines] if lines else all_lines
    return "\n".join([*shown, *[MORE] * (len(shown) < len(all_lines))]) + "\n"


def lasting(text: str) -> list[str]:
    """Return the lines of a text without what differs from time to time, and without the spaces that fill columns.

    Of what `ris doctor` says of a machine only what it looked at stays.
    """
    told = [_LOOKED_AT.sub(r"\1", line) for line in text.splitlines() if not line.startswith("    -> ")]
    return [" ".join(_PASSING.sub("#", line).split()) for line in told]


class Place:
    """A folder in which commands run: copies of the scenarios and of the examples, results of the commands before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("scenarios", "examples"):
            shutil.copytree(ROOT / name, folder / name)
        (folder / "outputs").mkdir()

    def run(self, command: str) -> str:
        """Run a command and return what it prints on standard output; raise RuntimeError where it fails."""
        program, *arguments = shlex.split(command)
        if program != "ris":
            raise ValueError(f"the tour runs ris only, not {program}")
        done = ris(*arguments, cwd=self.folder, seconds=LIMIT, COLUMNS=str(WIDTH))
        if done.returncode not in (0, 4):  # 4: a gate failed, which is an answer
            raise RuntimeError(f"{command}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout.replace(f"{self.folder.resolve()}/", "")  # as a reader in this folder sees it

    def printed(self, block: Block) -> str:
        """Return a block's text as its commands print it now."""
        return block.filled("".join(map(self.run, block.commands)))


def differences(block: Block, text: str) -> list[str]:
    """Return the lines in which a block's text is not what is printed, without what differs each time."""
    return list(difflib.unified_diff(lasting(block.filled(block.shown)), lasting(text), "README", "printed", "", "", 0))


def main(arguments: list[str] | None = None) -> int:
    """Write the tour anew; return 1 where ``--check`` finds another text."""
    parser = argparse.ArgumentParser(prog="python -m tests.tour", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; say what is no longer so")
    parser.add_argument("--gallery", action="store_true", help="draw the pictures anew too")
    parser.add_argument("--only", default="", help="only blocks whose commands have this text; the others stay")
    given = parser.parse_args(arguments)
    page = README.read_text("utf-8")
    apart, missing = 0, []
    with tempfile.TemporaryDirectory() as folder:
        place, texts = Place(Path(folder)), []
        for block in blocks(page):
            if not any(given.only in command for command in block.commands):
                texts.append(block.filled(block.shown))
                continue
            texts.append(text := place.printed(block))
            print(block.commands[-1], flush=True)
            if given.check and (lines := differences(block, text)):
                apart += 1
                print("\n".join(lines))
        if given.gallery:
            GALLERY.mkdir(exist_ok=True)
            for name, source in PICTURES.items():
                if (place.folder / source).is_file():
                    shutil.copyfile(place.folder / source, GALLERY / name)
                else:
                    missing.append(source)
    if not given.check:
        left = iter(texts)
        README.write_text(_BLOCK.sub(lambda m: m[0][: m[0].index("\n") + 1] + next(left) + "```", page), "utf-8")
    if missing:
        print(f"not drawn: {', '.join(missing)}")
    return 1 if apart or missing else 0


if __name__ == "__main__":
    sys.exit(main())
