//! Simple targets for a load balancer, and load balancers that forward to them.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use elb::{
    Forward, LoadBalancer, LoadBalancerConfig, Registration, Rule, TargetGroup, TargetGroupConfig,
};
use regex::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use wire::Timeouts;

use crate::found;

/// The final portion of the ARN of the load balancers of these tests.
pub const LOAD_BALANCER: &str = "app/balancer/0000000000000000";

/// The limit of client connections in these tests.
pub const MAX_CONNECTIONS: usize = 100;

/// The response of a healthy target.
pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The response of an unhealthy target.
pub const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";

/// What a target does with a request.
#[derive(Clone, Copy)]
pub enum Act {
    /// Sends these bytes.
    Answer(&'static str),
    /// Closes the connection without a response.
    Reset,
    /// Sends these bytes after a delay.
    Late(Duration, &'static str),
    /// Keeps the connection open and sends nothing.
    Hang,
}

/// A raw socket that reads one request per connection, records its head, and performs an [`Act`].
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    acts: Arc<Mutex<Acts>>,
    heads: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy)]
struct Acts {
    health: Act,
    request: Act,
}

impl Target {
    /// Starts a healthy target. It performs `request` for each request that is no health check.
    pub async fn start(request: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Self {
            address: listener.local_addr().unwrap(),
            acts: Arc::new(Mutex::new(Acts {
                health: Act::Answer(OK),
                request,
            })),
            heads: Arc::default(),
        };
        let serving = target.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        target
    }

    /// Sets the act for later health checks.
    pub fn set_health(&self, act: Act) {
        self.acts.lock().unwrap().health = act;
    }

    /// The heads of the requests so far, without health checks.
    pub fn requests(&self) -> Vec<String> {
        self.heads(|head| !is_health_check(head))
    }

    /// The heads of the health checks so far.
    pub fn health_checks(&self) -> Vec<String> {
        self.heads(is_health_check)
    }

    fn heads(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().filter(|head| wanted(head)).cloned().collect()
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let acts = *self.acts.lock().unwrap();
        let act = if is_health_check(&head) {
            acts.health
        } else {
            acts.request
        };
        self.heads.lock().unwrap().push(head);
        match act {
            Act::Answer(answer) => {
                let _ = stream.write_all(answer.as_bytes()).await;
                // The next request comes on a new connection.
                let _ = stream.shutdown().await;
            }
            Act::Late(delay, answer) => {
                tokio::time::sleep(delay).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
            Act::Reset => {}
            Act::Hang => std::future::pending().await,
        }
    }
}

fn is_health_check(head: &str) -> bool {
    head.to_lowercase()
        .contains("user-agent: elb-healthchecker/2.0")
}

/// A group with a short interval of health checks.
pub fn quick_group() -> Arc<TargetGroup> {
    TargetGroup::new(TargetGroupConfig::with_interval(
        "targets",
        Duration::from_millis(20),
    ))
}

/// The same with a short time limit for responses.
pub fn impatient_group() -> Arc<TargetGroup> {
    TargetGroup::new(TargetGroupConfig {
        target_timeout: Duration::from_millis(300),
        ..TargetGroupConfig::with_interval("targets", Duration::from_millis(20))
    })
}

/// Registers `targets` and waits until each is healthy.
pub async fn registered(group: &Arc<TargetGroup>, targets: &[&Target]) -> Vec<Registration> {
    let mut registrations = Vec::new();
    for target in targets {
        let registration = group.register(target.address);
        registration.healthy().await;
        registrations.push(registration);
    }
    registrations
}

/// Serves a load balancer whose default action forwards to `default`. Returns its address.
pub async fn balancer(rules: Vec<Rule>, default: Arc<TargetGroup>) -> SocketAddr {
    logging_balancer(rules, default, Duration::from_secs(60))
        .await
        .0
}

/// The same with an idle timeout, and with the lines of its access log.
pub async fn logging_balancer(
    rules: Vec<Rule>,
    default: Arc<TargetGroup>,
    idle: Duration,
) -> (SocketAddr, Lines) {
    let (_, address, lines) = served(rules, default, idle).await;
    (address, lines)
}

/// The same with the load balancer, for its metrics.
pub async fn counting_balancer(
    rules: Vec<Rule>,
    default: Arc<TargetGroup>,
) -> (Arc<LoadBalancer>, SocketAddr, Lines) {
    served(rules, default, Duration::from_secs(60)).await
}

async fn served(
    rules: Vec<Rule>,
    default: Arc<TargetGroup>,
    idle: Duration,
) -> (Arc<LoadBalancer>, SocketAddr, Lines) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let lines = Lines::default();
    let log = lines.clone();
    let alb = LoadBalancer::new(LoadBalancerConfig {
        name: "balancer".to_owned(),
        port: address.port(),
        rules,
        default: Forward::to(default),
        log: Arc::new(move |line| log.0.lock().unwrap().push(line.to_owned())),
        timeouts: Timeouts {
            idle,
            grace: Duration::from_secs(1),
        },
        max_connections: MAX_CONNECTIONS,
    });
    tokio::spawn(Arc::clone(&alb).serve(listener, CancellationToken::new(), Arc::new(|_| {})));
    (alb, address, lines)
}

/// Whether the pattern of Amazon Athena's guide, "Create the table for ALB access logs", matches the whole line.
fn is_read_by_athena(line: &str) -> bool {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = concat!(
            r#"([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*):([0-9]*) ([^ ]*)[:-]([0-9]*) "#,
            r#"([-.0-9]*) ([-.0-9]*) ([-.0-9]*) (|[-0-9]*) (-|[-0-9]*) ([-0-9]*) ([-0-9]*) "#,
            r#""([^ ]*) (.*) (- |[^ ]*)" "([^"]*)" ([A-Z0-9\-_]+) ([A-Za-z0-9.-]*) ([^ ]*) "#,
            r#""([^"]*)" "([^"]*)" "([^"]*)" ([-.0-9]*) ([^ ]*) "([^"]*)" "([^"]*)" "([^ ]*)" "#,
            r#""([^\s]+?)" "([^\s]+)" "([^ ]*)" "([^ ]*)" ?([^ ]*)? ?( .*)?"#,
        );
        Regex::new(&format!("^(?:{pattern})$")).unwrap()
    });
    PATTERN.is_match(line)
}

/// The lines of an access log.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// Waits for line `number`. Returns its fields without quotation marks.
    pub async fn fields(&self, number: usize) -> Vec<String> {
        let line = found("a line", async || {
            self.0.lock().unwrap().get(number).cloned()
        })
        .await;
        assert!(is_read_by_athena(&line), "{line}");
        let parts = line.split('"').enumerate();
        parts
            .flat_map(|(number, part)| match number % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}
