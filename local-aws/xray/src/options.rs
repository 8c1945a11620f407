//! Command-line options.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::Parser;
use wire::{Allowed, Guard};

use crate::sampling::SamplingRates;
use crate::store::Limits;
use crate::xray::Config;

/// A local AWS X-Ray. The program receives documents of the X-Ray SDKs and other clients of the X-Ray daemon by UDP.
/// The program serves the X-Ray API for `aws xray …` and the SDKs by TCP on the same port. OpenTelemetry spans are
/// received by OTLP. Traces are stored in memory only.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Options {
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// Port for documents (UDP) and the API (TCP); 0 chooses a free port
    #[arg(long, value_name = "PORT", default_value_t = 2000)]
    port: u16,

    /// Port for spans by OTLP over HTTP; 0 chooses a free port
    #[arg(long, value_name = "PORT", default_value_t = 4318)]
    otlp_port: u16,

    /// Maximum number of traces; when it is exceeded, the oldest traces are evicted
    #[arg(long, value_name = "N", default_value_t = Limits::default().traces)]
    max_traces: usize,

    /// Memory limit in MiB. Traces can use half of the limit; when they exceed that half, the oldest traces are
    /// evicted. The other half is for requests
    #[arg(long, value_name = "MIB", default_value_t = Limits::default().bytes / MIB)]
    max_mib: usize,

    /// Minutes after which a trace is evicted
    #[arg(long, value_name = "MIN", default_value_t = Limits::default().age.as_secs() / 60)]
    max_minutes: u64,

    /// Fixed rate of the sampling rule Default, from 0 to 1
    #[arg(long, value_name = "RATE", default_value_t = Config::default().default_rule.fixed_rate, value_parser = parse_rate)]
    default_rate: f64,

    /// Reservoir of the sampling rule Default: requests per second that are sampled before the fixed rate applies
    #[arg(long, value_name = "N", default_value_t = Config::default().default_rule.reservoir_size)]
    default_reservoir: u64,

    #[command(flatten)]
    allowed: Allowed,
}

/// One MiB in bytes.
const MIB: usize = 1024 * 1024;

/// Larger values of `--default-reservoir` are reduced to this number, because the API defines the reservoir as a 32-bit
/// integer.
const MAX_RESERVOIR_SIZE: u64 = 1_000_000_000;

impl Options {
    /// Address for documents (UDP) and the API (TCP).
    pub fn address(&self) -> SocketAddr {
        (self.host, self.port).into()
    }

    /// Address for OTLP.
    pub fn otlp_address(&self) -> SocketAddr {
        (self.host, self.otlp_port).into()
    }

    /// The guard that checks `Host` and `Origin` of requests.
    pub fn guard(&self) -> Guard {
        Guard::new(self.allowed.clone())
    }

    /// Settings of the local X-Ray.
    pub fn config(&self) -> Config {
        Config {
            limits: Limits {
                traces: self.max_traces,
                bytes: self.max_mib.saturating_mul(MIB),
                age: Duration::from_secs(self.max_minutes.saturating_mul(60)),
            },
            default_rule: SamplingRates {
                fixed_rate: self.default_rate,
                reservoir_size: self.default_reservoir.min(MAX_RESERVOIR_SIZE),
            },
        }
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(rate),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}
