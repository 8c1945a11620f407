//! The site's origin: the pages, and what the lab shows and does for the person at this machine.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use elb::LoadBalancer;

use crate::logs::Logs;
use crate::reset::Reset;

mod check;
mod console;
mod control;
mod files;
pub mod goto;
mod guide;
pub mod reset;
mod traces;

#[cfg(test)]
pub use files::has_file;

/// What the site needs of the lab.
pub struct Site {
    pub alb: String,
    pub logs: Logs,
}

impl Site {
    /// The site as something that [`serve`](fn@wire::serve) can serve.
    pub fn into_router(
        self,
        load_balancer: Arc<LoadBalancer>,
        reset: Arc<Reset>,
        lab: goto::AboutLab,
        aws: Router,
    ) -> Router {
        let config = files::config(&self.alb);
        let headers = headers(&self.alb);
        control::routes(self.logs, load_balancer)
            .merge(console::routes(aws))
            .merge(traces::routes())
            .merge(check::routes(lab.aws_port))
            .merge(goto::routes(lab))
            .merge(guide::routes())
            .merge(reset::routes(reset))
            .route("/config.js", get(async || config))
            .fallback(files::file)
            .layer(from_fn_with_state(headers, with_headers))
    }
}

type Headers = Vec<(HeaderName, HeaderValue)>;

/// The page talks to its own origin and to the load balancer, and to nobody else.
fn headers(alb: &str) -> Headers {
    let policy = format!(
        "default-src 'self'; connect-src 'self' {alb}; img-src 'self'; style-src 'self'; \
         script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    );
    let policy = HeaderValue::try_from(policy).map(|policy| (CONTENT_SECURITY_POLICY, policy));
    let no_sniffing = (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    policy.into_iter().chain([no_sniffing]).collect()
}

async fn with_headers(State(headers): State<Headers>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().extend(headers);
    response
}
