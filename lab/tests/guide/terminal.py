"""A shell in which commands run one after another, as in the reader's terminal."""

import os
import selectors
import signal
import subprocess
import tempfile
import time
from pathlib import Path

# The reader's `cargo run -q -- VERB` is the program that is tested, and it talks to the lab of this run.
PRELUDE = """
trap 'failed=$?' ERR
cargo() {
    if [[ "$1 $2 $3" != "run -q --" ]]; then command cargo "$@"; return; fi
    local verb=$4; shift 4
    case $verb in
    # The program was built in another checkout than that of the page.
    # As `cargo run` does, the lab has variables with its package.
    goto) CARGO_MANIFEST_DIR=$PWD/lab CARGO_PKG_NAME=lab "$LAB" goto --site-port "$SITE_PORT" --sources "$PWD" "$@" ;;
    reset) "$LAB" reset --site-port "$SITE_PORT" "$@" ;;
    *) "$LAB" "$verb" --aws-port "$AWS_PORT" "$@" ;;
    esac
}
"""

# How a shell starts without the settings of this machine, and what it has to be told: in bash, functions have no trap of their own, and a
# program has no aliases (`env` prints one for old versions of the AWS CLI).
SHELLS = {
    "bash": (["bash", "--noprofile", "--norc"], "set -E; shopt -s expand_aliases\n"),
    "zsh": (["zsh", "-f"], ""),
}

# The build of lab 3 belongs into the directory of its source.
IGNORED = ("CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR")


class Terminal:
    """A process of a shell. It keeps its variables and its directory from command to command."""

    def __init__(self, environment, directory, shell="bash"):
        command, settings = SHELLS[shell]
        self.directory = tempfile.TemporaryDirectory()
        self.script = Path(self.directory.name) / "block.sh"
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={name: value for name, value in os.environ.items() if name not in IGNORED} | environment, cwd=directory, start_new_session=True,
        )
        self.output = b""
        self.end = None
        self._write(settings + PRELUDE)

    def start(self, text):
        """Starts a command."""
        self.script.write_text(text)
        self.output, self.end = b"", f"end-of-command-{time.monotonic_ns()}"
        # A pattern of zsh that matches no file ends the script without a call of the trap.
        self._write(f"failed=0; . {self.script} </dev/null; last=$?; printf '\\n{self.end} %s\\n' $((failed ? failed : last))\n")

    def wait(self, seconds):
        """Waits for the end of the commands. Returns their output and the exit code of the last one that failed, or 0. The code is
        `None` if they take longer."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                text, found, code = self.output.partition(f"\n{self.end} ".encode())
                if found and code.endswith(b"\n"):
                    return text.decode(errors="replace"), int(code)
                if selector.select(left):
                    data = os.read(self.process.stdout.fileno(), 65536)
                    if not data:
                        break
                    self.output += data
        return self.output.decode(errors="replace"), None

    def run(self, text, seconds):
        self.start(text)
        return self.wait(seconds)

    def close(self):
        """Ends the shell and what it has started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.communicate()
        self.directory.cleanup()

    def _write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()
