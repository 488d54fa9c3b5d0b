//! Estimators, validation and conformal intervals.
