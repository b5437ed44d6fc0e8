//! What `slipway up` shows: a live display on a terminal, plain lines elsewhere, JSON events for
//! programs.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use url::Url;

use super::live_url;
use crate::api::StepView;
use crate::clock::Timestamp;
use crate::deployments::display;
use crate::deployments::follow::Event;
use crate::deployments::status::{Status, StepState};
use crate::ids::DeploymentId;
use crate::store::{Deployment, LogLine, LogSource, StepRow};

const SPINNER_INTERVAL: Duration = Duration::from_millis(100);
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const RESET: &str = "\u{1b}[0m";

/// Where and how to show.
pub(super) struct Output {
    form: Form,
    api_url: String,
}

enum Form {
    Terminal(ProgressBar),
    Plain,
    Json,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        let form = if json {
            Form::Json
        } else if std::io::stdout().is_terminal() {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}") {
                spinner.set_style(style);
            }
            Form::Terminal(spinner)
        } else {
            Form::Plain
        };
        Self { form, api_url: String::new() }
    }

    /// The control plane answers.
    pub(super) fn ready(&mut self, http: SocketAddr, ui_url: &Url, token: &str) {
        let url = format!("http://{http}");
        match &self.form {
            Form::Json => emit("ready", json!({ "api_url": url, "ui_url": ui_url.as_str(), "token": token })),
            Form::Terminal(spinner) => {
                spinner.set_message("starting the agent");
                spinner.enable_steady_tick(SPINNER_INTERVAL);
            }
            Form::Plain => {}
        }
        self.api_url = url;
    }

    /// Something happened.
    pub(super) fn show(&self, event: &Event) {
        match event {
            Event::Log(number, _, line) => self.log(*number, line),
            Event::Step(step) => self.step(step),
            Event::Status(deployment) => {
                if matches!(self.form, Form::Json) {
                    emit("status", status_json(deployment));
                }
            }
            Event::Done(_) => {}
        }
    }

    fn log(&self, number: i64, line: &LogLine) {
        let source = LogSource::try_from(line.source).unwrap_or(LogSource::System);
        match &self.form {
            Form::Terminal(spinner) if source != LogSource::System => {
                spinner.println(format!("  {DIM}│{RESET} {}", display::with_colours(&line.text)));
            }
            Form::Plain if source != LogSource::System => println!("  | {}", display::plain(&line.text)),
            Form::Terminal(_) | Form::Plain => {}
            Form::Json => emit(
                "log",
                json!({
                    "seq": number,
                    "stream": source.as_str(),
                    "at": Timestamp::from_millis(line.at_unix_ms).to_string(),
                    "text": display::with_colours(&line.text),
                }),
            ),
        }
    }

    fn step(&self, step: &StepRow) {
        let name = step.step.as_str();
        let took = step.started_at.zip(step.completed_at).map(|(start, end)| end.since(start));
        let progress = step.progress_done.zip(step.progress_total);
        match (&self.form, step.state) {
            (Form::Json, _) => {
                let view = serde_json::to_value(StepView::from(step.clone())).unwrap_or_default();
                emit("step", view);
            }
            (Form::Terminal(spinner), StepState::Running) => spinner.set_message(match progress {
                Some((done, total)) if total > 0 => format!("{name} {}%", done.saturating_mul(100) / total),
                _ => name.to_owned(),
            }),
            (Form::Terminal(spinner), StepState::Done) => {
                spinner.println(format!("{GREEN}✓{RESET} {name:<8} {DIM}{}{RESET}", seconds(took)));
            }
            (Form::Terminal(spinner), StepState::Failed | StepState::Cancelled) => {
                spinner.println(format!("{RED}✗{RESET} {name:<8} {DIM}{}{RESET}", seconds(took)));
            }
            (Form::Plain, StepState::Running) if progress.is_none() => println!("{name}: started"),
            (Form::Plain, StepState::Done) => println!("{name}: done in {}", seconds(took)),
            (Form::Plain, StepState::Failed) => println!("{name}: failed after {}", seconds(took)),
            (Form::Plain, StepState::Cancelled) => println!("{name}: cancelled after {}", seconds(took)),
            (Form::Terminal(_) | Form::Plain, _) => {}
        }
    }

    /// Ctrl-C during the deployment.
    pub(super) fn cancelling(&self) {
        match &self.form {
            Form::Terminal(spinner) => spinner.set_message("cancelling (Ctrl-C again to stop waiting)"),
            Form::Plain => println!("cancelling"),
            Form::Json => {}
        }
    }

    /// The deployment has ended.
    pub(super) fn done(&self, deployment: &Deployment, took: Duration) {
        let url = live_url(deployment);
        let took_text = seconds(Some(took));
        let reason = deployment.error_message.as_deref().unwrap_or("the deployment did not succeed");
        match (&self.form, deployment.status) {
            (Form::Json, status) => {
                emit_done(status.as_str(), deployment.id, url, took, deployment.error_message.as_deref());
            }
            (Form::Terminal(spinner), Status::Success) => {
                spinner.finish_and_clear();
                println!(
                    "\n{GREEN}✓{RESET} {BOLD}Live at {}{RESET} {DIM}in {took_text}{RESET}",
                    url.unwrap_or("(nowhere)")
                );
            }
            (Form::Plain, Status::Success) => println!("Live at {} in {took_text}", url.unwrap_or("(nowhere)")),
            (Form::Terminal(spinner), Status::Cancelled) => {
                spinner.finish_and_clear();
                eprintln!("Cancelled after {took_text}; nothing was published");
            }
            (Form::Plain, Status::Cancelled) => eprintln!("Cancelled after {took_text}; nothing was published"),
            (Form::Terminal(spinner), _) => {
                spinner.finish_and_clear();
                eprintln!("\n{RED}✗{RESET} {BOLD}Failed{RESET}: {reason}");
            }
            (Form::Plain, _) => eprintln!("Failed: {reason}"),
        }
    }

    /// The run itself broke, so that the deployment could not end in order.
    pub(super) fn broken(&self, message: &str, deployment: DeploymentId, took: Duration) {
        match &self.form {
            Form::Json => emit_done("failed", deployment, None, took, Some(message)),
            Form::Terminal(spinner) => {
                spinner.finish_and_clear();
                eprintln!("slipway: {message}");
            }
            Form::Plain => eprintln!("slipway: {message}"),
        }
    }

    /// The site is served until Ctrl-C.
    pub(super) fn serving(&self) {
        match &self.form {
            Form::Json => {}
            Form::Terminal(_) => {
                println!("  {DIM}API {}   ·   Ctrl-C stops serving{RESET}", self.api_url);
            }
            Form::Plain => println!("API at {}; Ctrl-C stops serving", self.api_url),
        }
    }
}

fn status_json(deployment: &Deployment) -> Value {
    json!({
        "status": deployment.status,
        "status_message": deployment.status_message,
        "waiting_on": deployment.waiting_on,
        "error_message": deployment.error_message,
    })
}

fn emit_done(status: &str, id: DeploymentId, url: Option<&str>, took: Duration, error: Option<&str>) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let mut done = json!({ "status": status, "deployment_id": id, "url": url, "duration_ms": duration_ms });
    if let Some(error) = error {
        done["error_message"] = error.into();
    }
    emit("done", done);
}

/// One event, one line. A reader that has gone away does not stop the deployment.
fn emit(event: &str, mut fields: Value) {
    fields["event"] = event.into();
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{fields}").and_then(|()| stdout.flush());
}

fn seconds(took: Option<Duration>) -> String {
    took.map_or_else(|| "0.0s".to_owned(), |took| format!("{:.1}s", took.as_secs_f64()))
}
