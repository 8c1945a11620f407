//! Parses and validates segment documents.
//!
//! The sources of the rules are the X-Ray developer guide ("AWS X-Ray segment documents"), the schema that
//! the guide links, and error messages of AWS that users reported. A member of the wrong type is ignored, and
//! the rest of the document is accepted. If one embedded subsegment is invalid, the whole document is
//! refused.
//!
//! The sources do not specify the following cases. If a key occurs twice in an object, this program uses the
//! last value, as most JSON libraries do. This program does not check the time in a trace id. AWS refuses
//! trace ids that are too old; this program accepts old trace ids, so that recorded documents can be
//! replayed.

pub mod annotations;
pub mod lenient;
mod model;
mod name;

pub use model::{Document, Exception, Http};
pub use name::is_permitted_in_name;

use std::fmt;

use crate::id::{SegmentId, TraceId};
use crate::time::Time;
use lenient::{Object, Scalar};
use name::is_valid_name;

/// Maximum size of a document in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// Error code of a document whose `type` is neither `segment` nor `subsegment`.
const UNKNOWN_TYPE_CODE: &str = "UnknownType";

/// Members of a valid document that the store reads without parsing the JSON again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentHeader {
    /// The trace that the document belongs to.
    pub trace_id: TraceId,
    /// Id of the segment or subsegment.
    pub id: SegmentId,
    /// Whether the document is a subsegment that was sent separately from its segment.
    pub is_subsegment: bool,
    /// The end time of the segment or subsegment; `None` while the segment or subsegment is in progress.
    pub end: Option<Time>,
}

/// The reason why a document was refused, as an entry of `UnprocessedTraceSegments`. The `Display`
/// implementation writes the error message that AWS uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The document's `id`; `None` if the `id` could not be read.
    pub id: Option<String>,
    /// X-Ray's error code, such as `MissingId`.
    pub code: &'static str,
    /// Whether the invalid part is a subsegment: the document itself, or a subsegment that is embedded in the document.
    pub is_subsegment: bool,
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code;
        if code == UNKNOWN_TYPE_CODE {
            write!(f, "Invalid entity. ErrorCode: {code}")
        } else if self.is_subsegment {
            write!(f, "Invalid subsegment. ErrorCode: {code}, Cause: null")
        } else {
            write!(f, "Invalid segment. ErrorCode: {code}")
        }
    }
}

impl Refusal {
    /// Creates the refusal of a document whose id could not be read.
    pub fn without_id(code: &'static str) -> Self {
        Self {
            id: None,
            code,
            is_subsegment: false,
        }
    }
}

impl<'a> Document<'a> {
    /// Parses and validates a document.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a JSON object or is too large, or if a required member is missing or invalid.
    pub fn parse(json: &'a str) -> Result<(Self, DocumentHeader), Refusal> {
        if json.len() > MAX_DOCUMENT_BYTES {
            return Err(Refusal::without_id("DocumentTooLarge"));
        }
        let object: Object<Self> =
            serde_json::from_str(json).map_err(|_| Refusal::without_id("ParseError"))?;
        let document = object.0.ok_or_else(|| Refusal::without_id("ParseError"))?;
        let refuse = |code, is_subsegment| Refusal {
            id: document.id.as_text().map(str::to_owned),
            code,
            is_subsegment,
        };
        let header = document
            .parse_header()
            .map_err(|code| refuse(code, document.is_subsegment()))?;
        document
            .check_embedded_subsegments()
            .map_err(|code| refuse(code, true))?;
        Ok((document, header))
    }

    /// Whether the member `type` is `subsegment`.
    pub fn is_subsegment(&self) -> bool {
        self.kind.as_text() == Some("subsegment")
    }

    /// The value of the member `id`, if the value is valid.
    pub fn valid_id(&self) -> Option<SegmentId> {
        self.id.as_text()?.parse().ok()
    }

    /// The value of the member `parent_id`, if the value is valid.
    pub fn valid_parent_id(&self) -> Option<SegmentId> {
        self.parent_id.as_text()?.parse().ok()
    }

    /// The value of the member `start_time`, if the value is valid.
    pub fn valid_start(&self) -> Option<Time> {
        Time::parse_seconds(self.start_time.as_number()?)
    }

    /// The value of the member `end_time`, if the value is valid; `None` while the segment is in progress.
    pub fn valid_end(&self) -> Option<Time> {
        if self.in_progress.is_true() {
            return None;
        }
        Time::parse_seconds(self.end_time.as_number()?)
    }

    fn parse_header(&self) -> Result<DocumentHeader, &'static str> {
        let is_subsegment = match self.kind.as_text() {
            None | Some("" | "segment") => false,
            Some("subsegment") => true,
            Some(_) => return Err(UNKNOWN_TYPE_CODE),
        };
        let id = self.parse_id()?;
        let trace_id = require_text(&self.trace_id, "MissingTraceId")?;
        let trace_id = trace_id.parse().map_err(|()| "InvalidTraceId")?;
        self.check_name(is_subsegment)?;
        let end = self.check_start_and_parse_end()?;
        if is_subsegment && self.parent_id.is_absent() {
            return Err("MissingParentId");
        }
        if !self.parent_id.is_absent() && self.valid_parent_id().is_none() {
            return Err("InvalidParentId");
        }
        Ok(DocumentHeader {
            trace_id,
            id,
            is_subsegment,
            end,
        })
    }

    /// Validates all embedded subsegments, at every depth.
    fn check_embedded_subsegments(&self) -> Result<(), &'static str> {
        let mut unchecked_documents = vec![self];
        while let Some(document) = unchecked_documents.pop() {
            let subsegments = document.subsegments.0.iter();
            for subsegment in subsegments.filter_map(|subsegment| subsegment.0.as_ref()) {
                subsegment.parse_id()?;
                subsegment.check_name(true)?;
                subsegment.check_start_and_parse_end()?;
                unchecked_documents.push(subsegment);
            }
        }
        Ok(())
    }

    fn parse_id(&self) -> Result<SegmentId, &'static str> {
        let id = require_text(&self.id, "MissingId")?;
        id.parse().map_err(|()| "InvalidId")
    }

    fn check_name(&self, is_subsegment: bool) -> Result<(), &'static str> {
        let name = require_text(&self.name, "MissingName")?;
        if is_valid_name(name, is_subsegment) {
            Ok(())
        } else {
            Err("InvalidName")
        }
    }

    /// Returns the end time of a segment; `None` while the segment is in progress.
    fn check_start_and_parse_end(&self) -> Result<Option<Time>, &'static str> {
        if self.start_time.is_absent() {
            return Err("MissingStartTime");
        }
        if self.valid_start().is_none() {
            return Err("InvalidStartTime");
        }
        if self.in_progress.is_true() {
            return Ok(None);
        }
        if self.end_time.is_absent() {
            return Err("MissingEndTime");
        }
        self.valid_end().map(Some).ok_or("InvalidEndTime")
    }
}

fn require_text<'a>(
    value: &'a Scalar<'_>,
    missing_code: &'static str,
) -> Result<&'a str, &'static str> {
    if value.is_absent() {
        return Err(missing_code);
    }
    // If the value is a number or a boolean, the function returns an empty text. An empty text is neither a
    // valid id nor a valid name.
    Ok(value.as_text().unwrap_or_default())
}

#[cfg(test)]
mod tests;
