//! What a service has recorded of its requests: spans, access lines and samples of the duration.

#![allow(dead_code, reason = "not each service's tests use all of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpStream;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::daemon::{Daemon, flags};
use super::service::{PATIENCE, Service};

const DURATION: &str = "http.server.request.duration";

/// A service whose records a test reads at its end.
pub struct Recorded {
    pub service: Service,
    lines: Vec<String>,
    daemon: Daemon,
}

/// The records of a service that has ended.
#[derive(Debug)]
pub struct Records {
    /// Documents without a parent in the service: one for each request.
    pub segments: Vec<Value>,
    /// Documents of what the service called.
    pub calls: Vec<Value>,
    pub access: Vec<Value>,
    /// The other log lines, and embedded metrics.
    pub lines: Vec<Value>,
}

impl Recorded {
    /// Starts `binary` with all that it records switched on.
    pub fn start(binary: &str, variables: &[(&str, &str)]) -> Self {
        let daemon = Daemon::start();
        let (name, address) = daemon.variable();
        let records = [
            ("OTEL_TRACES_EXPORTER", "xray"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_METRICS_EXPORTER", "emf"),
            (name, &*address),
        ];
        let service = Service::start(binary, &[variables, &records].concat());
        Self {
            service,
            lines: Vec::new(),
            daemon,
        }
    }

    /// Waits until `count` more log lines contain `text`.
    pub fn wait_for(&mut self, count: usize, text: &str) {
        self.wait_for_within(PATIENCE, count, text);
    }

    /// The same, with another bound on the wait for each line.
    pub fn wait_for_within(&mut self, patience: Duration, count: usize, text: &str) {
        let mut found = 0;
        while found < count {
            let line = self.service.line_within(patience, |_| true);
            found += usize::from(line.contains(text));
            self.lines.push(line);
        }
    }

    /// Asks the service to stop, waits until it has, and returns what it has recorded.
    pub fn stop(self) -> Records {
        self.service.signal(Signal::TERM);
        let (status, records) = self.ended();
        assert!(status.success(), "{status}");
        records
    }

    /// Waits until the service has ended, and returns how it did and what it has recorded.
    pub fn ended(mut self) -> (ExitStatus, Records) {
        let (status, lines) = self.service.ended();
        self.lines.extend(lines);
        (status, Records::of(&self.lines, self.daemon))
    }
}

impl Records {
    fn of(lines: &[String], daemon: Daemon) -> Self {
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

    /// The sum of the counter, or of the histogram's counts, over lines with these labels; `null` is
    /// a label that is not there.
    pub fn sum(&self, metric: &str, labels: &[(&str, Value)]) -> usize {
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

    /// How many requests are active by the last lines that say so.
    fn active(&self) -> i64 {
        let mut last = BTreeMap::new();
        for line in &self.lines {
            if let Some(active) = line["http.server.active_requests"].as_i64() {
                let labels = (&line["http.request.method"], &line["http.route"]);
                last.insert(format!("{labels:?}"), active);
            }
        }
        last.values().sum()
    }

    /// Asserts that `count` requests were recorded, each of them exactly once everywhere, and that
    /// none is left active.
    pub fn assert_each_once(&self, count: usize) {
        let numbers = [
            self.segments.len(),
            self.access.len(),
            self.sum(DURATION, &[]),
        ];
        assert_eq!(numbers, [count; 3], "spans, lines, durations: {self:#?}");
        assert_eq!(self.active(), 0, "{self:#?}");
        let mut spans: Vec<_> = self.segments.iter().map(|it| &it["id"]).collect();
        let mut lines: Vec<_> = self.access.iter().map(|it| &it["span_id"]).collect();
        spans.sort_by_key(|id| id.to_string());
        lines.sort_by_key(|id| id.to_string());
        assert_eq!(spans, lines, "each line names its span");
    }

    /// Asserts that exactly `count` requests ended like this: the status and the error type of the
    /// access line, and the flags of the segment.
    pub fn assert_ends(&self, count: usize, status: u16, error_type: Option<&str>, flag: &[&str]) {
        let ended =
            |line: &&Value| line["status"] == status && line["error_type"].as_str() == error_type;
        let lines: Vec<_> = self.access.iter().filter(ended).collect();
        assert_eq!(lines.len(), count, "{status} {error_type:?}: {self:#?}");
        // Those that were answered, and those that were not: their durations have no status.
        let mut answers = BTreeSet::new();
        for line in lines {
            let of_line = |it: &&Value| it["id"] == line["span_id"];
            let segment = self.segments.iter().find(of_line).unwrap();
            assert_eq!(flags(segment), flag, "{segment:#}");
            let answer = segment["http"]["response"]["status"].as_u64();
            assert!(answer.is_none_or(|answer| answer == u64::from(status)));
            answers.insert(answer.map(|answer| answer.to_string()));
        }
        let Some(kind) = error_type else { return };
        let durations = answers.iter().map(|answer| {
            let status = ("http.response.status_code", json!(answer));
            self.sum(DURATION, &[("error.type", json!(kind)), status])
        });
        assert_eq!(durations.sum::<usize>(), count, "{self:#?}");
    }

    /// The lines at ERROR.
    pub fn errors(&self) -> Vec<&Value> {
        self.lines
            .iter()
            .filter(|line| line["level"] == "ERROR")
            .collect()
    }
}

/// Ends the connection with a RST instead of a FIN.
pub fn reset(stream: TcpStream) {
    set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}
