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

use crate::exam::Exams;
use crate::ledger::Ledger;
use crate::logs::Logs;
use crate::reset::Reset;

mod check;
mod console;
mod control;
mod exam;
mod files;
pub mod goto;
mod guide;
pub mod ledger;
pub mod reset;
mod traces;

#[cfg(test)]
pub use files::has_file;

/// What the site needs of the lab.
pub struct Site {
    pub alb: String,
    pub logs: Logs,
    pub ledger: Ledger,
}

impl Site {
    /// The site as something that [`serve`](fn@wire::serve) can serve.
    pub fn into_router(
        self,
        load_balancer: Arc<LoadBalancer>,
        reset: Arc<Reset>,
        exams: Exams,
        lab: goto::AboutLab,
        aws: Router,
    ) -> Router {
        let config = files::config(&self.alb);
        let headers = headers(&self.alb);
        // They would show the cause, or end the exam.
        let refused_during_exams = ledger::routes(self.ledger)
            .merge(reset::routes(reset))
            .merge(goto::routes(lab.clone()))
            .layer(from_fn_with_state(exams.clone(), exam::refuse_during_exam));
        control::routes(self.logs, load_balancer)
            .merge(console::routes(aws))
            .merge(traces::routes())
            .merge(check::routes(lab.aws_port))
            .merge(guide::routes())
            .merge(exam::routes(exams, lab.confirmation_required))
            .merge(refused_during_exams)
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
