//! Whose processes a build's are. An agent that is root gives builds to another user, so that they
//! can read neither its memory nor its key.

use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;
use std::str::FromStr;

use nix::unistd::{getegid, geteuid};

/// When nothing else is known. No distribution gives it to anybody.
const FALLBACK_ID: u32 = 64738;

/// A user and a group by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BuildUser {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Another user than the agent's.
    pub(crate) is_other: bool,
}

impl BuildUser {
    /// The user asked for, else the owner of the workspace, else one that owns nothing. Without root
    /// it can only be the agent's own.
    pub(crate) fn choose(wanted: Option<UserAndGroup>, workspace: &Path) -> Self {
        let own = Self { uid: geteuid().as_raw(), gid: getegid().as_raw(), is_other: false };
        if own.uid != 0 {
            return own;
        }
        let owner = workspace.metadata().ok().filter(|metadata| metadata.uid() != 0);
        let owner = owner.map(|metadata| UserAndGroup { uid: metadata.uid(), gid: metadata.gid() });
        let chosen = wanted.or(owner).unwrap_or(UserAndGroup { uid: FALLBACK_ID, gid: FALLBACK_ID });
        Self { uid: chosen.uid, gid: chosen.gid, is_other: chosen.uid != 0 }
    }

    /// Gives a file, a directory or a link (not what it leads to) to this user.
    pub(crate) fn own(&self, path: &Path) -> io::Result<()> {
        if self.is_other { lchown(path, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }
}

/// `UID[:GID]` as given on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserAndGroup {
    uid: u32,
    gid: u32,
}

impl FromStr for UserAndGroup {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| part.parse().map_err(|_| format!("`{text}` is not of the form UID or UID:GID"));
        let (uid, gid) = text.split_once(':').unwrap_or((text, text));
        Ok(Self { uid: number(uid)?, gid: number(gid)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_numbers() {
        assert_eq!("1000".parse(), Ok(UserAndGroup { uid: 1000, gid: 1000 }));
        assert_eq!("1000:100".parse(), Ok(UserAndGroup { uid: 1000, gid: 100 }));
        for text in ["", "node", "1000:", "-1", "1:2:3"] {
            assert!(text.parse::<UserAndGroup>().is_err(), "{text}");
        }
    }
}
