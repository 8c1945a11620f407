//! The documents of a whole trace, as `BatchGetTraces` has them: not as they were sent, but put together,
//! with what is inferred, and without what the schema does not know.

use serde_json::{Map, Value, json};

use super::nodes;
use super::pieces::{Piece, Pieces};
use super::tree::Tree;
use crate::document::lenient::Scalar;
use crate::document::{Document, annotations};
use crate::id::{SegmentId, TraceId};
use crate::time::Time;

type Object = Map<String, Value>;

/// A segment and its document.
#[derive(Debug)]
pub struct Compiled {
    pub id: SegmentId,
    pub document: String,
}

/// A field, and whether a value has its type.
type Field = (&'static str, fn(&Value) -> bool);

/// What a document may contain.
const FIELDS: &[Field] = &[
    ("annotations", Value::is_object),
    ("aws", Value::is_object),
    ("cause", |cause| cause.is_object() || cause.is_string()),
    ("end_time", is_number),
    ("error", Value::is_boolean),
    ("fault", Value::is_boolean),
    ("http", Value::is_object),
    ("id", Value::is_string),
    ("in_progress", Value::is_boolean),
    ("inferred", Value::is_boolean),
    ("links", Value::is_array),
    ("metadata", Value::is_object),
    ("name", Value::is_string),
    ("namespace", Value::is_string),
    ("origin", Value::is_string),
    ("parent_id", Value::is_string),
    ("precursor_ids", Value::is_array),
    ("resource_arn", Value::is_string),
    ("service", Value::is_object),
    ("sql", Value::is_object),
    ("start_time", is_number),
    ("throttle", Value::is_boolean),
    ("trace_id", Value::is_string),
    ("type", Value::is_string),
    ("user", Value::is_string),
];

/// Compiles a trace from the documents that were taken, each id once, in the order of the ids: segments by
/// start, then inferred ones, then subsegments whose segment is missing.
pub fn compile<'a>(id: TraceId, documents: impl IntoIterator<Item = &'a str>) -> Vec<Compiled> {
    let mut pieces = Pieces::default();
    for json in documents {
        let parsed = Document::parse(json);
        let object = serde_json::from_str::<Object>(json);
        if let (Ok((_, subject)), Ok(object)) = (parsed, object) {
            pieces.add(object, subject.is_subsegment);
        }
    }
    let mut tree = Tree::of(pieces);
    for piece in &mut tree.pieces {
        tidy(piece);
    }
    let mut compiled = Vec::new();
    for (place, parent) in tree.walk() {
        let piece = &tree.pieces[place];
        let (start, own) = (piece.start, piece.id);
        if !piece.is_subsegment || parent.is_none() {
            let document = nested(&tree, place);
            let order = if piece.is_subsegment { 2 } else { 0 };
            compiled.push((order, start, Compiled { id: own, document }));
        }
        if piece.is_subsegment
            && tree.is_unanswered(place)
            && let Some(object) = inferred(id, piece)
        {
            let document = Value::Object(object).to_string();
            let inferred = Compiled {
                id: own.derived_id(),
                document,
            };
            compiled.push((1, start, inferred));
        }
    }
    compiled.sort_by_key(|(order, start, compiled)| (*order, *start, compiled.id));
    compiled
        .into_iter()
        .map(|(_, _, compiled)| compiled)
        .collect()
}

fn is_number(value: &Value) -> bool {
    value.is_number()
}

fn tidy(piece: &mut Piece<Object>) {
    let object = &mut piece.content;
    object.retain(|key, value| {
        let field = FIELDS.iter().find(|(name, _)| name == key);
        field.is_some_and(|(_, is_right)| is_right(value))
    });
    if let Some(Value::Object(annotations)) = object.get_mut("annotations") {
        annotations.retain(|key, value| annotations::is_valid(key, &Scalar::of(Some(value))));
    }
    // Times are written as they are kept, in microseconds. What is in progress has no end.
    object.insert("start_time".to_owned(), seconds(piece.start));
    object.remove("end_time");
    if let Some(end) = piece.end {
        object.insert("end_time".to_owned(), seconds(end));
    } else {
        object.insert("in_progress".to_owned(), Value::Bool(true));
    }
}

fn seconds(time: Time) -> Value {
    json!(time)
}

/// The document at `place` with all its subsegments. Chains of them may be longer than a stack is deep.
fn nested(tree: &Tree<Object>, place: usize) -> String {
    let mut json = String::new();
    open(&tree.pieces[place].content, false, &mut json);
    // Each with the subsegments that are still to be written, the last one first.
    let mut path = vec![parts(tree, place)];
    let mut is_first = true;
    while let Some(rest) = path.last_mut() {
        match rest.pop() {
            Some(part) => {
                json.push_str(if is_first { ",\"subsegments\":[" } else { "," });
                open(&tree.pieces[part].content, true, &mut json);
                path.push(parts(tree, part));
                is_first = true;
            }
            None => {
                json.push_str(if is_first { "}" } else { "]}" });
                path.pop();
                is_first = false;
            }
        }
    }
    json
}

fn parts(tree: &Tree<Object>, place: usize) -> Vec<usize> {
    let children = tree.children[place].iter().rev().copied();
    children
        .filter(|child| tree.pieces[*child].is_subsegment)
        .collect()
}

/// Writes the object without its closing brace. A part does not say again what the whole one has said.
fn open(object: &Object, is_part: bool, json: &mut String) {
    json.push('{');
    let mut separator = "";
    for (key, value) in object {
        if is_part && ["trace_id", "parent_id", "type"].contains(&key.as_str()) {
            continue;
        }
        json.push_str(separator);
        json.push_str(&Value::from(key.as_str()).to_string());
        json.push(':');
        json.push_str(&value.to_string());
        separator = ",";
    }
}

/// The document of the service that this subsegment calls; none where it calls nobody.
fn inferred(trace: TraceId, piece: &Piece<Object>) -> Option<Object> {
    let call = Value::Object(piece.content.clone());
    let read: Document<'_> = serde::Deserialize::deserialize(&call).ok()?;
    if !matches!(read.namespace.text(), Some("aws" | "remote")) {
        return None;
    }
    let mut object = Object::new();
    let copied = [
        "aws",
        "end_time",
        "error",
        "fault",
        "http",
        "in_progress",
        "name",
        "sql",
        "start_time",
        "throttle",
    ];
    for key in copied {
        if let Some(value) = piece.content.get(key) {
            object.insert(key.to_owned(), value.clone());
        }
    }
    object.insert("id".to_owned(), piece.id.derived_id().to_string().into());
    object.insert("inferred".to_owned(), true.into());
    object.insert("parent_id".to_owned(), piece.id.to_string().into());
    object.insert("trace_id".to_owned(), trace.to_string().into());
    if let Some(origin) = nodes::origin(&read) {
        object.insert("origin".to_owned(), origin.into());
    }
    Some(object)
}
