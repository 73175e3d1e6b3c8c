"""Every kind of agent and its columns. One row is one real organisation; money is CNY of the year."""

from __future__ import annotations

import numpy as np

from simulator.core.population import Population, column

PRIVATE, STATE, FOREIGN = 0, 1, 2
INCUMBENT, STAFF_FOUNDED, UNIVERSITY_FOUNDED, STUDENT_FOUNDED, GROWN = 0, 1, 2, 3, 4
ATTRACTED_FIRM, FOUNDED_AGAIN = 5, 6  # origins of firms too; ATTRACTED below is a kind of institute
UNIVERSITY, INSTITUTE, ATTRACTED, OVERSEAS = 0, 1, 2, 3
INCUBATOR, MAKER_SPACE = 0, 1
ANGEL, VENTURE, GUIDANCE = 0, 1, 2
TECHNICIANS, ENTREPRENEURS, LEADERS = 0, 1, 2  # kinds of course
ACADEMICIAN, POSTDOC = 1, 2  # kinds of workstation
TECH_DIMENSIONS = 8
LAGS = 3

POOLS = ("researchers", "graduates", "high_end", "makers", "mentors", "service_organisations")
PROJECT_KINDS = (
    "incubator_floor",
    "maker_space",
    "startup_street",
    "apartments",
    "university_base",
    "software_park",
    "institute",
    "platform",
    "innovation_zone",
    "high_tech_park",
    "academician_station",
    "postdoc_station",
    "university_fund",
    "district_fund",
    "institute_fund",
    "transfer_office",
    "overseas_centre",
    "contract_institute",
)

PLANT_STAGES = ("plate", "bar_wire", "other_rolled", "deep_processing", "castings")


