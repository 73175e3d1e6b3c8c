"""What a larger part of the income leaves inventors of universities and institutes willing to do."""

from __future__ import annotations

import numpy as np

REFERENCE_SHARE = 0.5  # inventors' share at which rates are stated: common before the reforms
LEAST_SHARE = 0.05  # inventors' share below which it is as good as none


def response_to_share(own: np.ndarray, offered: np.ndarray, elasticity: float, rise_discount: float) -> np.ndarray:
    """Return by which factor inventors do more than at the reference share, (m,).

    Institutions differ by the whole elasticity; a rise (``offered``, (m,) or (1,)) above what one gave before
    (``own``, (m,)) moves less than a cut would, by ``rise_discount``.
    """
    before = np.maximum(own, LEAST_SHARE)
    now = np.maximum(before, offered)
    return np.asarray((before / REFERENCE_SHARE) ** elasticity * (now / before) ** (elasticity * rise_discount))
