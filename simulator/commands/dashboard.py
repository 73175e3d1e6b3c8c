"""The command ``dashboard``: the live page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.commands.common import INPUT_WRONG, Jobs, Lang, chosen_language, exits, say


def dashboard(
    scenario: Annotated[
        Path | None, typer.Argument(help="Scenario shown first [default: Qingdao's plan].", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option(help="Port.", min=1, max=65535)] = 8501,
    host: Annotated[str, typer.Option(help="Address; any but this machine's own needs a token.")] = "127.0.0.1",
    token: Annotated[str | None, typer.Option(help="Token that the page's address must hold.")] = None,
    jobs: Jobs = None,
    lang: Lang = None,
) -> None:
    """Serve the live page: move doses and dates, see targets and cost change at once."""
    with exits():
        _refuse_without("streamlit", "the live page", "dashboard")
        from simulator.dashboard import serve

        serve.refuse_taken(host, port)
        folders, city, name = serve.place_of(scenario)
        found = serve.token_for(host, token)
        c = serve.config
        c.folders, c.city, c.name, c.token, c.jobs = folders, city, name, found, jobs
        c.language = chosen_language(lang)
        serve.engine()
        tail = f"/?token={found}" if found else ""
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"http://{shown}:{port}{tail}")
        if not serve.is_loopback(host):
            say("open to other machines: whoever has this address can run and save scenarios")
        try:
            serve.serve(host, port)
        except KeyboardInterrupt:
            pass  # the way to end it
        finally:
            serve.engine().close()


def viewer(
    scenario: Annotated[
        Path | None, typer.Argument(help="Scenario that is stepped through [default: Qingdao's plan].")
    ] = None,
    port: Annotated[int, typer.Option(help="Port, on this machine's own address.", min=1, max=65535)] = 8765,
    lang: Lang = None,
) -> None:
    """Serve Mesa's own viewer over the model, for modellers: the institutions' network and series, year by year."""
    with exits():
        import os
        import subprocess
        import sys

        _refuse_without("solara", "Mesa's viewer", "viewer")
        from simulator.dashboard import serve

        folders, city, name = serve.place_of(scenario)
        serve.refuse_taken(serve.LOOPBACK, port)
        path = scenario if scenario is not None else folders.scenarios / city / f"{name}.yaml"
        named = {"RIS_SCENARIO": str(path.resolve()), "RIS_LANG": chosen_language(lang)}
        command = [sys.executable, "-m", "solara", "run", str(serve.VIEWER), "--host", serve.LOOPBACK]
        options = ["--port", str(port), "--no-open", "--production", "--no-check-version"]
        quiet = {"SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False", "SOLARA_THEME_SHOW_BANNER": "False"}  # asks no other host
        env = os.environ | quiet | named
        if os.name == "posix":  # in this process's place: whoever ends this one ends the server
            os.execve(sys.executable, [*command, *options], env)
        raise typer.Exit(subprocess.run([*command, *options], env=env, check=False).returncode)


def _refuse_without(package: str, what: str, extra: str) -> None:
    """Say how to install what a page needs, where it is not there."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        say(f"{what} needs more packages: pip install 'ris-simulator[{extra}]'")
        raise typer.Exit(INPUT_WRONG)
