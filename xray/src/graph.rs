//! The service graph: nodes, edges and their statistics.
//!
//! A node's statistics come from its own segments, an edge's statistics from the caller's subsegments. Each node that is
//! called from outside the traces also has a node of type `client` before it, with the same name.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::interner::{Node, NodeId};
use crate::statistics::{HistogramEntry, RequestStatistics, SummaryStatistics};
use crate::time::Time;
use crate::trace::{CLIENT_NODE_TYPE, Caller, Entity, EntityKind, Trace};

/// A node, as the API's `Service`.
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
    /// A client node has none.
    #[serde(flatten)]
    statistics: Option<NodeStatistics>,
}

/// The statistics of a node's own segments.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NodeStatistics {
    summary_statistics: SummaryStatistics,
    duration_histogram: Vec<HistogramEntry>,
    response_time_histogram: Vec<HistogramEntry>,
}

/// An edge, as the API's `Edge`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Edge {
    reference_id: usize,
    start_time: Time,
    end_time: Time,
    summary_statistics: SummaryStatistics,
    response_time_histogram: Vec<HistogramEntry>,
    aliases: [(); 0],
}

/// Identifies a node of the graph. A node and its client node have the same `id`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct NodeKey {
    id: NodeId,
    is_client: bool,
}

/// Collects the nodes and edges of all traces.
#[derive(Default)]
struct GraphBuilder {
    node_indexes: HashMap<NodeKey, usize>,
    nodes: Vec<NodeData>,
}

struct NodeData {
    node: Arc<Node>,
    is_client: bool,
    /// Whether a request entered the system at this node.
    is_root: bool,
    /// Whether the node sent segments itself.
    is_active: bool,
    time_span: TimeSpan,
    statistics: RequestStatistics,
    /// Edges by the index of the called node.
    edges: HashMap<usize, EdgeData>,
}

struct EdgeData {
    time_span: TimeSpan,
    statistics: RequestStatistics,
}

/// The time from the first start to the last end.
#[derive(Clone, Copy)]
struct TimeSpan {
    start: Time,
    end: Time,
}

impl TimeSpan {
    fn new(entity: &Entity) -> Self {
        Self {
            start: entity.start,
            end: entity.end.unwrap_or(entity.start),
        }
    }

    fn extend(&mut self, other: Self) {
        self.start = self.start.min(other.start);
        self.end = self.end.max(other.end);
    }
}

/// The graph of these traces. Nodes are sorted by name.
pub fn service_graph<'a>(traces: impl IntoIterator<Item = &'a Trace>) -> Vec<Service> {
    let mut builder = GraphBuilder::default();
    for trace in traces {
        builder.add_trace(trace);
    }
    builder.into_services()
}

impl GraphBuilder {
    fn add_trace(&mut self, trace: &Trace) {
        for (_, segment) in trace.segments() {
            if let Some(index) = self.node_index(segment, false) {
                let node = &mut self.nodes[index];
                node.time_span.extend(TimeSpan::new(segment));
                node.statistics.add(segment);
                node.is_active |= segment.kind == EntityKind::Segment;
                node.is_root |= segment.is_entry;
            }
        }
        for call in trace.calls() {
            let callee = &trace.entities[call.callee_index];
            let (caller, is_client) = match call.caller {
                Caller::Client => (callee, true),
                Caller::Service(index) => (&trace.entities[index], false),
            };
            let callee_index = self.node_index(callee, false);
            let caller_index = self.node_index(caller, is_client);
            if let (Some(callee_index), Some(caller_index)) = (callee_index, caller_index) {
                let measured = &trace.entities[call.measured_index];
                self.nodes[caller_index].add_call(callee_index, measured);
            }
        }
    }

    /// The index of a segment's node, or of the client node before it. The node is added if it is new.
    fn node_index(&mut self, segment: &Entity, is_client: bool) -> Option<usize> {
        let node = segment.node.as_ref()?;
        let key = NodeKey {
            id: node.id,
            is_client,
        };
        let next_index = self.nodes.len();
        let index = *self.node_indexes.entry(key).or_insert(next_index);
        if index == next_index {
            self.nodes.push(NodeData {
                node: Arc::clone(node),
                is_client,
                is_root: false,
                is_active: false,
                time_span: TimeSpan::new(segment),
                statistics: RequestStatistics::default(),
                edges: HashMap::new(),
            });
        }
        Some(index)
    }

    fn into_services(self) -> Vec<Service> {
        let mut sorted: Vec<_> = (0..self.nodes.len()).collect();
        sorted.sort_by_key(|index| {
            let NodeData {
                node, is_client, ..
            } = &self.nodes[*index];
            (&*node.name, !is_client, &*node.kind)
        });
        let mut reference_ids = vec![0; sorted.len()];
        for (reference_id, index) in sorted.iter().enumerate() {
            reference_ids[*index] = reference_id;
        }
        let services = sorted.iter();
        services
            .map(|index| self.nodes[*index].to_service(reference_ids[*index], &reference_ids))
            .collect()
    }
}

impl NodeData {
    /// Adds a call from this node. `measured` has the call's duration and flags.
    fn add_call(&mut self, callee_index: usize, measured: &Entity) {
        let time_span = TimeSpan::new(measured);
        if self.is_client {
            self.time_span.extend(time_span);
        }
        let edge = self.edges.entry(callee_index).or_insert_with(|| EdgeData {
            time_span,
            statistics: RequestStatistics::default(),
        });
        edge.time_span.extend(time_span);
        edge.statistics.add(measured);
    }

    fn to_service(&self, reference_id: usize, reference_ids: &[usize]) -> Service {
        let edge = |(callee_index, edge): (&usize, &EdgeData)| Edge {
            reference_id: reference_ids[*callee_index],
            start_time: edge.time_span.start,
            end_time: edge.time_span.end,
            summary_statistics: edge.statistics.summary(),
            response_time_histogram: edge.statistics.histogram(),
            aliases: [],
        };
        let mut edges: Vec<_> = self.edges.iter().map(edge).collect();
        edges.sort_by_key(|edge| edge.reference_id);
        let kind = if self.is_client {
            CLIENT_NODE_TYPE
        } else {
            &self.node.kind
        };
        let name = self.node.name.to_string();
        Service {
            reference_id,
            name: name.clone(),
            names: [name],
            root: self.is_root.then_some(true),
            r#type: (!kind.is_empty()).then(|| kind.to_owned()),
            state: if self.is_active { "active" } else { "unknown" },
            start_time: self.time_span.start,
            end_time: self.time_span.end,
            edges,
            statistics: (!self.is_client).then(|| NodeStatistics {
                summary_statistics: self.statistics.summary(),
                duration_histogram: self.statistics.histogram(),
                response_time_histogram: self.statistics.histogram(),
            }),
        }
    }
}
