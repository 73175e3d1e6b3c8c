"""Patents: inventions filed, granted and in force."""

from __future__ import annotations

from simulator.core.declare import Indicator, Label
from simulator.world.census import inventions, research
from simulator.world.world import World


def applications(world: World) -> float:
    """Return invention applications of the year by firms, universities, institutes and individuals."""
    return inventions(world).filed + world.state.individual_filed


def true_applications(world: World) -> float:
    """Return those with an invention behind them."""
    return inventions(world).filed_true + world.state.individual_filed_true


def grants(world: World) -> float:
    """Return inventions granted in the year."""
    return inventions(world).granted + world.state.individual_granted


def in_force(world: World) -> float:
    """Return inventions in force of first-named local holders at the year's end."""
    return inventions(world).in_force + world.state.individual_patents


def quality_in_force(world: World) -> float:
    """Return inventions in force that came from true filings."""
    return inventions(world).quality + world.state.individual_quality


def _per_10k(count: float, world: World) -> float:
    return count / (world.state.population_before / 1.0e4)


def _firm_share(world: World) -> float:
    return inventions(world).firms_in_force / max(in_force(world), 1.0)


def _holders(world: World) -> float:
    r = research(world)
    return r.scale_holders / max(r.scale, 1.0)


INDICATORS = (
    Indicator(
        "invention_applications",
        Label("Invention applications", "发明专利申请量"),
        "patents / year",
        "flow",
        applications,
        true="true_applications",
        definition="filed in the year by local applicants of every kind",
    ),
    Indicator(
        "true_applications",
        Label("Applications with an invention", "真实发明申请量"),
        "patents / year",
        "flow",
        true_applications,
        "true",
        definition="without marginal filings drawn by money or points",
    ),
    Indicator(
        "invention_grants",
        Label("Inventions granted", "发明专利授权量"),
        "patents / year",
        "flow",
        grants,
        definition="granted in the year to local applicants",
    ),
    Indicator(
        "patents_in_force",
        Label("Inventions in force", "有效发明专利拥有量"),
        "patents",
        "stock",
        in_force,
        true="quality_patents",
        definition="first-named local holders at the year's end",
    ),
    Indicator(
        "quality_patents",
        Label("Inventions in force from true filings", "真实发明有效量"),
        "patents",
        "stock",
        quality_in_force,
        "true",
        definition="without those granted to marginal filings",
    ),
    Indicator(
        "patents_per_10k",
        Label("Inventions in force per 10,000 residents", "每万人有效发明专利拥有量"),
        "patents / 10000 residents",
        "share",
        lambda w: _per_10k(in_force(w), w),
        true="quality_per_10k",
        definition="in force at the year's end over residents of the year before",
    ),
    Indicator(
        "quality_per_10k",
        Label("True inventions per 10,000 residents", "每万人真实有效发明"),
        "patents / 10000 residents",
        "share",
        lambda w: _per_10k(quality_in_force(w), w),
        "true",
        definition="the same from true filings",
    ),
    Indicator(
        "firm_share_patents",
        Label("Firms' share of inventions in force", "企业有效发明专利占比"),
        "1",
        "share",
        _firm_share,
        definition="the plan does not say filed, granted or in force: in force is taken",
    ),
    Indicator(
        "above_scale_patent_share",
        Label("Above-scale firms with an invention", "拥有发明专利的规上企业比例"),
        "1",
        "share",
        _holders,
        definition="above-scale firms with at least one invention in force",
    ),
)
