//! A trace as queries read it: its segments and subsegments in one flat list, and what is searched for.

use std::sync::Arc;

use crate::id::{SegmentId, TraceId};
use crate::interner::Node;
use crate::time::Time;

/// A trace, put together from all documents that have come.
#[derive(Debug)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// When it counts as begun: what time ranges are about.
    pub time: Time,
    /// When its first segment started.
    pub start: Time,
    /// When its last segment ended, as far as any has.
    pub end: Time,
    /// Grows with each document that is added or replaced.
    pub revision: u64,
    /// Annotations that are not indexed, since they exceed a limit.
    pub dropped_annotations: u64,
    /// Bytes of memory that it takes.
    pub memory: usize,
    /// The segment that the trace's own questions are about.
    pub root: Option<usize>,
    /// Parents stand before their children.
    pub entities: Box<[Entity]>,
}

/// A segment or a subsegment.
#[derive(Debug)]
pub struct Entity {
    /// Its id.
    pub id: SegmentId,
    /// Who sent it, if anybody did.
    pub kind: Kind,
    /// What went wrong.
    pub flags: Flags,
    /// How a subsegment's work was done.
    pub namespace: Namespace,
    /// Nobody called: the document names no parent.
    pub is_entry: bool,
    /// The same call has reached this node already, in another segment before.
    pub is_repeated: bool,
    /// Its parent's place.
    pub parent: Option<u32>,
    /// The place of the segment that it is a part of; its own for a segment, none where that is missing.
    pub segment: Option<u32>,
    /// The place after its last descendant.
    pub after: u32,
    /// Name of the service, of the one called, or of the work.
    pub name: Arc<str>,
    /// Of a segment: its node in the service graph.
    pub node: Option<Arc<Node>>,
    /// When it started.
    pub start: Time,
    /// When it ended; nothing while it is in progress.
    pub end: Option<Time>,
    /// What is searched for; nothing where there is nothing of it.
    pub facts: Option<Box<Facts>>,
}

/// Who sent an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A service.
    Segment,
    /// A service, of a part of its work.
    Subsegment,
    /// Nobody; a subsegment tells of a service that does not send segments.
    Inferred,
}

/// What a subsegment is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Namespace {
    /// Work of the service's own.
    #[default]
    Local,
    /// A call to AWS.
    Aws,
    /// Another call.
    Remote,
}

/// What went wrong, as the document says. A status without a flag is no error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// 4xx.
    pub error: bool,
    /// 429.
    pub throttle: bool,
    /// 5xx.
    pub fault: bool,
}

impl Flags {
    /// Nothing did.
    pub fn is_ok(self) -> bool {
        self == Self::default()
    }
}

/// What is searched for, and not all entities have.
#[derive(Debug, Default, PartialEq)]
pub struct Facts {
    pub url: Option<Arc<str>>,
    pub method: Option<Arc<str>>,
    pub user_agent: Option<Arc<str>>,
    pub client_ip: Option<Arc<str>>,
    pub status: Option<i64>,
    pub user: Option<Arc<str>>,
    pub account: Option<Arc<str>>,
    pub zone: Option<Arc<str>>,
    pub instance: Option<Arc<str>>,
    pub resource: Option<Arc<str>>,
    pub annotations: Box<[(Arc<str>, Annotation)]>,
    pub exceptions: Box<[Exception]>,
}

/// The value of an annotation.
#[derive(Clone, Debug, PartialEq)]
pub enum Annotation {
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(Arc<str>),
}

/// What was thrown.
#[derive(Debug, PartialEq)]
pub struct Exception {
    pub kind: Option<Arc<str>>,
    pub message: Option<Arc<str>>,
}

impl Entity {
    /// Whether it is a segment, sent or inferred.
    pub fn is_segment(&self) -> bool {
        self.kind != Kind::Subsegment
    }

    /// How long it took, once it is over.
    pub fn duration(&self) -> Option<Time> {
        Some(self.end?.saturating_duration_since(self.start))
    }
}

impl Trace {
    /// The segment that the trace's own questions are about.
    pub fn root(&self) -> Option<&Entity> {
        self.entities.get(self.root?)
    }

    /// From the start of the first segment to the end of the last.
    pub fn duration(&self) -> Time {
        self.end.saturating_duration_since(self.start)
    }

    /// Whether something is in progress.
    pub fn is_partial(&self) -> bool {
        self.entities.iter().any(|entity| entity.end.is_none())
    }

    /// Whether a segment was inferred.
    pub fn has_inferred(&self) -> bool {
        let mut entities = self.entities.iter();
        entities.any(|entity| entity.kind == Kind::Inferred)
    }

    /// Segments, sent and inferred, with their places.
    pub fn segments(&self) -> impl Iterator<Item = (usize, &Entity)> {
        let entities = self.entities.iter().enumerate();
        entities.filter(|(_, entity)| entity.is_segment())
    }

    /// A segment with its subsegments, without those of segments that it called; a subsegment alone.
    pub fn part(&self, place: usize) -> impl Iterator<Item = &Entity> {
        let whole = &self.entities[place];
        let mut next = place + 1;
        let parts = std::iter::from_fn(move || {
            while whole.is_segment() && next < whole.after as usize {
                let part = &self.entities[next];
                if !part.is_segment() {
                    next += 1;
                    return Some(part);
                }
                next = part.after as usize;
            }
            None
        });
        std::iter::once(whole).chain(parts)
    }

    /// Which node called which: the edges of the service graph, one for each call.
    pub fn calls(&self) -> impl Iterator<Item = Call> {
        self.segments().filter_map(|(place, callee)| {
            let call = |from, measured| Call {
                from,
                callee: place,
                measured,
            };
            let Some(parent) = callee.parent else {
                return callee.is_entry.then(|| call(Caller::Client, place));
            };
            if callee.is_repeated {
                return None;
            }
            let parent = parent as usize;
            let from = self.entities[parent].segment? as usize;
            let from = Caller::Service(from);
            let measured = match self.entities[parent].kind {
                Kind::Subsegment => parent,
                // A segment that names another as its parent, as a Lambda function does, is the only
                // one who knows of the call.
                Kind::Segment | Kind::Inferred => place,
            };
            Some(call(from, measured))
        })
    }
}

/// One call from node to node.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Who called.
    pub from: Caller,
    /// The place of the called one's segment.
    pub callee: usize,
    /// The place of the entity that measured the call: the caller's subsegment.
    pub measured: usize,
}

/// Who called.
#[derive(Clone, Copy, Debug)]
pub enum Caller {
    /// Somebody outside, for whom a node of the callee's name and type `client` stands.
    Client,
    /// A service, by the place of its segment.
    Service(usize),
}

/// Type of the nodes that stand for those outside.
pub const CLIENT: &str = "client";
