"""Runs the test modules at the same time, each in its own process, and prints the time of each module."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The modules that take longest start first. Their order is measured, and affects only the total time.
SLOWEST_FIRST = ["test_emulated", "test_faults", "test_scripts", "test_bootstrap"]


def run_module(name):
    """Runs the tests of a module. Returns the name, the exit code, the output and the seconds."""
    start = time.monotonic()
    # --buffer shows the output of the template resolver only if a test fails.
    command = [sys.executable, "-m", "unittest", "--buffer", name]
    result = subprocess.run(command, cwd=HERE, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return name, result.returncode, result.stdout, time.monotonic() - start


def main():
    names = sorted(path.stem for path in HERE.glob("test_*.py"))
    names.sort(key=lambda name: SLOWEST_FIRST.index(name) if name in SLOWEST_FIRST else len(SLOWEST_FIRST))
    failed_names = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in as_completed([pool.submit(run_module, name) for name in names]):
            name, exit_code, output, seconds = future.result()
            # The last lines of unittest's output are the number of tests, and OK or FAILED.
            summary = ", ".join([line for line in output.splitlines() if line][-2:])
            print(f"{seconds:5.0f} s  {name}: {summary}", flush=True)
            if exit_code:
                failed_names.append(name)
                print(output)
    if failed_names:
        sys.exit(f"error: tests failed in {', '.join(failed_names)}")


if __name__ == "__main__":
    main()
