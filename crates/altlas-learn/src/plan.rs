//! What to train, of whatever kind.

use altlas_prep::Table;
use serde_json::Value;

use crate::{
    AnomalySpec, ClusterSpec, ComponentSpec, Embed, LearnError, RankSpec, TextSpec, TrainSpec, Trained,
    train_anomalies, train_clusters, train_components, train_ranking, train_texts, train_until,
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
    /// Principal components of rows.
    Components(ComponentSpec),
    /// Rows that are unlike the others.
    Anomalies(AnomalySpec),
    /// The order of rows within groups.
    Ranking(RankSpec),
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
        if ComponentSpec::is_meant(value) {
            return ComponentSpec::parse(value).map(Self::Components);
        }
        if AnomalySpec::is_meant(value) {
            return AnomalySpec::parse(value).map(Self::Anomalies);
        }
        if RankSpec::is_meant(value) {
            return RankSpec::parse(value).map(Self::Ranking);
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
            Self::Components(spec) => train_components(spec, table, progress),
            Self::Ranking(spec) => train_ranking(spec, table, progress),
            Self::Anomalies(spec) => train_anomalies(spec, table, progress),
        }
    }
}
