"""TERMS: every hook that policy has on the agents, one table."""

from __future__ import annotations

from simulator.core.declare import Term

_ALL = (
    # research and its tax treatment
    Term("rd_grant", "firms", "CNY / year", "sum", "grant towards a firm's R&D, paid before the work", money=True),
    Term("rd_reward", "firms", "CNY / year", "sum", "reward paid after R&D was done, as a share of it", money=True),
    Term(
        "deduction_rate",
        "firms",
        "1",
        "max",
        "extra share of R&D cost deducted from taxable profit",
        national="rd_super_deduction",
    ),
    Term("claim_cost", "firms", "1", "product", "factor on a firm's cost of claiming the deduction", neutral=1.0),
    Term("hnte_tax", "firms", "1", "sum", "cut of the tax rate of HNTEs below the national one"),
    Term("hnte_cost", "firms", "1", "product", "factor on the cost of applying for HNTE status", neutral=1.0),
    Term("status_outreach", "firms", "1 / year", "sum", "extra chance of being told what HNTE status takes and brings"),
    Term("certification_award", "firms", "CNY", "sum", "award on HNTE certification", money=True),
    Term("university_hours", "firms", "CNY", "sum", "first hours of university work paid by a voucher", money=True),
    Term("growth_support", "firms", "CNY / year", "sum", "services and money of an SME growth programme", money=True),
    Term("loan_interest", "firms", "1", "max", "share of the interest on a technology loan paid by the state"),
    Term("loan_cover", "firms", "1", "max", "share of a lender's loss on a technology loan carried by a risk pool"),
    # patents
    Term("filing_subsidy", "firms", "CNY", "sum", "money per invention application, firms", money=True),
    Term(
        "filing_subsidy_public",
        "universities",
        "CNY",
        "sum",
        "money per invention application, universities and institutes",
        money=True,
        account="universities",
    ),
    Term("grant_reward", "firms", "CNY", "sum", "money per invention granted, firms", money=True),
    Term("enforcement", "region", "standard deviations", "sum", "strength of intellectual property enforcement"),
    # universities and transfer
    Term(
        "inventor_share",
        "universities",
        "1",
        "max",
        "least share of transfer income that goes to inventors",
        national="transfer_law_inventor_share",
    ),
    Term(
        "team_equity",
        "universities",
        "1",
        "max",
        "least share of equity that goes to the team of a spin-off",
        national="transfer_law_inventor_share",
    ),
    Term(
        "staff_stake",
        "firms",
        "1",
        "max",
        "share of technical staff of state firms who hold dividend rights or equity while employed",
    ),
    Term(
        "equity_tax_years",
        "region",
        "years",
        "max",
        "years over which tax on equity awards may be paid",
        national="equity_instalment_years",
    ),
    Term(
        "approval", "universities", "1", "product", "factor on the time that a transfer waits for approval", neutral=1.0
    ),
    Term("income_kept", "universities", "1", "max", "share of transfer income that the institution keeps"),
    Term("use_or_list", "universities", "1", "max", "share of unused old results put on the open market each year"),
    # space, people and money
    Term(
        "incubator_floor",
        "incubators",
        "m2 / year",
        "sum",
        "incubator floor space ordered",
        account="suppliers",
        money=True,
    ),
    Term(
        "university_base",
        "universities",
        "bases / year",
        "sum",
        "incubation bases ordered at universities",
        account="suppliers",
        money=True,
    ),
    Term("maker_spaces", "incubators", "spaces / year", "sum", "maker spaces ordered", account="suppliers", money=True),
    Term(
        "startup_streets",
        "incubators",
        "streets / year",
        "sum",
        "startup streets ordered",
        account="suppliers",
        money=True,
    ),
    Term(
        "maker_support",
        "incubators",
        "CNY / year",
        "sum",
        "running subsidy of a maker space that charges no fee",
        account="incubators",
        money=True,
    ),
    Term(
        "fund_capital", "funds", "CNY / year", "sum", "public capital offered to sub-funds", account="funds", money=True
    ),
    Term("apartments", "region", "m2 / year", "sum", "talent apartments ordered", account="suppliers", money=True),
    Term(
        "high_end_award",
        "region",
        "persons / year",
        "sum",
        "high-end talents sought, with an award each",
        account="suppliers",
        money=True,
    ),
    Term(
        "graduate_award",
        "region",
        "persons / year",
        "sum",
        "graduates sought, with a settling allowance each",
        account="suppliers",
        money=True,
    ),
    Term("rent_relief", "region", "1", "max", "share of rent that researchers and founders are spared"),
    # carrying out
    Term("delivery", "region", "1", "sum", "strength of leadership, coordination and evaluation, 0 to 1"),
)

TERMS: dict[str, Term] = {t.name: t for t in _ALL}
