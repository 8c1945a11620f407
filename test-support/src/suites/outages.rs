//! Tests of the log lines of a service while a telemetry backend fails, recovers and fails again.

use serde_json::Value;

use crate::backend::{Backend, HttpBackend, SilentBackend, UdpBackend, UnavailableBackend};
use crate::program::Program;
use crate::service::{Service, wait_until};

suite! {
    $ outages_tests, outages:
    two_outages_of_the_xray_daemon_are_two_warnings_with_their_cause,
    two_outages_of_a_collector_of_spans_are_two_warnings_with_their_cause,
    two_outages_of_a_collector_of_metrics_are_two_warnings_with_their_cause,
    two_outages_with_status_503_are_two_warnings_with_the_status,
    two_outages_without_answers_are_two_warnings_that_name_the_timeout,
    two_outages_of_the_daemons_sampling_rules_are_two_warnings_with_their_cause,
    two_outages_of_a_sampling_server_are_two_warnings_with_their_cause,
    an_unresolvable_daemon_name_is_one_warning_with_the_error,
}

/// A running service, and its log lines so far.
struct ServiceLog<'a> {
    service: &'a Service,
    lines: Vec<Value>,
}

impl ServiceLog<'_> {
    /// Sends requests until the service has logged `count` lines at `level` whose message contains the text
    /// `message`.
    fn send_requests_until_logged(&mut self, level: &str, message: &str, count: usize) {
        wait_until(message, || {
            self.send_request_and_read_lines();
            self.lines_with_message(level, message).len() >= count
        });
    }

    /// Sends a request, and reads the lines that the service has logged since the last call.
    fn send_request_and_read_lines(&mut self) {
        let request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        self.service.send_raw(request);
        let lines = self.service.lines.try_iter();
        let lines = lines.map(|line| serde_json::from_str(&line).unwrap());
        self.lines.extend(lines);
    }

    fn lines_with_message(&self, level: &str, message: &str) -> Vec<&Value> {
        let text = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
        let lines = self.lines.iter();
        lines
            .filter(|line| line["level"] == level && text(line).contains(message))
            .collect()
    }
}

/// Parts of the expected log messages of an outage.
struct OutageMessages<'a> {
    /// Part of the WARN message at the beginning of the outage.
    warning: &'a str,
    /// Part of the INFO message at the end of the outage.
    recovery: &'a str,
    /// The field `cause` of each WARN contains at least one of the texts in this slice.
    causes: &'a [&'a str],
}

/// The causes that a service reports for a stopped backend. When the backend stops, the accepted
/// connections are reset.
const CLOSED_PORT_CAUSES: &[&str] = &["refused", "reset"];

const SPAN_EXPORT_OUTAGE: OutageMessages = OutageMessages {
    warning: "spans cannot be exported",
    recovery: "spans are exported again",
    causes: CLOSED_PORT_CAUSES,
};

const METRIC_EXPORT_OUTAGE: OutageMessages = OutageMessages {
    warning: "metrics cannot be exported",
    recovery: "metrics are exported again",
    causes: CLOSED_PORT_CAUSES,
};

const SAMPLING_RULES_OUTAGE: OutageMessages = OutageMessages {
    warning: "returns no sampling rules",
    recovery: "returns sampling rules again",
    causes: CLOSED_PORT_CAUSES,
};

/// Starts a service while `backend` is stopped, starts the backend, and stops the backend again. Asserts
/// that the service logs one WARN with the cause for each of the two outages, and one INFO for the
/// recovery.
fn assert_two_outages(
    program: &Program,
    mut backend: impl Backend,
    variables: &[(&str, &str)],
    expected: &OutageMessages<'_>,
) {
    let OutageMessages {
        warning,
        recovery,
        causes,
    } = expected;
    let port = backend.port();
    let daemon = format!("127.0.0.1:{port}");
    let collector = format!("http://{daemon}");
    let common_variables = [
        ("AWS_XRAY_DAEMON_ADDRESS", &*daemon),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
    ];
    let variables = &[&common_variables, variables].concat();
    let service = program.start_with(variables);
    let mut log = ServiceLog {
        service: &service,
        lines: Vec::new(),
    };
    log.send_requests_until_logged("WARN", warning, 1);
    backend.start();
    log.send_requests_until_logged("INFO", recovery, 1);
    wait_until("the backend receives", || {
        log.send_request_and_read_lines();
        backend.has_received()
    });
    backend.stop();
    log.send_requests_until_logged("WARN", warning, 2);
    // These requests cause many more failures in the second outage, which lasts until the service ends.
    for _ in 0..200 {
        log.send_request_and_read_lines();
    }
    let ServiceLog { mut lines, .. } = log;
    let (status, remaining_lines) = service.stop();
    assert!(status.success());
    lines.extend(
        remaining_lines
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()),
    );

    let warnings: Vec<_> = lines
        .iter()
        .filter(|line| line["level"] == "WARN")
        .collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    let expected_warning = warning;
    for warning in warnings {
        assert!(
            warning["message"]
                .as_str()
                .unwrap()
                .contains(expected_warning)
        );
        let cause = warning["cause"].as_str().unwrap();
        let is_expected = causes.iter().any(|text| cause.contains(text));
        assert!(is_expected, "{warning:#}");
    }
    let recoveries = lines.iter().filter(|line| {
        line["level"] == "INFO"
            && line["message"]
                .as_str()
                .is_some_and(|message| message.contains(recovery))
    });
    assert_eq!(recoveries.count(), 1, "{lines:#?}");
}

