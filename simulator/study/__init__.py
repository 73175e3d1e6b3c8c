"""Many runs: ensembles of simulated futures, comparisons and the folders that they are written to."""
