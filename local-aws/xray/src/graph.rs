//! The service graph: nodes, edges and their statistics.
//!
//! The statistics of a node come from the node's segments. The statistics of an edge come from the caller's
//! subsegments. If clients outside the traces call a node, the graph also contains a node of type `client`
//! with the same name, and an edge from the client node to the called node.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::interner::{Node, NodeId};
use crate::statistics::{HistogramEntry, RequestStatistics, SummaryStatistics};
use crate::time::Time;
use crate::trace::{CLIENT_NODE_TYPE, Caller, Entity, EntityKind, Trace};

/// The API's `Service`: a node of the graph.
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
    /// The statistics of the node; `None` for a client node.
    #[serde(flatten)]
    statistics: Option<NodeStatistics>,
}

/// The statistics of a node's segments.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NodeStatistics {
    summary_statistics: SummaryStatistics,
    duration_histogram: Vec<HistogramEntry>,
    response_time_histogram: Vec<HistogramEntry>,
}

/// The API's `Edge`: an edge of the graph.
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

/// The key of a node in the graph. A node and its client node have the same `id`.
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
    /// Whether clients outside the traces call the node.
    is_root: bool,
    /// Whether the node's service sent a segment. A node is inactive if all segments of the node are
    /// inferred.
    is_active: bool,
    time_span: TimeSpan,
    statistics: RequestStatistics,
    /// The edges from the node to the nodes that it calls. The key of an edge is the index of the called
    /// node.
    edges: HashMap<usize, EdgeData>,
}

struct EdgeData {
    time_span: TimeSpan,
    statistics: RequestStatistics,
}

/// The time from the earliest start to the latest end in a set of entities.
#[derive(Clone, Copy)]
struct TimeSpan {
    start: Time,
    end: Time,
}

impl TimeSpan {
    fn from_entity(entity: &Entity) -> Self {
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

/// Builds the service graph of `traces`. The nodes of the graph are sorted by name.
pub fn build_service_graph<'a>(traces: impl IntoIterator<Item = &'a Trace>) -> Vec<Service> {
    let mut builder = GraphBuilder::default();
    for trace in traces {
        builder.add_trace(trace);
    }
    builder.into_services()
}

impl GraphBuilder {
    fn add_trace(&mut self, trace: &Trace) {
        for (_, segment) in trace.segments() {
            if let Some(index) = self.find_or_add_node(segment, false) {
                let node = &mut self.nodes[index];
                node.time_span.extend(TimeSpan::from_entity(segment));
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
            let callee_index = self.find_or_add_node(callee, false);
            let caller_index = self.find_or_add_node(caller, is_client);
            if let (Some(callee_index), Some(caller_index)) = (callee_index, caller_index) {
                let measured_entity = &trace.entities[call.measured_index];
                self.nodes[caller_index].add_call(callee_index, measured_entity);
            }
        }
    }

    /// Returns the index of the segment's node, or the index of the node's client node if `is_client` is
    /// true. If the graph does not contain the node yet, adds the node to the graph. Returns `None` for a
    /// subsegment.
    fn find_or_add_node(&mut self, segment: &Entity, is_client: bool) -> Option<usize> {
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
                time_span: TimeSpan::from_entity(segment),
                statistics: RequestStatistics::default(),
                edges: HashMap::new(),
            });
        }
        Some(index)
    }

    fn into_services(self) -> Vec<Service> {
        let mut sorted_indexes: Vec<_> = (0..self.nodes.len()).collect();
        sorted_indexes.sort_by_key(|index| {
            let NodeData {
                node, is_client, ..
            } = &self.nodes[*index];
            (&*node.name, !is_client, &*node.kind)
        });
        let mut reference_ids = vec![0; sorted_indexes.len()];
        for (reference_id, index) in sorted_indexes.iter().enumerate() {
            reference_ids[*index] = reference_id;
        }
        let services = sorted_indexes.iter();
        services
            .map(|index| self.nodes[*index].to_service(reference_ids[*index], &reference_ids))
            .collect()
    }
}

impl NodeData {
    /// Adds a call from the node to the node at `callee_index`. The entity `measured` has the duration and
    /// the flags of the call.
    fn add_call(&mut self, callee_index: usize, measured: &Entity) {
        let time_span = TimeSpan::from_entity(measured);
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
        let to_edge = |(callee_index, edge): (&usize, &EdgeData)| Edge {
            reference_id: reference_ids[*callee_index],
            start_time: edge.time_span.start,
            end_time: edge.time_span.end,
            summary_statistics: edge.statistics.summary(),
            response_time_histogram: edge.statistics.histogram(),
            aliases: [],
        };
        let mut edges: Vec<_> = self.edges.iter().map(to_edge).collect();
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
