"""Work in a process beside: done there, done here where that is not possible, raised here where it fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.core.problems import Problems
from simulator.core.reading import parse_yaml
from simulator.study.beside import beside


@pytest.mark.parametrize("apart", [True, False])
def test_work_is_done_when_the_block_ends(tmp_path: Path, apart: bool) -> None:
    file = tmp_path / "who"
    with beside(lambda: file.write_text(str(os.getpid())), apart=apart):
        pass
    assert (file.read_text() == str(os.getpid())) is not apart


def test_what_goes_wrong_beside_is_raised_here(tmp_path: Path) -> None:
    def fails() -> None:
        (tmp_path / str(os.getpid())).touch()
        raise ValueError("no room")

    with pytest.raises(ValueError, match="no room"), beside(fails):
        pass
    assert len(list(tmp_path.iterdir())) == 2  # tried there, then here


def test_what_goes_wrong_here_ends_the_work_beside(tmp_path: Path) -> None:
    file = tmp_path / "never"

    def waits() -> None:
        import time

        time.sleep(60)
        file.touch()

    with pytest.raises(KeyboardInterrupt), beside(waits):
        raise KeyboardInterrupt
    assert not file.exists()


def test_a_file_read_again_has_the_same_problems() -> None:
    for data, count in ((b"a: 1\na: 2\n", 1), (b"a: 1\n", 0), (b"a: 1\n", 0)):
        for _ in range(2):
            problems = Problems()
            root = parse_yaml(data, "x.yaml", problems)
            assert len(problems) == count
            assert root is not None
            assert root.plain() == {"a": 1}
