//! Collecting on a real blob store, with a clock that is set.

use std::time::Instant;

use bytes::Bytes;
use futures::TryStreamExt;
use prost::Message;
use slipway_proto::v1::{ArtifactKind, Manifest, ManifestEntry};
use tempfile::TempDir;

use super::*;
use crate::ids::{ArtifactId, BackupId, DeploymentId, PackId, SandboxId, TargetId, UserId};
use crate::logs::Logs;
use crate::store::{Artifact, DeploymentRequest, LocalSite, Move, NewDeployment, Target, in_memory};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A control plane's records and objects, and a clock that is set.
struct World {
    store: Store,
    artifacts: ArtifactStore,
    collector: Collector,
    clock: Clock,
    blobs: TempDir,
    user: UserId,
    sandbox: SandboxId,
    targets: [TargetId; 2],
}

impl World {
    async fn new() -> Self {
        Self::with(in_memory().await, Retention { releases: Some(2), ..Retention::default() }).await
    }

    async fn with(store: Store, rules: Retention) -> Self {
        let blobs = tempfile::tempdir().expect("temporary directory");
        // Files have the time of the system.
        let clock = Clock::manual(Clock::system().now());
        let artifacts = ArtifactStore::open(blobs.path(), store.clone(), clock.clone()).expect("opens");
        let directory = blobs.path().to_owned();
        let collector = Collector::new(store.clone(), artifacts.clone(), directory, clock.clone(), rules);
        let mut tx = store.begin().await.expect("begins");
        let user = tx.user_named("ada", clock.now()).await.expect("user").id;
        let labels = std::collections::BTreeMap::new();
        let sandbox = tx.insert_sandbox(user, "shop", labels, clock.now()).await.expect("inserts").expect("is new").id;
        let targets = [TargetId::new(), TargetId::new()];
        for id in targets {
            let target = Target {
                id,
                user_id: user,
                provider: "local".to_owned(),
                name: id.to_string(),
                credentials_id: None,
                config: sqlx::types::Json(serde_json::json!({})),
                is_default: false,
                created_at: clock.now(),
                updated_at: clock.now(),
            };
            tx.insert_target(&target).await.expect("inserts");
        }
        tx.commit().await.expect("commits");
        Self { store, artifacts, collector, clock, blobs, user, sandbox, targets }
    }

    /// What an agent does with an offer: sends what is missing and commits.
    async fn send(&self, manifest: &Manifest, files: &[&str], offer: crate::artifacts::Offer) -> Option<Artifact> {
        if !offer.missing.is_empty() {
            let missing: Vec<_> = offer.missing.iter().map(|blob| blob.blake3).collect();
            let mut pack = self.artifacts.start_pack(offer.missing).await.expect("starts");
            for file in files.iter().filter(|file| missing.contains(blake3::hash(file.as_bytes()).as_bytes())) {
                pack.write(Bytes::copy_from_slice(file.as_bytes())).await.expect("is as announced");
            }
            self.artifacts.finish_pack(self.user, pack).await.expect("is stored");
        }
        let encoded = zstd::bulk::compress(&manifest.encode_to_vec(), 1).expect("compresses");
        self.artifacts.commit(self.user, ArtifactId::new(), manifest, encoded.into()).await.expect("commits")
    }

    async fn upload(&self, files: &[&str]) -> Artifact {
        let manifest = manifest(files);
        let offer = self.artifacts.offer(self.user, &manifest).await.expect("answers");
        self.send(&manifest, files, offer).await.expect("everything is here")
    }

    async fn deployment(&self, artifact: &Artifact, target: usize) -> DeploymentId {
        let new = NewDeployment {
            id: DeploymentId::new(),
            user_id: self.user,
            sandbox_id: self.sandbox,
            target_id: self.targets[target],
            provider: "local".to_owned(),
            environment: "production".to_owned(),
            request: DeploymentRequest::default(),
            sealed_build_env: None,
            env_version: None,
            dry_run: false,
            artifact_id: Some(artifact.id),
            metadata: serde_json::Map::new(),
        };
        let mut tx = self.store.begin().await.expect("begins");
        tx.insert_deployment(&new, self.clock.now()).await.expect("inserts");
        tx.commit().await.expect("commits");
        new.id
    }

