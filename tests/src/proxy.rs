//! A network between an agent and its control plane that is as bad as networks are: it cuts, closes, delays,
//! fragments, swallows, and stops one direction. What it does follows from a seed, so that it can be done again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// What one read takes.
const CHUNK: usize = 16 * 1024;
/// Faults come after so many bytes of a connection: a handshake and a little more at least, so that there is progress,
/// and at most about what a whole job takes.
const LIFE_BYTES: std::ops::Range<u64> = 4 * 1024..16 * 1024;

/// What happens to a connection, once enough has gone through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing.
    None,
    /// A reset in both directions.
    Reset,
    /// An orderly end in both directions.
    Close,
    /// Nothing comes through any more, and nobody is told for a while.
    BlackHole,
    /// The same in one direction.
    HalfOpen,
    /// Everything comes late.
    Delay,
    /// Everything comes in pieces of a few bytes.
    Fragment,
}

const FAULTS: [Fault; 8] = [
    Fault::Reset,
    Fault::Close,
    Fault::BlackHole,
    Fault::HalfOpen,
    Fault::Delay,
    Fault::Fragment,
    Fault::Reset,
    Fault::None,
];

/// A running proxy; it ends when it is dropped.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    faults: Arc<AtomicUsize>,
    _task: AbortOnDropHandle<()>,
}

/// Numbers that follow from a seed (SplitMix64).
struct Random(AtomicU64);

impl Random {
    fn next(&self, below: u64) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

impl Proxy {
    /// Starts one before `upstream`. `longest` is how long nobody is told that a connection is dead.
    pub async fn start(upstream: SocketAddr, seed: u64, longest: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("has one");
        let faults = Arc::new(AtomicUsize::new(0));
        let counted = faults.clone();
        let task = tokio::spawn(async move {
            let random = Random(AtomicU64::new(seed));
            while let Ok((client, _)) = listener.accept().await {
                let fault = FAULTS[usize::try_from(random.next(FAULTS.len() as u64)).expect("small")];
                let plan = Plan {
                    fault,
                    after: LIFE_BYTES.start + random.next(LIFE_BYTES.end - LIFE_BYTES.start),
                    wait: Duration::from_millis(
                        random.next(u64::try_from(longest.as_millis()).expect("seconds").max(1)),
                    ),
                    faults: counted.clone(),
                    passed: AtomicU64::new(0),
                    is_raised: AtomicBool::new(false),
                };
                tokio::spawn(connection(client, upstream, Arc::new(plan)));
            }
        });
        Self { address, faults, _task: AbortOnDropHandle::new(task) }
    }

    /// Connections that something has happened to.
    pub fn faults(&self) -> usize {
        self.faults.load(Ordering::Relaxed)
    }
}

struct Plan {
    fault: Fault,
    /// Bytes of both directions before it happens.
    after: u64,
    wait: Duration,
    faults: Arc<AtomicUsize>,
    passed: AtomicU64,
    is_raised: AtomicBool,
}

impl Plan {
    /// Counts bytes, and tells whether it is time.
    fn is_due(&self, bytes: usize) -> bool {
        let is_due = self.fault != Fault::None
            && self.passed.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64 > self.after;
        if is_due && !self.is_raised.swap(true, Ordering::Relaxed) {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
        is_due
    }
}

async fn connection(client: TcpStream, upstream: SocketAddr, plan: Arc<Plan>) {
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    if plan.fault == Fault::Reset {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let up = direction(from_client, to_server, &plan, true);
    let down = direction(from_server, to_client, &plan, false);
    // The first end is the end of both; the sockets close with it.
    tokio::select! { () = up => {}, () = down => {} }
}

async fn direction(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, plan: &Plan, is_up: bool) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let Ok(length) = from.read(&mut buffer).await else { return };
        if length == 0 {
            return;
        }
        let mut pieces = vec![&buffer[..length]];
        if plan.is_due(length) {
            match plan.fault {
                Fault::Reset | Fault::Close => return,
                Fault::BlackHole => return tokio::time::sleep(plan.wait).await,
                Fault::HalfOpen if is_up => return tokio::time::sleep(plan.wait).await,
                Fault::Delay => tokio::time::sleep(plan.wait.min(Duration::from_millis(300))).await,
                Fault::Fragment => pieces = buffer[..length].chunks(7).collect(),
                Fault::HalfOpen | Fault::None => {}
            }
        }
        for piece in pieces {
            if to.write_all(piece).await.is_err() {
                return;
            }
        }
    }
}
