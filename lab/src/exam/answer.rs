//! The answer of a person or program. `lab/exams/answer.schema.json` describes the same JSON, and tests compare the two.

use serde_json::Value;

mod error;
mod member;
#[cfg(test)]
mod tests;

pub use error::InvalidAnswer;
use member::Member;

use super::vocabulary::{COMPONENTS, TERMS, Term};

/// The JSON Schema of an answer, draft 2020-12.
pub const SCHEMA: &str = include_str!("../../exams/answer.schema.json");

/// Maximum size of an answer in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
const MAX_ROOT_CAUSES: usize = 10;
const MAX_EVIDENCE: usize = 20;
/// Length of an id or a query of evidence, in characters.
const MAX_REFERENCE_CHARS: usize = 1_000;
/// Length of the part of a component, in characters. Ids of tasks have 32, and those of mysfits 36.
const MAX_PART_CHARS: usize = 64;

/// A valid answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whether there is a fault.
    pub detected: bool,
    /// Empty if no fault is detected.
    pub root_causes: Vec<RootCause>,
    /// The share of likes that the fault touches, in percent.
    pub affected_percent: Option<f64>,
    /// From 0 to 1. It is not graded.
    pub confidence: Option<f64>,
}

/// What is wrong, and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct RootCause {
    pub component: String,
    pub mechanism: &'static Term,
    /// The time as the answer has it.
    pub occurrence_datetime: String,
    /// The same time, as Unix time in seconds.
    pub occurred_at: f64,
    pub evidence: Vec<Evidence>,
}

/// A request or a change that the fault caused. The schema describes what the ids and queries are.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub kind: EvidenceKind,
    pub reference: Reference,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceKind {
    Trace,
    Log,
    /// It always has a query.
    Metric,
    Event,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    Id(String),
    Query(String),
}

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// Returns an error that names the invalid member and what is expected.
    pub fn parse(json: &[u8]) -> Result<Self, InvalidAnswer> {
        if json.len() > MAX_BYTES {
            let expected = format!("at most {MAX_BYTES} bytes are read, not {}", json.len());
            return Err(InvalidAnswer::new("", expected));
        }
        let value: Value = serde_json::from_slice(json)
            .map_err(|error| InvalidAnswer::new("", format!("this is no JSON: {error}")))?;
        answer(&Member::root(&value))
    }
}

fn answer(member: &Member<'_>) -> Result<Answer, InvalidAnswer> {
    let names = ["detected", "root_causes", "quantities", "confidence"];
    let object = member.object(&names)?;
    let detected = object.required("detected")?.bool()?;
    let list = object.required("root_causes")?;
    let root_causes = list
        .items(MAX_ROOT_CAUSES)?
        .iter()
        .map(root_cause)
        .collect::<Result<Vec<_>, _>>()?;
    if !detected && !root_causes.is_empty() {
        return Err(list.error("an answer with \"detected\": false has no root causes"));
    }
    let affected_percent = match object.optional("quantities") {
        Some(quantities) => quantities
            .object(&["affected_percent"])?
            .optional("affected_percent")
            .map(|percent| percent.number(0.0, 100.0))
            .transpose()?,
        None => None,
    };
    let confidence = object
        .optional("confidence")
        .map(|confidence| confidence.number(0.0, 1.0))
        .transpose()?;
    Ok(Answer {
        detected,
        root_causes,
        affected_percent,
        confidence,
    })
}

fn root_cause(member: &Member<'_>) -> Result<RootCause, InvalidAnswer> {
    let names = [
        "component",
        "fault_mechanism",
        "occurrence_datetime",
        "evidence",
    ];
    let object = member.object(&names)?;
    let component = object.required("component")?;
    let time = object.required("occurrence_datetime")?;
    Ok(RootCause {
        component: parse_component(&component)?,
        mechanism: mechanism(&object.required("fault_mechanism")?)?,
        occurrence_datetime: time.string()?.to_owned(),
        occurred_at: time.unix_seconds()?,
        evidence: object
            .required("evidence")?
            .items(MAX_EVIDENCE)?
            .iter()
            .map(evidence)
            .collect::<Result<_, _>>()?,
    })
}

fn parse_component(member: &Member<'_>) -> Result<String, InvalidAnswer> {
    let text = member.string()?;
    let (name, part) = match text.split_once('/') {
        Some((name, part)) => (name, Some(part)),
        None => (text, None),
    };
    let is_part_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_part =
        |part: &str| (1..=MAX_PART_CHARS).contains(&part.len()) && part.bytes().all(is_part_byte);
    match COMPONENTS.contains(&name) && part.is_none_or(is_part) {
        true => Ok(text.to_owned()),
        false => Err(member.error(format!(
            "no component {text:?}; the components are {}, and a part of them: like-service/TASK_ID, monolith/TASK_ID, dynamodb/MYSFIT_ID",
            COMPONENTS.join(", ")
        ))),
    }
}

fn mechanism(member: &Member<'_>) -> Result<&'static Term, InvalidAnswer> {
    let name = member.string()?;
    Term::find(name).ok_or_else(|| {
        let names = TERMS.map(|term| term.name).join(", ");
        member.error(format!("no mechanism {name:?}; the mechanisms are {names}"))
    })
}

fn evidence(member: &Member<'_>) -> Result<Evidence, InvalidAnswer> {
    let object = member.object(&["kind", "id", "query"])?;
    let kind = object.required("kind")?;
    let kind = match kind.string()? {
        "trace" => EvidenceKind::Trace,
        "log" => EvidenceKind::Log,
        "metric" => EvidenceKind::Metric,
        "event" => EvidenceKind::Event,
        other => {
            return Err(kind.error(format!(
                "no kind {other:?}; the kinds are trace, log, metric, event"
            )));
        }
    };
    let reference = match (object.optional("id"), object.optional("query")) {
        (Some(id), None) if kind == EvidenceKind::Metric => {
            return Err(id.error("a metric has no id; \"query\" is Namespace/MetricName"));
        }
        (Some(id), None) => Reference::Id(id.text(MAX_REFERENCE_CHARS)?.to_owned()),
        (None, Some(query)) => {
            let text = query.text(MAX_REFERENCE_CHARS)?;
            if kind == EvidenceKind::Metric && !is_metric(text) {
                return Err(query.error(
                    "a metric is Namespace/MetricName, for example AWS/ECS/CPUUtilization",
                ));
            }
            Reference::Query(text.to_owned())
        }
        _ => return Err(member.error("evidence has either \"id\" or \"query\"")),
    };
    Ok(Evidence { kind, reference })
}

/// Whether the text is a namespace, a slash, and the name of a metric.
fn is_metric(text: &str) -> bool {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"._#:-".contains(&byte);
    let mut parts = text.split('/');
    parts.clone().count() >= 2
        && parts.all(|part| !part.is_empty() && part.bytes().all(is_name_byte))
}
