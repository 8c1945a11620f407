//! Collects the records that a service writes about its requests: segments, access lines and duration
//! metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpStream;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::daemon::{Daemon, error_flags};
use crate::service::{Service, WAIT_LIMIT};

const DURATION_METRIC: &str = "http.server.request.duration";

/// A running service. [`stop`](Self::stop) returns the records of the service.
pub struct RecordedService {
    /// The running service.
    pub service: Service,
    lines: Vec<String>,
    daemon: Daemon,
}

/// The records of a service that has ended.
#[derive(Debug)]
pub struct Records {
    /// The segments: one document for each request.
    pub segments: Vec<Value>,
    /// The subsegments: one document for each outgoing call.
    pub calls: Vec<Value>,
    /// The access lines.
    pub access: Vec<Value>,
    /// The log lines except access lines, and the embedded metrics.
    pub lines: Vec<Value>,
}

impl RecordedService {
    /// Starts `binary` with traces, metrics and access lines enabled.
    pub fn start(binary: &str, variables: &[(&str, &str)]) -> Self {
        let daemon = Daemon::start();
        let (name, address) = daemon.address_variable();
        let exporters = [
            ("OTEL_TRACES_EXPORTER", "xray"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_METRICS_EXPORTER", "emf"),
            (name, &*address),
        ];
        let service = Service::start(binary, &[variables, &exporters].concat());
        Self {
            service,
            lines: Vec::new(),
            daemon,
        }
    }

    /// Reads log lines until `count` lines contain `text`.
    pub fn wait_for_lines(&mut self, count: usize, text: &str) {
        self.wait_for_lines_within(WAIT_LIMIT, count, text);
    }

    /// Reads log lines until `count` lines contain `text`. Each line must arrive within `time_limit`.
    pub fn wait_for_lines_within(&mut self, time_limit: Duration, count: usize, text: &str) {
        let mut found = 0;
        while found < count {
            let line = self.service.wait_for_line_within(time_limit, |_| true);
            found += usize::from(line.contains(text));
            self.lines.push(line);
        }
    }

    /// Sends SIGTERM, waits for a successful end, and returns the records.
    pub fn stop(self) -> Records {
        self.service.signal(Signal::TERM);
        let (status, records) = self.wait_for_end();
        assert!(status.success(), "{status}");
        records
    }

    /// Waits until the service ends. Returns the exit status and the records.
    pub fn wait_for_end(mut self) -> (ExitStatus, Records) {
        let (status, lines) = self.service.wait_for_end();
        self.lines.extend(lines);
        (status, Records::from_output(&self.lines, self.daemon))
    }
}

impl Records {
    fn from_output(lines: &[String], daemon: Daemon) -> Self {
        let lines = lines
            .iter()
            .map(|line| serde_json::from_str(line).expect(line));
        let (access, lines) = lines.partition(|line: &Value| line["target"] == "access");
        let documents = daemon.documents().into_iter();
        let (calls, segments) = documents.partition(|document| document["type"] == "subsegment");
        Self {
            segments,
            calls,
            access,
            lines,
        }
    }

    /// Sums a counter, or the counts of a histogram, over the metrics with the labels `labels`. The value
    /// `null` stands for a missing label.
    pub fn sum_metric(&self, metric: &str, labels: &[(&str, Value)]) -> usize {
        let lines = self.lines.iter().filter(|line| {
            let mut labels = labels.iter();
            labels.all(|(name, value)| line[*name] == *value)
        });
        let count = |line: &Value| {
            let value = &line[metric];
            let count = value["Count"].as_f64().or(value.as_f64());
            count.unwrap_or(0.0) as usize
        };
        lines.map(count).sum()
    }

    /// The number of active requests: the sum of the last values of all series.
    fn active_requests(&self) -> i64 {
        let mut last_values = BTreeMap::new();
        for line in &self.lines {
            if let Some(active) = line["http.server.active_requests"].as_i64() {
                let labels = (&line["http.request.method"], &line["http.route"]);
                last_values.insert(format!("{labels:?}"), active);
            }
        }
        last_values.values().sum()
    }

    /// Asserts that there are `count` segments, access lines and durations, that each access line belongs to
    /// a segment, and that no request is still counted as active.
    pub fn assert_each_request_is_recorded_once(&self, count: usize) {
        let numbers = [
            self.segments.len(),
            self.access.len(),
            self.sum_metric(DURATION_METRIC, &[]),
        ];
        assert_eq!(numbers, [count; 3], "spans, lines, durations: {self:#?}");
        assert_eq!(self.active_requests(), 0, "{self:#?}");
        let mut spans: Vec<_> = self.segments.iter().map(|record| &record["id"]).collect();
        let mut lines: Vec<_> = self
            .access
            .iter()
            .map(|record| &record["span_id"])
            .collect();
        spans.sort_by_key(|id| id.to_string());
        lines.sort_by_key(|id| id.to_string());
        assert_eq!(spans, lines, "each line names its span");
    }

    /// Asserts that exactly `count` requests have this status and error type in their access lines, and the
    /// given flags in their segments.
    pub fn assert_outcome_count(
        &self,
        count: usize,
        status: u16,
        error_type: Option<&str>,
        expected_flags: &[&str],
    ) {
        let has_outcome =
            |line: &&Value| line["status"] == status && line["error_type"].as_str() == error_type;
        let lines: Vec<_> = self.access.iter().filter(has_outcome).collect();
        assert_eq!(lines.len(), count, "{status} {error_type:?}: {self:#?}");
        // If a request received no answer, its segment and its duration have no status.
        let mut answer_statuses = BTreeSet::new();
        for line in lines {
            let belongs_to_line = |segment: &&Value| segment["id"] == line["span_id"];
            let segment = self.segments.iter().find(belongs_to_line).unwrap();
            assert_eq!(error_flags(segment), expected_flags, "{segment:#}");
            let answer_status = segment["http"]["response"]["status"].as_u64();
            assert!(answer_status.is_none_or(|answered| answered == u64::from(status)));
            answer_statuses.insert(answer_status.map(|answered| answered.to_string()));
        }
        let Some(error_type) = error_type else { return };
        let durations = answer_statuses.iter().map(|answer_status| {
            let status = ("http.response.status_code", json!(answer_status));
            self.sum_metric(
                DURATION_METRIC,
                &[("error.type", json!(error_type)), status],
            )
        });
        assert_eq!(durations.sum::<usize>(), count, "{self:#?}");
    }

    /// The log lines at the level ERROR.
    pub fn error_lines(&self) -> Vec<&Value> {
        self.lines
            .iter()
            .filter(|line| line["level"] == "ERROR")
            .collect()
    }
}

/// Closes the connection with a RST instead of a FIN.
pub fn reset_connection(stream: TcpStream) {
    set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}
