//! `reset`: brings the running lab back to its start.

use std::io::{IsTerminal, Write, stderr, stdin};

use axum::http::{Method, StatusCode};

use super::output::print;
use crate::client::Listener;
use crate::error::Error;
use crate::site::reset::{CONFIRMED, ConfirmationRequired, Done, PATH};

/// Resets the lab whose site has this port. If likes and adoptions on disk would be lost, the reader must confirm this, unless
/// `is_confirmed`.
///
/// # Errors
///
/// Fails if no lab answers at the port, if the lab cannot be reset, and without a confirmation.
pub fn reset(site_port: u16, is_confirmed: bool) -> Result<(), Error> {
    let listener = Listener {
        port: site_port,
        option: "--site-port",
    };
    let milliseconds = reset_lab(listener, is_confirmed)?;
    print(format_args!(
        "Back to the start in {milliseconds} ms: likes, adoptions, services, task definitions, rules, traces and logs.\n"
    ))
}

/// Resets the lab, and returns how long this took, in milliseconds.
pub(super) fn reset_lab(listener: Listener, is_confirmed: bool) -> Result<u64, Error> {
    let confirmed = format!("{PATH}?{CONFIRMED}");
    let mut response = listener.send(Method::POST, if is_confirmed { &confirmed } else { PATH })?;
    if response.status == StatusCode::CONFLICT {
        let ConfirmationRequired {
            confirmation_required,
        } = response.parse()?;
        confirm(&confirmation_required)?;
        response = listener.send(Method::POST, &confirmed)?;
    }
    let Done { milliseconds } = response.parse_success()?;
    Ok(milliseconds)
}

/// Asks the reader.
pub(super) fn confirm(what_is_lost: &str) -> Result<(), Error> {
    if !stdin().is_terminal() {
        return Err(Error::NotConfirmed(format!(
            "{what_is_lost} To reset the lab anyway, add the option --yes"
        )));
    }
    write!(stderr(), "{what_is_lost} Reset the lab anyway? [y/N] ")?;
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    match line.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Error::NotConfirmed("The answer was not yes.".to_owned())),
    }
}
