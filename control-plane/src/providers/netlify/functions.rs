//! Functions in a tree: ZIPs as `netlify build` leaves them in `.netlify/functions`, with the manifest beside them that
//! says how each is run. Netlify bundles nothing that is uploaded, so what is no ZIP is refused.

use futures::StreamExt;
use ring::digest::{Context, SHA256};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::providers::ProviderError;
use crate::providers::static_host::{File, Tree};

/// Where they lie.
const DIRECTORY: &str = ".netlify/functions/";
const MANIFEST: &str = ".netlify/functions/manifest.json";
const MANIFEST_BYTES: u64 = 4 * 1024 * 1024;
/// Of a ZIP (Netlify Docs, "Functions overview").
const LARGEST_BYTES: u64 = 50 * 1024 * 1024;
/// Where functions lie that are not bundled, and what Netlify's own tools make of functions that run at its edge.
const UNBUNDLED: [&str; 7] = [
    "netlify/functions/",
    "netlify/edge-functions/",
    ".netlify/functions-internal/",
    ".netlify/edge-functions/",
    ".netlify/edge-functions-dist/",
    ".netlify/v1/",
    ".netlify/server/",
];
/// Offenders that a message names.
const NAMED: usize = 5;
/// What a ZIP runs as when nothing says so.
const USUAL_RUNTIME: &str = "js";

/// A function of a deploy.
pub(super) struct Function {
    pub(super) name: String,
    /// Of its ZIP, in hexadecimal.
    pub(super) sha256: String,
    pub(super) zip: File,
    pub(super) runtime: Runtime,
    /// When it is run by itself.
    cron: Option<String>,
    /// How requests come to it, as the deploy is told.
    config: Option<Value>,
}

/// How a function is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runtime {
    pub(super) name: String,
    pub(super) invocation_mode: Option<String>,
    pub(super) timeout_seconds: Option<u32>,
}

#[derive(Deserialize)]
struct Manifest {
    functions: Vec<Entry>,
}

/// What the manifest says of a function.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    runtime: Option<String>,
    runtime_version: Option<String>,
    invocation_mode: Option<String>,
    timeout: Option<u32>,
    schedule: Option<String>,
    /// Everything else, which is passed on under Netlify's names for it.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Settings of a function: in the manifest, and in a deploy. As Netlify's CLI sends them.
const SETTINGS: [(&str, &str); 9] = [
    ("displayName", "display_name"),
    ("excludedRoutes", "excluded_routes"),
    ("generator", "generator"),
    ("memory", "memory"),
    ("region", "region"),
    ("routes", "routes"),
    ("buildData", "build_data"),
    ("priority", "priority"),
    ("vcpu", "vcpu"),
];

/// The functions of a tree.
///
/// # Errors
/// `Rejected` when some are not bundled, or Netlify does not take them.
pub(super) async fn of(tree: &Tree) -> Result<Vec<Function>, ProviderError> {
    let files = || tree.files.iter();
    refuse(files().filter(|file| UNBUNDLED.iter().any(|place| file.path.starts_with(place))), "are not bundled")?;
    let zips = || files().filter(|file| file.path.starts_with(DIRECTORY) && file.path != MANIFEST);
    refuse(
        zips().filter(|file| name_of(file).is_none()),
        "are no ZIPs, or their names are not letters, digits, `-` and `_`",
    )?;
    refuse(zips().filter(|file| file.size_bytes > LARGEST_BYTES), "are larger than 50 MiB")?;
    let manifest = manifest(tree).await?;
    let mut functions = Vec::new();
    for zip in zips() {
        let Some(name) = name_of(zip) else { continue };
        let entry = manifest.iter().find(|entry| entry.name == name);
        functions.push(Function {
            name: name.to_owned(),
            sha256: sha256(tree, zip).await?,
            zip: zip.clone(),
            runtime: runtime(entry),
            cron: entry.and_then(|entry| entry.schedule.clone()),
            config: entry.and_then(config),
        });
    }
    Ok(functions)
}

