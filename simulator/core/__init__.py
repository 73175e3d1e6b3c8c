"""Machinery without domain words: declarations, parameters, populations, luck, terms and the ledger."""
