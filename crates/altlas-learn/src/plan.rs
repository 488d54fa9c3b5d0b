//! What to train, of whatever kind.

use altlas_prep::Table;
use serde_json::Value;

use crate::{
    ClusterSpec, Embed, LearnError, TextSpec, TrainSpec, Trained, train_clusters, train_texts, train_until,
};

/// A checked specification.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// A regression or classification of rows.
    Rows(TrainSpec),
    /// A classification of texts.
    Texts(TextSpec),
    /// Clusters of rows.
    Clusters(ClusterSpec),
}

impl Plan {
    /// Reads a specification; its `task` says of which kind it is.
    pub fn parse(value: &Value) -> Result<Self, LearnError> {
        if TextSpec::is_meant(value) {
            return TextSpec::parse(value).map(Self::Texts);
        }
        if ClusterSpec::is_meant(value) {
            return ClusterSpec::parse(value).map(Self::Clusters);
        }
        TrainSpec::parse(value).map(Self::Rows)
    }

    /// Trains on a table. `embed` gives the vectors of texts; once `finish` is true, a search among models of rows ends with the best so
    /// far; `progress` is called with a phase, what is done of it and all of it; it may end the program.
    pub fn train(
        &self,
        table: Table,
        embed: &mut Embed<'_>,
        finish: &dyn Fn() -> bool,
        progress: &mut dyn FnMut(&str, u64, u64),
    ) -> Result<Trained, LearnError> {
        match self {
            Self::Rows(spec) => train_until(spec, table, finish, progress),
            Self::Texts(spec) => train_texts(spec, table, embed, progress),
            Self::Clusters(spec) => train_clusters(spec, table, progress),
        }
    }
}
