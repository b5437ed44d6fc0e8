//! The steps of one job: prepare, install, build, package, upload.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use slipway_proto::limits;
use slipway_proto::plan::BuildPlan;
use slipway_proto::v1::job_event::Kind;
use slipway_proto::v1::{ArtifactKind, FailureCode, PlanDetected, Step, StepFinished, StepStarted};

use super::output::Output;
use super::runner::Runner;
use super::{Failure, Halt, Job};
use crate::artifact::{Collected, SourceRules, Upload, UploadError, collect, git_remote};
use crate::build::{
    BuildCgroup, BuildCommand, BuildUser, Cgroups, CommandError, CommandOutcome, Environment, SearchPath,
};
use crate::clock::now_unix_ms;
use crate::detect::{Detected, Overrides, detect};
use crate::directories::JobDir;
use crate::git::{EXPORT_SCRIPT, ExportDir, Wanted, prune};
use crate::workspace::snapshot;

/// Words that a shell understands itself (POSIX, 2.4 and 2.14, and the usual built-in utilities):
/// a command that begins with one of them needs no program of that name.
const SHELL_WORDS: [&str; 40] = [
    ".", ":", "[", "alias", "bg", "case", "cd", "command", "echo", "eval", "exec", "exit", "export", "false", "fg",
    "for", "getopts", "hash", "if", "jobs", "kill", "local", "printf", "pwd", "read", "readonly", "return", "set",
    "shift", "test", "times", "trap", "true", "type", "ulimit", "umask", "unset", "until", "wait", "while",
];
/// How long the end of a command waits for its last lines to be stored.
const LOG_WAIT: Duration = Duration::from_millis(500);
/// What a shell answers when it does not find a program.
const NOT_FOUND: i32 = 127;

/// How a build is told of the trace it belongs to, as other tools do it.
const TRACE_VARIABLE: &str = "TRACEPARENT";
/// What the lines begin with in which an export says why it cannot be.
const REFUSAL: &str = "slipway error: ";

/// A job on its way.
pub(super) struct Steps<'a> {
    pub(super) runner: &'a Runner,
    pub(super) job: &'a Arc<Job>,
    pub(super) build_user: BuildUser,
    /// The one under way, to say where a failure happened.
    pub(super) step: &'a mut Step,
    /// Made when something has to be run.
    pub(super) directory: &'a mut Option<JobDir>,
    /// What bounds its commands, where the sandbox has such groups.
    pub(super) group: Option<Arc<BuildCgroup>>,
}