class Firms(Population):
    """Above-scale industrial firms, every firm that does or could do R&D, and newcomers in those classes."""

    sector: np.ndarray = column("int16", unit="index", doc="row of the region's sectors")
    district: np.ndarray = column("int16", unit="index", doc="row of the region's districts")
    founded: np.ndarray = column("int16", unit="year", doc="year of founding")
    ownership: np.ndarray = column("int8", unit="code", doc="0 private, 1 state, 2 foreign")
    origin: np.ndarray = column(
        "int8",
        unit="code",
        doc="0 incumbent, 1 founded by staff, 2 by researchers, 3 by students or makers, 4 grown in, "
        "5 attracted from elsewhere, 6 by founders of a firm that closed",
    )
    settled: np.ndarray = column("int16", unit="year", doc="year in which it came from elsewhere, 0 for others")
    quality: np.ndarray = column("float64", unit="1", doc="latent quality of team and idea, standard normal")
    tech: np.ndarray = column(
        "float32", unit="1", doc="position in technology space, a unit vector", width=TECH_DIMENSIONS
    )

    staff: np.ndarray = column("float64", unit="persons", doc="employees")
    revenue: np.ndarray = column("float64", unit="CNY / year", doc="main business revenue")
    revenue_lag1: np.ndarray = column("float64", unit="CNY / year", doc="revenue a year ago")
    revenue_lag2: np.ndarray = column("float64", unit="CNY / year", doc="revenue two years ago")
    growth: np.ndarray = column("float64", unit="log points / year", doc="growth of revenue in the last year")
    productivity: np.ndarray = column(
        "float64", unit="log points", doc="total factor productivity relative to the start"
    )
    edge: np.ndarray = column("float64", unit="log points", doc="lead in productivity that sales already reflect")
    margin: np.ndarray = column("float64", unit="1", doc="own profit margin before R&D effects")
    profit: np.ndarray = column("float64", unit="CNY / year", doc="profit before tax")
    value_added: np.ndarray = column(
        "float64", unit="CNY / year", doc="value added; transfers and relief are not in it"
    )
    tax: np.ndarray = column("float64", unit="CNY / year", doc="corporate tax paid")
    loss_pool: np.ndarray = column("float64", unit="CNY", doc="losses still to be set off")
    cash: np.ndarray = column("float64", unit="CNY", doc="liquid funds")
    debt: np.ndarray = column("float64", unit="CNY", doc="bank debt")
    novelty: np.ndarray = column("float64", unit="1", doc="share of sales from novel products, wears off")
    product_gain: np.ndarray = column(
        "float64", unit="CNY / year", doc="sales that its drugs on the way to their peak add this year"
    )

    does_rd: np.ndarray = column("bool", unit="0/1", doc="performs R&D this year")
    rd_years: np.ndarray = column("int16", unit="years", doc="years of R&D without a break")
    rd_intensity: np.ndarray = column("float64", unit="1", doc="R&D over revenue that the firm would choose unaided")
    rd_real: np.ndarray = column("float64", unit="CNY / year", doc="R&D that is R&D")
    rd_aided: np.ndarray = column("float64", unit="CNY / year", doc="of this, what a grant of the year added")
    rd_reported: np.ndarray = column(
        "float64", unit="CNY / year", doc="R&D as the firm reports it to tax and status offices"
    )
    rd_lag1: np.ndarray = column("float64", unit="CNY / year", doc="reported R&D a year ago")
    rd_lag2: np.ndarray = column("float64", unit="CNY / year", doc="reported R&D two years ago")
    rd_staff: np.ndarray = column("float64", unit="persons", doc="R&D staff, full-time equivalent")
    knowledge: np.ndarray = column("float64", unit="CNY", doc="knowledge stock, depreciates")
    status_cost: np.ndarray = column(
        "float64", unit="CNY", doc="what an application for HNTE status would cost this year"
    )
    has_institution: np.ndarray = column("bool", unit="0/1", doc="has an R&D institution of its own")
    technology_centre: np.ndarray = column(
        "bool", unit="0/1", doc="its R&D institution is recognised at municipal level or above"
    )
    technicians: np.ndarray = column("float64", unit="persons", doc="technical staff in the sense of the HNTE rule")
    rd_aid_year: np.ndarray = column("int16", unit="year", doc="last year of an R&D grant or reward, 0 never")
    named: np.ndarray = column(
        "int8", unit="code", doc="counted by name since the plan: 1 for R&D support, 2 for the growth programme, 3 both"
    )
    alliance: np.ndarray = column("int32", unit="row", doc="alliance that it belongs to, -1 for none", default=-1)
    pooled: np.ndarray = column("float64", unit="1", doc="more innovations by what an alliance pools, this year")
    innovations: np.ndarray = column("int32", unit="count / year", doc="innovations that arrived this year")
    hightech_share: np.ndarray = column("float64", unit="1", doc="share of revenue from high-tech products")

    claims: np.ndarray = column("bool", unit="0/1", doc="claims the R&D super-deduction")
    claim_induced: np.ndarray = column("bool", unit="0/1", doc="claims it only because guidance made that easier")
    hnte_until: np.ndarray = column("int16", unit="year", doc="last year of the HNTE certificate, 0 without one")
    hnte_informed: np.ndarray = column("bool", unit="0/1", doc="knows what HNTE status takes and brings")
    technology_sme: np.ndarray = column("bool", unit="0/1", doc="recognised technology SME, the broad local notion")
    innovative_small: np.ndarray = column("bool", unit="0/1", doc="recognised innovative small firm")
    above_scale: np.ndarray = column("bool", unit="0/1", doc="above-scale industrial firm, entered with a lag")
    supported: np.ndarray = column("int16", unit="year", doc="last year on the growth programme's list, 0 never")
    grants: np.ndarray = column("int16", unit="count", doc="R&D grants won so far")

    patents: np.ndarray = column("int32", unit="inventions", doc="inventions in force")
    quality_patents: np.ndarray = column("int32", unit="inventions", doc="of these from true filings")
    waiting_true: np.ndarray = column("int32", unit="filings", doc="true filings waiting, by years waited", width=LAGS)
    waiting_marginal: np.ndarray = column("int32", unit="filings", doc="marginal filings waiting, by years", width=LAGS)
    filed: np.ndarray = column("int32", unit="filings / year", doc="invention applications this year")
    filed_true: np.ndarray = column("int32", unit="filings / year", doc="of these with an invention behind them")
    granted: np.ndarray = column("int32", unit="patents / year", doc="inventions granted this year")

    incubator: np.ndarray = column("int32", unit="row", doc="incubator or maker space, -1 for none", default=-1)
    incubated: np.ndarray = column("int16", unit="years", doc="years as a tenant")
    graduated: np.ndarray = column("int16", unit="year", doc="year of graduation, 0 never")
    mentored: np.ndarray = column("float64", unit="1", doc="strength of mentoring received, fades after three years")
    university: np.ndarray = column("int32", unit="row", doc="university nearest in technology and space", default=-1)
    nearness: np.ndarray = column("float64", unit="1", doc="how near it is, 0 to 1")
    link: np.ndarray = column("float64", unit="1", doc="strength of the tie to it")
    acquired: np.ndarray = column("float64", unit="CNY", doc="knowledge bought this year, at the start's prices")
    boost: np.ndarray = column(
        "float64", unit="CNY", doc="university work whose effect has not worn off, at the start's prices"
    )
    boost_life: np.ndarray = column("float64", unit="years", doc="half-life of that effect")
    uses_facility: np.ndarray = column("bool", unit="0/1", doc="uses shared instruments of a university this year")
    voucher_year: np.ndarray = column("int16", unit="year", doc="year of the first innovation voucher, 0 never")
    registers: np.ndarray = column("bool", unit="0/1", doc="registers its technology contracts")
    technology_sales: np.ndarray = column("float64", unit="CNY / year", doc="sales of technology, registered or not")
    contracts: np.ndarray = column(
        "float64", unit="CNY / year", doc="value of technology contracts registered this year"
    )

    trained: np.ndarray = column("float64", unit="persons", doc="technicians trained on a course, still up to date")
    trained_gain: np.ndarray = column("float64", unit="log points", doc="productivity that they bring now")
    advised: np.ndarray = column("int16", unit="year", doc="last year of advice on new technology, 0 never")
    station: np.ndarray = column(
        "int8", unit="code", doc="1 academician workstation, 2 postdoctoral workstation, 3 both, 0 none"
    )
    in_park: np.ndarray = column("bool", unit="0/1", doc="tenant of a software park")

    loan: np.ndarray = column("float64", unit="CNY", doc="technology loan outstanding")
    loan_cover: np.ndarray = column("float64", unit="1", doc="share of its loss that a risk pool carries")
    loan_entry: np.ndarray = column("int16", unit="index", doc="entry that promised the cover, -1 none", default=-1)
    pledge: np.ndarray = column("float64", unit="CNY", doc="loan on patents outstanding")
    pledge_cover: np.ndarray = column("float64", unit="1", doc="share of its loss that a risk pool carries")
    pledge_entry: np.ndarray = column("int16", unit="index", doc="entry that promised that cover, -1 none", default=-1)
    bond: np.ndarray = column("float64", unit="CNY", doc="private bonds outstanding")
    orders: np.ndarray = column(
        "float64", unit="1", doc="novel share of sales to come of public orders, by years until", width=LAGS
    )
    loan_growth: np.ndarray = column("float64", unit="log points", doc="growth still to come from a loan or a deal")
    fund: np.ndarray = column("int32", unit="row", doc="fund that holds a stake, -1 for none", default=-1)
    stake: np.ndarray = column("float64", unit="CNY", doc="what the fund paid")
    stake_year: np.ndarray = column("int16", unit="year", doc="year of the deal")
    equity: np.ndarray = column("float64", unit="CNY", doc="equity raised from funds so far")
    listed: np.ndarray = column("int8", unit="code", doc="0 no, 1 regional board or NEEQ, 2 exchange")

    plant_sales: np.ndarray = column(
        "float64", unit="CNY / year", doc="sales of the plants that it owns this year, 0 for a firm without plants"
    )
    cost_shift: np.ndarray = column(
        "float64", unit="1", doc="change of the profit margin by prices of energy and of what its plants make"
    )
    policy_income: np.ndarray = column("float64", unit="CNY / year", doc="money received from policy this year")
    tax_relief: np.ndarray = column("float64", unit="CNY / year", doc="tax not paid this year because of relief")


