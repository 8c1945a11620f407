//! Parses `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`, the sampler and its argument.

use std::time::Duration;

use super::parsers::parse_interval;
use super::variables::{ExpectedValue, Variables};
use crate::url::parse_http_url;

/// The configuration of the sampler.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SamplerConfig {
    /// Whether the sampler follows the sampling decision in the request headers. The field is true for the
    /// sampler `xray` and for the samplers whose names start with `parentbased_`.
    pub follows_remote_parent: bool,
    /// The sampler for traces without a sampling decision.
    pub root: RootSampler,
}

/// A sampler for traces without a sampling decision.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RootSampler {
    /// Samples every trace.
    AlwaysOn,
    /// Samples no trace.
    AlwaysOff,
    /// Samples a fraction of the traces. The fraction is a number from 0 to 1.
    TraceIdRatio(f64),
    /// Applies the sampling rules of X-Ray.
    Xray,
    /// Applies the strategy that a server returns over the Jaeger remote sampling protocol.
    JaegerRemote(JaegerRemoteConfig),
}

impl Default for SamplerConfig {
    fn default() -> Self {
        Self {
            follows_remote_parent: true,
            root: RootSampler::Xray,
        }
    }
}

impl SamplerConfig {
    /// Reads `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`. Adds a warning if
    /// `OTEL_TRACES_SAMPLER_ARG` is set for a sampler without arguments.
    ///
    /// # Errors
    ///
    /// Returns an error when the sampler is unknown, or when the argument of the sampler is invalid.
    pub fn read(env: &Variables, warnings: &mut Vec<String>) -> Result<Self, String> {
        let mut sampler = env.parse_or("OTEL_TRACES_SAMPLER", Self::parse_name, Self::default())?;
        let argument_name = "OTEL_TRACES_SAMPLER_ARG";
        match &mut sampler.root {
            RootSampler::TraceIdRatio(ratio) => {
                *ratio = env.parse_or(argument_name, parse_ratio, *ratio)?;
            }
            RootSampler::JaegerRemote(jaeger_config) => {
                let default = jaeger_config.clone();
                *jaeger_config = env.parse_or(argument_name, JaegerRemoteConfig::parse, default)?;
            }
            RootSampler::AlwaysOn | RootSampler::AlwaysOff | RootSampler::Xray => {
                if env
                    .get(argument_name)
                    .is_some_and(|argument| !argument.is_empty())
                {
                    warnings.push(format!(
                        "{argument_name} is ignored, because the sampler in OTEL_TRACES_SAMPLER has no argument"
                    ));
                }
            }
        }
        Ok(sampler)
    }

    /// Parses the name of a sampler. The returned configuration contains the default argument.
    fn parse_name(value: &str) -> Result<Self, ExpectedValue> {
        let name = value.to_ascii_lowercase();
        let root_name = name.strip_prefix("parentbased_");
        let root = match root_name.unwrap_or(&name) {
            "always_on" => RootSampler::AlwaysOn,
            "always_off" => RootSampler::AlwaysOff,
            "traceidratio" => RootSampler::TraceIdRatio(1.0),
            "jaeger_remote" => RootSampler::JaegerRemote(JaegerRemoteConfig::default()),
            "xray" if root_name.is_none() => return Ok(Self::default()),
            _ => {
                return Err(ExpectedValue::new(
                    "xray, always_on, always_off, traceidratio, jaeger_remote, or one of the last \
                     four with the prefix parentbased_",
                ));
            }
        };
        Ok(Self {
            follows_remote_parent: root_name.is_some(),
            root,
        })
    }
}

fn parse_ratio(value: &str) -> Result<f64, ExpectedValue> {
    let ratio = value.parse().ok();
    ratio
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| ExpectedValue::new("a number from 0 to 1"))
}

/// The argument of the sampler `jaeger_remote`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JaegerRemoteConfig {
    /// The URL of the sampling server.
    pub endpoint: String,
    /// The time between two requests to the sampling server.
    pub polling_interval: Duration,
    /// The fraction of traces that is sampled until the sampling server has responded.
    pub initial_sampling_rate: f64,
}

impl Default for JaegerRemoteConfig {
    fn default() -> Self {
        Self {
            endpoint: "http://localhost:5778/sampling".to_owned(),
            polling_interval: Duration::from_secs(60),
            initial_sampling_rate: 0.001,
        }
    }
}

impl JaegerRemoteConfig {
    /// Parses `endpoint=…,pollingIntervalMs=…,initialSamplingRate=…`. Each option has a default value.
    fn parse(argument: &str) -> Result<Self, ExpectedValue> {
        let mut config = Self::default();
        for option in argument.split(',').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            config.set_option(name.trim(), value).ok_or_else(|| {
                // The error message does not show the value, because the value can be a URL with a password.
                ExpectedValue::new_hiding_value(format!(
                    "endpoint=http://host:port/path, pollingIntervalMs=1 or more, \
                     initialSamplingRate=0 to 1; the option '{name}' is unknown or its value is \
                     invalid"
                ))
            })?;
        }
        Ok(config)
    }

    /// Sets the option `name`. Returns `None` if the option is unknown or if `value` is invalid.
    fn set_option(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "endpoint" => {
                // For an invalid URL, the SDK silently uses its default URL.
                parse_http_url(value)?;
                self.endpoint = value.to_owned();
            }
            "pollingIntervalMs" => self.polling_interval = parse_interval(value).ok()?,
            "initialSamplingRate" => self.initial_sampling_rate = parse_ratio(value).ok()?,
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_jaeger_remote_that_are_not_set_have_their_default_values() {
        let config = JaegerRemoteConfig::parse("").unwrap();
        assert_eq!(config.polling_interval, Duration::from_secs(60));
        let argument = "endpoint=http://a:1/s,initialSamplingRate=0.5";
        let config = JaegerRemoteConfig::parse(argument).unwrap();
        assert_eq!(config.endpoint, "http://a:1/s");
        assert_eq!(config.initial_sampling_rate, 0.5);
        let config = JaegerRemoteConfig::parse("pollingIntervalMs=10").unwrap();
        assert_eq!(config.polling_interval, Duration::from_millis(10));
    }
}
