//! Runs in the directory layout of MLflow's file store: `<experiment>/meta.yaml`, and for each run `meta.yaml`, `metrics`, `params`,
//! `tags` and `artifacts`. The server neither reads nor writes such files; clients give and take paths below the store's root,
//! with contents.

mod export;
mod import;

pub use export::files;
pub use import::runs;

/// A path and what is there.
pub type File = (String, Vec<u8>);
