//! A deployment's log: as Server-Sent Events that resume, as text to download, or in parts.

use std::convert::Infallible;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::deployments::{StepView, own_deployment};
use super::extract::{CurrentUser, Id, Params};
use super::limits::LogStream;
use super::log_ranges::{LogRange, Wanted};
use crate::access::Action;
use crate::clock::Timestamp;
use crate::deployments::display;
use crate::deployments::follow::{Event, Follower};
use crate::deployments::status::{Status, Step};
use crate::error::Error;
use crate::ids::DeploymentId;
use crate::logs::Logs;
use crate::providers::WaitingOn;
use crate::store::{Deployment, LogLine, LogSource};

const LAST_EVENT_ID: &str = "last-event-id";
/// The largest whole number that every JSON reader can hold.
pub(super) const LARGEST_EVENT_ID: i64 = (1 << 53) - 1;

/// How to send the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// `text` downloads what is stored now, `json` answers a part of it; left out, events follow the deployment to its
    /// end.
    #[param(inline)]
    format: Option<Format>,
    /// With `format=json`: the part begins behind this line.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    after: Option<i64>,
    /// With `format=json`: the part ends before this line, and at the end of the log unless said; without `after` it holds
    /// the last lines before that.
    #[param(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    before: Option<i64>,
    /// With `format=json`: at most so many lines. There may be fewer, when they are long.
    #[param(minimum = 1, maximum = 5000, default = 1000, example = 1000)]
    limit: Option<i64>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    Text,
    Json,
}

/// The stream that follows a deployment. Each event has a name in `event:`, JSON in `data:`, and in `id:`
/// the number of the last line sent before it. `log` holds a `LogEvent`, `step` a `StepView`, `status` and
/// `done` a `StatusEvent`; after `done` the stream ends. Lines that begin with `:` keep the connection alive.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema only")]
#[schema(value_type = serde_json::Value)]
pub(super) struct EventStream(String);

const EVENTS: &str = "event: status\nid: 0\ndata: {\"status\":\"building\",\"status_message\":null,\"waiting_on\":null,\"deployment_url\":null,\
    \"preview_url\":null,\"error_message\":null}\n\n\
    event: step\nid: 0\ndata: {\"name\":\"build\",\"state\":\"running\",\"started_at\":\"2026-03-14T09:26:53.589793Z\",\
    \"completed_at\":null,\"progress\":null,\"first_line\":1}\n\n\
    event: log\nid: 1\ndata: {\"seq\":1,\"stream\":\"stdout\",\"step\":\"build\",\"at\":\"2026-03-14T09:26:54.102Z\",\"text\":\"built in 1.21s\"}\n\n\
    event: done\nid: 1\ndata: {\"status\":\"success\",\"status_message\":null,\"waiting_on\":null,\
    \"deployment_url\":\"http://127.0.0.1:20000/\",\"preview_url\":null,\"error_message\":null}\n\n";

/// One line, as in the `log` event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogEvent)]
pub(super) struct LineView {
    /// Counts from 1.
    #[schema(minimum = 1)]
    seq: i64,
    /// Where it was written; `system` lines are ours.
    #[schema(schema_with = stream_schema)]
    stream: &'static str,
    /// What was under way when it was written.
    step: Step,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Without the line end; may hold the escape sequences of colours.
    text: String,
    /// Whether the next event continues this line; left out when not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    continued: bool,
}

impl LineView {
    pub(super) fn new(number: i64, step: Step, line: &LogLine) -> Self {
        Self {
            seq: number,
            stream: LogSource::try_from(line.source).unwrap_or(LogSource::System).as_str(),
            step,
            at: Timestamp::from_millis(line.at_unix_ms),
            text: display::with_colours(&line.text),
            continued: line.continued,
        }
    }
}

fn stream_schema() -> Schema {
    let words = [LogSource::Stdout, LogSource::Stderr, LogSource::System].map(LogSource::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build().into()
}

/// Where the deployment stands, as in the events `status` and `done`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatusEvent)]
pub(super) struct StatusView<'a> {
    status: Status,
    status_message: Option<&'a str>,
    /// Who must do something at the provider before it goes on.
    waiting_on: Option<&'a WaitingOn>,
    #[schema(format = "uri")]
    deployment_url: Option<&'a str>,
    #[schema(format = "uri")]
    preview_url: Option<&'a str>,
    error_message: Option<&'a str>,
}

