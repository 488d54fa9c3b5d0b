//! What was asked of each model and answered, kept until the maintenance worker of the database takes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use altlas_proto::{DataType, Failure, Origin, Reply, TensorSpec};
use altlas_stats::{Answer, Key, MOST_CLASSES, MOST_FEATURES, ModelStats, encode_batch, numbered_label};

use crate::clock;

/// Versions watched at once; beyond, the one not called for longest is forgotten.
const MOST_MODELS: usize = 512;
/// Values of a model that are looked at in a second. A value costs about 40 ns: at most 0.1 % of a processor.
const VALUES_A_SECOND: f64 = 20_000.0;

/// One call, after its end.
pub struct Call<'a> {
    /// On whose behalf.
    pub of: &'a Origin,
    /// SHA-256 of the graph.
    pub model: &'a str,
    /// Inputs, and their bytes.
    pub inputs: &'a [TensorSpec],
    pub payload: &'a [u8],
    /// How it ended.
    pub answer: &'a Result<(Reply, Vec<Vec<u8>>), Failure>,
    /// Rows that were run together with the call's own; `None` when it ran alone.
    pub batch: Option<usize>,
    /// From the request to the answer: the wait and the run.
    pub took: Duration,
}

/// A call that began; see [`Begun::end`].
pub struct Begun {
    at: Instant,
    of: Option<(Origin, Vec<TensorSpec>)>,
}

impl Begun {
    /// A call on somebody's behalf; without one it is not recorded.
    pub fn of(of: Option<Origin>, inputs: &[TensorSpec]) -> Self {
        Self { at: Instant::now(), of: of.map(|of| (of, inputs.to_vec())) }
    }

    /// Takes note of how the call ended, and of how many rows it was run with.
    pub fn end(
        self,
        recorder: &Recorder,
        model: &str,
        payload: &[u8],
        batch: Option<usize>,
        answer: &Result<(Reply, Vec<Vec<u8>>), Failure>,
    ) {
        let Some((of, inputs)) = &self.of else { return };
        recorder.observe(&Call { of, model, inputs, payload, answer, batch, took: self.at.elapsed() });
    }
}

/// Records calls.
#[derive(Default)]
pub struct Recorder {
    models: Mutex<HashMap<(u32, Key), Entry>>,
}

type Entry = Arc<Mutex<Watched>>;

struct Watched {
    stats: ModelStats,
    /// Values that may be looked at now, and when that was so.
    allowance: f64,
    as_of: Instant,
}

impl Recorder {
    /// Takes note of a call.
    pub fn observe(&self, call: &Call<'_>) {
        let ended = match call.answer {
            Ok((Reply::Outputs { outputs }, parts)) => Ok((outputs, parts)),
            Err(failure) => Err(failure.kind.name()),
            // The model is asked for first; the call comes again.
            Ok(_) => return,
        };
        let watched = self.watched(call.of.database, &call.of.model_version, call.model);
        let mut watched = lock(&watched);
        watched.stats.last_us = clock::now_us();
        match ended {
            Err(kind) => watched.stats.failed(kind),
            Ok((outputs, parts)) => {
                let rows = call.inputs.iter().find_map(|spec| spec.shape.first().copied()).unwrap_or(1);
                watched.stats.calls += 1;
                watched.stats.rows += rows as u64;
                watched.stats.latency.add(u64::try_from(call.took.as_nanos()).unwrap_or(u64::MAX), 1);
                watched.stats.batches.add(call.batch.unwrap_or(rows) as u64, 1);
                watched.sample(rows, &Inputs::of(call, rows), &Outputs::of(outputs, parts, rows));
            }
        }
    }

    /// What was recorded of a database, as a batch of `altlas-stats`; forgets it when `take` is true.
    pub fn report(&self, database: u32, take: bool) -> Vec<u8> {
        let mut gathered = Vec::new();
        lock(&self.models).retain(|(of, key), watched| {
            if *of != database {
                return true;
            }
            // Whoever holds it records something yet.
            let idle = Arc::strong_count(watched) == 1;
            let mut watched = lock(watched);
            if watched.stats.is_empty() {
                return !(take && idle);
            }
            let stats = if take { std::mem::take(&mut watched.stats) } else { watched.stats.clone() };
            gathered.push((key.clone(), stats));
            true
        });
        encode_batch(gathered.iter().map(|(key, stats)| (key, stats)))
    }

