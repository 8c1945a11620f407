"""An HTTP server, optionally with TLS, in place of the services' upstreams. It can delay responses and records TLS handshake errors."""

import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIMEOUT_SECONDS = 20
# This body is a valid response to a like, to a DynamoDB scan (without items) and to a metadata request.
RESPONSE_BODY = b'{"Update":"Success","Items":[],"Count":0,"ScannedCount":0}'


class Authority:
    """A certificate authority that no CA bundle contains, and a certificate for localhost that it signed."""

    def __init__(self, directory):
        self.certificate = directory / "authority.pem"
        self.server_certificate = directory / "localhost.pem"
        authority_key, key = directory / "authority.key", directory / "localhost.key"
        common = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-days", "2"]
        openssl(*common, "-subj", "/CN=Authority of a test", "-keyout", authority_key, "-out", self.certificate,
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
        openssl(*common, "-subj", "/CN=localhost", "-keyout", key, "-out", self.server_certificate,
                "-CA", self.certificate, "-CAkey", authority_key,
                "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:localhost")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.server_certificate, key)


def openssl(*command):
    subprocess.run(command, check=True, capture_output=True)


class Upstream:
    def __init__(self, hold_responses=False, authority=None):
        self.request_received = threading.Event()
        self.responses_released = threading.Event()
        self.handshake_failed = threading.Event()
        self.reason = None
        if not hold_responses:
            self.responses_released.set()
        self.server = Server(("127.0.0.1", 0), create_handler(self))
        self.server.upstream = self
        if authority:
            self.server.socket = authority.context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"https://localhost:{self.port}" if authority else f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def wait_for_request(self):
        if not self.request_received.wait(TIMEOUT_SECONDS):
            raise RuntimeError(f"the upstream received no request within {TIMEOUT_SECONDS} s")

    def release_responses(self):
        self.responses_released.set()

    def handshake_error(self):
        """Returns the TLS error of the first failed handshake."""
        self.handshake_failed.wait(TIMEOUT_SECONDS)
        return self.reason

    def close(self):
        self.release_responses()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def get_request(self):
        try:
            return super().get_request()
        except ssl.SSLError as error:
            self._record_handshake_error(error)
            raise

    def handle_error(self, request, client_address):
        pass

    def _record_handshake_error(self, error):
        self.upstream.reason = self.upstream.reason or error.reason
        self.upstream.handshake_failed.set()


def create_handler(upstream):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # Responses to health checks are not delayed.
            if (self.command, self.path) != ("GET", "/"):
                upstream.request_received.set()
                upstream.responses_released.wait(TIMEOUT_SECONDS)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(RESPONSE_BODY)))
            self.end_headers()
            self.wfile.write(RESPONSE_BODY)

        do_GET = do_POST = respond

        def log_message(self, *arguments):
            pass

    return Handler
