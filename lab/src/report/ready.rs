//! What people read once everything runs: the addresses, and the scenario's own words.

use std::fmt;
use std::time::Duration;

use crate::endpoints::{Addresses, XrayAddresses};
use crate::tracing::Tracing;

/// What people read when the lab is ready.
#[derive(Clone, Debug)]
pub struct Words {
    /// Which service receives which path.
    pub routes: Vec<String>,
    /// What is special about this start.
    pub remarks: Vec<String>,
    /// Commands to try first.
    pub first_steps: Vec<String>,
}

/// The lab is ready.
#[derive(Debug)]
pub struct Ready<'a> {
    pub time: Duration,
    pub addresses: &'a Addresses,
    /// The names of the DynamoDB tables.
    pub tables: Vec<&'static str>,
    /// The names of the logs.
    pub logs: Vec<&'static str>,
    pub tracing: &'a Tracing,
    pub words: &'a Words,
}

impl fmt::Display for Ready<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Ready in {} ms.\n", self.time.as_millis())?;
        self.addresses(f)?;
        for remark in &self.words.remarks {
            writeln!(f, "{remark}")?;
        }
        writeln!(f, "\nTry first:")?;
        for step in &self.words.first_steps {
            writeln!(f, "  {step}")?;
        }
        write!(f, "\nCtrl-C stops everything.")
    }
}

impl Ready<'_> {
    fn addresses(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Addresses {
            site,
            alb,
            console,
            dynamodb,
            aws,
            xray,
            otlp,
        } = self.addresses;
        writeln!(f, "  site           {site}")?;
        writeln!(
            f,
            "  console        {console}  everything at a glance, and the guide"
        )?;
        writeln!(f, "  load balancer  {alb}")?;
        for route in &self.words.routes {
            writeln!(f, "                 {route}")?;
        }
        writeln!(
            f,
            "  AWS            {aws}  the local AWS services at one address"
        )?;
        let noun = if self.tables.len() == 1 {
            "table"
        } else {
            "tables"
        };
        let tables = self.tables.join(", ");
        writeln!(f, "  DynamoDB       {dynamodb}  {noun} {tables}")?;
        for (number, log) in self.logs.iter().enumerate() {
            let label = if number == 0 { "logs" } else { "" };
            writeln!(f, "  {label:<15}{site}/logs/{log}")?;
        }
        let XrayAddresses { udp, api } = xray;
        writeln!(f, "  X-Ray          {api}  documents by UDP to {udp}")?;
        writeln!(f, "                 {otlp}  spans by OTLP")?;
        if self.tracing.stays_here() {
            writeln!(f, "  traces         {site}/traces\n")
        } else {
            writeln!(f, "  traces         {}\n", self.tracing)
        }
    }
}
