//! What documents consist of, before anything has its place: segments and subsegments, each id once.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::document::Document;
use crate::document::lenient::Scalar;
use crate::id::SegmentId;
use crate::time::Time;

/// Something that has the parts of a document.
pub trait Content: Sized {
    /// A part that should be a text, a number or a boolean.
    fn scalar(&self, key: Key) -> Scalar<'_>;

    /// Takes the subsegments out that are embedded in it.
    fn take_embedded(&mut self) -> Vec<Self>;
}

/// The parts that decide about a document's place.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    Id,
    Name,
    ParentId,
    StartTime,
    EndTime,
    InProgress,
}

/// A segment or subsegment.
#[derive(Debug)]
pub struct Piece<T> {
    pub id: SegmentId,
    pub parent: Option<SegmentId>,
    pub is_subsegment: bool,
    pub start: Time,
    pub end: Option<Time>,
    pub content: T,
}

/// All of a trace, by id.
#[derive(Debug)]
pub struct Pieces<T>(BTreeMap<SegmentId, Piece<T>>);

impl<T> Piece<T> {
    /// Of two with the same id, the greater one is believed: a segment rather than a subsegment, a
    /// complete one rather than one in progress.
    fn rank(&self) -> (bool, Option<Time>, Time) {
        (!self.is_subsegment, self.end, self.start)
    }
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Content> Pieces<T> {
    /// Adds a document and the subsegments in it. Those without an id, a name or a start are left out.
    pub fn add(&mut self, document: T, is_subsegment: bool) {
        let parent = parse(&document.scalar(Key::ParentId));
        let mut todo = vec![(document, parent, is_subsegment)];
        while let Some((mut content, parent, is_subsegment)) = todo.pop() {
            let id = parse(&content.scalar(Key::Id));
            let start = time(&content.scalar(Key::StartTime));
            let (Some(id), Some(start)) = (id, start) else {
                continue;
            };
            if content.scalar(Key::Name).text().is_none() {
                continue;
            }
            let embedded = content.take_embedded().into_iter();
            todo.extend(embedded.map(|embedded| (embedded, Some(id), true)));
            let end = match content.scalar(Key::InProgress).is_true() {
                true => None,
                false => time(&content.scalar(Key::EndTime)),
            };
            let piece = Piece {
                id,
                parent,
                is_subsegment,
                start,
                end,
                content,
            };
            match self.0.get(&id) {
                Some(known) if known.rank() >= piece.rank() => {}
                _ => drop(self.0.insert(id, piece)),
            }
        }
    }

    /// All pieces in the order of their ids.
    pub fn into_sorted(self) -> Vec<Piece<T>> {
        self.0.into_values().collect()
    }
}

fn parse(id: &Scalar<'_>) -> Option<SegmentId> {
    id.text()?.parse().ok()
}

fn time(seconds: &Scalar<'_>) -> Option<Time> {
    Time::parse_seconds(seconds.number()?)
}

/// What is searched for.
impl Content for Document<'_> {
    fn scalar(&self, key: Key) -> Scalar<'_> {
        let scalar = match key {
            Key::Id => &self.id,
            Key::Name => &self.name,
            Key::ParentId => &self.parent_id,
            Key::StartTime => &self.start_time,
            Key::EndTime => &self.end_time,
            Key::InProgress => &self.in_progress,
        };
        scalar.borrowed()
    }

    fn take_embedded(&mut self) -> Vec<Self> {
        let embedded = std::mem::take(&mut self.subsegments).0;
        embedded
            .into_iter()
            .filter_map(|embedded| embedded.0)
            .collect()
    }
}

/// All that was sent.
impl Content for Map<String, Value> {
    fn scalar(&self, key: Key) -> Scalar<'_> {
        Scalar::of(self.get(match key {
            Key::Id => "id",
            Key::Name => "name",
            Key::ParentId => "parent_id",
            Key::StartTime => "start_time",
            Key::EndTime => "end_time",
            Key::InProgress => "in_progress",
        }))
    }

    fn take_embedded(&mut self) -> Vec<Self> {
        let Some(Value::Array(embedded)) = self.remove("subsegments") else {
            return Vec::new();
        };
        let objects = embedded.into_iter().filter_map(|value| match value {
            Value::Object(object) => Some(object),
            _ => None,
        });
        objects.collect()
    }
}
