"""Hours of universities, handed out to those who ask until they are used up."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def serve(order: np.ndarray, own: np.ndarray, cost: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return who gives each applicant its hours (m,), -1 for nobody; ``left`` (CNY by university) is used up.

    ``order`` (m,) ranks the applicants, ``own`` (m,) is the university that each asks first, ``cost`` (m,) CNY.
    """
    provider = np.full(order.shape[0], -1)
    for k in order:
        j = own[k]
        if left[j] < cost[k]:
            j = np.argmax(left)
        if left[j] >= cost[k]:
            left[j] -= cost[k]
            provider[k] = j
    return provider
