//! Filter expressions: which of ten fixed traces each expression finds.

mod annotations;
mod functions;
mod groups;
mod guide;
mod keywords;
mod population;
mod refused;
