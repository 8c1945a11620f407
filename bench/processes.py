"""Starts, observes and stops child processes. CPU time and memory are read as Linux reports them."""

import contextlib
import multiprocessing
import pathlib
import signal
import socket
import subprocess
import sys
import time

HOST = "127.0.0.1"
# The timeout of a start, of a response and of a stop.
TIMEOUT_SECONDS = 60


class Skip(Exception):
    """A row cannot be measured on this machine or in this run; the message says why."""


def show_progress(text):
    """Shows on standard error what the benchmark is doing. On a terminal, a text replaces the text before."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="" if text else "\r", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def run_process(command, environment, output=subprocess.DEVNULL):
    """Runs a child process with exactly this environment, and stops it at the end. `output` receives its standard output."""
    child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stderr.close()


def wait_until(child, is_ready, pause):
    """Waits until `is_ready()` returns true. Ends this program if the child ends or the timeout has passed."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not is_ready():
        if child.poll() is not None:
            sys.exit(f"error: {child.args[0]} ended: {child.stderr.read().decode()}")
        if time.monotonic() > deadline:
            sys.exit(f"error: {child.args[0]} was not ready within {TIMEOUT_SECONDS} s; check the load of this machine")
        time.sleep(pause)


def find_free_port():
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


def is_listening(port):
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


def read_cpu_seconds(pid):
    # The id of the CPU clock of a process, as clock_getcpuclockid(3) computes it. /proc is less exact.
    return time.clock_gettime(~pid << 3 | 2)


def read_memory_mib(pid, field="VmRSS"):
    """Returns the resident memory of a process, or with `field="VmHWM"` its highest value since the start."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024


@contextlib.contextmanager
def run_worker(target, *arguments):
    """Runs `target` in a separate process, because the interpreter lock would delay the measurement."""
    context = multiprocessing.get_context("fork")
    own_end, worker_end = context.Pipe()
    process = context.Process(target=target, args=(worker_end, *arguments), daemon=True)
    process.start()
    try:
        yield own_end
    finally:
        process.terminate()
        process.join()
