"""Execute orders as soon as their price is published.  ape run keeper --help"""

from crossmargin.bots.settings import forwarded

cli = forwarded("keeper", "crossmargin.bots.keeper", "Execute orders as soon as their price is published.")
