//! A local load balancer, as far as an application can distinguish it from an AWS Application Load Balancer (ALB): rules
//! with path conditions and weighted forward actions, target groups with health checks, forwarding headers, its own
//! responses, the requests that it refuses, its access log, and operations of the API Elastic Load Balancing v2.
//!
//! It has no TLS, no HTTP/2 and no sticky sessions, and it forwards no WebSockets.

mod access_log;
mod answer;
mod api;
mod client_connections;
mod connection;
mod connections;
mod connector;
mod counters;
mod failure;
mod forward;
mod forwarded;
mod framing;
mod group;
mod head;
mod health;
mod health_check;
mod listener;
mod load_balancer;
mod matcher;
mod metrics;
mod names;
mod pattern;
mod prober;
mod recorder;
mod request;
mod target;
mod trace_header;
mod weights;

pub use counters::Counts;
pub use forward::Forward;
pub use group::{Registration, TargetChanges, TargetGroup, TargetGroupConfig};
pub use health::State as TargetState;
pub use health_check::HealthCheck;
pub use listener::Rule;
pub use load_balancer::{LoadBalancer, LoadBalancerConfig};
pub use matcher::Matcher;
pub use metrics::{LoadBalancerMetrics, TargetGroupMetrics};
pub use pattern::PathPattern;
