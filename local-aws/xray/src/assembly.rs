//! Assembles the documents of one trace into a [`Trace`]. The order in which documents arrive does not change the result.

mod compiled;
mod nodes;
mod search_fields;
mod segments;
mod tree;

use std::collections::HashSet;
use std::sync::Arc;

pub use compiled::{CompiledSegment, compile_documents};

use crate::document::annotations::AnnotationSelector;
use crate::id::TraceId;
use crate::interner::Interner;
use crate::memory::allocation_bytes;
use crate::trace::{Entity, EntityKind, ErrorFlags, Namespace, Trace};
use segments::{ParsedSegment, parse_segments};
use tree::SegmentTree;

/// Maximum difference between the time in a trace id and the start of the trace: one year, in microseconds.
/// If the time in a trace id differs by more than one year from the start of the trace, the time in the id is
/// ignored. Trace ids of programs that use W3C's `traceparent` contain no time, because all digits of these
/// trace ids are random.
const MAX_ID_TIME_DIFFERENCE_MICROS: u64 = 365 * 24 * 3600 * 1_000_000;

/// Assembles a trace. The elements of `documents` must be valid, sorted by id, and have distinct ids.
pub fn assemble_trace<'a>(
    id: TraceId,
    revision: u64,
    documents: impl IntoIterator<Item = &'a str>,
    interner: &mut Interner,
) -> Trace {
    let tree = SegmentTree::build(parse_segments(documents));
    // Resets the byte count of the interner, so that the count contains only the bytes of this trace.
    interner.take_charged_bytes();
    let mut annotation_selector = AnnotationSelector::default();
    let entities = create_entities(&tree, interner, &mut annotation_selector);
    let memory_bytes = estimate_memory_bytes(&entities) + interner.take_charged_bytes();
    let root_index = find_root(&entities);
    let timed_entities: Vec<_> = entities
        .iter()
        // A trace without a root consists of subsegments only.
        .filter(|entity| root_index.is_none() || entity.is_segment())
        .collect();
    let start = timed_entities.iter().map(|entity| entity.start).min();
    let start = start.unwrap_or(id.start_time());
    let end = timed_entities.iter().filter_map(|entity| entity.end).max();
    let time_difference_micros = id.start_time().micros().abs_diff(start.micros());
    let is_id_time_valid = time_difference_micros <= MAX_ID_TIME_DIFFERENCE_MICROS;
    Trace {
        id,
        index_time: if is_id_time_valid {
            id.start_time()
        } else {
            start
        },
        start,
        end: end.map_or(start, |end| end.max(start)),
        revision,
        dropped_annotations: annotation_selector.dropped_count,
        memory_bytes,
        root_index,
        entities: entities.into(),
    }
}

/// Heap memory in bytes of a trace with the given entities. The result does not include the memory of
/// interned texts and nodes.
fn estimate_memory_bytes(entities: &[Entity]) -> usize {
    let fields = entities
        .iter()
        .filter_map(|entity| entity.search_fields.as_deref());
    let fields_bytes = fields.map(|fields| {
        allocation_bytes(size_of_val(fields))
            + allocation_bytes(size_of_val(&*fields.annotations))
            + allocation_bytes(size_of_val(&*fields.exceptions))
    });
    // An `Arc` stores two reference counts before its value.
    let trace_bytes = allocation_bytes(2 * size_of::<usize>() + size_of::<Trace>());
    trace_bytes + allocation_bytes(size_of_val(entities)) + fields_bytes.sum::<usize>()
}

/// The index of the root: the segment without a `parent_id`, or else the first segment whose parent was not received.
fn find_root(entities: &[Entity]) -> Option<usize> {
    let segments = entities.iter().enumerate();
    segments
        .filter(|(_, entity)| entity.is_segment() && entity.parent_index.is_none())
        .min_by_key(|(_, entity)| (!entity.is_entry, entity.start, entity.id))
        .map(|(index, _)| index)
}

