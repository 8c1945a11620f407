//! An assembled trace: a flat list of its segments and subsegments, with the fields that queries read.

use std::sync::Arc;

use crate::id::{SegmentId, TraceId};
use crate::interner::Node;
use crate::time::Time;

/// The type of a client node in the service graph.
pub const CLIENT_NODE_TYPE: &str = "client";

/// A trace, assembled from all documents that were received so far.
#[derive(Debug)]
pub struct Trace {
    /// The trace's id.
    pub id: TraceId,
    /// The time by which the store sorts traces: the time in the trace id, or `start` if the trace id
    /// contains no plausible time.
    pub index_time: Time,
    /// The start time of the trace: the earliest start of a segment. If the trace has no segment, the start
    /// time of the trace is the earliest start of a subsegment.
    pub start: Time,
    /// The end time of the trace: the latest end of a segment, or `start` if all segments are in progress. If
    /// the trace has no segment, the end time of the trace is the latest end of a subsegment.
    pub end: Time,
    /// Version number of the trace. The store increments the version number when a document of the trace is
    /// added or replaced.
    pub revision: u64,
    /// Number of annotations that exceed a limit and are not indexed.
    pub dropped_annotations: u64,
    /// Heap memory of the trace in bytes.
    pub memory_bytes: usize,
    /// Index of the root segment. The root index is `None` if the trace has only subsegments.
    pub root_index: Option<usize>,
    /// Segments and subsegments, parents before their children.
    pub entities: Box<[Entity]>,
}

/// A segment or a subsegment.
#[derive(Debug)]
pub struct Entity {
    /// Id of the segment or subsegment.
    pub id: SegmentId,
    /// The kind of the entity: segment, subsegment or inferred segment.
    pub kind: EntityKind,
    /// The flags `error`, `throttle` and `fault` of the entity.
    pub flags: ErrorFlags,
    /// The namespace of a subsegment; `Local` for a segment.
    pub namespace: Namespace,
    /// Whether the entity's document has no `parent_id`. If a segment has no `parent_id`, a client outside
    /// the trace called the service.
    pub is_entry: bool,
    /// Whether an earlier segment of the same node has the same parent. A call can have several segments of
    /// the same node; only the first segment is counted as a call.
    pub is_repeated_call: bool,
    /// Index of the entity's parent; `None` if the document has no `parent_id` or the parent was not
    /// received.
    pub parent_index: Option<u32>,
    /// Index of the segment that contains the entity; `None` if the containing segment was not received. If
    /// the entity is a segment, the value is the segment's own index.
    pub segment_index: Option<u32>,
    /// Index of the first entity after the descendants of this entity.
    pub subtree_end: u32,
    /// The document's `name`.
    pub name: Arc<str>,
    /// Node of a segment in the service graph; `None` for a subsegment.
    pub node: Option<Arc<Node>>,
    /// Start time.
    pub start: Time,
    /// End time; `None` while the entity is in progress.
    pub end: Option<Time>,
    /// The fields that searches need; `None` if all search fields are empty.
    pub search_fields: Option<Box<SearchFields>>,
}

/// Kinds of entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// A segment that a service sent.
    Segment,
    /// A subsegment that a service sent.
    Subsegment,
    /// A segment that is inferred from a subsegment, because the called service sent no segment.
    Inferred,
}

/// The member `namespace` of a subsegment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Namespace {
    /// The subsegment describes work inside the service.
    #[default]
    Local,
    /// The subsegment describes a call to an AWS service.
    Aws,
    /// The subsegment describes a call to a service that is not an AWS service.
    Remote,
}

/// The members `error`, `throttle` and `fault` of a document. The HTTP status does not set the flags `error`,
/// `throttle` and `fault`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorFlags {
    /// Client error (4xx).
    pub error: bool,
    /// Throttling (429).
    pub throttle: bool,
    /// Server error (5xx).
    pub fault: bool,
}

impl ErrorFlags {
    /// Whether the flags `error`, `throttle` and `fault` are all false.
    pub fn is_ok(self) -> bool {
        self == Self::default()
    }
}

