//! Tests of lost spans, log lines and metrics: a service counts each loss, and logs each episode of losses
//! once.

use std::io::{BufRead, BufReader, Write};
use std::process::ChildStdout;

use rustix::process::Signal;
use serde_json::Value;

use crate::backend::{Backend, HttpBackend, UdpBackend};
use crate::collector::Collector;
use crate::conventions::attribute_values;
use crate::program::Program;
use crate::service::{Service, wait_until};

suite! {
    $ losses_tests, losses:
    dropped_log_lines_are_counted_while_standard_output_is_not_read,
    log_lines_lost_at_shutdown_are_counted_on_standard_error,
    nothing_is_written_to_standard_error_if_no_log_line_was_lost,
    lost_log_lines_are_counted_after_standard_output_is_closed,
    spans_dropped_by_a_full_queue_are_counted_and_each_overflow_is_logged_once,
    spans_rejected_by_the_collector_are_counted_and_logged_once_with_its_message,
    spans_not_received_by_the_xray_daemon_are_counted,
    the_metrics_exported_at_shutdown_include_the_last_spans,
}

/// Sends `count` requests on one connection, ten at a time, and reads the answers.
fn send_requests(service: &Service, count: usize) {
    let mut stream = service.connect();
    let get_request = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut answers = BufReader::new(stream.try_clone().unwrap()).lines();
    for _ in 0..count / 10 {
        stream.write_all(&get_request.repeat(10)).unwrap();
        for _ in 0..10 {
            let line = answers.find(|line| line.as_ref().is_ok_and(|line| line.contains("200 OK")));
            assert!(line.is_some());
        }
    }
}

fn parse_line(line: &str) -> Value {
    serde_json::from_str(line).expect(line)
}

/// The log lines at `level` whose message contains the text `message`.
fn lines_with_message<'a>(lines: &'a [Value], level: &str, message: &str) -> Vec<&'a Value> {
    let text = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
    let lines = lines.iter();
    lines
        .filter(|line| line["level"] == level && text(line).contains(message))
        .collect()
}

/// Sums a counter over the embedded metrics with this `error.type`. `None` selects the metrics without an
/// `error.type`.
fn sum_counter(lines: &[Value], metric: &str, error_type: Option<&str>) -> u64 {
    let lines = lines
        .iter()
        .filter(|line| line["error.type"].as_str() == error_type);
    lines.filter_map(|line| line[metric].as_u64()).sum()
}

/// Reads log lines of the service into `lines`, until a line at INFO has a message that contains the text
/// `message`.
fn read_until(stdout: &mut BufReader<ChildStdout>, lines: &mut Vec<Value>, message: &str) {
    loop {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "no log line: {message}");
        lines.push(parse_line(&line));
        if !lines_with_message(&lines[lines.len() - 1..], "INFO", message).is_empty() {
            return;
        }
    }
}

