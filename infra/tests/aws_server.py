"""Runs calls of the AWS CLI in forks of a server process that has already imported the CLI. Importing takes most of a call's time.

`python aws_server.py SOCKET` forks a copy for each call. PROGRAM is an `aws` that passes its arguments, directory, environment,
input and output to the server. With FAKE_AWS_ANSWERS in the environment, fake_aws.py answers instead of the CLI."""

import atexit
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import fake_aws

# The services that the scripts call.
SERVICES = ("application-autoscaling", "cloudformation", "cloudfront", "cloudwatch", "codebuild", "cognito-idp", "dynamodb", "ec2", "ecr", "ecs",
            "logs", "resourcegroupstaggingapi", "s3", "service-quotas", "sqs", "sts", "xray")

PROGRAM = """#!{python} -IS
import json, os, socket, struct, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect({address!r})
call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(connection, [struct.pack("!I", len(call))], [0, 1, 2])
connection.sendall(call)
code = connection.recv(1)
sys.exit(code[0] if code else 255)
"""


def read_call(connection):
    """Returns the arguments, directory and environment of a call, and replaces this process's standard streams with the caller's."""
    head, files, _, _ = socket.recv_fds(connection, 4, 3)
    length, body = int.from_bytes(head, "big"), b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    for number, file in enumerate(files):
        os.dup2(file, number)
    return json.loads(body)


def answer(connection, driver):
    """Runs one call in this forked process, sends the exit code to the caller, and ends the process."""
    arguments, directory, environment = read_call(connection)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    code = 255
    try:
        if "FAKE_AWS_ANSWERS" in os.environ:
            sys.argv = ["aws", *arguments]
            code = fake_aws.main() or 0
        else:
            code = driver.main(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(bytes([code % 256]))
        os._exit(code % 256)


def load_cli_driver():
    """Returns the CLI's driver after loading the service models into memory."""
    import awscli.clidriver

    driver = awscli.clidriver.create_clidriver()
    driver._get_command_table()
    loader = driver.session.get_component("data_loader")
    for service in SERVICES:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    return driver


def collect_ended_copies():
    """Waits for ended forks, so that their CPU time counts as this process's."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def serve(address):
    driver = load_cli_driver()
    # Forks share the memory of objects that the garbage collector does not modify.
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    # Renaming creates the final address only after the server is ready.
    listener.bind(address + ".new")
    listener.listen(64)
    os.rename(address + ".new", address)
    while True:
        connection, _ = listener.accept()
        collect_ended_copies()
        if os.fork() == 0:
            listener.close()
            answer(connection, driver)
        connection.close()


@cache
def start_aws_server():
    """Returns a directory with an `aws` that calls the server. The first call starts the server, which runs until this process ends."""
    directory = tempfile.TemporaryDirectory()
    address, programs = Path(directory.name) / "socket", Path(directory.name) / "programs"
    programs.mkdir()
    (programs / "aws").write_text(PROGRAM.format(python=sys.executable, address=str(address)))
    (programs / "aws").chmod(0o755)
    server = subprocess.Popen([sys.executable, __file__, address])

    def stop():
        server.terminate()
        server.wait(30)
        directory.cleanup()

    atexit.register(stop)
    deadline = time.monotonic() + 120
    while not address.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the server of the AWS CLI did not start")
        time.sleep(0.05)
    return programs


if __name__ == "__main__":
    serve(sys.argv[1])
