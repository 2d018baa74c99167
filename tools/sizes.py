"""Fail when a contract's deployed code passes the budget: python -m tools.sizes

The budget (22,500 bytes) leaves room under EIP-170's 24,576 for what later issues add. contracts/dev is not deployed for use.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tools.compile import compile_contract, deployables, deployed_bytes

BUDGET = 22_500


def size_of(path: Path) -> tuple[str, int]:
    """Name and deployed bytes of one contract."""
    return path.stem, deployed_bytes(compile_contract(path))


def main() -> int:
    """Print one line for each contract over the budget; 1 if there is one."""
    paths = [path for path in deployables() if path.parent.name == "contracts"]
    with ProcessPoolExecutor(max_workers=2) as pool:
        sizes = dict(pool.map(size_of, paths))
    large = {name: size for name, size in sizes.items() if size > BUDGET}
    for name, size in large.items():
        print(f"{name}: {size:,} bytes deployed, the budget is {BUDGET:,}", file=sys.stderr)
    if not large:
        top = max(sizes, key=sizes.__getitem__)
        print(f"{len(sizes)} contracts within {BUDGET:,} bytes; the largest is {top} with {sizes[top]:,}")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
