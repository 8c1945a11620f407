//! A workshop on one machine: local AWS services, the tasks of the workshop's services, and the site.
//!
//! Each container of a task is a process of its own that runs the code of the service. The environment configures the
//! services. Only the modules below `scenario`, `exam` and `verbs::exam` know which workshop it is; `channel` and `faults` know the
//! faults of its Like service.

pub mod options;

mod aws;
mod browser;
mod channel;
mod client;
mod clock;
mod console;
mod database;
mod definition;
mod endpoints;
mod error;
mod exam;
mod exports;
mod faults;
mod guide;
mod lab;
mod ledger;
mod logs;
mod ports;
mod report;
mod reset;
mod runtime;
mod scenario;
mod signals;
mod site;
mod stage;
mod switch;
mod task;
mod tracing;
mod track;
mod verbs;
mod worktree;

pub use error::Error;
pub use lab::run;
pub use scenario::run_image;
pub use track::Track;
pub use verbs::{check, exam, goto, ledger, load, print_environment, reset};
