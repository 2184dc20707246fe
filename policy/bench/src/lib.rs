//! Nothing: see `benches/decide.rs`.
