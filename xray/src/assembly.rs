//! Documents of one trace become one [`Trace`], whatever order they came in.

mod compiled;
mod facts;
mod nodes;
mod pieces;
mod tree;

use std::collections::HashSet;
use std::sync::Arc;

pub use compiled::{Compiled, compile};

use crate::document::Document;
use crate::document::annotations::Index;
use crate::id::TraceId;
use crate::interner::Interner;
use crate::memory::allocation;
use crate::trace::{Entity, Flags, Kind, Namespace, Trace};
use pieces::{Piece, Pieces};
use tree::Tree;

/// A time in an id that lies further than a year, in microseconds, from all segments is none: the id was
/// made by a program that speaks W3C's `traceparent`, where all digits are random.
const BELIEVABLE: u64 = 365 * 24 * 3600 * 1_000_000;

/// Puts a trace together. `documents` are those that were taken, each id once, in the order of the ids.
pub fn assemble<'a>(
    id: TraceId,
    revision: u64,
    documents: impl IntoIterator<Item = &'a str>,
    interner: &mut Interner,
) -> Trace {
    let mut pieces = Pieces::default();
    for json in documents {
        if let Ok((document, subject)) = Document::parse(json) {
            pieces.add(document, subject.is_subsegment);
        }
    }
    interner.take_charged_bytes();
    let mut annotations = Index::default();
    let entities = entities(&Tree::of(pieces), interner, &mut annotations);
    let memory = memory(&entities) + interner.take_charged_bytes();
    let root = root(&entities);
    let of_time: Vec<_> = match root {
        Some(_) => entities
            .iter()
            .filter(|entity| entity.is_segment())
            .collect(),
        // Subsegments alone, so far.
        None => entities.iter().collect(),
    };
    let start = of_time.iter().map(|entity| entity.start).min();
    let start = start.unwrap_or(id.start_time());
    let end = of_time.iter().filter_map(|entity| entity.end).max();
    let is_believable = id.start_time().micros().abs_diff(start.micros()) <= BELIEVABLE;
    Trace {
        id,
        time: if is_believable {
            id.start_time()
        } else {
            start
        },
        start,
        end: end.map_or(start, |end| end.max(start)),
        revision,
        dropped_annotations: annotations.dropped,
        memory,
        root,
        entities: entities.into(),
    }
}

/// Bytes of memory that a trace of these takes, without its texts.
fn memory(entities: &[Entity]) -> usize {
    let facts = entities.iter().filter_map(|entity| entity.facts.as_deref());
    let facts = facts.map(|facts| {
        allocation(size_of_val(facts))
            + allocation(size_of_val(&*facts.annotations))
            + allocation(size_of_val(&*facts.exceptions))
    });
    // An `Arc` stands after its two counts.
    let trace = allocation(2 * size_of::<usize>() + size_of::<Trace>());
    trace + allocation(size_of_val(entities)) + facts.sum::<usize>()
}

/// The segment that nobody called; where its parent is missing, the first one.
fn root(entities: &[Entity]) -> Option<usize> {
    let segments = entities.iter().enumerate();
    segments
        .filter(|(_, entity)| entity.is_segment() && entity.parent.is_none())
        .min_by_key(|(_, entity)| (!entity.is_entry, entity.start, entity.id))
        .map(|(place, _)| place)
}

/// Writes the tree down, parents before children, and infers what is missing.
fn entities(
    tree: &Tree<Document<'_>>,
    interner: &mut Interner,
    annotations: &mut Index,
) -> Vec<Entity> {
    let mut entities: Vec<Entity> = Vec::with_capacity(tree.pieces.len());
    // Where the pieces of the walk have come to stand, between inferred ones.
    let mut places: Vec<u32> = Vec::with_capacity(tree.pieces.len());
    for (place, parent) in tree.walk() {
        let piece = &tree.pieces[place];
        let at = entities.len() as u32;
        places.push(at);
        let mut entity = entity(piece, interner, annotations);
        entity.parent = parent.map(|parent| places[parent]);
        entity.segment = match (piece.is_subsegment, entity.parent) {
            (false, _) => Some(at),
            (true, parent) => parent.and_then(|parent| entities[parent as usize].segment),
        };
        let infers = entity.namespace != Namespace::Local && tree.is_unanswered(place);
        entities.push(entity);
        if infers {
            let inferred = inferred(piece, &entities[at as usize], at, interner);
            entities.push(inferred);
        }
    }
    mark_repeated(&mut entities);
    mark_ends(&mut entities);
    entities
}

/// Marks segments whose parent has called another segment of the same node, which comes before.
fn mark_repeated(entities: &mut [Entity]) {
    let mut seen = HashSet::new();
    for entity in entities {
        if let (Some(node), Some(parent)) = (&entity.node, entity.parent) {
            entity.is_repeated = !seen.insert((parent, Arc::as_ptr(node)));
        }
    }
}

/// Notes where the descendants of each end.
fn mark_ends(entities: &mut [Entity]) {
    for place in (0..entities.len()).rev() {
        let after = entities[place].after.max(place as u32 + 1);
        entities[place].after = after;
        if let Some(parent) = entities[place].parent {
            let parent = &mut entities[parent as usize];
            parent.after = parent.after.max(after);
        }
    }
}

fn entity(piece: &Piece<Document<'_>>, interner: &mut Interner, annotations: &mut Index) -> Entity {
    let document = &piece.content;
    let kind = match piece.is_subsegment {
        true => Kind::Subsegment,
        false if document.inferred.is_true() => Kind::Inferred,
        false => Kind::Segment,
    };
    Entity {
        id: piece.id,
        kind,
        flags: Flags {
            // A 429 is one of the 4xx, whether or not the document says both.
            error: document.error.is_true() || document.throttle.is_true(),
            throttle: document.throttle.is_true(),
            fault: document.fault.is_true(),
        },
        namespace: match document.namespace.text() {
            Some("aws") if piece.is_subsegment => Namespace::Aws,
            Some("remote") if piece.is_subsegment => Namespace::Remote,
            _ => Namespace::Local,
        },
        is_entry: piece.parent.is_none(),
        is_repeated: false,
        parent: None,
        segment: None,
        after: 0,
        name: interner.intern_text(document.name.text().unwrap_or_default()),
        node: match kind {
            Kind::Subsegment => None,
            Kind::Segment => Some(nodes::of_segment(document, interner)),
            Kind::Inferred => Some(nodes::of_call(document, interner)),
        },
        start: piece.start,
        end: piece.end,
        facts: facts::of(document, interner, annotations),
    }
}

/// What a call, which stands at `place`, tells of a service that sent no segment.
fn inferred(
    piece: &Piece<Document<'_>>,
    call: &Entity,
    place: u32,
    interner: &mut Interner,
) -> Entity {
    Entity {
        id: call.id.derived_id(),
        kind: Kind::Inferred,
        flags: call.flags,
        namespace: Namespace::Local,
        is_entry: false,
        is_repeated: false,
        parent: Some(place),
        segment: Some(place + 1),
        after: 0,
        name: Arc::clone(&call.name),
        node: Some(nodes::of_call(&piece.content, interner)),
        start: call.start,
        end: call.end,
        facts: facts::of_call(&piece.content, interner),
    }
}
