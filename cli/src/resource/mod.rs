//! Resources for people without kubectl: thin commands over the same API.

pub mod apply;
pub mod delete;
pub mod get;
pub mod kind;
pub mod manifest;
pub mod wait;
