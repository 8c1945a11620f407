"""A replacement for the AWS CLI in test_scripts.py. FakeAws finds the response in a table of regular expressions over a call's arguments,
applies --query and --output like the AWS CLI, and keeps each call.

The table is a list of [pattern, response or {"error": text}]. A response or an error with "times": N answers only the first N calls
that match its pattern."""

import json
import re
import tempfile
import threading
from functools import cache
from pathlib import Path

import jmespath
from aws_server import AwsServer


def option_value(arguments, name):
    return arguments[arguments.index(name) + 1] if name in arguments else None


def text_lines(value):
    """Returns the lines that the CLI prints with --output text. A list of lists has several lines, another list has one line."""
    if not isinstance(value, list):
        return [str(value)]
    if any(isinstance(each, list) for each in value):
        return [line for each in value for line in text_lines(each)]
    return ["\t".join(str(each) for each in value)] if value else []


class FakeAws:
    """`directory` contains an `aws` that gets its responses from `answers` and whose calls are added to `calls`."""

    def __init__(self):
        self.answers, self.calls = [], []
        # The directory exists as long as this object.
        self.temporary_directory = tempfile.TemporaryDirectory()
        self.directory = Path(self.temporary_directory.name)
        threading.Thread(target=AwsServer(self.directory, self.answer_call).serve_forever, daemon=True).start()

    def answer_call(self, arguments, _directory, _variables):
        call = " ".join(arguments)
        earlier_calls = list(self.calls)
        self.calls.append(call.replace("\n", " "))

        def answers_call(pattern, answer):
            if not re.search(pattern, call):
                return False
            return "times" not in answer or len([each for each in earlier_calls if re.search(pattern, each)]) < answer["times"]

        answer = next((answer for pattern, answer in self.answers if answers_call(pattern, answer)), None)
        if answer is None:
            return 0, "", ""
        if "error" in answer:
            return 1, "", answer["error"] + "\n"
        query = option_value(arguments, "--query")
        result = jmespath.search(query, answer) if query else answer
        lines = text_lines(result) if option_value(arguments, "--output") == "text" else [json.dumps(result)]
        return 0, "\n".join(lines) + "\n", ""


@cache
def start_fake_aws():
    return FakeAws()
