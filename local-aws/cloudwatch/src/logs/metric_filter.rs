//! Metric filters: a pattern and what it adds to a metric for each log event that matches.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::event::Event;
use super::pattern::{Extracted, Pattern, PatternError, Selector, select};
use super::segment::Segment;

const MINUTE_MS: i64 = 60_000;

/// Where the values of metric filters go.
pub trait MetricSink: Send + Sync {
    /// Adds a value to a metric.
    fn record(&self, metric: &FilteredMetric<'_>);
}

/// A value that a metric filter adds to a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct FilteredMetric<'a> {
    /// For example `MythicalMysfits/mysfits`.
    pub namespace: &'a str,
    /// For example `LikesLost`.
    pub name: &'a str,
    /// Names and values.
    pub dimensions: Vec<(&'a str, String)>,
    /// AWS's name of the unit, for example `Count`.
    pub unit: Option<&'a str>,
    /// Time of the log event in milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// The value.
    pub value: f64,
}

/// A metric filter of a log group.
#[derive(Debug)]
pub struct MetricFilter {
    /// The pattern as it was given.
    pub pattern_text: String,
    /// The transformation as it was given.
    pub document: Value,
    pub created: i64,
    pub transformation: Transformation,
    pattern: Pattern,
    /// Number of the first event that the filter has not seen.
    next_sequence: u64,
    /// The minutes that can still get events, and whether an event of the minute matched.
    minutes: BTreeMap<i64, bool>,
}

/// What a filter adds to which metric.
#[derive(Debug)]
pub struct Transformation {
    pub namespace: String,
    pub name: String,
    pub value: Source,
    /// The value of a minute with events of which none matches.
    pub default: Option<f64>,
    pub dimensions: Vec<(String, Source)>,
    pub unit: Option<String>,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Source {
    Number(f64),
    /// A property of a JSON event, for example `$.latency`.
    Property(Selector),
    /// A field of a space-delimited event, for example `$bytes`.
    Field(String),
}

impl Source {
    /// Parses a number, a property selector or the name of a field.
    ///
    /// # Errors
    ///
    /// Fails if the text is none of them.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        match text.parse() {
            Ok(number) => Ok(Self::Number(number)),
            Err(_) if text.starts_with("$.") => Selector::parse(text).map(Self::Property),
            Err(_) if text.len() > 1 && text.starts_with('$') => Ok(Self::Field(text.to_owned())),
            Err(_) => Selector::parse(text).map(Self::Property),
        }
    }

    fn text(&self, message: &str, extracted: &Extracted) -> Option<String> {
        match self {
            Self::Number(number) => Some(number.to_string()),
            Self::Property(selector) => {
                let selected = select(message, std::slice::from_ref(selector))?;
                selected.first()?.1.text()
            }
            Self::Field(name) => extracted.get(name).cloned(),
        }
    }

    fn number(&self, message: &str, extracted: &Extracted) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => self.text(message, extracted)?.parse().ok(),
        }
    }
}

impl MetricFilter {
    /// A filter that sees the events from the given number on.
    pub fn new(
        (pattern_text, pattern): (String, Pattern),
        (document, transformation): (Value, Transformation),
        created: i64,
        next_sequence: u64,
    ) -> Self {
        Self {
            pattern_text,
            document,
            created,
            transformation,
            pattern,
            next_sequence,
            minutes: BTreeMap::new(),
        }
    }

    /// Whether the pattern has a regular expression.
    pub fn has_regex(&self) -> bool {
        self.pattern.has_regex()
    }

    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Adds the values of the events that the filter has not seen, and the default value of each minute that ended without
    /// a match.
    pub fn publish(&mut self, segments: &[Arc<Segment>], now: i64, sink: &dyn MetricSink) {
        for segment in segments {
            let first = self.next_sequence;
            let new = segment.events().filter(|event| event.id.sequence >= first);
            for event in new {
                self.see(&event, sink);
            }
            self.next_sequence = first.max(segment.end_sequence());
        }
        let Some(default) = self.transformation.default else {
            return;
        };
        let present = now.div_euclid(MINUTE_MS);
        let open = self.minutes.split_off(&present);
        for (minute, has_match) in std::mem::replace(&mut self.minutes, open) {
            if !has_match {
                let metric = self.transformation.metric(minute * MINUTE_MS, default);
                sink.record(&metric);
            }
        }
    }

    fn see(&mut self, event: &Event<'_>, sink: &dyn MetricSink) {
        let metric = self.metric(event);
        if let Some(metric) = &metric {
            sink.record(metric);
        }
        let has_match = metric.is_some();
        if self.transformation.default.is_some() {
            let minute = event.id.timestamp.div_euclid(MINUTE_MS);
            *self.minutes.entry(minute).or_default() |= has_match;
        }
    }

    /// What the filter adds for the event. It adds nothing for an event that has no number where the filter expects one, or
    /// that lacks the value of a dimension.
    fn metric(&self, event: &Event<'_>) -> Option<FilteredMetric<'_>> {
        let Transformation {
            value, dimensions, ..
        } = &self.transformation;
        let extracted = match value {
            Source::Number(_) if dimensions.is_empty() => {
                self.pattern.matches(event.message).then(Extracted::new)
            }
            _ => self.pattern.extract(event.message),
        }?;
        let value = value.number(event.message, &extracted)?;
        let mut metric = self.transformation.metric(event.id.timestamp, value);
        for (name, source) in dimensions {
            let value = source.text(event.message, &extracted)?;
            metric.dimensions.push((name, value));
        }
        Some(metric)
    }
}

impl Transformation {
    fn metric(&self, timestamp: i64, value: f64) -> FilteredMetric<'_> {
        FilteredMetric {
            namespace: &self.namespace,
            name: &self.name,
            dimensions: Vec::new(),
            unit: self.unit.as_deref(),
            timestamp,
            value,
        }
    }
}