fn dropped_log_lines_are_counted_while_standard_output_is_not_read(program: &Program) {
    const REQUEST_COUNT: usize = 10_000;
    let variables = [
        ("OTEL_METRICS_EXPORTER", "emf"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
    ];
    let mut service =
        Service::start_unread(program.binary, &[program.required, &variables].concat());
    let mut stdout = BufReader::new(service.child.stdout.take().unwrap());
    let mut lines = Vec::new();
    for episode in 1..=2 {
        // These requests cause more log lines than the pipe and the log queue can store.
        send_requests(&service, REQUEST_COUNT);
        read_until(&mut stdout, &mut lines, "no more log lines are dropped");
        let warnings = lines_with_message(&lines, "WARN", "log lines were dropped");
        assert_eq!(warnings.len(), episode, "{warnings:#?}");
    }
    service.signal(Signal::TERM);
    for line in stdout.lines() {
        lines.push(parse_line(&line.unwrap()));
    }
    assert!(service.wait().success());

    let written_lines = lines
        .iter()
        .filter(|line| line["target"] == "access")
        .count();
    let dropped = 2 * REQUEST_COUNT - written_lines;
    assert!(dropped > 0, "nothing was dropped");
    let counted_lines = sum_counter(&lines, "mysfits.log_lines.dropped", Some("queue_full"));
    assert_eq!(counted_lines, dropped as u64);
    let logged = lines_with_message(&lines, "INFO", "no more log lines are dropped").into_iter();
    let logged: u64 = logged.map(|line| line["dropped"].as_u64().unwrap()).sum();
    assert_eq!(logged, dropped as u64);
    let durations = lines
        .iter()
        .filter_map(|line| line["http.server.request.duration"]["Count"].as_u64());
    assert_eq!(durations.sum::<u64>(), 2 * REQUEST_COUNT as u64);
}

fn log_lines_lost_at_shutdown_are_counted_on_standard_error(program: &Program) {
    const REQUEST_COUNT: usize = 2000;
    // The pipe cannot store all log lines, but the log queue can store the lines that do not fit in the
    // pipe, so no line is dropped before the shutdown.
    let variables = [("OTEL_METRICS_EXPORTER", "emf")];
    let mut service =
        Service::start_unread(program.binary, &[program.required, &variables].concat());
    send_requests(&service, REQUEST_COUNT);
    service.signal(Signal::TERM);
    // The service also fails to write the last embedded metrics, but this failure does not delay the
    // shutdown.
    assert!(service.wait().success());
    let stderr = std::io::read_to_string(service.child.stderr.take().unwrap()).unwrap();
    let lost_lines: usize = stderr
        .split_once(" log lines were lost")
        .and_then(|(before, _)| before.parse().ok())
        .expect(&stderr);
    let stdout = std::io::read_to_string(service.child.stdout.take().unwrap()).unwrap();
    // The last line can be incomplete, because the pipe was full.
    let written_lines = stdout.matches("\n").count();
    let other_lines = lost_lines + written_lines - REQUEST_COUNT;
    assert!(
        lost_lines > 0 && other_lines < 20,
        "{lost_lines} lost, {written_lines} written"
    );
}

fn nothing_is_written_to_standard_error_if_no_log_line_was_lost(program: &Program) {
    const REQUEST_COUNT: usize = 10;
    let mut service = Service::start_unread(program.binary, program.required);
    send_requests(&service, REQUEST_COUNT);
    service.signal(Signal::TERM);
    assert!(service.wait().success());
    let stderr = std::io::read_to_string(service.child.stderr.take().unwrap()).unwrap();
    assert_eq!(stderr, "");
}

fn lost_log_lines_are_counted_after_standard_output_is_closed(program: &Program) {
    const REQUEST_COUNT: usize = 100;
    let collector = Collector::start();
    let mut service = Service::start_unread(
        program.binary,
        &[
            program.required,
            &[
                ("OTEL_METRICS_EXPORTER", "otlp"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
            ],
        ]
        .concat(),
    );
    drop(service.child.stdout.take());
    send_requests(&service, REQUEST_COUNT);
    service.signal(Signal::TERM);
    assert!(service.wait().success());
    let stderr = std::io::read_to_string(service.child.stderr.take().unwrap()).unwrap();
    let cause_count = stderr
        .matches("writing to standard output failed: Broken pipe")
        .count();
    assert_eq!(cause_count, 1, "{stderr}");
    let (_, metrics) = collector.spans_and_metrics();
    let lost = attribute_values(&metrics, "mysfits.log_lines.dropped", "error.type");
    assert!(lost.contains(&"write_failed".to_owned()), "{metrics:#?}");
}

fn spans_dropped_by_a_full_queue_are_counted_and_each_overflow_is_logged_once(program: &Program) {
    const REQUEST_COUNT: usize = 500;
    const QUEUE_CAPACITY: usize = 100;
    const PROCESSED_METRIC: &str = "otel.sdk.processor.span.processed";
    const EXPORTED_METRIC: &str = "otel.sdk.exporter.span.exported";
    let mut collector = HttpBackend::new_stopped("");
    collector.start();
    let endpoint = format!("http://127.0.0.1:{}", collector.port());
    let service = program.start_with(&[
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", &QUEUE_CAPACITY.to_string()),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_METRICS_EXPORTER", "emf"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
    ]);
    let mut lines = Vec::new();
    let mut spans = 0;
    for episode in 1..=2 {
        collector.has_received();
        collector.pause_answers(true);
        send_requests(&service, 10);
        wait_until("an export begins", || collector.has_received());
        // The collector does not answer, so these requests fill the queue.
        send_requests(&service, REQUEST_COUNT);
        collector.pause_answers(false);
        spans += 10 + REQUEST_COUNT as u64;
        wait_until("no more spans are dropped", || {
            send_requests(&service, 10);
            spans += 10;
            lines.extend(service.lines.try_iter().map(|line| parse_line(&line)));
            lines_with_message(&lines, "INFO", "no more spans are dropped").len() == episode
        });
        let warnings = lines_with_message(&lines, "WARN", "spans are dropped");
        assert_eq!(warnings.len(), episode, "{warnings:#?}");
        wait_until("all spans are counted", || {
            lines.extend(service.lines.try_iter().map(|line| parse_line(&line)));
            let dropped = sum_counter(&lines, PROCESSED_METRIC, Some("queue_full"));
            dropped + sum_counter(&lines, EXPORTED_METRIC, None) == spans
        });
    }
    let dropped = sum_counter(&lines, PROCESSED_METRIC, Some("queue_full"));
    assert_eq!(dropped + sum_counter(&lines, PROCESSED_METRIC, None), spans);
    // The spans that are not dropped are in the queue or in the running export. An export has at most ten
    // spans.
    let max_kept_spans = 2 * (QUEUE_CAPACITY + 10);
    assert!(
        dropped >= (2 * REQUEST_COUNT - max_kept_spans) as u64,
        "{dropped}"
    );
    assert!(service.stop().0.success());
}

fn spans_rejected_by_the_collector_are_counted_and_logged_once_with_its_message(program: &Program) {
    const EXPORTED_METRIC: &str = "otel.sdk.exporter.span.exported";
    // The collector answers with OTLP's partial success, which rejects one span with the message "too old".
    let mut collector = HttpBackend::new_stopped("\x0a\x0b\x08\x01\x12\x07too old");
    collector.start();
    let endpoint = format!("http://127.0.0.1:{}", collector.port());
    let service = program.start_with(&[
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ("OTEL_METRICS_EXPORTER", "emf"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
    ]);
    let mut lines = Vec::new();
    send_requests(&service, 100);
    wait_until("all spans are counted", || {
        lines.extend(service.lines.try_iter().map(|line| parse_line(&line)));
        let rejected = sum_counter(&lines, EXPORTED_METRIC, Some("rejected"));
        rejected > 0 && rejected + sum_counter(&lines, EXPORTED_METRIC, None) == 100
    });
    let warnings: Vec<_> = lines
        .iter()
        .filter(|line| line["level"] == "WARN")
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert_eq!(warnings[0]["cause"], "too old");
    assert!(service.stop().0.success());
}

fn spans_not_received_by_the_xray_daemon_are_counted(program: &Program) {
    const EXPORTED_METRIC: &str = "otel.sdk.exporter.span.exported";
    let daemon = UdpBackend::new_stopped();
    let address = format!("127.0.0.1:{}", daemon.port());
    let service = program.start_with(&[
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("AWS_XRAY_DAEMON_ADDRESS", &address),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ("OTEL_METRICS_EXPORTER", "emf"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
    ]);
    let mut lines = Vec::new();
    send_requests(&service, 100);
    wait_until("all spans are counted", || {
        lines.extend(service.lines.try_iter().map(|line| parse_line(&line)));
        let lost = sum_counter(&lines, EXPORTED_METRIC, Some("ConnectionRefused"));
        lost > 0 && lost + sum_counter(&lines, EXPORTED_METRIC, None) == 100
    });
    assert!(service.stop().0.success());
}

fn the_metrics_exported_at_shutdown_include_the_last_spans(program: &Program) {
    let mut collector = HttpBackend::new_stopped("");
    collector.start();
    let endpoint = format!("http://127.0.0.1:{}", collector.port());
    let service = program.start_with(&[
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        // The delay is longer than the test, so the first export is at the shutdown.
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
        ("OTEL_METRICS_EXPORTER", "emf"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "600000"),
    ]);
    send_requests(&service, 100);
    let (status, lines) = service.stop();
    assert!(status.success());
    let lines: Vec<_> = lines.iter().map(|line| parse_line(line)).collect();
    assert_eq!(
        sum_counter(&lines, "otel.sdk.processor.span.processed", None),
        100
    );
    assert_eq!(
        sum_counter(&lines, "otel.sdk.exporter.span.exported", None),
        100
    );
}
