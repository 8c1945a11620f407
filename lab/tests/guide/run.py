"""Does what a reader of the guide does: runs the commands of its pages in order, and compares what they print.

    python3 lab/tests/guide/run.py --lab target/debug/lab [PAGE ...]        a page is a name such as 1-task-metadata

Each page has a lab of its own. The check of a step must fail where the step begins, and succeed at its checkpoint. After lab 3, which
leaves most behind, the reader also cleans up.

The tools for executable Markdown (scrut, trycmd, tesh, byexample, cram) read commands and outputs from one block, with a prompt
before each command. Here a reader copies a whole block into a terminal, so that commands and outputs are separate blocks.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from page import blocks, normalised
from terminal import SHELLS, Terminal

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs/labs"
CLEAN_UP = PAGES / "clean-up.md"
# No command of the guide takes longer; lab 3 builds the program.
LONGEST_SECONDS = 900
# Tasks may start slowly: see lab 5.
START_SECONDS = 180
# The command of the lab terminal.
START = re.compile(r"cargo run( -- --.*)?$")
# Nobody listens there.
UNUSED_PORT = 1
# The ports in the text, and the keys of the endpoints file that have those of this run.
PORTS = {3000: "site", 8080: "alb", 8000: "dynamodb", 4566: "aws", 4318: "otlp"}


# The labs that run. They are ended, too, when a time limit ends this program.
LABS = []


class Failure(Exception):
    """What differs from the page."""


class Lab:
    """A lab on free ports. `sources` is the checkout in which it runs, and `command` is what a reader types to start it."""

    def __init__(self, program, sources, command="cargo run"):
        endpoints, self.log = sources.parent / "lab.json", sources.parent / "lab.log"
        free = [f"--{name}-port=0" for name in ("site", "alb", "dynamodb", "aws", "xray", "otlp")]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [program, *command.split()[3:], "--no-browser", *free, "--endpoints-file", endpoints, "--sources", sources],
                stdout=log, stderr=log, cwd=sources, start_new_session=True,
            )
        LABS.append(self.process)
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C stops everything." not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Failure(f"the lab did not start:\n{self.log.read_text()}")
            time.sleep(0.02)
        addresses = json.loads(endpoints.read_text())
        self.ports = {number: int(addresses[key].rsplit(":", 1)[1]) for number, key in PORTS.items()}
        self.ports[2000] = int(addresses["xray"]["api"].rsplit(":", 1)[1])

    def to_lab(self, text):
        """The text with this run's ports instead of those that a reader has."""
        return replace_ports(text, self.ports)

    def to_page(self, text):
        """The text with the ports that a reader has."""
        return replace_ports(text, {actual: number for number, actual in self.ports.items()})

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def replace_ports(text, ports):
    return re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda port: str(ports.get(int(port[0]), port[0])), text)


