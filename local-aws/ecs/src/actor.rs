//! The actor that owns the state: it applies what [`plan`](crate::plan) decides, and runs tasks.
