//! The same rows through altlas-score and through ONNX Runtime.

#![allow(dead_code)]

pub mod graph;

use std::path::PathBuf;
use std::sync::OnceLock;

use altlas_proto::{DataType, Tensor};
use altlas_runtime::{Runtime, RuntimeOptions, Session, StopHandle};
use altlas_score::{InputType, OutputType, Program, ScoreError, compile};

/// The runtime named by `ALTLAS_ORT_LIB`; without it a test has nothing to compare with and says so.
pub fn runtime() -> Option<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let found = RUNTIME.get_or_init(|| {
        let path = PathBuf::from(std::env::var_os("ALTLAS_ORT_LIB")?);
        Some(Runtime::load(&path, &RuntimeOptions { threads: 1, ..RuntimeOptions::default() }).unwrap())
    });
    if found.is_none() {
        println!("skipped: ALTLAS_ORT_LIB does not name the ONNX Runtime library");
    }
    found.as_ref()
}

/// Numbers without a pattern, the same each time (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// From −1 to 1.
    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// Bytes that start at a multiple of 8, as a mapped file does.
pub struct Aligned(Vec<u64>, usize);

impl Aligned {
    pub fn new(bytes: &[u8]) -> Self {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut::<_, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self(words, bytes.len())
    }

    pub fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.0)[..self.1]
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.0)[..self.1]
    }
}

/// Compiles, and opens what was compiled.
pub fn with_program<T>(onnx: &[u8], then: impl FnOnce(&Program) -> T) -> Result<T, ScoreError> {
    let flat = Aligned::new(&compile(onnx)?);
    let program = Program::open(flat.bytes())?;
    Ok(then(&program))
}

/// Values of an output, all rows of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

/// Rows of numbers and texts, as a program takes them.
pub struct Rows {
    pub numbers: Vec<f64>,
    pub texts: Vec<String>,
    pub count: usize,
}

/// What the program gives, by output.
pub fn ours(program: &Program, rows: &Rows) -> Result<Vec<Column>, ScoreError> {
    let mut scratch = program.scratch();
    let mut columns: Vec<Column> = program
        .outputs()
        .iter()
        .map(|o| if o.kind == OutputType::Text { Column::Texts(vec![]) } else { Column::Numbers(vec![]) })
        .collect();
    for row in 0..rows.count {
        let numbers = &rows.numbers[row * program.width()..][..program.width()];
        let texts: Vec<&str> =
            rows.texts[row * program.texts()..][..program.texts()].iter().map(String::as_str).collect();
        program.score(numbers, &texts, &mut scratch)?;
        for (n, column) in columns.iter_mut().enumerate() {
            match column {
                Column::Numbers(all) => all.extend(scratch.numbers(n)),
                Column::Texts(all) => all.push(program.text(n, &scratch).unwrap().to_owned()),
            }
        }
    }
    Ok(columns)
}

/// The runtime's results for all rows at once, and for each row alone: it sums in different orders, and where terms
/// cancel its results differ.
pub struct Theirs {
    pub together: Vec<Column>,
    alone: Vec<Column>,
}

pub fn theirs(session: &Session, program: &Program, rows: &Rows) -> Theirs {
    let mut alone: Vec<Column> = vec![];
    for row in 0..rows.count {
        let one = Rows {
            numbers: rows.numbers[row * program.width()..][..program.width()].to_vec(),
            texts: rows.texts[row * program.texts()..][..program.texts()].to_vec(),
            count: 1,
        };
        for (n, column) in run(session, program, &one).into_iter().enumerate() {
            match (alone.get_mut(n), column) {
                (Some(Column::Numbers(all)), Column::Numbers(more)) => all.extend(more),
                (Some(Column::Texts(all)), Column::Texts(more)) => all.extend(more),
                (_, column) => alone.push(column),
            }
        }
    }
    Theirs { together: run(session, program, rows), alone }
}

/// Whether the runtime has a result for rows.
pub fn runs(session: &Session, program: &Program, rows: &Rows) -> bool {
    session.run(&tensors(session, program, rows), &[], &StopHandle::new()).is_ok()
}

fn tensors(session: &Session, program: &Program, rows: &Rows) -> Vec<Tensor> {
    let (mut at, mut text_at) = (0, 0);
    let mut tensors = vec![];
    for (input, port) in program.inputs().iter().zip(&session.signature().inputs) {
        assert_eq!(input.name, port.name);
        let shape: Vec<usize> =
            if port.shape.len() == 1 { vec![rows.count] } else { vec![rows.count, input.columns] };
        let numbers: Vec<f64> = (0..rows.count)
            .filter(|_| input.dtype != InputType::String)
            .flat_map(|row| rows.numbers[row * program.width() + at..][..input.columns].to_vec())
            .collect();
        let texts: Vec<String> = (0..rows.count)
            .filter(|_| input.dtype == InputType::String)
            .flat_map(|row| rows.texts[row * program.texts() + text_at..][..input.columns].to_vec())
            .collect();
        let (name, shape) = (&input.name, &shape[..]);
        tensors.push(match input.dtype {
            InputType::F32 => {
                Tensor::f32(name, shape, &numbers.iter().map(|x| *x as f32).collect::<Vec<_>>())
            }
            InputType::F64 => Tensor::f64(name, shape, &numbers),
            InputType::I64 => {
                Tensor::i64(name, shape, &numbers.iter().map(|x| *x as i64).collect::<Vec<_>>())
            }
            InputType::Bool => {
                let bytes = numbers.iter().map(|x| u8::from(*x != 0.0)).collect();
                Tensor::new(name, DataType::Bool, shape, bytes)
            }
            InputType::String => Tensor::strings(name, shape, &texts),
        });
        if input.dtype == InputType::String { text_at += input.columns } else { at += input.columns }
    }
    tensors
}

