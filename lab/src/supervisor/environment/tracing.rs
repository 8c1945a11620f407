//! Where the tasks send their traces.

use std::fmt;
use std::net::SocketAddr;

use super::Variable;

const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
const DAEMON: &str = "AWS_XRAY_DAEMON_ADDRESS";

/// What else the lab sets for traces, and the reader may set otherwise.
const DEFAULTS: [(&str, &str); 2] = [
    // The load balancer asks each task again and again: among that, nobody would find a like.
    ("TRACE_HEALTH_CHECKS", "off"),
    // Milliseconds. Who has just pressed a heart wants to see its trace.
    ("OTEL_BSP_SCHEDULE_DELAY", "500"),
];

/// The tasks' variables about traces.
#[derive(Clone, Debug)]
pub struct Tracing(Option<On>);

#[derive(Clone, Debug)]
struct On {
    exporter: String,
    daemon: String,
    /// The lab's own X-Ray.
    xray: SocketAddr,
    others: [Variable; 2],
}

impl Tracing {
    /// To the lab's X-Ray, if there is one, unless the environment of the lab itself says otherwise.
    pub fn from_env(xray: Option<SocketAddr>) -> Self {
        Self::new(xray, |name| std::env::var(name).ok())
    }

    pub(super) fn new(xray: Option<SocketAddr>, reader: impl Fn(&str) -> Option<String>) -> Self {
        Self(xray.map(|xray| On {
            exporter: reader(EXPORTER).unwrap_or_else(|| "xray".to_owned()),
            daemon: reader(DAEMON).unwrap_or_else(|| xray.to_string()),
            xray,
            others:
                DEFAULTS.map(|(name, default)| {
                    (name, reader(name).unwrap_or_else(|| default.to_owned()))
                }),
        }))
    }

    /// What a task is told.
    pub fn variables(&self) -> Vec<Variable> {
        let Some(on) = &self.0 else {
            return vec![(EXPORTER, "none".to_owned())];
        };
        let mut variables = on.others.to_vec();
        variables.push((EXPORTER, on.exporter.clone()));
        variables.push((DAEMON, on.daemon.clone()));
        variables
    }

    /// Whether they arrive where the lab itself can be asked for them.
    pub fn stays_here(&self) -> bool {
        let here = |on: &On| on.exporter == "xray" && on.daemon == on.xray.to_string();
        self.0.as_ref().is_some_and(here)
    }
}

/// For people: where to look.
impl fmt::Display for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => write!(f, "off"),
            Some(_) if self.stays_here() => write!(f, "to X-Ray"),
            Some(on) if on.exporter == "xray" => write!(f, "to the X-Ray daemon at {}", on.daemon),
            Some(on) => write!(f, "by {EXPORTER}={}", on.exporter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XRAY: Option<SocketAddr> = Some(SocketAddr::new(
        std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        2000,
    ));

    fn told(tracing: &Tracing, name: &str) -> Option<String> {
        let mut variables = tracing.variables().into_iter();
        let found = variables.find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }

    #[test]
    fn traces_go_to_the_labs_x_ray_unless_the_reader_says_otherwise() {
        let tracing = Tracing::new(XRAY, |_| None);
        assert_eq!(told(&tracing, EXPORTER).as_deref(), Some("xray"));
        assert_eq!(told(&tracing, DAEMON).as_deref(), Some("127.0.0.1:2000"));
        assert_eq!(tracing.to_string(), "to X-Ray");
        assert!(tracing.stays_here());

        for (name, value, text) in [
            (EXPORTER, "otlp", "by OTEL_TRACES_EXPORTER=otlp"),
            (DAEMON, "far:2000", "to the X-Ray daemon at far:2000"),
        ] {
            let reader = |known: &str| (known == name).then(|| value.to_owned());
            let tracing = Tracing::new(XRAY, reader);
            assert_eq!(told(&tracing, name).as_deref(), Some(value));
            assert_eq!(tracing.to_string(), text);
            assert!(!tracing.stays_here());
        }
    }

    #[test]
    fn off_is_off_whatever_the_reader_has_set() {
        let tracing = Tracing::new(None, |_| Some("otlp".to_owned()));
        assert_eq!(told(&tracing, EXPORTER).as_deref(), Some("none"));
        assert_eq!(tracing.to_string(), "off");
    }
}
