//! The contract between `slipway-agent` and `slipway`: the generated `slipway.agent.v1` types and the
//! pure rules both sides must apply alike (paths, manifests, tokens, limits).
//!
//! Nothing here can carry a provider credential: the protobuf has no field for one and the
//! credential types live in `control-plane`, which this crate does not know.

pub mod crash;
pub mod git;
pub mod limits;
pub mod manifest;
pub mod mask;
pub mod plan;
pub mod token;
pub mod variable;

/// The generated types of package `slipway.agent.v1`; their documentation is in the `.proto` files.
#[allow(missing_docs, clippy::pedantic, clippy::large_enum_variant, unreachable_pub)]
pub mod v1 {
    tonic::include_proto!("slipway.agent.v1");
}

/// The wire versions this build speaks, oldest to newest.
pub const PROTOCOL: v1::ProtocolRange = v1::ProtocolRange { min: 1, max: 1 };

/// TLS server name (SNI) of the enrolment service: server-authenticated, no client certificate.
pub const ENROLL_SERVER_NAME: &str = "enroll.slipway.internal";

/// TLS server name (SNI) of everything else: mutual TLS.
pub const SESSION_SERVER_NAME: &str = "session.slipway.internal";

/// Highest version both sides speak, if any.
pub fn common_protocol(ours: v1::ProtocolRange, theirs: v1::ProtocolRange) -> Option<u32> {
    let newest = ours.max.min(theirs.max);
    (newest >= ours.min.max(theirs.min)).then_some(newest)
}

/// What an agent signs with the key of its last certificate to have it renewed after its end: the server's
/// nonce and the SHA-256 of the request for the next one.
pub fn renewal_proof(nonce: &[u8], csr_sha256: &[u8]) -> Vec<u8> {
    // So that no signature made for something else is taken for this one.
    [b"slipway renewal of an expired certificate\0", nonce, csr_sha256].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_meet_at_the_newest_both_speak() {
        let range = |min, max| v1::ProtocolRange { min, max };
        assert_eq!(common_protocol(range(1, 3), range(2, 5)), Some(3));
        assert_eq!(common_protocol(range(2, 2), range(1, 4)), Some(2));
        assert_eq!(common_protocol(range(1, 1), range(2, 3)), None);
    }
}
