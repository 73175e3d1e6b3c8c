"""The commands of ``ris``, one function each; ``simulator.cli`` names them."""
