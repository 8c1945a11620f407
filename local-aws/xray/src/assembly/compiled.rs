//! Creates the documents that `BatchGetTraces` returns. Subsegments are embedded in their segments, inferred segments are
//! added, and members that the schema does not define are removed.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::nodes;
use super::segments::{ParsedSegment, parse_segments};
use super::tree::SegmentTree;
use crate::document::Document;
use crate::document::annotations::is_valid_annotation;
use crate::document::lenient::Scalar;
use crate::id::{SegmentId, TraceId};

/// A segment with its subsegments, in the format of a `BatchGetTraces` response.
#[derive(Debug)]
pub struct CompiledSegment {
    pub id: SegmentId,
    /// JSON text.
    pub document: String,
}

/// The kinds of documents, in the order of the documents in a compiled trace. Documents of the same kind are
/// sorted by start time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CompiledKind {
    Segment,
    Inferred,
    SubsegmentWithoutSegment,
}

/// Compiles the documents of a trace. The elements of `documents` must be valid and have distinct ids.
pub fn compile_documents<'a>(
    trace_id: TraceId,
    documents: impl IntoIterator<Item = &'a str>,
) -> Vec<CompiledSegment> {
    let tree = SegmentTree::build(parse_segments(documents));
    let mut compiled = Vec::new();
    for (index, parent) in tree.walk() {
        let segment = &tree.segments[index];
        let kind = if segment.is_subsegment {
            CompiledKind::SubsegmentWithoutSegment
        } else {
            CompiledKind::Segment
        };
        if !segment.is_subsegment || parent.is_none() {
            let document = write_segment_document(&tree, index);
            compiled.push((kind, segment.start, segment.id, document));
        }
        if tree.needs_inferred_segment(index) {
            let document = write_inferred_document(trace_id, segment);
            let id = segment.id.derived_id();
            compiled.push((CompiledKind::Inferred, segment.start, id, document));
        }
    }
    compiled.sort_by_key(|(kind, start, id, _)| (*kind, *start, *id));
    let compiled = compiled.into_iter();
    compiled
        .map(|(_, _, id, document)| CompiledSegment { id, document })
        .collect()
}

/// Writes the segment at `index` with all its subsegments. Subsegments can be nested so deeply that a recursive function
/// would overflow the stack.
fn write_segment_document(tree: &SegmentTree<'_>, index: usize) -> String {
    let mut json = "{".to_owned();
    write_members(&mut json, &tree.segments[index]);
    let document = &tree.segments[index].document;
    write_member(&mut json, "parent_id", text_to_json(&document.parent_id));
    write_member(&mut json, "trace_id", text_to_json(&document.trace_id));
    write_member(&mut json, "type", text_to_json(&document.kind));
    // A stack with one entry for each open JSON object. An entry contains the subsegments that are still to
    // be written into the JSON object, in reverse order.
    let mut unwritten_subsegments = vec![subsegments_reversed(tree, index)];
    let mut is_first_subsegment = true;
    while let Some(subsegments) = unwritten_subsegments.last_mut() {
        if let Some(subsegment) = subsegments.pop() {
            json.push_str(if is_first_subsegment {
                ",\"subsegments\":[{"
            } else {
                ",{"
            });
            write_members(&mut json, &tree.segments[subsegment]);
            unwritten_subsegments.push(subsegments_reversed(tree, subsegment));
            is_first_subsegment = true;
        } else {
            json.push_str(if is_first_subsegment { "}" } else { "]}" });
            unwritten_subsegments.pop();
            is_first_subsegment = false;
        }
    }
    json
}

fn subsegments_reversed(tree: &SegmentTree<'_>, index: usize) -> Vec<usize> {
    let children = tree.children[index].iter().rev().copied();
    children
        .filter(|child| tree.segments[*child].is_subsegment)
        .collect()
}

