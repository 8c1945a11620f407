//! The names that identify a service in its telemetry.

/// The names that identify a service in traces, metrics and log lines.
#[derive(Clone, Copy, Debug)]
pub struct ServiceInfo {
    /// The default of the resource attribute `service.name`. `OTEL_SERVICE_NAME` and
    /// `OTEL_RESOURCE_ATTRIBUTES` override the default.
    pub service_name: &'static str,
    /// The prefixes of the `tracing` targets that log at DEBUG if `LOGLEVEL` is DEBUG. A target without a
    /// prefix in `log_targets` logs at INFO or above.
    pub log_targets: &'static [&'static str],
    /// The `tracing` target of access log lines.
    pub access_target: &'static str,
}
