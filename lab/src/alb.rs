//! The load balancer, as far as an application can tell it from an AWS Application Load Balancer:
//! path rules, target groups with health checks, forwarding headers, and its own plain answers.
//!
//! It does not speak TLS or HTTP/2, has no sticky sessions, and forwards no WebSockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONNECTION;
use axum::response::Response;

mod answer;
mod forwarded;
mod group;
mod health;
mod pattern;
mod prober;
mod target;
mod trace_header;

pub use group::{Registration, TargetGroup, TargetGroupConfig};
pub use health::State as TargetState;
pub use pattern::PathPattern;

/// How long a target may take for the head of its answer: the idle timeout of an ALB.
pub const TARGET_TIMEOUT: Duration = Duration::from_secs(60);

/// A path pattern and the target group that its requests go to.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which paths.
    pub pattern: PathPattern,
    /// Where to.
    pub group: Arc<TargetGroup>,
}

/// The rules of one listener, in order.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// The first that matches decides.
    pub rules: Vec<Rule>,
    /// Where everything else goes.
    pub default: Arc<TargetGroup>,
    /// The port that clients know, for `X-Forwarded-Port`.
    pub port: u16,
}

impl LoadBalancer {
    /// The load balancer as something that [`serve`](crate::serve) can serve.
    pub fn into_router(self) -> Router {
        Router::new().fallback(forward).with_state(Arc::new(self))
    }

    fn group(&self, path: &str) -> &TargetGroup {
        let rule = self.rules.iter().find(|rule| rule.pattern.matches(path));
        rule.map_or(&self.default, |rule| &rule.group)
    }
}

async fn forward(
    State(alb): State<Arc<LoadBalancer>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    mut request: Request<Body>,
) -> Response {
    // `*` is the only other form that a request target without a path has.
    if !request.uri().path().starts_with('/') {
        return answer::own(StatusCode::BAD_REQUEST);
    }
    let Some(target) = alb.group(request.uri().path()).pick() else {
        return answer::own(StatusCode::SERVICE_UNAVAILABLE);
    };
    let headers = request.headers_mut();
    // It names headers that are to go no further; ours must, and so must no upgrade.
    headers.remove(CONNECTION);
    forwarded::stamp(headers, client.ip(), alb.port);
    trace_header::stamp(headers);
    answer::replaced(target.forward(request).await)
}