class Universities(Population):
    """Universities and research institutes."""

    kind: np.ndarray = column(
        "int8", unit="code", doc="0 university, 1 institute, 2 attracted institute, 3 overseas R&D centre"
    )
    district: np.ndarray = column("int16", unit="index", doc="row of the region's districts")
    opened: np.ndarray = column("int16", unit="year", doc="year of opening; attracted ones ramp up")
    tech: np.ndarray = column("float32", unit="1", doc="position in technology space", width=TECH_DIMENSIONS)
    researchers: np.ndarray = column("float64", unit="persons", doc="researchers")
    working: np.ndarray = column("float64", unit="1", doc="part of full size at which it works; it ramps up", default=1)
    core_budget: np.ndarray = column("float64", unit="CNY / year", doc="R&D money from the state and own funds")
    contract_income: np.ndarray = column("float64", unit="CNY / year", doc="contract research sold this year")
    budget: np.ndarray = column("float64", unit="CNY / year", doc="R&D performed, both together")
    shelf: np.ndarray = column("float64", unit="results", doc="results waiting for a user, younger than two years")
    shelf_old: np.ndarray = column("float64", unit="results", doc="results waiting longer")
    patents: np.ndarray = column("float64", unit="inventions", doc="inventions in force")
    quality_patents: np.ndarray = column("float64", unit="inventions", doc="of these from true filings")
    waiting_true: np.ndarray = column("float64", unit="filings", doc="true filings waiting", width=LAGS)
    waiting_marginal: np.ndarray = column("float64", unit="filings", doc="marginal filings waiting", width=LAGS)
    filed: np.ndarray = column("float64", unit="filings / year", doc="invention applications this year")
    filed_true: np.ndarray = column("float64", unit="filings / year", doc="of these with an invention behind them")
    granted: np.ndarray = column("float64", unit="patents / year", doc="inventions granted this year")
    results: np.ndarray = column("float64", unit="results / year", doc="usable results this year")
    transfer_staff: np.ndarray = column("float64", unit="persons", doc="staff of the transfer office")
    inventor_share: np.ndarray = column(
        "float64", unit="1", doc="share of transfer income that inventors get where no rule asks for more"
    )
    deals: np.ndarray = column("float64", unit="deals / year", doc="licences, assignments and equity deals")
    deal_value: np.ndarray = column("float64", unit="CNY / year", doc="value of these deals")
    contracts: np.ndarray = column("float64", unit="CNY / year", doc="contracts registered this year")
    leavers: np.ndarray = column(
        "float64", unit="firms / year", doc="firms that its researchers leave to found this year"
    )
    spinoffs: np.ndarray = column("float64", unit="firms", doc="firms founded from it so far")
    has_base: np.ndarray = column("bool", unit="0/1", doc="has an incubation base")
    has_fund: np.ndarray = column("bool", unit="0/1", doc="has an incubation fund")
    has_office: np.ndarray = column("bool", unit="0/1", doc="has a transfer office")
    has_company: np.ndarray = column("bool", unit="0/1", doc="has a transfer company")
    hours_sold: np.ndarray = column(
        "float64", unit="CNY / year", doc="work for firms not paid out of their R&D: vouchers, joint funds, fees"
    )
    policy_income: np.ndarray = column("float64", unit="CNY / year", doc="money received from policy this year")
    tax_relief: np.ndarray = column("float64", unit="CNY / year", doc="tax relief, zero for these")


