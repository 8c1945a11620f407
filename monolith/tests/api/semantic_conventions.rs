//! Checks the exported spans and metrics against OpenTelemetry's semantic conventions.

use reqwest::{Client, Method};

use crate::database::Database;
use crate::faulty_proxy::{Fault, FaultyProxy};
use crate::start_with_dynamodb_at;
use test_support::collector::Collector;
use test_support::conventions::{attribute_values, metric_violations, span_violations};

#[tokio::test]
async fn metrics_and_spans_follow_the_semantic_conventions() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let proxy = FaultyProxy::start(database.address, |request| match request {
        0 => Fault::Throttled("ProvisionedThroughputExceededException"),
        3 => Fault::AnswerWithheld,
        _ => Fault::None,
    });
    let proxy = proxy.await;
    let collector = Collector::start();
    let monolith = start_with_dynamodb_at(
        proxy.address,
        &[
            ("DDB_TIMEOUT_MS", "400"),
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_METRICS_EXPORTER", "otlp"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ],
    );
    // The first request makes two DynamoDB calls, and each further request makes one DynamoDB call.
    for (method, path, status) in [
        (Method::POST, "/mysfits/one/fulfill-like", 200),
        (Method::POST, "/mysfits/nobody/fulfill-like", 404),
        (Method::GET, "/mysfits/one", 503),
    ] {
        let answer = Client::new().request(method, monolith.url(path));
        assert_eq!(answer.send().await.unwrap().status(), status, "{path}");
    }
    assert!(monolith.stop().0.success());
    let (spans, metrics) = collector.spans_and_metrics();
    assert_eq!(metric_violations(&metrics), [] as [String; 0]);
    let spans: Vec<_> = spans.into_iter().map(|(_, span)| span).collect();
    assert_eq!(span_violations(&spans), [] as [String; 0]);

    let calls = |key| {
        let mut values = attribute_values(&metrics, "db.client.operation.duration", key);
        values.sort();
        values
    };
    assert_eq!(calls("error.type"), ["", "400", "no_answer", "throttled"]);
    assert_eq!(calls("db.response.status_code"), ["", "", "400", "400"]);
    assert_eq!(calls("db.system.name"), ["aws.dynamodb"; 4]);
    assert_eq!(calls("db.collection.name"), ["MysfitsTable"; 4]);
}
