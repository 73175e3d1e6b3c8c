"""The tabs of the live page that answer: targets and cost, mixes side by side, what would meet a target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from simulator.dashboard import view
from simulator.dashboard.engine import Answer, cut
from simulator.dashboard.groups import title_of
from simulator.dashboard.live import MOST_MIXES, Live
from simulator.dashboard.page_files import literal
from simulator.dashboard.words import said
from simulator.report.words import bracketed, listed, money, money_unit, word
from simulator.study.replicates import StudyError

if TYPE_CHECKING:
    from simulator.study.targets import Target


def now(live: Live, language: str) -> None:
    """Draw targets, fans and cost of the mix against the pinned baseline, or what is known of them so far."""
    mix, base = live.answer("mix") or live.latest("mix"), live.answer("base")
    if mix is None or base is None:
        st.info(said("waiting", language))
        return
    try:
        _now(live, mix, base, language)
    except StudyError as error:
        st.error(literal(said("failed", language, message=str(error).splitlines()[-1][:200])))


def summary(live: Live, language: str) -> None:
    """Draw how many outcome targets stand how, and the net cost, in one sentence."""
    mix, base = live.answer("mix"), live.answer("base")
    if mix is None or base is None:
        st.markdown(f"⏳ {literal(said('waiting', language))}")
        return
    try:
        mix, base = view.same_runs(mix, base)
        rows = [r for r in view.target_rows(mix, base, language) if r.headline]
        net = next((r for r in view.money_rows(mix, base) if r.kind == "net"), None)
    except StudyError:
        st.markdown("–")
        return
    count = {level: sum(r.level == level for r in rows) for level in ("likely", "in doubt", "unlikely")}
    change = 0.0 if net is None else net.mix - net.base
    total = _with_unit("–" if net is None else money(net.mix, language), language)
    text = said(
        "summary",
        language,
        likely=count["likely"],
        doubt=count["in doubt"],
        unlikely=count["unlikely"],
        net=total,
        change=_with_unit(view.signed_money(change, language), language),
    )
    st.markdown(f"{'⚡' if live.pending() else '✓'} {literal(text)}")


def _with_unit(text: str, language: str) -> str:
    """Return a sum with its unit as a sentence has it: ``CNY 22.1 bn``, ``221 亿元``."""
    currency, _, scale = money_unit(language).partition(" ")
    return f"{text} {currency}" if language == "zh" else f"{currency} {text} {scale}"


def _now(live: Live, mix: Answer, base: Answer, language: str) -> None:
    mix, base = view.same_runs(mix, base)
    _status(live, mix, language)
    rows = view.target_rows(mix, base, language)
    head = [said(k, language) for k in ("col_target", "col_p", "col_base_p", "col_median", "col_change")]
    stale = live.answer("mix") is None  # what stands there is of the mix before: shown pale until the first runs
    st.html(view.aged(view.targets_html([r for r in rows if r.headline], language, head), stale))
    _cost(live, mix, base, language, stale)
    st.markdown(f"##### {said('fans', language)}")
    chosen = st.multiselect(
        said("which_fans", language),
        [r.id for r in rows],
        default=view.first_shown(rows, 4),
        format_func=lambda i: next((f"{r.id} {r.name}" for r in rows if r.id == i), i),
        key=f"{live.version}:{language}:fans",
        max_selections=12,
    )
    # as Markdown: st.html leaves pictures out; every text in them is escaped
    pictures = view.fans_html(view.fans(mix, base, chosen, language))
    st.markdown(view.aged(pictures, stale), unsafe_allow_html=True)
    st.caption(said("fan_note", language))
    with st.expander(said("others", language)):
        st.html(view.aged(view.targets_html([r for r in rows if not r.headline], language, head), stale))


def _status(live: Live, mix: Answer, language: str) -> None:
    """Say what the figures rest on and how far the refinement is."""
    asked = live.answer("mix")
    base = literal(said("pinned", language, name=live.base_name))
    kind = said("calibration", language, name=word(mix.scenario.calibration, language))
    if asked is None:
        st.progress(0.0, text=f"⏳ {said('waiting', language)}")
    elif live.pending():
        text = said("quick", language, runs=mix.runs, asked=asked.asked)
        st.progress(min(mix.runs / asked.asked, 1.0), text=f"⚡ {text}")
    else:
        st.progress(1.0, text=f"✓ {said('refined', language, runs=mix.runs)}")
    st.caption(f"{base} · {kind}")


def _cost(live: Live, mix: Answer, base: Answer, language: str, stale: bool) -> None:
    years = mix.scenario.years
    st.markdown(f"##### {said('cost', language, first=years[0], last=years[1])}")
    head = [said("public", language) + bracketed(money_unit(language), language)]
    head += [said(k, language) for k in ("mix", "base", "col_diff")]
    rows = view.money_rows(mix, base)
    st.html(view.aged(view.money_html(rows, language, head, [word(r.kind, language) for r in rows]), stale))
    moved = live.mix.moved if live.mix is not None and not stale else ()
    if moved:
        titles = {e.id: title_of(e, language) for e in live.mix.base.entries} if live.mix else {}
        found = view.entry_costs(mix, base, moved)
        lines = [
            (
                f"{e} {titles.get(e, '')}",
                *(money(v, language, digits=3) for v in (here, there)),
                view.signed_money(here - there, language),
            )
            for e, here, there in found
        ]
        st.html(view.plain_html("entries", [said("entry_cost", language), *head[1:]], lines))


# ---- side by side -------------------------------------------------------------------------------------


def compare_controls(live: Live, language: str) -> None:
    """Draw what puts the mix beside others, and takes mixes out."""
    one, two = st.columns([3, 2], vertical_alignment="bottom")
    name = one.text_input(
        said("mix_name", language), value=_free_name(live), max_chars=40, key=f"name:{len(live.mixes)}"
    )
    if two.button(said("add", language), width="stretch") and name.strip():
        if live.put_beside(name.strip()):
            st.rerun()
        st.warning(said("most_mixes", language))
    for column, held in zip(st.columns(MOST_MIXES), list(live.mixes), strict=False):
        if column.button(literal(said("load_mix", language, name=held)), key=f"go:{held}", width="stretch"):
            live.go_on_with(held)
            st.rerun()
        if column.button(literal(said("remove", language, name=held)), key=f"out:{held}", width="stretch"):
            live.remove(held)
            st.rerun()


def _free_name(live: Live) -> str:
    return next((n for n in "ABCDEFGH" if n not in live.mixes), "A")


def side_by_side(live: Live, language: str) -> None:
    """Draw the mixes that stand beside each other, with the pinned baseline: probabilities, then money."""
    base = live.answer("base")
    found = [(name, live.answer(f"beside {name}")) for name in live.mixes]
    ready = [(name, a) for name, a in found if a is not None]
    if not live.mixes:
        st.info(said("no_mixes", language))
        return
    if base is None or not ready:
        st.info(said("waiting", language))
        return
    runs = min([base.runs, *(a.runs for _, a in ready)])
    pending = runs < base.asked or len(ready) < len(found)
    st.caption(said("quick" if pending else "refined", language, runs=runs, asked=base.asked))
    held = [(name, cut(a, runs)) for name, a in ready]
    base = cut(base, runs)
    rows = {name: {r.id: r for r in view.target_rows(a, base, language)} for name, a in held}
    first = next(iter(rows.values()))
    lines = [
        (f"{i} {r.name}", f"{r.base:.2f}", *(f"{rows[n][i].probability:.2f} ({rows[n][i].change})" for n, _ in held))
        for i, r in first.items()
    ]
    heads = [said("col_base_p", language), *(n for n, _ in held)]
    title = f"{said('col_p', language)} ({said('col_change', language)})"
    st.html(view.plain_html("beside", [title, *heads], lines))
    sums = {name: {r.kind: r for r in view.money_rows(a, base)} for name, a in held}
    kinds = next(iter(sums.values()))
    costs = [
        (
            word(k, language),
            money(r.base, language),
            *(money(sums[n][k].mix, language) for n, _ in held if k in sums[n]),
        )
        for k, r in kinds.items()
    ]
    st.html(view.plain_html("beside-money", [f"{said('public', language)}, {money_unit(language)}", *heads], costs))


# ---- what would meet a target -------------------------------------------------------------------------


def _targets(live: Live) -> list[Target]:
    from simulator.study.targets import simulated_targets

    assert live.mix is not None
    return list(simulated_targets(live.mix.base))


def meet_controls(live: Live, language: str) -> None:
    """Draw the choice of a target and the button that tries larger doses."""
    targets = _targets(live)
    if not targets:
        return
    one, two = st.columns([3, 2], vertical_alignment="bottom")
    ids = [t.id for t in targets]
    index = ids.index(live.meet_target) if live.meet_target in ids else _first_outcome(targets)
    number = one.selectbox(
        said("target", language),
        range(len(targets)),
        index=index,
        format_func=lambda k: f"{targets[k].id} {targets[k].name[language]}",
        key=f"{live.city}:{language}:target",
    )
    if two.button(said("ask", language), width="stretch", type="primary"):
        st.session_state["levers"] = live.meet(targets[number])
        st.rerun()


def _first_outcome(targets: list[Target]) -> int:
    return next((k for k, t in enumerate(targets) if t.kind == "outcome"), 0)


def meet(live: Live, language: str) -> None:
    """Draw what larger doses reach for the target that was asked about, and the levers that move it."""
    from simulator.model import LEVERS
    from simulator.study.plan_doses import FACTORS

    target = next((t for t in _targets(live) if t.id == live.meet_target), None)
    if target is None:
        return
    levers = [LEVERS[n].label[language] for n in st.session_state.get("levers", ())]
    if not levers:
        st.info(said("meet_none", language))
    else:
        st.markdown(literal(said("meet_how", language, levers=listed(levers, language))))
        _steps(live, target, language)
        for column, factor in zip(st.columns(len(FACTORS)), FACTORS, strict=True):
            if column.button(said("take", language, factor=factor), key=f"take:{factor}", width="stretch"):
                live.take_over(target, factor)
                st.rerun(scope="app")
    _movers(target, language)


def _steps(live: Live, target: Target, language: str) -> None:
    from simulator.study.plan_doses import FACTORS

    now_ = live.answer("mix")
    lines: list[tuple[str, ...]] = []
    for factor in (1, *FACTORS):
        answer = now_ if factor == 1 else live.answer(f"meet {factor}")
        if answer is None or now_ is None:
            lines.append((f"× {factor}", "…", "…", "…"))
            continue
        runs = min(answer.runs, now_.runs)
        mine, plan = cut(answer, runs), cut(now_, runs)
        row = next((r for r in view.target_rows(mine, plan, language) if r.id == target.id), None)
        net = {r.kind: r for r in view.money_rows(mine, plan)}.get("net")
        extra = "–" if net is None else money(net.mix - net.base, language)
        name = said("as_now", language) if factor == 1 else f"× {factor}"
        chance = "–" if row is None else f"{row.probability:.2f}"
        lines.append((name, chance, "–" if row is None else row.middle, extra))
    heads = [said(k, language) for k in ("times", "col_p", "col_median")]
    st.html(view.plain_html("meet", [*heads, f"{said('more_net', language)} ({money_unit(language)})"], lines))


def _movers(target: Target, language: str) -> None:
    from simulator.report.words import apart, figure
    from simulator.study.explain import movers

    if target.indicator is None:
        return
    st.markdown(f"##### {said('movers', language)}")
    lines = []
    for fact in movers(target.indicator, target.region, language, target)[:12]:
        effect = fact["effect"]
        shown = "–" if effect is None or not math.isfinite(effect) else apart(effect, fact["unit"], language, sign=True)
        cost = "–" if not fact["cost_per_year"] else figure(fact["cost_per_year"], "CNY", language)
        lines.append((fact["label"], shown, cost, word(fact["evidence"], language)))
    st.html(view.plain_html("movers", [said(k, language) for k in ("lever", "effect", "per_year", "evidence")], lines))
