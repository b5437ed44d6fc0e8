//! What comes out of a build: collected, digested, and streamed as far as the control plane lacks it.

mod collect;
mod frames;
mod hash;
mod known;
mod remote;
mod upload;

pub(crate) use collect::{Collected, SourceRules, collect, is_empty_tree};
pub(crate) use known::KnownDigests;
pub(crate) use remote::git_remote;
pub(crate) use upload::{Upload, UploadError};