impl Steps<'_> {
    /// From the order to the id of the committed artifact.
    pub(super) async fn run(&mut self) -> Result<String, Halt> {
        self.job.interrupt.check()?;
        if self.job.order.artifact() == ArtifactKind::Git {
            return self.export_git().await;
        }
        self.start(Step::Prepare);
        let (detected, environment) = self.prepare().await?;
        self.finish(Step::Prepare, false);

        // Where nothing runs, nothing needs a tree of its own.
        let tree = match (&environment, &*self.directory) {
            (Some(_), Some(directory)) => directory.workspace(),
            _ => self.runner.workspace.clone(),
        };
        let project = inside(&tree, &detected.plan.root_dir);
        let install_dir = inside(&tree, &detected.install_dir);
        let plan = &detected.plan;
        self.command(Step::Install, plan.install_command.as_deref(), &install_dir, environment.as_ref()).await?;
        self.command(Step::Build, plan.build_command.as_deref(), &project, environment.as_ref()).await?;

        self.start(Step::Package);
        let output = Output::of(&detected, tree, project);
        let mut collected = self.package(&output).await?;
        self.finish(Step::Package, false);

        self.start(Step::Upload);
        self.job.close_log();
        let upload = Upload { address: &self.runner.address, identity: &self.runner.identity, job: self.job };
        let mut outcome = upload.run(&collected).await;
        if let Err(UploadError::Changed(_)) = &outcome {
            self.runner.known.forget();
            collected = self.package(&output).await?;
            outcome = upload.run(&collected).await;
        }
        outcome.map_err(Halt::from)
    }

    /// Packs the workspace as git objects, and nothing of it is built.
    async fn export_git(&mut self) -> Result<String, Halt> {
        self.start(Step::Prepare);
        let directory = self.prepare_directory()?;
        let (temporary, home) = (directory.temporary(), directory.home().to_owned());
        let preparing = |error| Failure::io(FailureCode::Internal, "preparing the export", &temporary, &error);
        let export = ExportDir::prepare(&temporary, self.build_user).map_err(preparing)?;
        let workspace = self.runner.workspace.clone();
        let variables = export.variables(&home, &workspace, now_unix_ms() / 1000, Wanted::Export);
        let environment = Environment::new(&SearchPath::from_environment(), &home, &temporary, &variables)
            .map_err(|error| Failure::new(FailureCode::Internal, error.to_string()))?;
        *self.directory = Some(directory);
        self.finish(Step::Prepare, false);
        for skipped in [Step::Install, Step::Build] {
            self.finish(skipped, true);
        }

        self.start(Step::Package);
        // While git looks through the workspace, the remote is asked what it has.
        let output = export.output();
        let ask = async {
            let upload = Upload { address: &self.runner.address, identity: &self.runner.identity, job: self.job };
            let remote = git_remote(&upload).await;
            match &remote {
                Ok(remote) => export.tell(remote).map_err(preparing)?,
                Err(_) => export.give_up().map_err(preparing)?,
            }
            remote.map(drop).map_err(Halt::from)
        };
        let (told, outcome) = tokio::join!(ask, self.run_shell(EXPORT_SCRIPT, "git", &workspace, &environment));
        told?;
        let outcome = outcome?;
        if outcome.exit_code != 0 {
            let line = outcome.last_line.unwrap_or_else(|| format!("git ended with code {}", outcome.exit_code));
            let message = line.strip_prefix(REFUSAL).unwrap_or(&line);
            return Err(Failure::new(FailureCode::OutputRefused, message).into());
        }
        let (job, known) = (self.job.clone(), self.runner.known.clone());
        let mut collected = off_thread(move || collect(&output, SourceRules::Output, &known, &job.interrupt)).await?;
        collected.manifest.kind = ArtifactKind::Git.into();
        if let Some(source) = export.source() {
            self.job.report(Kind::SourceFound(source));
        }
        self.finish(Step::Package, false);

        self.start(Step::Upload);
        self.job.close_log();
        let upload = Upload { address: &self.runner.address, identity: &self.runner.identity, job: self.job };
        let uploaded = upload.run(&collected).await?;
        off_thread(move || {
            prune(&home, &workspace);
            Ok(())
        })
        .await?;
        Ok(uploaded)
    }

    fn start(&mut self, step: Step) {
        *self.step = step;
        self.job.report(Kind::StepStarted(StepStarted { step: step.into() }));
    }

    fn finish(&self, step: Step, skipped: bool) {
        self.job.report(Kind::StepFinished(StepFinished { step: step.into(), skipped }));
    }

    async fn prepare(&mut self) -> Result<(Detected, Option<Environment>), Halt> {
        let overrides = Overrides {
            request: self.job.order.overrides.clone().unwrap_or_default(),
            target: self.job.order.target.clone().unwrap_or_default(),
        };
        let workspace = self.runner.workspace.clone();
        let detected = off_thread(move || {
            let detected = detect(&workspace, &overrides);
            detected.and_then(|detected| detected.into_static(&workspace)).map_err(|error| {
                let code = error.failure_code();
                Halt::Failed(Failure::new(code, error.to_string()))
            })
        })
        .await?;
        let plan_json = encode_plan(&detected.plan).map_err(|error| Failure::new(FailureCode::Internal, error))?;
        self.job.report(Kind::PlanDetected(PlanDetected { plan_json }));
        for warning in &detected.plan.warnings {
            self.job.log.say(&format!("warning: {warning}")).map_err(|error| self.unlogged(&error))?;
        }
        if !detected.runs_commands() && !self.job.order.wants_source {
            return Ok((detected, None));
        }
        let directory = self.prepare_directory()?;
        if self.job.order.wants_source {
            self.name_source(&directory).await?;
        }
        if !detected.runs_commands() {
            *self.directory = Some(directory);
            return Ok((detected, None));
        }
        if let Some(cgroups) = &self.runner.cgroups {
            match cgroups.for_job(&self.job.id) {
                Ok(group) => self.group = Some(Arc::new(group)),
                Err(error) => tracing::warn!(job.id = self.job.id, %error, "the build has no control group"),
            }
            self.runner.jobs.set_group(self.group.clone());
        }
        let environment = self.environment(&detected, &directory);
        let to = self.directory.insert(directory).workspace();
        let environment = environment?;
        let (from, user, job) = (self.runner.workspace.clone(), self.build_user, self.job.clone());
        off_thread(move || snapshot(&from, &to, user, &job.interrupt)).await?;
        Ok((detected, Some(environment)))
    }

    /// Says what the workspace is. That it cannot be told is in nobody's way.
    async fn name_source(&self, directory: &JobDir) -> Result<(), Halt> {
        let (temporary, home, workspace) = (directory.temporary(), directory.home(), &self.runner.workspace);
        let name = async {
            let export = ExportDir::prepare(&temporary, self.build_user).ok()?;
            let variables = export.variables(home, workspace, now_unix_ms() / 1000, Wanted::Tree);
            let environment = Environment::new(&SearchPath::from_environment(), home, &temporary, &variables).ok()?;
            Some((self.run_shell(EXPORT_SCRIPT, "git", workspace, &environment).await, export))
        };
        match name.await {
            Some((Err(Halt::Interrupted), _)) => return Err(Halt::Interrupted),
            Some((Ok(outcome), export)) if outcome.exit_code == 0 => {
                if let Some(source) = export.source() {
                    self.job.report(Kind::SourceFound(source));
                }
            }
            _ => tracing::info!(job.id = self.job.id, "git does not say what the workspace is"),
        }
        Ok(())
    }

    fn prepare_directory(&self) -> Result<JobDir, Failure> {
        self.runner.builds.prepare(&self.job.id, self.build_user).map_err(|error| {
            Failure::io(FailureCode::Internal, "making the build directory", self.runner.builds.path(), &error)
        })
    }

    fn environment(&self, detected: &Detected, directory: &JobDir) -> Result<Environment, Failure> {
        let project = inside(&directory.workspace(), &detected.plan.root_dir);
        let mut build = self.job.order.env.clone().unwrap_or_default().variables;
        let trace = &self.job.order.traceparent;
        if is_traceparent(trace) {
            build.entry(TRACE_VARIABLE.to_owned()).or_insert_with(|| trace.clone());
        }
        let path = search_path(&project);
        Environment::new(&path, directory.home(), &directory.temporary(), &build)
            .map_err(|error| Failure::new(FailureCode::Internal, error.to_string()))
    }

    /// Runs a step's command, if there is one.
    async fn command(
        &mut self,
        step: Step,
        command: Option<&str>,
        directory: &Path,
        environment: Option<&Environment>,
    ) -> Result<(), Halt> {
        self.job.interrupt.check()?;
        let (Some(command), Some(environment)) = (command, environment) else {
            self.finish(step, true);
            return Ok(());
        };
        self.start(step);
        check_tools(step, command, directory)?;
        let log = &self.job.log;
        log.say(&format!("$ {command}")).map_err(|error| self.unlogged(&error))?;
        let outcome = self.run_shell(command, command, directory, environment).await?;
        log.deliver(LOG_WAIT).await;
        if outcome.exit_code == 0 {
            self.finish(step, false);
            return Ok(());
        }
        if self.group.as_deref().is_some_and(BuildCgroup::is_out_of_memory) {
            return Err(self.out_of_memory(command, outcome.exit_code).into());
        }
        Err(command_failure(step, command, outcome.exit_code, outcome.last_line.as_deref(), directory).into())
    }

    /// Runs shell commands, which people know as `name`, to their end.
    async fn run_shell(
        &self,
        command: &str,
        name: &str,
        directory: &Path,
        environment: &Environment,
    ) -> Result<CommandOutcome, Halt> {
        let build =
            BuildCommand { command, directory, environment, user: self.build_user, group: self.group.as_deref() };
        // Behind a pointer: otherwise the whole of it is in the program once for each of its callers.
        let run: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(build.run(&self.job.log, &self.job.interrupt));
        run.await.map_err(|error| match error {
            CommandError::Interrupted => Halt::Interrupted,
            CommandError::Log(error) => self.unlogged(&error).into(),
            CommandError::Start(error) => {
                Failure::io(FailureCode::Internal, &format!("starting `{name}`"), directory, &error).into()
            }
        })
    }

    fn out_of_memory(&self, command: &str, exit_code: i32) -> Failure {
        let limit = self.runner.cgroups.as_ref().and_then(Cgroups::memory_limit);
        let allowed = limit.map_or("there is".to_owned(), |bytes| format!("the {} MiB it may", bytes / (1024 * 1024)));
        let message = format!(
            "`{command}` was ended because it used more memory than {allowed}; give the sandbox more, or let the build use less"
        );
        Failure { exit_code: Some(exit_code), ..Failure::new(FailureCode::OutOfMemory, message) }
    }

    fn unlogged(&self, error: &std::io::Error) -> Failure {
        Failure::io(FailureCode::Internal, "keeping the log", Path::new(&self.job.id), error)
    }

    async fn package(&self, output: &Output) -> Result<Collected, Halt> {
        let (output, job, known) = (output.clone(), self.job.clone(), self.runner.known.clone());
        off_thread(move || {
            let (directory, rules) = output.find()?;
            collect(&directory, rules, &known, &job.interrupt)
        })
        .await
    }
}

