//! Parses raw HTTP answers.

use serde_json::Value;

use crate::service::Service;

/// Splits a raw answer into its status, its head in lower case, and its body. The status is 0 if the answer
/// contains no valid status.
pub fn parse_answer(answer: &str) -> (u16, String, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), head.to_lowercase(), body)
}

/// Asserts that `answer` is an error in the JSON form of all services, with the status `status` and the
/// error code `code`.
pub fn assert_error(answer: &str, status: u16, code: &str) {
    let (actual_status, head, body) = parse_answer(answer);
    assert_eq!(actual_status, status, "{answer}");
    assert!(head.contains("content-type: application/json"), "{answer}");
    assert!(head.contains("access-control-allow-origin: *"), "{answer}");
    let body: Value = serde_json::from_str(body).expect(answer);
    assert_eq!(body["error"]["code"], code);
    assert!(
        body["error"]["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

/// Sends a request without a body on a new connection. `head` is the request line, optionally followed by
/// header lines.
pub fn send_head(service: &Service, head: &str) -> String {
    service.send_raw(format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
}