    async fn ended(&self, id: DeploymentId, end: Move) {
        let mut tx = self.store.begin().await.expect("begins");
        let artifact = tx.deployment(id).await.expect("reads").expect("exists").artifact_id.expect("has one");
        for change in [Move::Deploy { artifact }, end] {
            let deployment = tx.deployment(id).await.expect("reads").expect("exists");
            assert!(tx.move_deployment(&deployment, change, self.clock.now()).await.expect("moves"));
        }
        tx.commit().await.expect("commits");
    }

    /// A release of a day, of files that no other has.
    async fn release(&self, name: &str, target: usize) -> (Artifact, DeploymentId) {
        let artifact = self.upload(&[name, "shared by all"]).await;
        let id = self.deployment(&artifact, target).await;
        self.ended(id, Move::Succeed { url: None, preview_url: None, message: None }).await;
        self.clock.advance(Duration::from_secs(1));
        (artifact, id)
    }

    async fn collect(&self) -> Collected {
        self.collector.collect(true).await.expect("collects")
    }

    /// Whether the artifact can be published, byte for byte.
    async fn is_whole(&self, artifact: &Artifact) -> bool {
        let Some(artifact) = self.store.artifact(artifact.id).await.expect("reads") else { return false };
        let (manifest, blobs) = self.artifacts.open_tree(&artifact).await.expect("its manifest is there");
        for entry in manifest.entries {
            let blob = &blobs[&entry.blake3];
            let bytes = self.artifacts.read_blob(blob, 0..entry.size_bytes).await.expect("its pack is there");
            let bytes: Vec<Bytes> = bytes.try_collect().await.expect("reads");
            let bytes = bytes.concat();
            assert_eq!(blake3::hash(&bytes).as_bytes().as_slice(), entry.blake3);
        }
        true
    }

    fn objects(&self, folder: &str) -> usize {
        std::fs::read_dir(self.blobs.path().join(folder)).map_or(0, Iterator::count)
    }
}

fn manifest(files: &[&str]) -> Manifest {
    let entry = |(index, content): (usize, &&str)| ManifestEntry {
        path: format!("file-{index}"),
        size_bytes: content.len() as u64,
        blake3: blake3::hash(content.as_bytes()).as_bytes().to_vec(),
        ..ManifestEntry::default()
    };
    Manifest { kind: ArtifactKind::Tree.into(), entries: files.iter().enumerate().map(entry).collect() }
}

#[tokio::test]
async fn what_may_still_be_asked_for_is_kept_and_the_rest_goes() {
    let world = World::new().await;
    let (oldest, _) = world.release("oldest", 0).await;
    let (served, served_by) = world.release("served", 0).await;
    let (second, _) = world.release("second", 0).await;
    let (newest, _) = world.release("newest", 0).await;
    let (elsewhere, _) = world.release("elsewhere", 1).await;
    let (failed, waiting) = (world.upload(&["failed"]).await, world.upload(&["waiting"]).await);
    let id = world.deployment(&failed, 0).await;
    world.ended(id, Move::Fail { message: "no".to_owned() }).await;
    world.deployment(&waiting, 0).await;
    let mut tx = world.store.begin().await.expect("begins");
    let site = LocalSite { deployment_id: served_by, artifact_id: served.id, port: 1, routing: "pages".to_owned() };
    tx.upsert_local_site(&site, world.clock.now()).await.expect("inserts");
    tx.commit().await.expect("commits");

    world.clock.advance(29 * DAY);
    assert_eq!(world.collect().await, Collected::default(), "all of it ended lately");
    world.clock.advance(2 * DAY);
    let late = world.upload(&["late"]).await;
    let id = world.deployment(&late, 1).await;
    world.ended(id, Move::Fail { message: "no".to_owned() }).await;

    let collected = world.collect().await;
    assert_eq!((collected.artifacts, collected.packs, collected.orphans), (2, 1, 0), "{collected}");
    for kept in [&served, &second, &newest, &elsewhere, &waiting, &late] {
        assert!(world.is_whole(kept).await, "{kept:?}");
    }
    for gone in [&oldest, &failed] {
        assert!(!world.is_whole(gone).await);
    }
    // The pack of the oldest release stays for the file that all the others share with it.
    assert_eq!((world.objects("packs"), world.objects("manifests")), (7, 6));
    assert_eq!(world.collect().await, Collected::default());
}

