//! The options of `exam`.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

use crate::ports::SITE_PORT;

/// What to do with exams, and where the lab is.
#[derive(Clone, Debug, Args)]
pub struct ExamOptions {
    #[command(subcommand)]
    pub command: ExamCommand,
    /// Port of the running lab's site
    #[arg(long, global = true, value_name = "PORT", default_value_t = SITE_PORT, value_parser = value_parser!(u16).range(1..))]
    pub site_port: u16,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// The verbs of exams.
#[derive(Clone, Debug, Subcommand)]
pub enum ExamCommand {
    /// List the exams and the vocabulary of answers
    List,
    /// Reset the lab, and start an exam
    Start {
        /// The id of the exam
        id: String,
        /// Seed of the fault's parameters, its time, and the requests [default: the exam's own]
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// Do not ask before likes and adoptions in the directory of --data-dir are lost
        #[arg(long)]
        yes: bool,
    },
    /// Show the exam that runs: its times and, after the answer, what customers see
    Status,
    /// Show the next hint
    Hint,
    /// Hand an answer in, and print its grade. An exam accepts one answer
    Submit {
        /// A file with JSON (- reads standard input); docs/exams.md describes it
        file: PathBuf,
    },
    /// End the exam, print the grades, and bring the lab back to its start
    Stop {
        /// Leave the lab as it is, to try the commands of `exam explain`; `reset` brings it back to its start
        #[arg(long)]
        keep: bool,
    },
    /// Show what the last exam expected, what was given, and how the cause can be found
    Explain,
    /// Check that exams can be solved, and that they are graded as they should be. This runs each exam and its twin. The exit code
    /// is 0 if all is right, 1 if not, and 2 if that could not be checked
    Verify(VerifyOptions),
}

/// What to verify.
#[derive(Clone, Debug, Args)]
pub struct VerifyOptions {
    /// The ids of exams; without them, all are checked
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Time for the baseline, and again for what follows, in seconds
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u64).range(10..=600))]
    pub seconds: u64,
    /// Seed of the exams [default: each exam's own]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Do not ask before likes and adoptions in the directory of --data-dir are lost
    #[arg(long)]
    pub yes: bool,
}
