//! Gives a worktree the crates that are already compiled, so that its first build compiles only the crates of this workspace.
//!
//! cargo finds a compiled crate of a registry by a hash that does not contain the directory of the workspace, and compiles again
//! what does not fit.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// The directories of a profile with the fingerprints of crates, and with the output of build scripts.
const COPIED: [&str; 2] = [".fingerprint", "build"];

/// The directory with the compiled crates.
const LINKED: &str = "deps";

/// Shares the compiled crates of the profile's directory `from` with `to`. Compiled crates are hard links, because the compiler
/// replaces them and never writes into them.
///
/// # Errors
///
/// When the file system does not permit it. Then `to` is not complete.
pub fn share(from: &Path, to: &Path) -> io::Result<()> {
    for directory in COPIED {
        copy(&from.join(directory), &to.join(directory))?;
    }
    let (from, to) = (from.join(LINKED), to.join(LINKED));
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(from)? {
        let file = entry?.path();
        let Some(name) = file.file_name() else {
            continue;
        };
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("a" | "dylib" | "rlib" | "rmeta" | "so") => fs::hard_link(&file, to.join(name))?,
            Some("d") => copy(&file, &to.join(name))?,
            // Programs, and temporary files.
            _ => {}
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        fs::copy(from, to)?;
        // cargo compiles a crate again that is older than one on which it depends.
        let modified = fs::metadata(from)?.modified()?;
        return File::open(to)?.set_modified(modified);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
