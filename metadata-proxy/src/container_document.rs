//! Extracts the JSON value of one container from a document of the task. The extracted value has the same
//! bytes as in the document of the task.

use std::collections::HashMap;

use bytes::Bytes;
use http_shell::upstream::parse_json;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::container_id::ContainerId;
use crate::error::Error;

/// A task in a document of the endpoint. The proxy reads only the field `Containers`.
#[derive(Deserialize)]
struct Task<'a> {
    /// The containers of the task. The endpoint omits the field `Containers` until the task has a container.
    #[serde(rename = "Containers", borrow, default)]
    containers: Vec<&'a RawValue>,
}

/// A container in a document of the endpoint. The proxy reads only the field `DockerId`.
#[derive(Deserialize)]
struct Container {
    /// The id of the container. Until Docker has created the container, the endpoint omits the field
    /// `DockerId`, or sends an empty string in the field.
    #[serde(rename = "DockerId", default)]
    docker_id: String,
}

/// Extracts the container with the id `id` from the document `/task`.
///
/// # Errors
///
/// When the task has no container with the id `id`, or the document does not have the expected structure.
pub fn extract_container(task: &Bytes, id: &ContainerId) -> Result<Bytes, Error> {
    for container in parse_json::<Task>(task)?.containers {
        let Container { docker_id } = parse_json(container.get().as_bytes())?;
        if docker_id == id.as_str() {
            return Ok(slice_part(task, container));
        }
    }
    Err(Error::NoSuchContainer)
}

/// Extracts the stats of the container with the id `id` from the document `/task/stats`.
///
/// # Errors
///
/// When the task has no container with the id `id`, the container has no stats, or the document does not have
/// the expected structure.
pub fn extract_stats(task_stats: &Bytes, id: &ContainerId) -> Result<Bytes, Error> {
    let stats_by_id: HashMap<String, &RawValue> = parse_json(task_stats)?;
    match stats_by_id.get(id.as_str()) {
        None => Err(Error::NoSuchContainer),
        // The ECS agent writes `null` for a container without stats.
        Some(stats) if stats.get() == "null" => Err(Error::NoStats),
        Some(stats) => Ok(slice_part(task_stats, stats)),
    }
}

/// Returns the bytes of `part` as a slice of `document`, without copying the bytes.
fn slice_part(document: &Bytes, part: &RawValue) -> Bytes {
    document.slice_ref(part.get().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container_id() -> ContainerId {
        ContainerId::parse("b-2").unwrap()
    }

    #[test]
    fn a_container_is_extracted_byte_for_byte() {
        let container = r#"{ "Name":"like", "DockerId" : "b\u002d2","Limits": {"CPU": 1.00} }"#;
        let task =
            format!(r#"{{"Containers": [{{"DockerId": "a-1"}}, {container}], "Family": "f"}}"#);
        assert_eq!(
            extract_container(&task.into(), &container_id()).unwrap(),
            container
        );
    }

    #[test]
    fn stats_are_extracted_byte_for_byte() {
        let stats = r#"{"cpu_stats": {"system_cpu_usage": 18446744073709551616}}"#;
        let document = format!(r#"{{"a-1": null, "b-2" : {stats} }}"#);
        assert_eq!(
            extract_stats(&document.into(), &container_id()).unwrap(),
            stats
        );
    }

    #[test]
    fn an_unknown_container_id_is_an_error() {
        for task in [
            "{}",
            r#"{"Containers": [{"DockerId": ""}, {"Name": "b-2"}]}"#,
        ] {
            let result = extract_container(&task.into(), &container_id());
            assert!(matches!(result, Err(Error::NoSuchContainer)), "{task}");
        }
        let result = extract_stats(&r#"{"b-20": {}}"#.into(), &container_id());
        assert!(matches!(result, Err(Error::NoSuchContainer)));
    }

    #[test]
    fn extracting_stats_that_are_null_is_an_error() {
        let result = extract_stats(&r#"{"b-2":null}"#.into(), &container_id());
        assert!(matches!(result, Err(Error::NoStats)));
    }

    #[test]
    fn a_document_with_an_unexpected_structure_is_an_invalid_response() {
        for document in [
            "null",
            r#"{"Containers": {}}"#,
            r#"{"Containers": ["b-2"]}"#,
        ] {
            let result = extract_container(&document.into(), &container_id());
            assert!(
                matches!(result, Err(Error::InvalidEndpointResponse(_))),
                "{document}"
            );
        }
        let result = extract_stats(&"[]".into(), &container_id());
        assert!(matches!(result, Err(Error::InvalidEndpointResponse(_))));
    }
}