/// Creates the entities, inferred segments included. In the list of entities, parents precede their children.
fn create_entities(
    tree: &SegmentTree<'_>,
    interner: &mut Interner,
    annotation_selector: &mut AnnotationSelector,
) -> Vec<Entity> {
    let mut entities: Vec<Entity> = Vec::with_capacity(tree.segments.len());
    // Maps the position of a segment in `tree.walk()` to the segment's index in `entities`. The position of a
    // segment differs from its index, because `entities` also contains inferred segments.
    let mut entity_indexes: Vec<u32> = Vec::with_capacity(tree.segments.len());
    for (segment_index, parent_position) in tree.walk() {
        let segment = &tree.segments[segment_index];
        let index = entities.len() as u32;
        entity_indexes.push(index);
        let mut entity = create_entity(segment, interner, annotation_selector);
        entity.parent_index = parent_position.map(|position| entity_indexes[position]);
        entity.segment_index = if segment.is_subsegment {
            let parent = entity.parent_index;
            parent.and_then(|parent| entities[parent as usize].segment_index)
        } else {
            Some(index)
        };
        entities.push(entity);
        if tree.needs_inferred_segment(segment_index) {
            let call = &entities[index as usize];
            let inferred = create_inferred_segment(segment, call, index, interner);
            entities.push(inferred);
        }
    }
    mark_repeated_calls(&mut entities);
    set_subtree_ends(&mut entities);
    entities
}

/// Sets `is_repeated_call` for each segment that has the same parent and the same node as an earlier segment.
fn mark_repeated_calls(entities: &mut [Entity]) {
    let mut seen_calls = HashSet::new();
    for entity in entities {
        if let (Some(node), Some(parent)) = (&entity.node, entity.parent_index) {
            entity.is_repeated_call = !seen_calls.insert((parent, node.id));
        }
    }
}

fn set_subtree_ends(entities: &mut [Entity]) {
    for index in (0..entities.len()).rev() {
        let subtree_end = entities[index].subtree_end.max(index as u32 + 1);
        entities[index].subtree_end = subtree_end;
        if let Some(parent) = entities[index].parent_index {
            let parent = &mut entities[parent as usize];
            parent.subtree_end = parent.subtree_end.max(subtree_end);
        }
    }
}

/// Creates an entity. The caller of the function sets the entity's indexes.
fn create_entity(
    segment: &ParsedSegment<'_>,
    interner: &mut Interner,
    annotation_selector: &mut AnnotationSelector,
) -> Entity {
    let document = &segment.document;
    let kind = if segment.is_subsegment {
        EntityKind::Subsegment
    } else if document.inferred.is_true() {
        EntityKind::Inferred
    } else {
        EntityKind::Segment
    };
    Entity {
        id: segment.id,
        kind,
        flags: ErrorFlags {
            // Throttling (429) is a client error (4xx), even if the document does not set `error`.
            error: document.error.is_true() || document.throttle.is_true(),
            throttle: document.throttle.is_true(),
            fault: document.fault.is_true(),
        },
        namespace: segment.namespace(),
        is_entry: segment.parent_id.is_none(),
        is_repeated_call: false,
        parent_index: None,
        segment_index: None,
        subtree_end: 0,
        name: interner.intern_text(document.name.as_text().unwrap_or_default()),
        node: match kind {
            EntityKind::Subsegment => None,
            EntityKind::Segment => Some(nodes::intern_segment_node(document, interner)),
            EntityKind::Inferred => Some(nodes::intern_callee_node(document, interner)),
        },
        start: segment.start,
        end: segment.end,
        search_fields: search_fields::extract_search_fields(
            document,
            interner,
            annotation_selector,
        ),
    }
}

/// Creates an inferred segment: the segment of a called service that sent no segment. `call` is the entity of
/// the calling subsegment, and `call_index` is the index of that entity.
fn create_inferred_segment(
    segment: &ParsedSegment<'_>,
    call: &Entity,
    call_index: u32,
    interner: &mut Interner,
) -> Entity {
    Entity {
        id: call.id.derived_id(),
        kind: EntityKind::Inferred,
        flags: call.flags,
        namespace: Namespace::Local,
        is_entry: false,
        is_repeated_call: false,
        parent_index: Some(call_index),
        segment_index: Some(call_index + 1),
        subtree_end: 0,
        name: Arc::clone(&call.name),
        node: Some(nodes::intern_callee_node(&segment.document, interner)),
        start: call.start,
        end: call.end,
        search_fields: search_fields::extract_callee_fields(&segment.document, interner),
    }
}
