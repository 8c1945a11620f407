"""Runs the program of an unpacked image with contain.py, and sends requests to the program."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

CONTAIN_SCRIPT = Path(__file__).parent / "contain.py"
TIMEOUT_SECONDS = 20


class Answer(NamedTuple):
    status: int
    body: bytes


def fetch(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()


def wait_until(condition, description, running):
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {TIMEOUT_SECONDS} s for {description}; the program's output:\n{running.read_output()}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RunningImage:
    """A running program of an image. The entry point and the health check come from the image's configuration."""

    def __init__(self, root, config, environment):
        self.root = str(root)
        self.check = config["Healthcheck"]["Test"]
        self.port = free_port()
        self.environment = environment | {"PORT": str(self.port)}
        self.output = tempfile.TemporaryFile()
        self.process = self._run_contained(config["Entrypoint"])
        self.threads = ThreadPoolExecutor()

    def _run_contained(self, command):
        return subprocess.Popen(
            [sys.executable, CONTAIN_SCRIPT, self.root, *command],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
        )

    def health_check(self):
        """Runs the image's health check while the program runs, like a container engine, and returns the exit code."""
        kind, *command = self.check
        assert kind == "CMD", "the health check needs a shell"
        return self._run_contained(command).wait(timeout=TIMEOUT_SECONDS)

    def wait_until_live(self):
        def is_live():
            if self.process.poll() is not None:
                raise RuntimeError(f"the program ended with exit code {self.process.returncode}; its output:\n{self.read_output()}")
            return self.health_check() == 0

        wait_until(is_live, "the program to be live", self)

    def fetch_in_background(self, method, path):
        return self.threads.submit(fetch, self.port, method, path)

    def status(self):
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}

    def mounts(self):
        return Path(f"/proc/{self.process.pid}/mountinfo").read_text().splitlines()

    def read_output(self):
        return os.pread(self.output.fileno(), 1 << 20, 0).decode(errors="replace")

    def stop_and_read_output(self):
        """Stops the program and returns its output. The program may write log lines after its response, but writes all lines before it ends."""
        self.stop(signal.SIGTERM)
        return self.read_output()

    def stop(self, signal_number):
        self.process.send_signal(signal_number)
        self.process.wait(timeout=TIMEOUT_SECONDS)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.threads.shutdown()
        self.output.close()
