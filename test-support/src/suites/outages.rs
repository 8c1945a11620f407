//! Backends that stop responding, start again and stop again, and what the service logs of it.

use serde_json::Value;

use crate::backend::{Backend, HttpBackend, SilentBackend, UdpBackend, UnavailableBackend};
use crate::program::Program;
use crate::service::{Service, wait_until};

suite! {
    $ outages_tests, outages:
    two_outages_of_the_xray_daemon_are_two_warnings_with_their_cause,
    two_outages_of_a_collector_of_spans_are_two_warnings_with_their_cause,
    two_outages_of_a_collector_of_metrics_are_two_warnings_with_their_cause,
    a_collector_that_answers_503_twice_for_a_while_is_two_warnings_with_the_status,
    a_collector_that_falls_silent_twice_is_two_warnings_that_name_the_timeout,
    two_outages_of_the_daemons_sampling_rules_are_two_warnings_with_their_cause,
    two_outages_of_a_sampling_server_are_two_warnings_with_their_cause,
    a_daemon_whose_name_cannot_be_looked_up_is_one_warning_with_the_error,
}

/// The log lines of a service while it serves requests.
struct Log<'a> {
    service: &'a Service,
    lines: Vec<Value>,
}

impl Log<'_> {
    /// Sends requests until there is such a line, or a second one like an earlier one.
    fn wait_for(&mut self, level: &str, message: &str, count: usize) {
        wait_until(message, || {
            self.read();
            self.of(level, message).len() >= count
        });
    }

    /// Sends a request and takes in what was logged.
    fn read(&mut self) {
        let request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        self.service.send_raw(request);
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

/// What is logged of outages: the WARN at the beginning, the INFO at the end, and the texts of which
/// each cause contains one.
struct Expected<'a> {
    lost: &'a str,
    back: &'a str,
    causes: &'a [&'a str],
}

/// A connection that the system accepted before the listener closed is reset.
const CLOSED: &[&str] = &["refused", "reset"];

const NO_SPANS: Expected = Expected {
    lost: "spans cannot be exported",
    back: "spans are exported again",
    causes: CLOSED,
};

const NO_METRICS: Expected = Expected {
    lost: "metrics cannot be exported",
    back: "metrics are exported again",
    causes: CLOSED,
};

const NO_RULES: Expected = Expected {
    lost: "returns no sampling rules",
    back: "returns sampling rules again",
    causes: CLOSED,
};

/// Two outages of `backend` with a while between them in which it receives something: each outage is
/// one WARN with its cause, and the recovery is one INFO.
fn two_outages(
    program: &Program,
    mut backend: impl Backend,
    variables: &[(&str, &str)],
    expected: &Expected<'_>,
) {
    let Expected { lost, back, causes } = expected;
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
    let service = program.start_with(variables);
    let mut log = Log {
        service: &service,
        lines: Vec::new(),
    };
    log.wait_for("WARN", lost, 1);
    backend.start();
    log.wait_for("INFO", back, 1);
    wait_until("the backend receives", || {
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
        let is_named = causes.iter().any(|cause| text.contains(cause));
        assert!(is_named, "{warning:#}");
    }
    let news = lines.iter().filter(|line| {
        line["level"] == "INFO" && line["message"].as_str().is_some_and(|it| it.contains(back))
    });
    assert_eq!(news.count(), 1, "{lines:#?}");
}

fn two_outages_of_the_xray_daemon_are_two_warnings_with_their_cause(program: &Program) {
    let variables = [("OTEL_TRACES_EXPORTER", "xray")];
    two_outages(program, UdpBackend::stopped(), &variables, &NO_SPANS);
}

fn two_outages_of_a_collector_of_spans_are_two_warnings_with_their_cause(program: &Program) {
    let variables = [("OTEL_TRACES_EXPORTER", "otlp")];
    two_outages(program, HttpBackend::stopped(""), &variables, &NO_SPANS);
}

fn two_outages_of_a_collector_of_metrics_are_two_warnings_with_their_cause(program: &Program) {
    let variables = [("OTEL_METRICS_EXPORTER", "otlp")];
    two_outages(program, HttpBackend::stopped(""), &variables, &NO_METRICS);
}

fn a_collector_that_answers_503_twice_for_a_while_is_two_warnings_with_the_status(
    program: &Program,
) {
    let variables = [("OTEL_TRACES_EXPORTER", "otlp")];
    let expected = Expected {
        causes: &["503"],
        ..NO_SPANS
    };
    two_outages(
        program,
        UnavailableBackend::stopped(),
        &variables,
        &expected,
    );
}

fn a_collector_that_falls_silent_twice_is_two_warnings_that_name_the_timeout(program: &Program) {
    let variables = [
        ("OTEL_METRICS_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
    ];
    let expected = Expected {
        causes: &["timeout"],
        ..NO_METRICS
    };
    two_outages(program, SilentBackend::stopped(), &variables, &expected);
}

/// Rules and targets in one. After the first report, the next one is due in a second.
const RULES: &str = r#"{
    "SamplingRuleRecords": [{"SamplingRule": {
        "RuleName": "Default", "Priority": 10000, "FixedRate": 1.0, "ReservoirSize": 1, "Version": 1,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*",
        "ResourceARN": "*", "Attributes": {}
    }}],
    "SamplingTargetDocuments": [{"RuleName": "Default", "FixedRate": 1.0, "Interval": 1}],
    "LastRuleModification": 1.0,
    "UnprocessedStatistics": []
}"#;

fn two_outages_of_the_daemons_sampling_rules_are_two_warnings_with_their_cause(program: &Program) {
    let mut spans = UdpBackend::stopped();
    spans.start();
    let rules = HttpBackend::stopped(RULES);
    let address = format!(
        "udp:127.0.0.1:{} tcp:127.0.0.1:{}",
        spans.port(),
        rules.port()
    );
    let variables = [
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("OTEL_TRACES_SAMPLER", "xray"),
        ("AWS_XRAY_DAEMON_ADDRESS", &address),
    ];
    two_outages(program, rules, &variables, &NO_RULES);
}

fn two_outages_of_a_sampling_server_are_two_warnings_with_their_cause(program: &Program) {
    let mut spans = UdpBackend::stopped();
    spans.start();
    let strategy =
        r#"{"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 1}}"#;
    let server = HttpBackend::stopped(strategy);
    let daemon = format!("127.0.0.1:{}", spans.port());
    let endpoint = format!("endpoint=http://127.0.0.1:{}", server.port());
    let variables = [
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("AWS_XRAY_DAEMON_ADDRESS", &*daemon),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        (
            "OTEL_TRACES_SAMPLER_ARG",
            &format!("{endpoint},pollingIntervalMs=10"),
        ),
    ];
    two_outages(program, server, &variables, &NO_RULES);
}

fn a_daemon_whose_name_cannot_be_looked_up_is_one_warning_with_the_error(program: &Program) {
    // Too long for any question, so that the resolver refuses it by itself.
    let address = format!("{}:2000", "x".repeat(64));
    let service = program.start_with(&[
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("AWS_XRAY_DAEMON_ADDRESS", &address),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
    ]);
    let mut log = Log {
        service: &service,
        lines: Vec::new(),
    };
    log.wait_for("WARN", NO_SPANS.lost, 1);
    for _ in 0..200 {
        log.read();
    }
    let warnings = log.of("WARN", "");
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    let cause = warnings[0]["cause"].as_str().unwrap();
    assert!(cause.contains("cannot be looked up"), "{cause}");
    assert!(service.stop().0.success());
}
