"""The task that every way of working is given: a year of small and large firms, eight draws a firm.

In a year each firm
 1. begins R&D, or gives it up, by a chance that depends on its size;
 2. changes what part of its sales it would spend on R&D;
 3. has innovations, by its knowledge, which R&D feeds and which wears off;
 4. gains productivity by them, one year's being worth more than another's;
 5. grows, by its quality and what it gained, with a shock of fat tails that is smaller for larger firms;
 6. earns a margin, and pays for its R&D;
 7. may get a loan where it has run out of money;
 8. may close, small ones and those in distress more often; a newcomer takes its place.

The arithmetic is the same everywhere, the random numbers are each library's own: results agree in the mean.
"""

from __future__ import annotations

BEGIN, BEGIN_SIZE, GIVE_UP, GIVE_UP_SIZE, MOST = 0.10, 0.30, 0.17, -0.25, 0.5
AT = 5.0e7  # CNY / year of sales at which the two chances hold
DRIFT, DRIFT_SPREAD, LEAST, HIGHEST = -0.02, 0.20, 0.0005, 0.30
KEPT = 0.85  # of knowledge from a year to the next
ARRIVAL, ABSORPTION, RETURNS = 0.5, 5.0e6, 0.45
VALUE, VALUE_SPREAD = 0.004, 0.8
GROWTH, BY_QUALITY, GAIN, SHOCK, SHOCK_SIZE, SHOCK_AT, SMALLEST = 0.02, 0.01, 0.8, 0.16, -0.2, 1.0e7, 0.02
MARGIN, MARGIN_SPREAD = 0.05, 0.05
LOAN, LOAN_SIZE = 0.10, 0.20
CLOSE, CLOSE_SIZE, DISTRESS = 0.05, -0.18, 1.5
NEW_SALES = 5.0e5
START_SALES, START_SPREAD, START_RD, START_INTENSITY = 1.0e7, 1.5, 0.25, 0.02
COLUMNS = ("revenue", "quality", "does_rd", "intensity", "knowledge", "cash", "closed")
RESULTS = ("mean log of sales", "part with R&D", "mean log of knowledge", "closures a firm-year")
TOLERANCE = 0.05  # relative; for 20,000 firms and ten years luck alone stays well below it
