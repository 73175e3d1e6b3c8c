"""The script that the server runs for each page; worker processes that read it do nothing."""

from __future__ import annotations

if __name__ == "__main__":
    from simulator.dashboard.page import show

    show()