/// What the runtime gives, by output.
fn run(session: &Session, program: &Program, rows: &Rows) -> Vec<Column> {
    let column = |tensor: &Tensor| match tensor.spec.dtype {
        DataType::String => Column::Texts(tensor.as_strings().unwrap()),
        DataType::Bool => Column::Numbers(tensor.data.iter().map(|b| f64::from(*b)).collect()),
        _ => Column::Numbers(tensor.to_f64().unwrap()),
    };
    session
        .run(&tensors(session, program, rows), &[], &StopHandle::new())
        .unwrap()
        .iter()
        .map(column)
        .collect()
}

/// How far apart two numbers are, in units of 1e-5·max(1,|y|): 0 for the same, infinities and NaN included.
pub fn distance(ours: f64, theirs: f64) -> f64 {
    if ours == theirs || ours.is_nan() && theirs.is_nan() {
        return 0.0;
    }
    let apart = (ours - theirs).abs() / (1e-5 * theirs.abs().max(1.0));
    if apart.is_finite() { apart } else { f64::INFINITY }
}

/// The first row in which an output differs, and how far others are apart. Labels must be equal, but for rows that are `open`.
pub fn compare(
    program: &Program,
    rows: &Rows,
    ours: &[Column],
    theirs: &Theirs,
    open: impl Fn(usize) -> bool,
) -> Result<f64, String> {
    assert_eq!(ours.len(), theirs.together.len());
    let mut furthest = 0.0f64;
    let runs = theirs.together.iter().zip(&theirs.alone);
    for ((ours, (theirs, alone)), output) in ours.iter().zip(runs).zip(program.outputs()) {
        let fault = |n: usize, ours: &str, theirs: &str| {
            let row = n / output.columns;
            let numbers = &rows.numbers[row * program.width()..][..program.width()];
            let texts = &rows.texts[row * program.texts()..][..program.texts()];
            let place = format!("{} [{}]", output.name, n % output.columns);
            Err(format!("{place}: {ours}, not {theirs}, for row {row} {numbers:?} {texts:?}"))
        };
        match (ours, theirs, alone) {
            (Column::Texts(ours), Column::Texts(theirs), _) => {
                assert_eq!(ours.len(), theirs.len(), "{}", output.name);
                for (row, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                    if ours != theirs && !open(row) {
                        return fault(row, ours, theirs);
                    }
                }
            }
            (Column::Numbers(ours), Column::Numbers(theirs), Column::Numbers(alone)) => {
                assert_eq!(ours.len(), theirs.len(), "{}", output.name);
                let label = output.kind == OutputType::I64;
                for (n, (ours, (theirs, alone))) in ours.iter().zip(theirs.iter().zip(alone)).enumerate() {
                    let apart = distance(*ours, *theirs).min(distance(*ours, *alone));
                    let bound = if label { 0.0 } else { 1.0 + distance(*theirs, *alone) };
                    if apart > bound && !(label && open(n / output.columns)) {
                        return fault(n, &ours.to_string(), &theirs.to_string());
                    }
                    furthest = furthest.max(if label { 0.0 } else { apart });
                }
            }
            _ => panic!("{}: of another type", output.name),
        }
    }
    Ok(furthest)
}

/// Compares a graph with the runtime on rows. `None` where it is not compiled, with the reason, or where the runtime
/// refuses the graph.
pub fn check(onnx: &[u8], rows: impl FnOnce(&Program) -> Rows) -> Result<Option<f64>, String> {
    let Some(runtime) = runtime() else { return Ok(None) };
    let Ok(session) = Session::open(runtime, onnx) else { return Ok(None) };
    let compared = with_program(onnx, |program| {
        let rows = rows(program);
        let ours = ours(program, &rows).map_err(|e| e.to_string())?;
        let theirs = theirs(&session, program, &rows);
        compare(program, &rows, &ours, &theirs, |row| open(program, &theirs.together, row))
    });
    match compared {
        Ok(compared) => compared.map(Some),
        Err(ScoreError::Unsupported { what }) => {
            println!("not compiled: {what}");
            Ok(None)
        }
        Err(e) => Err(e.to_string()),
    }
}

/// A label is open where the two highest scores of the row, in any output, are as good as equal, or a single one is on
/// a threshold.
pub fn open(program: &Program, theirs: &[Column], row: usize) -> bool {
    program.outputs().iter().zip(theirs).any(|(output, column)| {
        let Column::Numbers(values) = column else { return false };
        let mut scores = values[row * output.columns..][..output.columns].to_vec();
        scores.sort_by(|a, b| b.total_cmp(a));
        let near = |a: f64, b: f64| !(a - b).is_finite() || (a - b).abs() < 1e-4 * a.abs().max(1.0);
        match scores[..] {
            [lone] => output.kind != OutputType::I64 && (near(lone, 0.0) || near(lone, 0.5)),
            [first, second, ..] => near(first, second),
            [] => false,
        }
    })
}
