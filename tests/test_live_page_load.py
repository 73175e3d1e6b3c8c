"""Twenty pages of the live page that move a slider at once; every table shown is held against direct runs."""

from __future__ import annotations

import pytest

pytest.importorskip("streamlit")


@pytest.mark.slow
def test_twenty_pages_move_at_once_and_every_answer_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.load.live_page import main

    assert main(["--minutes", "1.5", "--clients", "20"]) == 0, capsys.readouterr().out
