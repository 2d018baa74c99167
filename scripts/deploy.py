"""Deploy a venue from one file, or bring one in line with it.  ape run deploy --help"""

from crossmargin.bots.settings import forwarded

cli = forwarded("deploy", "crossmargin.deploy", "Deploy a venue from one file, or bring one in line with it.")
