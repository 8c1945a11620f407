"""Runs commands of the AWS CLI in a shell after the commands that the lab's verb `env` prints."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from clients import lab

COMMANDS = """
eval "$("$LAB_BIN" env --aws-port "$PORT")"
aws ecs describe-services --cluster "$CLUSTER" --services "$LIKE_SERVICE" "$MONOLITH_SERVICE" --query services[].serviceName
aws ecs list-task-definitions --family-prefix "$LIKE_FAMILY" --query 'length(taskDefinitionArns) > `0`'
aws ecs list-task-definitions --family-prefix "$MONOLITH_FAMILY" --query 'length(taskDefinitionArns) > `0`'
aws elbv2 describe-rules --rule-arns "$LIKE_RULE" --query Rules[0].Priority
aws elbv2 describe-target-groups --target-group-arns "$LIKE_TARGET_GROUP" "$MONOLITH_TARGET_GROUP" --query TargetGroups[].TargetGroupName
aws dynamodb scan --table-name "$TABLE" --select COUNT --query Count
"""

RESULTS = [["Mythical-Like-Service-mysfits", "Mythical-Monolith-Service-mysfits"], True, True, "1", ["mysfits-like-service", "mysfits-monolith"], 12]


class Env(unittest.TestCase):
    def test_commands_with_the_names_of_env_call_the_lab(self):
        environment = {
            # Version 1 of the AWS CLI is in the directory of the interpreter.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": "/nonexistent",
            "LAB_BIN": os.environ["LAB_BIN"],
            "PORT": str(urlsplit(lab()["aws"]).port),
            # These would select another account and another endpoint.
            "AWS_PROFILE": "work",
            "AWS_SESSION_TOKEN": "token",
            "AWS_ENDPOINT_URL_ECS": "http://127.0.0.1:1",
        }
        result = subprocess.run(["sh", "-euc", COMMANDS], env=environment, check=False, capture_output=True, text=True, timeout=300)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        decoder, results, text = json.JSONDecoder(), [], result.stdout.strip()
        while text:
            value, end = decoder.raw_decode(text)
            results, text = [*results, value], text[end:].strip()
        self.assertEqual(results, RESULTS)


if __name__ == "__main__":
    unittest.main()
