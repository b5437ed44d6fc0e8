//! `slipway audit`: the audit log, straight from the data directory.

use std::io::Write;
use std::process::ExitCode;

use futures::TryStreamExt;

use super::AuditCommand;
use super::admin::{open, report};
use crate::api::lines;
use crate::store::{AuditFilter, AuditScope};

pub(super) async fn run(command: AuditCommand) -> ExitCode {
    let AuditCommand::Export { since, until, admin } = command;
    report(
        async {
            let (store, _) = open(&admin).await?;
            let filter = AuditFilter { since, until, ..AuditFilter::of(AuditScope::All) };
            let mut lines = std::pin::pin!(lines(store, filter));
            let mut output = std::io::stdout().lock();
            while let Some(text) = lines.try_next().await? {
                output.write_all(text.as_bytes())?;
            }
            Ok(output.flush()?)
        }
        .await,
    )
}
