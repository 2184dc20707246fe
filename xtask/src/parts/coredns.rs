//! CoreDNS: the cluster's name server, a host process on T2.

use super::golang::Program;

/// The program.
pub const PROGRAM: Program = Program { name: "coredns", package: "github.com/coredns/coredns", version: "v1.15.0" };
