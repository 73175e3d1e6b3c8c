"""Who came: visits, workstations, elites and courses. Sums run from the year in which the plan starts."""

from __future__ import annotations

from simulator.core.declare import Indicator, Label
from simulator.world.census import presence

INDICATORS = (
    Indicator(
        "phd_visits",
        Label("Doctoral students who visited", "博士来访人次"),
        "persons",
        "stock",
        lambda w: w.state.phd_visits,
        definition="visits that took place in a programme, so far; visits, not moves: few of them move",
    ),
    Indicator(
        "visit_universities",
        Label("Universities that sent visitors", "参与来访高校"),
        "universities",
        "stock",
        lambda w: w.state.visit_universities,
        definition="different universities whose doctoral students took part in visits, so far",
    ),
    Indicator(
        "academician_workstations",
        Label("Academician workstations", "院士工作站"),
        "workstations",
        "stock",
        lambda w: presence(w).academicians,
        definition="at work in a firm at the year's end; one ends with its host's R&D",
    ),
    Indicator(
        "postdoc_workstations",
        Label("Postdoctoral workstations", "博士后工作站"),
        "workstations",
        "stock",
        lambda w: presence(w).postdocs,
        definition="at work in a firm at the year's end; one ends with its host's R&D",
    ),
    Indicator(
        "high_end_engaged",
        Label("High-end talents engaged", "引进高端优秀人才"),
        "persons",
        "stock",
        lambda w: w.state.high_end_engaged,
        definition="came since the year in which the plan starts, by a programme or not; not net of those who left",
        net="high_end_engaged_net",
    ),
    Indicator(
        "high_end_engaged_net",
        Label("High-end talents engaged, net of neighbours' losses", "引进高端优秀人才（扣除邻近城市流失）"),
        "persons",
        "stock",
        lambda w: w.state.high_end_engaged - w.state.engaged_missing,
        "true",
        definition="came since the year in which the plan starts, less those whom neighbouring cities lost by it",
    ),
    Indicator(
        "academicians",
        Label("Academicians and candidates engaged", "两院院士及候选院士"),
        "persons",
        "stock",
        lambda w: w.state.academicians,
        definition="of those engaged, and one for each academician workstation opened, since the plan's first year",
    ),
    Indicator(
        "thousand_talents",
        Label("Thousand Talents scholars engaged", "千人计划人才"),
        "persons",
        "stock",
        lambda w: w.state.thousand_talents,
        definition="of the high-end talents engaged since the plan's first year, young scholars included",
    ),
    Indicator(
        "elite_graduates",
        Label("Graduates of 985 and 211 universities hired", "引进985、211院校毕业生"),
        "persons / year",
        "flow",
        lambda w: w.state.elite_graduates,
        definition="hired in the year, by a programme or not, of whom some would have come anyway",
    ),
    Indicator(
        "trained_people",
        Label("People trained", "在岗受训人才"),
        "persons",
        "stock",
        lambda w: float(w.state.trained.sum()),
        definition="trained on courses of a programme beyond what firms would have done, still here and up to date",
    ),
)
