//! Tests of `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.

use super::*;

/// Reads a configuration with the sampler `name` and its `argument`.
fn read_sampler(name: &str, argument: &str) -> Result<Config, String> {
    read_config(&[
        ("OTEL_TRACES_SAMPLER", name),
        ("OTEL_TRACES_SAMPLER_ARG", argument),
    ])
}

#[test]
fn only_xray_and_parentbased_samplers_follow_the_decision_of_the_caller() {
    for (name, follows_remote_parent, root_sampler) in [
        ("", true, RootSampler::Xray),
        ("xray", true, RootSampler::Xray),
        ("always_on", false, RootSampler::AlwaysOn),
        ("always_off", false, RootSampler::AlwaysOff),
        ("parentbased_always_on", true, RootSampler::AlwaysOn),
        ("parentbased_always_off", true, RootSampler::AlwaysOff),
        ("traceidratio", false, RootSampler::TraceIdRatio(1.0)),
        (
            "parentbased_traceidratio",
            true,
            RootSampler::TraceIdRatio(1.0),
        ),
    ] {
        let expected = SamplerConfig {
            follows_remote_parent,
            root: root_sampler,
        };
        assert_eq!(read_sampler(name, "").unwrap().sampler, expected, "{name}");
    }
}

#[test]
fn an_unknown_sampler_is_rejected() {
    for name in ["sometimes", "parentbased_xray", "parentbased_", "jaeger"] {
        assert_rejected("OTEL_TRACES_SAMPLER", name);
    }
}

#[test]
fn the_argument_of_traceidratio_must_be_a_number_from_0_to_1() {
    let config = read_sampler("parentbased_traceidratio", "0.5").unwrap();
    assert_eq!(config.sampler.root, RootSampler::TraceIdRatio(0.5));
    for ratio in ["2", "-0.1", "NaN", "x"] {
        let error = read_sampler("traceidratio", ratio).unwrap_err();
        assert!(error.starts_with("OTEL_TRACES_SAMPLER_ARG is"), "{error}");
    }
}

#[test]
fn the_error_about_jaeger_remote_names_the_invalid_option_and_hides_its_value() {
    for option in [
        "x",
        "endpoint=",
        "endpoint=a",
        "endpoint=ftp://a:1",
        "endpoint=http://user:secret@a:1",
        "endpoint=http://256.1.1.1:1",
        "endpoint=http://a:0",
        "pollingIntervalMs=0",
        "pollingIntervalMs=18446744073709551615",
        "initialSamplingRate=2",
        "rate=1",
    ] {
        let argument = format!("initialSamplingRate=1,{option}");
        let error = read_sampler("jaeger_remote", &argument).unwrap_err();
        let name = option.split('=').next().unwrap();
        assert!(error.contains(&format!("the option '{name}'")), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_warning_reports_an_argument_for_a_sampler_without_arguments() {
    let count_warnings = |name, argument| {
        let config = read_sampler(name, argument);
        config.expect(name).warnings.len()
    };
    for name in ["", "xray", "always_on", "parentbased_always_off"] {
        assert_eq!(count_warnings(name, "0.5"), 1, "{name}");
        assert_eq!(count_warnings(name, ""), 0, "{name}");
    }
    for name in ["traceidratio", "PARENTBASED_TRACEIDRATIO"] {
        assert_eq!(count_warnings(name, "0.5"), 0, "{name}");
    }
    assert_eq!(count_warnings("jaeger_remote", "pollingIntervalMs=1"), 0);
}
