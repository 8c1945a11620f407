//! The load balancer: accepts connections, and forwards each request to a target of the group that the rules select.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use wire::{Server, Timeouts, Warn, remove_headers_of_one_hop, serve_connections};

use crate::access_log::{AccessLog, ConnectionInfo, Entry};
use crate::connection::{Connection, ConnectionState};
use crate::counters::{Connections, Counters};
use crate::group::TargetGroup;
use crate::head::Refused;
use crate::pattern::PathPattern;
use crate::request::UnderWay;
use crate::target::Failure;
use crate::{answer, forwarded, head, request, trace_header};

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
    /// A line for each request.
    pub access_log: AccessLog,
    /// The counts of all requests.
    pub counters: Counters,
    /// The connections of clients.
    pub connections: Arc<Connections>,
}

impl LoadBalancer {
    /// Serves until `stop`; then takes no new connection and lets running requests finish. Calls `warn` if connections
    /// cannot be accepted.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        stop: CancellationToken,
        timeouts: Timeouts,
        warn: Warn,
    ) {
        let alb = self;
        let mut server = Server::new();
        server.max_headers(head::MAX_HEADERS);
        let connected = move |stream: TcpStream, client| {
            let shared = ConnectionState::new(&stream, client, alb.connections.open());
            let info = shared.info;
            let shared = Arc::new(shared);
            let refusing = Arc::clone(&alb);
            let refuse = move |head: &[u8], time, refused: &Refused| {
                refusing.refuse(info, head, time, refused)
            };
            let connection =
                Connection::new(stream, Arc::clone(&shared), timeouts.idle, Box::new(refuse));
            let alb = Arc::clone(&alb);
            let service = service_fn(move |request: Request<Incoming>| {
                let (alb, shared) = (Arc::clone(&alb), Arc::clone(&shared));
                let request = request.map(Body::new);
                async move { Ok::<_, Infallible>(alb.answer(&shared, request).await) }
            });
            (connection, service)
        };
        serve_connections(listener, server, connected, stop, timeouts.grace, warn).await;
    }

    /// The priority of the rule that decides, and where it leads; 0 is the default action.
    fn group(&self, path: &str) -> (usize, &Arc<TargetGroup>) {
        let mut rules = self.rules.iter().zip(1..);
        let rule = rules.find(|(rule, _)| rule.pattern.matches(path));
        rule.map_or((0, &self.default), |(rule, priority)| {
            (priority, &rule.group)
        })
    }

    /// All target groups, each once.
    pub(crate) fn groups(&self) -> Vec<Arc<TargetGroup>> {
        let groups = self.rules.iter().map(|rule| &rule.group);
        let mut distinct: Vec<Arc<TargetGroup>> = Vec::new();
        for group in groups.chain([&self.default]) {
            if !distinct.iter().any(|it| Arc::ptr_eq(it, group)) {
                distinct.push(Arc::clone(group));
            }
        }
        distinct
    }

    /// Writes the line of a request that is over, and counts the request.
    pub(crate) fn record(&self, entry: &Entry, group: Option<&TargetGroup>) {
        self.access_log.write(entry);
        self.counters.count_request(entry);
        if let Some(group) = group {
            group.counters.count_target(entry);
        }
    }

    /// Logs a refused request, and returns the bytes of the answer.
    fn refuse(
        &self,
        connection: ConnectionInfo,
        head: &[u8],
        arrival: SystemTime,
        refused: &Refused,
    ) -> Vec<u8> {
        let answer = answer::last(refused.status, refused.detail, head.starts_with(b"HEAD "));
        let mut entry = Entry::new(connection, self.port, arrival);
        if let Some(fields) = head::fields(head) {
            // An ALB writes 0 if it cannot read the request line.
            entry.received_bytes = head.len() as u64;
            entry.request = request::line(&fields, self.port);
            entry.user_agent = fields.user_agent.map(str::to_owned);
        }
        entry.status = refused.status;
        entry.sent_bytes = answer.len() as u64;
        entry.classification = refused.classification;
        self.record(&entry, None);
        answer
    }

    async fn answer(
        self: Arc<Self>,
        shared: &Arc<ConnectionState>,
        mut request: Request,
    ) -> Response {
        let Some(arrived) = shared.next() else {
            // Unreachable: every request that hyper reads came from an accepted head.
            return answer::own(StatusCode::BAD_REQUEST);
        };
        let mut under_way = UnderWay::new(Arc::clone(&self), shared, arrived, &request);
        let (rule, group) = self.group(request.uri().path());
        under_way.entry.rule = Some(rule);
        under_way.entry.target_group = Some(group.arn());
        under_way.group = Some(Arc::clone(group));
        // A proxy ignores the header beside a target in absolute form: RFC 9112, section 3.2.2.
        let host = request.uri().authority().map(|host| host.as_str());
        let host = host.and_then(|host| HeaderValue::try_from(host).ok());
        let host = host.or_else(|| request.headers().get(HOST).cloned());
        let headers = request.headers_mut();
        // First, so that a client cannot make us drop `Host` or a header that is set below.
        remove_headers_of_one_hop(headers);
        if let Some(host) = host {
            headers.insert(HOST, host);
        }
        remove_invalid(headers);
        forwarded::stamp(headers, shared.info.client.ip(), self.port);
        under_way.entry.trace_id = trace_header::stamp(headers);
        let request = under_way.count_body(request);
        let answered = match group.pick() {
            Some(target) => {
                under_way.sent_to(target.address());
                target.forward(request, under_way.is_last).await
            }
            None => Err(Failure::NoRegisteredTargets),
        };
        match answered {
            Ok(response) => under_way.answered(response),
            Err(failure) => under_way.failed(failure),
        }
    }
}

/// Removes headers whose names have other characters than letters, digits and hyphens, as an ALB does with the attribute
/// `routing.http.drop_invalid_header_fields.enabled` of the workshop's template.
fn remove_invalid(headers: &mut HeaderMap) {
    let is_invalid = |name: &str| {
        !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let invalid = headers.keys().filter(|name| is_invalid(name.as_str()));
    for name in invalid.cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
}
