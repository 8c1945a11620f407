//! The metrics of requests and their labels.

use actix_web::http::Method;
use actix_web::test::TestRequest;

use super::{TestTelemetry, active_requests, init_app, request_counts, send};

#[tokio::test]
async fn the_labels_of_metrics_are_routes_known_methods_and_statuses() {
    let telemetry = TestTelemetry::new();
    let app = init_app(&telemetry).await;
    for (method, path) in [
        ("POST", "/mysfits/1/like"),
        ("POST", "/mysfits/2/like"),
        ("GET", "/mysfits/2/like"),
        ("GET", "/broken"),
        ("BREW", "/a"),
        ("STEW", "/b"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = TestRequest::with_uri(path).method(method).to_request();
        send(&app, request).await;
    }
    let metrics = telemetry.exported_metrics();
    let mut counts = request_counts(&metrics);
    counts.sort();
    let expected = [
        ("GET /broken 503 503", 1),
        ("GET /mysfits/{id}/like 405", 1),
        ("POST /mysfits/{id}/like 200", 2),
        ("_OTHER 404", 2),
    ];
    assert_eq!(
        counts,
        expected.map(|(labels, count)| (labels.to_owned(), count))
    );
    assert!(
        active_requests(&metrics)
            .iter()
            .all(|(_, count)| *count == 0)
    );
}
