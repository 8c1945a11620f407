"""Starts MiniStack and moto on loopback, creates boto3 clients for them, and runs the scripts against them."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
from aws_server import script_path, start_aws_server
from botocore.config import Config
from resolved import ROOT

HERE = Path(__file__).resolve().parent
REGION = "us-east-1"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Emulator:
    def __init__(self, command, environment=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile("w+")
        arguments = [word.format(port=self.port) for word in command]
        extra_variables = {key: value.format(port=self.port) for key, value in (environment or {}).items()}
        self.process = subprocess.Popen(arguments, env={**os.environ, **extra_variables}, stdout=self.log, stderr=subprocess.STDOUT)
        self.wait()

    def wait(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.log.seek(0)
        raise RuntimeError(f"the emulator did not start: {self.log.read()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="test",
                            aws_secret_access_key="test", config=Config(retries={"max_attempts": 1}))

    def environment(self, directory):
        """Returns a script's environment, with `aws` from the given directory and without this machine's AWS configuration."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return {
            **inherited, "PATH": script_path(directory), "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_MAX_ATTEMPTS": "1",
            "MYSFITS_POLL_SECONDS": "0", "MYSFITS_TRIES": "1",
        }

    def run_script(self, name, *options, stack, real_cli=False, **extra_variables):
        """Runs a script, with the installed AWS CLI or with the server process of the CLI."""
        directory = Path(sys.executable).parent if real_cli else start_aws_server()
        return subprocess.run(
            [ROOT / "infra/script" / name, "--stack", stack, "--region", REGION, *options], check=False,
            env={**self.environment(directory), **extra_variables}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=300)


def start_ministack():
    return Emulator([sys.executable, str(HERE / "ministack_server.py")],
                    {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": "{port}"})


def start_moto():
    return Emulator([str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", "{port}"])
