//! What people read once everything runs: the addresses, the chaos, and what to try first.

use std::fmt;
use std::time::Duration;

use like_service::chaos;

use crate::endpoints::{Addresses, XrayAddresses};
use crate::options::{LikeIn, Options, Switch};
use crate::supervisor::Tracing;

/// Some mysfit of the seed data.
const MYSFIT: &str = "4e53920c-505a-4a90-a694-b9300791f0ae";

/// Finds the likes that the workshop is about.
const FILTER: &str =
    r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#;

/// The lab is ready.
#[derive(Debug)]
pub struct Ready<'a> {
    pub time: Duration,
    pub addresses: &'a Addresses,
    pub options: &'a Options,
    /// The option's or the drawn one.
    pub seed: u64,
    /// What the environment says of the shares, if it can be read.
    pub shares: Option<chaos::Config>,
    pub tracing: &'a Tracing,
}

impl fmt::Display for Ready<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Ready in {} ms.\n", self.time.as_millis())?;
        self.addresses(f)?;
        self.chaos(f)?;
        self.first_steps(f)?;
        write!(f, "\nCtrl-C stops everything.")
    }
}

impl Ready<'_> {
    fn addresses(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Addresses {
            site,
            alb,
            dynamodb,
            table,
            aws,
            xray,
            otlp,
        } = self.addresses;
        writeln!(f, "  site           {site}")?;
        writeln!(f, "  load balancer  {alb}")?;
        let (likes, monoliths) = (self.options.like_tasks, self.options.monolith_tasks);
        let (likes, monoliths) = (tasks(likes), tasks(monoliths));
        let receives_likes = match self.options.like_in {
            LikeIn::Service => format!("like-service ({likes})"),
            LikeIn::Monolith => format!("monolith; like-service ({likes}) has the weight 0"),
        };
        writeln!(f, "                 /mysfits/*/like -> {receives_likes}")?;
        writeln!(
            f,
            "                 everything else -> monolith ({monoliths})"
        )?;
        writeln!(
            f,
            "  AWS            {aws}  the local AWS services at one address"
        )?;
        writeln!(f, "  DynamoDB       {dynamodb}  table {table}")?;
        writeln!(f, "  logs           {site}/logs/like-service")?;
        writeln!(f, "                 {site}/logs/monolith")?;
        writeln!(f, "                 {site}/logs/load-balancer")?;
        if let Some(XrayAddresses { udp, api }) = xray {
            writeln!(f, "  X-Ray          {api}  documents by UDP to {udp}")?;
        }
        if let Some(otlp) = otlp {
            writeln!(f, "                 {otlp}  spans by OTLP")?;
        }
        if self.tracing.stays_here() {
            writeln!(f, "  traces         {site}/traces\n")
        } else {
            writeln!(f, "  traces         {}\n", self.tracing)
        }
    }

    fn chaos(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.options.like_in == LikeIn::Monolith {
            return writeln!(f, "The monolith serves likes, without faults.\n");
        }
        if self.options.chaos == Switch::Off {
            return writeln!(f, "Chaos is off: likes have no injected faults.\n");
        }
        write!(f, "Chaos is on")?;
        if let Some(shares) = &self.shares {
            let (slow, lost) = (shares.stress_percent, shares.not_found_percent);
            let fine = 100u32.saturating_sub(slow + lost);
            write!(
                f,
                ": of 100 likes about {slow} are slow, {lost} answer 404, {fine} are fine"
            )?;
        }
        let seed = self.seed;
        writeln!(f, ".\nSeed {seed}; repeat with --seed {seed}\n")
    }

    fn first_steps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Addresses {
            site,
            alb,
            table,
            aws,
            xray,
            ..
        } = self.addresses;
        writeln!(f, "Try first:")?;
        writeln!(f, "  open {site} and click some hearts")?;
        writeln!(f, "  curl -i -X POST {alb}/mysfits/{MYSFIT}/like")?;
        writeln!(
            f,
            "  export AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab AWS_DEFAULT_REGION=us-east-1"
        )?;
        writeln!(
            f,
            "  aws dynamodb scan --endpoint-url {aws} --table-name {table}"
        )?;
        match xray {
            Some(_) if self.tracing.stays_here() => {
                writeln!(f, "  aws xray get-trace-summaries --endpoint-url {aws} \\")?;
                writeln!(
                    f,
                    "    --start-time $(($(date +%s) - 300)) --end-time $(($(date +%s) + 1)) \\"
                )?;
                writeln!(f, "    --filter-expression '{FILTER}'")
            }
            _ => Ok(()),
        }
    }
}

fn tasks(count: u16) -> String {
    match count {
        1 => "1 task".to_owned(),
        count => format!("{count} tasks"),
    }
}
