"""Speed as ratios, measured side by side in one run: `make bench`.

``scaled`` makes regions of any size, ``timing`` measures pieces of work in interleaved rounds, ``parts`` and its
neighbours say what is measured, ``table`` writes it down.
"""
