//! `goto`: sets the start state of a lab of the guide, by the operations of AWS that a reader also has.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::Value;

use super::output::{note, print};
use super::reset;
use crate::client::Listener;
use crate::error::Error;
use crate::scenario::{EXERCISE, ServiceStart, Start};
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
/// confirm this, unless `is_confirmed`. `sources` is the checkout in which the worktree is.
///
/// # Errors
///
/// Fails if no lab answers at the port, without a confirmation, if the lab cannot have the state, and if the worktree cannot be created
/// or built. Then the lab is unchanged. Also fails after the reset, if an operation fails or the services do not become stable.
pub fn goto(
    start: &Start,
    sources: PathBuf,
    site_port: u16,
    is_confirmed: bool,
) -> Result<(), Error> {
    let site = Listener {
        port: site_port,
        option: "--site-port",
    };
    let lab: AboutLab = site.send(Method::GET, PATH)?.parse_success()?;
    let aws = Aws::new(lab.aws_port)?;
    // The first revisions are those of the lab, also if a reader has registered others.
    let definitions = start.services.iter().map(|service| {
        if service.desired_count > lab.max_tasks {
            return Err(Error::MaxTasks {
                service: service.service,
                desired: service.desired_count,
            });
        }
        let original = aws.describe_definition(&format!("{}:1", service.service))?;
        definition::changed(&original, service)
    });
    let definitions = definitions.collect::<Result<Vec<_>, _>>()?;
    if let Some(question) = lab.confirmation_required.filter(|_| !is_confirmed) {
        reset::confirm(&question)?;
    }
    if start.needs_worktree {
        // Any program of this machine can listen on the port. Its answer does not decide where programs are built.
        let own = sources.display().to_string();
        if own != lab.sources {
            let lab = lab.sources;
            return Err(Error::OtherSources { lab, own });
        }
        build::build(&Worktree::new(sources, &EXERCISE))?;
    }
    reset::reset_lab(site, true)?;
    set(&aws, start, definitions).inspect_err(|_| {
        note(format_args!(
            "The lab was reset, but is not at the start of lab {}: run the verb again.",
            start.lab
        ));
    })?;
    print(format_args!(
        "Lab {}, {}: everything is as at its start.\n",
        start.lab, start.title
    ))?;
    for sentence in start.summary {
        print(format_args!("{sentence}\n"))?;
    }
    Ok(())
}

/// Sets the start state after the reset. `definitions` are the task definitions to register, in the order of the services.
fn set(aws: &Aws, start: &Start, definitions: Vec<Option<Value>>) -> Result<(), Error> {
    let mut revisions = Vec::new();
    for (service, definition) in start.services.iter().zip(definitions) {
        revisions.push((service, aws.update_service(service, definition)?));
    }
    for (service, revision) in revisions {
        wait_until_stable(aws, service, &revision)?;
    }
    // Now the tasks serve what the rule sends to them.
    aws.set_weights(start)
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
            note(format_args!("waiting for {}: {progress}", service.service));
            printed = progress;
        }
        #[expect(clippy::disallowed_methods, reason = "this thread runs nothing else")]
        sleep(POLL_INTERVAL);
    }
}
