//! The command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::Parser;
use wire::{Allowed, Guard};

use crate::sampling::Rates;
use crate::store::Limits;
use crate::xray::Config;

/// A local AWS X-Ray: takes what the X-Ray SDKs, the daemon's clients and OpenTelemetry exporters send by UDP, and
/// answers `aws xray …` and the SDKs by TCP on the same port. Keeps traces in memory only.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Options {
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// Port for UDP and TCP; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = 2000)]
    port: u16,

    /// Port for spans by OTLP over HTTP; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = 4318)]
    otlp_port: u16,

    /// Traces that are kept; beyond, the oldest are evicted
    #[arg(long, value_name = "N", default_value_t = Limits::default().traces)]
    max_traces: usize,

    /// MiB of memory: beyond half of it, the oldest traces are evicted; the rest is for requests
    #[arg(long, value_name = "MIB", default_value_t = Limits::default().bytes / MIB)]
    max_mib: usize,

    /// Minutes that a trace is kept
    #[arg(long, value_name = "MIN", default_value_t = Limits::default().age.as_secs() / 60)]
    max_minutes: u64,

    /// Rate of the sampling rule Default, 0 to 1
    #[arg(long, value_name = "RATE", default_value_t = Config::default().default_rule.fixed, value_parser = rate)]
    default_rate: f64,

    /// Requests each second that the rule Default samples before its rate counts
    #[arg(long, value_name = "N", default_value_t = Config::default().default_rule.reservoir)]
    default_reservoir: u64,

    #[command(flatten)]
    allowed: Allowed,
}

const MIB: usize = 1024 * 1024;

impl Options {
    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        (self.host, self.port).into()
    }

    /// Where to listen for OTLP.
    pub fn otlp_address(&self) -> SocketAddr {
        (self.host, self.otlp_port).into()
    }

    /// Decides which requests are answered.
    pub fn guard(&self) -> Guard {
        Guard::new(self.allowed.clone())
    }

    /// How the X-Ray is to be.
    pub fn config(&self) -> Config {
        Config {
            limits: Limits {
                traces: self.max_traces,
                bytes: self.max_mib.saturating_mul(MIB),
                age: Duration::from_secs(self.max_minutes.saturating_mul(60)),
            },
            default_rule: Rates {
                fixed: self.default_rate,
                reservoir: self.default_reservoir.min(1_000_000_000),
            },
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(rate),
        _ => Err("a rate is a number from 0 to 1".to_owned()),
    }
}
