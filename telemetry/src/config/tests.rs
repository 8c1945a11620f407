//! Tests of the valid and invalid values of each variable.

use super::*;
use opentelemetry_sdk::metrics::Temporality;

mod otlp;
mod sampler;

/// Reads a configuration from `variables`. All variables that are not in `variables` are unset.
fn read_config(variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned()));
    variables.collect::<BTreeMap<_, _>>().try_into()
}

/// Asserts that `value` is rejected, and that the error names the variable and the expected value.
#[track_caller]
fn assert_rejected(name: &str, value: &str) {
    let error = read_config(&[(name, value)]).expect_err(&format!("{name}={value}"));
    assert!(error.starts_with(name), "{name}={value}: {error}");
    assert!(error.contains("expected"), "{name}={value}: {error}");
}

/// Asserts that `value` is rejected, and that the error says that the value is not built in.
#[track_caller]
fn assert_rejected_as_not_built_in(name: &str, value: &str) {
    assert_rejected(name, value);
    let error = read_config(&[(name, value)]).unwrap_err();
    assert!(error.contains("not built in"), "{error}");
}

#[test]
fn a_duration_must_be_whole_milliseconds_without_a_unit() {
    let invalid_durations = [
        "-1",
        "+1",
        "1.5",
        "1e3",
        "0x10",
        "500ms",
        "60s",
        " 500",
        "500 ",
        "1_000",
        "many",
        "2147483648",
        "18446744073709551616",
    ];
    for name in [
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BSP_EXPORT_TIMEOUT",
        "OTEL_BLRP_SCHEDULE_DELAY",
        "OTEL_BLRP_EXPORT_TIMEOUT",
        "OTEL_METRIC_EXPORT_INTERVAL",
        "OTEL_METRIC_EXPORT_TIMEOUT",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
    ] {
        for value in invalid_durations {
            assert_rejected(name, value);
        }
        for value in ["", "1", "500", "2147483647"] {
            read_config(&[(name, value)]).expect(name);
        }
    }
}

#[test]
fn an_interval_of_0_is_rejected() {
    for name in [
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BLRP_SCHEDULE_DELAY",
        "OTEL_METRIC_EXPORT_INTERVAL",
    ] {
        assert_rejected(name, "0");
    }
}

#[test]
fn a_timeout_of_0_means_no_timeout() {
    let config = read_config(&[
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0"),
    ]);
    let config = config.unwrap();
    let longest_expected_export = Duration::from_secs(24 * 24 * 60 * 60);
    assert!(config.otlp_traces.timeout > longest_expected_export);
    // `OTEL_METRIC_EXPORT_TIMEOUT` is not set, and its default of 30 s limits the OTLP timeout.
    assert_eq!(config.otlp_metrics.timeout, Duration::from_secs(30));
}

#[test]
fn queue_and_batch_sizes_must_be_from_1_to_1000000() {
    for name in [
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_BLRP_MAX_QUEUE_SIZE",
        "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    ] {
        for value in [
            "0",
            "-1",
            "many",
            "2k",
            "1.5",
            "1000001",
            "99999999999999999999",
        ] {
            assert_rejected(name, value);
        }
    }
    for value in ["0", "-1", "two"] {
        assert_rejected("OTEL_BSP_MAX_CONCURRENT_EXPORTS", value);
    }
}

#[test]
fn a_batch_must_not_be_larger_than_the_queue() {
    for prefix in ["OTEL_BSP", "OTEL_BLRP"] {
        let queue_variable = format!("{prefix}_MAX_QUEUE_SIZE");
        let batch_variable = format!("{prefix}_MAX_EXPORT_BATCH_SIZE");
        // The default queue size is 2048.
        assert_rejected(&batch_variable, "2049");
        let error =
            read_config(&[(&*queue_variable, "100"), (&*batch_variable, "101")]).unwrap_err();
        assert!(error.contains(&*queue_variable), "{error}");
        assert!(error.contains(&*batch_variable), "{error}");
        read_config(&[(&*queue_variable, "100"), (&*batch_variable, "100")]).unwrap();
        // The default batch size is reduced to the queue size.
        read_config(&[(&*queue_variable, "1")]).unwrap();
    }
}