    fn watched(&self, database: u32, model_version: &str, sha256: &str) -> Entry {
        let key = Key { model_version: model_version.to_owned(), sha256: sha256.to_owned() };
        let mut models = lock(&self.models);
        if !models.contains_key(&(database, key.clone())) && models.len() >= MOST_MODELS {
            let oldest = models.iter().min_by_key(|(_, watched)| lock(watched).stats.last_us);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                models.remove(&oldest);
            }
        }
        Arc::clone(models.entry((database, key)).or_insert_with(|| Arc::new(Mutex::new(Watched::new()))))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watched {
    fn new() -> Self {
        Self { stats: ModelStats::default(), allowance: VALUES_A_SECOND, as_of: Instant::now() }
    }

    /// Looks at as many of the rows, evenly spaced, as the allowance admits.
    fn sample(&mut self, rows: usize, inputs: &Inputs<'_>, outputs: &Outputs<'_>) {
        let now = Instant::now();
        let earned = now.duration_since(self.as_of).as_secs_f64() * VALUES_A_SECOND;
        (self.allowance, self.as_of) = ((self.allowance + earned).min(VALUES_A_SECOND), now);
        let values = inputs.width.min(MOST_FEATURES) + outputs.width();
        let affordable = (self.allowance / values.max(1) as f64) as usize;
        if affordable == 0 || values == 0 {
            return;
        }
        let step = rows.div_ceil(affordable).max(1);
        self.allowance -= (rows.div_ceil(step) * values) as f64;
        let mut labels = outputs.labels();
        let mut proba = Vec::new();
        for row in (0..rows).step_by(step) {
            let label = labels.next();
            if let Some(classes) = outputs.proba {
                proba.clear();
                proba.extend(classes.row(row));
            }
            let value = outputs.value.and_then(|v| v.row(row).next());
            let answer = Answer { value, label: label.as_deref(), proba: &proba };
            self.stats.sample(inputs.row(row), &answer, step.min(rows - row) as u64);
            // The labels between this sample and the next.
            if step > 1 {
                labels.nth(step - 2);
            }
        }
    }
}

/// Numbers in rows.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    dtype: DataType,
    element: usize,
    width: usize,
    data: &'a [u8],
}

impl<'a> Matrix<'a> {
    /// A tensor of numbers of the form `[rows]` or `[rows, width]`.
    fn of(spec: &TensorSpec, data: &'a [u8], rows: usize) -> Option<Self> {
        let element = spec.dtype.width()?;
        let width = match spec.shape.as_slice() {
            [n] if *n == rows => 1,
            [n, width] if *n == rows && *width > 0 => *width,
            _ => return None,
        };
        Some(Self { dtype: spec.dtype, element, width, data })
    }

    fn row(self, row: usize) -> impl Iterator<Item = f64> + use<'a> {
        let bytes = self.width.saturating_mul(self.element);
        let data = self.data.get(row.saturating_mul(bytes)..).unwrap_or_default();
        let dtype = self.dtype;
        data.chunks_exact(self.element).take(self.width).map(move |bytes| number(dtype, bytes))
    }
}

fn number(dtype: DataType, bytes: &[u8]) -> f64 {
    let short = || bytes.try_into().unwrap_or_default();
    let long = || bytes.try_into().unwrap_or_default();
    match dtype {
        DataType::F32 => f64::from(f32::from_le_bytes(short())),
        DataType::F64 => f64::from_le_bytes(long()),
        DataType::I32 => f64::from(i32::from_le_bytes(short())),
        DataType::I64 => i64::from_le_bytes(long()) as f64,
        DataType::Bool => bytes.first().map_or(f64::NAN, |b| f64::from(u8::from(*b != 0))),
        DataType::String => f64::NAN,
    }
}

/// The features of a call: the columns of its inputs, one after the other.
struct Inputs<'a> {
    parts: Vec<Matrix<'a>>,
    width: usize,
}

impl<'a> Inputs<'a> {
    fn of(call: &Call<'a>, rows: usize) -> Self {
        let mut rest = call.payload;
        let mut parts = Vec::new();
        if call.of.features {
            for spec in call.inputs {
                let Some((data, tail)) = rest.split_at_checked(spec.bytes) else { break };
                parts.extend(Matrix::of(spec, data, rows));
                rest = tail;
            }
        }
        let width = parts.iter().map(|part| part.width).sum();
        Self { parts, width }
    }

