"""Lab 3 with the AWS CLI, from its start state to the bonus: the patches of the lab in reverse are the solutions. Builds the Like service three
times, so that only script/test-slow runs it. LAB_BIN is the lab's binary in the checkout, and cargo must be installed."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import clients
from test_ecs import CLUSTER, LIKE_SERVICE

CHECKOUT = Path(__file__).parents[3]

PATCHES = "lab/src/scenario/mysfits/lab3"

MYSFIT = "4e53920c-505a-4a90-a694-b9300791f0ae"

# Some of the variables that `cargo run` sets for the verb, and that the reader's shell does not have. The build script of ring reads them.
CARGO_RUN = {"CARGO_MANIFEST_DIR": "/checkout/lab", "CARGO_PKG_NAME": "lab", "CARGO_PKG_VERSION_MAJOR": "7"}

# Maximum time in seconds of a build on a busy machine.
BUILD_SECONDS = 600

# The container of lab 3.2.
DAEMON = {"name": "x-ray-daemon", "image": "x-ray-daemon", "portMappings": [{"containerPort": 2000, "protocol": "udp"}]}


class Lab3(unittest.TestCase):
    def setUp(self):
        # The compiled crates are shared only within a checkout, so the clone gets those of this checkout as its own.
        program = Path(os.environ["LAB_BIN"])
        directory = tempfile.TemporaryDirectory(dir=program.parents[1])
        self.addCleanup(directory.cleanup)
        self.clone = Path(directory.name) / "checkout"
        self.run_in(CHECKOUT, "git", "clone", "--quiet", "--no-local", "--depth=1", ".", str(self.clone))
        target = self.clone / "target/debug"
        shutil.copytree(program.parent, target, copy_function=link, ignore=shutil.ignore_patterns("incremental", "examples"))
        self.program = str(target / program.name)
        self.worktree = self.clone / ".lab/lab3"
        # Likes have no faults, so that each one reaches the monolith.
        variables = {"CHAOS_STRESS_PERCENT": "0", "CHAOS_NOT_FOUND_PERCENT": "0"}
        self.lab = clients.start_lab([f"--sources={self.clone}"], variables, self.program)
        self.addCleanup(self.lab["stop"])
        self.cli = clients.command_lines_for(self.lab["aws"])[0]
        self.maps = []

    def test_the_map_shows_the_monolith_alone_then_the_like_service_and_with_the_bonus_the_edge(self):
        port = urlsplit(self.lab["site"]).port
        progress = self.run_in(self.clone, self.program, "goto", "3", f"--site-port={port}", f"--sources={self.clone}", **CARGO_RUN)
        # The compiled crates of registries are shared.
        self.assertIn("Compiling like-service ", progress)
        self.assertNotIn("Compiling syn ", progress)
        self.assertNotIn("Compiling ring ", progress)
        self.assertNotIn("Compiling", self.run_in(self.worktree, "cargo", "build", "--locked"))
        self.assert_map({"monolith"}, set())
        self.add_the_daemon()
        self.assert_map({"monolith"}, set())
        self.solve("requests")
        self.assert_map({"like service", "monolith"}, set())
        self.solve("calls")
        self.assert_map({"like service", "monolith"}, {("like service", "monolith")})
        # The tasks of the earlier maps have ended and have sent all their traces.
        for times, expected in self.maps[:-1]:
            self.assertEqual(self.the_map(*times), expected)

    def run_in(self, directory, *command, **variables):
        environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"} | variables
        result = subprocess.run(command, cwd=directory, env=environment, check=False, stderr=subprocess.PIPE, text=True, timeout=BUILD_SECONDS)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr

    def solve(self, step):
        """Fills the gaps of a step, builds, and delivers."""
        self.run_in(self.worktree, "git", "apply", "--reverse", f"{PATCHES}/{step}.patch")
        self.run_in(self.worktree, "cargo", "build", "--locked")
        self.deploy("--force-new-deployment")

    def add_the_daemon(self):
        """Lab 3.2."""
        query = """taskDefinition.{family: family, cpu: cpu, memory: memory, networkMode: networkMode,
            requiresCompatibilities: requiresCompatibilities, containerDefinitions: containerDefinitions}"""
        definition = self.cli.aws("ecs", "describe-task-definition", "--task-definition", LIKE_SERVICE, "--query", query)
        definition["containerDefinitions"].append(DAEMON)
        self.cli.aws("ecs", "register-task-definition", "--cli-input-json", json.dumps(definition))
        self.deploy("--task-definition", LIKE_SERVICE)

    def deploy(self, *options):
        self.cli.aws("ecs", "update-service", "--cluster", CLUSTER, "--service", LIKE_SERVICE, *options)
        self.cli.aws("ecs", "wait", "services-stable", "--cluster", CLUSTER, "--services", LIKE_SERVICE)

    def assert_map(self, services, edges):
        """Checks which of the two services the map of the next likes shows, and which edges between them."""
        # Traces of earlier likes and of tasks that stopped are older.
        start = int(time.time()) + 1
        wait("the next second", lambda: time.time() >= start)
        for _ in range(8):
            request = urllib.request.Request(f"{self.lab['alb']}/mysfits/{MYSFIT}/like", method="POST")
            with urllib.request.urlopen(request, timeout=clients.TIMEOUT_SECONDS) as response:
                self.assertEqual(response.status, 200)
        end = int(time.time()) + 1
        wait(f"{services}, {edges}", lambda: self.the_map(start, end) == (services, edges, 8))
        self.maps.append(((start, end), (services, edges, 8)))

    def the_map(self, start, end):
        """Returns the names of the services, the edges between them, and the number of fulfilled likes."""
        times = ["--start-time", str(start), "--end-time", str(end)]
        found = self.cli.aws("xray", "get-service-graph", *times)["Services"]
        nodes = {node["ReferenceId"]: node for node in found if node["Name"] in ("like service", "monolith") and node["Type"] != "client"}
        names = {node["Name"] for node in nodes.values()}
        edges = {(node["Name"], nodes[edge["ReferenceId"]]["Name"]) for node in nodes.values() for edge in node["Edges"] if edge["ReferenceId"] in nodes}
        fulfilled = self.cli.aws("xray", "get-trace-summaries", *times, "--filter-expression", 'service("monolith")')
        return names, edges, len(fulfilled["TraceSummaries"])


def link(source, target):
    os.link(source, target)
    return target


def wait(what, is_reached):
    deadline = time.monotonic() + clients.TIMEOUT_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(clients.POLL_INTERVAL_SECONDS)


if __name__ == "__main__":
    unittest.main()
