"""Sends load with `wrk`, and reads its result."""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

THREADS = 2
# wrk counts a response later than this as an error.
TIMEOUT = "30s"
# wrk needs whole seconds for its duration. The duration is an upper limit: a signal ends the load earlier.
MAX_DURATION = "600s"

SCRIPT = """
wrk.method = "{method}"
done = function(summary)
    local errors = summary.errors
    print(string.format('{{"requests": %d, "microseconds": %d, "errors": %d}}', summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def send_load(address, method, path, connections, seconds, headers=None, body=None):
    """Sends requests to `address` (host and port) for `seconds`. Returns the number of responses and the elapsed seconds.

    Ends this program if a request fails, because failed requests cost less than successful ones.
    """
    with tempfile.TemporaryDirectory() as directory:
        script = pathlib.Path(directory) / "load.lua"
        script.write_text(SCRIPT.format(method=method) + format_content(headers or {}, body))
        threads = min(THREADS, connections)
        url = f"http://{address}{path}"
        command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{MAX_DURATION}", f"--timeout={TIMEOUT}", f"-s{script}", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as wrk:
            time.sleep(seconds)
            # wrk ends its load at SIGINT, and then prints its result.
            wrk.send_signal(signal.SIGINT)
            output, messages = wrk.communicate()
    result = parse_result(output.decode())
    if result is None or result["requests"] == 0:
        sys.exit(
            f"error: no response to {method} {url} within {seconds:g} s; end other programs on this machine, "
            f"or leave out --quick for longer rounds:\n{output.decode()}{messages.decode()}"
        )
    if result["errors"]:
        sys.exit(f"error: {result['errors']} of {result['requests']} requests failed: {method} {url}; check whether `script/test` passes")
    return result["requests"], result["microseconds"] / 1e6


def format_content(headers, body):
    """Returns the lines of the script that set the headers and the body. JSON texts of ASCII are texts of Lua, too."""
    lines = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()]
    return "\n".join(lines + ([f"wrk.body = {json.dumps(body)}"] if body else []))


def parse_result(output):
    """Returns the line of JSON that the script prints after the report of wrk."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else None
