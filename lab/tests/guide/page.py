"""Reads a page of the guide as a list of steps, commands and outputs.

A fenced block `sh` is a command, and the block `text` that follows it is its output. A block `json` is text for an editor, and a
block without a language is not read. In a quoted block ("> **On AWS**") nothing is a command. Comments tell the runner what the
reader does not need to know:

    <!-- guide: instead           the commands up to --> run in place of the next block, which takes long or needs an editor
    <!-- guide: repeat 90 -->     the next block is run again until its output matches, at most for 90 s
    <!-- guide: load -->          the next block runs in the load terminal, and the page goes on meanwhile
    <!-- guide: end of load -->   the next output is that of the load terminal, when its block has ended
    <!-- guide: without TEXT -->  the next output does not have this text
    <!-- guide: numbers vary -->  of the numbers in the next output, only those that are 0 are compared
"""

import re
from dataclasses import dataclass, field

STEP = re.compile(r"^## (\d\.\d) (.*)")
CHECKPOINT = re.compile(r"^cargo run -q -- check (\d\.\d)$")
ORDERS = {"instead", "repeat", "load", "end of load", "numbers vary", "without"}
LANGUAGES = {"sh", "text", "json", ""}
COMMENT = re.compile(r"^<!-- guide: (.+?)( -->)?$")
# What differs in each run. The first expression that matches a text replaces it.
VARYING = [
    (re.compile(expression), name)
    for expression, name in (
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", "TIME"),
        (r"\b1-[0-9a-f]{8}-[0-9a-f]{24}\b", "TRACE"),
        (r"(?<!\.)\b[0-9a-f]{32}(-\d{10})?\b|(?<!\.)\b[0-9a-f]{16}\b|\becs-svc/\d+\b", "ID"),
        (r"\b127\.(?!0\.0\.1\b)\d+\.\d+\.\d+\b", "ADDRESS"),
        (r"\b\d\d:\d\d(:\d\d)?\b", "TIME"),
        (r"\b\d+(\.\d+)? ?(ns|µs|ms|s)\b|\b1\d{9}\.\d+\b", "TIME"),
    )
]
# What `load` prints if other programs need the processors. A reader's machine is not always idle.
BUSY = "warning: this machine did not keep the rate"


@dataclass
class Block:
    """A command."""

    line: int
    text: str
    step: str
    title: str
    is_load: bool = False
    repeat: float = 0
    outputs: list = field(default_factory=list)

    @property
    def checkpoint(self):
        """The id of the step whose check this command is."""
        found = CHECKPOINT.match(self.text.strip())
        return found and found[1]


@dataclass
class Output:
    """An expected output."""

    line: int
    text: str
    numbers_vary: bool
    is_end: bool
    without: str = ""

    def matches(self, actual):
        if self.without and self.without in actual:
            return False
        return re.fullmatch(self.pattern(), normalised(actual, self.numbers_vary)) is not None

    def pattern(self):
        lines = []
        for line in normalised(self.text, self.numbers_vary).splitlines():
            any_lines = line.strip(" ,") == "…"
            lines.append(r"(?:.*\n)*?" if any_lines else re.escape(line).replace("…", ".*") + r"\n")
        return "".join(lines)


def normalised(text, numbers_vary=False):
    """The text with names for what differs in each run, and with one blank in the place of several."""
    for expression, name in VARYING:
        text = expression.sub(name, text)
    if numbers_vary:
        text = re.sub(r"\d+(\.\d+)?", lambda number: "N" if float(number[0]) else "0", text)
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.strip().splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith(BUSY))


def blocks(text):
    """The commands of a page, with their outputs."""
    found, orders, step = [], {}, ("", "")
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if heading := STEP.match(line):
            step = heading.groups()
        elif comment := COMMENT.match(line):
            name = "without" if comment[1].startswith("without ") else comment[1].rstrip(" 0123456789")
            if name not in ORDERS:
                raise ValueError(f"line {number}: {line}")
            orders[name] = comment[1] if comment[2] else until(lines, "-->")
        elif line.startswith("```"):
            language, body = line[3:].strip(), until(lines, "```")
            if language not in LANGUAGES:
                raise ValueError(f"line {number}: {line}")
            if language == "sh":
                repeat = float(orders.get("repeat", "0").split()[-1])
                found.append(Block(number, orders.get("instead", body), *step, "load" in orders, repeat))
                orders = {}
            elif language == "text":
                without = orders.get("without", "").removeprefix("without ")
                output = Output(number, body, "numbers vary" in orders, "end of load" in orders, without)
                if found[-1].is_load:
                    raise ValueError(f"line {number}: the output of the load terminal needs `end of load`")
                found[-1].outputs.append(output)
                orders = {}
    return found


def until(lines, end):
    body = []
    for _, line in lines:
        if line.strip() == end:
            return "\n".join(body) + "\n"
        body.append(line)
    raise ValueError(f"no {end} before the end of the page")