/// Blocking work; a panic in it is a failure of the job, not of the agent.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, Halt> + Send + 'static) -> Result<T, Halt> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Failure::new(FailureCode::Internal, format!("the agent failed: {error}; this is a defect")).into())
    })
}

/// A directory of a tree, without `.` in its path: it is seen by builds.
fn inside(tree: &Path, relative: impl AsRef<Path>) -> PathBuf {
    tree.join(relative).components().collect()
}

fn search_path(project: &Path) -> SearchPath {
    // Where package managers put the tools of the project.
    SearchPath::from_environment()
        .with_first(project.join("vendor/bin"))
        .with_first(project.join(".venv/bin"))
        .with_first(project.join("node_modules/.bin"))
}

/// Says in a sentence what a shell would say in its own words.
fn check_tools(step: Step, command: &str, directory: &Path) -> Result<(), Failure> {
    let missing = |message: String| Err(Failure::new(FailureCode::ToolMissing, message));
    if !Path::new("/bin/sh").exists() {
        return missing(
            "there is no /bin/sh in this sandbox, and commands need one; use an image with a shell".to_owned(),
        );
    }
    let first = command.split_whitespace().next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+');
    let names_a_program = first.chars().all(is_plain) && !SHELL_WORDS.contains(&first);
    if names_a_program && search_path(directory).find(first).is_none() {
        let setting = if step == Step::Install { "install_command" } else { "build_command" };
        return missing(format!(
            "`{first}` is not installed in this sandbox; install it in the image, or set {setting}"
        ));
    }
    Ok(())
}

