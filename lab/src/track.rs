//! The system whose steps of the guide are checked: the lab or AWS.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::Method;

use crate::client::Listener;
use crate::error::Error;
use crate::exports::{self, Export};
use crate::guide::{Aws, Cli, Looked, Step, is_installed, lab_cli};
use crate::ports::AWS_PORT;
use crate::scenario;

/// The variable with the endpoint of the lab. A shell in which it is set calls the lab.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// Which system is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// The lab whose AWS endpoint has this port.
    Lab(u16),
    /// AWS, with the credentials, the region and the names of this process's environment.
    Aws,
}

impl Track {
    /// The track for the options `--aws-port` and `--aws`. Without both, it is AWS if the shell has the names that
    /// `infra/script/env` sets, and calls no lab: so a command of the guide is the same on both tracks.
    pub fn new(aws_port: Option<u16>, aws: bool, is_set: impl Fn(&str) -> bool) -> Self {
        let mut names = scenario::EXPORTS.iter();
        match aws_port {
            Some(port) => Self::Lab(port),
            None if aws || (!is_set(ENDPOINT) && names.all(|(name, _)| is_set(name))) => Self::Aws,
            None => Self::Lab(AWS_PORT),
        }
    }

    /// The operations of the system.
    ///
    /// # Errors
    ///
    /// Fails if the AWS CLI is not installed, if the lab does not answer, and if the shell is not set up.
    pub fn aws(self) -> Result<Aws, Error> {
        if !is_installed(std::env::var_os("PATH")) {
            return Err(Error::NoAwsCli);
        }
        let (names, cli) = match self {
            Self::Lab(port) => names_of_lab(port)?,
            Self::Aws => (names_of_shell()?, Cli::default()),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs().cast_signed());
        Ok(Aws::new(names, now, move |words| cli.run(words)))
    }
}

/// Checks steps of the lab with this AWS port. Must not be called inside a runtime.
///
/// # Errors
///
/// Fails if the AWS CLI is not installed, or if the lab does not answer.
pub fn look_at_steps(
    steps: &'static [Step],
    aws_port: u16,
) -> Result<Vec<(&'static Step, Looked)>, Error> {
    let aws = Track::Lab(aws_port).aws()?;
    let mut all = Vec::new();
    look_at_all(&aws, steps, |step, looked| {
        all.push((step, looked.clone()));
        Ok(())
    })?;
    Ok(all)
}

fn names_of_lab(port: u16) -> Result<(HashMap<String, String>, Cli), Error> {
    let listener = Listener::aws(port);
    let exports: Vec<Export> = listener.send(Method::GET, exports::PATH)?.parse_success()?;
    let names = exports
        .into_iter()
        .map(|Export { name, value }| (name, value));
    Ok((names.collect(), lab_cli(&listener.url())))
}

fn names_of_shell() -> Result<HashMap<String, String>, Error> {
    if std::env::var_os(ENDPOINT).is_some() {
        return Err(Error::ShellOfLab);
    }
    let names = scenario::EXPORTS.iter().map(|(name, _)| {
        let value = std::env::var(name).map_err(|_| Error::NoName(name))?;
        Ok(((*name).to_owned(), value))
    });
    names.collect()
}

/// Looks at several steps at the same time, and passes them on in their order.
///
/// # Errors
///
/// Fails if `print` fails.
pub fn look_at_all<'a>(
    aws: &Aws,
    steps: &'a [Step],
    mut print: impl FnMut(&'a Step, &Looked) -> Result<(), Error>,
) -> Result<(), Error> {
    // A call waits for the lab, and for the start of Python.
    let workers = thread::available_parallelism()
        .map_or(2, |it| 2 * it.get())
        .min(8);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..workers {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(step) = steps.get(index) else {
                        return;
                    };
                    // The receiver has gone if standard output is closed.
                    if sender.send((index, (step.look)(aws))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut printed = 0;
        for (index, looked) in receiver {
            waiting.insert(index, looked);
            while let Some(looked) = waiting.remove(&printed) {
                print(&steps[printed], &looked)?;
                printed += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_a_shell_with_the_names_of_aws_and_no_endpoint_is_for_aws() {
        for (aws_port, aws, missing, track) in [
            (None, false, [ENDPOINT, ""], Track::Aws),
            (None, false, ["", ""], Track::Lab(AWS_PORT)),
            (None, false, [ENDPOINT, "CLUSTER"], Track::Lab(AWS_PORT)),
            (None, true, ["CLUSTER", ""], Track::Aws),
            (Some(4570), false, [ENDPOINT, ""], Track::Lab(4570)),
        ] {
            let found = Track::new(aws_port, aws, |name| !missing.contains(&name));
            assert_eq!(found, track, "{missing:?}");
        }
    }
}
