"""The command line of `script/bench`."""

import argparse
import datetime
import os
import pathlib
import sys
import time

from bench.build import build_binaries, find_target_directory, require_wrk
from bench.environment import Environment
from bench.processes import Skip, show_progress
from bench.report import HEAD, format_comparison, format_row, read_json, write_json
from bench.rows import ROWS, select_rows

DESCRIPTION = """\
Measures the release binaries and compares both services with minimal twins (bench/twins).

Prints medians and quartiles as a table in Markdown, and writes target/bench.json. A ratio compares a configuration
with the twin in the same round: 1 means no cost, and less means a higher cost. The configuration `control` is the twin
a second time, so its ratios show the noise. docs/performance.md explains the method, and what each figure does not
mean. The exit code does not depend on the figures. Needs Linux, Python 3 and wrk.
"""
# The values of these options with and without --quick.
QUICK = {"rounds": 5, "seconds": 0.3, "burn_rounds": 1, "starts": 5, "lab_starts": 1, "deployments": 1, "queries": 3, "pipe_seconds": 5, "max_mysfits": 1_000}
FULL = {"rounds": 7, "seconds": 1.5, "burn_rounds": 3, "starts": 20, "lab_starts": 5, "deployments": 5, "queries": 7, "pipe_seconds": 60, "max_mysfits": 100_000}


def main():
    options = parse_arguments()
    rows = select_rows(options.only)
    if not rows:
        sys.exit(f"error: no row matches '{options.only}'; script/bench --list prints the names")
    if options.list:
        for row in rows:
            print(row.name)
        return
    if not sys.platform.startswith("linux"):
        sys.exit("error: script/bench needs Linux, because memory and CPU time are read from the kernel; run it in a container")
    earlier = read_json(options.compare) if options.compare else None
    require_wrk()
    binaries = build_binaries(options.no_build)
    measured = measure_rows(rows, options, binaries)
    path = find_target_directory() / "bench.json"
    write_json(path, measured)
    print(f"\nWritten: {path}")
    if earlier is not None:
        print(f"\n## Changes since {options.compare}\n")
        print("\n".join(format_comparison(earlier, measured)))


def parse_arguments():
    parser = argparse.ArgumentParser(prog="script/bench", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under two minutes when the binaries are built")
    parser.add_argument("--only", metavar="PATTERN", help="only the rows whose name contains PATTERN, or matches it as `like/*`")
    parser.add_argument("--compare", metavar="FILE", type=pathlib.Path, help="show the changes since an earlier bench.json")
    parser.add_argument("--list", action="store_true", help="print the names of the rows, and measure nothing")
    parser.add_argument("--no-build", action="store_true", help="use the existing release binaries")
    options = parser.parse_args()
    vars(options).update(QUICK if options.quick else FULL)
    return options


def measure_rows(rows, options, binaries):
    """Measures and prints each row. Returns pairs of a row and its samples, without the rows that were skipped."""
    start = time.monotonic()
    measured, skipped = [], []
    print(f"{datetime.date.today()}, {os.cpu_count()} cores, {options.rounds} rounds of {options.seconds:g} s, {describe_load()} at the start\n")
    print(HEAD, flush=True)
    with Environment(options, binaries) as environment:
        for row in rows:
            try:
                samples = row.measure(environment)
            except Skip as reason:
                skipped.append(f"{row.name}: not measured, because {reason}")
                continue
            show_progress("")
            print(format_row(row, samples), flush=True)
            measured.append((row, samples))
        show_progress("stopping all programs")
    show_progress("")
    print(f"\n{len(measured)} of {len(ROWS)} rows in {time.monotonic() - start:.0f} s, {describe_load()} at the end")
    print("\n".join(skipped))
    return measured


def describe_load():
    return f"load average {os.getloadavg()[0]:.1f}"
