//! `kill -9` of the control plane at every point where something becomes durable: what comes of a deployment
//! is what comes of it without a crash.

use slipway_tests::crashing::{Crash, Outcome, Points, Run, lines, run};
use tokio::task::JoinSet;

/// Lives at the same time; each has a control plane, an agent and a build.
const AT_ONCE: usize = 4;
/// What is reached more often is the same again.
const MOST_TIMES: usize = 20;

/// The whole path without a crash, and the points on it.
async fn undisturbed() -> Run {
    let reference = run(&Crash::default()).await;
    let Outcome { status, is_complete, releases, log, deployments, .. } = &reference.outcome;
    assert_eq!((status.as_str(), is_complete, releases.len(), deployments), ("success", &true, 1, &1), "{log}");
    for number in 1..=8 {
        assert!(log.contains(&format!("line {number}")) && log.contains(&format!("warning {number}")), "{log}");
    }
    reference
}

async fn sweep(crashes: Vec<Crash>, check: impl Fn(&Crash, &Run)) {
    let mut waiting = crashes.into_iter();
    let mut running = JoinSet::new();
    let mut start = |running: &mut JoinSet<(Crash, Run)>| {
        if let Some(crash) = waiting.next() {
            running.spawn(async move {
                let outcome = run(&crash).await;
                (crash, outcome)
            });
        }
    };
    for _ in 0..AT_ONCE {
        start(&mut running);
    }
    while let Some(done) = running.join_next().await {
        let (crash, run) = done.expect("a run ends");
        check(&crash, &run);
        start(&mut running);
    }
}

/// Every point, and with `CHAOS_SECONDS` (`make chaos`) every time that it is reached, too.
fn places(points: &Points, is_each_time: impl Fn(&str) -> bool) -> Vec<String> {
    let is_long = std::env::var_os("CHAOS_SECONDS").is_some();
    let mut places = Vec::new();
    for (point, &count) in points {
        let times = if is_long || is_each_time(point) { count.min(MOST_TIMES) } else { 1 };
        places.extend((1..=times).map(|time| format!("{point}#{time}")));
    }
    places
}

#[tokio::test]
async fn a_crash_of_the_control_plane_at_any_point_changes_nothing() {
    let reference = undisturbed().await;
    let points = &reference.points.0;
    // Every commit is a point by itself (`Tx::commit`, `Store::write`); what is durable besides has a name.
    println!("{} crash points: {points:#?}", points.len());
    assert!(points.len() >= 60, "only {} crash points on the whole path", points.len());
    // Each event of the agent is another state of the deployment.
    let places = places(points, |point| point.starts_with("after") && point.contains("orchestrator/events.rs"));
    let crashes = places.into_iter().map(|place| Crash { control_plane: Some(place), ..Crash::default() }).collect();
    sweep(crashes, |crash, run| {
        let place = crash.control_plane.as_deref().unwrap_or_default();
        // How often a point is reached depends on the time, but each is reached.
        assert!(run.deaths.0 == 1 || !place.ends_with("#1"), "{place} was not reached");
        let expected = &reference.outcome;
        assert_eq!(lines(&run.outcome.log), lines(&expected.log), "{place}: the log");
        let rest = |outcome: &Outcome| Outcome { log: String::new(), ..outcome.clone() };
        assert_eq!(rest(&run.outcome), rest(expected), "{place}");
    })
    .await;
}

/// Whether `part` is the beginning of `whole`.
fn begins<T: PartialEq>(whole: &[T], part: &[T]) -> bool {
    whole.starts_with(part)
}

#[tokio::test]
async fn a_crash_of_the_agent_at_any_write_of_its_journal_is_told_as_what_it_is() {
    let reference = undisturbed().await;
    let points = &reference.points.1;
    println!("{} crash points of the agent: {points:#?}", points.len());
    assert!(points.len() >= 14, "only {} crash points of the agent", points.len());
    let crashes = places(points, |point| point.contains("step"))
        .into_iter()
        .map(|place| Crash { agent: Some(place), ..Crash::default() })
        .collect();
    let expected = &reference.outcome;
    sweep(crashes, |crash, run| {
        let (place, outcome) = (crash.agent.as_deref().unwrap_or_default(), &run.outcome);
        assert!(run.deaths.1 == 1 || !place.ends_with("#1"), "{place} was not reached");
        assert_eq!(outcome.deployments, 1, "{place}");
        let ((out, err, _), (all_out, all_err, _)) = (lines(&outcome.log), lines(&expected.log));
        if outcome.status == "success" {
            assert_eq!(outcome.releases, expected.releases, "{place}");
            assert_eq!((out, err), (all_out, all_err), "{place}: the log");
        } else {
            // Builds are not resumed, and nothing is published of half of one.
            let error = outcome.error.as_deref().unwrap_or_default();
            assert!(error.contains("agent") && error.contains("Deploy again"), "{place}: {error}");
            assert_eq!(outcome.releases, [], "{place}");
            assert!(begins(&all_out, &out) && begins(&all_err, &err), "{place}: {}", outcome.log);
        }
        assert!(outcome.is_complete, "{place}: all that the agent has printed is there");
    })
    .await;
}
