"""Serving the live page: what it is told at its start, and the engine that all pages of a server share."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

from simulator.core.problems import InputError, Problem
from simulator.dashboard.engine import Engine
from simulator.dashboard.folders import LARGEST_UPLOAD, MB, Folders
from simulator.study.output import DEFAULT_PARENT, ROOT

LOOPBACK = "127.0.0.1"
MOST_CONNECTIONS = 512  # open at the same time
LARGEST_MESSAGE = 2 * MB  # of a page to the server
APP = Path(__file__).with_name("app.py")
VIEWER = APP.with_name("viewer.py")
OPTIONS = {  # of Streamlit
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.maxUploadSize": LARGEST_UPLOAD // MB,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.disconnectedSessionTTL": 30,
    "runner.postScriptGC": False,  # 0.1 s of a processor at every look for answers: with many pages none would be left
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "theme.base": "light",
    "theme.primaryColor": "#0072B2",
    "global.developmentMode": False,
}


@dataclass
class Config:
    """What the pages of a server are told: folders, the city and scenario shown first, a token if one is asked for."""

    folders: Folders = field(default_factory=lambda: Folders(ROOT / "scenarios", DEFAULT_PARENT))
    city: str = "qingdao"
    name: str = "plan"
    token: str = ""
    language: str = "en"
    jobs: int | None = None

    def admits(self, given: str) -> bool:
        """Return whether a page may be shown to whoever gives this token."""
        return not self.token or hmac.compare_digest(self.token.encode(), given.encode())


config = Config()
_engine: Engine | None = None
_lock = threading.Lock()


def engine() -> Engine:
    """Return the engine of this server, started at the first call."""
    global _engine
    with _lock:
        if _engine is None:
            _engine = Engine(config.jobs)
        return _engine


def is_loopback(host: str) -> bool:
    """Return whether an address is one of this machine that no other can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def token_for(host: str, token: str | None) -> str:
    """Return the token that pages need: the one given, a new one where the server is opened wider, else none."""
    if token:
        return token
    return "" if is_loopback(host) else secrets.token_urlsafe(18)


def refuse_taken(host: str, port: int) -> None:
    """Raise InputError where the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            what = f"cannot be listened on: {error.strerror or error}"
            raise InputError([Problem(f"{host}:{port}", 1, 1, what, "", "another --port or --host")]) from None


def place_of(scenario: Path | None) -> tuple[Folders, str, str]:
    """Return the folders, the city and the name of the scenario shown first; raises InputError."""
    if scenario is None:
        folders = Folders(ROOT / "scenarios", DEFAULT_PARENT)
        cities = folders.cities()
        city = "qingdao" if "qingdao" in cities or not cities else cities[0]
        return folders, city, "plan"
    from simulator.study.ensemble import opened

    found, full = opened(scenario), scenario.resolve()
    if not (full.parent / "region").is_dir():
        allowed = "a scenario beside its city's folder `region`"
        raise InputError([Problem(str(scenario), 1, 1, "lies in no city's folder", "", allowed)])
    folders = Folders(full.parent.parent, DEFAULT_PARENT)
    folders.names(found.region.id)
    return folders, full.parent.name, full.stem


def hosts_of(host: str) -> frozenset[str]:
    """Return the names that a server at an address answers to, none for any."""
    if host in ("0.0.0.0", "::"):
        return frozenset()  # whatever name this machine has: pages need the token
    shown = f"[{host}]" if ":" in host else host
    return frozenset({shown.lower(), *(("localhost", LOOPBACK, "[::1]") if is_loopback(host) else ())})


def serve(host: str, port: int) -> None:
    """Serve the page until it is interrupted or told to end; ``config`` says the rest."""
    import logging
    import signal

    import uvicorn
    from streamlit.starlette import App
    from streamlit.web import bootstrap

    from simulator.dashboard.gate import Gate

    bootstrap.load_config_options(OPTIONS | {"server.address": host, "server.port": port})
    logging.getLogger("streamlit").setLevel(logging.ERROR)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _ended)  # to end the processes that run too
    uvicorn.run(
        Gate(App(APP), hosts_of(host), config.token),
        host=host,
        port=port,
        log_level="error",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        backlog=256,
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=30.0,
        ws_ping_timeout=60.0,
        timeout_graceful_shutdown=2,
    )


def _ended(*_: object) -> None:
    raise KeyboardInterrupt
