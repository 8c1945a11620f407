//! Exams: a problem is injected into the running lab, a person or a program finds the cause, and the lab grades the answer.
//!
//! Everything in `problem`, `draw`, `vocabulary`, `answer`, `grade`, `limits`, `mitigation` and `times` is pure. The other modules act on the lab.

mod answer;
mod aws;
mod draw;
mod ended;
mod engine;
mod error;
mod evidence;
mod fingerprint;
mod grade;
mod grading;
mod inject;
mod integrity;
mod limits;
mod mitigation;
mod operations;
mod problem;
mod run;
mod status;
mod timeline;
mod times;
mod touched;
mod vocabulary;
mod workload;

pub use answer::{Answer, MAX_BYTES as MAX_ANSWER_BYTES, SCHEMA as ANSWER_SCHEMA};
pub use aws::{Aws, Failed};
pub use draw::{Drawn, DrawnFault};
pub use engine::Exams;
pub use error::ExamError;
pub use fingerprint::mysfits;
pub use grade::Grade;
pub use inject::Injector;
pub use limits::Limits;
pub use problem::{Problem, Variant};
pub use status::{listing, status};
pub use times::rfc3339;
