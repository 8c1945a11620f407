//! Whether a piece of evidence shows a request that the fault has touched.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::{Evidence, EvidenceKind as Kind, Reference};
use super::aws::{Aws, Failed, LOGS, List};
use super::problem::Problem;

const SUMMARIES: List<'static> = List {
    service: None,
    operation: "TraceSummaries",
    items: "TraceSummaries",
    tokens: ["NextToken"; 2],
};

const LINES: List<'static> = List {
    service: Some(LOGS),
    operation: "FilterLogEvents",
    items: "events",
    tokens: ["nextToken"; 2],
};

/// What the fault has touched until the answer.
pub struct Touched<'a> {
    pub problem: &'a Problem,
    /// Trace ids of the requests.
    pub traces: &'a BTreeSet<String>,
    /// ARNs of what the fault has changed.
    pub changed: &'a [String],
    /// The name of the service whose events show the change.
    pub service: Option<&'a str>,
    /// The start of the fault and the answer, in Unix seconds.
    pub from: f64,
    pub to: f64,
}

impl Touched<'_> {
    /// Whether `evidence` shows what the fault has touched.
    ///
    /// # Errors
    ///
    /// If this could not be found out. A query that the service refuses is evidence of nothing.
    pub async fn is_shown_by(&self, evidence: &Evidence, aws: &Aws) -> Result<bool, Failed> {
        match (evidence.kind, &evidence.reference) {
            (Kind::Trace, Reference::Id(id)) => Ok(self.traces.contains(id)),
            (Kind::Trace, Reference::Query(filter)) => self.traces_match(filter, aws).await,
            (Kind::Log, Reference::Id(id)) => self.line_shows(Some(id), None, aws).await,
            (Kind::Log, Reference::Query(pattern)) => {
                self.line_shows(None, Some(pattern), aws).await
            }
            (Kind::Metric, Reference::Id(name) | Reference::Query(name)) => {
                Ok(self.problem.metrics.contains(name))
            }
            (Kind::Event, Reference::Id(id)) if self.changed.contains(id) => Ok(true),
            (Kind::Event, reference) => self.event_shows(reference, aws).await,
        }
    }

    async fn traces_match(&self, filter: &str, aws: &Aws) -> Result<bool, Failed> {
        let request = json!({
            "StartTime": self.from - 1.0, "EndTime": self.to + 1.0, "FilterExpression": filter,
        });
        let summaries = aws.list(SUMMARIES, request).await;
        let summaries = unless_refused(summaries)?;
        Ok(summaries
            .iter()
            .any(|summary| self.is_touched(&summary["Id"])))
    }

    /// Looks for an event with an id, or for all events that match a pattern.
    async fn line_shows(
        &self,
        id: Option<&str>,
        pattern: Option<&str>,
        aws: &Aws,
    ) -> Result<bool, Failed> {
        for group in ["LIKE_LOG_GROUP", "MONOLITH_LOG_GROUP"] {
            let mut request = json!({
                "logGroupName": aws.name(group),
                "startTime": (self.from * 1000.0) as i64, "endTime": (self.to * 1000.0) as i64 + 1_000,
            });
            if let Some(pattern) = pattern {
                request["filterPattern"] = json!(pattern);
            }
            let events = aws.list(LINES, request).await;
            let events = unless_refused(events)?;
            let is_meant = |event: &&Value| id.is_none_or(|id| event["eventId"] == id);
            let shows = |event: &Value| {
                let message = event["message"].as_str().unwrap_or_default();
                let line: Value = serde_json::from_str(message).unwrap_or_default();
                self.is_touched(&line["trace_id"])
            };
            if events.iter().filter(is_meant).any(shows) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks for an event of the service that the fault has changed, after the start of the fault.
    async fn event_shows(&self, reference: &Reference, aws: &Aws) -> Result<bool, Failed> {
        let Some(service) = self.service else {
            return Ok(false);
        };
        let services = aws.services(&[service]).await?;
        let events = services.iter();
        let events = events.flat_map(|service| service["events"].as_array().into_iter().flatten());
        let mut after = events.filter(|event| {
            let time = event["createdAt"].as_f64().unwrap_or_default();
            (self.from - 1.0..=self.to + 1.0).contains(&time)
        });
        Ok(after.any(|event| match reference {
            Reference::Id(id) => event["id"] == id.as_str(),
            Reference::Query(text) => {
                let message = event["message"].as_str().unwrap_or_default();
                !text.trim().is_empty() && message.contains(text)
            }
        }))
    }

    fn is_touched(&self, trace_id: &Value) -> bool {
        trace_id.as_str().is_some_and(|id| self.traces.contains(id))
    }
}

/// A query that the service refuses finds nothing.
fn unless_refused(found: Result<Vec<Value>, Failed>) -> Result<Vec<Value>, Failed> {
    match found {
        Err(failed) if failed.is_refusal => Ok(Vec::new()),
        found => found,
    }
}
