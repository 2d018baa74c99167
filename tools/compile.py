"""Compile the deployable contracts and show their sizes: ./run compile [--abi] [NAME ...]

With --abi, each contract's ABI is written to crossmargin/abi/<Name>.json. Exits 1 if one does not compile.
"""

import argparse
import json
import sys
from pathlib import Path

from vyper.cli.vyper_compile import get_search_paths
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings
from vyper.exceptions import VyperException

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
ABI = ROOT / "crossmargin" / "abi"
LIMIT = 24_576  # EIP-170


def deployables() -> list[Path]:
    """CamelCase.vy deploys; snake_case.vy is a module."""
    return sorted(path for path in CONTRACTS.glob("**/*.vy") if path.stem[0].isupper())


def compile_contract(path: Path) -> dict:
    bundle = FilesystemInputBundle(get_search_paths([str(ROOT)]))
    source = bundle.load_file(path.relative_to(ROOT))
    return compile_from_file_input(
        source,
        input_bundle=bundle,
        settings=Settings(evm_version="cancun"),
        output_formats=["abi", "bytecode", "bytecode_runtime", "layout"],
    )


def deployed_bytes(output: dict) -> int:
    """What lies on chain: the code, and the immutables that are put behind it."""
    code = output["bytecode_runtime"].removeprefix("0x")
    return len(code) // 2 + _length(output["layout"].get("code_layout", {}))


def _length(layout: dict) -> int:
    return sum(entry["length"] if "length" in entry else _length(entry) for entry in layout.values())


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./run compile", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="contracts to compile; all by default")
    parser.add_argument("--abi", action="store_true", help="write the ABIs to crossmargin/abi")
    options = parser.parse_args(argv)
    paths = deployables()
    unknown = set(options.names) - {path.stem for path in paths}
    if unknown:
        parser.error(f"no such contract: {', '.join(sorted(unknown))}")
    failed = 0
    for path in paths:
        if options.names and path.stem not in options.names:
            continue
        try:
            output = compile_contract(path)
        except VyperException as error:
            failed += 1
            print(f"{path.relative_to(ROOT)}: {error}", file=sys.stderr)
            continue
        size = deployed_bytes(output)
        print(f"{path.stem:<20} {size:>6,} bytes  {size / LIMIT:>4.0%} of the limit")
        if options.abi:
            ABI.mkdir(exist_ok=True)
            (ABI / f"{path.stem}.json").write_text(json.dumps(output["abi"], indent=2) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
