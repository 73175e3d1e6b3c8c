"""Coverage-guided fuzzing of the files that are read: atheris seeks bytes that reach new lines of the readers.

``python -m tests.fuzz_files --seconds 60`` (``pip install -e '.[fuzz]'``) starts from a good file of each kind of
``tests/test_hostile.py``. Every try must end in a refusal with its place or in a right reading, within the same time
and memory. It ends with 1 where one did not, and the bytes lie in the folder that ``--keep`` names.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

READERS = ("simulator.core.reading", "simulator.scenario", "simulator.study", "simulator.world.region", "ruamel")
LONGEST = 20_000  # bytes of a try
KINDS = (
    *("scenario YAML", "region.yaml", "region sectors.csv", "region names.csv", "region paths.csv"),
    *("a planner's own figures (CSV)", "a run's manifest.json", "a run's targets.csv", "a run's indicators.parquet"),
    *("study.json", "a study's shard (JSON)", "a bank's shard (.npy)", "posterior (.parquet)"),
    *("posterior's manifest (.json)", "packed bank (.parquet)", "sweep YAML"),
)


def compiled() -> list[str]:
    """Return the modules with compiled functions, which take no instruments."""
    root = Path(__file__).resolve().parents[1]
    files = [
        p.relative_to(root).with_suffix("") for p in root.glob("simulator/**/*.py") if "numba" in p.read_text("utf-8")
    ]
    return [".".join(file.parts) for file in files]


def child(name: str, seconds: int, folder: Path) -> None:
    """Fuzz one kind in this process; ends it."""
    import atheris

    sys.path.insert(0, str(Path(__file__).parent))
    with atheris.instrument_imports(include=list(READERS), exclude=compiled()):
        import test_hostile as hostile
        import toy_model

    sys.modules.update(toy_model.modules(toy_model.Toy()))
    os.chdir(folder)
    kind = hostile.KINDS[name](toy_model.write_scenarios(folder).relative_to(folder))
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "good").write_bytes(kind.path.read_bytes())
    words = "".join('"' + "".join(f"\\x{b:02x}" for b in token[:60]) + '"\n' for token in hostile.TOKENS)
    (folder / "words").write_text(words, encoding="ascii")

    def one(data: bytes) -> None:
        kind.path.write_bytes(data)
        hostile.outcome(name, kind.read, kind.right)
        if sum(hostile.COUNTS.values()) % 50 == 0:  # the process ends without a last word
            counts = {said: hostile.COUNTS[name, said] for said in ("refused", "read")}
            (folder / "counts.json").write_text(json.dumps(counts), encoding="utf-8")

    given = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-dict={folder / 'words'}", "-print_final_stats=1"]
    given += ["-timeout=20", "-rss_limit_mb=2500", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *given, str(corpus)], one)
    atheris.Fuzz()


def fuzzed(name: str, seconds: int, folder: Path) -> tuple[int, dict[str, int], bool, str]:
    """Fuzz one kind in a process of its own; return tries, what came of them, whether all were right, and the end."""
    command = [sys.executable, "-m", "tests.fuzz_files", "--child", name, "--seconds", str(seconds)]
    done = subprocess.run([*command, "--keep", str(folder)], capture_output=True, text=True, check=False)
    tried = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    file = folder / "counts.json"
    counts = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return int(tried[1]) if tried else 0, counts, done.returncode == 0 and tried is not None, done.stderr[-3000:]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz every kind, or the one named, and print a row for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_files", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=KINDS, help="one kind of file [all]")
    parser.add_argument("--seconds", type=int, default=60, help="for each kind")
    parser.add_argument("--keep", type=Path, help="folder for what was found [a temporary one]")
    parser.add_argument("--child", choices=KINDS, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        child(given.child, given.seconds, given.keep)
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        for k, name in enumerate([given.kind] if given.kind else KINDS):
            folder = (given.keep or Path(place)).resolve() / str(k)
            folder.mkdir(parents=True)
            tried, counts, right, said = fuzzed(name, given.seconds, folder)
            wrong += not right
            print(
                f"| {name} | {tried} | {counts.get('refused', '')} | {counts.get('read', '')} | {0 if right else 1} |"
            )
            if not right:
                print(said, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
