//! `slipway serve`: a control plane until a signal ends it.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::{EXIT_FAILED, EXIT_USAGE, ServeArgs, fail, load_config, path_flag};
use crate::clock::Clock;
use crate::config::Config;
use crate::control_plane::ControlPlane;
use crate::error::Error;
use crate::observe::service_manager;
use crate::observe::telemetry::Telemetry;
use crate::secrets::keep_memory_private;

pub(super) async fn run(args: ServeArgs) -> ExitCode {
    let telemetry = match Telemetry::start("info,sqlx=warn") {
        Ok(telemetry) => telemetry,
        Err(problem) => return fail(EXIT_USAGE, &problem),
    };
    let code = serve(args).await;
    telemetry.flush();
    code
}

async fn serve(args: ServeArgs) -> ExitCode {
    keep_memory_private();
    let mut flags = Vec::new();
    flags.extend(args.http.map(|address| ("http_listen", address.to_string())));
    flags.extend(args.grpc.map(|address| ("grpc_listen", address.to_string())));
    flags.extend(path_flag("data_dir", args.data_dir.as_ref()));
    let config = match load_config(args.config.as_ref(), flags) {
        Ok(config) => config,
        Err(error) => return fail(EXIT_USAGE, &format!("{:#}", anyhow::Error::new(error))),
    };
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return fail(EXIT_USAGE, "cannot listen for signals");
    };
    let control_plane = match ControlPlane::start(&config, Clock::system()).await {
        Ok(control_plane) => control_plane,
        Err(error) => return fail(EXIT_USAGE, &error.to_string()),
    };
    tracing::info!(
        "serving REST on http://{}, agents on https://{}, data in {}",
        control_plane.http_address,
        control_plane.grpc_address,
        config.data_dir.display()
    );
    if let Err(error) = welcome(&control_plane, &config).await {
        return fail(EXIT_FAILED, &format!("the database failed: {error}"));
    }

    let status = format!("serving REST on {}, agents on {}", control_plane.http_address, control_plane.grpc_address);
    service_manager::ready(&status);
    tokio::spawn(service_manager::keep_alive(control_plane.app.store.clone(), control_plane.app.draining.clone()));

    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    tracing::info!("shutting down; a second signal ends at once");
    service_manager::stopping();
    tokio::select! {
        () = control_plane.shut_down() => ExitCode::SUCCESS,
        _ = terminate.recv() => ExitCode::from(EXIT_FAILED),
        _ = interrupt.recv() => ExitCode::from(EXIT_FAILED),
    }
}

/// Tells how the first person gets in.
async fn welcome(control_plane: &ControlPlane, config: &Config) -> Result<(), Error> {
    let url = control_plane.app.access.base_url();
    let is_loopback = control_plane.http_address.ip().is_loopback();
    if url.scheme() != "https" && !is_loopback {
        tracing::warn!("people sign in over plain HTTP: set `public_url` to the https:// address they use");
    }
    if config.bootstrap_token.is_some() {
        return Ok(());
    }
    if let Some(link) = control_plane.app.access.new_setup_link().await? {
        // Not through the log, which is kept and shipped: whoever has this link is the administrator.
        eprintln!("Nobody has a password yet. Set up the first person, once, within 24 hours:\n  {link}");
    }
    Ok(())
}