#[tokio::test]
async fn without_bounds_everything_that_was_deployed_is_kept() {
    let world = World::with(in_memory().await, Retention { releases: None, ..Retention::default() }).await;
    for name in ["one", "two", "three", "four"] {
        world.release(name, 0).await;
    }
    world.clock.advance(1000 * DAY);
    assert_eq!(world.collect().await.artifacts, 0);
    let world = World::with(in_memory().await, Retention { artifacts: None, ..Retention::default() }).await;
    let failed = world.upload(&["failed"]).await;
    let id = world.deployment(&failed, 0).await;
    world.ended(id, Move::Fail { message: "no".to_owned() }).await;
    world.clock.advance(1000 * DAY);
    assert_eq!(world.collect().await.artifacts, 0);
}

#[tokio::test]
async fn a_deployment_that_is_deleted_lets_go_of_its_artifact() {
    let world = World::new().await;
    let (artifact, id) = world.release("deleted", 0).await;
    let mut tx = world.store.begin().await.expect("begins");
    tx.delete_deployment(id).await.expect("deletes");
    tx.commit().await.expect("commits");
    assert_eq!(world.collect().await.artifacts, 0, "it may be about to be used");
    world.clock.advance(2 * DAY);
    let collected = world.collect().await;
    assert_eq!((collected.artifacts, collected.packs), (1, 1));
    assert!(!world.is_whole(&artifact).await);
    assert_eq!((world.objects("packs"), world.objects("manifests")), (0, 0));
}

#[tokio::test]
async fn an_upload_finds_what_it_was_told_not_to_send() {
    let world = World::new().await;
    let files = ["new", "known"];
    world.upload(&["known"]).await;
    world.clock.advance(2 * DAY);
    let manifest = manifest(&files);
    let offer = world.artifacts.offer(world.user, &manifest).await.expect("answers");
    assert_eq!(offer.missing.len(), 1, "`known` is here");
    let collected = world.collect().await;
    assert_eq!((collected.artifacts, collected.packs), (1, 0), "the offer keeps the pack");
    let artifact = world.send(&manifest, &files, offer).await.expect("everything is here");
    world.clock.advance(2 * DAY);
    world.deployment(&artifact, 0).await;
    assert_eq!(world.collect().await.packs, 0);
    assert!(world.is_whole(&artifact).await);
}

#[tokio::test]
async fn an_upload_that_comes_too_late_is_told_to_begin_again() {
    let world = World::new().await;
    let files = ["new", "known"];
    world.upload(&["known"]).await;
    let manifest = manifest(&files);
    let offer = world.artifacts.offer(world.user, &manifest).await.expect("answers");
    world.clock.advance(2 * DAY);
    assert_eq!(world.collect().await.packs, 1, "nobody waits for two days");
    assert!(world.send(&manifest, &files, offer).await.is_none(), "no artifact without all of its blobs");
    let again = world.artifacts.offer(world.user, &manifest).await.expect("answers");
    assert_eq!(again.missing.len(), 1, "what arrived is kept");
    let artifact = world.send(&manifest, &files, again).await.expect("everything is here");
    assert!(world.is_whole(&artifact).await);
    // The manifest that came to nothing.
    world.clock.advance(2 * DAY);
    world.deployment(&artifact, 0).await;
    assert_eq!(world.collect().await.orphans, 1);
    assert!(world.is_whole(&artifact).await);
}

