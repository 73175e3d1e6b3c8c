"""The institutions of a region as a network: which share firms, for Mesa's viewer.

A firm links the university nearest to it, the incubator that it is a tenant of, the fund that holds a stake in it and
the alliance that it belongs to: two institutions are as close as the number of firms that they share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from simulator.report.style import BLUE, GREEN, INK, ORANGE, PURPLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from networkx import Graph

    from simulator.mesa_model import RegionModel

KINDS = ("university", "incubator", "fund", "alliance")  # of institutions, as a firm's columns name them
POPULATION = {"university": "universities", "incubator": "incubators", "fund": "funds", "alliance": "alliances"}
COLOURS = {"university": BLUE, "incubator": ORANGE, "fund": GREEN, "alliance": PURPLE}
LABELS = {
    "university": ("universities and institutes", "高校院所"),
    "incubator": ("incubators and maker spaces", "孵化器与众创空间"),
    "fund": ("funds", "基金"),
    "alliance": ("alliances", "产业联盟"),
}
MOST_LINKS = 30  # of each two kinds
SERIES = ("hnte_count", "rd_share", "technology_transactions", "maker_spaces")

Node = tuple[str, int]


def links_of(model: RegionModel) -> Counter[tuple[Node, Node]]:
    """Return the number of living firms that each two institutions share; a node is a kind and its row."""
    firms = model.world.firms
    alive = np.flatnonzero(firms.alive)
    rows = {kind: getattr(firms, kind)[alive] for kind in KINDS}
    found: Counter[tuple[Node, Node]] = Counter()
    for one, other in combinations(KINDS, 2):
        here, there = rows[one], rows[other]
        both = (here >= 0) & (there >= 0) & _alive(model, one, here) & _alive(model, other, there)
        pairs, counts = np.unique(np.column_stack([here[both], there[both]]), axis=0, return_counts=True)
        for (a, b), count in zip(pairs.tolist(), counts.tolist(), strict=True):
            found[(one, a), (other, b)] = count
    return found


def _alive(model: RegionModel, kind: str, rows: np.ndarray) -> np.ndarray:
    """Return for each row of an institution whether it exists (bool)."""
    living = np.asarray(getattr(model.world, POPULATION[kind]).alive)
    if not living.size:
        return np.zeros(rows.shape, bool)
    return (rows >= 0) & (rows < living.size) & living[np.clip(rows, 0, living.size - 1)]


def graph_of(model: RegionModel, most: int = MOST_LINKS) -> Graph:
    """Return the strongest links, ``most`` between two kinds: ``kind`` of a node, ``firms`` of an edge."""
    import networkx

    graph = networkx.Graph()
    shown: Counter[tuple[str, str]] = Counter()
    for (one, other), count in links_of(model).most_common():
        kinds = one[0], other[0]
        shown[kinds] += 1
        if shown[kinds] > most:
            continue
        for node in (one, other):
            graph.add_node(node, kind=node[0])
        graph.add_edge(one, other, firms=count)
    return graph


def draw(axes: Axes, model: RegionModel, language: str = "en", most: int = MOST_LINKS) -> None:
    """Draw the network: nodes by kind and by the firms they share, the strongest links."""
    import networkx

    graph = graph_of(model, most)
    axes.set_axis_off()
    axes.set_title(f"{model.world.region.name[language]}, {model.year}", loc="left", fontsize=10)
    if not len(graph):
        return
    place = networkx.spring_layout(graph, seed=1, weight=None, k=1.4 / np.sqrt(len(graph)))
    most_firms = max(count for *_, count in graph.edges(data="firms"))
    widths = [0.3 + 2.2 * count / most_firms for *_, count in graph.edges(data="firms")]
    networkx.draw_networkx_edges(graph, place, ax=axes, width=widths, edge_color="#BBBBBB")
    firms = dict(graph.degree(weight="firms"))
    for kind in KINDS:
        nodes = [n for n in graph if n[0] == kind]
        if not nodes:
            continue
        sizes = [18.0 + 160.0 * np.sqrt(firms[n] / max(firms.values())) for n in nodes]
        networkx.draw_networkx_nodes(
            graph, place, nodelist=nodes, ax=axes, node_size=sizes, node_color=COLOURS[kind], linewidths=0.4,
            edgecolors=INK, label=LABELS[kind][language == "zh"],
        )  # fmt: skip
    axes.legend(loc="lower left", fontsize=7, frameon=False, markerscale=0.6)


def names_of_series(known: Sequence[str]) -> list[str]:
    """Return the series that are shown, of those that the model collects."""
    return [name for name in SERIES if name in known]