class Incubators(Population):
    """Incubators and maker spaces."""

    kind: np.ndarray = column("int8", unit="code", doc="0 incubator, 1 maker space")
    district: np.ndarray = column("int16", unit="index", doc="row of the region's districts")
    opened: np.ndarray = column("int16", unit="year", doc="year of opening")
    floor: np.ndarray = column("float64", unit="m2", doc="floor space in use or to let")
    seats: np.ndarray = column("float64", unit="firms or teams", doc="how many it can hold")
    tenants: np.ndarray = column("float64", unit="firms", doc="tenant firms")
    quality: np.ndarray = column("float64", unit="1", doc="quality of selection and support, standard normal")
    mentors: np.ndarray = column("float64", unit="persons", doc="mentors who work with its tenants")
    fee_relief: np.ndarray = column("float64", unit="1", doc="share of its cost that users are spared by a subsidy")
    professional: np.ndarray = column("bool", unit="0/1", doc="run by a professional operator")
    policy_income: np.ndarray = column("float64", unit="CNY / year", doc="money received from policy this year")
    tax_relief: np.ndarray = column("float64", unit="CNY / year", doc="tax relief, zero for these")


class Funds(Population):
    """Angel and venture funds, and the sub-funds of guidance funds."""

    kind: np.ndarray = column("int8", unit="code", doc="0 angel, 1 venture, 2 guidance sub-fund")
    vintage: np.ndarray = column("int16", unit="year", doc="year of closing")
    skill: np.ndarray = column("float64", unit="1", doc="screening skill, standard normal")
    committed: np.ndarray = column("float64", unit="CNY", doc="capital promised by its partners")
    paid_in: np.ndarray = column("float64", unit="CNY", doc="capital paid in so far")
    cash: np.ndarray = column("float64", unit="CNY", doc="money not invested")
    away: np.ndarray = column("float64", unit="CNY", doc="what was paid for holdings elsewhere that are not sold yet")
    public_share: np.ndarray = column("float64", unit="1", doc="public part of its capital")
    public_paid: np.ndarray = column("float64", unit="CNY", doc="public capital paid in so far")
    entry: np.ndarray = column("int16", unit="index", doc="entry whose money it holds, -1 none", default=-1)
    policy_income: np.ndarray = column("float64", unit="CNY / year", doc="money received from policy this year")
    tax_relief: np.ndarray = column("float64", unit="CNY / year", doc="tax relief, zero for these")


