"""The live page as Streamlit draws it: doses on the left, what they change on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from simulator.core.problems import InputError
from simulator.dashboard import page_files, page_results, serve
from simulator.dashboard.engine import Busy
from simulator.dashboard.groups import first_group, groups_of, title_of
from simulator.dashboard.live import Live
from simulator.dashboard.mix import Dose, Mix, doses_of, month, starts, written
from simulator.dashboard.view import style
from simulator.dashboard.words import said, unit_label
from simulator.report.catalogue import setting_doc
from simulator.report.html.svg import round_step
from simulator.report.words import bracketed, capital, colon, listed, section_text, setting_value

if TYPE_CHECKING:
    from simulator.scenario_entries import Entry

STEPS = (1.0, 2.0, 5.0, 10.0)
FIRST_LEVERS = ("innovation_voucher",)
POLL, SLOW_POLL = 0.4, 2.0  # seconds between looks at what the engine has found: with few pages waiting, with many
PAGES_POLLED = 10  # waiting questions up to which pages look that often


def show() -> None:
    """Draw the page."""
    st.set_page_config(page_title="RIS", layout="wide", initial_sidebar_state="collapsed")
    language = _language()
    if not serve.config.admits(str(st.query_params.get("token", ""))):
        st.error(said("token", language))
        st.stop()
    st.html(style(language))
    try:
        _page(_live(), language)
    except InputError as error:
        st.error(_plain(error))
    except Busy:
        st.warning(said("busy", language))


def _language() -> str:
    """Return the language that is chosen at the top of the page."""
    names = {"zh": "中文", "en": "English"}
    given = st.query_params.get("lang", serve.config.language)
    first = given if given in names else "en"
    held = st.session_state.setdefault("language", first)
    place = st.container(key="language-switch", horizontal=True, vertical_alignment="center")
    place.html(f'<div class="heading">{said("heading", held)}</div>')
    chosen = place.segmented_control(
        "语言 / Language", list(names), format_func=names.__getitem__, default=held, label_visibility="collapsed"
    )
    if chosen and chosen != held:
        st.session_state["language"] = chosen
        st.rerun()
    return str(held)


def _live() -> Live:
    if "live" not in st.session_state:
        st.session_state["live"] = Live(serve.engine(), serve.config.folders)
    live = st.session_state["live"]
    assert isinstance(live, Live)
    return live


def _page(live: Live, language: str) -> None:
    cities = live.folders.cities()
    if not cities:
        st.error(said("no_city", language))
        return
    if live.mix is None:
        city = serve.config.city if serve.config.city in cities else cities[0]
        names = live.folders.names(city)
        live.open(city, serve.config.name if serve.config.name in names else names[0])
    left, right = st.columns([5, 8], gap="large")
    with left:
        _choose(live, cities, language)
        _doses(live, language)
    with right:
        _results(live, language)


# ---- what is edited -----------------------------------------------------------------------------------


def _choose(live: Live, cities: list[str], language: str) -> None:
    assert live.mix is not None
    one, two = st.columns(2)
    city = one.selectbox(
        said("city", language),
        cities,
        index=cities.index(live.city),
        format_func=lambda c: _city_name(live, c, language),
    )
    names = live.folders.names(city)
    if city != live.city:
        _opened(live, city, "plan" if "plan" in names else names[0])
    shown = names if live.name in names else [live.name, *names]
    key = f"{live.version}:scenario:{live.city}"
    name = two.selectbox(said("scenario", language), shown, index=shown.index(live.name), key=key)
    if name != live.name:
        _opened(live, city, name)
    title = live.mix.base.title[language]
    st.caption(_safe(f"{title} · {live.mix.base.years[0]}–{live.mix.base.years[1]}"))


def _opened(live: Live, city: str, name: str) -> None:
    """Open another scenario; what is wrong with it is said and the page stays as it was."""
    try:
        live.open(city, name)
    except InputError as error:
        st.error(_plain(error))
        st.stop()
    st.rerun()


def _city_name(live: Live, city: str, language: str) -> str:
    if live.mix is not None and city == live.city:
        return live.mix.base.region.name[language]
    return city.capitalize() if language == "en" else _CITY_ZH.get(city, city)


_CITY_ZH = {"qingdao": "青岛", "benxi": "本溪"}


def _doses(live: Live, language: str) -> None:
    """Draw the section that is open and take over what was moved there."""
    assert live.mix is not None
    groups = groups_of(live.mix.base)
    older = said("older", language)
    first = first_group(groups, FIRST_LEVERS)
    held = st.session_state.get(f"section:{live.city}", first)
    number = st.selectbox(
        said("section", language),
        range(len(groups)),
        index=min(held, len(groups) - 1),
        format_func=lambda k: groups[k].title(language, older),
        key=f"{live.version}:{language}:section",
    )
    st.session_state[f"section:{live.city}"] = number
    st.caption(_safe(groups[number].whole(language)))
    above, changes = st.container(key="above"), st.container()
    mix = live.mix
    for entry, measure in groups[number].entries:
        with st.container(border=True):
            name = title_of(entry, language)
            kept = st.toggle(
                f"**{_safe(name)}**  {_safe(entry.id)}",
                value=entry.id not in mix.out,
                key=f"{live.version}:{entry.id}:on",
            )
            if measure is not None and measure.quote:
                where = bracketed(section_text(measure.section, language), language)
                st.caption(_safe(f"{said('plan_words', language)}{colon(language)}“{measure.quote}”{where}"))
            mix = mix.with_entry(entry.id, kept)
            if kept:
                mix = _entry(live, mix, entry, language)
    live.move(mix)  # what stands above looks at what is asked now
    with above:
        _summary(live, language)
    with changes:
        _changes(live, language)


def _summary(live: Live, language: str) -> None:
    """Draw the sentence that stays in sight while doses move."""
    pending = live.pending()

    @st.fragment(run_every=_every(live) if pending else None)
    def part() -> None:
        with st.container(key="summary"):
            page_results.summary(live, language)

    part()


def _entry(live: Live, mix: Mix, entry: Entry, language: str) -> Mix:
    """Draw the doses and dates of an entry and return the mix as they stand."""
    for dose in doses_of(entry):
        mix = mix.with_dose(dose.key, _slider(live, mix, entry, dose, language))
    return _dates(live, mix, entry, language)


def _slider(live: Live, mix: Mix, entry: Entry, dose: Dose, language: str) -> float:
    factor, unit = dose.scale(language)
    low, high, value = dose.low / factor, dose.high / factor, mix.value(dose) / factor
    shown = unit_label(unit, language)
    label = capital(setting_doc(entry.lever.name, dose.name, language))
    label += bracketed(shown, language) if shown else ""
    step = _step(low, high)
    key = f"{live.version}:{language}:{dose.key}"
    help_ = said("in_file", language, value=f"{setting_value(dose.value / factor)} {shown}".strip())
    text = _safe(label)
    if dose.whole and factor == 1.0:
        whole = max(int(step), 1)
        return float(st.slider(text, int(low), int(high), round(value), whole, "localized", key=key, help=help_))
    places = "localized" if step >= 1 else "%.1f" if step >= 0.1 else "%.2f"
    found = float(st.slider(text, float(low), float(high), float(value), step, places, key=key, help=help_))
    return dose.value if abs(found * factor - dose.value) <= 1e-9 * max(abs(dose.value), 1.0) else found * factor


def _step(low: float, high: float) -> float:
    """Return a round step of about a hundredth of a range."""
    return round_step(max((high - low) / 100.0, 1e-9), STEPS)


def _dates(live: Live, mix: Mix, entry: Entry, language: str) -> Mix:
    start, stop = mix.span(entry)
    options = {month(d): d for d in (*starts(mix.base.years), start, stop, *mix.span(entry))}
    ordered = sorted(options)
    found = st.select_slider(
        said("from_to", language),
        ordered,
        value=(month(start), month(stop)),
        format_func=lambda m: written(options[m]),
        key=f"{live.version}:{entry.id}:dates",
    )
    first, last = found
    if first >= last:
        return mix
    return mix.with_dates(entry.id, options[first], options[last])


def _changes(live: Live, language: str) -> None:
    assert live.mix is not None
    moved = live.mix.moved
    names = listed(moved, language)
    text = said("changes", language, count=len(moved), names=names) if moved else said("none_moved", language)
    st.caption(_safe(text))
    one, two = st.columns(2)
    if one.button(said("reset", language), disabled=not moved, width="stretch"):
        live.undo()
        st.rerun()
    if two.button(said("pin", language), width="stretch"):
        live.pin(said("with_changes", language, name=live.name) if moved else live.name)
        st.rerun()


# ---- what it changes ----------------------------------------------------------------------------------


def _every(live: Live) -> float:
    """Return how often to look for answers: less often where many wait, so that looking takes no time from runs."""
    return min(SLOW_POLL, POLL * max(1.0, live.engine.waiting() / PAGES_POLLED))


def _results(live: Live, language: str) -> None:
    """Draw the tabs; while answers come in, what depends on them is drawn again and again."""
    names = [said(k, language) for k in ("tab_now", "tab_compare", "tab_meet", "tab_files")]
    now, compare, meet, files = st.tabs(names)
    pending = live.pending()
    every = _every(live) if pending else None

    def polled(draw: Any, used: bool = True) -> None:
        seen = live.seen()

        @st.fragment(run_every=every if used else None)
        def part() -> None:
            draw(live, language)
            if pending and not live.pending() and seen != live.seen():
                st.rerun()

        part()

    with now:
        polled(page_results.now)
    with compare:
        page_results.compare_controls(live, language)
        polled(page_results.side_by_side, bool(live.mixes))
    with meet:
        page_results.meet_controls(live, language)
        polled(page_results.meet, bool(live.meet_target))
        page_results.movers(live, language)
    with files:
        page_files.files(live, language)
        page_files.report(live, language)


# ---- small things -------------------------------------------------------------------------------------


def _safe(text: str) -> str:
    """Return a text from a file as Markdown shows it literally, but for bold around names."""
    return page_files.literal(text)


def _plain(error: InputError) -> str:
    return "\n\n".join(page_files.literal(str(p)) for p in error.problems[:5])
