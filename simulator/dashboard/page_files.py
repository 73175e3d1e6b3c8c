"""The tab of the live page that opens and saves scenarios and makes reports."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from simulator.core.problems import InputError
from simulator.dashboard.folders import LARGEST_UPLOAD, MB
from simulator.dashboard.live import Live
from simulator.dashboard.reports import RUNS
from simulator.dashboard.words import said
from simulator.report.words import bracketed

if TYPE_CHECKING:
    from simulator.dashboard.reports import ReportJob

_SPECIAL = re.compile(r"([\\`*_\[\]<>~$:&]|^\s*[#+>|-])")


def literal(text: str) -> str:
    """Return a text so that Markdown shows it as it stands: nothing in a file's title is formatted or runs."""
    return _SPECIAL.sub(r"\\\1", text)


def files(live: Live, language: str) -> None:
    """Draw what opens and saves scenarios."""
    _save(live, language)
    _upload(live, language)


def _save(live: Live, language: str) -> None:
    assert live.mix is not None
    one, two = st.columns([3, 2], vertical_alignment="bottom")
    suggested = f"{live.name}_{datetime.now().astimezone():%m%d_%H%M}"
    name = one.text_input(
        said("save_as", language), value=st.session_state.setdefault("suggested", suggested), max_chars=64
    )
    if two.button(said("save", language), width="stretch", type="primary"):
        try:
            path = live.folders.save(live.city, name.strip(), live.mix.scenario())
            shown = f"{live.folders.scenarios.name}/{live.city}/{path.name}"
            st.session_state["saved"] = live.mix.fingerprint, shown, path.read_bytes()
        except InputError as error:
            st.session_state.pop("saved", None)
            st.error(literal(str(error.problems[0])))
    fingerprint, shown, text = st.session_state.get("saved", ("", "", b""))
    if fingerprint == live.mix.fingerprint:
        st.success(literal(said("saved", language, path=shown)))
        file = shown.rpartition("/")[2]
        st.download_button(said("get_yaml", language), text, file, "application/yaml", on_click="ignore")


def _upload(live: Live, language: str) -> None:
    label = said("upload", language) + bracketed(said("upload_most", language, most=LARGEST_UPLOAD // MB), language)
    given = st.file_uploader(label, type=["yaml", "yml"], key=f"upload:{live.city}")
    if given is None or st.session_state.get("uploaded") == given.file_id:
        return
    st.session_state["uploaded"] = given.file_id
    try:
        scenario = live.folders.upload(live.city, given.name, given.getvalue())
        live.start(scenario, live.city, scenario.path.stem)
    except InputError as error:
        st.error("\n\n".join(literal(str(p)) for p in error.problems[:5]))
        return
    st.rerun()


def report(live: Live, language: str) -> None:
    """Draw what makes a report of the mix in the background, how far it is, and its files."""
    job = live.report

    @st.fragment(run_every=1.0 if job is not None and job.running else None)
    def part() -> None:
        waits = job is not None and job.running
        st.caption(said("report_note", language, runs=RUNS))
        if st.button(said("report", language), disabled=waits):
            live.make_report(language)
            st.rerun()
        if job is None:
            return
        if job.running:
            st.progress(0.3 if job.stage == "run" else 0.8, text=_stage(job, language))
        elif job.error is not None:
            st.error(said("report_busy" if job.error.busy else "report_failed", language))
        else:
            _downloads(live, job, language)
        if drawn_running and not job.running:
            st.rerun()

    drawn_running = job is not None and job.running
    part()


def _stage(job: ReportJob, language: str) -> str:
    return said(f"report_{job.stage}", language, runs=RUNS, seconds=job.seconds)


def _downloads(live: Live, job: ReportJob, language: str) -> None:
    assert live.mix is not None
    if (job.fingerprint, job.language) != (live.mix.fingerprint, language):
        return  # of another mix
    one, two = st.columns(2)
    for column, word, name, kind in (
        (one, "get_report", "report.html", "text/html"),
        (two, "get_memo", "memo.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ):
        if name in job.files:
            column.download_button(
                said(word, language), job.files[name], name, kind, width="stretch", on_click="ignore"
            )
        elif name == "memo.docx":
            column.caption(said("no_memo", language))
