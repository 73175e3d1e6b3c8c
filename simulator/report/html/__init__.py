"""The report: one HTML file that opens offline, made from the tables of a folder."""
