//! Root causes: the path from service to service to the entity that caused a fault, an error or the response time.
//!
//! AWS documents the format of root causes. AWS does not document how X-Ray selects root causes. This program
//! selects root causes by the following rules. The path to a fault starts at the outermost entity with the
//! flag `fault`, and continues with children that have the flag `fault`. The path to an error starts at the
//! outermost entity with the flag `error`, and continues with children that have the flag `error`. The last
//! entity of each path is a root cause. The path of the response time starts at the root and continues with
//! the slowest child, as long as the child's duration is at least half of its parent's duration.

use std::iter::successors;

use crate::trace::{Entity, Namespace, Trace};

/// Maximum number of root causes of faults in one trace, and maximum number of root causes of errors in one
/// trace.
const MAX_ROOT_CAUSES: usize = 20;

/// The path from the start of a failure or a delay to its cause.
#[derive(Debug, Clone, PartialEq)]
pub struct RootCause {
    /// The services on the path. The last service on the path contains the cause.
    pub services: Vec<RootCauseService>,
    /// Whether the cause affected the response of the root segment.
    pub is_client_impacting: bool,
}

/// A service on the path of a root cause.
#[derive(Debug, Clone, PartialEq)]
pub struct RootCauseService {
    /// Index of the service's segment; `None` if the service's segment was not received.
    pub segment_index: Option<usize>,
    /// Indexes of the service's entities on the path.
    pub entity_indexes: Vec<usize>,
}

impl RootCause {
    fn from_path(trace: &Trace, path: &[usize], is_client_impacting: bool) -> Self {
        let mut services: Vec<RootCauseService> = Vec::new();
        for index in path {
            let segment_index = segment_index(trace, *index);
            match services.last_mut() {
                Some(service) if service.segment_index == segment_index => {
                    service.entity_indexes.push(*index);
                }
                _ => services.push(RootCauseService {
                    segment_index,
                    entity_indexes: vec![*index],
                }),
            }
        }
        Self {
            services,
            is_client_impacting,
        }
    }
}

/// Whether the entity is a call to another service.
pub fn is_remote(entity: &Entity) -> bool {
    entity.namespace != Namespace::Local
}

/// The duration of the entity divided by the duration of the root. The result is `None` while the entity or
/// the root is in progress, or if the root's duration is zero.
pub fn root_coverage(trace: &Trace, entity: &Entity) -> Option<f64> {
    let root_seconds = trace.root()?.duration()?.seconds();
    let entity_seconds = entity.duration()?.seconds();
    (root_seconds > 0.0).then(|| entity_seconds / root_seconds)
}

/// Finds the root causes of faults or errors. The function `has_failed` returns whether an entity has the
/// flag `fault`, or for root causes of errors the flag `error`.
pub fn find_failure_root_causes(
    trace: &Trace,
    has_failed: impl Fn(&Entity) -> bool,
) -> Vec<RootCause> {
    let entities = &trace.entities;
    let mut has_failed_child = vec![false; entities.len()];
    for entity in entities.iter().filter(|entity| has_failed(entity)) {
        if let Some(parent) = entity.parent_index {
            has_failed_child[parent as usize] = true;
        }
    }
    let causes = (0..entities.len())
        .filter(|index| has_failed(&entities[*index]) && !has_failed_child[*index]);
    causes
        .take(MAX_ROOT_CAUSES)
        .map(|cause| {
            let parent = |index: &usize| parent_index(trace, *index);
            let mut path: Vec<_> = successors(Some(cause), |index| {
                parent(index).filter(|parent| has_failed(&entities[*parent]))
            })
            .collect();
            let outermost = path[path.len() - 1];
            // A path begins with a segment. If the outermost failed entity is a subsegment, the path begins
            // with the segment of this subsegment, even if this segment did not fail.
            if let Some(segment) = segment_index(trace, outermost)
                && segment != outermost
            {
                let ancestors = successors(parent(&outermost), parent);
                path.extend(ancestors.take_while(|ancestor| *ancestor >= segment));
            }
            path.reverse();
            RootCause::from_path(trace, &path, trace.root_index == Some(outermost))
        })
        .collect()
}

/// Finds the root cause of the response time. The result is `None` while the root segment is in progress.
pub fn find_response_time_root_cause(trace: &Trace) -> Option<RootCause> {
    let root = trace.root_index?;
    trace.entities[root].duration()?;
    let slowest_child = |index: &usize| {
        let parent = &trace.entities[*index];
        let mut next_index = index + 1;
        let children = std::iter::from_fn(|| {
            let child = (next_index < parent.subtree_end as usize).then_some(next_index)?;
            next_index = trace.entities[child].subtree_end as usize;
            Some(child)
        });
        let slowest = children.max_by_key(|child| trace.entities[*child].duration())?;
        let slowest_micros = trace.entities[slowest].duration()?.micros();
        (slowest_micros * 2 >= parent.duration()?.micros()).then_some(slowest)
    };
    let path: Vec<_> = successors(Some(root), slowest_child).collect();
    Some(RootCause::from_path(trace, &path, true))
}

fn segment_index(trace: &Trace, index: usize) -> Option<usize> {
    let segment_index = trace.entities[index].segment_index?;
    Some(segment_index as usize)
}

fn parent_index(trace: &Trace, index: usize) -> Option<usize> {
    let parent_index = trace.entities[index].parent_index?;
    Some(parent_index as usize)
}
