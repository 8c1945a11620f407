//! `exam`: starts and ends exams of the running lab, and hands answers in.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;
use std::process::ExitCode;

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::output::print;
use super::reset::confirm;
use crate::client::{Listener, Response};
use crate::error::Error;
use crate::exam::MAX_ANSWER_BYTES;
use crate::site::reset::ConfirmationRequired;

mod options;
mod solution;
mod text;
mod verify;

pub use options::{ExamCommand, ExamOptions};

/// One byte more than an answer may have, so that the lab refuses a file that is too large.
const MAX_READ_BYTES: u64 = MAX_ANSWER_BYTES as u64 + 1;

/// Runs a verb of exams.
///
/// # Errors
///
/// Fails if no lab answers at the port, and if the lab refuses the request.
pub fn exam(options: ExamOptions) -> Result<ExitCode, Error> {
    let ExamOptions {
        command,
        site_port,
        json,
    } = options;
    let site = Listener {
        port: site_port,
        option: "--site-port",
    };
    let (response, describe): (Response, fn(&Value) -> String) = match command {
        ExamCommand::List => (site.send(Method::GET, "/lab/exams")?, text::list),
        ExamCommand::Status => (site.send(Method::GET, "/lab/exam")?, text::status),
        ExamCommand::Start { id, seed, yes } => (start(site, &id, seed, yes)?, text::started),
        ExamCommand::Hint => (site.send(Method::POST, "/lab/exam/hint")?, text::hint),
        ExamCommand::Submit { file } => {
            let answer = read(&file)?;
            (site.post("/lab/exam/submit", answer)?, text::graded)
        }
        ExamCommand::Stop { keep } => {
            let path = format!("/lab/exam/stop?keep={keep}");
            (site.send(Method::POST, &path)?, text::result)
        }
        ExamCommand::Explain => {
            let explanation = site.send(Method::GET, "/lab/exam/explanation")?;
            (explanation, text::explanation)
        }
        ExamCommand::Verify(options) => return verify::verify(site, &options, json),
    };
    let value: Value = response.parse_success()?;
    match json {
        true => print(format_args!("{value:#}\n"))?,
        false => print(describe(&value))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts an exam. If likes and adoptions on disk would be lost, the reader must confirm this, unless `is_confirmed`.
fn start(
    site: Listener,
    id: &str,
    seed: Option<u64>,
    is_confirmed: bool,
) -> Result<Response, Error> {
    // Other ids would need escapes, and no exam has one.
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::NoSuchExam(id.to_owned()));
    }
    let mut path = format!("/lab/exam/start?id={id}");
    if let Some(seed) = seed {
        path += &format!("&seed={seed}");
    }
    let confirmed = format!("{path}&confirmed=true");
    let response = site.send(Method::POST, if is_confirmed { &confirmed } else { &path })?;
    if response.status != StatusCode::CONFLICT {
        return Ok(response);
    }
    let ConfirmationRequired {
        confirmation_required,
    } = response.parse()?;
    confirm(&confirmation_required)?;
    site.send(Method::POST, &confirmed)
}

/// Reads the answer in a file, or from standard input if the file is `-`.
fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    let read = match file.to_str() {
        Some("-") => stdin().take(MAX_READ_BYTES).read_to_end(&mut content),
        _ => File::open(file).and_then(|file| file.take(MAX_READ_BYTES).read_to_end(&mut content)),
    };
    match read {
        Ok(_) => Ok(content),
        Err(source) => Err(Error::AnswerFile {
            path: file.to_owned(),
            source,
        }),
    }
}
