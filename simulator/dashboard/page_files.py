"""The tab of the live page that opens and saves scenarios and makes reports."""

from __future__ import annotations

import re
from datetime import datetime

import streamlit as st

from simulator.core.problems import InputError
from simulator.dashboard.live import REPORT_RUNS, Live, ReportError, make_report
from simulator.dashboard.words import said

_SPECIAL = re.compile(r"([\\`*_\[\]<>~$:&]|^\s*[#+>|-])")


def literal(text: str) -> str:
    """Return a text so that Markdown shows it as it stands: nothing in a file's title is formatted or runs."""
    return _SPECIAL.sub(r"\\\1", text)


def files(live: Live, language: str) -> None:
    """Draw what opens and saves scenarios, and what makes a report."""
    _save(live, language)
    _upload(live, language)
    _report(live, language)


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
            st.session_state["saved"] = f"scenarios/{live.city}/{path.name}"
        except InputError as error:
            st.session_state.pop("saved", None)
            st.error(literal(str(error.problems[0])))
    if saved := st.session_state.get("saved"):
        st.success(literal(said("saved", language, path=saved)))


def _upload(live: Live, language: str) -> None:
    given = st.file_uploader(said("upload", language), type=["yaml", "yml"], key=f"upload:{live.city}")
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


def _report(live: Live, language: str) -> None:
    assert live.mix is not None
    scenario = live.mix.scenario()
    key = f"{scenario.fingerprint()}{language}"
    st.caption(said("report_note", language, runs=REPORT_RUNS))
    if st.button(said("report", language)):
        try:
            with st.spinner(said("report", language)):
                live.report = key, make_report(live.folders, scenario, language)
        except ReportError as error:
            live.report = None
            st.error(said("report_busy" if error.busy else "report_failed", language))
    if live.report is None or live.report[0] != key:
        return
    found = live.report[1]
    one, two = st.columns(2)
    for column, word, name, kind in (
        (one, "get_report", "report.html", "text/html"),
        (two, "get_memo", "memo.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ):
        if name in found:
            column.download_button(said(word, language), found[name], name, kind, width="stretch", on_click="ignore")
        elif name == "memo.docx":
            column.caption(said("no_memo", language))
