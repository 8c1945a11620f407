"""Reads the calls of the AWS CLI in shell scripts and checks them against the CLI's own tables of commands and options and, for
--query, against the shapes of the API models."""

import re
from functools import cache
from typing import NamedTuple

import awscli.clidriver
from jmespath.parser import Parser


class Call(NamedTuple):
    file: str
    words: tuple

    def __str__(self):
        return f"{self.file}: aws {' '.join(self.words)[:120]}"


# --- The shell ----------------------------------------------------------------------------------------------------------

HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1(.*?)\n(?:.*?\n)?[ \t]*\2(?=\n|$)", re.DOTALL)
COMMAND_SEPARATORS = {"\n", ";", "|", "&", "(", ")", "`"}


class Shell:
    """Splits a script into commands, which are lists of words. An expansion is a part of its word: `$name`, `$()`."""

    def __init__(self, text):
        # The first line of a here-document has commands, the others are data.
        self.text, self.position, self.commands = HEREDOC.sub(lambda found: found[3] + "\n", text), 0, []

    def peek(self, count=1):
        return self.text[self.position:self.position + count]

    def read(self, closing=None, array=False):
        """Reads commands up to `closing`. In an array's parentheses a line end is a space."""
        words, word = [], None

        def end_word():
            nonlocal word
            if word is not None:
                words.append(word)
            word = None

        def end_command():
            nonlocal words
            end_word()
            if words:
                self.commands.append(words)
            words = []

        while self.position < len(self.text):
            char = self.peek()
            if char == closing:
                self.position += 1
                break
            if char == "\\":
                if self.peek(2) == "\\\n":
                    self.position += 2
                    end_word()
                    continue
                word = (word or "") + self.peek(2)[1:]
                self.position += 2
            elif char in "'\"":
                word = (word or "") + self.read_quoted(char)
            elif char == "$":
                word = (word or "") + self.read_expansion()
            elif char == "#" and word is None:
                while self.peek() not in ("", "\n"):
                    self.position += 1
            elif char in " \t" or (array and char == "\n"):
                self.position += 1
                end_word()
            elif char in "<>":
                self.position += 1
                if word and word.isdigit():
                    word = None
                end_word()
                words.append(">")
            elif char == "(":
                self.position += 1
                inside = word is not None and word.endswith("=")
                word = None
                end_command()
                self.read(")", array=inside)
            elif char in COMMAND_SEPARATORS:
                self.position += 1
                end_command()
            else:
                word = (word or "") + char
                self.position += 1
        end_command()

    def read_quoted(self, quote):
        self.position += 1
        text = ""
        while self.position < len(self.text) and self.peek() != quote:
            if quote == '"' and self.peek() == "\\":
                text += self.peek(2)[1:]
                self.position += 2
            elif quote == '"' and self.peek() == "$":
                text += self.read_expansion()
            else:
                text += self.peek()
                self.position += 1
        self.position += 1
        return text

    def read_expansion(self):
        if self.peek(2) == "$(":
            self.position += 2
            self.read(")")
            return "$()"
        if self.peek(2) == "$'":
            self.position += 1
            return self.read_quoted("'")
        if self.peek(2) == "${":
            depth, begin = 0, self.position
            while self.position < len(self.text):
                depth += {"{": 1, "}": -1}.get(self.peek(), 0)
                self.position += 1
                if depth == 0 and self.text[self.position - 1] == "}":
                    break
            return self.text[begin:self.position]
        name = re.match(r"\$(\w+|[@#?*!$-])?", self.text[self.position:])[0]
        self.position += len(name)
        return name


# A call of the AWS CLI inside a message.
QUOTED_CALL = re.compile(r"\baws ([a-z][a-z0-9-]+ [a-z][a-z-]+(?: [^;|]*)?)")


def find_calls(file, text):
    """Returns the calls of the AWS CLI in a shell script, including calls inside messages."""
    shell = Shell(text)
    shell.read()
    for words in shell.commands:
        words = words[:words.index(">")] if ">" in words else words
        for number, word in enumerate(words):
            arguments = [*words[number + 1:], "", ""]
            if word == "aws" and all(re.fullmatch("[a-z][a-z0-9-]+", each) for each in arguments[:2]) and "command" not in words[:number]:
                yield Call(file, tuple(words[number + 1:]))
            elif " " in word and "credential" not in word:
                for message in QUOTED_CALL.findall(word):
                    yield Call(file, tuple(split_words(message)))


def split_words(message):
    """Returns the words of a command that is part of a sentence."""
    message = re.split(r"[,:;.)](?:\s|$)", message)[0]
    shell = Shell(message)
    shell.read()
    return [word for words in shell.commands[:1] for word in words]


# --- Commands and options -----------------------------------------------------------------------------------------------

@cache
def cli_driver():
    cli = awscli.clidriver.create_clidriver()
    # The CLI adds the options of `s3 sync` when it runs this command.
    cli.session.emit("building-command-table.sync", command_table={}, session=cli.session, command_object=None)
    return cli


@cache
def subcommands(name):
    command = cli_driver()._get_command_table()[name]
    if hasattr(command, "_get_command_table"):
        return command._get_command_table()
    return command.subcommand_table


@cache
def command(service, name, waiter=None):
    """Returns a command of the CLI, or None if the command does not exist."""
    if service not in cli_driver()._get_command_table() or name not in subcommands(service):
        return None
    found = subcommands(service)[name]
    if waiter:
        return found.subcommand_table.get(waiter)
    return found


@cache
def global_options():
    return {"--" + name for name in cli_driver()._get_argument_table()}


