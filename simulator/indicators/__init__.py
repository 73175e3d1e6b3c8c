"""What is looked at: one theme, one file. Indicators read the world and never write."""