/// Whether it has the form of the W3C's recommendation Trace Context, 3.2: digits in groups.
fn is_traceparent(text: &str) -> bool {
    text.len() == 55 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn command_failure(step: Step, command: &str, exit_code: i32, last_line: Option<&str>, directory: &Path) -> Failure {
    let is_full = last_line.is_some_and(|line| line.contains("ENOSPC") || line.contains("No space left on device"));
    let code = match (exit_code, step) {
        _ if is_full => FailureCode::DiskFull,
        (NOT_FOUND, _) => FailureCode::ToolMissing,
        (_, Step::Install) => FailureCode::InstallFailed,
        _ => FailureCode::BuildFailed,
    };
    let mut message = match code {
        FailureCode::DiskFull => {
            format!(
                "the sandbox's disk is full: `{command}` failed in {}; free space and deploy again",
                directory.display()
            )
        }
        FailureCode::ToolMissing => {
            format!("`{command}` failed because a program it needs is not installed in this sandbox")
        }
        _ => format!("`{command}` failed with exit code {exit_code}"),
    };
    if let Some(line) = last_line {
        message.push_str(": ");
        message.push_str(line);
    }
    Failure { exit_code: Some(exit_code), ..Failure::new(code, message) }
}

/// A plan as it travels. A large monorepo's is shortened to what matters.
pub(crate) fn encode_plan(plan: &BuildPlan) -> Result<Vec<u8>, String> {
    let encode = |plan: &BuildPlan| serde_json::to_vec(plan).map_err(|error| error.to_string());
    let encoded = encode(plan)?;
    if encoded.len() <= limits::PLAN_BYTES {
        return Ok(encoded);
    }
    let mut short = plan.clone();
    short.alternatives.clear();
    if let Some(monorepo) = &mut short.monorepo {
        monorepo.packages.clear();
    }
    let encoded = encode(&short)?;
    if encoded.len() > limits::PLAN_BYTES {
        Err("the build plan is larger than 32 KiB; shorten the commands".to_owned())
    } else {
        Ok(encoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(step: Step, exit_code: i32, last_line: Option<&str>, code: FailureCode, message: &str) {
        let failure = command_failure(step, "npm run build", exit_code, last_line, Path::new("/w"));
        assert_eq!((failure.code, failure.message.as_str()), (code, message));
        assert_eq!(failure.exit_code, Some(exit_code));
    }

    #[test]
    fn failures_say_what_happened() {
        use FailureCode::{BuildFailed, DiskFull, InstallFailed, ToolMissing};
        let line = Some("error TS2322: no");
        check(Step::Build, 2, line, BuildFailed, "`npm run build` failed with exit code 2: error TS2322: no");
        check(Step::Install, 1, None, InstallFailed, "`npm run build` failed with exit code 1");
        let missing =
            "`npm run build` failed because a program it needs is not installed in this sandbox: sh: vite: not found";
        check(Step::Build, 127, Some("sh: vite: not found"), ToolMissing, missing);
        let full = "the sandbox's disk is full: `npm run build` failed in /w; free space and deploy again: npm error code ENOSPC";
        check(Step::Build, 1, Some("npm error code ENOSPC"), DiskFull, full);
    }

    #[test]
    fn a_missing_tool_is_named_before_it_is_run() {
        let directory = Path::new("/nonexistent");
        assert!(check_tools(Step::Build, "echo hello", directory).is_ok());
        if SearchPath::from_environment().find("bunx").is_none() {
            let failure = check_tools(Step::Install, "bunx thing", directory).unwrap_err();
            let expected = "`bunx` is not installed in this sandbox; install it in the image, or set install_command";
            assert_eq!((failure.code, failure.message.as_str()), (FailureCode::ToolMissing, expected));
        }
    }
}
