//! Operations on dashboards.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, PageTokens};

use super::empty;
use super::pages::page;
use crate::cloudwatch::CloudWatch;
use crate::dashboard::dashboard_arn;

/// Most dashboards in a response.
const PAGE_SIZE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutRequest {
    dashboard_name: String,
    dashboard_body: String,
}

pub fn put(cloudwatch: &CloudWatch, request: PutRequest) -> Result<Value, Error> {
    cloudwatch.put_dashboard(request.dashboard_name, request.dashboard_body)?;
    Ok(json!({ "DashboardValidationMessages": [] }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetRequest {
    dashboard_name: String,
}

pub fn get(cloudwatch: &CloudWatch, request: &GetRequest) -> Result<Value, Error> {
    let name = &request.dashboard_name;
    let dashboards = cloudwatch.dashboards();
    let dashboard = dashboards.get(name)?;
    Ok(json!({
        "DashboardArn": dashboard_arn(name),
        "DashboardBody": dashboard.body,
        "DashboardName": name,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListRequest {
    dashboard_name_prefix: Option<String>,
    next_token: Option<String>,
}

pub fn list(cloudwatch: &CloudWatch, request: &ListRequest) -> Result<Value, Error> {
    let prefix = request.dashboard_name_prefix.as_deref().unwrap_or_default();
    let tokens = PageTokens::new(("ListDashboards", prefix));
    let dashboards = cloudwatch.dashboards();
    let entries = dashboards
        .iter()
        .filter(|(name, _)| name.starts_with(prefix));
    let entries = entries.map(|(name, dashboard)| {
        json!({
            "DashboardArn": dashboard_arn(name),
            "DashboardName": name,
            "LastModified": dashboard.last_modified,
            "Size": dashboard.body.len(),
        })
    });
    let token = request.next_token.as_deref();
    let (entries, next) = page(entries.collect(), PAGE_SIZE, &tokens, token)?;
    Ok(json!({ "DashboardEntries": entries, "NextToken": next }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteRequest {
    dashboard_names: Vec<String>,
}

pub fn delete(cloudwatch: &CloudWatch, request: &DeleteRequest) -> Result<Value, Error> {
    cloudwatch.dashboards().delete(&request.dashboard_names)?;
    Ok(empty())
}