/// Writes the segment that is inferred from the subsegment `call`.
fn write_inferred_document(trace_id: TraceId, call: &ParsedSegment<'_>) -> String {
    let mut json = "{".to_owned();
    write_call_members(&mut json, call);
    let id = call.id.derived_id().to_string();
    write_member(&mut json, "id", Some(json!(id)));
    write_member(&mut json, "inferred", Some(true));
    let origin = nodes::inferred_origin(&call.document);
    write_member(&mut json, "origin", origin.map(Value::from));
    let parent_id = call.id.to_string();
    write_member(&mut json, "parent_id", Some(json!(parent_id)));
    let trace_id = trace_id.to_string();
    write_member(&mut json, "trace_id", Some(json!(trace_id)));
    json.push('}');
    json
}

/// Writes the members of a segment or subsegment, except `subsegments`, `parent_id`, `trace_id` and `type`.
/// An embedded subsegment has no `parent_id`, `trace_id` and `type`: the enclosing segment determines the
/// values of the three members.
fn write_members(json: &mut String, segment: &ParsedSegment<'_>) {
    write_call_members(json, segment);
    let document = &segment.document;
    let cause = with_first_char(document.cause.json, &['{', '"']);
    write_member(json, "annotations", valid_annotations(document));
    write_member(json, "cause", cause);
    write_member(json, "id", text_to_json(&document.id));
    write_member(json, "inferred", document.inferred.as_bool());
    write_member(json, "links", with_first_char(document.links, &['[']));
    write_member(json, "metadata", with_first_char(document.metadata, &['{']));
    write_member(json, "namespace", text_to_json(&document.namespace));
    write_member(json, "origin", text_to_json(&document.origin));
    let precursor_ids = with_first_char(document.precursor_ids, &['[']);
    write_member(json, "precursor_ids", precursor_ids);
    write_member(json, "resource_arn", text_to_json(&document.resource_arn));
    write_member(json, "service", with_first_char(document.service, &['{']));
    write_member(json, "user", text_to_json(&document.user));
}

/// Writes the members that an inferred segment copies from the calling subsegment.
fn write_call_members(json: &mut String, segment: &ParsedSegment<'_>) {
    let document = &segment.document;
    write_member(json, "name", text_to_json(&document.name));
    // The start time and the end time are rounded to microseconds, as in summaries.
    write_member(json, "start_time", Some(json!(segment.start)));
    if let Some(end) = segment.end {
        write_member(json, "end_time", Some(json!(end)));
        write_member(json, "in_progress", document.in_progress.as_bool());
    } else {
        write_member(json, "in_progress", Some(true));
    }
    write_member(json, "aws", with_first_char(document.aws.json, &['{']));
    write_member(json, "error", document.error.as_bool());
    write_member(json, "fault", document.fault.as_bool());
    write_member(json, "http", with_first_char(document.http.json, &['{']));
    write_member(json, "sql", with_first_char(document.sql.json, &['{']));
    write_member(json, "throttle", document.throttle.as_bool());
}

/// Appends a member to `json`, an object without its closing brace. The `Display` implementation of `value`
/// must write JSON.
fn write_member(json: &mut String, key: &str, value: Option<impl Display>) {
    let Some(value) = value else {
        return;
    };
    let separator = if json.ends_with('{') { "" } else { "," };
    json.push_str(&format!("{separator}\"{key}\":{value}"));
}

/// The valid annotations of a document; `None` if `annotations` is not an object. If `annotations` contains a
/// key twice, the last value of the key is used.
fn valid_annotations(document: &Document<'_>) -> Option<Value> {
    let pairs = document.annotations.0.as_ref()?.0.iter();
    let by_key: BTreeMap<_, _> = pairs.map(|(key, value)| (&**key, value)).collect();
    let valid_pairs = by_key
        .into_iter()
        .filter(|(key, value)| is_valid_annotation(key, value));
    Some(
        valid_pairs
            .map(|(key, value)| (key.to_owned(), value.to_json()))
            .collect(),
    )
}

fn text_to_json(value: &Scalar<'_>) -> Option<Value> {
    value.as_text().map(Value::from)
}

/// The JSON text of a member, if the text begins with one of the given characters. The first character
/// determines the type of a JSON value.
fn with_first_char<'a>(json: Option<&'a RawValue>, first_chars: &[char]) -> Option<&'a RawValue> {
    json.filter(|json| json.get().starts_with(first_chars))
}
