"""Cross-margin liquidity pools: client, reference model and tools."""

__version__ = "0.1.0"