class Products(Population):
    """Pharmaceutical products, from discovery to sale."""

    owner: np.ndarray = column("uint64", unit="key", doc="key of the firm, university or institute that owns it")
    stage: np.ndarray = column(
        "int8", unit="code", doc="0 discovery, 1 preclinical, 2-4 clinical phases, 5 review, 6 on the market"
    )
    generic: np.ndarray = column("bool", unit="0/1", doc="a generic or a new form of a known drug, not a new drug")
    years: np.ndarray = column("float64", unit="years", doc="time spent in the stage")
    peak_sales: np.ndarray = column(
        "float64", unit="CNY / year", doc="sales at the peak, if it gets there, at the start's prices"
    )
    reached: np.ndarray = column("float64", unit="1", doc="part of the way to the peak that it has gone")
    sales: np.ndarray = column("float64", unit="CNY / year", doc="sales this year, a part of its owner's revenue")
    upgraded: np.ndarray = column("int16", unit="year", doc="year of its last upgrade, 0 never")


class Alliances(Population):
    """Industrial technology innovation alliances: firms that pool part of their research."""

    sector: np.ndarray = column("int16", unit="index", doc="row of the region's sectors, the lead firm's")
    founded: np.ndarray = column("int16", unit="year", doc="year of founding")
    lead: np.ndarray = column("uint64", unit="key", doc="key of the firm that leads it")
    members: np.ndarray = column("int16", unit="firms", doc="member firms")
    level: np.ndarray = column("int8", unit="code", doc="0 city, 1 province, 2 national")
    policy_income: np.ndarray = column("float64", unit="CNY / year", doc="money received from policy this year")
    tax_relief: np.ndarray = column("float64", unit="CNY / year", doc="tax relief, zero for these")


class Plants(Population):
    """Plants of the steel industry, in cities whose folder names them; a plant is a line, not a firm."""

    owner: np.ndarray = column("uint64", unit="key", doc="key of the firm that owns it")
    stage: np.ndarray = column("int8", unit="code", doc="row of PLANT_STAGES")
    capacity: np.ndarray = column("float64", unit="t / year", doc="capacity in place")
    building: np.ndarray = column("float64", unit="t / year", doc="new lines ordered that do not work yet")
    output: np.ndarray = column("float64", unit="t / year", doc="output of the year")
    unmet: np.ndarray = column("float64", unit="t / year", doc="orders of the year that it could not make")
    grade: np.ndarray = column("float64", unit="1", doc="share of output made to a customer's own grade, 0 to 1")
    vintage: np.ndarray = column("int16", unit="year", doc="year of building or of the last rebuilding")
    price: np.ndarray = column("float64", unit="CNY / t", doc="price per tonne, by-products and services in it")
    price_first: np.ndarray = column("float64", unit="CNY / t", doc="the same at the start")
    grade_first: np.ndarray = column("float64", unit="1", doc="grade at the start")
    cost_first: np.ndarray = column("float64", unit="CNY / t", doc="cost per tonne at the start")
    margin: np.ndarray = column("float64", unit="1", doc="margin on its sales this year")
    sales: np.ndarray = column("float64", unit="CNY / year", doc="sales outside the owner")


