//! Where the nodes of a service map go: callers before those they call.

use std::collections::BTreeMap;

use dagre::graph::{Graph as Dagre, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};
use serde::{Deserialize, Serialize};

/// A map without places.
#[derive(Debug, Deserialize)]
pub struct Graph {
    nodes: Vec<Node>,
    edges: Vec<(String, String)>,
    #[serde(default)]
    direction: Direction,
}

/// The direction from callers to those they call.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum Direction {
    /// Left to right.
    #[default]
    #[serde(rename = "LR")]
    LeftToRight,
    /// Top to bottom, for narrow screens.
    #[serde(rename = "TB")]
    TopToBottom,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    width: f64,
    height: f64,
}

/// Where everything goes, in the units of the nodes' sizes.
#[derive(Debug, Serialize)]
pub struct Layout {
    width: f64,
    height: f64,
    /// The centres.
    nodes: BTreeMap<String, Point>,
    /// For each edge, in the order that was asked, the points on its way.
    edges: Vec<Vec<Point>>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Point {
    x: f64,
    y: f64,
}

impl Graph {
    /// Nodes and edges together.
    pub fn size(&self) -> usize {
        self.nodes.len() + self.edges.len()
    }

    /// Lays it out. Edges of unknown nodes are left out.
    pub fn lay_out(&self) -> Layout {
        let mut graph = Dagre::with_options(GraphOptions {
            directed: true,
            multigraph: false,
            compound: true,
        });
        for node in &self.nodes {
            let label = NodeLabel {
                width: node.width,
                height: node.height,
                ..NodeLabel::default()
            };
            graph.set_node(node.id.clone(), Some(label));
        }
        for (from, to) in self.edges.iter().filter(|edge| self.knows(edge)) {
            graph.set_edge(from.clone(), to.clone(), Some(EdgeLabel::default()), None);
        }
        let options = LayoutOptions {
            rankdir: match self.direction {
                Direction::LeftToRight => RankDir::LR,
                Direction::TopToBottom => RankDir::TB,
            },
            nodesep: 10.0,
            ranksep: 40.0,
            ..LayoutOptions::default()
        };
        dagre::layout(&mut graph, Some(options));
        self.read(&graph)
    }

    fn knows(&self, (from, to): &(String, String)) -> bool {
        let is_known = |id: &String| self.nodes.iter().any(|node| node.id == *id);
        is_known(from) && is_known(to)
    }

    fn read(&self, graph: &Dagre<NodeLabel, EdgeLabel>) -> Layout {
        let mut layout = Layout {
            width: 0.0,
            height: 0.0,
            nodes: BTreeMap::new(),
            edges: Vec::new(),
        };
        for node in &self.nodes {
            let label = graph.node(&node.id);
            let x = label.and_then(|label| label.x).unwrap_or_default();
            let y = label.and_then(|label| label.y).unwrap_or_default();
            layout.width = layout.width.max(x + node.width / 2.0);
            layout.height = layout.height.max(y + node.height / 2.0);
            layout.nodes.insert(node.id.clone(), Point { x, y });
        }
        for (from, to) in &self.edges {
            let label = graph.edge(from, to, None);
            let points = label.iter().flat_map(|label| &label.points);
            let points = points.map(|point| Point {
                x: point.x,
                y: point.y,
            });
            layout.edges.push(points.collect());
        }
        layout
    }
}
