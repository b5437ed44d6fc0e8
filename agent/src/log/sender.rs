//! Sends the logs of all jobs over one stream. The control plane's answers say how much it has
//! stored; when that is not where we are going, we go back to it.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use slipway_proto::limits;
use slipway_proto::v1::agent_client::AgentClient;
use slipway_proto::v1::{LogBatch, LogReply};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::Channel;

use super::job_log::JobLog;
use super::spool::Place;
use crate::job::Jobs;

/// Batches sent and not yet stored, of all jobs together: at most 1 MiB of text.
const BATCHES_IN_FLIGHT: usize = 16;

/// Sends until the stream breaks. Where each job begins is what the control plane last said it stored.
pub(crate) async fn send_logs(channel: Channel, jobs: Arc<Jobs>) -> Result<Infallible, Status> {
    let mut client = AgentClient::new(channel).max_decoding_message_size(limits::SESSION_MESSAGE_BYTES);
    // As large as what may be in flight, so putting a batch in never waits.
    let (outbox, batches) = mpsc::channel(BATCHES_IN_FLIGHT);
    let call = client.logs(ReceiverStream::new(batches));
    let answer = tokio::time::timeout(limits::WELCOME_TIMEOUT, call).await;
    let mut replies = answer.map_err(|_| Status::deadline_exceeded("the log stream did not open"))??.into_inner();
    let mut sender = Sender { jobs: jobs.clone(), outbox, journeys: HashMap::new(), in_flight: 0 };
    loop {
        let next_due = sender.send_due().map_err(|error| Status::internal(format!("a log cannot be read: {error}")))?;
        let due = async {
            match next_due {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = jobs.log_news.notified() => {}
            () = due => {}
            reply = replies.message() => match reply? {
                Some(reply) => sender.stored(&reply),
                None => return Err(Status::unavailable("the control plane closed the log stream")),
            },
        }
    }
}

struct Sender {
    jobs: Arc<Jobs>,
    outbox: mpsc::Sender<LogBatch>,
    journeys: HashMap<String, Journey>,
    in_flight: usize,
}

/// How far one job's log has been sent.
struct Journey {
    place: Place,
    /// When lines first waited for more to make a batch.
    waiting_since: Option<Instant>,
    /// Ends of the batches under way, and whether they were sent since we last went back.
    under_way: VecDeque<(u64, bool)>,
}

impl Sender {
    /// Sends every batch that is full, old enough or the last. Tells when the next one will be old enough.
    fn send_due(&mut self) -> io::Result<Option<Instant>> {
        let held = self.jobs.held();
        self.journeys.retain(|id, journey| {
            let is_held = held.iter().any(|job| job.id == *id);
            self.in_flight -= if is_held { 0 } else { journey.under_way.len() };
            is_held
        });
        let now = Instant::now();
        let mut next_due: Option<Instant> = None;
        for job in &held {
            let journey = match self.journeys.get_mut(&job.id) {
                Some(journey) => journey,
                None => self.journeys.entry(job.id.clone()).or_insert(Journey::from_stored(&job.log)?),
            };
            while self.in_flight < BATCHES_IN_FLIGHT {
                let Some(due) = journey.due(&job.log, now) else { break };
                if due > now {
                    next_due = Some(next_due.map_or(due, |earliest| earliest.min(due)));
                    break;
                }
                let (batch, after) = job.log.read(&job.id, journey.place)?;
                if after == journey.place || self.outbox.try_send(batch).is_err() {
                    break;
                }
                journey.place = after;
                journey.waiting_since = None;
                journey.under_way.push_back((after.offset, true));
                self.in_flight += 1;
            }
        }
        Ok(next_due)
    }

    fn stored(&mut self, reply: &LogReply) {
        let Some(journey) = self.journeys.get_mut(&reply.job_id) else { return };
        let Some((end, is_current)) = journey.under_way.pop_front() else { return };
        self.in_flight -= 1;
        let Some(job) = self.jobs.get(&reply.job_id) else { return };
        job.log.set_stored_bytes(reply.stored_bytes);
        if reply.stored_bytes != end && is_current {
            match job.log.place_at(reply.stored_bytes) {
                Ok(place) => journey.go_back(place),
                Err(error) => tracing::error!(job.id = reply.job_id, %error, "a log cannot be read"),
            }
        }
        self.jobs.forget_if_delivered(&job);
    }
}

impl Journey {
    fn from_stored(log: &JobLog) -> io::Result<Self> {
        let place = log.place_at(log.stored_bytes())?;
        Ok(Self { place, waiting_since: None, under_way: VecDeque::new() })
    }

    /// When the next batch should go; `None` while there is nothing to send.
    fn due(&mut self, log: &JobLog, now: Instant) -> Option<Instant> {
        let pending = log.pending(self.place);
        if pending.records == 0 {
            return None;
        }
        let is_full =
            pending.bytes >= limits::LOG_BATCH_BYTES as u64 || pending.records >= limits::LOG_BATCH_LINES as u64;
        let since = *self.waiting_since.get_or_insert(now);
        Some(if is_full || pending.is_urgent { now } else { since + limits::LOG_BATCH_DELAY })
    }

    /// The answers to what is under way say nothing about what is sent from now on.
    fn go_back(&mut self, place: Place) {
        self.place = place;
        for (_, is_current) in &mut self.under_way {
            *is_current = false;
        }
    }
}
