//! `check`: looks at the running system, and says what of the guide's steps is done.

use std::process::ExitCode;

use super::output::print;
use crate::error::Error;
use crate::guide::{Finding, Looked, Step};
use crate::track::{Track, look_at_all};

/// The exit code if a step is not done.
const NOT_DONE: u8 = 1;

/// The exit code if it is not known whether a step is done. clap uses the same for an unknown step.
const NOT_KNOWN: u8 = 2;

/// Checks steps. Prints all findings of a single step, and one line for each of several. Returns 0 if all are done, 1 if one is
/// not, and 2 if it is not known.
pub fn check(steps: &[Step], track: Track) -> ExitCode {
    let checked = track.aws().and_then(|aws| {
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
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;
    use crate::guide::{Aws, Failure};

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
