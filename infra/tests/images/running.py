"""A program of an image that runs contained, and what to ask it."""

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

CONTAIN = Path(__file__).parent / "contain.py"
PATIENCE_SECONDS = 20


class Answer(NamedTuple):
    status: int
    body: bytes


def fetch(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()


def until(condition, awaited, running):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {PATIENCE_SECONDS} s for {awaited}; it said:\n{running.said()}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """Started by the configuration of its image: entry point and health check are read from there."""

    def __init__(self, root, config, environment):
        self.root = str(root)
        self.check = config["Healthcheck"]["Test"]
        self.port = free_port()
        self.environment = environment | {"PORT": str(self.port)}
        self.output = tempfile.TemporaryFile()
        self.process = self._contained(config["Entrypoint"])
        self.threads = ThreadPoolExecutor()

    def _contained(self, command):
        return subprocess.Popen(
            [sys.executable, CONTAIN, self.root, *command],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
        )

    def health_check(self):
        """The exit code of the image's health check, run beside its program as an engine does."""
        kind, *command = self.check
        assert kind == "CMD", "a health check that needs a shell"
        return self._contained(command).wait(timeout=PATIENCE_SECONDS)

    def wait_until_live(self):
        def live():
            if self.process.poll() is not None:
                raise RuntimeError(f"ended with {self.process.returncode}; it said:\n{self.said()}")
            return self.health_check() == 0

        until(live, "the program to be live", self)

    def in_the_background(self, method, path):
        return self.threads.submit(fetch, self.port, method, path)

    def status(self):
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}

    def mounts(self):
        return Path(f"/proc/{self.process.pid}/mountinfo").read_text().splitlines()

    def said(self):
        return os.pread(self.output.fileno(), 1 << 20, 0).decode(errors="replace")

    def last_words(self):
        """All that it said: lines are written behind the answers, and at the end at the latest."""
        self.stop(signal.SIGTERM)
        return self.said()

    def stop(self, with_signal):
        self.process.send_signal(with_signal)
        self.process.wait(timeout=PATIENCE_SECONDS)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.threads.shutdown()
        self.output.close()
