//! Tests of invalid telemetry variables: the process ends with exit code 64 before the process listens, and
//! the error message names the variable.
//!
//! The unit tests of the parsers check which values are valid. These tests check that a service's
//! configuration rejects an invalid value of each variable, and that the program ends because of one
//! invalid value.

use std::net::TcpListener;

use crate::program::Program;

suite! {
    $ variables_tests, variables:
    an_invalid_telemetry_variable_is_rejected_with_its_name_and_the_expected_values,
    an_invalid_telemetry_variable_ends_the_program_before_it_binds_the_port,
    the_error_about_an_invalid_header_variable_does_not_show_its_key,
}

/// The telemetry variables, each with examples of invalid values.
const INVALID_VALUES: &[(&str, &[&str])] = &[
    ("OTEL_BSP_SCHEDULE_DELAY", &["500ms", "0", "-1"]),
    ("OTEL_BSP_EXPORT_TIMEOUT", &["30s", "1.5"]),
    (
        "OTEL_BSP_MAX_QUEUE_SIZE",
        &["many", "0", "99999999999999999999"],
    ),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", &["0", "2049"]),
    ("OTEL_BSP_MAX_CONCURRENT_EXPORTS", &["two"]),
    ("OTEL_BLRP_SCHEDULE_DELAY", &["1s"]),
    ("OTEL_BLRP_EXPORT_TIMEOUT", &["-1"]),
    ("OTEL_BLRP_MAX_QUEUE_SIZE", &["0"]),
    ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", &["4096"]),
    ("OTEL_METRIC_EXPORT_INTERVAL", &["60s", "0"]),
    ("OTEL_METRIC_EXPORT_TIMEOUT", &["soon"]),
    ("OTEL_ATTRIBUTE_COUNT_LIMIT", &["-1"]),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", &["256"]),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", &["lots"]),
    ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", &["256"]),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", &["1.0"]),
    ("OTEL_SPAN_LINK_COUNT_LIMIT", &["4294967296"]),
    ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", &["x"]),
    ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", &["x"]),
    ("OTEL_RESOURCE_ATTRIBUTES", &["production", "a=%zz"]),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        &["collector:4318", "grpc://collector"],
    ),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &["http://"]),
    (
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        &["http://collector:99999"],
    ),
    ("OTEL_EXPORTER_OTLP_HEADERS", &["api key=1", "key", "a=%2"]),
    ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", &["a=%0a"]),
    ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", &["a=1;b=2"]),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", &["10s"]),
    ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", &["-10"]),
    ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", &["1e3"]),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", &["zip"]),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", &["zstd"]),
    ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", &["9"]),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", &["http"]),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", &["grpc"]),
    ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", &["http/json"]),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", &["/ca.pem"]),
    ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", &["/ca.pem"]),
    ("OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", &["/ca.pem"]),
    ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &["/client.pem"]),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &["/client.key"]),
    (
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        &["sometimes"],
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        &["base2_exponential_bucket_histogram"],
    ),
    ("OTEL_TRACES_EXPORTER", &["zipkin", "otlp,console"]),
    ("OTEL_METRICS_EXPORTER", &["console"]),
    ("OTEL_PROPAGATORS", &["b3multi"]),
    ("OTEL_TRACES_SAMPLER", &["parentbased_xray"]),
    (
        "AWS_XRAY_DAEMON_ADDRESS",
        &["udp:127.0.0.1:2000", "[daemon]:2000"],
    ),
    ("ECS_CONTAINER_METADATA_URI_V4", &["169.254.170.2/v4/a"]),
];

fn an_invalid_telemetry_variable_is_rejected_with_its_name_and_the_expected_values(
    program: &Program,
) {
    for (name, values) in INVALID_VALUES {
        for value in *values {
            // A variable is checked even if its exporter is off.
            for exporter in ["none", "otlp"] {
                let mut variables = vec![
                    ("OTEL_TRACES_EXPORTER", exporter),
                    ("OTEL_METRICS_EXPORTER", exporter),
                ];
                variables.retain(|(other, _)| other != name);
                variables.push((name, value));
                let error = program.config_error(&variables);
                assert!(error.contains(name), "{name}={value}: {error}");
                assert!(error.contains("expected"), "{name}={value}: {error}");
            }
        }
    }
}

fn an_invalid_telemetry_variable_ends_the_program_before_it_binds_the_port(program: &Program) {
    // If the program tried to bind this port, the program would end with exit code 1.
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let (name, value) = ("OTEL_BSP_SCHEDULE_DELAY", "500ms");
    let variables = program.required_with(&[("PORT", &port), (name, value)]);
    let output = program.run_to_end(&variables, &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{error}");
    assert!(
        error.contains(name) && error.contains("expected"),
        "{error}"
    );
}

fn the_error_about_an_invalid_header_variable_does_not_show_its_key(program: &Program) {
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "api key=s3cret");
    let variables = [program.required, &[headers]].concat();
    let output = program.run_to_end(&variables, &[]);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(output.status.code(), Some(64), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}