#[tokio::test]
async fn what_a_crash_leaves_behind_is_found() {
    let world = World::new().await;
    let (artifact, _) = world.release("live", 0).await;
    let write = |name: &str| {
        let path = world.blobs.path().join(name);
        std::fs::create_dir_all(path.parent().expect("has one")).expect("makes it");
        std::fs::write(path, "left").expect("writes");
    };
    let (pack, manifest, log) = (PackId::new(), ArtifactId::new(), DeploymentId::new());
    let unfinished = world.deployment(&artifact, 0).await;
    for name in
        [format!("packs/{pack}"), format!("packs/{pack}#1"), format!("manifests/{manifest}"), format!("logs/{log}")]
    {
        write(&name);
    }
    // About to get its record; not ours.
    write(&format!("logs/{unfinished}"));
    write("packs/README");
    assert_eq!(world.collect().await, Collected::default(), "they may be about to get their records");
    world.clock.advance(2 * DAY);
    assert_eq!(world.collect().await, Collected { orphans: 4, bytes: 16, ..Collected::default() });
    assert_eq!((world.objects("packs"), world.objects("manifests"), world.objects("logs")), (2, 1, 1));
    assert!(world.is_whole(&artifact).await);
}

#[tokio::test]
async fn while_a_backup_is_made_nothing_goes() {
    let world = World::new().await;
    let (artifact, id) = world.release("deleted", 0).await;
    let mut tx = world.store.begin().await.expect("begins");
    tx.delete_deployment(id).await.expect("deletes");
    tx.commit().await.expect("commits");
    std::fs::write(world.blobs.path().join(format!("packs/{}", PackId::new())), "left").expect("writes");
    world.clock.advance(100 * DAY);
    let backup = BackupId::new();
    world.store.hold_collection(backup, world.clock.now().plus(DAY)).await.expect("holds");
    assert_eq!(world.collect().await, Collected { was_held: true, ..Collected::default() });
    assert!(world.is_whole(&artifact).await);
    // One that was killed is waited for no longer than it said.
    world.clock.advance(2 * DAY);
    let collected = world.collect().await;
    assert_eq!((collected.artifacts, collected.packs, collected.orphans), (1, 1, 1));
}

#[tokio::test]
async fn packs_of_artifacts_from_before_they_were_recorded_are_kept() {
    let world = World::new().await;
    let (artifact, _) = world.release("live", 0).await;
    world.store.execute("DELETE FROM artifact_packs").await.expect("deletes");
    world.store.execute("UPDATE artifacts SET packs_recorded = 0").await.expect("sets");
    // One whose manifest nobody can read any more keeps nothing, and holds up nothing.
    let lost = world.upload(&["lost"]).await;
    std::fs::remove_file(world.blobs.path().join(format!("manifests/{}", lost.id))).expect("removes");
    world.store.execute("UPDATE artifacts SET packs_recorded = 0").await.expect("sets");
    world.clock.advance(100 * DAY);
    let collected = world.collect().await;
    assert_eq!((collected.artifacts, collected.packs), (1, 1), "only what is lost");
    assert!(world.is_whole(&artifact).await);
}

#[tokio::test]
async fn old_logs_go_and_the_deployment_says_so() {
    let world = World::new().await;
    let (_, old) = world.release("old", 0).await;
    let logs = Logs::new(world.store.clone(), world.artifacts.objects(), world.clock.clone());
    let say = async |id, text: &str| {
        let mut tx = world.store.begin().await.expect("begins");
        tx.append_system_line(id, text, world.clock.now()).await.expect("appends");
        tx.commit().await.expect("commits");
    };
    say(old, "one").await;
    say(old, "two").await;
    world.clock.advance(60 * DAY);
    let (_, young) = world.release("young", 0).await;
    say(young, "young").await;
    logs.finish_due().await.expect("finishes");
    assert_eq!(world.objects("logs"), 2);
    say(old, "after the end").await;
    world.clock.advance(31 * DAY);
    assert_eq!(world.collect().await.logs, 1);
    assert_eq!(world.objects("logs"), 1);
    let lines = logs.lines(old, 1).await.expect("reads");
    let text = String::from_utf8_lossy(&lines[0].1.text).into_owned();
    assert_eq!((lines.len(), lines[0].0), (1, 4), "the numbers of lines go on");
    assert!(text.starts_with("The log was removed 90 days after"), "{text}");
    let removed_at = async |id| world.store.deployment(id).await.expect("reads").expect("stays").log_removed_at;
    assert_eq!((removed_at(old).await, removed_at(young).await), (Some(world.clock.now()), None));
    assert_eq!(logs.lines(young, 1).await.expect("reads").len(), 1);
    assert_eq!(world.collect().await, Collected::default());
}