# The guide and the reference of version 2 describe these commands: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html,
# https://docs.aws.amazon.com/cli/latest/reference/logs/tail.html. PyPI has version 1, which does not have them.
ONLY_IN_VERSION_2 = {("configure", "sso"), ("logs", "tail")}


def find_problems(call):
    """Returns an error for each part of a call that the CLI would refuse."""
    service, name, *rest = [*call.words, ""]
    if (service, name) in ONLY_IN_VERSION_2:
        return
    waiter = rest[0] if name == "wait" else None
    found = command(service, name, waiter)
    if found is None:
        yield f"{call}: no such command"
        return
    table = found.arg_table
    known = {"--" + each for each in table} | global_options()
    given = {word.partition("=")[0] for word in rest if word.startswith("--")}
    yield from (f"{call}: no option {each}" for each in given - known)
    # Options can also come from a shell array, or as members of a JSON document.
    has_more = any(word.startswith("${") and "[@]" in word or word == "--cli-input-json" for word in rest)
    for each, argument in table.items():
        if getattr(argument, "required", False) and not getattr(argument, "positional_arg", False) and "--" + each not in given and not has_more:
            yield f"{call}: requires --{each}"
    for number, word in enumerate(rest):
        if word == "--output" and rest[number + 1] not in ("text", "json"):
            yield f"{call}: --output {rest[number + 1]}"
        if word == "--query":
            yield from find_query_problems(call, found, rest[number + 1], rest)


# --- Queries ------------------------------------------------------------------------------------------------------------

# Shell variables in queries -> a condition that replaces the variable.
VARIABLES = {"$stack_filter": "StackName"}
SCALAR = "a single value"


def find_query_problems(call, found, query, words):
    model = getattr(found, "_operation_model", None)
    if model is None:
        return
    for variable, meaning in VARIABLES.items():
        query = query.replace(variable, meaning)
    query = re.sub(r"\$\{[^}]*\}|\$\w+", "x", query)
    try:
        tree = Parser().parse(query).parsed
        Query(model.output_shape).type(tree)
    except (ValueError, KeyError) as error:
        yield f"{call}: --query {query}: {error}"
    # With text, the CLI applies the query to each page of the answer:
    # https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-filter.html
    text = "--output" in words and words[words.index("--output") + 1] == "text"
    if text and model.name in paged_operations(model.service_model.service_name) and re.search(r"^length\(|\| *\[", query):
        yield f"{call}: --query {query} gives a result for each page"


@cache
def paged_operations(service):
    loader = cli_driver().session.get_component("data_loader")
    if service not in loader.list_available_services("paginators-1"):
        return {}
    return loader.load_service_model(service, "paginators-1")["pagination"]


class Query:
    """Determines the shape of a JMESPath expression's result. An expression with an unknown member is an error. An undetermined
    shape is None."""

    def __init__(self, shape):
        self.shape = shape

    def type(self, node, shape="whole"):
        shape = self.shape if shape == "whole" else shape
        return getattr(self, node["type"], self.unknown)(node, shape)

    def unknown(self, node, shape):
        raise ValueError(f"JMESPath expressions of the type {node['type']} are not supported")

    def element(self, shape):
        if isinstance(shape, tuple):
            return shape[1]
        return shape.member if getattr(shape, "type_name", None) == "list" else None

    def field(self, node, shape):
        name = node["value"]
        if isinstance(shape, dict):
            return shape[name]
        if shape is None:
            return None
        if isinstance(shape, tuple) or shape == SCALAR or not hasattr(shape, "members"):
            if getattr(shape, "type_name", None) == "map":
                return shape.value
            raise ValueError(f"{name} is looked up in something that has no members")
        if name not in shape.members:
            raise ValueError(f"{shape.name} has no member {name}")
        return shape.members[name]

    def identity(self, node, shape):
        return shape

    current = identity

    def subexpression(self, node, shape):
        for child in node["children"]:
            shape = self.type(child, shape)
        return shape

    index_expression = pipe = subexpression

    def index(self, node, shape):
        return self.element(shape)

    def slice(self, node, shape):
        return shape

    def projection(self, node, shape):
        left, right = node["children"][:2]
        return ("list", self.type(right, self.element(self.type(left, shape))))

    def filter_projection(self, node, shape):
        left, right, condition = node["children"]
        element = self.element(self.type(left, shape))
        self.type(condition, element)
        return ("list", self.type(right, element))

    def value_projection(self, node, shape):
        return ("list", None)

    def flatten(self, node, shape):
        inner = self.type(node["children"][0], shape)
        element = self.element(inner)
        nested = self.element(element)
        return ("list", nested) if nested is not None else ("list", element)

    def multi_select_list(self, node, shape):
        kinds = [self.type(child, shape) for child in node["children"]]
        return ("list", kinds[0])

    def multi_select_dict(self, node, shape):
        return {child["value"]: self.type(child["children"][0], shape) for child in node["children"]}

    def function_expression(self, node, shape):
        kinds = [self.type(child, shape) for child in node["children"] if child["type"] != "expref"]
        for child in node["children"]:
            if child["type"] == "expref":
                self.type(child["children"][0], self.element(kinds[0]))
        return kinds[0] if node["value"] in ("sort_by", "reverse", "sort") else None

    def conditions(self, node, shape):
        for child in node["children"]:
            self.type(child, shape)

    comparator = not_expression = conditions

    def alternatives(self, node, shape):
        return [self.type(child, shape) for child in node["children"]][0]

    or_expression = and_expression = alternatives

    def literal(self, node, shape):
        return None