#[test]
fn a_specific_attribute_limit_takes_precedence_over_the_general_attribute_limit() {
    for name in [
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    ] {
        for value in ["-1", "none", "1.0", "4294967296"] {
            assert_rejected(name, value);
        }
        read_config(&[(name, "0")]).expect(name);
    }
    let config = read_config(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "7"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "8"),
    ]);
    let limits = config.unwrap().span_limits;
    assert_eq!(limits.max_attributes_per_span, 7);
    assert_eq!(limits.max_attributes_per_event, 8);
    assert_eq!(limits.max_attributes_per_link, 7);
    assert_eq!(limits.max_events_per_span, 128);
}

#[test]
fn the_error_about_an_unsupported_value_says_that_the_value_is_not_built_in() {
    for (name, value) in [
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "base2_exponential_bucket_histogram",
        ),
    ] {
        assert_rejected_as_not_built_in(name, value);
    }
}

#[test]
fn names_of_exporters_propagators_and_samplers_may_be_in_upper_case() {
    let config = read_config(&[
        ("OTEL_TRACES_EXPORTER", "OTLP"),
        ("OTEL_METRICS_EXPORTER", "Emf"),
        ("OTEL_PROPAGATORS", "TraceContext"),
        ("OTEL_TRACES_SAMPLER", "ALWAYS_ON"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"),
    ]);
    let config = config.unwrap();
    assert_eq!(config.traces_exporter, TracesExporter::Otlp);
    assert_eq!(config.metrics_exporter, MetricsExporter::Emf);
    assert_eq!(config.propagators.formats(), [HeaderFormat::TraceContext]);
    assert_eq!(config.sampler.root, RootSampler::AlwaysOn);
    assert_eq!(config.metric_reader.temporality, Temporality::Delta);
}

#[test]
fn an_unknown_exporter_propagator_or_log_option_is_rejected() {
    for (name, value) in [
        ("OTEL_TRACES_EXPORTER", "otlp,console"),
        ("OTEL_METRICS_EXPORTER", "cloudwatch"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            "sometimes",
        ),
        ("OTEL_PROPAGATORS", "xray,b3"),
        ("LOGLEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("ACCESS_LOG", "yes"),
    ] {
        assert_rejected(name, value);
    }
}

#[test]
fn an_empty_value_means_the_default_only_for_variables_of_the_opentelemetry_specification() {
    let defaults = read_config(&[]).unwrap();
    for name in [
        "OTEL_TRACES_EXPORTER",
        "OTEL_METRICS_EXPORTER",
        "OTEL_PROPAGATORS",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "AWS_XRAY_DAEMON_ADDRESS",
    ] {
        let config = read_config(&[(name, "")]).expect(name);
        assert_eq!(config.propagators, defaults.propagators);
    }
    for name in ["LOGLEVEL", "LOG_FORMAT", "ACCESS_LOG"] {
        assert_rejected(name, "");
    }
}

#[test]
fn sampling_rules_are_read_with_xray_and_with_otlp_and_a_daemon_address() {
    let address = ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000");
    for (exporter, without_address, with_address) in [
        ("xray", true, true),
        ("otlp", false, true),
        ("console", false, false),
        ("none", false, false),
    ] {
        let exporter = ("OTEL_TRACES_EXPORTER", exporter);
        let config = read_config(&[exporter]).unwrap();
        assert_eq!(config.has_sampling_rules(), without_address, "{exporter:?}");
        let config = read_config(&[exporter, address]).unwrap();
        assert_eq!(config.has_sampling_rules(), with_address, "{exporter:?}");
    }
}

#[test]
fn the_batch_options_are_passed_to_the_sdk() {
    let variables = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "7"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "3"),
        ("OTEL_BSP_SCHEDULE_DELAY", "11"),
    ];
    let sdk_config = read_config(&variables)
        .unwrap()
        .span_batches
        .to_sdk_config();
    // The SDK's type has no public methods that return the options.
    let text = format!("{sdk_config:?}");
    for option in [
        "max_queue_size: 7",
        "max_export_batch_size: 3",
        "scheduled_delay: 11ms",
    ] {
        assert!(text.contains(option), "{text}");
    }
}

