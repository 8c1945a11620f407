"""Runs calls of the AWS CLI in processes that have already imported the CLI. Importing takes most of a call's CPU time."""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile

# Maximum time in seconds of a call.
TIMEOUT_SECONDS = 60


class AwsCli:
    """The AWS CLI that the Python `interpreter` imports."""

    def __init__(self, interpreter, environment):
        command = [interpreter, __file__]
        self.server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        atexit.register(self.server.communicate)

    def run(self, *arguments):
        print(json.dumps(arguments), file=self.server.stdin, flush=True)
        return subprocess.CompletedProcess(arguments, *json.loads(self.server.stdout.readline()))


def serve():
    from awscli.clidriver import create_clidriver

    driver = create_clidriver()
    loader = driver.session.get_component("data_loader")
    for service in ["application-autoscaling", "cloudwatch", "dynamodb", "ecs", "elbv2", "logs", "sts", "xray"]:
        loader.load_service_model(service, "service-2")
    for line in sys.stdin:
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = os.fork()
            if process == 0:
                call(driver, json.loads(line), output, errors)
            _, status = os.waitpid(process, 0)
            texts = [file.seek(0) or file.read().decode() for file in [output, errors]]
        print(json.dumps([os.waitstatus_to_exitcode(status), *texts]), flush=True)


def call(driver, arguments, output, errors):
    """Runs a call and ends the process. SIGALRM ends a waiter that waits for too long."""
    signal.alarm(TIMEOUT_SECONDS)
    os.dup2(output.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    code = 255
    try:
        code = driver.main(arguments)
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
