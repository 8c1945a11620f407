//! A segment document: what is read of it, and which ones are refused.
//!
//! Source: the X-Ray developer guide, "AWS X-Ray segment documents". Of a document that is taken, parts of
//! the wrong type are left out. Where the guide is silent: an id of a trace may tell any time (the real
//! service refuses the distant past, a laptop is also fed with recordings); names of subsegments may
//! contain any character.

pub mod annotations;
pub mod lenient;
mod model;

pub use model::{Document, Exception, Http};

use crate::id::{SegmentId, TraceId};
use crate::time::Time;
use lenient::{Object, Scalar};

/// Largest document in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// Longest name in characters of a segment.
const MAX_SEGMENT_NAME: usize = 200;

/// Longest name in characters of a subsegment.
const MAX_NAME: usize = 250;

/// What a document is about, after it was found to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The trace that it belongs to.
    pub trace: TraceId,
    /// Its own id.
    pub id: SegmentId,
    /// Sent for itself, as a part of a segment.
    pub is_subsegment: bool,
    /// When it ended; nothing while it is in progress.
    pub end: Option<Time>,
}

/// Why a document is refused. `PutTraceSegments` tells it; the message is the real service's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid {}. ErrorCode: {code}", if *.is_subsegment { "subsegment" } else { "segment" })]
pub struct Refusal {
    /// The document's id, as far as it could be read.
    pub id: Option<String>,
    /// `MissingId` and the like.
    pub code: &'static str,
    /// What it wanted to be.
    pub is_subsegment: bool,
}

impl Refusal {
    /// Of a document that cannot be read at all.
    pub fn unread(code: &'static str) -> Self {
        Self {
            id: None,
            code,
            is_subsegment: false,
        }
    }
}

impl<'a> Document<'a> {
    /// Reads a document and finds out whether it is right.
    ///
    /// # Errors
    ///
    /// When it is no JSON object, too large, or lacks something that is required.
    pub fn parse(json: &'a str) -> Result<(Self, Subject), Refusal> {
        if json.len() > MAX_BYTES {
            return Err(Refusal::unread("DocumentTooLarge"));
        }
        let object: Object<Self> =
            serde_json::from_str(json).map_err(|_| Refusal::unread("ParseError"))?;
        let document = object.0.ok_or_else(|| Refusal::unread("ParseError"))?;
        match document.subject() {
            Ok(subject) => Ok((document, subject)),
            Err(code) => Err(Refusal {
                id: document.id.text().map(str::to_owned),
                code,
                is_subsegment: document.is_subsegment(),
            }),
        }
    }

    /// Whether it says of itself that it is a part of a segment.
    pub fn is_subsegment(&self) -> bool {
        self.kind.text() == Some("subsegment")
    }

    /// Its parent's id, if it is one.
    pub fn parent(&self) -> Option<SegmentId> {
        self.parent_id.text()?.parse().ok()
    }

    /// When it started.
    pub fn start(&self) -> Option<Time> {
        Time::parse(self.start_time.number()?)
    }

    /// When it ended; nothing while it is in progress.
    pub fn end(&self) -> Option<Time> {
        match self.in_progress.is_true() {
            true => None,
            false => Time::parse(self.end_time.number()?),
        }
    }

    fn subject(&self) -> Result<Subject, &'static str> {
        let id = required(&self.id, "MissingId")?;
        let id = id.parse().map_err(|()| "InvalidId")?;
        let trace = required(&self.trace_id, "MissingTraceId")?;
        let trace = trace.parse().map_err(|()| "InvalidTraceId")?;
        self.check_name()?;
        if self.start().is_none() {
            return Err(match self.start_time {
                Scalar::Absent => "MissingStartTime",
                _ => "InvalidStartTime",
            });
        }
        let end = self.end();
        if end.is_none() && !self.in_progress.is_true() {
            return Err(match self.end_time {
                Scalar::Absent => "MissingEndTime",
                _ => "InvalidEndTime",
            });
        }
        let is_subsegment = self.is_subsegment();
        if is_subsegment && self.parent_id.is_absent() {
            return Err("MissingParentId");
        }
        if !self.parent_id.is_absent() && self.parent().is_none() {
            return Err("InvalidParentId");
        }
        Ok(Subject {
            trace,
            id,
            is_subsegment,
            end,
        })
    }

    fn check_name(&self) -> Result<(), &'static str> {
        let name = required(&self.name, "MissingName")?;
        let is_right = match self.is_subsegment() {
            true => name.chars().count() <= MAX_NAME,
            false => name.chars().count() <= MAX_SEGMENT_NAME && name.chars().all(is_permitted),
        };
        match is_right && !name.is_empty() {
            true => Ok(()),
            false => Err("InvalidName"),
        }
    }
}

fn required<'a>(value: &'a Scalar<'_>, missing: &'static str) -> Result<&'a str, &'static str> {
    match value {
        Scalar::Absent => Err(missing),
        // A number is no id or name, and no such id or name exists.
        value => Ok(value.text().unwrap_or_default()),
    }
}

