//! Creates the worktree of an exercise, and builds its program.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::process::Command;

use super::dependencies;
use crate::error::Error;
use crate::runtime;
use crate::verbs::output::note;
use crate::worktree::{Prepared, Worktree};

/// Names the directory, so that no variable and no configuration of cargo leads the build to the directory of the lab's own program.
const BUILD: [&str; 3] = ["build", "--target-dir", "target"];

/// Creates the worktree, unless it exists, and builds its program. The progress is on standard error.
///
/// # Errors
///
/// When git or cargo is missing, or fails.
pub fn build(worktree: &Worktree) -> Result<(), Error> {
    let path = worktree.path();
    let prepared = worktree.prepare()?;
    let directory = path.display();
    match prepared {
        Prepared::Created => note(format_args!("The worktree {directory} is new.")),
        Prepared::Kept { is_current } => {
            let removal = worktree.removal();
            note(format_args!(
                "The worktree {directory} keeps your changes. To begin again with the gaps: {removal}"
            ));
            if !is_current {
                note(
                    "It does not have the last commit of the checkout. If its tasks fail, merge that commit or begin again.",
                );
            }
        }
    }
    if let Err(error) = share_dependencies(worktree) {
        note(format_args!("All crates are compiled again: {error}"));
    }
    note("Building its program …");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(BUILD).args(["--bin", "lab"]);
    for (name, _) in env::vars_os().filter(|(name, _)| is_set_by_cargo_run(name)) {
        command.env_remove(name);
    }
    let built = command.current_dir(&path).status();
    let status = built.map_err(|source| Error::NoTool {
        tool: "cargo",
        source,
    })?;
    // With another target platform in the configuration of cargo, the program is elsewhere.
    if !status.success() || !worktree.program().is_file() {
        return Err(Error::NotBuilt {
            program: worktree.program(),
        });
    }
    let command = BUILD.join(" ");
    note(format_args!(
        "After each change, run there: cargo {command}"
    ));
    Ok(())
}

/// Whether `cargo run` sets this variable for the program that it starts. The build scripts of some crates, such as ring, run again
/// when these variables change. So a build with them would compile these crates again, and so would the reader's next build.
fn is_set_by_cargo_run(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "CARGO" || name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_")
}

/// Shares the crates with which this program was built, if it was built in the same checkout and profile.
fn share_dependencies(worktree: &Worktree) -> io::Result<()> {
    let (lab, program) = (runtime::executable()?, worktree.program());
    let (Some(from), Some(to)) = (lab.parent(), program.parent()) else {
        return Ok(());
    };
    let is_same = from.starts_with(worktree.sources()) && from.file_name() == to.file_name();
    if !is_same || to.exists() {
        return Ok(());
    }
    // cargo does not notice that a part of a build script's output is missing. So the directory gets its name when it is complete.
    let unfinished = to.with_extension("unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    let shared = dependencies::share(from, &unfinished);
    let shared = shared.and_then(|()| fs::rename(&unfinished, to));
    shared.inspect_err(|_| {
        let _ = fs::remove_dir_all(&unfinished);
    })
}
