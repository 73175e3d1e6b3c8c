"""The live page: an engine that answers while doses move, and the pages over it."""
