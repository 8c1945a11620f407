//! `OTEL_EXPORTER_OTLP_…`.

use std::time::Duration;

use opentelemetry_otlp::Compression;

use super::{assert_refused, read};

#[test]
fn a_collector_has_a_whole_url() {
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
            read(&[(name, value)]).expect(value);
        }
    }
    // Behind these, no path can be written.
    for value in ["http://collector?key=1", "http://collector/#fragment"] {
        assert_refused("OTEL_EXPORTER_OTLP_ENDPOINT", value);
    }
}

#[test]
fn a_password_in_a_url_is_not_shown() {
    let url = "http://user:password@collector:4318";
    let error = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)]).unwrap_err();
    assert!(!error.contains("password"), "{error}");
}

#[test]
fn the_path_of_a_signal_is_appended_to_the_base_url_alone() {
    let endpoints = |variables: &[(&str, &str)]| {
        let config = read(variables).unwrap();
        (config.otlp_traces.endpoint, config.otlp_metrics.endpoint)
    };
    let both = |base: &str| (format!("{base}/v1/traces"), format!("{base}/v1/metrics"));
    let base = "OTEL_EXPORTER_OTLP_ENDPOINT";
    assert_eq!(endpoints(&[]), both("http://localhost:4318"));
    assert_eq!(endpoints(&[(base, "")]), both("http://localhost:4318"));
    assert_eq!(endpoints(&[(base, "https://a/")]), both("https://a"));
    assert_eq!(endpoints(&[(base, "http://a:1/b/")]), both("http://a:1/b"));
    assert_eq!(endpoints(&[(base, "http://a:1//")]), both("http://a:1"));
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:2");
    let expected = ("http://c:2".to_owned(), "http://a:1/v1/metrics".to_owned());
    assert_eq!(endpoints(&[(base, "http://a:1"), traces]), expected);
}

#[test]
fn headers_are_names_and_encoded_values() {
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
            let error = read(&[(name, value)]).expect_err(value);
            assert!(error.starts_with(name), "{error}");
            assert!(!error.contains("s3cr"), "{error}");
        }
    }
    // W3C's baggage, whose syntax this is, allows an empty value.
    let list = " Authorization = Basic dXNlcg== , x-team=a%2C%C3%A9,, x_1=%20 y , empty= ";
    let config = read(&[("OTEL_EXPORTER_OTLP_HEADERS", list)]).unwrap();
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
fn a_signal_has_its_own_options_or_those_for_all() {
    let config = read(&[
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
    // Both must make sense, although one of them has no effect.
    let unused = [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "1"),
    ];
    assert!(read(&unused).is_err());
}
