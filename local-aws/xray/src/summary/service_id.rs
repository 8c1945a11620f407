//! Creates the API's `ServiceId`.

use serde_json::{Value, json};

use crate::trace::Entity;

/// The `ServiceId` of a segment. The members `Type` and `AccountId` are absent if the segment has no type or
/// no account id.
pub fn service_id_json(segment: &Entity) -> Value {
    let node = segment.node.as_ref();
    let name = node.map_or(&segment.name, |node| &node.name);
    let mut id = json!({ "Name": &**name, "Names": [&**name] });
    if let Some(node) = node.filter(|node| !node.kind.is_empty()) {
        id["Type"] = json!(&*node.kind);
    }
    if let Some(account_id) = account_id(segment) {
        id["AccountId"] = json!(account_id);
    }
    id
}

/// Id of the AWS account in which the segment's service runs.
pub fn account_id(segment: &Entity) -> Option<&str> {
    let fields = segment.search_fields.as_ref()?;
    fields.account_id.as_deref()
}
