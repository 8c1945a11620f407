//! Tests of the switch that turns on the spans of requests.

use crate::client::get_response;
use crate::start_service_with;

#[test]
fn only_a_server_with_request_spans_records_them_and_answers_with_a_trace_id() {
    for (switch, count) in [("on", 1), ("off", 0)] {
        let recorded_service = start_service_with(&[("REQUEST_SPANS", switch)]);
        let response = get_response(&recorded_service.service, "/fine");
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        let has_trace_id = response.to_lowercase().contains("x-amzn-trace-id: root=1-");
        assert_eq!(has_trace_id, count == 1, "{response}");
        let records = recorded_service.stop();
        assert_eq!(records.segments.len(), count, "{switch}");
    }
}
