//! The path of the lab's own program.

use std::io;
use std::path::{Path, PathBuf};

/// What Linux adds to the path of a program whose file was removed or replaced after its start.
const DELETED: &str = " (deleted)";

/// The path from which tasks are started. The program is read when a task starts, so that a task runs the program that was
/// built last.
///
/// # Errors
///
/// When the operating system does not know the path.
pub fn path() -> io::Result<PathBuf> {
    Ok(replaced(std::env::current_exe()?))
}

/// The path of the file that has replaced a removed one.
fn replaced(path: PathBuf) -> PathBuf {
    let original = path.to_str().and_then(|path| path.strip_suffix(DELETED));
    match original {
        Some(original) if !path.exists() => Path::new(original).to_owned(),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_whose_file_was_replaced_is_found_at_its_old_path() {
        let deleted = PathBuf::from("/no/such/lab (deleted)");
        assert_eq!(replaced(deleted), Path::new("/no/such/lab"));
        let own = std::env::current_exe().unwrap();
        assert_eq!(replaced(own.clone()), own);
    }
}
