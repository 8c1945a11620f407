//! The identity of a service in its telemetry.

/// How the telemetry identifies a service and its log lines.
#[derive(Clone, Copy, Debug)]
pub struct ServiceInfo {
    /// The name of the service in traces and metrics, unless `OTEL_SERVICE_NAME` is set.
    pub service_name: &'static str,
    /// The crates whose log lines `LOGLEVEL` filters, as prefixes of `tracing` targets.
    pub log_targets: &'static [&'static str],
    /// The `tracing` target of access log lines.
    pub access_target: &'static str,
}