/// The optional fields of an entity that filter expressions and summaries read.
#[derive(Debug, Default, PartialEq)]
pub struct SearchFields {
    pub url: Option<Arc<str>>,
    pub method: Option<Arc<str>>,
    pub user_agent: Option<Arc<str>>,
    pub client_ip: Option<Arc<str>>,
    pub status: Option<i64>,
    pub user: Option<Arc<str>>,
    pub account_id: Option<Arc<str>>,
    pub availability_zone: Option<Arc<str>>,
    pub instance_id: Option<Arc<str>>,
    pub resource_arn: Option<Arc<str>>,
    pub annotations: Box<[(Arc<str>, AnnotationValue)]>,
    pub exceptions: Box<[Exception]>,
}

/// The value of an annotation.
#[derive(Clone, Debug, PartialEq)]
pub enum AnnotationValue {
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(Arc<str>),
}

/// An exception in the block `cause`.
#[derive(Debug, PartialEq)]
pub struct Exception {
    pub kind: Option<Arc<str>>,
    pub message: Option<Arc<str>>,
}

impl Entity {
    /// Whether the entity is a segment. Inferred segments count as segments.
    pub fn is_segment(&self) -> bool {
        self.kind != EntityKind::Subsegment
    }

    /// The duration of the entity; `None` while the entity is in progress.
    pub fn duration(&self) -> Option<Time> {
        Some(self.end?.saturating_duration_since(self.start))
    }
}

impl Trace {
    /// The root segment.
    pub fn root(&self) -> Option<&Entity> {
        self.entities.get(self.root_index?)
    }

    /// The duration of the trace, from `start` to `end`.
    pub fn duration(&self) -> Time {
        self.end.saturating_duration_since(self.start)
    }

    /// Whether at least one segment or subsegment of the trace is in progress.
    pub fn is_partial(&self) -> bool {
        self.entities.iter().any(|entity| entity.end.is_none())
    }

    /// Whether at least one segment of the trace is inferred.
    pub fn has_inferred(&self) -> bool {
        let mut entities = self.entities.iter();
        entities.any(|entity| entity.kind == EntityKind::Inferred)
    }

    /// All segments of the trace, inferred segments included. Each segment is returned with its index.
    pub fn segments(&self) -> impl Iterator<Item = (usize, &Entity)> {
        let entities = self.entities.iter().enumerate();
        entities.filter(|(_, entity)| entity.is_segment())
    }

    /// The segment at `index` and its subsegments. The iterator skips the segments of called services. If
    /// `index` is the index of a subsegment, the iterator returns only that subsegment.
    pub fn segment_with_subsegments(&self, index: usize) -> impl Iterator<Item = &Entity> {
        let first_entity = &self.entities[index];
        let mut next_index = index + 1;
        let subsegments = std::iter::from_fn(move || {
            while first_entity.is_segment() && next_index < first_entity.subtree_end as usize {
                let entity = &self.entities[next_index];
                if !entity.is_segment() {
                    next_index += 1;
                    return Some(entity);
                }
                next_index = entity.subtree_end as usize;
            }
            None
        });
        std::iter::once(first_entity).chain(subsegments)
    }

    /// The calls between nodes of the service graph. Each edge of the service graph summarizes the calls
    /// between two nodes.
    pub fn calls(&self) -> impl Iterator<Item = Call> {
        self.segments().filter_map(|(callee_index, callee)| {
            let Some(parent_index) = callee.parent_index else {
                return callee.is_entry.then_some(Call {
                    caller: Caller::Client,
                    callee_index,
                    measured_index: callee_index,
                });
            };
            if callee.is_repeated_call {
                return None;
            }
            let parent_index = parent_index as usize;
            let parent = &self.entities[parent_index];
            Some(Call {
                caller: Caller::Service(parent.segment_index? as usize),
                callee_index,
                // The parent of a segment can be a segment instead of a subsegment, for example with AWS
                // Lambda. If the parent is a segment, no subsegment has the duration of the call.
                measured_index: if parent.is_segment() {
                    callee_index
                } else {
                    parent_index
                },
            })
        })
    }
}

/// A call from one node to another.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The client or service that makes the call.
    pub caller: Caller,
    /// Index of the called segment.
    pub callee_index: usize,
    /// Index of the entity that has the duration and the flags of the call. The entity is usually the
    /// caller's subsegment.
    pub measured_index: usize,
}

/// The caller in a [`Call`].
#[derive(Clone, Copy, Debug)]
pub enum Caller {
    /// A client that sent no documents of the trace. The client's node has the callee's name and the type
    /// [`CLIENT_NODE_TYPE`].
    Client,
    /// A service. The field contains the index of the service's segment.
    Service(usize),
}