    fn row(&self, row: usize) -> impl Iterator<Item = f64> {
        self.parts.iter().flat_map(move |part| part.row(row))
    }
}

/// The answers of a call: as the backend reads them where nothing names the outputs.
struct Outputs<'a> {
    label: Option<(&'a TensorSpec, &'a [u8])>,
    value: Option<Matrix<'a>>,
    proba: Option<Matrix<'a>>,
}

impl<'a> Outputs<'a> {
    fn of(specs: &'a [TensorSpec], parts: &'a [Vec<u8>], rows: usize) -> Self {
        let tensors = || specs.iter().zip(parts.iter().map(Vec::as_slice));
        let float = |spec: &TensorSpec| matches!(spec.dtype, DataType::F32 | DataType::F64);
        let matrix = |wanted: fn(usize) -> bool| {
            tensors()
                .filter(|(spec, _)| float(spec))
                .filter_map(|(spec, data)| Matrix::of(spec, data, rows))
                .find(|matrix| wanted(matrix.width))
        };
        let label = tensors().find(|(spec, _)| {
            matches!(spec.dtype, DataType::I64 | DataType::String)
                && spec.shape.iter().product::<usize>() == rows
        });
        Self { label, value: matrix(|n| n == 1), proba: matrix(|n| (2..=MOST_CLASSES).contains(&n)) }
    }

    fn width(&self) -> usize {
        let of = |matrix: Option<Matrix<'_>>| matrix.map_or(0, |m| m.width);
        of(self.value) + of(self.proba) + usize::from(self.label.is_some())
    }

    /// The labels in order; none without labels.
    fn labels(&self) -> Box<dyn Iterator<Item = String> + 'a> {
        match self.label {
            Some((TensorSpec { dtype: DataType::String, .. }, data)) => Box::new(Strings(data)),
            Some((_, data)) => Box::new(
                data.chunks_exact(8)
                    .map(|bytes| numbered_label(i64::from_le_bytes(bytes.try_into().unwrap_or_default()))),
            ),
            None => Box::new(std::iter::empty()),
        }
    }
}

/// The strings of a tensor.
struct Strings<'a>(&'a [u8]);

