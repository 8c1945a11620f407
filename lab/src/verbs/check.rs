//! `check`: looks at the running system, and says what of the guide's steps is done.

use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::Method;

use super::client::Listener;
use super::output::print;
use crate::error::Error;
use crate::exports::{self, Export};
use crate::guide::{Aws, Cli, Finding, Looked, Step, is_installed, lab_cli};
use crate::options::AWS_PORT;
use crate::scenario;

/// The exit code if a step is not done.
const NOT_DONE: u8 = 1;

/// The exit code if it is not known whether a step is done. clap uses the same for an unknown step.
const NOT_KNOWN: u8 = 2;

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
}

/// Checks steps. Prints all findings of a single step, and one line for each of several. Returns 0 if all are done, 1 if one is
/// not, and 2 if it is not known.
pub fn check(steps: &[Step], track: Track) -> ExitCode {
    let checked = aws(track).and_then(|aws| {
        let mut code = 0;
        match steps {
            [step] => {
                let looked = (step.look)(&aws);
                print(details(step, &looked))?;
                code = exit_code(&looked);
            }
            _ => look_at_all(&aws, steps, |step, looked| {
                code = code.max(exit_code(looked));
                print(format_args!("{}\n", line(step, looked)))
            })?,
        }
        Ok(code)
    });
    match checked {
        Ok(code) => ExitCode::from(code),
        Err(closed @ Error::OutputClosed) => closed.report(),
        Err(error) => {
            error.report();
            ExitCode::from(NOT_KNOWN)
        }
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
    let aws = aws(Track::Lab(aws_port))?;
    let mut all = Vec::new();
    look_at_all(&aws, steps, |step, looked| {
        all.push((step, looked.clone()));
        Ok(())
    })?;
    Ok(all)
}

fn aws(track: Track) -> Result<Aws, Error> {
    if !is_installed(std::env::var_os("PATH")) {
        return Err(Error::NoAwsCli);
    }
    let (names, cli) = match track {
        Track::Lab(port) => names_of_lab(port)?,
        Track::Aws => (names_of_shell()?, Cli::default()),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs().cast_signed());
    Ok(Aws::new(names, now, move |words| cli.run(words)))
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
fn look_at_all<'a>(
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

fn exit_code(looked: &Looked) -> u8 {
    match looked {
        Err(_) => NOT_KNOWN,
        Ok(findings) if findings.iter().all(Finding::is_ok) => 0,
        Ok(_) => NOT_DONE,
    }
}

/// One line: the state of the step, and what is missing first.
fn line(step: &Step, looked: &Looked) -> String {
    let Step { id, title, .. } = step;
    match looked {
        Err(failure) => format!("{id} unknown  {title}: {}", failure.0),
        Ok(findings) => match findings.iter().find_map(|finding| finding.as_ref().err()) {
            Some(missing) => format!("{id} not yet  {title}: {missing}"),
            None => format!("{id} done     {title}"),
        },
    }
}

/// All findings, one in each line.
fn details(step: &Step, looked: &Looked) -> String {
    let Step { id, title, .. } = step;
    let mut text = format!("{id} {title}\n");
    match looked {
        Err(failure) => text += &format!("  This step could not be checked. {}\n", failure.0),
        Ok(findings) => {
            for finding in findings {
                text += &match finding {
                    Ok(saw) => format!("  done     {saw}\n"),
                    Err(missing) => format!("  missing  {missing}\n"),
                };
            }
            text += match exit_code(looked) {
                0 => "The step is done.\n",
                _ => "The step is not done yet.\n",
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::guide::Failure;

    const STEPS: [Step; 3] = [
        Step {
            id: "1.1",
            title: "One",
            look: |_| Ok(vec![Ok("Seen.".to_owned())]),
        },
        Step {
            id: "1.2",
            title: "Two",
            look: |_| {
                Ok(vec![
                    Ok("Seen.".to_owned()),
                    Err("1; this step wants 2.".to_owned()),
                ])
            },
        },
        Step {
            id: "1.3",
            title: "Three",
            look: |aws| aws.call(&["x"]).map(|_| Vec::new()),
        },
    ];

    fn aws() -> Aws {
        Aws::new(HashMap::new(), 0, |words| match words {
            ["x"] => Err(Failure("refused".to_owned())),
            _ => Ok(json!({})),
        })
    }

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

    #[test]
    fn several_steps_are_printed_in_their_order_with_what_is_missing() {
        let mut lines = Vec::new();
        let mut codes = Vec::new();
        look_at_all(&aws(), &STEPS, |step, looked| {
            lines.push(line(step, looked));
            codes.push(exit_code(looked));
            Ok(())
        })
        .unwrap();
        assert_eq!(
            lines,
            [
                "1.1 done     One",
                "1.2 not yet  Two: 1; this step wants 2.",
                "1.3 unknown  Three: refused",
            ]
        );
        assert_eq!(codes, [0, NOT_DONE, NOT_KNOWN]);
    }

    #[test]
    fn a_single_step_shows_all_findings() {
        let shown = STEPS
            .each_ref()
            .map(|step| details(step, &(step.look)(&aws())));
        assert_eq!(
            shown,
            [
                "1.1 One\n  done     Seen.\nThe step is done.\n",
                "1.2 Two\n  done     Seen.\n  missing  1; this step wants 2.\nThe step is not done yet.\n",
                "1.3 Three\n  This step could not be checked. refused\n",
            ]
        );
    }

    #[test]
    fn a_closed_standard_output_ends_the_check() {
        let closed = |_: &Step, _: &Looked| Err(Error::OutputClosed);
        assert!(look_at_all(&aws(), &STEPS, closed).is_err());
    }
}
