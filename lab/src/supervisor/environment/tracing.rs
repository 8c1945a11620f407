//! Where the tasks send their traces.

use std::fmt;

use super::Variable;
use crate::options::Switch;

/// What the lab sets for traces, and the reader may set otherwise.
const DEFAULTS: [(&str, &str); 4] = [
    ("OTEL_TRACES_EXPORTER", "xray"),
    ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000"),
    // The load balancer asks each task again and again: among that, nobody would find a like.
    ("TRACE_HEALTH_CHECKS", "off"),
    // Milliseconds. Who has just pressed a heart wants to see its trace.
    ("OTEL_BSP_SCHEDULE_DELAY", "500"),
];

/// The tasks' variables about traces.
#[derive(Clone, Debug)]
pub struct Tracing {
    on: bool,
    variables: [Variable; 4],
}

impl Tracing {
    /// What the environment of the lab itself says.
    pub fn from_env(switch: Switch) -> Self {
        Self::new(switch, |name| std::env::var(name).ok())
    }

    pub(super) fn new(switch: Switch, reader: impl Fn(&str) -> Option<String>) -> Self {
        let variables = DEFAULTS.map(|(name, default)| {
            let value = reader(name).unwrap_or_else(|| default.to_owned());
            (name, value)
        });
        let on = switch == Switch::On;
        Self { on, variables }
    }

    /// What a task is told.
    pub fn variables(&self) -> Vec<Variable> {
        if self.on {
            self.variables.to_vec()
        } else {
            vec![("OTEL_TRACES_EXPORTER", "none".to_owned())]
        }
    }
}

/// For people: where to look.
impl fmt::Display for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(_, exporter), (_, daemon), ..] = &self.variables;
        match exporter.as_str() {
            _ if !self.on => write!(f, "off"),
            "xray" => write!(f, "to the X-Ray daemon at {daemon}, where one listens"),
            exporter => write!(f, "by OTEL_TRACES_EXPORTER={exporter}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tracing: &Tracing, name: &str) -> Option<String> {
        let mut variables = tracing.variables().into_iter();
        let found = variables.find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }

    #[test]
    fn traces_go_to_the_daemon_unless_the_reader_says_otherwise() {
        let tracing = Tracing::new(Switch::On, |_| None);
        assert_eq!(
            told(&tracing, "OTEL_TRACES_EXPORTER").as_deref(),
            Some("xray")
        );
        let text = "to the X-Ray daemon at 127.0.0.1:2000, where one listens";
        assert_eq!(tracing.to_string(), text);

        let reader = |name: &str| (name == "OTEL_TRACES_EXPORTER").then(|| "otlp".to_owned());
        let tracing = Tracing::new(Switch::On, reader);
        assert_eq!(
            told(&tracing, "OTEL_TRACES_EXPORTER").as_deref(),
            Some("otlp")
        );
        assert_eq!(tracing.to_string(), "by OTEL_TRACES_EXPORTER=otlp");
    }

    #[test]
    fn off_is_off_whatever_the_reader_has_set() {
        let tracing = Tracing::new(Switch::Off, |_| Some("otlp".to_owned()));
        assert_eq!(
            told(&tracing, "OTEL_TRACES_EXPORTER").as_deref(),
            Some("none")
        );
        assert_eq!(tracing.to_string(), "off");
    }
}
