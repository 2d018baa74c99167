"""A local chain with a whole venue on it, until Ctrl-C.  ape run devnet --help"""

from crossmargin.bots.settings import forwarded

cli = forwarded("devnet", "crossmargin.devnet", "A local chain with a whole venue on it, until Ctrl-C.")
