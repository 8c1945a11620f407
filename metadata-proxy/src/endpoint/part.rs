//! One container's part of a document about the task, cut out byte for byte. Pure.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::wanted::ContainerId;

/// What has to be known of a task.
#[derive(Deserialize)]
struct Task<'a> {
    /// Left out as long as there is none.
    #[serde(rename = "Containers", borrow, default)]
    containers: Vec<&'a RawValue>,
}

/// What has to be known of a container.
#[derive(Deserialize)]
struct Container {
    /// Empty until Docker has made the container.
    #[serde(rename = "DockerId", default)]
    id: String,
}

/// The container with this id out of the document `/task`.
///
/// # Errors
///
/// When there is none, or the document is not of that shape.
pub fn container(task: &Bytes, id: &ContainerId) -> Result<Bytes, Error> {
    for container in parse::<Task>(task)?.containers {
        if parse::<Container>(container.get().as_bytes())?.id == id.as_str() {
            return Ok(cut(task, container));
        }
    }
    Err(Error::NoSuchContainer)
}

/// The stats of the container with this id out of the document `/task/stats`.
///
/// # Errors
///
/// When there is no such container, when it has no stats, or the document is not of that shape.
pub fn stats(task_stats: &Bytes, id: &ContainerId) -> Result<Bytes, Error> {
    let all: HashMap<String, &RawValue> = parse(task_stats)?;
    match all.get(id.as_str()) {
        None => Err(Error::NoSuchContainer),
        // The agent's way to say that it has none.
        Some(stats) if stats.get() == "null" => Err(Error::NoStats),
        Some(stats) => Ok(cut(task_stats, stats)),
    }
}

fn parse<'a, T: Deserialize<'a>>(document: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(document).map_err(|error| Error::EndpointAnswer(Box::new(error)))
}

fn cut(document: &Bytes, part: &RawValue) -> Bytes {
    document.slice_ref(part.get().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ContainerId {
        ContainerId::parse("b-2").unwrap()
    }

    #[test]
    fn a_container_is_cut_out_as_it_was_written() {
        let part = r#"{ "Name":"like", "DockerId" : "b\u002d2","Limits": {"CPU": 1.00} }"#;
        let task = format!(r#"{{"Containers": [{{"DockerId": "a-1"}}, {part}], "Family": "f"}}"#);
        assert_eq!(container(&task.into(), &id()).unwrap(), part);
    }

    #[test]
    fn stats_are_cut_out_as_they_were_written() {
        let part = r#"{"cpu_stats": {"system_cpu_usage": 18446744073709551616}}"#;
        let all = format!(r#"{{"a-1": null, "b-2" : {part} }}"#);
        assert_eq!(stats(&all.into(), &id()).unwrap(), part);
    }

    #[test]
    fn a_container_that_is_not_there_is_not_found() {
        for task in [
            "{}",
            r#"{"Containers": [{"DockerId": ""}, {"Name": "b-2"}]}"#,
        ] {
            let found = container(&task.into(), &id());
            assert!(matches!(found, Err(Error::NoSuchContainer)), "{task}");
        }
        let found = stats(&r#"{"b-20": {}}"#.into(), &id());
        assert!(matches!(found, Err(Error::NoSuchContainer)));
    }

    #[test]
    fn stats_that_are_null_are_none() {
        let found = stats(&r#"{"b-2":null}"#.into(), &id());
        assert!(matches!(found, Err(Error::NoStats)));
    }

    #[test]
    fn a_document_of_another_shape_makes_no_sense() {
        for document in [
            "null",
            r#"{"Containers": {}}"#,
            r#"{"Containers": ["b-2"]}"#,
        ] {
            let found = container(&document.into(), &id());
            assert!(matches!(found, Err(Error::EndpointAnswer(_))), "{document}");
        }
        let found = stats(&"[]".into(), &id());
        assert!(matches!(found, Err(Error::EndpointAnswer(_))));
    }
}
