"""HTTP clients in Python: single requests, calls of DynamoDB, and a health check that uses little CPU time."""

import gc
import http.client
import json
import socket
import time
import urllib.parse

from bench.processes import HOST, TIMEOUT_SECONDS

LIKED_ID = "4e53920c-505a-4a90-a694-b9300791f0ae"
LIKE_PATH = f"/mysfits/{LIKED_ID}/like"


def send_request(port, method, path, expected=200):
    """Sends one request on a connection of its own. Returns the response and its body."""
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    connection.request(method, path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if expected and response.status != expected:
        raise ConnectionError(f"{method} {path}: status {response.status}, {body!r}")
    return response, body


def is_live(port):
    try:
        send_request(port, "GET", "/health/live")
        return True
    except ConnectionRefusedError:
        return False


def post_json(connection, path, body, headers=None):
    """Posts JSON on an open connection. Returns the parsed response."""
    return json.loads(post(connection, path, body, headers))


def post(connection, path, body, headers=None):
    """Posts JSON on an open connection. Returns the body of the response, which is not parsed."""
    connection.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise ConnectionError(f"POST {path}: status {response.status}, {content[:1000]!r}")
    return content


def open_connection(url):
    return http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)


def call_dynamodb(connection, operation, request):
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        # The emulator needs the form of a signature, and does not check the signature.
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/dynamodb/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=0",
        "X-Amz-Date": "20260101T000000Z",
    }
    return post_json(connection, "/", json.dumps(request), headers)


class HealthCheckClient:
    """Requests /health/live on one keep-alive connection, with little CPU time."""

    REQUEST = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def __init__(self, port):
        self.socket = socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def check_health(self):
        self.socket.sendall(self.REQUEST)
        response = b""
        while not is_complete(response):
            received = self.socket.recv(65536)
            if not received:
                raise ConnectionError("the service closed the connection within a response")
            response += received
        if not response.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(f"the health check failed: {response!r}")

    def measure(self, count, pause):
        """Sends `count` requests with this pause before each. Returns their durations in ms, sorted."""
        durations = []
        gc.disable()
        for _ in range(count):
            time.sleep(pause)
            start = time.perf_counter_ns()
            self.check_health()
            durations.append((time.perf_counter_ns() - start) / 1e6)
        gc.enable()
        return sorted(durations)


def is_complete(response):
    """Whether the response has its whole head, and the body that `Content-Length` announces."""
    head, end, body = response.partition(b"\r\n\r\n")
    if not end:
        return False
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(body) >= int(lengths[0].split(b":")[1])