/// Whether a segment's name may contain it: letters, numbers, white space and the guide's symbols.
fn is_permitted(c: char) -> bool {
    c.is_alphanumeric() || c.is_whitespace() || "_.:/%&#=+\\-@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn segment() -> Value {
        json!({
            "name": "example.com",
            "id": "70de5b6f19ff9a0a",
            "start_time": 1.478_293_361_271E9,
            "trace_id": "1-581cf771-a006649127e371903a2de979",
            "end_time": 1.478_293_361_449E9,
        })
    }

    fn refused(change: impl FnOnce(&mut Value)) -> String {
        let mut document = segment();
        change(&mut document);
        match Document::parse(&document.to_string()) {
            Ok((_, subject)) => format!("taken: {}", subject.end.is_some()),
            Err(refusal) => refusal.code.to_owned(),
        }
    }

    #[test]
    fn a_minimal_segment_is_taken() {
        let json = segment().to_string();
        let (document, subject) = Document::parse(&json).unwrap();
        assert_eq!(document.name.text(), Some("example.com"));
        assert_eq!(subject.id.to_string(), "70de5b6f19ff9a0a");
        assert_eq!(subject.end, Time::parse(1.478_293_361_449E9));
        assert!(!subject.is_subsegment);
    }

    #[test]
    fn what_is_required_is_named_when_it_is_missing_or_wrong() {
        for (field, wrong, missing, invalid) in [
            ("id", json!("xyz"), "MissingId", "InvalidId"),
            (
                "trace_id",
                json!("1-2-3"),
                "MissingTraceId",
                "InvalidTraceId",
            ),
            ("name", json!(""), "MissingName", "InvalidName"),
            (
                "start_time",
                json!("noon"),
                "MissingStartTime",
                "InvalidStartTime",
            ),
            ("end_time", json!(-1), "MissingEndTime", "InvalidEndTime"),
        ] {
            let without = |document: &mut Value| {
                document.as_object_mut().unwrap().remove(field);
            };
            assert_eq!(refused(without), missing);
            assert_eq!(refused(|document| document[field] = json!(null)), missing);
            assert_eq!(refused(|document| document[field] = wrong), invalid);
        }
        let subsegment = |document: &mut Value| document["type"] = json!("subsegment");
        assert_eq!(refused(subsegment), "MissingParentId");
        assert_eq!(
            refused(|document| document["parent_id"] = json!("1")),
            "InvalidParentId"
        );
    }

    #[test]
    fn names_of_segments_have_few_symbols_and_two_hundred_characters() {
        for (name, code) in [
            ("a b_.:/%&#=+\\-@ü", "taken: true"),
            (&*"n".repeat(200), "taken: true"),
            (&*"n".repeat(201), "InvalidName"),
            ("what?", "InvalidName"),
        ] {
            assert_eq!(
                refused(|document| document["name"] = json!(name)),
                code,
                "{name}"
            );
        }
        assert_eq!(
            refused(|document| {
                document["name"] = json!("what?");
                document["type"] = json!("subsegment");
                document["parent_id"] = json!("70de5b6f19ff9a0b");
            }),
            "taken: true"
        );
    }

    #[test]
    fn progress_is_as_the_document_says() {
        assert_eq!(
            refused(|document| document["in_progress"] = json!(false)),
            "taken: true"
        );
        assert_eq!(
            refused(|document| document["in_progress"] = json!(true)),
            "taken: false"
        );
        assert_eq!(
            refused(|document| {
                document["in_progress"] = json!(true);
                document["end_time"] = json!(null);
            }),
            "taken: false"
        );
    }

    #[test]
    fn odd_parts_do_not_cost_the_document() {
        assert_eq!(
            refused(|document| {
                document["type"] = json!("segment");
                document["cause"] = json!("0123456789abcdef");
                document["error"] = json!(true);
                document["fault"] = json!(true);
                document["user"] = json!(7);
                document["http"] = json!({"response": {"content_length": "86", "status": null}});
                document["aws"] = json!([{}]);
                document["annotations"] = json!("none");
                document["subsegments"] = json!([1, null, {"name": 3}]);
                document["start_time"] = json!("1478293361.271");
            }),
            "taken: true"
        );
    }

    #[test]
    fn what_cannot_be_read_has_no_id() {
        for json in ["", "{", "[]", "7", "null", "{\"id\": \"70de5b6f19ff9a0a\""] {
            assert_eq!(
                Document::parse(json).unwrap_err(),
                Refusal::unread("ParseError"),
                "{json}"
            );
        }
        let large = format!("{{\"metadata\": \"{}\"}}", "x".repeat(MAX_BYTES));
        assert_eq!(
            Document::parse(&large).unwrap_err().code,
            "DocumentTooLarge"
        );
        let deep = "[".repeat(20_000);
        assert_eq!(Document::parse(&deep).unwrap_err().code, "ParseError");
    }

    #[test]
    fn a_refusal_reads_as_the_real_services_does() {
        let mut document = segment();
        document["type"] = json!("subsegment");
        let refusal = Document::parse(&document.to_string()).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "Invalid subsegment. ErrorCode: MissingParentId"
        );
        assert_eq!(refusal.id.as_deref(), Some("70de5b6f19ff9a0a"));
    }
}