class Platforms(Population):
    """Shared innovation and industry platforms of a sector, opened by measures."""

    sector: np.ndarray = column("int16", unit="index", doc="row of the region's sectors")
    opened: np.ndarray = column("int16", unit="year", doc="year of opening")
    entry: np.ndarray = column("int16", unit="index", doc="entry that ordered it, -1 none", default=-1)
    paid: np.ndarray = column("float64", unit="1", doc="share of its running cost that was paid this year")


class Pools(Population):
    """People and organisations that are counted, not followed: one row a pool, in the order of POOLS."""

    stock: np.ndarray = column("float64", unit="persons", doc="stock at the end of the year")
    inflow: np.ndarray = column("float64", unit="persons / year", doc="joined this year")
    drawn: np.ndarray = column("float64", unit="persons / year", doc="of the inflow, drawn by what the city offers")
    taken: np.ndarray = column("float64", unit="persons / year", doc="of the inflow, lost by neighbouring cities")
    missing: np.ndarray = column("float64", unit="persons", doc="whom neighbouring cities are without, lost so far")


class Projects(Population):
    """What measures have ordered and delivery has not finished."""

    kind: np.ndarray = column("int8", unit="code", doc="row of PROJECT_KINDS")
    quantity: np.ndarray = column("float64", unit="m2 or units", doc="how much is ordered")
    ordered: np.ndarray = column("int16", unit="year", doc="year of the order")
    lost: np.ndarray = column("bool", unit="0/1", doc="never to be built, as will turn out")
    entry: np.ndarray = column("int16", unit="index", doc="entry that ordered it", default=-1)
    sector: np.ndarray = column("int16", unit="index", doc="sector that it is for, -1 for none", default=-1)
    finished: np.ndarray = column("int16", unit="year", doc="year in which it was finished, 0 not yet")
    left: np.ndarray = column("float64", unit="years", doc="part of the year of the order that was left", default=0.5)


class Sectors(Population):
    """The region's sectors: the outside demand of the year and what is not done by agents."""

    demand_growth: np.ndarray = column("float64", unit="1 / year", doc="nominal growth of demand this year")
    rest_value_added: np.ndarray = column("float64", unit="CNY / year", doc="value added by the rest of the economy")
    value_added: np.ndarray = column("float64", unit="CNY / year", doc="value added by agents")
    productivity: np.ndarray = column("float64", unit="log points", doc="mean productivity of agents, by sales")
    platform_support: np.ndarray = column(
        "float64", unit="1", doc="share of the sector's R&D performers that its platforms reach, 0 to 1"
    )
    induced: np.ndarray = column(
        "float64", unit="1", doc="more innovations of R&D performers because energy is dearer, as a share"
    )
    energy_saved: np.ndarray = column(
        "float64", unit="1", doc="share of energy per sales that a local surcharge made the sector save"
    )
    entry_ease: np.ndarray = column(
        "float64", unit="1", doc="more firms that grow into the sector because land is let flexibly, as a share"
    )
    covered: np.ndarray = column(
        "float64", unit="1", doc="activity that statistics have come to count since the start, over that counted then"
    )
    hightech_start: np.ndarray = column("float64", unit="1", doc="high-tech share of agents' value added at the start")
    opportunities: np.ndarray = column(
        "float64", unit="innovations", doc="what is still to be invented, where opportunities are closed"
    )
    opportunities_first: np.ndarray = column("float64", unit="innovations", doc="the same at the start")