#[test]
fn the_daemon_address_is_read_and_has_a_default() {
    let config = read_config(&[("AWS_XRAY_DAEMON_ADDRESS", "xray:2001")]).unwrap();
    assert_eq!(config.xray_daemon.udp, "xray:2001");
    assert_eq!(read_config(&[]).unwrap().xray_daemon.udp, "127.0.0.1:2000");
}

#[test]
fn log_levels_have_the_names_of_python_in_upper_or_lower_case() {
    for (name, level) in [
        ("debug", tracing::Level::DEBUG),
        ("Info", tracing::Level::INFO),
        ("WARNING", tracing::Level::WARN),
        ("CRITICAL", tracing::Level::ERROR),
    ] {
        let log_level = LogLevel::from_name(name).map(LogLevel::as_tracing_level);
        assert_eq!(log_level, Some(level), "{name}");
    }
    assert_eq!(LogLevel::from_name("TRACE"), None);
}

#[test]
fn resource_attributes_are_percent_decoded() {
    let name = "OTEL_RESOURCE_ATTRIBUTES";
    for value in [
        "production",
        "=x",
        "a=1,b",
        "a=%",
        "a=%2",
        "a=%gg",
        "a=%ff",
        "a=1\nb=2",
    ] {
        assert_rejected(name, value);
    }
    let config = read_config(&[(name, " a = 1%2C2%3d ,b=,%63=\u{e9}, ")]).unwrap();
    let expected = [("a", "1,2="), ("b", ""), ("c", "\u{e9}")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(config.resource_attributes, expected);
}

#[test]
fn only_the_value_true_disables_the_sdk_and_an_unknown_value_causes_a_warning() {
    let read_disabled_and_warnings = |value| {
        let config = read_config(&[
            ("OTEL_SDK_DISABLED", value),
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_METRICS_EXPORTER", "emf"),
        ]);
        let config = config.unwrap();
        let traces_are_disabled = config.traces_exporter == TracesExporter::None;
        let metrics_are_disabled = config.metrics_exporter == MetricsExporter::None;
        assert_eq!(traces_are_disabled, metrics_are_disabled);
        (traces_are_disabled, config.warnings.len())
    };
    for value in ["true", "TRUE", "True"] {
        assert_eq!(read_disabled_and_warnings(value), (true, 0), "{value}");
    }
    for value in ["", "false", "FALSE"] {
        assert_eq!(read_disabled_and_warnings(value), (false, 0), "{value}");
    }
    for value in ["1", "yes", "on", " true"] {
        assert_eq!(read_disabled_and_warnings(value), (false, 1), "{value}");
    }
}

#[test]
fn a_value_that_is_not_utf_8_is_rejected() {
    // The replacement character stands for bytes that are not UTF-8.
    for (name, value) in [
        ("OTEL_SERVICE_NAME", "likes\u{fffd}"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=\u{fffd}"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "team=\u{fffd}"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector/\u{fffd}"),
        ("OTEL_TRACES_EXPORTER", "\u{fffd}"),
        ("AWS_XRAY_DAEMON_ADDRESS", "\u{fffd}:2000"),
        ("ECS_CONTAINER_METADATA_URI_V4", "http://a/\u{fffd}"),
    ] {
        assert_rejected(name, value);
    }
}

#[test]
fn a_service_name_may_contain_letters_outside_ascii_but_no_control_characters() {
    let config = read_config(&[("OTEL_SERVICE_NAME", "gr\u{fc}ne likes")]).unwrap();
    assert_eq!(config.service_name.unwrap(), "gr\u{fc}ne likes");
    for value in ["a\nb", "\u{1}", "likes\t"] {
        assert_rejected("OTEL_SERVICE_NAME", value);
    }
}
