//! The load balancer: accepts connections, and forwards each request to a target of the group that the rules select.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
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
use crate::client_connections::ClientConnections;
use crate::connection::{Connection, ConnectionState};
use crate::connections::Connections;
use crate::counters::Counters;
use crate::failure::Failure;
use crate::forward::Forward;
use crate::group::TargetGroup;
use crate::head::Refused;
use crate::listener::{Listener, Rule, RuleError};
use crate::names::Names;
use crate::recorder::Recorder;
use crate::request::UnderWay;
use crate::{answer, forwarded, head, request, trace_header};

/// A new load balancer with one HTTP listener.
pub struct LoadBalancerConfig {
    /// The name, a part of the ARNs.
    pub name: String,
    /// The port that clients know, for `X-Forwarded-Port` and the listener's description.
    pub port: u16,
    /// The rules without the default rule.
    pub rules: Vec<Rule>,
    /// The action for requests that no rule matches.
    pub default: Forward,
    /// Receives the lines of the access log.
    pub log: Arc<dyn Fn(&str) + Send + Sync>,
    /// The time limits of client connections.
    pub timeouts: Timeouts,
    /// The number of client connections from which on a new one replaces one that waits for a request.
    pub max_connections: usize,
}

/// A load balancer. It owns its listener, which the API changes while requests run.
#[derive(Debug)]
pub struct LoadBalancer {
    pub(crate) name: String,
    pub(crate) names: Names,
    pub(crate) created: SystemTime,
    pub(crate) port: u16,
    pub(crate) timeouts: Timeouts,
    pub(crate) recorder: Arc<Recorder>,
    /// All target groups, sorted by name. A group stays known if no rule uses it.
    pub(crate) target_groups: Vec<Arc<TargetGroup>>,
    /// The connections of clients.
    pub(crate) connections: Arc<Connections>,
    client_connections: ClientConnections,
    listener: RwLock<Arc<Listener>>,
    /// The listener at the start, for [`LoadBalancer::reset`].
    initial_listener: Arc<Listener>,
    /// Held during a change of the listener, so that no other change is lost.
    changes: Mutex<()>,
}

impl LoadBalancer {
    /// The load balancer has the target groups of `config`'s rules.
    pub fn new(config: LoadBalancerConfig) -> Arc<Self> {
        let listener = Arc::new(Listener::new(config.rules, config.default));
        let mut target_groups: Vec<_> = listener.groups().cloned().collect();
        target_groups.sort_by(|a, b| a.name().cmp(b.name()));
        target_groups.dedup_by(|a, b| Arc::ptr_eq(a, b));
        let names = Names::new(&config.name);
        let recorder = Recorder {
            access_log: AccessLog::new(names.full_name.clone(), config.log),
            counters: Counters::default(),
        };
        Arc::new(Self {
            recorder: Arc::new(recorder),
            names,
            name: config.name,
            created: SystemTime::now(),
            port: config.port,
            timeouts: config.timeouts,
            target_groups,
            connections: Arc::default(),
            client_connections: ClientConnections::new(config.max_connections),
            listener: RwLock::new(Arc::clone(&listener)),
            initial_listener: listener,
            changes: Mutex::default(),
        })
    }

    /// The final portion of the ARN, `app/<name>/<id>`: the load balancer in access logs and in the dimension of metrics.
    pub fn full_name(&self) -> &str {
        &self.names.full_name
    }

    /// The ARN of the listener.
    pub fn listener_arn(&self) -> String {
        self.names.listener_arn()
    }

    /// The ARN of the rule that has this priority now.
    pub fn rule_arn(&self, priority: u16) -> Option<String> {
        let listener = self.listener();
        let mut rules = listener.rules().iter();
        let rule = rules.find(|rule| rule.priority == priority)?;
        Some(self.names.rule_arn(&rule.id))
    }

    /// Restores what the API can change: the rules, the default action, and the settings of the target groups. Targets,
    /// counts and connections stay. Requests that have already arrived are forwarded by the rules that they found.
    pub fn reset(&self) {
        let _changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        self.set_listener(Arc::clone(&self.initial_listener));
        for group in &self.target_groups {
            group.reset();
        }
    }

    /// The listener as it is now. A later change makes another value.
    pub(crate) fn listener(&self) -> Arc<Listener> {
        Arc::clone(&self.listener.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the listener. If `change` fails, the listener stays as it was. Requests that have already arrived are
    /// forwarded by the rules that they found. New requests read the listener while `change` runs.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Listener) -> Result<T, RuleError>,
    ) -> Result<T, RuleError> {
        let _changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Listener::clone(&self.listener());
        let result = change(&mut changed)?;
        self.set_listener(Arc::new(changed));
        Ok(result)
    }

    fn set_listener(&self, changed: Arc<Listener>) {
        let mut listener = self
            .listener
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *listener = changed;
    }

    /// Serves until `stop`; then takes no new connection and lets running requests finish. Calls `warn` if connections
    /// cannot be accepted.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        stop: CancellationToken,
        warn: Warn,
    ) {
        let timeouts = self.timeouts;
        let alb = self;
        let mut server = Server::new();
        server.max_headers(head::MAX_HEADERS);
        let connected = move |stream: TcpStream, client| {
            let shared = ConnectionState::new(&stream, client, alb.connections.open());
            let info = shared.info;
            let shared = Arc::new(shared);
            alb.client_connections.add(&shared);
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
        self.recorder.record(&entry, None);
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
        let recorder = Arc::clone(&self.recorder);
        let mut under_way = UnderWay::new(recorder, self.port, shared, arrived, &request);
        let listener = self.listener();
        let (rule, action) = listener.route(request.uri().path());
        let group = action.draw();
        under_way.entry.rule = Some(rule);
        under_way.entry.target_group = group.map(|group| group.arn().to_owned());
        under_way.group = group.cloned();
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
        let picked = match group {
            Some(group) => group.pick().ok_or(Failure::NoRegisteredTargets),
            None => Err(Failure::NoTargetGroupWithWeight),
        };
        // A request does not hold the rules longer than it needs them.
        drop(listener);
        let answered = match picked {
            Ok(target) => {
                under_way.sent_to(target.address());
                target.forward(request, under_way.is_last).await
            }
            Err(failure) => Err(failure),
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
