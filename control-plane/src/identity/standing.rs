//! How far a certificate that we issued is still good. The database says, not the certificate.

use std::time::Duration;

use super::SandboxIdentity;
use crate::clock::Timestamp;
use crate::store::{KnownCertificate, SandboxState};

/// Longest time in which connections that were begun with the former certificate still arrive after the next
/// one was first used: connecting and the handshake take five seconds each at most.
const OVERLAP: Duration = Duration::from_secs(60);
/// At most this part of a certificate's life is overlap.
const OVERLAP_DIVISOR: u32 = 4;

/// What a certificate is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The one in use.
    InUse,
    /// Issued, and not used yet: its first use supersedes the one before.
    Pending,
    /// Superseded a moment ago: what was begun with it may go on, nothing new begins.
    Overlapping,
    /// Superseded long ago. Its agent has gone over to the next one, so this is somebody else: a copy of the
    /// agent, or a thief.
    Cloned,
    /// Its time is over.
    Expired,
    /// It was revoked, or its sandbox was.
    Revoked,
    /// The sandbox waits for a person to decide.
    Quarantined,
    /// Not issued here, or forgotten.
    Unknown,
}

/// Judges a certificate. `life` is what certificates are given.
pub fn standing(
    identity: &SandboxIdentity,
    known: Option<&KnownCertificate>,
    life: Duration,
    now: Timestamp,
) -> Standing {
    let Some(KnownCertificate { certificate, state }) =
        known.filter(|known| known.certificate.sandbox_id == identity.sandbox_id)
    else {
        return Standing::Unknown;
    };
    match state {
        SandboxState::Revoked => return Standing::Revoked,
        SandboxState::Quarantined => return Standing::Quarantined,
        SandboxState::Active => {}
    }
    if certificate.revoked_at.is_some() {
        return Standing::Revoked;
    }
    let overlap = OVERLAP.min(life / OVERLAP_DIVISOR);
    match (certificate.superseded_at, certificate.first_used_at) {
        (Some(since), _) if now < since.plus(overlap) && certificate.not_after > now => Standing::Overlapping,
        (Some(_), _) => Standing::Cloned,
        (None, _) if certificate.not_after <= now => Standing::Expired,
        (None, Some(_)) => Standing::InUse,
        (None, None) => Standing::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SandboxId;
    use crate::store::AgentCertificate;

    const MINUTE: Duration = Duration::from_secs(60);
    const ISSUED: Timestamp = Timestamp::from_millis(1_000_000);

    fn known() -> (SandboxIdentity, KnownCertificate) {
        let sandbox_id = SandboxId::new();
        let not_after = ISSUED.plus(60 * MINUTE);
        let serial = vec![1];
        let certificate = AgentCertificate {
            serial: serial.clone(),
            sandbox_id,
            lineage: serial.clone(),
            leaf_der: Vec::new(),
            not_after,
            first_used_at: Some(ISSUED),
            superseded_at: None,
            revoked_at: None,
        };
        (
            SandboxIdentity { sandbox_id, serial, not_after },
            KnownCertificate { certificate, state: SandboxState::Active },
        )
    }

    #[track_caller]
    fn check(change: impl Fn(&mut KnownCertificate), after: Duration, expected: Standing) {
        let (identity, mut known) = known();
        change(&mut known);
        assert_eq!(standing(&identity, Some(&known), 60 * MINUTE, ISSUED.plus(after)), expected);
    }

    #[test]
    fn what_a_certificate_is_worth() {
        check(|_| {}, MINUTE, Standing::InUse);
        check(|_| {}, 60 * MINUTE, Standing::Expired);
        check(|known| known.certificate.first_used_at = None, MINUTE, Standing::Pending);
        check(|known| known.certificate.revoked_at = Some(ISSUED), MINUTE, Standing::Revoked);
        check(|known| known.state = SandboxState::Revoked, MINUTE, Standing::Revoked);
        check(|known| known.state = SandboxState::Quarantined, MINUTE, Standing::Quarantined);

        let superseded =
            |known: &mut KnownCertificate| known.certificate.superseded_at = Some(ISSUED.plus(30 * MINUTE));
        check(superseded, 30 * MINUTE + MINUTE / 2, Standing::Overlapping);
        check(superseded, 31 * MINUTE, Standing::Cloned);
        check(superseded, 60 * MINUTE, Standing::Cloned);

        let (identity, known) = known();
        let stranger = SandboxIdentity { sandbox_id: SandboxId::new(), ..identity.clone() };
        assert_eq!(standing(&stranger, Some(&known), MINUTE, ISSUED), Standing::Unknown);
        assert_eq!(standing(&identity, None, MINUTE, ISSUED), Standing::Unknown);
    }

    #[test]
    fn certificates_of_a_minute_overlap_for_a_quarter_of_it() {
        let (identity, mut known) = known();
        known.certificate.superseded_at = Some(ISSUED);
        let at = |seconds| standing(&identity, Some(&known), MINUTE, ISSUED.plus(Duration::from_secs(seconds)));
        assert_eq!((at(14), at(15)), (Standing::Overlapping, Standing::Cloned));
    }
}
