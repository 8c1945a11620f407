//! `goto`: sets the start state of a lab of the guide, by the operations of AWS that a reader also has.

use std::collections::HashMap;
use std::io::{Write, stderr, stdout};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use axum::http::Method;

use super::client::Listener;
use super::reset;
use crate::error::Error;
use crate::scenario::{ServiceStart, Start};
use crate::site::goto::{AboutLab, PATH};
use crate::worktree::Worktree;

mod aws;
mod build;
mod definition;
mod dependencies;

use aws::Aws;
use definition::Progress;

/// Maximum time until the services are stable. The waiter `services-stable` of the AWS CLI waits for the same time.
const STABLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Interval at which the services are described.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Sets the start state of a lab in the lab whose site has this port. If likes and adoptions on disk would be lost, the reader must
/// confirm this, unless `is_confirmed`.
///
/// # Errors
///
/// Fails if no lab answers at the port, without a confirmation, if the worktree cannot be made or built, and if the services do
/// not become stable. The lab is unchanged unless the services do not become stable.
pub fn goto(start: &Start, site_port: u16, is_confirmed: bool) -> Result<(), Error> {
    let site = Listener {
        port: site_port,
        option: "--site-port",
    };
    let lab: AboutLab = site.send(Method::GET, PATH)?.parse_success()?;
    let aws = Aws::new(lab.aws_port)?;
    // The first revisions are those of the lab, also if a reader has registered others.
    let definitions = start.services.iter().map(|service| {
        let original = aws.describe_definition(&format!("{}:1", service.service))?;
        definition::changed(&original, service)
    });
    let definitions = definitions.collect::<Result<Vec<_>, _>>()?;
    if let Some(question) = lab.confirmation_required.filter(|_| !is_confirmed) {
        reset::confirm(&question)?;
    }
    if let Some(exercise) = start.exercise {
        build::build(&Worktree::new(lab.sources, exercise))?;
    }
    reset::reset_lab(site, true)?;
    let mut revisions = HashMap::new();
    for (service, definition) in start.services.iter().zip(definitions) {
        let revision = aws.update_service(service, definition)?;
        revisions.insert(service.service, revision);
    }
    for service in start.services {
        wait_until_stable(&aws, service, &revisions[service.service])?;
    }
    // Now the tasks serve what the rule sends to them.
    aws.set_weights(start)?;
    let mut stdout = stdout();
    writeln!(
        stdout,
        "Lab {}, {}: everything is as at its start.",
        start.lab, start.title
    )?;
    for sentence in start.words {
        writeln!(stdout, "{sentence}")?;
    }
    Ok(())
}

/// Waits until all tasks of a service run this revision. Prints what is still missing.
fn wait_until_stable(aws: &Aws, service: &ServiceStart, revision: &str) -> Result<(), Error> {
    let deadline = Instant::now() + STABLE_TIMEOUT;
    let mut printed = String::new();
    loop {
        let described = aws.describe_service(service.service)?;
        let progress = match definition::progress(&described, revision) {
            Progress::Stable => return Ok(()),
            Progress::Waiting(text) if Instant::now() < deadline => text,
            Progress::Waiting(_) | Progress::Failed => {
                return Err(Error::NotStable {
                    service: service.service,
                    event: definition::reason(&described),
                });
            }
        };
        if progress != printed {
            writeln!(stderr(), "waiting for {}: {progress}", service.service)?;
            printed = progress;
        }
        park_timeout(POLL_INTERVAL);
    }
}
