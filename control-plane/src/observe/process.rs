//! What Prometheus clients everywhere tell of their own process. Source: proc(5), proc_pid_stat(5).

use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Of user-visible times in `/proc`; 100 on every Linux (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
const PAGE_BYTES: u64 = 4096;

/// Reads when it is asked.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut tell = |name: &str, help: &str, unit: Option<&Unit>, metric: &dyn EncodeAny| {
            metric.encode_into(encoder.encode_descriptor(name, help, unit, metric.kind())?)
        };
        // Without /proc there is nothing to tell, which is no error.
        if let Some((cpu_seconds, started, resident)) = stat() {
            tell("process_cpu", "CPU time of this process.", Some(&Unit::Seconds), &ConstCounter::new(cpu_seconds))?;
            tell(
                "process_start_time",
                "When this process started, since 1970.",
                Some(&Unit::Seconds),
                &ConstGauge::new(started),
            )?;
            tell("process_resident_memory", "Memory in use.", Some(&Unit::Bytes), &ConstGauge::new(resident))?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            let open = i64::try_from(open.count()).unwrap_or(i64::MAX);
            tell("process_open_fds", "Open file descriptors.", None, &ConstGauge::new(open))?;
        }
        Ok(())
    }
}

/// A metric of any of the types used here.
trait EncodeAny {
    fn kind(&self) -> prometheus_client::metrics::MetricType;
    fn encode_into(&self, encoder: prometheus_client::encoding::MetricEncoder<'_>) -> std::fmt::Result;
}

impl<M: EncodeMetric> EncodeAny for M {
    fn kind(&self) -> prometheus_client::metrics::MetricType {
        self.metric_type()
    }

    fn encode_into(&self, encoder: prometheus_client::encoding::MetricEncoder<'_>) -> std::fmt::Result {
        self.encode(encoder)
    }
}

/// CPU seconds, start in seconds since 1970, resident bytes.
#[allow(clippy::cast_precision_loss, reason = "ticks of years fit")]
fn stat() -> Option<(f64, f64, i64)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name may hold anything; what follows its last parenthesis begins with the third field.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 2..].split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let (user, system, since_boot, resident) = (field(14)?, field(15)?, field(22)?, field(24)?);
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    let cpu = (user + system) as f64 / TICKS_PER_SECOND;
    let started = boot as f64 + since_boot as f64 / TICKS_PER_SECOND;
    Some((cpu, started, i64::try_from(resident * PAGE_BYTES).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_read() {
        let (cpu, started, resident) = stat().expect("there is /proc");
        assert!(cpu >= 0.0 && started > 1_600_000_000.0 && resident > 100_000, "{cpu} {started} {resident}");
    }
}