fn refuse<'a>(mut offenders: impl Iterator<Item = &'a File>, what: &str) -> Result<(), ProviderError> {
    let named: Vec<_> = offenders.by_ref().take(NAMED).map(|file| format!("`{}`", file.path)).collect();
    if named.is_empty() {
        return Ok(());
    }
    let more = offenders.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(ProviderError::Rejected(format!(
        "Netlify does not take these functions, and nothing was sent: {}{more} {what}; bundle them with `netlify build`, so that the output directory has ZIPs in `{DIRECTORY}`, or leave them out",
        named.join(", ")
    )))
}

/// What a function is called: as its ZIP.
fn name_of(file: &File) -> Option<&str> {
    let name = file.path.strip_prefix(DIRECTORY)?.strip_suffix(".zip")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

async fn manifest(tree: &Tree) -> Result<Vec<Entry>, ProviderError> {
    let file = tree.files.iter().find(|file| file.path == MANIFEST && file.size_bytes <= MANIFEST_BYTES);
    let Some(file) = file else { return Ok(Vec::new()) };
    let bytes = tree.read(file).await?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| {
        ProviderError::Rejected(format!("`{MANIFEST}` is not what `netlify build` writes ({error}); build again"))
    })?;
    Ok(manifest.functions)
}

fn runtime(entry: Option<&Entry>) -> Runtime {
    let name = entry.and_then(|entry| entry.runtime_version.clone().or_else(|| entry.runtime.clone()));
    Runtime {
        name: name.unwrap_or_else(|| USUAL_RUNTIME.to_owned()),
        invocation_mode: entry.and_then(|entry| entry.invocation_mode.clone()),
        timeout_seconds: entry.and_then(|entry| entry.timeout),
    }
}

fn config(entry: &Entry) -> Option<Value> {
    let found =
        SETTINGS.iter().filter_map(|(ours, theirs)| Some(((*theirs).to_owned(), entry.more.get(*ours)?.clone())));
    let config: Map<_, _> = found.collect();
    (!config.is_empty()).then_some(Value::Object(config))
}

/// The digest that Netlify knows a function by; the store has none of this kind.
async fn sha256(tree: &Tree, zip: &File) -> Result<String, ProviderError> {
    let mut context = Context::new(&SHA256);
    let mut chunks = tree.body(zip)();
    while let Some(chunk) = chunks.next().await {
        context.update(&chunk.map_err(ProviderError::Failed)?);
    }
    Ok(data_encoding::HEXLOWER.encode(context.finish().as_ref()))
}

/// What a deploy is told of its functions.
pub(super) fn announce(functions: &[Function], body: &mut Value) {
    if functions.is_empty() {
        return;
    }
    let digests = functions.iter().map(|function| (function.name.clone(), function.sha256.clone().into()));
    body["functions"] = Value::Object(digests.collect());
    let schedules: Vec<_> = functions
        .iter()
        .filter_map(|function| Some(json!({ "name": function.name, "cron": function.cron.as_deref()? })))
        .collect();
    if !schedules.is_empty() {
        body["function_schedules"] = schedules.into();
    }
    let configs: Map<_, _> =
        functions.iter().filter_map(|function| Some((function.name.clone(), function.config.clone()?))).collect();
    if !configs.is_empty() {
        body["functions_config"] = Value::Object(configs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_says_how_a_function_is_run() {
        let entry: Entry = serde_json::from_value(json!({
            "name": "hello", "runtime": "js", "runtimeVersion": "nodejs22.x", "timeout": 20, "invocationMode": "stream",
            "schedule": "@daily", "routes": [{ "pattern": "/hi" }], "mainFile": "/home/x/hello.js",
        }))
        .expect("is one");
        let expected = Runtime {
            name: "nodejs22.x".to_owned(),
            invocation_mode: Some("stream".to_owned()),
            timeout_seconds: Some(20),
        };
        assert_eq!(runtime(Some(&entry)), expected);
        assert_eq!(runtime(None).name, "js");
        assert_eq!(config(&entry), Some(json!({ "routes": [{ "pattern": "/hi" }] })));
    }
}