/// Follows a deployment: events `log`, `step`, `status` and at the end `done`. The id of each event
/// is the number of the last line sent; `Last-Event-ID` resumes behind it.
#[utoipa::path(get, path = "/api/deployments/{id}/logs", tag = "deployments", operation_id = "follow_deployment_log",
    params(("id" = DeploymentId, Path), LogQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "the `id` of the last event that was received", minimum = 0, maximum = 9_007_199_254_740_991_i64)),
    responses((status = 200, description = "events, text with `format=text`, or a part with `format=json`",
        headers(("Content-Disposition" = String, description = "a file name, with `format=text`")),
        content(
            (EventStream = "text/event-stream", example = json!(EVENTS)),
            (LogRange = "application/json"),
            (String = "text/plain", example = json!("$ npm run build\nvite v7.1.0 building for production...\n"))))))]
pub(super) async fn logs(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<DeploymentId>,
    Params(query): Params<LogQuery>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let deployment = own_deployment(&app, &user, Action::Read, id).await?;
    let last_line = match headers.get(LAST_EVENT_ID) {
        None => 0,
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|value| value.parse().ok())
            .filter(|last| (0..=LARGEST_EVENT_ID).contains(last))
            .ok_or_else(|| Error::invalid("`Last-Event-ID` must be the id of an event of this stream"))?,
    };
    let wanted = Wanted::new(query.after, query.before, query.limit)?;
    match query.format {
        Some(Format::Text) => return Ok(download(app.logs, id)),
        Some(Format::Json) => {
            return Ok(Json(LogRange::read(&app, &deployment, wanted).await?).into_response());
        }
        None => {}
    }
    let counted = LogStream::begin(&app.allowances, user.id)?;
    let follower = Follower::new(app.logs, app.store, &app.bus, app.clock, id, last_line);
    Ok(Sse::new(events(follower, last_line, counted)).keep_alive(KeepAlive::default()).into_response())
}

fn events(follower: Follower, last_line: i64, counted: LogStream) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    let batches =
        futures::stream::unfold((follower, last_line, counted), |(mut follower, mut last_line, counted)| async move {
            let events = match follower.next().await {
                Ok(events) if events.is_empty() => return None,
                Ok(events) => events,
                Err(error) => {
                    // The client comes back with `Last-Event-ID` and goes on where it was.
                    tracing::error!(error = format!("{error:#}"), "a log stream ends early");
                    return None;
                }
            };
            let mut batch = Vec::with_capacity(events.len());
            for event in events {
                if let Event::Log(number, ..) = &event {
                    last_line = *number;
                }
                batch.push(sse_event(event).map(|sent| sent.id(last_line.to_string())));
            }
            Some((batch, (follower, last_line, counted)))
        });
    batches.flat_map(futures::stream::iter).filter_map(|event| async { event.ok().map(Ok) })
}

fn sse_event(event: Event) -> Result<SseEvent, axum::Error> {
    match event {
        Event::Log(number, step, line) => {
            SseEvent::default().event("log").json_data(LineView::new(number, step, &line))
        }
        Event::Step(step) => SseEvent::default().event("step").json_data(StepView::from(step)),
        Event::Status(deployment) => SseEvent::default().event("status").json_data(status_view(&deployment)),
        Event::Done(deployment) => SseEvent::default().event("done").json_data(status_view(&deployment)),
    }
}

fn status_view(deployment: &Deployment) -> StatusView<'_> {
    StatusView {
        status: deployment.status,
        status_message: deployment.status_message.as_deref(),
        waiting_on: deployment.waiting_on.as_deref(),
        deployment_url: deployment.deployment_url.as_deref(),
        preview_url: deployment.preview_url.as_deref(),
        error_message: deployment.error_message.as_deref(),
    }
}

/// The stored log as text, read a few segments at a time.
fn download(logs: Logs, id: DeploymentId) -> Response {
    let pieces = futures::stream::try_unfold((logs, 1), move |(logs, next_line)| async move {
        let lines = logs.lines(id, next_line).await.map_err(std::io::Error::other)?;
        let Some((last, _)) = lines.last() else { return Ok::<_, std::io::Error>(None) };
        let next_line = last + 1;
        let mut text = String::new();
        for (_, line) in &lines {
            text.push_str(&display::plain(&line.text));
            if !line.continued {
                text.push('\n');
            }
        }
        Ok(Some((text, (logs, next_line))))
    });
    let mut response = Response::new(HttpBody::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"deployment-{id}.log\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
