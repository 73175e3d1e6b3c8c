"""What a region folder must hold: files, columns, names and the kind of number each quantity is."""

from __future__ import annotations

from typing import Literal

Sort = Literal["count", "whole", "money", "share", "margin", "number", "flag"]

HEADERS: dict[str, tuple[str, ...]] = {
    "names.csv": ("kind", "id", "name_en", "name_zh"),
    "sectors.csv": ("sector", "quantity", "value", "unit", "source", "note"),
    "districts.csv": ("district", "quantity", "value", "unit", "source", "note"),
    "universities.csv": ("university", "quantity", "value", "unit", "source", "note"),
    "firms.csv": ("class", "margin", "level", "value", "unit", "source", "note"),
    "anchors.csv": ("firm", "quantity", "value", "unit", "source", "note"),
    "paths.csv": ("path", "variable", "year", "value", "unit", "source", "note"),
}
PLANTS_HEADER = ("plant", "owner", "quantity", "value", "unit", "source", "note")  # plants.csv may be left out
VINTAGES_HEADER = ("indicator", "year", "vintage", "value", "unit", "source", "note")
RULES_HEADER = ("rule", "year", "value", "unit", "source", "note")

SECTORS = (
    "steel",
    "pharma",
    "tourism",
    "agriculture",
    "digital",
    "marine",
    "equipment_rail",
    "appliances_electronics",
    "new_energy_vehicles",
    "other_manufacturing",
    "technology_services",
    "other_services",
)
NAME_KINDS = ("sector", "district", "university")


def _sorts(**groups: str) -> dict[str, Sort]:
    return {name: sort for sort, names in groups.items() for name in names.split()}  # type: ignore[misc]


FIGURES: dict[str, Sort] = _sorts(
    money="gdp general_budget_revenue science_budget rd_business rd_universities rd_institutes contract_value"
    " venture_committed angel_committed guidance_committed",
    share="graduate_retention hnte_due_1 hnte_due_2 hnte_due_3 patents_share_firms patents_share_universities"
    " patents_share_individuals marginal_share guidance_public_share venture_depth",
    count="population talent_total researchers_firms researchers_public graduates_per_year"
    " high_end_talents makers mentors service_organisations hnte_count tech_sme_count tech_sme_pool"
    " innovative_small_count patents_in_force invention_applications"
    " superdeduction_claimants listed_firms incubators incubator_floor incubator_tenants maker_spaces"
    " startup_streets incubator_floor_mean floor_capacity_per_year venture_funds angel_funds guidance_funds"
    " university_spinoffs_cumulative products_in_pipeline products_marketed public_rd_bodies",
)
# what only some cities have: a figure that is not given counts as zero
OPTIONAL_FIGURES: dict[str, Sort] = _sorts(
    count="high_tech_parks software_park_floor alliances technology_centres"
    " tourist_visits crude_capacity foundry_iron agricultural_counties",
    money="tourist_spending attractions",
)
SECTOR_QUANTITIES: dict[str, Sort] = _sorts(
    whole="above_scale_firms tech_sme_firms",
    count="above_scale_staff patent_propensity",
    money="above_scale_revenue rest_value_added wage",
    share="value_added_ratio rd_share_above_scale rd_share_tech_sme rd_intensity strategic_share marine_share"
    " energy_share hightech_share technology_sales_share outside_demand",
    margin="profit_margin",
    number="growth_offset",
)
# what only some cities say of their sectors: zero where it is left out
OPTIONAL_SECTOR_QUANTITIES: dict[str, Sort] = _sorts(flag="key_industry")
DISTRICT_QUANTITIES: dict[str, Sort] = _sorts(
    share="gdp_share firm_share incubator_share", number="x_km y_km", flag="university_town"
)
UNIVERSITY_QUANTITIES: dict[str, Sort] = _sorts(
    flag="kind has_base has_fund has_office",
    whole="district patents",
    count="researchers transfer_staff",
    money="rd_budget",
    share="inventor_share",
)
ANCHOR_QUANTITIES: dict[str, Sort] = _sorts(
    whole="sector district founded ownership patents", count="staff", money="revenue rd"
)

PLANT_QUANTITIES: dict[str, Sort] = _sorts(
    whole="stage vintage", count="capacity", share="utilisation grade", money="price"
)
OTHERS = "others"  # owner of plants.csv that stands for the firms of the sector that the folder does not name

FIRM_CLASSES = ("above_scale", "tech_sme")
MARGINS = ("sector", "size", "age", "district", "ownership")
AGES = ("0-2", "3-5", "6-10", "11-20", "21-40")
OWNERSHIPS = ("private", "state", "foreign")
SIZES = {
    "above_scale": ("20-99", "100-299", "300-999", "1000-4999", "5000-49999"),
    "tech_sme": ("1-9", "10-49", "50-299"),
}

OBSERVED = "observed"
VARIABLES = (
    "gdp_real_growth",
    "gdp_deflator",
    "population",
    "wage_growth",
    "interest_rate",
    "national_science_growth",
    "patent_office_speed",
    "venture_national",
    "steel_price",
    "tech_contract_national",
)
DEMAND = tuple(f"demand:{sector}" for sector in SECTORS)
NON_NEGATIVE = (
    "population",
    "patent_office_speed",
    "venture_national",
    "steel_price",
    "tech_contract_national",
)
DRIVER_GROUPS = {"gdp_growth": ("gdp_real_growth", "gdp_deflator")}

RULES = (
    "corporate_tax",
    "hnte_tax",
    "small_profit_effective_rate",
    "small_profit_ceiling",
    "small_profit_staff",
    "rd_super_deduction",
    "rd_super_deduction_tech_sme",
    "loss_carry_years",
    "loss_carry_years_hnte",
    "hnte_threshold_small",
    "hnte_threshold_mid",
    "hnte_threshold_large",
    "hnte_sales_small",
    "hnte_sales_large",
    "hnte_min_age",
    "hnte_staff_share",
    "hnte_hightech_share",
    "hnte_valid_years",
    "corporate_tax_central_share",
    "vat_central_share",
    "vat_rate_effective",
    "capital_subscription",
    "three_in_one",
    "transfer_law_inventor_share",
    "transfer_approval_required",
    "negative_list_simplification",
    "above_scale_threshold",
    "equity_instalment_years",
    "drug_review_queue",
)


def outside(sort: Sort, value: float) -> str:
    """Return what is allowed if ``value`` does not fit its sort of number, else nothing."""
    if sort in ("count", "money") and value < 0.0:
        return "0 or more"
    if sort == "whole" and (value < 0.0 or value != int(value)):
        return "a whole number, 0 or more"
    if sort == "share" and not 0.0 <= value <= 1.0:
        return "a share between 0 and 1"
    if sort == "margin" and not -1.0 <= value <= 1.0:
        return "between -1 and 1"
    if sort == "flag" and value not in (0.0, 1.0):
        return "0 or 1"
    return ""
