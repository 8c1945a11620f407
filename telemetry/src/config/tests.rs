use super::*;
use opentelemetry_sdk::metrics::Temporality;

mod otlp;

/// A configuration with these variables and no others.
fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned()));
    variables.collect::<BTreeMap<_, _>>().try_into()
}

#[track_caller]
fn assert_refused(name: &str, value: &str) {
    let error = read(&[(name, value)]).expect_err(&format!("{name}={value}"));
    assert!(error.starts_with(name), "{name}={value}: {error}");
    assert!(error.contains("expected"), "{name}={value}: {error}");
}

const TIMES: [&str; 13] = [
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

#[test]
fn a_time_is_whole_milliseconds_without_a_unit() {
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
        for value in TIMES {
            assert_refused(name, value);
        }
        for value in ["", "1", "500", "2147483647"] {
            read(&[(name, value)]).expect(name);
        }
    }
}

#[test]
fn an_interval_of_0_is_refused_and_a_timeout_of_0_is_no_limit() {
    for name in [
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BLRP_SCHEDULE_DELAY",
        "OTEL_METRIC_EXPORT_INTERVAL",
    ] {
        assert_refused(name, "0");
    }
    let endless = [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0"),
    ];
    let config = read(&endless).unwrap();
    let days = Duration::from_secs(24 * 24 * 60 * 60);
    assert!(config.otlp_traces.timeout > days);
    // The bound of the reader of metrics is still there.
    assert_eq!(config.otlp_metrics.timeout, Duration::from_secs(30));
}

#[test]
fn a_size_is_a_positive_number_and_a_batch_fits_into_the_queue() {
    for prefix in ["OTEL_BSP", "OTEL_BLRP"] {
        let queue = format!("{prefix}_MAX_QUEUE_SIZE");
        let batch = format!("{prefix}_MAX_EXPORT_BATCH_SIZE");
        for name in [&queue, &batch] {
            for value in [
                "0",
                "-1",
                "many",
                "2k",
                "1.5",
                "1000001",
                "99999999999999999999",
            ] {
                assert_refused(name, value);
            }
        }
        // More than the default queue.
        assert_refused(&batch, "2049");
        let larger = [(&*queue, "100"), (&*batch, "101")];
        let error = read(&larger).unwrap_err();
        assert!(
            error.contains(&*queue) && error.contains(&*batch),
            "{error}"
        );
        read(&[(&*queue, "100"), (&*batch, "100")]).unwrap();
        // A short queue asks for short batches too.
        read(&[(&*queue, "1")]).unwrap();
    }
    for value in ["0", "-1", "two"] {
        assert_refused("OTEL_BSP_MAX_CONCURRENT_EXPORTS", value);
    }
}

#[test]
fn a_limit_is_a_number_and_the_general_one_holds_where_there_is_no_other() {
    for name in [
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    ] {
        for value in ["-1", "none", "1.0", "4294967296"] {
            assert_refused(name, value);
        }
        read(&[(name, "0")]).expect(name);
    }
    let limits = [
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "7"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "8"),
    ];
    let limits = read(&limits).unwrap().span_limits;
    assert_eq!(limits.max_attributes_per_span, 7);
    assert_eq!(limits.max_attributes_per_event, 8);
    assert_eq!(limits.max_attributes_per_link, 7);
    assert_eq!(limits.max_events_per_span, 128);
}

#[test]
fn a_value_of_the_specification_that_is_not_built_in_is_refused_as_such() {
    for infix in ["", "TRACES_", "METRICS_"] {
        let option = |option: &str| format!("OTEL_EXPORTER_OTLP_{infix}{option}");
        for value in ["zip", "zstd", "deflate", "9", "gzip,none"] {
            assert_refused(&option("COMPRESSION"), value);
        }
        for value in ["http", "protobuf", "http/proto"] {
            assert_refused(&option("PROTOCOL"), value);
        }
        for (name, value) in [
            ("PROTOCOL", "grpc"),
            ("PROTOCOL", "HTTP/JSON"),
            ("CERTIFICATE", "/etc/ca.pem"),
            ("CLIENT_CERTIFICATE", "/etc/client.pem"),
            ("CLIENT_KEY", "/etc/client.key"),
        ] {
            let name = option(name);
            assert_refused(&name, value);
            let error = read(&[(&*name, value)]).unwrap_err();
            assert!(error.contains("not built in"), "{error}");
            read(&[(&*name, "")]).expect(&name);
        }
        read(&[(&*option("PROTOCOL"), "HTTP/Protobuf")]).unwrap();
    }
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
        assert_refused(name, value);
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.contains("not built in"), "{error}");
    }
}

