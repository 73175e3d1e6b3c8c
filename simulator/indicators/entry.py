"""Who begins: students, founders who begin again, firms from elsewhere, and the mentoring that newcomers find."""

from __future__ import annotations

from simulator.core.declare import Indicator, Label
from simulator.world.census import presence, sites
from simulator.world.world import World


def _mentoring(world: World) -> float:
    p = presence(world)
    return p.mentoring / p.tenants if p.tenants else 0.0


def _professional(world: World) -> float:
    s = sites(world)
    return s.professional / max(s.incubators, 1.0)


INDICATORS = (
    Indicator(
        "students_started",
        Label("Students who began a business", "大学生创业人数"),
        "persons",
        "stock",
        lambda w: w.state.students_started,
        definition="students and graduates of the year in the city who began a business of any kind, sole traders "
        "included, within a programme or outside it, counted once each and added up since the plan's start",
    ),
    Indicator(
        "founders_again",
        Label("Firms of founders who began again", "再创业企业"),
        "firms",
        "stock",
        lambda w: presence(w).founded_again,
        "true",
        definition="technology firms in being whose founders had a technology firm that closed since the first year",
    ),
    Indicator(
        "culture",
        Label("Entrepreneurial culture", "创业文化指数"),
        "1",
        "stock",
        lambda w: w.state.culture,
        "true",
        definition="index of what education, fairs and tolerance of failure have changed, 0 at the start, 1 at most; "
        "no office measures it",
    ),
    Indicator(
        "attracted_firms",
        Label("Firms attracted", "引进企业累计"),
        "firms",
        "stock",
        lambda w: w.state.firms_attracted,
        definition="firms that moved in or opened here from elsewhere since the first year; projects signed that "
        "never became a firm are not counted, firms that left again are",
        net="attracted_firms_net",
    ),
    Indicator(
        "attracted_firms_net",
        Label("Firms attracted, net of neighbours' losses", "引进企业累计（扣除邻近城市流失）"),
        "firms",
        "stock",
        lambda w: w.state.firms_attracted - w.state.firms_missing,
        "true",
        definition="firms attracted since the first year less those that neighbouring cities lost by courting",
    ),
    Indicator(
        "firms_drawn",
        Label("Firms drawn by courting", "招引落户企业"),
        "firms / year",
        "flow",
        lambda w: w.state.firms_drawn,
        "true",
        definition="firms that came because they were courted and would not have come anyway; neighbours_firms_lost is "
        "the part that neighbouring cities lost",
        net="firms_drawn_net",
    ),
    Indicator(
        "firms_drawn_net",
        Label("Firms drawn, net of neighbours' losses", "招引落户企业（扣除邻近城市流失）"),
        "firms / year",
        "flow",
        lambda w: w.state.firms_drawn - w.state.firms_taken,
        "true",
        definition="firms drawn by courting less those that neighbouring cities lost: what both together gained",
    ),
    Indicator(
        "neighbours_firms_lost",
        Label("Firms lost by neighbours", "邻近城市流失企业"),
        "firms / year",
        "flow",
        lambda w: w.state.firms_taken,
        "true",
        definition="of the firms that came because they were courted, those that neighbouring cities lost",
    ),
    Indicator(
        "mentoring_strength",
        Label("Mentoring of tenants", "在孵企业辅导强度"),
        "1",
        "stock",
        _mentoring,
        "true",
        definition="mean strength of the mentoring that tenants have had, 1 for all the time of a mentor",
    ),
    Indicator(
        "professional_incubators",
        Label("Incubators run by professional operators", "专业机构运营孵化器比例"),
        "1",
        "share",
        _professional,
        definition="incubators whose operator does nothing else, over all that are open",
    ),
)