/// Whoever wants to write waits for at most one of the collector's transactions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collecting_thousands_keeps_no_writer_waiting() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let store = Store::open(&dir.path().join("slipway.db")).await.expect("opens");
    let world = World::with(store, Retention { logs: Some(DAY), ..Retention::default() }).await;
    let artifact = world.upload(&["one"]).await;
    let id = world.deployment(&artifact, 0).await;
    world.ended(id, Move::Succeed { url: None, preview_url: None, message: None }).await;
    // Ten thousand more like it, each with an artifact, a log and a pack with an entry of its own, made as no code can.
    for sql in [
        "CREATE TABLE numbers AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
            SELECT i, randomblob(16) AS artifact, randomblob(16) AS pack, randomblob(16) AS deployment FROM n",
        "INSERT INTO artifacts (id, user_id, kind, root, files, size_bytes, created_at, packs_recorded)
            SELECT numbers.artifact, user_id, kind, root, files, size_bytes, created_at, 1 FROM numbers, artifacts",
        "INSERT INTO packs (id, user_id, size_bytes, created_at)
            SELECT pack, user_id, size_bytes, created_at FROM numbers, packs",
        "INSERT INTO blobs (user_id, blake3, pack_id, pack_offset, size_bytes)
            SELECT user_id, randomblob(32), pack, pack_offset, size_bytes FROM numbers, blobs",
        "INSERT INTO artifact_packs (artifact_id, pack_id) SELECT artifact, pack FROM numbers",
        "INSERT INTO deployments (id, user_id, sandbox_id, target_id, provider, environment, status, artifact_id,
            log_is_finished, created_at, completed_at)
            SELECT deployment, user_id, sandbox_id, target_id, provider, environment, status, artifact, 1, created_at,
            completed_at - i FROM numbers, deployments",
        "INSERT INTO finished_logs (deployment_id, size_bytes, runs, lines, agent_bytes, agent_lines, agent_blake3,
            is_complete, finished_at) SELECT deployment, 0, x'', 0, 0, 0, x'', 1, 0 FROM numbers",
    ] {
        world.store.execute(sql).await.expect("inserts");
    }
    world.clock.advance(100 * DAY);

    let done = CancellationToken::new();
    let writer = tokio::spawn({
        let (store, done, user, clock) = (world.store.clone(), done.clone(), world.user, world.clock.clone());
        async move {
            let mut longest = Duration::ZERO;
            while !done.is_cancelled() {
                let start = Instant::now();
                let mut tx = store.begin().await.expect("begins");
                tx.count_deployment(user, clock.now()).await.expect("writes");
                tx.commit().await.expect("commits");
                longest = longest.max(start.elapsed());
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            longest
        }
    });
    let start = Instant::now();
    let collected = world.collector.collect(false).await.expect("collects");
    let took = start.elapsed();
    done.cancel();
    let longest = writer.await.expect("ends");
    println!("{collected} in {took:?}; the longest wait of a writer was {longest:?}");
    assert_eq!((collected.artifacts, collected.packs, collected.logs), (9_991, 9_991, 10_000));
    // A tenth of a second on a machine that does nothing else; from five on, a writer gives up. All of it in one
    // transaction takes longer than that anywhere.
    assert!(longest < Duration::from_secs(5), "a writer waited {longest:?}");
}
