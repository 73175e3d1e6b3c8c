"""The nouns: agents, the terms that policy has on them, regions as data, and the world that holds them."""
