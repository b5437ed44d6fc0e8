//! What hosts of static files have in common: a stored tree file by file with what vendors ask about each, limits that
//! are known before anything is sent, uploads that go on where one file fails, and the one request that makes a release.

mod asking;
mod limits;
mod tree;
mod under_way;
mod upload;

pub(super) use asking::{LOOKS, begun_id, believe_nothing, is_name, made_after, root_of};
pub(super) use limits::Limits;
pub(super) use tree::{File, Tree};
pub(super) use under_way::{Entry, Making, Met, UnderWay};
pub(super) use upload::upload;
