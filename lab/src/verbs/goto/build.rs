//! The worktree of an exercise: makes it, and builds its program.

use std::env;
use std::io::{Write, stderr};
use std::path::Path;
use std::process::Command;

use super::dependencies;
use crate::error::Error;
use crate::runtime;
use crate::worktree::{Prepared, Worktree};

/// Variables that would let cargo build into another directory: the worktree's build would replace the lab's own program.
const TARGET_VARIABLES: [&str; 2] = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"];

/// Makes the worktree, unless it exists, and builds its program. The progress is on standard error.
///
/// # Errors
///
/// When git or cargo is missing, or refuses.
pub fn build(worktree: &Worktree) -> Result<(), Error> {
    let mut stderr = stderr();
    let path = worktree.path();
    let prepared = worktree.prepare()?;
    let directory = path.display();
    match prepared {
        Prepared::Created => writeln!(stderr, "The worktree {directory} is new.")?,
        Prepared::CheckedOut | Prepared::Kept => writeln!(
            stderr,
            "The worktree {directory} keeps your changes. To begin again with the gaps: {}",
            worktree.removal()
        )?,
    }
    share_dependencies(worktree);
    writeln!(stderr, "Building its program …")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--target-dir", "target"])
        .current_dir(&path)
        .status();
    let status = built.map_err(|source| Error::NoTool {
        tool: "cargo",
        source,
    })?;
    if !status.success() {
        return Err(Error::NotBuilt(path));
    }
    let is_elsewhere = TARGET_VARIABLES
        .iter()
        .any(|name| env::var_os(name).is_some());
    let option = if is_elsewhere {
        " --target-dir target"
    } else {
        ""
    };
    writeln!(stderr, "After each change, run there: cargo build{option}")?;
    Ok(())
}

/// Shares the crates with which this program was built, if it was built in the same checkout. Without them, the build takes longer.
fn share_dependencies(worktree: &Worktree) {
    let Some(to) = worktree.program().parent().map(Path::to_owned) else {
        return;
    };
    let program = runtime::executable().ok();
    let from = program.as_deref().and_then(Path::parent);
    let same_profile = from.filter(|from| from.file_name() == to.file_name());
    if let Some(from) = same_profile.filter(|from| from.starts_with(worktree.sources()))
        && !to.exists()
    {
        // What is not shared is compiled.
        let _ = dependencies::share(from, &to);
    }
}
