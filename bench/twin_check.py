"""Checks before the measurement that the twins answer as the services do. Otherwise a ratio would mean nothing."""

import json
import sys

from bench.client import LIKE_PATH, LIKED_ID, send_request

# Each request goes to the service and to the twin, which use the same table.
REQUESTS = {
    "monolith": [
        ("GET", "/"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/mysfits"),
        ("GET", "/mysfits?filter=GoodEvil&value=Good"),
        ("GET", "/mysfits?filter=LawChaos&value=nobody"),
        ("GET", "/mysfits?filter=unknown"),
        ("GET", f"/mysfits/{LIKED_ID}"),
        ("GET", "/mysfits/unknown"),
        ("POST", f"/mysfits/{LIKED_ID}/fulfill-like"),
        ("POST", "/mysfits/unknown/fulfill-like"),
        ("POST", f"/mysfits/{LIKED_ID}/adopt"),
        ("POST", "/mysfits/unknown/adopt"),
    ],
    "like-service": [("GET", "/"), ("GET", "/health/live"), ("GET", "/health/ready"), ("POST", LIKE_PATH), ("POST", "/mysfits/unknown/like")],
}


def check_twins(twin, target):
    """Ends this program if a response of a twin differs from the response of the service."""
    for service, requests in REQUESTS.items():
        for method, path in requests:
            expected, actual = (describe_response(*send_request(each.ports[service], method, path, None)) for each in (target, twin))
            if actual != expected:
                sys.exit(
                    f"error: the twin of {service} answers {method} {path} differently from the service; change bench/twins:\n"
                    f"service: {expected}\ntwin:    {actual}"
                )


def describe_response(response, body):
    """The status, the header names, the number of bytes, the content type and the JSON of a response.

    The text of the trace id and of the date differs in each response, so only the lengths of header values count.
    """
    headers = sorted((name.lower(), len(value)) for name, value in response.getheaders())
    return response.status, headers, response.getheader("Content-Type"), sort_lists(json.loads(body)), len(body)


def sort_lists(document):
    """Sorts the list of mysfits, because a scan has no order."""
    if isinstance(document.get("mysfits"), list):
        document["mysfits"].sort(key=lambda mysfit: mysfit["mysfitId"])
    return document
