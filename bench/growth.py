"""How the duration and the cost of `GET /mysfits` grow with the number of mysfits in the table."""

import collections
import http.client
import random
import time

from bench.client import call_dynamodb, open_connection
from bench.processes import HOST, TIMEOUT_SECONDS, Skip, read_cpu_seconds, read_memory_mib, show_progress
from bench.targets import DEFAULT, TWIN, monolith_environment, run_program, select_program

SIZES = (12, 1_000, 100_000)
# The number of lists in each round: one round takes about as long for every size.
LISTS_PER_ROUND = {12: 100, 1_000: 10, 100_000: 1}
# The limit of BatchWriteItem.
BATCH = 25

Sample = collections.namedtuple("Sample", "ms cpu")
Growth = collections.namedtuple("Growth", "rounds peak_mib")


def measure_list_ms(size):
    """Milliseconds of one list in the configuration `default`, on one connection."""
    return lambda environment: [each[DEFAULT].ms for each in get_growth(environment, size).rounds]


def measure_list_cpu_ratio(size):
    """The twin's CPU time per list, divided by that of the configuration `default`."""
    return lambda environment: [each[TWIN].cpu / each[DEFAULT].cpu for each in get_growth(environment, size).rounds]


def measure_list_memory(size, name):
    """The highest resident memory of a monolith that lists the mysfits one list at a time."""
    return lambda environment: [get_growth(environment, size).peak_mib[name]]


def get_growth(environment, size):
    return environment.measure_once(run_growth, size)


def run_growth(environment, size):
    if size > environment.options.max_mysfits:
        raise Skip(f"--quick lists at most {environment.options.max_mysfits:,} mysfits")
    table = create_table(environment, size)
    variables = {**monolith_environment(environment.database, table), **environment.targets[DEFAULT].daemon}
    monoliths = {}
    for name in (TWIN, DEFAULT):
        program, configuration = select_program(name, "monolith")
        running = run_program(environment.binaries[program], {**variables, **configuration})
        monoliths[name] = environment.stack.enter_context(running)
    rounds = []
    for number in range(environment.options.rounds + 1):
        show_progress(f"lists of {size:,} mysfits: " + (f"round {number} of {environment.options.rounds}" if number else "warm-up"))
        names = random.sample(list(monoliths), len(monoliths))
        rounds.append({name: measure_lists(*monoliths[name], size) for name in names})
    peak_mib = {name: read_memory_mib(child.pid, "VmHWM") for name, (child, _) in monoliths.items()}
    return Growth(rounds[1:], peak_mib)


def measure_lists(child, port, size):
    """Lists all mysfits several times on one connection. Returns the mean duration and the mean CPU time."""
    count = LISTS_PER_ROUND[size]
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    cpu_before, start = read_cpu_seconds(child.pid), time.perf_counter()
    for _ in range(count):
        connection.request("GET", "/mysfits")
        response = connection.getresponse()
        body = response.read()
        found = body.count(b'"mysfitId"')
        if response.status != 200 or found != size:
            raise ConnectionError(f"a list of {size} mysfits: status {response.status}, {found} mysfits, {body[:200]!r}")
    seconds = time.perf_counter() - start
    cpu_seconds = read_cpu_seconds(child.pid) - cpu_before
    connection.close()
    return Sample(seconds / count * 1000, cpu_seconds / count)


def create_table(environment, size):
    """Creates a table with `size` mysfits, which are copies of the lab's twelve. Returns the table's name."""
    database = environment.database
    if size == 12:
        return database.table
    name = f"Mysfits{size}"
    connection = open_connection(database.url)
    description = call_dynamodb(connection, "DescribeTable", {"TableName": database.table})["Table"]
    indexes = [{key: index[key] for key in ("IndexName", "KeySchema", "Projection")} for index in description["GlobalSecondaryIndexes"]]
    schema = {key: description[key] for key in ("AttributeDefinitions", "KeySchema")}
    table = {**schema, "TableName": name, "BillingMode": "PAY_PER_REQUEST", "GlobalSecondaryIndexes": indexes}
    call_dynamodb(connection, "CreateTable", table)
    items = call_dynamodb(connection, "Scan", {"TableName": database.table})["Items"]
    for start in range(0, size, BATCH):
        if start % 5_000 == 0:
            show_progress(f"writing {start:,} of {size:,} mysfits")
        copies = ({**items[number % len(items)], "MysfitId": {"S": f"{number:036}"}} for number in range(start, min(start + BATCH, size)))
        puts = [{"PutRequest": {"Item": item}} for item in copies]
        response = call_dynamodb(connection, "BatchWriteItem", {"RequestItems": {name: puts}})
        if response.get("UnprocessedItems"):
            raise ConnectionError(f"DynamoDB did not write all mysfits: {response}")
    connection.close()
    return name
