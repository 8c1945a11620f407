//! Why a trace failed, or took as long as it did: the way from service to service down to the culprit.
//!
//! How the real service chooses is not documented; the shape of the answer is. Here, a fault (or an error)
//! is followed from the outermost entity that has it, down through every child that has it too; each way
//! that ends makes one root cause. A response time is followed from the root down to the child that took
//! longest, as long as that is at least half of its parent's time.

use crate::trace::{Entity, Namespace, Trace};

/// So many root causes of a kind are told of one trace.
const MAX_CAUSES: usize = 20;

/// A way through the trace.
#[derive(Debug, Clone, PartialEq)]
pub struct RootCause {
    /// The services on the way, the culprit's last.
    pub services: Vec<CauseService>,
    /// Whether the client of the whole trace was told of it.
    pub is_client_impacting: bool,
}

/// A service on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseService {
    /// The place of its segment; nothing where that is missing.
    pub segment: Option<usize>,
    /// The places of the segment and of subsegments within.
    pub entities: Vec<usize>,
}

impl RootCause {
    fn of(trace: &Trace, way: &[usize], is_client_impacting: bool) -> Self {
        let mut services: Vec<CauseService> = Vec::new();
        for place in way {
            let segment = trace.entities[*place]
                .segment
                .map(|segment| segment as usize);
            match services.last_mut() {
                Some(service) if service.segment == segment => service.entities.push(*place),
                _ => services.push(CauseService {
                    segment,
                    entities: vec![*place],
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

/// Share of the root's time that an entity took.
pub fn coverage(trace: &Trace, entity: &Entity) -> Option<f64> {
    let whole = trace.root()?.duration()?.seconds();
    let part = entity.duration()?.seconds();
    (whole > 0.0).then(|| part / whole)
}

/// The root causes of what `is_so`, such as a fault.
pub fn failures(trace: &Trace, is_so: impl Fn(&Entity) -> bool) -> Vec<RootCause> {
    let entities = &trace.entities;
    let mut has_deeper = vec![false; entities.len()];
    for entity in entities.iter().filter(|entity| is_so(entity)) {
        if let Some(parent) = entity.parent {
            has_deeper[parent as usize] = true;
        }
    }
    let culprits =
        (0..entities.len()).filter(|place| is_so(&entities[*place]) && !has_deeper[*place]);
    culprits
        .take(MAX_CAUSES)
        .map(|culprit| {
            let parent = |place: &usize| entities[*place].parent.map(|parent| parent as usize);
            let mut way: Vec<_> = std::iter::successors(Some(culprit), |place| {
                parent(place).filter(|parent| is_so(&entities[*parent]))
            })
            .collect();
            let outermost = way[way.len() - 1];
            // A service that coped with it still belongs to the way.
            let within = std::iter::successors(parent(&outermost), parent);
            let is_part = !entities[outermost].is_segment();
            let segment = entities[outermost].segment.map(|segment| segment as usize);
            way.extend(
                within.take_while(|place| is_part && segment.is_some_and(|it| it <= *place)),
            );
            way.reverse();
            RootCause::of(trace, &way, trace.root == Some(outermost))
        })
        .collect()
}

/// The root cause of the response time, once the root is over.
pub fn response_time(trace: &Trace) -> Option<RootCause> {
    let root = trace.root?;
    trace.entities[root].duration()?;
    let slowest = |place: &usize| {
        let whole = &trace.entities[*place];
        let mut next = place + 1;
        let children = std::iter::from_fn(|| {
            let child = (next < whole.after as usize).then_some(next)?;
            next = trace.entities[child].after as usize;
            Some(child)
        });
        let slowest = children.max_by_key(|child| trace.entities[*child].duration())?;
        let took = trace.entities[slowest].duration()?.micros();
        (took * 2 >= whole.duration()?.micros()).then_some(slowest)
    };
    let way: Vec<_> = std::iter::successors(Some(root), slowest).collect();
    Some(RootCause::of(trace, &way, true))
}
