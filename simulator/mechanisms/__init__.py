"""The verbs: what agents do in a year. Siblings never import each other."""
