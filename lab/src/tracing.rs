//! Where the tasks send their traces.

use std::fmt;
use std::net::SocketAddr;

use crate::switch::Switch;

/// A variable and its value.
type Variable = (&'static str, String);

const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
const DAEMON: &str = "AWS_XRAY_DAEMON_ADDRESS";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const OTLP: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const OTLP_TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// Other variables about traces and their values, unless the reader has set them.
const DEFAULTS: [(&str, &str); 2] = [
    // The traces of health checks would hide those of likes.
    ("TRACE_HEALTH_CHECKS", "off"),
    // In milliseconds. The trace of a like appears half a second after its response.
    ("OTEL_BSP_SCHEDULE_DELAY", "500"),
];

/// The value on AWS, where the containers of a task share `127.0.0.1`. A task gets the address of its own sidecar instead.
const SIDECAR: &str = "127.0.0.1:2000";

/// The tasks' variables about traces.
#[derive(Clone, Debug)]
pub struct Tracing(Option<On>);

#[derive(Clone, Debug)]
struct On {
    exporter: String,
    daemon: String,
    /// Where spans go by OTLP, unless the reader's own variables say it.
    otlp: Option<String>,
    others: Vec<Variable>,
}

impl Tracing {
    /// To the sidecars of the tasks, which send to the lab's X-Ray, unless the reader's variables say otherwise. `otlp` is the
    /// address at which X-Ray receives OTLP.
    pub fn new(switch: Switch, otlp: SocketAddr, reader: impl Fn(&str) -> Option<String>) -> Self {
        if switch == Switch::Off {
            return Self(None);
        }
        // The OpenTelemetry specification takes an empty value for none, and names in any case.
        let reader = |name: &str| reader(name).filter(|value| !value.is_empty());
        let exporter = reader(EXPORTER).map(|exporter| exporter.to_lowercase());
        Self(Some(On {
            exporter: exporter.clone().unwrap_or_else(|| "xray".to_owned()),
            daemon: reader(DAEMON).unwrap_or_else(|| SIDECAR.to_owned()),
            otlp: match reader(OTLP).or_else(|| reader(OTLP_TRACES)) {
                Some(_) => None,
                None => Some(format!("http://{otlp}/v1/traces")),
            },
            others: Self::others(&reader, exporter.as_deref()),
        }))
    }

    /// Whether the tasks have a sidecar that sends traces to X-Ray.
    pub fn has_sidecar(&self) -> bool {
        self.0.is_some()
    }

    fn others(reader: &impl Fn(&str) -> Option<String>, exporter: Option<&str>) -> Vec<Variable> {
        // Only X-Ray's exporter reads X-Ray's sampling rules.
        let by_another = exporter.is_some_and(|exporter| exporter != "xray");
        let sampler = by_another.then_some((SAMPLER, "parentbased_always_on"));
        let value = |(name, default): (&'static str, &str)| {
            (name, reader(name).unwrap_or_else(|| default.to_owned()))
        };
        DEFAULTS.into_iter().chain(sampler).map(value).collect()
    }

    /// The variables of a task.
    pub fn variables(&self) -> Vec<Variable> {
        let Some(on) = &self.0 else {
            return vec![(EXPORTER, "none".to_owned())];
        };
        let mut variables = on.others.clone();
        variables.push((EXPORTER, on.exporter.clone()));
        variables.push((DAEMON, on.daemon.clone()));
        variables.extend(on.otlp.clone().map(|otlp| (OTLP_TRACES, otlp)));
        variables
    }

    /// Whether they arrive where the lab itself can be asked for them.
    pub fn stays_here(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|on| match on.exporter.as_str() {
                "xray" => on.daemon == SIDECAR,
                "otlp" => on.otlp.is_some(),
                _ => false,
            })
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

    fn tracing(reader: impl Fn(&str) -> Option<String>) -> Tracing {
        Tracing::new(Switch::On, ([127, 0, 0, 1], 4318).into(), reader)
    }

    fn told(tracing: &Tracing, name: &str) -> Option<String> {
        let mut variables = tracing.variables().into_iter();
        let found = variables.find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }

    #[test]
    fn traces_go_to_the_labs_x_ray_unless_the_reader_says_otherwise() {
        let traced = tracing(|_| None);
        assert_eq!(told(&traced, EXPORTER).as_deref(), Some("xray"));
        assert_eq!(told(&traced, DAEMON).as_deref(), Some("127.0.0.1:2000"));
        assert_eq!(traced.to_string(), "to X-Ray");
        assert!(traced.stays_here());

        for (name, value, text) in [
            (EXPORTER, "console", "by OTEL_TRACES_EXPORTER=console"),
            (DAEMON, "far:2000", "to the X-Ray daemon at far:2000"),
        ] {
            let reader = |known: &str| (known == name).then(|| value.to_owned());
            let traced = tracing(reader);
            assert_eq!(told(&traced, name).as_deref(), Some(value));
            assert_eq!(traced.to_string(), text);
            assert!(!traced.stays_here());
        }
    }

    #[test]
    fn an_empty_variable_is_none_and_an_exporter_may_be_in_upper_case() {
        let traced = tracing(|_| Some(String::new()));
        assert_eq!(traced.variables(), tracing(|_| None).variables());
        assert!(traced.stays_here());

        let upper = |name: &str| (name == EXPORTER).then(|| "XRAY".to_owned());
        let traced = tracing(upper);
        assert_eq!(told(&traced, SAMPLER), None);
        assert!(traced.stays_here());
    }

    #[test]
    fn otlp_goes_to_the_labs_x_ray_too_unless_an_endpoint_is_named() {
        let otlp = |name: &str| (name == EXPORTER).then(|| "otlp".to_owned());
        let traced = tracing(otlp);
        let endpoint = told(&traced, OTLP_TRACES);
        assert_eq!(endpoint.as_deref(), Some("http://127.0.0.1:4318/v1/traces"));
        assert!(traced.stays_here());
        let sampler = told(&traced, SAMPLER);
        assert_eq!(sampler.as_deref(), Some("parentbased_always_on"));
        assert_eq!(told(&tracing(|_| None), SAMPLER), None);

        let elsewhere = |name: &str| (name == OTLP).then(|| "http://far:4318".to_owned());
        let traced = tracing(|name| otlp(name).or_else(|| elsewhere(name)));
        assert_eq!(told(&traced, OTLP_TRACES), None);
        assert_eq!(traced.to_string(), "by OTEL_TRACES_EXPORTER=otlp");
    }

    #[test]
    fn off_is_off_whatever_the_reader_has_set() {
        let otlp = ([127, 0, 0, 1], 4318).into();
        let traced = Tracing::new(Switch::Off, otlp, |_| Some("otlp".to_owned()));
        assert_eq!(told(&traced, EXPORTER).as_deref(), Some("none"));
        assert_eq!(traced.to_string(), "off");
    }
}
