"""Intake, filters and service graph of the local X-Ray, over HTTP on one connection.

The documents are those of the likes of `local-aws/xray/benches/xray.rs`: 100,000 traces of four documents. One trace
in ten is slow, and one trace in ten has the status 404.
"""

import collections
import json
import time

from bench.client import open_connection, post, post_json
from bench.processes import HOST, find_free_port, is_listening, read_memory_mib, run_process, show_progress, wait_until

TRACES = 100_000
# Start of the first trace in seconds since 1970. All traces start within six hours, because six hours is the longest
# time range that X-Ray accepts.
FIRST_START, TRACES_PER_SECOND = 1_800_000_000, 5
RANGE = {"StartTime": FIRST_START, "EndTime": FIRST_START + TRACES // TRACES_PER_SECOND}
# PutTraceSegments accepts at most 50 documents.
TRACES_PER_REQUEST = 12
# All traces must fit into half of this memory, because otherwise the oldest traces are evicted.
MAX_MIB = 4096

FILTERS = {
    "found": 'service("like service") { responsetime > 1 OR error } AND http.method = "POST"',
    "none": 'service("like service") { responsetime > 100 OR fault } AND http.method = "POST"',
}

Xray = collections.namedtuple("Xray", "connection documents_per_second kilobytes_per_trace")


def measure_intake(environment):
    """Documents per second, from the first request until a service graph shows that all traces are assembled."""
    return [environment.measure_once(run_xray).documents_per_second]


def measure_memory(environment):
    """Growth of the resident memory per trace, in kB."""
    return [environment.measure_once(run_xray).kilobytes_per_trace]


def measure_filter(name):
    """Milliseconds until the first page of the traces that match a filter."""
    request = {**RANGE, "FilterExpression": FILTERS[name]}
    return lambda environment: measure_query_ms(environment, "/TraceSummaries", request)


def measure_graph(environment):
    """Milliseconds until the service graph of all traces."""
    return measure_query_ms(environment, "/ServiceGraph", RANGE)


def measure_query_ms(environment, path, request):
    connection = environment.measure_once(run_xray).connection
    show_progress(f"X-Ray: {path}")
    body = json.dumps(request)
    samples = []
    for _ in range(environment.options.queries + 1):
        start = time.perf_counter()
        # Parsing the response here would count as time of X-Ray.
        post(connection, path, body)
        samples.append((time.perf_counter() - start) * 1000)
    return samples[1:]


def run_xray(environment):
    """Starts a local X-Ray and sends all documents. The local X-Ray runs until the end of the benchmark."""
    port, otlp_port = find_free_port(), find_free_port()
    command = [environment.binaries["xray"], f"--port={port}", f"--otlp-port={otlp_port}", f"--max-mib={MAX_MIB}", f"--max-traces={2 * TRACES}"]
    child = environment.stack.enter_context(run_process(command, {}))
    wait_until(child, lambda: is_listening(port), 0.01)
    connection = open_connection(f"http://{HOST}:{port}")
    memory_before = read_memory_mib(child.pid)
    seconds = 0.0
    for first in range(0, TRACES, TRACES_PER_REQUEST):
        if first % (20_000 // TRACES_PER_REQUEST * TRACES_PER_REQUEST) == 0:
            show_progress(f"X-Ray: sending the documents of trace {first:,} of {TRACES:,}")
        numbers = range(first, min(first + TRACES_PER_REQUEST, TRACES))
        documents = [document for number in numbers for document in create_documents(number)]
        # Creating the documents takes longer than storing them, and does not count.
        body = json.dumps({"TraceSegmentDocuments": documents})
        start = time.perf_counter()
        unprocessed = post_json(connection, "/TraceSegments", body)["UnprocessedTraceSegments"]
        seconds += time.perf_counter() - start
        if unprocessed:
            raise ConnectionError(f"X-Ray did not accept all documents: {unprocessed[0]}")
    # A query makes the store assemble the traces.
    start = time.perf_counter()
    post_json(connection, "/ServiceGraph", json.dumps(RANGE))
    seconds += time.perf_counter() - start
    kilobytes = (read_memory_mib(child.pid) - memory_before) * 2**20 / 1000 / TRACES
    return Xray(connection, TRACES * 4 / seconds, kilobytes)


def create_documents(number):
    """Returns the documents of the trace of one like, in the order in which an exporter sends the documents."""
    start = FIRST_START + number // TRACES_PER_SECOND
    trace_id = f"1-{start:08x}-{number:024x}"
    root, call, monolith, query = (f"{index:08x}{number:08x}" for index in (1, 2, 3, 4))
    duration, status = (1.5 if number % 10 == 0 else 0.05), (404 if number % 10 == 1 else 200)
    return [
        json.dumps({"trace_id": trace_id, **document})
        for document in (
            {
                "type": "subsegment", "id": query, "parent_id": monolith, "name": "DynamoDB", "namespace": "aws",
                "start_time": start + 0.003, "end_time": start + 0.004, "http": {"response": {"status": 200}},
                "aws": {"operation": "UpdateItem", "table_name": "MysfitsTable", "region": "us-east-1"},
            },
            {
                "id": monolith, "parent_id": call, "name": "monolith", "start_time": start + 0.002, "end_time": start + 0.005,
                "http": describe_http(number, 200), "annotations": {"http_route": "/mysfits/{id}/fulfill-like"},
            },
            {
                "type": "subsegment", "id": call, "parent_id": root, "name": "monolith", "namespace": "remote",
                "start_time": start + 0.001, "end_time": start + 0.006, "http": describe_http(number, 200),
            },
            {
                "id": root, "name": "like service", "start_time": start, "end_time": start + duration, "error": status == 404,
                "http": describe_http(number, status),
                "annotations": {"http_route": "/mysfits/{id}/like", "mysfit": f"mysfit {number % 12}"},
            },
        )
    ]


def describe_http(number, status):
    request = {
        "method": "POST", "url": f"http://127.0.0.1:8080/mysfits/{number % 12:04}/like", "client_ip": "127.0.0.1",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
    }
    return {"request": request, "response": {"status": status, "content_length": 24}}
