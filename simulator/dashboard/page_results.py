"""The tabs of the live page that answer: targets and cost, mixes side by side, what would meet a target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from simulator.dashboard import view
from simulator.dashboard.engine import Answer, cut
from simulator.dashboard.groups import title_of
from simulator.dashboard.live import MOST_MIXES, Live
from simulator.dashboard.moves import moves
from simulator.dashboard.page_files import literal
from simulator.dashboard.words import quick_mark, said
from simulator.report.words import bracketed, listed, money, money_unit, word
from simulator.study.replicates import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulator.study.targets import Target

FANS = 4  # shown before the planner chooses
MOST_CHANGED = 3  # targets named in the sentence


def now(live: Live, language: str) -> None:
    """Draw targets, fans and cost of the mix against the pinned baseline, or what is known of them so far."""
    mix, base = live.answer("mix") or live.latest("mix"), live.answer("base")
    if mix is None or base is None:
        st.info(said("waiting", language))
        return
    try:
        _now(live, mix, base, language)
    except StudyError as error:
        _failed(error, language)


def _failed(error: StudyError, language: str) -> None:
    """Say why there is nothing to show."""
    st.error(literal(said("failed", language, message=str(error).splitlines()[-1][:200])))


def summary(live: Live, language: str) -> None:
    """Draw how many outcome targets stand how, the net cost, and which targets changed beyond chance."""
    mix, base = live.answer("mix"), live.answer("base")
    if mix is None or base is None:
        st.markdown(literal(said("waiting", language)))
        return
    try:
        mix, base = view.same_runs(mix, base)
        rows = view.target_rows(mix, base, language)
        net = next((r for r in view.money_rows(mix, base) if r.kind == "net"), None)
    except StudyError:
        st.markdown("–")
        return
    outcomes = [r for r in rows if r.headline]
    count = {level: sum(r.level == level for r in outcomes) for level in ("likely", "in doubt", "unlikely")}
    total = _with_unit("–" if net is None else money(net.mix, language), language)
    text = said(
        "summary",
        language,
        likely=count["likely"],
        doubt=count["in doubt"],
        unlikely=count["unlikely"],
        net=total,
        change=_against(0.0 if net is None else net.mix - net.base, language),
    )
    gap = "" if language == "zh" else " "
    if mix.fingerprint != base.fingerprint:
        text += f"{gap}{_changed(rows, language)}"
    st.markdown((quick_mark(language) if live.pending() else "") + literal(text))


def _against(change: float, language: str) -> str:
    """Return a difference of net cost as the sentence says it."""
    if not change:
        return said("as_base", language)
    return said("against", language, change=_with_unit(view.signed_money(change, language), language))


def _changed(rows: Sequence[view.TargetRow], language: str) -> str:
    """Return which targets changed beyond chance, the first few by name."""
    clear = [f"{r.id} {r.change}" for r in rows if r.clear]
    if not clear:
        return said("unchanged", language)
    rest = len(clear) - MOST_CHANGED
    more = [said("more_changed", language, count=rest)] if rest > 0 else []
    return said("changed", language, targets=listed([*clear[:MOST_CHANGED], *more], language))


def _with_unit(text: str, language: str) -> str:
    """Return a sum with its unit as a sentence has it: ``CNY 22.1 bn``, ``221 亿元``."""
    currency, _, scale = money_unit(language).partition(" ")
    return f"{text} {currency}" if language == "zh" else f"{currency} {text} {scale}"


def _now(live: Live, mix: Answer, base: Answer, language: str) -> None:
    mix, base = view.same_runs(mix, base)
    _status(live, mix, language)
    rows = view.target_rows(mix, base, language)
    head = view.target_heads(language)
    stale = live.answer("mix") is None  # what stands there is of the mix before: shown pale until the first runs
    st.html(view.aged(view.targets_html([r for r in rows if r.headline], language, head, mix), stale))
    _cost(live, mix, base, language, stale)
    st.markdown(f"##### {said('fans', language)}")
    chosen = st.multiselect(
        said("which_fans", language),
        [r.id for r in rows],
        format_func=lambda i: next((f"{r.id} {r.name}" for r in rows if r.id == i), i),
        key=_fans_shown(live, rows, language, stale),
        max_selections=12,
        placeholder=said("choose_targets", language),
    )
    # as Markdown: st.html leaves pictures out; every text in them is escaped
    pictures = view.fans_html(view.fans(mix, base, chosen, language))
    st.markdown(view.aged(pictures, stale), unsafe_allow_html=True)
    st.caption(said("fan_note", language))
    with st.expander(said("others", language)):
        st.html(view.aged(view.targets_html([r for r in rows if not r.headline], language, head), stale))


def _fans_shown(live: Live, rows: Sequence[view.TargetRow], language: str, stale: bool) -> str:
    """Return the key of the choice of fans; until the planner chooses, it holds those that say most of this mix."""
    key = f"{live.version}:{language}:fans"
    held, ours = st.session_state.get(key), st.session_state.get("fans")
    if held is None or (held == ours and not stale):
        st.session_state[key] = st.session_state["fans"] = view.first_shown(rows, FANS)
    return key


def _status(live: Live, mix: Answer, language: str) -> None:
    """Say what the figures rest on and how far the refinement is."""
    asked = live.answer("mix")
    title = live.base.title[language] if live.base is not None else ""
    name = title if live.base_name == live.name and title else live.base_name
    base = literal(said("pinned", language, name=name))
    kind = said("calibration", language, name=word(mix.scenario.calibration, language))
    if asked is None:
        st.progress(0.0, text=said("waiting", language))
    else:
        _refined(mix.runs, asked.asked, language)
    st.caption(f"{base} · {kind}")


def _refined(runs: int, asked: int, language: str) -> None:
    """Say how many runs the figures rest on, as a bar until all are there."""
    if runs < asked:
        st.progress(min(runs / asked, 1.0), text=said("quick", language, runs=runs, asked=asked))
    else:
        st.caption(said("refined", language, runs=runs))


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
    _moved_in(live, language)
    if base is None or len(ready) < len(found):
        st.progress(0.0, text=said("waiting", language))
    if base is None or not ready:
        return
    runs = min([base.runs, *(a.runs for _, a in ready)])
    if len(ready) == len(found):
        _refined(runs, base.asked, language)
    held = [(name, cut(a, runs)) for name, a in ready]
    base = cut(base, runs)
    try:
        _beside(held, base, language)
    except StudyError as error:
        _failed(error, language)


def _moved_in(live: Live, language: str) -> None:
    """Say what was moved in each mix: its entries with the doses and dates as they were and as they are."""
    lines = [(name, listed(moves(mix, language), language) or said("none_moved", language))
             for name, mix in live.mixes.items()]  # fmt: skip
    st.html(view.plain_html("moves", [said("one_mix", language), said("beside_moved", language)], lines))


def _beside(held: Sequence[tuple[str, Answer]], base: Answer, language: str) -> None:
    """Draw targets and money of the mixes beside the baseline."""
    rows = list(zip(*(view.target_rows(a, base, language) for _, a in held), strict=True))
    heads = [said("col_target", language), said("col_base_p", language), *(n for n, _ in held)]
    st.caption(said("beside_cells", language))
    st.html(view.beside_html([r for r in rows if r[0].headline], heads))
    _beside_money(held, base, language)
    with st.expander(said("others", language)):
        st.html(view.beside_html([r for r in rows if not r[0].headline], heads))


def _beside_money(held: Sequence[tuple[str, Answer]], base: Answer, language: str) -> None:
    heads = [said("col_base_p", language), *(n for n, _ in held)]
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
    head = said("public", language) + bracketed(money_unit(language), language)
    st.html(view.plain_html("beside-money", [head, *heads], costs))


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
        placeholder=said("choose_targets", language),
        key=f"{live.city}:{language}:target",
    )
    if two.button(said("ask", language), width="stretch", type="primary"):
        st.session_state["levers"] = live.meet(targets[number])
        st.rerun()


def _first_outcome(targets: list[Target]) -> int:
    return next((k for k, t in enumerate(targets) if t.kind == "outcome"), 0)


def meet(live: Live, language: str) -> None:
    """Draw what larger doses reach for the target that was asked about."""
    from simulator.model import LEVERS
    from simulator.study.plan_doses import FACTORS

    target = _asked_about(live)
    if target is None:
        return
    levers = [LEVERS[n].label[language] for n in st.session_state.get("levers", ())]
    if not levers:
        st.info(said("meet_none", language))
    else:
        try:
            _steps(live, target, language)
        except StudyError as error:
            _failed(error, language)
        st.caption(literal(said("meet_how", language, levers=listed(levers, language))))
        for column, factor in zip(st.columns(len(FACTORS)), FACTORS, strict=True):
            if column.button(said("take", language, factor=factor), key=f"take:{factor}", width="stretch"):
                live.take_over(target, factor)
                st.rerun(scope="app")


def _asked_about(live: Live) -> Target | None:
    return next((t for t in _targets(live) if t.id == live.meet_target), None)


def _steps(live: Live, target: Target, language: str) -> None:
    from simulator.study.plan_doses import FACTORS

    found = {1: live.answer("mix")} | {factor: live.answer(f"meet {factor}") for factor in FACTORS}
    ready = {factor: answer for factor, answer in found.items() if answer is not None}
    if 1 not in ready or len(ready) == 1:
        st.progress(0.0, text=said("waiting", language))
        return
    runs = min(a.runs for a in ready.values())
    plan = cut(ready[1], runs)
    if len(ready) < len(found):
        st.progress(0.0, text=said("waiting", language))
    else:
        _refined(runs, plan.asked, language)
    rows, costs = {}, {}
    for factor, answer in ready.items():
        mine = cut(answer, runs)
        rows[factor] = next((r for r in view.target_rows(mine, plan, language) if r.id == target.id), None)
        costs[factor] = next((r.mix - r.base for r in view.money_rows(mine, plan) if r.kind == "net"), 0.0)
    if len(ready) == len(found):
        st.markdown(f"**{literal(_verdict({f: r for f, r in rows.items() if r is not None}, costs, language))}**")
    lines = [_step(factor, rows.get(factor), costs.get(factor), language) for factor in found]
    heads = [said(k, language) for k in ("times", "col_p", "col_median")]
    st.html(
        view.plain_html("meet", [*heads, said("more_net", language) + bracketed(money_unit(language), language)], lines)
    )


def _step(factor: int, row: view.TargetRow | None, cost: float | None, language: str) -> tuple[str, ...]:
    name = said("as_now", language) if factor == 1 else f"× {factor}"
    if row is None or cost is None:
        return name, "…", "…", "…"
    return name, f"{row.probability:.2f}", row.middle, view.signed_money(cost, language) if factor > 1 else "–"


def _verdict(rows: Mapping[int, view.TargetRow], costs: Mapping[int, float], language: str) -> str:
    """Return in words which doses meet the target in at least half of the simulated futures, and what is wanted."""
    from simulator.study.plan_doses import ENOUGH

    if not rows:
        return said("meet_none", language)
    first = next((f for f, r in rows.items() if r.probability >= ENOUGH), None)
    factor = max(rows) if first is None else first
    key = "meet_never" if first is None else "meet_now" if first == 1 else "meet_at"
    cost = _with_unit(money(costs[factor], language), language)
    text = said(key, language, factor=factor, chance=f"{rows[factor].probability:.0%}".replace("%", " %"), cost=cost)
    wanted = said("wanted", language, wanted=rows[factor].wanted)
    return f"{wanted}{'' if language == 'zh' else ' '}{text}"


def movers(live: Live, language: str) -> None:
    """Draw the levers that move the target that was asked about, by the influence table."""
    target = _asked_about(live)
    if target is None or target.indicator is None:
        return
    from simulator.report.words import apart, figure
    from simulator.study import explain

    st.markdown(f"##### {said('movers', language)}")
    lines = []
    for fact in explain.movers(target.indicator, target.region, language, target)[:12]:
        effect = fact["effect"]
        shown = "–" if effect is None or not math.isfinite(effect) else apart(effect, fact["unit"], language, sign=True)
        cost = "–" if not fact["cost_per_year"] else figure(fact["cost_per_year"], "CNY", language)
        lines.append((fact["label"], shown, cost, word(fact["evidence"], language)))
    st.html(view.plain_html("movers", [said(k, language) for k in ("lever", "effect", "per_year", "evidence")], lines))
