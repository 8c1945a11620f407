//! Tests of the options of the OTLP exporters (`OTEL_EXPORTER_OTLP_…`).

use std::time::Duration;

use opentelemetry_otlp::Compression;

use super::{assert_rejected, assert_rejected_as_not_built_in, read_config};

#[test]
fn an_endpoint_must_be_a_complete_http_url_without_a_user_name() {
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
            assert_rejected(name, value);
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
    // The path of a signal cannot be appended to a URL with a query or a fragment.
    for value in ["http://collector?key=1", "http://collector/#fragment"] {
        assert_rejected("OTEL_EXPORTER_OTLP_ENDPOINT", value);
    }
}

#[test]
fn the_error_about_a_url_with_a_password_does_not_show_the_password() {
    let url = "http://user:password@collector:4318";
    let error = read_config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)]).unwrap_err();
    assert!(!error.contains("password"), "{error}");
}

#[test]
fn the_path_of_a_signal_is_appended_to_the_general_endpoint_but_not_to_the_endpoint_of_the_signal()
{
    let read_endpoints = |variables: &[(&str, &str)]| {
        let config = read_config(variables).unwrap();
        (config.otlp_traces.endpoint, config.otlp_metrics.endpoint)
    };
    let append_paths = |url: &str| (format!("{url}/v1/traces"), format!("{url}/v1/metrics"));
    let base_variable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    assert_eq!(read_endpoints(&[]), append_paths("http://localhost:4318"));
    assert_eq!(
        read_endpoints(&[(base_variable, "")]),
        append_paths("http://localhost:4318")
    );
    assert_eq!(
        read_endpoints(&[(base_variable, "https://a/")]),
        append_paths("https://a")
    );
    assert_eq!(
        read_endpoints(&[(base_variable, "http://a:1/b/")]),
        append_paths("http://a:1/b")
    );
    assert_eq!(
        read_endpoints(&[(base_variable, "http://a:1//")]),
        append_paths("http://a:1")
    );
    let traces_endpoint = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:2");
    let expected = ("http://c:2".to_owned(), "http://a:1/v1/metrics".to_owned());
    assert_eq!(
        read_endpoints(&[(base_variable, "http://a:1"), traces_endpoint]),
        expected
    );
}

#[test]
fn a_header_option_must_contain_names_and_percent_encoded_values() {
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
    // W3C Baggage defines the syntax of the variable and allows empty values.
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
    let metrics_compression = config.otlp_metrics.compression;
    assert!(matches!(metrics_compression, Some(Compression::Gzip)));
    assert_eq!(config.otlp_traces.timeout, Duration::from_millis(100));
    assert_eq!(config.otlp_metrics.timeout, Duration::from_millis(200));
    assert_eq!(config.otlp_traces.headers[0].0, "b");
    assert_eq!(config.otlp_metrics.headers[0].0, "a");
    // A general option is validated even if every signal overrides the option.
    let overridden_timeout = [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "1"),
    ];
    assert!(read_config(&overridden_timeout).is_err());
}

#[test]
fn an_unsupported_protocol_compression_or_certificate_is_rejected() {
    for signal in ["", "TRACES_", "METRICS_"] {
        let variable = |option: &str| format!("OTEL_EXPORTER_OTLP_{signal}{option}");
        for value in ["zip", "zstd", "deflate", "9", "gzip,none"] {
            assert_rejected(&variable("COMPRESSION"), value);
        }
        for value in ["http", "protobuf", "http/proto"] {
            assert_rejected(&variable("PROTOCOL"), value);
        }
        for (option, value) in [
            ("PROTOCOL", "grpc"),
            ("PROTOCOL", "HTTP/JSON"),
            ("CERTIFICATE", "/etc/ca.pem"),
            ("CLIENT_CERTIFICATE", "/etc/client.pem"),
            ("CLIENT_KEY", "/etc/client.key"),
        ] {
            assert_rejected_as_not_built_in(&variable(option), value);
            read_config(&[(&*variable(option), "")]).expect(option);
        }
        read_config(&[(&*variable("PROTOCOL"), "HTTP/Protobuf")]).unwrap();
    }
}
