"""What the contracts' unit tests share."""

from tests.support import titanoboa  # noqa: F401 - before the first contract is loaded
