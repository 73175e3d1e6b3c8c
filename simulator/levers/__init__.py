"""Policy instruments, one a file: each turns settings into offers on the terms and touches nothing else."""