class Reader:
    """Goes through one page."""

    def __init__(self, program, path, has_checks, shell):
        self.program, self.path, self.has_checks, self.shell = program, path, has_checks, shell
        self.blocks = blocks(path.read_text())
        self.has_worktree = any("goto 3" in block.text for block in self.blocks)
        self.lab, self.terminals = None, {}
        # Beside the program, because hard links cannot lead to another file system.
        self.directory = tempfile.TemporaryDirectory(dir=program.parents[1], prefix="guide-")
        self.sources = Path(self.directory.name) / "checkout"

    def read(self):
        """Runs all commands in a checkout of its own, so that the labs change nothing in this one."""
        try:
            self.check_out()
            steps = {block.checkpoint for block in self.blocks}
            step = ""
            for block in self.blocks:
                if block.step != step and block.step in steps:
                    step = block.step
                    self.expect_not_done(block)
                if START.match(block.text):
                    self.start_lab(block)
                elif not block.checkpoint or self.has_checks:
                    self.run(block)
            if self.has_worktree:
                self.clean_up()
        finally:
            for terminal in self.terminals.values():
                terminal.close()
            if self.lab:
                self.lab.stop()
            self.directory.cleanup()

    def check_out(self):
        quiet = ["-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *quiet, "clone", "--quiet", "--no-local", "--depth=1", ROOT, self.sources], check=True)
        if self.has_worktree:
            # Lab 3 builds the program, and finds the compiled crates of its checkout.
            target = self.sources / "target/debug"
            unused = shutil.ignore_patterns("incremental", "examples")
            shutil.copytree(self.program.parent, target, copy_function=os.link, ignore=unused)
            self.program = target / self.program.name

    def clean_up(self):
        """Does what the page about it says, and looks at what is left of the lab."""
        self.lab.stop()
        self.path = CLEAN_UP
        for block in blocks(CLEAN_UP.read_text()):
            self.run(block)
        for command in ("status --short --ignored", "branch --list lab3"):
            result = subprocess.run(["git", *command.split()], cwd=self.sources, capture_output=True, text=True, check=True)
            if result.stdout:
                raise self.failure(block, f"the clean-up leaves (git {command})", result.stdout)

    def start_lab(self, block=None):
        self.lab = Lab(self.program, self.sources, block.text if block else "cargo run")
        if block:
            self.compare(block, self.lab.log.read_text(), block.outputs)

    def terminal(self, is_load=False):
        if not self.lab:
            self.start_lab()
        if is_load not in self.terminals:
            environment = {
                "LAB": str(self.program), "SITE_PORT": str(self.lab.ports[3000]), "AWS_PORT": str(self.lab.ports[4566]),
            }
            self.terminals[is_load] = Terminal(environment, self.sources, self.shell)
            if is_load:
                self.terminals[is_load].run('eval "$(cargo run -q -- env)"', LONGEST_SECONDS)
        return self.terminals[is_load]

    def expect_not_done(self, block):
        """The check of a step fails before the step, and says what is missing."""
        if self.has_checks:
            port = self.lab.ports[4566] if self.lab else UNUSED_PORT
            check = [self.program, "check", block.step, f"--aws-port={port}"]
            result = subprocess.run(check, capture_output=True, text=True)
            text, code = result.stdout + result.stderr, result.returncode
            if code == 0 or self.lab and ("  missing  " not in text or code != 1):
                raise self.failure(block, f"check {block.step} before the step: exit code {code}", text)

    def run(self, block):
        terminal = self.terminal(block.is_load)
        text = self.lab.to_lab(block.text)
        ends = [output for output in block.outputs if output.is_end]
        outputs = [output for output in block.outputs if not output.is_end]
        if block.is_load:
            terminal.start(text)
            return
        deadline = time.monotonic() + block.repeat
        while True:
            printed, code = terminal.run(text, LONGEST_SECONDS)
            try:
                if code != 0:
                    raise self.failure(block, f"exit code {code}", printed)
                self.compare(block, printed, outputs)
                if block.checkpoint and not printed.startswith(f"{block.checkpoint} {block.title}\n"):
                    raise self.failure(block, "the check has another title than the step", printed)
                break
            except Failure:
                if time.monotonic() > deadline:
                    raise
            time.sleep(1)
        for output in ends:
            printed, code = self.terminal(is_load=True).wait(LONGEST_SECONDS)
            if code != 0:
                raise self.failure(block, f"exit code {code} in the load terminal", printed)
            self.compare(block, printed, [output])

    def compare(self, block, printed, outputs):
        printed = self.lab.to_page(printed)
        for output in outputs:
            if not output.matches(printed):
                expected = normalised(output.text, output.numbers_vary)
                actual = normalised(printed, output.numbers_vary)
                raise self.failure(block, f"line {output.line} expects\n{expected}but the command printed", actual)

    def failure(self, block, what, printed):
        return Failure(f"{self.path.relative_to(ROOT)}:{block.line}: {block.text.strip()}\n{what}:\n{printed}")


def end_labs(*_):
    for lab in LABS:
        lab.kill()
    os._exit(1)


def main():
    signal.signal(signal.SIGTERM, end_labs)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, default=ROOT / "target/debug/lab", help="the program that is tested")
    parser.add_argument("--without-checks", action="store_true", help="do not run the checks of the steps")
    parser.add_argument("--shell", choices=sorted(SHELLS), default="bash", help="the shell of the terminals")
    parser.add_argument("--jobs", type=int, default=1, help="pages that are read at the same time")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="the pages, all by default")
    options = parser.parse_args()
    pages = [PAGES / f"{name}.md" for name in options.pages] or sorted(PAGES.glob("[0-9]*.md"))

    def read(page):
        started = time.monotonic()
        reader = Reader(options.lab.resolve(), page, not options.without_checks, options.shell)
        try:
            reader.read()
            failure = None
        except (Failure, OSError, subprocess.SubprocessError) as error:
            failure = error
        result = f"FAILED\n{failure}" if failure else f"{len(reader.blocks)} commands"
        print(f"{page.stem}: {result}, {time.monotonic() - started:.0f} s", flush=True)
        return failure

    with ThreadPoolExecutor(options.jobs) as readers:
        failures = list(readers.map(read, pages))
    return 1 if any(failures) else 0


if __name__ == "__main__":
    sys.exit(main())
