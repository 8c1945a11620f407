//! A local load balancer, as far as an application can distinguish it from an AWS Application Load Balancer (ALB): path
//! rules, target groups with health checks, forwarding headers, its own responses, the requests that it refuses, and its
//! access log.
//!
//! It has no TLS, no HTTP/2 and no sticky sessions, and it forwards no WebSockets.

use std::time::Duration;

mod access_log;
mod answer;
mod connection;
mod connector;
mod counters;
mod forwarded;
mod framing;
mod group;
mod head;
mod health;
mod load_balancer;
mod metrics;
mod pattern;
mod prober;
mod request;
mod target;
mod trace_header;

pub use access_log::AccessLog;
pub use counters::{Connections, Counters, Counts};
pub use group::{Registration, TargetGroup, TargetGroupConfig};
pub use health::State as TargetState;
pub use load_balancer::{LoadBalancer, Rule};
pub use metrics::{LoadBalancerMetrics, TargetGroupMetrics};
pub use pattern::PathPattern;

/// Maximum time until a target sends the head of its response: the idle timeout of an ALB.
pub const TARGET_TIMEOUT: Duration = Duration::from_secs(60);
