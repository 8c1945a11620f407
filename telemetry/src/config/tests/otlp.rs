//! `OTEL_EXPORTER_OTLP_…`: the options of the OTLP exporters.

use std::time::Duration;

use opentelemetry_otlp::Compression;

use super::{assert_refused, assert_refused_as_not_built_in, read_config};

#[test]
fn an_endpoint_is_a_complete_http_url_without_a_user_name() {
    for name in [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "ECS_CONTAINER_METADATA_URI_V4",
    ] {
        for value in [
            "collector",
            "collector:4318",
            "//collector:4318",
            "http:/collector:4318",
            "http://",
            "http:///v1/traces",
            "http://:4318",
            "http://collector:0",
            "http://collector:65536",
            "http://collector:port",
            "http://collector:4318x",
            "http://coll ector",
            "http://collector:4318 ",
            "http://[::1",
            "http://[collector]:4318",
            "http://coll$ector",
            "http://300.1.1.1:4318",
            "http://127.0.0.1.:4318",
            "http://..",
            "http://a..b",
            "http://.collector",
            "http://collector..:4318",
            "http://-",
            "http://_:4318",
            "http://collector/\u{fffd}",
            "http://?key=1",
            "http://user:password@collector:4318",
            "grpc://collector:4317",
            "ftp://collector",
            "unix:/run/collector",
            "file:///tmp/spans",
        ] {
            assert_refused(name, value);
        }
        for value in [
            "http://collector:4318",
            "HTTPS://collector.example.com",
            "http://127.0.0.1:4318/",
            "http://[::1]:4318/some/path",
            "https://my_collector/v1/traces",
            "http://collector.example.:4318",
        ] {
            read_config(&[(name, value)]).expect(value);
        }
    }
    // The path of the signal cannot be appended to these URLs.
    for value in ["http://collector?key=1", "http://collector/#fragment"] {
        assert_refused("OTEL_EXPORTER_OTLP_ENDPOINT", value);
    }
}

#[test]
fn an_error_does_not_show_the_password_in_a_url() {
    let url = "http://user:password@collector:4318";
    let error = read_config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)]).unwrap_err();
    assert!(!error.contains("password"), "{error}");
}

#[test]
fn the_path_of_a_signal_is_appended_to_the_url_for_all_signals_only() {
    let read_endpoints = |variables: &[(&str, &str)]| {
        let config = read_config(variables).unwrap();
        (config.otlp_traces.endpoint, config.otlp_metrics.endpoint)
    };
    let with_paths = |base: &str| (format!("{base}/v1/traces"), format!("{base}/v1/metrics"));
    let base = "OTEL_EXPORTER_OTLP_ENDPOINT";
    assert_eq!(read_endpoints(&[]), with_paths("http://localhost:4318"));
    assert_eq!(
        read_endpoints(&[(base, "")]),
        with_paths("http://localhost:4318")
    );
    assert_eq!(
        read_endpoints(&[(base, "https://a/")]),
        with_paths("https://a")
    );
    assert_eq!(
        read_endpoints(&[(base, "http://a:1/b/")]),
        with_paths("http://a:1/b")
    );
    assert_eq!(
        read_endpoints(&[(base, "http://a:1//")]),
        with_paths("http://a:1")
    );
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:2");
    let expected = ("http://c:2".to_owned(), "http://a:1/v1/metrics".to_owned());
    assert_eq!(read_endpoints(&[(base, "http://a:1"), traces]), expected);
}

#[test]
fn a_header_is_a_name_and_a_percent_encoded_value() {
    for name in [
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    ] {
        for value in [
            "s3cret",
            "api key=s3cret",
            "=s3cret",
            "api-key=s3cret,team",
            "api-key:s3cret",
            "api(key)=s3cret",
            "\"api-key=s3cret\"",
            "api-key=\"s3cret\"",
            "api-key=s3cret;team=red",
            "api-key=s3cret%",
            "api-key=s3cret%2",
            "api-key=s3cret%zz",
            "api-key=s3cret%+1",
            "api-key=s3cret%0A",
            "api-key=s3cret%00",
            "api-key=s3cret%ff",
            "api-key=s3cr\u{e9}t",
            "api-key=s3cret\u{7f}",
            "api-key=s3cret\nteam=red",
            "content-length=5",
            "Transfer-Encoding=chunked",
        ] {
            let error = read_config(&[(name, value)]).expect_err(value);
            assert!(error.starts_with(name), "{error}");
            assert!(!error.contains("s3cr"), "{error}");
        }
    }
    // The syntax is that of W3C Baggage, which allows an empty value.
    let headers = " Authorization = Basic dXNlcg== , x-team=a%2C%C3%A9,, x_1=%20 y , empty= ";
    let config = read_config(&[("OTEL_EXPORTER_OTLP_HEADERS", headers)]).unwrap();
    let expected = [
        ("Authorization", "Basic dXNlcg=="),
        ("x-team", "a%2C%C3%A9"),
        ("x_1", "%20 y"),
        ("empty", ""),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(config.otlp_metrics.headers, expected);
}

#[test]
fn an_option_of_one_signal_takes_precedence_over_the_option_for_all_signals() {
    let config = read_config(&[
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", ""),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "200"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"),
    ]);
    let config = config.unwrap();
    assert!(config.otlp_traces.compression.is_none());
    let gzip = config.otlp_metrics.compression;
    assert!(matches!(gzip, Some(Compression::Gzip)));
    assert_eq!(config.otlp_traces.timeout, Duration::from_millis(100));
    assert_eq!(config.otlp_metrics.timeout, Duration::from_millis(200));
    assert_eq!(config.otlp_traces.headers[0].0, "b");
    assert_eq!(config.otlp_metrics.headers[0].0, "a");
    // A value that is overridden for each signal is still validated.
    let overridden = [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "1"),
    ];
    assert!(read_config(&overridden).is_err());
}

#[test]
fn an_unsupported_protocol_compression_or_certificate_is_refused() {
    for infix in ["", "TRACES_", "METRICS_"] {
        let name = |option: &str| format!("OTEL_EXPORTER_OTLP_{infix}{option}");
        for value in ["zip", "zstd", "deflate", "9", "gzip,none"] {
            assert_refused(&name("COMPRESSION"), value);
        }
        for value in ["http", "protobuf", "http/proto"] {
            assert_refused(&name("PROTOCOL"), value);
        }
        for (option, value) in [
            ("PROTOCOL", "grpc"),
            ("PROTOCOL", "HTTP/JSON"),
            ("CERTIFICATE", "/etc/ca.pem"),
            ("CLIENT_CERTIFICATE", "/etc/client.pem"),
            ("CLIENT_KEY", "/etc/client.key"),
        ] {
            assert_refused_as_not_built_in(&name(option), value);
            read_config(&[(&*name(option), "")]).expect(option);
        }
        read_config(&[(&*name("PROTOCOL"), "HTTP/Protobuf")]).unwrap();
    }
}
