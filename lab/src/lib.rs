//! Mythical Mysfits on one machine: a DynamoDB emulator, the tasks of both services, a load balancer
//! before them and the site, as AWS would run them.
//!
//! Each task is a process of its own that runs the real service code. Nothing here knows what a
//! service does with a request; the services are told everything by their environment.

pub mod options;
pub mod task;

mod aws;
mod browser;
mod console;
mod database;
mod endpoints;
mod error;
mod exports;
mod lab;
mod logs;
mod ports;
mod report;
mod reset;
mod seed;
mod service;
mod signals;
mod site;
mod supervisor;
mod tasks;
mod verbs;

pub use error::Error;
pub use lab::run;
pub use service::Service;
pub use verbs::{print_environment, reset};