fn two_outages_of_the_xray_daemon_are_two_warnings_with_their_cause(program: &Program) {
    let variables = [("OTEL_TRACES_EXPORTER", "xray")];
    assert_two_outages(
        program,
        UdpBackend::new_stopped(),
        &variables,
        &SPAN_EXPORT_OUTAGE,
    );
}

fn two_outages_of_a_collector_of_spans_are_two_warnings_with_their_cause(program: &Program) {
    let variables = [("OTEL_TRACES_EXPORTER", "otlp")];
    assert_two_outages(
        program,
        HttpBackend::new_stopped(""),
        &variables,
        &SPAN_EXPORT_OUTAGE,
    );
}

fn two_outages_of_a_collector_of_metrics_are_two_warnings_with_their_cause(program: &Program) {
    let variables = [("OTEL_METRICS_EXPORTER", "otlp")];
    assert_two_outages(
        program,
        HttpBackend::new_stopped(""),
        &variables,
        &METRIC_EXPORT_OUTAGE,
    );
}

fn two_outages_with_status_503_are_two_warnings_with_the_status(program: &Program) {
    let variables = [("OTEL_TRACES_EXPORTER", "otlp")];
    let expected = OutageMessages {
        causes: &["503"],
        ..SPAN_EXPORT_OUTAGE
    };
    assert_two_outages(
        program,
        UnavailableBackend::new_stopped(),
        &variables,
        &expected,
    );
}

fn two_outages_without_answers_are_two_warnings_that_name_the_timeout(program: &Program) {
    let variables = [
        ("OTEL_METRICS_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
    ];
    let expected = OutageMessages {
        causes: &["timeout"],
        ..METRIC_EXPORT_OUTAGE
    };
    assert_two_outages(program, SilentBackend::new_stopped(), &variables, &expected);
}

/// An answer to both GetSamplingRules and GetSamplingTargets. The field `Interval` requests the next report
/// of sampling statistics after one second.
const RULES_AND_TARGETS: &str = r#"{
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
    let mut span_receiver = UdpBackend::new_stopped();
    span_receiver.start();
    let rules_server = HttpBackend::new_stopped(RULES_AND_TARGETS);
    let address = format!(
        "udp:127.0.0.1:{} tcp:127.0.0.1:{}",
        span_receiver.port(),
        rules_server.port()
    );
    let variables = [
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("OTEL_TRACES_SAMPLER", "xray"),
        ("AWS_XRAY_DAEMON_ADDRESS", &address),
    ];
    assert_two_outages(program, rules_server, &variables, &SAMPLING_RULES_OUTAGE);
}

fn two_outages_of_a_sampling_server_are_two_warnings_with_their_cause(program: &Program) {
    let mut span_receiver = UdpBackend::new_stopped();
    span_receiver.start();
    let strategy =
        r#"{"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 1}}"#;
    let server = HttpBackend::new_stopped(strategy);
    let daemon = format!("127.0.0.1:{}", span_receiver.port());
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
    assert_two_outages(program, server, &variables, &SAMPLING_RULES_OUTAGE);
}

fn an_unresolvable_daemon_name_is_one_warning_with_the_error(program: &Program) {
    // The resolver rejects a label of more than 63 bytes without a DNS query.
    let address = format!("{}:2000", "x".repeat(64));
    let service = program.start_with(&[
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("AWS_XRAY_DAEMON_ADDRESS", &address),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
    ]);
    let mut log = ServiceLog {
        service: &service,
        lines: Vec::new(),
    };
    log.send_requests_until_logged("WARN", SPAN_EXPORT_OUTAGE.warning, 1);
    for _ in 0..200 {
        log.send_request_and_read_lines();
    }
    let warnings = log.lines_with_message("WARN", "");
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    let cause = warnings[0]["cause"].as_str().unwrap();
    assert!(cause.contains("cannot be looked up"), "{cause}");
    assert!(service.stop().0.success());
}
