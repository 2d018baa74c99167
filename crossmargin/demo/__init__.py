"""The demo: a whole market's life, and its crash, on a local chain. `python -m crossmargin.demo`."""
