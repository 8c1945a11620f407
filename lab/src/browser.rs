//! Opens the site in a browser, where there is somebody to see it.

use std::env;
use std::io::{IsTerminal, stdout};

/// Opens `url` if a person sits at a terminal that has a display; a browser that does not start is
/// no error: the address is printed anyway.
pub fn open_for_people(url: &str) {
    if stdout().is_terminal() && has_display() {
        let url = url.to_owned();
        // On a thread of its own: launchers may take their time.
        std::thread::spawn(move || open::that_detached(url));
    }
}

fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let remote = set("SSH_CONNECTION");
    cfg!(target_os = "macos") && !remote || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
