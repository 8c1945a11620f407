//! Tags of alarms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::{Error, shorten};

use super::{empty, invalid_value};
use crate::cloudwatch::CloudWatch;

/// Most tags of an alarm.
const MAX_TAGS: usize = 50;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    key: String,
    value: String,
}

/// Adds tags to those of an alarm.
pub fn add(tags: &mut BTreeMap<String, String>, new: Vec<Tag>) -> Result<(), Error> {
    let mut all = tags.clone();
    all.extend(new.into_iter().map(|tag| (tag.key, tag.value)));
    if all.len() > MAX_TAGS {
        return Err(invalid_value(format!(
            "An alarm has at most {MAX_TAGS} tags"
        )));
    }
    *tags = all;
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListRequest {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
}

/// A resource that does not exist has no tags, as AWS's recorded responses show after the deletion of an alarm.
pub fn list(cloudwatch: &CloudWatch, request: &ListRequest) -> Result<Value, Error> {
    let alarms = cloudwatch.alarms().all();
    let alarm = alarms
        .iter()
        .find(|it| it.config.arn() == request.resource_arn);
    let tags = alarm.into_iter().flat_map(|alarm| &alarm.tags);
    let tags: Vec<_> = tags
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    Ok(json!({ "Tags": tags }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagRequest {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    tags: Vec<Tag>,
}

pub fn tag(cloudwatch: &CloudWatch, request: TagRequest) -> Result<Value, Error> {
    let TagRequest { resource_arn, tags } = request;
    let mut result = Ok(());
    let is_found = cloudwatch
        .alarms()
        .change_tags(&resource_arn, |all| result = add(all, tags));
    result?;
    found(is_found, &resource_arn)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UntagRequest {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub fn untag(cloudwatch: &CloudWatch, request: &UntagRequest) -> Result<Value, Error> {
    let is_found = cloudwatch
        .alarms()
        .change_tags(&request.resource_arn, |all| {
            all.retain(|key, _| !request.tag_keys.contains(key));
        });
    found(is_found, &request.resource_arn)
}

fn found(is_found: bool, arn: &str) -> Result<Value, Error> {
    match is_found {
        true => Ok(empty()),
        false => Err(Error::not_found(
            "ResourceNotFoundException",
            format!("There is no alarm {}", shorten(arn)),
        )),
    }
}
