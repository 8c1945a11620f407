"""Builds the release binaries, and installs `wrk`."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

from bench.processes import show_progress

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["monolith", "like-service", "metadata-proxy", "lab", "xray", "twins"]
BINARIES = ["monolith", "like-service", "metadata-proxy", "lab", "xray", "twin-monolith", "twin-like-service"]


def find_target_directory():
    command = ["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"]
    metadata = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return pathlib.Path(json.loads(metadata)["target_directory"])


def build_binaries(is_built):
    """Builds all binaries, or with `is_built` uses the existing ones. Returns their paths by name."""
    directory = find_target_directory() / "release"
    if not is_built:
        show_progress("building the release binaries (about ten minutes after a change of a dependency)")
        packages = [argument for name in PACKAGES for argument in ("-p", name)]
        command = ["cargo", "build", "--release", "--locked", "--bins", *packages]
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            sys.exit("error: the release build failed; its messages are above")
    binaries = {name: directory / name for name in BINARIES}
    missing = [str(path) for path in binaries.values() if not path.exists()]
    if missing:
        sys.exit(f"error: not built: {', '.join(missing)}; run script/bench without --no-build")
    return binaries


def require_wrk():
    """Installs the load generator if this is root on Debian. Otherwise ends this program with instructions."""
    if shutil.which("wrk"):
        return
    if os.getuid() == 0 and shutil.which("apt-get"):
        show_progress("installing wrk")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "--yes", "wrk"]):
            subprocess.run(["apt-get", "-qq", *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
    if not shutil.which("wrk"):
        sys.exit(
            "error: the load generator 'wrk' was not found; install it with `apt install wrk`, `dnf install wrk` "
            "or from https://github.com/wg/wrk"
        )
