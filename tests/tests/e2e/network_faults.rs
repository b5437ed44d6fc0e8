//! A deployment over a network that fails at random: what comes of it is what comes of it over a good one.

use std::time::{Duration, Instant};

use slipway_tests::crashing::{Crash, Outcome, lines, run};
use tokio::task::JoinSet;

/// In the short sweep: enough for every kind of fault.
const SEEDS: u64 = 6;
const AT_ONCE: usize = 4;
/// How long nobody is told that a connection is dead: briefly, and in the long sweep as long as it may take until
/// both sides find out by themselves.
const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(40);

/// `CHAOS_SECONDS`, as `make chaos` sets it.
fn long_sweep() -> Option<Duration> {
    std::env::var("CHAOS_SECONDS").ok()?.parse().ok().map(Duration::from_secs)
}

#[tokio::test]
async fn whatever_the_network_does_a_deployment_ends_as_over_a_good_one() {
    let reference = run(&Crash { is_long: true, ..Crash::default() }).await.outcome;
    assert_eq!((reference.status.as_str(), reference.releases.len()), ("success", 1), "{}", reference.log);
    let (began, limit) = (Instant::now(), long_sweep());
    let again = std::env::var("NETWORK_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut seeds = match (again, limit) {
        (Some(seed), _) => seed..seed + 1,
        // Other ones each time, and told, so that they can be tried again.
        (None, Some(_)) => u64::from(std::process::id()) << 20..u64::MAX,
        (None, None) => 0..SEEDS,
    };
    let longest = if limit.is_some() { LONG } else { SHORT };
    let mut running = JoinSet::new();
    let (mut done, mut faults) = (0, 0);
    loop {
        while running.len() < AT_ONCE && limit.is_none_or(|limit| began.elapsed() < limit) {
            let Some(seed) = seeds.next() else { break };
            running.spawn(async move {
                let crash = Crash { network: Some((seed, longest)), is_long: true, ..Crash::default() };
                (seed, run(&crash).await)
            });
        }
        let Some(ended) = running.join_next().await else { break };
        let (seed, run) = ended.expect("a run ends");
        println!("seed {seed}: {} faults", run.faults);
        let rest = |outcome: &Outcome| Outcome { log: String::new(), ..outcome.clone() };
        assert_eq!(rest(&run.outcome), rest(&reference), "seed {seed}: {}", run.outcome.log);
        assert_eq!(lines(&run.outcome.log), lines(&reference.log), "seed {seed}: the log");
        done += 1;
        faults += run.faults;
    }
    println!("{done} runs with {faults} faults");
    assert!(faults > 0, "the network was too good: no fault in {done} runs");
}