#[test]
fn names_may_be_in_upper_case_and_an_empty_value_is_the_default() {
    let config = read(&[
        ("OTEL_TRACES_EXPORTER", "OTLP"),
        ("OTEL_METRICS_EXPORTER", "Emf"),
        ("OTEL_PROPAGATORS", "TraceContext"),
        ("OTEL_TRACES_SAMPLER", "ALWAYS_ON"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"),
    ]);
    let config = config.unwrap();
    assert_eq!(config.traces, TracesExporter::Otlp);
    assert_eq!(config.metrics, MetricsExporter::Emf);
    assert_eq!(config.periods.temporality, Temporality::Delta);
    for name in [
        "OTEL_TRACES_EXPORTER",
        "OTEL_METRICS_EXPORTER",
        "OTEL_PROPAGATORS",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "AWS_XRAY_DAEMON_ADDRESS",
    ] {
        assert_eq!(
            read(&[(name, "")]).expect(name).propagators,
            read(&[]).unwrap().propagators
        );
    }
    for (name, value) in [
        ("OTEL_TRACES_EXPORTER", "otlp,console"),
        ("OTEL_METRICS_EXPORTER", "cloudwatch"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            "sometimes",
        ),
    ] {
        assert_refused(name, value);
    }
    // Our own variables have no empty value.
    for name in ["LOGLEVEL", "LOG_FORMAT", "ACCESS_LOG"] {
        assert_refused(name, "");
    }
}

#[test]
fn resource_attributes_are_decoded() {
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
        assert_refused(name, value);
    }
    let config = read(&[(name, " a = 1%2C2%3d ,b=,%63=\u{e9}, ")]).unwrap();
    let expected = [("a", "1,2="), ("b", ""), ("c", "\u{e9}")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(config.attributes, expected);
}

#[test]
fn an_argument_that_the_sampler_does_not_take_gives_a_warning() {
    let warnings = |sampler, argument| {
        let config = read(&[
            ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", argument),
        ]);
        config.expect(sampler).warnings.len()
    };
    for sampler in ["", "xray", "always_on", "parentbased_always_off"] {
        assert_eq!(warnings(sampler, "0.5"), 1, "{sampler}");
        assert_eq!(warnings(sampler, ""), 0, "{sampler}");
    }
    for sampler in ["traceidratio", "PARENTBASED_TRACEIDRATIO"] {
        assert_eq!(warnings(sampler, "0.5"), 0, "{sampler}");
    }
    assert_eq!(warnings("jaeger_remote", "pollingIntervalMs=1"), 0);
}

#[test]
fn only_true_disables_the_sdk_and_unknown_words_give_a_warning() {
    let disabled = |value| {
        let config = read(&[
            ("OTEL_SDK_DISABLED", value),
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_METRICS_EXPORTER", "emf"),
        ]);
        let config = config.unwrap();
        let off = config.traces == TracesExporter::None;
        assert_eq!(config.metrics == MetricsExporter::None, off);
        (off, config.warnings.len())
    };
    for value in ["true", "TRUE", "True"] {
        assert_eq!(disabled(value), (true, 0), "{value}");
    }
    for value in ["", "false", "FALSE"] {
        assert_eq!(disabled(value), (false, 0), "{value}");
    }
    for value in ["1", "yes", "on", " true"] {
        assert_eq!(disabled(value), (false, 1), "{value}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    // The environment has this character in their place.
    for (name, value) in [
        ("OTEL_SERVICE_NAME", "likes\u{fffd}"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=\u{fffd}"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "team=\u{fffd}"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector/\u{fffd}"),
        ("OTEL_TRACES_EXPORTER", "\u{fffd}"),
        ("AWS_XRAY_DAEMON_ADDRESS", "\u{fffd}:2000"),
        ("ECS_CONTAINER_METADATA_URI_V4", "http://a/\u{fffd}"),
    ] {
        assert_refused(name, value);
    }
    // UTF-8 that is not ASCII makes sense in a name.
    let config = read(&[("OTEL_SERVICE_NAME", "gr\u{fc}ne likes")]).unwrap();
    assert_eq!(config.service_name, "gr\u{fc}ne likes");
}

#[test]
fn a_service_name_has_no_control_characters() {
    for value in ["a\nb", "\u{1}", "likes\t"] {
        assert_refused("OTEL_SERVICE_NAME", value);
    }
}
