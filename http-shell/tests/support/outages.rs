//! Backends that stop responding, start again and stop again, and what the service logs of it.

use serde_json::Value;

use super::backend::{Backend, Busy, Http, Silent, Udp};
use super::service::{Service, eventually};
use super::start_with;

/// The log lines of a service while it serves requests.
struct Log<'a> {
    service: &'a Service,
    lines: Vec<Value>,
}

impl Log<'_> {
    /// Sends requests until there is such a line, or a second one like an earlier one.
    fn wait_for(&mut self, level: &str, message: &str, count: usize) {
        eventually(message, || {
            self.read();
            self.of(level, message).len() >= count
        });
    }

    /// Sends a request and takes in what was logged.
    fn read(&mut self) {
        let request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        self.service.raw(request);
        let lines = self.service.lines.try_iter();
        let lines = lines.map(|line| serde_json::from_str(&line).unwrap());
        self.lines.extend(lines);
    }

    fn of(&self, level: &str, message: &str) -> Vec<&Value> {
        let text = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
        let lines = self.lines.iter();
        lines
            .filter(|line| line["level"] == level && text(line).contains(message))
            .collect()
    }
}

/// Two outages of `backend` with a while between them, in which it receives `signal`: each outage is
/// one WARN with its cause, which contains this text, and the recovery is one INFO.
fn two_outages(mut backend: impl Backend, variables: &[(&str, &str)], signal: &str, cause: &str) {
    let lost = &*format!("{signal} cannot be exported");
    let back = &*format!("{signal} are exported again");
    let port = backend.port();
    let daemon = format!("127.0.0.1:{port}");
    let collector = format!("http://{daemon}");
    let common = [
        ("AWS_XRAY_DAEMON_ADDRESS", &*daemon),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
    ];
    let variables = &[&common, variables].concat();
    let service = start_with(variables);
    let mut log = Log {
        service: &service,
        lines: Vec::new(),
    };
    log.wait_for("WARN", lost, 1);
    backend.start();
    log.wait_for("INFO", back, 1);
    eventually("the backend receives", || {
        log.read();
        backend.has_received()
    });
    backend.stop();
    log.wait_for("WARN", lost, 2);
    // The second outage lasts until the service has ended, after many more failures.
    for _ in 0..200 {
        log.read();
    }
    let Log { mut lines, .. } = log;
    let (status, last) = service.stop();
    assert!(status.success());
    lines.extend(
        last.iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()),
    );

    let warnings: Vec<_> = lines
        .iter()
        .filter(|line| line["level"] == "WARN")
        .collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    for warning in warnings {
        assert!(warning["message"].as_str().unwrap().contains(lost));
        let text = warning["cause"].as_str().unwrap();
        assert!(text.contains(cause), "{warning:#}");
    }
    let news = lines.iter().filter(|line| {
        line["level"] == "INFO" && line["message"].as_str().is_some_and(|it| it.contains(back))
    });
    assert_eq!(news.count(), 1, "{lines:#?}");
}

#[test]
fn two_outages_of_the_xray_daemon_are_two_warnings_with_their_cause() {
    let variables = [("OTEL_TRACES_EXPORTER", "xray")];
    two_outages(Udp::stopped(), &variables, "spans", "refused");
}

#[test]
fn two_outages_of_a_collector_of_spans_are_two_warnings_with_their_cause() {
    let variables = [("OTEL_TRACES_EXPORTER", "otlp")];
    two_outages(Http::stopped(""), &variables, "spans", "refused");
}

#[test]
fn two_outages_of_a_collector_of_metrics_are_two_warnings_with_their_cause() {
    let variables = [("OTEL_METRICS_EXPORTER", "otlp")];
    two_outages(Http::stopped(""), &variables, "metrics", "refused");
}

#[test]
fn a_collector_that_answers_503_twice_for_a_while_is_two_warnings_with_the_status() {
    let variables = [("OTEL_TRACES_EXPORTER", "otlp")];
    two_outages(Busy::stopped(), &variables, "spans", "503");
}

#[test]
fn a_collector_that_falls_silent_twice_is_two_warnings_that_name_the_timeout() {
    let variables = [
        ("OTEL_METRICS_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
    ];
    two_outages(Silent::stopped(), &variables, "metrics", "timeout");
}
