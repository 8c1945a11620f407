"""The rows of the benchmark. A new row is one line: its name, its unit, the wanted value or None, and its measurement.

A measurement is a function from the environment to the samples of the row, one for each round. `wanted` is the lowest
value for the units in `figures.HIGHER_IS_BETTER`, and the highest value for all other units.
"""

import collections
import fnmatch

from bench import balancer, burns, collection, deployments, exams, growth, hot, idle, logs, metrics, rounds, sizes, xray
from bench.rounds import FULFILL_LIKE, LIKE, MYSFITS, ROOT, Workload
from bench.targets import ALL, CONTROL, DEFAULT, OFF, TWIN

Row = collections.namedtuple("Row", "name unit wanted measure")

# The lowest ratio of requests per second in the configuration `default`.
WANTED_RATIOS = {ROOT: 0.85, MYSFITS: 0.95, FULFILL_LIKE: 0.92, LIKE: 0.92}
# The highest memory under load in the configuration `default`, in MiB.
WANTED_MEMORY_MIB = {"monolith": 16, "like-service": 10}
SERVICES = tuple(WANTED_MEMORY_MIB)
CONNECTIONS = (1, 16, 256)
# The lowest ratio of likes per second through the lab with and without the collection of log lines and of metrics.
WANTED_COLLECTION_RATIOS = {"logs": (collection.UNCOLLECTED, 0.98), "metrics": (collection.UNMETERED, 0.97)}


def create_load_rows():
    for workload, wanted in WANTED_RATIOS.items():
        yield Row(f"{workload.name}/twin/cpu-time", "µs/request", None, rounds.measure_cpu_micros(workload, TWIN))
        for name in workload.configurations[1:]:
            wanted_here = wanted if name == DEFAULT else None
            yield Row(f"{workload.name}/{name}/requests", "ratio", wanted_here, rounds.measure_rate_ratio(workload, name))
            yield Row(f"{workload.name}/{name}/cpu", "ratio", None, rounds.measure_cpu_ratio(workload, name))
    yield Row("like/all/documents", "documents/request", 4, rounds.count_documents)


def create_memory_rows():
    for service, wanted in WANTED_MEMORY_MIB.items():
        for name in (TWIN, OFF, DEFAULT, ALL):
            wanted_here = wanted if name == DEFAULT else None
            yield Row(f"memory/{service}/{name}", "MiB", wanted_here, rounds.measure_memory(service, name))


def create_growth_rows():
    for size in growth.SIZES:
        yield Row(f"growth/mysfits-{size}/default/list", "ms", None, growth.measure_list_ms(size))
        yield Row(f"growth/mysfits-{size}/default/cpu", "ratio", None, growth.measure_list_cpu_ratio(size))
        for name in (TWIN, DEFAULT):
            yield Row(f"growth/mysfits-{size}/{name}/memory", "MiB", None, growth.measure_list_memory(size, name))
    for count in CONNECTIONS:
        workload = ROOT if count == ROOT.connections else Workload("root", "monolith", "GET", "/", count, (TWIN, CONTROL, DEFAULT))
        for name in (CONTROL, DEFAULT):
            prefix = f"growth/connections-{count}/{name}"
            yield Row(f"{prefix}/requests", "ratio", None, rounds.measure_rate_ratio(workload, name))
            yield Row(f"{prefix}/cpu", "ratio", None, rounds.measure_cpu_ratio(workload, name))


def create_collection_rows():
    for name, (without, wanted) in WANTED_COLLECTION_RATIOS.items():
        yield Row(f"{name}/like/requests", "ratio", wanted, collection.measure_rate_ratio(without))
        yield Row(f"{name}/like/cpu", "ratio", None, collection.measure_cpu_ratio(without))


ROWS = (
    *create_load_rows(),
    *create_memory_rows(),
    *(Row(f"hot/{mode}/rate", "likes/s", None, hot.measure_rate(mode)) for mode in hot.LIKE_BATCHING),
    Row("hot/single/writes", "writes/like", None, hot.measure_writes(hot.SINGLE)),
    Row("hot/batched/writes", "writes/like", 0.1, hot.measure_writes(hot.BATCHED)),
    Row("balancer/root/requests", "ratio", None, balancer.measure_rate_ratio),
    Row("balancer/root/cpu", "ratio", None, balancer.measure_cpu_ratio),
    Row("balancer/root/cpu-time", "µs/request", None, balancer.measure_cpu_micros),
    Row("balancer/describe", "calls/s", None, balancer.measure_describe_rate),
    *(Row(f"ecs/rolling-{tasks}", "ms", None, deployments.measure_rolling_ms(tasks)) for tasks in (2, 20)),
    Row("ecs/describe", "calls/s", None, deployments.measure_describe_rate),
    Row("exam/start/p95", "ms", 1000, exams.measure_start_p95),
    Row("exam/stop/p95", "ms", 1000, exams.measure_stop_p95),
    Row("logs/intake", "events/s", 10_000, logs.measure_intake),
    Row("logs/search/term", "ms", 200, logs.measure_search("term")),
    Row("logs/search/json", "ms", 2000, logs.measure_search("json")),
    Row("logs/pipe", "lines/s", 10_000, collection.measure_pipe),
    Row("metrics/query", "ms", 50, metrics.measure_query_ms),
    Row("metrics/evaluation", "ms", None, metrics.measure_evaluation_ms),
    Row("metrics/memory", "MiB", None, metrics.measure_full_memory_mib),
    *create_collection_rows(),
    Row("burns/health/p99-ratio", "times", 10, burns.measure_ratio),
    Row("burns/health/p99", "ms", None, burns.measure_p99),
    *(Row(f"idle/{service}", "MiB", 20, idle.measure_idle_memory(service)) for service in SERVICES),
    Row("idle/lab", "MiB", 60, idle.measure_idle_lab_memory),
    *(Row(f"start/{service}", "ms", 100, idle.measure_start(service)) for service in SERVICES),
    Row("start/lab", "ms", 150, idle.measure_lab_start),
    *(Row(f"size/{name}", "MiB", None, sizes.measure_binary(name)) for name in (*SERVICES, "metadata-proxy", "lab", "xray")),
    *(Row(f"size/{name}/compressed", "MiB", None, sizes.measure_compressed_binary(name)) for name in (*SERVICES, "metadata-proxy")),
    *(Row(f"size/image-{name}", "MiB", None, sizes.measure_image(name)) for name in ("monolith", "like", "metadata-proxy")),
    Row("xray/intake", "documents/s", 50_000, xray.measure_intake),
    Row("xray/filter/found", "ms", 100, xray.measure_filter("found")),
    Row("xray/filter/none", "ms", 100, xray.measure_filter("none")),
    Row("xray/graph", "ms", 300, xray.measure_graph),
    Row("xray/memory", "kB/trace", None, xray.measure_memory),
    *create_growth_rows(),
)


def select_rows(pattern):
    """The rows whose name matches a pattern such as `like/*`, or contains the pattern. Without a pattern, all rows."""
    return [row for row in ROWS if pattern is None or pattern in row.name or fnmatch.fnmatchcase(row.name, pattern)]
