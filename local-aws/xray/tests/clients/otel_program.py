"""A program that OpenTelemetry traces. Environment variables set the receiver of its spans."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

provider = TracerProvider(resource=Resource.create({"service.name": "otel shop"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(compression=Compression.Gzip)))
tracer = provider.get_tracer("shop")
request = {"http.request.method": "POST", "url.path": "/orders", "http.response.status_code": 500}
with tracer.start_as_current_span("POST /orders", kind=SpanKind.SERVER, attributes=request) as span:
    print(format(span.get_span_context().trace_id, "032x"), end="")
    span.set_attribute("order.size", 3)
    table_call = {"rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "PutItem",
             "aws.dynamodb.table_names": ["orders"]}
    with tracer.start_as_current_span("DynamoDB.PutItem", kind=SpanKind.CLIENT, attributes=table_call):
        pass
    bank_call = {"peer.service": "bank", "url.full": "http://bank/"}
    try:
        with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=bank_call):
            raise ConnectionError("the bank is closed")
    except ConnectionError:
        span.set_status(Status(StatusCode.ERROR))
provider.shutdown()
