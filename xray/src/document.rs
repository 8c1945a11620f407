//! A segment document: what is read of it, and which ones are refused.
//!
//! Sources: the X-Ray developer guide, "AWS X-Ray segment documents", the schema that it links, and errors of the
//! real service that people reported. Of a document that is accepted, parts of the wrong type are left out. One wrong
//! subsegment in a document has the whole document refused. Where the sources are silent: an id of a trace may tell any
//! time (the real service refuses the distant past, a laptop is also fed with recordings).

pub mod annotations;
pub mod lenient;
mod model;
mod name;

pub use model::{Document, Exception, Http};
pub use name::is_permitted as is_permitted_in_name;

use std::fmt;

use crate::id::{SegmentId, TraceId};
use crate::time::Time;
use lenient::{Object, Scalar};

/// Largest document in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// The code for a `type` that is neither `segment` nor `subsegment`.
const UNKNOWN_TYPE: &str = "UnknownType";

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The document's id, as far as it could be read.
    pub id: Option<String>,
    /// `MissingId` and the like.
    pub code: &'static str,
    /// Whether a subsegment is wrong: the document itself, or one in it.
    pub is_subsegment: bool,
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code;
        match (code, self.is_subsegment) {
            (UNKNOWN_TYPE, _) => write!(f, "Invalid entity. ErrorCode: {code}"),
            (_, false) => write!(f, "Invalid segment. ErrorCode: {code}"),
            (_, true) => write!(f, "Invalid subsegment. ErrorCode: {code}, Cause: null"),
        }
    }
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
        let refused = |code, is_subsegment| Refusal {
            id: document.id.text().map(str::to_owned),
            code,
            is_subsegment,
        };
        let subject = document.subject();
        let subject = subject.map_err(|code| refused(code, document.is_subsegment()))?;
        document
            .check_embedded()
            .map_err(|code| refused(code, true))?;
        Ok((document, subject))
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
        Time::parse_seconds(self.start_time.number()?)
    }

    /// When it ended; nothing while it is in progress.
    pub fn end(&self) -> Option<Time> {
        match self.in_progress.is_true() {
            true => None,
            false => Time::parse_seconds(self.end_time.number()?),
        }
    }

    fn subject(&self) -> Result<Subject, &'static str> {
        let is_subsegment = match self.kind.text() {
            None | Some("" | "segment") => false,
            Some("subsegment") => true,
            Some(_) => return Err(UNKNOWN_TYPE),
        };
        let id = self.checked_id()?;
        let trace = required(&self.trace_id, "MissingTraceId")?;
        let trace = trace.parse().map_err(|()| "InvalidTraceId")?;
        self.check_name(is_subsegment)?;
        let end = self.checked_end()?;
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

    /// Finds out whether all subsegments that are embedded in it are right.
    fn check_embedded(&self) -> Result<(), &'static str> {
        let mut todo = vec![self];
        while let Some(document) = todo.pop() {
            let embedded = document.subsegments.0.iter();
            for part in embedded.filter_map(|part| part.0.as_ref()) {
                part.checked_id()?;
                part.check_name(true)?;
                part.checked_end()?;
                todo.push(part);
            }
        }
        Ok(())
    }

    fn checked_id(&self) -> Result<SegmentId, &'static str> {
        let id = required(&self.id, "MissingId")?;
        id.parse().map_err(|()| "InvalidId")
    }

    fn check_name(&self, is_subsegment: bool) -> Result<(), &'static str> {
        let name = required(&self.name, "MissingName")?;
        match name::is_valid(name, is_subsegment) {
            true => Ok(()),
            false => Err("InvalidName"),
        }
    }

    /// When it ended; nothing while it is in progress. It must have started.
    fn checked_end(&self) -> Result<Option<Time>, &'static str> {
        if self.start().is_none() {
            return Err(match self.start_time {
                Scalar::Absent => "MissingStartTime",
                _ => "InvalidStartTime",
            });
        }
        match (self.in_progress.is_true(), &self.end_time) {
            (true, _) => Ok(None),
            (false, Scalar::Absent) => Err("MissingEndTime"),
            (false, _) => self.end().map(Some).ok_or("InvalidEndTime"),
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

#[cfg(test)]
mod tests;
