"""Published figures: names and units as in ``calibration/observed.csv``, and the indicators that stand for them."""

from __future__ import annotations

from dataclasses import dataclass

# What a forecast looks at and the model has no indicator for: firms within the limits of the national register of
# technology SMEs, and the high-tech share of above-scale industry's sales.
ELIGIBLE, HIGH_TECH = "register_eligible", "high_tech_sales"
EXTRA = (ELIGIBLE, HIGH_TECH)


@dataclass(frozen=True)
class Figure:
    """A published figure: name and unit as in ``observed.csv``; the indicator that stands for it, times ``scale``."""

    name: str
    unit: str
    indicator: str
    scale: float = 1.0
    like: str = ""  # an indicator with observed points, whose errors are this figure's too


FIGURES = (
    Figure("rd_expenditure_total", "bn_yuan", "rd_expenditure", 1e-9),
    Figure("rd_share_of_gdp", "pct", "rd_share", 100.0),
    Figure("hnte_count", "firms", "hnte_count"),
    Figure("technology_contract_value", "bn_yuan", "contract_value", 1e-9),
    Figure("valid_invention_patents_yearend", "patents", "patents_in_force"),
    Figure("valid_invention_patents_per_10k", "patents_per_10k", "patents_per_10k", like="patents_in_force"),
    Figure("marine_gdp_share", "pct", "marine_share", 100.0),
    Figure("technology_smes_broad", "firms", "tech_sme_count"),
    Figure("technology_smes_registered", "firms", ELIGIBLE),
    Figure("incubators_count", "units", "incubators"),
    Figure("high_tech_output_share_of_industry", "pct", HIGH_TECH),
    Figure("talent_total", "10k_persons", "talent_total", 1e-4),
    Figure("invention_applications", "patents", "invention_applications"),
    Figure("invention_grants", "patents", "invention_grants"),
    Figure("maker_spaces_all_levels", "units", "maker_spaces"),
)