impl Iterator for Strings<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.0 = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use altlas_proto::{FailureKind, Tensor, join};
    use altlas_stats::decode_batch;

    use super::*;

    fn origin(database: u32, model_version: &str) -> Origin {
        Origin { database, model_version: model_version.into(), features: true }
    }

    fn answered(outputs: Vec<Tensor>) -> Result<(Reply, Vec<Vec<u8>>), Failure> {
        let (outputs, parts) = outputs.into_iter().map(|t| (t.spec, t.data)).unzip();
        Ok((Reply::Outputs { outputs }, parts))
    }

    fn observe(
        recorder: &Recorder,
        of: &Origin,
        inputs: &[Tensor],
        answer: &Result<(Reply, Vec<Vec<u8>>), Failure>,
    ) {
        let (inputs, payload) = join(inputs);
        let took = Duration::from_micros(50);
        recorder.observe(&Call {
            of,
            model: "a",
            inputs: &inputs,
            payload: &payload,
            answer,
            batch: None,
            took,
        });
    }

    fn report(recorder: &Recorder, database: u32, take: bool) -> Vec<(Key, ModelStats)> {
        decode_batch(&recorder.report(database, take)).unwrap()
    }

    #[test]
    fn calls_rows_values_and_labels_are_those_of_the_tensors() {
        let recorder = Recorder::default();
        let inputs = [
            Tensor::f32("x", &[3, 2], &[1.0, 2.0, 3.0, f32::NAN, 5.0, 6.0]),
            Tensor::strings("s", &[3, 1], &["a", "bc", "d"]),
            Tensor::i64("n", &[3, 1], &[7, 8, 9]),
        ];
        let outputs = answered(vec![
            Tensor::i64("label", &[3], &[1, 0, 1]),
            Tensor::f64("proba", &[3, 2], &[0.5, 0.5, 0.9, 0.1, 0.25, 0.75]),
            Tensor::f32("score", &[3, 1], &[-1.0, 0.0, 4.0]),
        ]);
        observe(&recorder, &origin(1, "m/1"), &inputs, &outputs);
        let [(key, stats)] = report(&recorder, 1, false).try_into().unwrap();
        assert_eq!((key.model_version.as_str(), key.sha256.as_str()), ("m/1", "a"));
        assert_eq!((stats.calls, stats.rows, stats.latency.max(), stats.batches.max()), (1, 3, 50_000, 3));
        let features: Vec<_> = stats.features.iter().map(|f| (f.count, f.missing, f.min, f.max)).collect();
        assert_eq!(features, [(3, 0, 1.0, 5.0), (2, 1, 2.0, 6.0), (3, 0, 7.0, 9.0)]);
        assert_eq!((stats.score.min, stats.score.max, stats.proba[1].max), (-1.0, 4.0, 0.75));
        let labels = stats.labels.named(&["no".into(), "yes".into()]);
        assert_eq!(labels.top(), [("yes", 2), ("no", 1)]);
    }

    #[test]
    fn failures_are_counted_by_kind_and_a_missing_model_is_none() {
        let recorder = Recorder::default();
        observe(&recorder, &origin(1, "m/1"), &[], &Ok((Reply::NeedModel { model: "a".into() }, vec![])));
        assert!(report(&recorder, 1, false).is_empty());
        for kind in [FailureKind::BadInput, FailureKind::Cancelled, FailureKind::BadInput] {
            observe(&recorder, &origin(1, "m/1"), &[], &Err(Failure::new(kind, "no")));
        }
        let [(_, stats)] = report(&recorder, 1, false).try_into().unwrap();
        assert_eq!((stats.calls, stats.rows), (3, 0));
        assert_eq!((stats.errors["bad_input"], stats.errors["cancelled"]), (2, 1));
    }

    #[test]
    fn what_is_taken_is_gone_and_others_are_not_touched() {
        let recorder = Recorder::default();
        let row = [Tensor::f32("x", &[1, 1], &[1.0])];
        let answer = answered(vec![Tensor::f32("y", &[1, 1], &[2.0])]);
        for (database, model) in [(1, "m/1"), (1, "m/2"), (2, "m/1")] {
            observe(&recorder, &origin(database, model), &row, &answer);
        }
        assert_eq!(report(&recorder, 1, true).len(), 2);
        assert_eq!((report(&recorder, 1, true).len(), report(&recorder, 2, false).len()), (0, 1));
        // The second time, places without calls were given back.
        assert_eq!(lock(&recorder.models).len(), 1);
    }

    #[test]
    fn of_a_large_call_evenly_spaced_rows_stand_for_all() {
        let recorder = Recorder::default();
        let rows = 100_000;
        let values: Vec<f64> = (0..2 * rows).map(f64::from).collect();
        let names: Vec<String> = (0..rows).map(|n| format!("l{}", n % 2)).collect();
        let inputs = [Tensor::f64("x", &[rows as usize, 2], &values)];
        let outputs = answered(vec![Tensor::strings("label", &[rows as usize], &names)]);
        observe(&recorder, &origin(1, "m/1"), &inputs, &outputs);
        let [(_, stats)] = report(&recorder, 1, true).try_into().unwrap();
        let first = &stats.features[0];
        assert_eq!((stats.rows, first.count, stats.labels.total()), (100_000, 100_000, 100_000));
        assert!(first.sampled > 5000 && first.sampled * 3 <= VALUES_A_SECOND as u64, "{}", first.sampled);
        assert!((first.quantile(0.5).unwrap() - 100_000.0).abs() < 1500.0);
        // The allowance is used up for now.
        observe(&recorder, &origin(1, "m/1"), &inputs, &outputs);
        let [(_, stats)] = report(&recorder, 1, true).try_into().unwrap();
        assert!(stats.rows == 100_000 && stats.labels.total() <= 100_000);
        assert!(stats.features.first().is_none_or(|f| f.sampled < 2000));
    }

    #[test]
    fn models_are_bounded() {
        let recorder = Recorder::default();
        for n in 0..MOST_MODELS + 10 {
            observe(
                &recorder,
                &origin(1, &format!("m/{n}")),
                &[],
                &Err(Failure::new(FailureKind::Internal, "no")),
            );
        }
        assert_eq!(report(&recorder, 1, false).len(), MOST_MODELS);
    }
}
