"""Long loads: what stays flat when the program works for long."""
