//! Tests of filter expressions. Most tests state which of ten test traces a filter expression finds.

mod annotations;
mod functions;
mod groups;
mod guide;
mod keywords;
mod refused;
mod ten_traces;
