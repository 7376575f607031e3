//! Limits on what crosses the wire, each with its reason. What an operator may want to change is in the
//! node's configuration; these are the format's own.

/// Header frame of a request or reply. A federated state of 30,000 numbers fits; more belongs in a body.
pub const HEADER_BYTES: usize = 1 << 20;

/// Payload of a signed document. Below the header limit after base64 (4/3) and its envelope.
pub const DOCUMENT_BYTES: usize = 640 << 10;

/// What one node may add to another's search: a peer that sends more is not heard.
pub const SEARCH_BYTES: usize = 256 << 10;

/// The revocation lists that one node takes from another: some 100,000 revoked certificates.
pub const CRL_BYTES: usize = 4 << 20;

/// Characters of a peer's reason that a node passes on to who asked it.
pub const REASON_CHARS: usize = 500;

/// A body as a whole: the largest component (32 MiB, design section 10) with room for nothing more.
pub const BODY_BYTES: usize = 32 << 20;

/// Parameters of one order, canonical JSON (design section 10).
pub const PARAMS_BYTES: usize = 64 << 10;

/// Free text of a person: purpose, reason, case number. Longer texts belong in an attachment.
pub const TEXT_CHARS: usize = 1_000;

/// A title, a word, one level of a path: what must fit a line of a list.
pub const TITLE_CHARS: usize = 200;

/// An address, `host:port`: 253 characters of a name, with room for the port.
pub const ADDRESS_CHARS: usize = 300;

/// The words of a search.
pub const QUERY_CHARS: usize = 200;

/// A dataset's descriptor, TOML: 300 fields with descriptions and a long view.
pub const DESCRIPTOR_BYTES: usize = 512 << 10;

/// Days ahead that a contract may end: what is meant to last longer is asked for again.
pub const UNTIL_DAYS: i64 = 5 * 366;

/// Runs that one contract may grant.
pub const RUNS: u32 = 10_000;

/// Rounds that one federated run may take.
pub const ROUNDS: u32 = 10_000;

/// The largest least cell that terms may ask for.
pub const MIN_CELL: u32 = 1_000_000;

/// Fields of one dataset or contract: with descriptions they must fit one trail entry (64 KiB).
pub const FIELDS: usize = 300;

/// Entries in one page of a listing.
pub const PAGE: u32 = 1_000;
