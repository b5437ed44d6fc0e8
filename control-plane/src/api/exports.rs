//! A sandbox's workspace as an archive, made while it is downloaded.

use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use slipway_proto::v1::ExportWorkspace;
use utoipa::ToSchema;

use super::App;
use super::extract::{CurrentUser, Id, OptionalBody};
use super::sandboxes::own_sandbox;
use crate::access::Action;
use crate::audit;
use crate::deployments::build_settings::BuildSettings;
use crate::error::{Error, ErrorCode};
use crate::exports::archive::{Compression, Format};
use crate::exports::{NoBeginning, download};
use crate::ids::SandboxId;
use crate::store::Sandbox;

/// Of a file's name, without its extension.
const LONGEST_FILE_NAME_CHARS: usize = 100;

/// The bytes of an archive.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema only")]
#[schema(value_type = String, format = Binary)]
pub(super) struct Archive(Vec<u8>);

/// What goes into a ZIP archive. Everything may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportZip {
    /// Also `.git`.
    #[serde(default)]
    include_git: bool,
    /// Also what ignore files leave out, dependencies and caches.
    #[serde(default)]
    include_ignored: bool,
    /// Only this directory of the workspace.
    #[schema(format = "relative-path")]
    root_dir: Option<String>,
}

/// What goes into a tar archive, and how it is compressed. Everything may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportTar {
    /// Also `.git`.
    #[serde(default)]
    include_git: bool,
    /// Also what ignore files leave out, dependencies and caches.
    #[serde(default)]
    include_ignored: bool,
    /// Only this directory of the workspace.
    #[schema(format = "relative-path")]
    root_dir: Option<String>,
    #[serde(default)]
    compression: TarCompression,
}

/// `none` makes a `.tar`, `gzip` a `.tar.gz`, `zstd` a `.tar.zst`.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TarCompression {
    #[default]
    None,
    Gzip,
    Zstd,
}

/// Downloads the sandbox's workspace as it is now, as a ZIP archive: sources and settings, without what ignore files
/// leave out. Links are links; names that are not UTF-8 are kept as they are. An archive that breaks off is not
/// whole, and neither is its body.
#[utoipa::path(post, path = "/api/sandboxes/{id}/export/zip", tag = "sandboxes", operation_id = "export_zip",
    params(("id" = SandboxId, Path)), request_body = Option<ExportZip>,
    responses((status = 200, description = "the archive, while it is being made",
            headers(("Content-Disposition" = String, description = "a file name")),
            content((Archive = "application/zip", example = json!("PK\u{5}\u{6}…")))),
        (status = 409, description = "what the agent says holds a stored credential and is withheld; rotate it"),
        (status = 429, description = "too many requests, or too many exports at once; `Retry-After` says when to try again"),
        (status = 503, description = "no agent of this sandbox is connected, it does not answer, or it cannot export")))]
pub(super) async fn zip(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
    OptionalBody(request): OptionalBody<ExportZip>,
) -> Result<Response, Error> {
    let sandbox = own_sandbox(&app, &user, Action::Deploy, id).await?;
    let ExportZip { include_git, include_ignored, root_dir } = request;
    let wanted = wanted(include_git, include_ignored, root_dir)?;
    export(&app, &sandbox, wanted, Format::Zip).await
}

/// Downloads the sandbox's workspace as it is now, as a tar archive: sources and settings, without what ignore files
/// leave out. Links are links. An archive that breaks off is not whole, and neither is its body.
#[utoipa::path(post, path = "/api/sandboxes/{id}/export/tar", tag = "sandboxes", operation_id = "export_tar",
    params(("id" = SandboxId, Path)), request_body = Option<ExportTar>,
    responses((status = 200, description = "the archive, while it is being made",
            headers(("Content-Disposition" = String, description = "a file name")),
            content((Archive = "application/x-tar", example = json!("src/")), (Archive = "application/gzip", example = json!("\u{1f}…")),
                (Archive = "application/zstd", example = json!("(…")))),
        (status = 409, description = "what the agent says holds a stored credential and is withheld; rotate it"),
        (status = 429, description = "too many requests, or too many exports at once; `Retry-After` says when to try again"),
        (status = 503, description = "no agent of this sandbox is connected, it does not answer, or it cannot export")))]
pub(super) async fn tar(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
    OptionalBody(request): OptionalBody<ExportTar>,
) -> Result<Response, Error> {
    let sandbox = own_sandbox(&app, &user, Action::Deploy, id).await?;
    let ExportTar { include_git, include_ignored, root_dir, compression } = request;
    let wanted = wanted(include_git, include_ignored, root_dir)?;
    let compression = match compression {
        TarCompression::None => Compression::None,
        TarCompression::Gzip => Compression::Gzip,
        TarCompression::Zstd => Compression::Zstd,
    };
    export(&app, &sandbox, wanted, Format::Tar(compression)).await
}

/// Without an id yet.
fn wanted(include_git: bool, include_ignored: bool, root_dir: Option<String>) -> Result<ExportWorkspace, Error> {
    let settings = BuildSettings { root_dir, ..BuildSettings::default() };
    settings.check().map_err(|(key, problem)| Error::invalid(format!("`{key}` {problem}")))?;
    let root_dir = settings.root_dir;
    audit::note(|facts| {
        facts.add("include_git", include_git);
        facts.add("include_ignored", include_ignored);
        if let Some(root_dir) = &root_dir {
            facts.add("root_dir", root_dir.as_str());
        }
    });
    let root_dir = root_dir.unwrap_or_default();
    Ok(ExportWorkspace { export_id: Vec::new(), include_git, include_ignored, root_dir })
}

async fn export(app: &App, sandbox: &Sandbox, wanted: ExportWorkspace, format: Format) -> Result<Response, Error> {
    audit::note(|facts| facts.add("format", format.extension()));
    let mut export = app.exports.begin(sandbox.id)?;
    let order = ExportWorkspace { export_id: export.id().to_vec(), ..wanted };
    let asked = app.sessions.export(sandbox.id, order).await;
    asked.map_err(|error| Error::new(ErrorCode::Unavailable, error.to_string()))?;
    let first = match export.first_frame().await {
        Ok(first) => first,
        Err(NoBeginning::Refused(message)) => {
            app.orchestrator.check_answer(sandbox, message.as_bytes()).await?;
            return Err(Error::invalid(message));
        }
        Err(error) => return Err(Error::new(ErrorCode::Unavailable, error.to_string())),
    };
    let mut response = Response::new(HttpBody::from_stream(download(export, first, format)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    let name = format!("attachment; filename=\"{}.{}\"", file_name(&sandbox.name), format.extension());
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// A sandbox's name as the name of a file, which every system and every shell takes.
fn file_name(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain: String = name.chars().take(LONGEST_FILE_NAME_CHARS).map(|c| if is_plain(c) { c } else { '-' }).collect();
    match plain.trim_matches(['.', '-']) {
        "" => "workspace".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_is_the_sandboxs_made_safe() {
        for (name, expected) in [
            ("shop", "shop"),
            ("Web Shop 2.0", "Web-Shop-2.0"),
            ("../../etc/passwd", "etc-passwd"),
            ("a\"b\r\nX: y", "a-b--X--y"),
            ("…", "workspace"),
        ] {
            assert_eq!(file_name(name), expected, "{name}");
        }
    }
}
