"""Runs calls of the AWS CLI in one process that has already imported the CLI. Importing takes most of a call's time.

An AwsServer writes a program `aws`, which sends its arguments, its directory and the AWS variables to the server and prints the answer.
The program does not pass on its standard input, so the scripts must give files to the AWS CLI.
The program is a bash script, because Python takes ten times longer to start. fake_aws.py uses the same program."""

import atexit
import contextlib
import io
import os
import secrets
import shutil
import socketserver
import subprocess
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import yaml

# Each field ends with a NUL. The first field is the number of the other fields.
PROGRAM = """#!{bash}
fields=({key} "$PWD" "$#" "$@")
for name in ${{!AWS_@}}; do fields+=("$name=${{!name}}"); done
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%s\\0' "${{#fields[@]}}" "${{fields[@]}}" >&3
mapfile -d '' -t answer <&3
printf %s "${{answer[1]}}"
printf %s "${{answer[2]}}" >&2
exit "${{answer[0]:-255}}"
"""


def script_path(program_directory):
    """Returns the PATH of a script, with `aws` of the given directory. `python3` is the Python of this virtual environment without its
    packages, because users of the scripts do not have these packages. A version manager's `python3` would take longer to start."""
    return f"{program_directory}:{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}"


def read_fields(connection):
    received = b""
    while b"\0" not in received or received.count(b"\0") <= int(received.split(b"\0", 1)[0]):
        data = connection.recv(65536)
        if not data:
            raise ConnectionError("the call ended early")
        received += data
    return received.decode().split("\0")[1:-1]


class AwsServer(socketserver.TCPServer):
    """Writes `aws` into a directory, and answers its calls one after another. `run_call(arguments, directory, variables)` returns a call's
    exit code, output and error output."""

    def __init__(self, program_directory, run_call):
        super().__init__(("127.0.0.1", 0), None)
        self.run_call = run_call
        # Other users of this machine can connect to the server, but cannot read the key.
        self.key = secrets.token_hex()
        program = Path(program_directory) / "aws"
        program.write_text(PROGRAM.format(bash=shutil.which("bash"), key=self.key, port=self.server_address[1]))
        program.chmod(0o700)

    def finish_request(self, request, client_address):
        key, directory, count, *words = read_fields(request)
        if secrets.compare_digest(key, self.key):
            arguments, variables = words[:int(count)], words[int(count):]
            answer = self.run_call(arguments, directory, dict(each.split("=", 1) for each in variables))
            request.sendall("\0".join(map(str, answer)).encode())


def run_cli(driver, own_environment, arguments, directory, variables):
    """Runs a call. All calls use one driver, because creating a driver takes three times longer than a call."""
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(own_environment | variables)
    # The driver would use the value of --region for later calls, too.
    driver.session.get_component("config_store").clear_config_variable("region")
    with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(io.StringIO()) as errors:
        try:
            code = driver.main(arguments)
        except SystemExit as end:
            # Python exits with 0 if the code is None, and prints a text and exits with 1.
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):
                errors.write(f"{end.code}\n")
    return code, output.getvalue(), errors.getvalue()


def serve_cli(program_directory):
    # The CLI parses templates with this class. libyaml is ten times faster than PyYAML's own parser.
    yaml.SafeLoader = yaml.CSafeLoader
    from awscli.clidriver import create_clidriver
    from awscli.customizations.cloudformation import deployer
    from awscli.paramfile import register_uri_param_handler

    driver = create_clidriver()
    register_uri_param_handler(driver.session)
    # Each call would register one more handler.
    driver.session.unregister("session-initialized", register_uri_param_handler)
    # `aws cloudformation deploy` names a change set after the second. Here two deployments of a stack can start in the same second.
    deployer.time = SimpleNamespace(time=count().__next__)
    # Importing the CLI sets AWS_DATA_PATH.
    environment = dict(os.environ)
    server = AwsServer(program_directory, lambda *call: run_cli(driver, environment, *call))
    print("ready", flush=True)
    server.serve_forever()


@cache
def start_aws_server():
    """Returns a directory with an `aws` that calls the server. The first call starts the server, which runs until this process ends."""
    directory = tempfile.TemporaryDirectory()
    # The driver keeps this machine's AWS configuration, so there must be none.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    server = subprocess.Popen([sys.executable, __file__, directory.name], env=environment, stdout=subprocess.PIPE, text=True)

    def stop():
        server.terminate()
        server.wait(30)
        directory.cleanup()

    atexit.register(stop)
    if server.stdout.readline() != "ready\n":
        raise RuntimeError("the server of the AWS CLI did not start")
    return Path(directory.name)


if __name__ == "__main__":
    serve_cli(sys.argv[1])
