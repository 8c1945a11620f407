//! The service graph: who calls whom, how often, how long, and how well.
//!
//! A node's statistics come from its own segments; an edge's from the callers' subsegments. For those who
//! call from outside, a node of type `client` and the entry's name stands before each entry.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::interner::Node;
use crate::statistics::{Bar, Statistics, Summary};
use crate::time::Time;
use crate::trace::{CLIENT, Caller, Entity, Kind, Trace};

/// A node, as the API has it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Service {
    reference_id: usize,
    name: String,
    names: [String; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<String>,
    state: &'static str,
    start_time: Time,
    end_time: Time,
    edges: Vec<Edge>,
    #[serde(flatten)]
    measured: Option<Measured>,
}

/// What is known of a node that has segments.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Measured {
    summary_statistics: Summary,
    duration_histogram: Vec<Bar>,
    response_time_histogram: Vec<Bar>,
}

/// An edge, as the API has it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Edge {
    reference_id: usize,
    start_time: Time,
    end_time: Time,
    summary_statistics: Summary,
    response_time_histogram: Vec<Bar>,
    aliases: [(); 0],
}

/// Nodes by identity; equal nodes are one and the same while a trace holds them.
type Key = (*const Node, bool);

#[derive(Default)]
struct Gathering {
    places: HashMap<Key, usize>,
    nodes: Vec<Gathered>,
}

struct Gathered {
    node: Arc<Node>,
    is_client: bool,
    is_root: bool,
    is_active: bool,
    span: Span,
    statistics: Statistics,
    edges: HashMap<usize, (Span, Statistics)>,
}

/// From the first start to the last end.
#[derive(Clone, Copy)]
struct Span(Time, Time);

impl Span {
    fn of(entity: &Entity) -> Self {
        Self(entity.start, entity.end.unwrap_or(entity.start))
    }

    fn widen(&mut self, other: Self) {
        *self = Self(self.0.min(other.0), self.1.max(other.1));
    }
}

/// The graph of these traces; nodes in the order of their names.
pub fn of<'a>(traces: impl IntoIterator<Item = &'a Trace>) -> Vec<Service> {
    let mut gathering = Gathering::default();
    for trace in traces {
        gathering.add(trace);
    }
    gathering.services()
}

impl Gathering {
    fn add(&mut self, trace: &Trace) {
        for (_, segment) in trace.segments() {
            if let Some(node) = self.node(segment, false) {
                node.span.widen(Span::of(segment));
                node.statistics.add(segment);
                node.is_active |= segment.kind == Kind::Segment;
                node.is_root |= segment.is_entry;
            }
        }
        for call in trace.calls() {
            let callee = &trace.entities[call.callee];
            let (caller, is_client) = match call.from {
                Caller::Client => (callee, true),
                Caller::Service(place) => (&trace.entities[place], false),
            };
            let Some(to) = self.place(callee, false) else {
                continue;
            };
            let Some(from) = self.node(caller, is_client) else {
                continue;
            };
            let measured = &trace.entities[call.measured];
            let span = Span::of(measured);
            if is_client {
                from.span.widen(span);
            }
            let (whole, statistics) = from
                .edges
                .entry(to)
                .or_insert_with(|| (span, Statistics::default()));
            whole.widen(span);
            statistics.add(measured);
        }
    }

    fn place(&mut self, segment: &Entity, is_client: bool) -> Option<usize> {
        let node = segment.node.as_ref()?;
        let next = self.nodes.len();
        let place = *self
            .places
            .entry((Arc::as_ptr(node), is_client))
            .or_insert(next);
        if place == next {
            self.nodes.push(Gathered {
                node: Arc::clone(node),
                is_client,
                is_root: false,
                is_active: false,
                span: Span::of(segment),
                statistics: Statistics::default(),
                edges: HashMap::new(),
            });
        }
        Some(place)
    }

    fn node(&mut self, segment: &Entity, is_client: bool) -> Option<&mut Gathered> {
        let place = self.place(segment, is_client)?;
        self.nodes.get_mut(place)
    }

    fn services(self) -> Vec<Service> {
        let mut order: Vec<_> = (0..self.nodes.len()).collect();
        order.sort_by(|a, b| {
            let key = |place: &usize| {
                let node = &self.nodes[*place];
                (&node.node.name, !node.is_client, &node.node.kind)
            };
            key(a).cmp(&key(b))
        });
        let mut ids = vec![0; order.len()];
        for (id, place) in order.iter().enumerate() {
            ids[*place] = id;
        }
        let service = |(id, place): (usize, &usize)| service(id, &self.nodes[*place], &ids);
        order.iter().enumerate().map(service).collect()
    }
}

fn service(id: usize, gathered: &Gathered, ids: &[usize]) -> Service {
    let edge = |(to, (span, statistics)): (&usize, &(Span, Statistics))| Edge {
        reference_id: ids[*to],
        start_time: span.0,
        end_time: span.1,
        summary_statistics: statistics.summary(),
        response_time_histogram: statistics.histogram(),
        aliases: [],
    };
    let mut edges: Vec<_> = gathered.edges.iter().map(edge).collect();
    edges.sort_by_key(|edge| edge.reference_id);
    let kind = match gathered.is_client {
        true => CLIENT,
        false => &gathered.node.kind,
    };
    let name = gathered.node.name.to_string();
    Service {
        reference_id: id,
        name: name.clone(),
        names: [name],
        root: gathered.is_root.then_some(true),
        r#type: (!kind.is_empty()).then(|| kind.to_owned()),
        state: if gathered.is_active {
            "active"
        } else {
            "unknown"
        },
        start_time: gathered.span.0,
        end_time: gathered.span.1,
        edges,
        measured: (!gathered.is_client).then(|| Measured {
            summary_statistics: gathered.statistics.summary(),
            duration_histogram: gathered.statistics.histogram(),
            response_time_histogram: gathered.statistics.histogram(),
        }),
    }
}
